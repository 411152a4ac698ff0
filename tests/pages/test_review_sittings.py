"""Review over a sitting: the side list, arrows, leases, the end of a plan; queues, Markdown and the keys."""

from __future__ import annotations

import re
from datetime import timedelta

from desk_data import Desk, write_desk
from desk_people import Reviewer
from plan_desk import Decisions, at_plan, looks, make_plan
from sqlalchemy import update

from db.session import Sessions
from db.tables import utc_now
from db.tables_audit import Look
from services.looks import serve


def test_a_tag_picked_on_an_accept_is_kept_with_it(desk: Desk, reviewer: Reviewer, decisions: Decisions) -> None:
    reviewer.accept()
    reviewer.press("prev")
    reviewer.tag("style")
    reviewer.accept()
    first, second = decisions()
    assert (first.reason_tags, second.reason_tags) == ([], ["style"])
    assert (second.verdict, second.supersedes_id) == ("accept", first.decision_id)
    assert reviewer.item_id == desk.item_ids[1]


def test_the_side_list_leads_back_to_a_decision(desk: Desk, reviewer: Reviewer) -> None:
    reviewer.accept()
    reviewer.tie()
    labels = [button.label for button in reviewer.at.button if str(button.key).startswith("review_recent")]
    assert labels == ["2 · tie", "1 · B"]
    reviewer.settled(next(one for one in reviewer.at.button if one.label == "1 · B").click().run())
    assert reviewer.item_id == desk.item_ids[0]
    assert "Accepted B" in reviewer.html()


def test_arrows_under_a_plan_go_back_through_ones_own_decisions(sums: Desk) -> None:
    person = at_plan(sums, make_plan(sums))
    first = person.item_id
    person.accept()
    second = person.item_id
    person.accept()
    third = person.item_id
    person.press("prev")
    assert person.item_id == second
    person.press("prev")
    assert person.item_id == first
    assert person.button("prev").disabled
    person.press("next")
    person.press("next")
    assert person.item_id == third
    assert [one.drawn_by for one in looks(sums)] == ["file"] * len(looks(sums)), "no look was taken by walking"


def test_two_people_under_one_plan_never_hold_one_item(sums: Desk) -> None:
    plan_id = make_plan(sums, overlap=1)
    ada, zoe = at_plan(sums, plan_id, as_="Ada"), at_plan(sums, plan_id, as_="Zoe")
    assert ada.item_id != zoe.item_id
    taken = ada.item_id
    zoe.open(dataset="tea shop", plan=plan_id, item=taken, as_="Zoe")
    assert "not yours to decide now" in zoe.words()
    zoe.press("refused_next")
    assert zoe.item_id != taken


def test_an_item_whose_time_is_over_cannot_be_decided_when_somebody_else_has_it(
    sums: Desk, decisions: Decisions
) -> None:
    plan_id = make_plan(sums, overlap=1, n=1)
    ada = at_plan(sums, plan_id, as_="Ada")
    with sums.sessions.begin() as session:
        session.execute(update(Look).values(leased_until=utc_now() - timedelta(seconds=1)))
    zoe = serve.next_look(sums.sessions, plan_id=plan_id, annotator="Zoe")
    assert zoe is not None
    assert zoe.item_id == ada.item_id
    ada.accept()
    assert decisions() == []
    assert "Not saved" in ada.html() or "not yours" in ada.words()


def test_the_end_of_a_plan_says_how_far_one_came(sums: Desk) -> None:
    person = at_plan(sums, make_plan(sums, n=2))
    person.accept()
    person.accept()
    assert "Nothing left for you in this plan" in person.words()
    assert "You looked at 2 of its 2 items." in person.words()
    person.press("plan_leave")
    assert person.query("plan") is None
    assert person.has_button("skip")


def test_an_unknown_plan_is_one_line_with_a_way_out(desk: Desk) -> None:
    person = at_plan(desk, 77)
    assert "has no plan" in person.html()
    person.press("way_out")
    assert person.item_id == desk.item_ids[0]


def test_another_run_leaves_the_plan(sums: Desk) -> None:
    person = at_plan(sums, make_plan(sums))
    assert person.query("run") == str(sums.run_id), "a plan is of one run"
    other = Reviewer()
    other.open(dataset="tea shop", run=sums.run_id)
    assert other.query("plan") is None


def test_queues_hold_what_was_skipped_and_flagged(desk: Desk, reviewer: Reviewer) -> None:
    reviewer.skip()
    reviewer.flag()
    one = Reviewer()
    one.open(dataset="tea shop", queue="flagged")
    assert one.item_id == desk.item_ids[1]
    assert "Flagged" in one.html()
    one.accept()
    assert "Nothing here: flagged" in one.words()
    other = Reviewer()
    other.open(dataset="tea shop", queue="skipped")
    assert other.item_id == desk.item_ids[0]
    other.accept()
    assert "Nothing here: skipped" in other.words()
    other.press("queue_all")
    assert other.query("queue") is None


def test_markdown_is_read_only_when_asked_for_and_fetches_nothing(empty_desk: Sessions) -> None:
    from desk_data import Draft

    text = "# Tea\n\n- one\n- two\n\n![x](http://evil.example/x.png) [here](javascript:alert(1)) <img src=x>"
    write_desk(empty_desk, [Draft("*Which*?", (text, "plain"))])
    person = Reviewer()
    person.open()
    assert "# Tea" in person.html()
    person.settled(person.at.toggle(key="review_markdown").set_value(True).run())
    assert "<li>one</li>" in person.html()
    assert "<em>Which</em>" in person.html()
    assert "<img" not in person.html()
    assert "href=" not in person.html()
    assert "![x](http://evil.example/x.png)" in person.html(), "as it was written"


def test_the_help_panel_has_every_key_that_a_button_has(desk: Desk, reviewer: Reviewer) -> None:
    reviewer.choose(1)
    shown = {button.proto.shortcut.upper() for button in reviewer.at.button if button.proto.shortcut}
    told = {key for keys in re.findall("<kbd>(.*?)</kbd>", reviewer.html()) for key in keys.split()}
    names = {"LEFT": "←", "RIGHT": "→", "ENTER": "Enter"} | {str(digit): "–" for digit in range(1, 10)}
    assert {names.get(key, key) for key in shown} <= told


def test_when_the_time_is_over_one_line_says_so_and_the_item_can_be_had_again(sums: Desk) -> None:
    plan_id = make_plan(sums, overlap=1)
    person = at_plan(sums, plan_id)
    first = person.item_id
    person.at.session_state["review_lease_over"] = (plan_id, first)  # what the clock does when it has run out
    person.settled(person.at.run())
    assert "Your 30 minutes are over, so this item is free for others. Nothing was decided." in person.words()
    person.press("over_again")
    assert person.item_id == first
    assert person.has_button("skip")


def test_an_item_that_comes_again_after_the_time_was_over_has_its_full_time(sums: Desk) -> None:
    plan_id = make_plan(sums, overlap=1, n=1)
    person = at_plan(sums, plan_id)
    first = person.item_id
    person.at.session_state["review_lease_over"] = (plan_id, first)
    person.settled(person.at.run())
    person.press("over_next")
    assert person.item_id == first
    person.press("tokens")
    assert "Time is up" not in person.words()
    assert person.has_button("skip")


def test_at_work_on_an_item_its_lease_is_renewed(sums: Desk) -> None:
    person = at_plan(sums, make_plan(sums, lease_minutes=30))
    with sums.sessions.begin() as session:
        session.execute(update(Look).values(leased_until=utc_now() + timedelta(minutes=2)))
    person.press("tokens")
    shown = next(one for one in looks(sums) if one.item_id == person.item_id)
    assert shown.leased_until is not None
    assert shown.leased_until > utc_now() + timedelta(minutes=25)


def test_at_the_end_of_a_plan_the_latest_decisions_are_still_one_click_away(sums: Desk) -> None:
    person = at_plan(sums, make_plan(sums, n=1))
    decided = person.item_id
    person.accept()
    assert person.query("item") is None
    latest = [button for button in person.at.button if str(button.key).startswith("review_recent")]
    assert len(latest) == 1
    person.settled(latest[0].click().run())
    assert person.item_id == decided
