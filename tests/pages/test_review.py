"""The review screen: verdicts, reasons, undo, going back, links, empty states, text that must never be interpreted."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from desk_data import Desk
from desk_people import Reviewer
from sqlalchemy import text

from db.tables import Decision

Decisions = Callable[[], list[Decision]]
HOSTILE = "<script>alert(1)</script></div>**bold** :material/home: :red[x] $\\frac{1}{2}$ <img src=x onerror=alert(1)>"


def test_accept_is_kept_and_the_next_item_shows(desk: Desk, reviewer: Reviewer, decisions: Decisions) -> None:
    reviewer.accept()
    (kept,) = decisions()
    assert (kept.item_id, kept.verdict, kept.chosen_candidate_id) == (
        desk.item_ids[0],
        "accept",
        desk.candidate_ids[0][1],
    )
    assert kept.display_order[0] == desk.candidate_ids[0][1], "ranked list: the suggested one was shown first"
    assert reviewer.item_id == desk.item_ids[1]
    assert "1 accepted" in reviewer.html()
    assert "Saved" in reviewer.html()


@pytest.mark.parametrize(("verb", "count"), [("tie", "1 tie"), ("skip", "1 skipped"), ("flag", "1 flagged")])
def test_tie_skip_and_flag_are_kept_and_move_on(
    desk: Desk, reviewer: Reviewer, decisions: Decisions, verb: str, count: str
) -> None:
    reviewer.press(verb)
    (kept,) = decisions()
    assert (kept.item_id, kept.verdict, kept.chosen_candidate_id) == (desk.item_ids[0], verb, None)
    assert reviewer.item_id == desk.item_ids[1]
    assert count in reviewer.html()


def test_the_number_of_the_suggested_response_is_an_accept(
    desk: Desk, reviewer: Reviewer, decisions: Decisions
) -> None:
    reviewer.choose(2)
    assert [kept.verdict for kept in decisions()] == ["accept"]
    assert reviewer.item_id == desk.item_ids[1]


def test_an_override_is_saved_at_once_and_waits_for_reasons(
    desk: Desk, reviewer: Reviewer, decisions: Decisions
) -> None:
    reviewer.choose(1)
    (kept,) = decisions()
    assert (kept.verdict, kept.chosen_candidate_id) == ("override", desk.candidate_ids[0][0])
    assert reviewer.item_id == desk.item_ids[0]
    assert reviewer.button("save").proto.shortcut.lower() == "enter"
    assert not reviewer.button("accept").proto.shortcut, "Enter has one meaning at a time"


def test_reasons_supersede_the_override_and_move_on(desk: Desk, reviewer: Reviewer, decisions: Decisions) -> None:
    reviewer.choose(1)
    reviewer.tag("wrong fact")
    reviewer.tag("too long")
    reviewer.save_reasons("the sum is off")
    first, second = decisions()
    assert second.supersedes_id == first.decision_id
    assert (second.verdict, second.reason_tags, second.note) == (
        "override",
        ["wrong fact", "too long"],
        "the sum is off",
    )
    assert reviewer.item_id == desk.item_ids[1]


def test_an_override_without_reasons_adds_no_second_row(desk: Desk, reviewer: Reviewer, decisions: Decisions) -> None:
    reviewer.choose(1)
    reviewer.save_reasons()
    assert len(decisions()) == 1
    assert reviewer.item_id == desk.item_ids[1]


def test_choosing_the_same_response_again_keeps_one_decision(reviewer: Reviewer, decisions: Decisions) -> None:
    reviewer.choose(1)
    reviewer.choose(1)
    assert len(decisions()) == 1


def test_a_second_press_meant_for_the_item_before_decides_nothing(
    desk: Desk, reviewer: Reviewer, decisions: Decisions
) -> None:
    stale = reviewer.button("accept")
    reviewer.accept()
    stale.click().run()
    assert [kept.item_id for kept in decisions()] == [desk.item_ids[0]]
    assert reviewer.item_id == desk.item_ids[1]


def test_undo_brings_the_item_back_undecided(desk: Desk, reviewer: Reviewer, decisions: Decisions) -> None:
    reviewer.accept()
    reviewer.undo()
    assert reviewer.item_id == desk.item_ids[0]
    assert [kept.verdict for kept in decisions()] == ["accept", "undo"]
    assert "Took back: accept" in reviewer.html()
    assert "0 of 4 decided" in reviewer.html()
    reviewer.accept()
    assert [kept.verdict for kept in decisions()] == ["accept", "undo", "accept"]


def test_undo_with_nothing_decided_says_so(reviewer: Reviewer, decisions: Decisions) -> None:
    reviewer.undo()
    assert "Nothing left to take back" in reviewer.html()
    assert decisions() == []


def test_going_back_shows_what_was_decided_and_lets_it_be_revised(
    desk: Desk, reviewer: Reviewer, decisions: Decisions
) -> None:
    reviewer.choose(1)
    reviewer.tag("style")
    reviewer.save_reasons("stiff")
    reviewer.press("prev")
    assert reviewer.item_id == desk.item_ids[0]
    assert "your choice" in reviewer.html()
    assert reviewer.note.value == "stiff"
    assert reviewer.button("tag_on").label == "style"
    reviewer.choose(2)
    assert decisions()[-1].verdict == "accept"
    reviewer.press("prev")
    assert "Accepted B" in reviewer.html()


def test_keeping_a_decision_that_stands_writes_nothing(desk: Desk, reviewer: Reviewer, decisions: Decisions) -> None:
    reviewer.tie()
    reviewer.press("prev")
    assert reviewer.button("accept").label == "Keep, next"
    reviewer.accept()
    assert len(decisions()) == 1
    assert reviewer.item_id == desk.item_ids[1]


def test_a_new_session_finds_everything_as_it_was(desk: Desk, reviewer: Reviewer) -> None:
    reviewer.accept()
    again = Reviewer()
    again.open(dataset="tea shop")
    assert again.item_id == desk.item_ids[1]
    assert "1 of 4 decided" in again.html()


def test_a_refresh_between_override_and_reasons_loses_nothing(desk: Desk, reviewer: Reviewer) -> None:
    reviewer.choose(1)
    again = Reviewer()
    again.open(**{name: reviewer.query(name) for name in ("dataset", "item")})
    assert again.item_id == desk.item_ids[0]
    assert again.has_button("save")


def test_a_decision_that_cannot_be_saved_says_so_and_the_item_stays(
    desk: Desk, reviewer: Reviewer, decisions: Decisions
) -> None:
    refuse = "CREATE TRIGGER full BEFORE INSERT ON decision BEGIN SELECT RAISE(ABORT, 'disk is full'); END"
    with desk.sessions.begin() as session:
        session.execute(text(refuse))
    reviewer.accept()
    assert "Not saved: the database did not answer: disk is full" in reviewer.html()
    assert reviewer.item_id == desk.item_ids[0]
    assert decisions() == []
    with desk.sessions.begin() as session:
        session.execute(text("DROP TRIGGER full"))
    reviewer.accept()
    assert reviewer.item_id == desk.item_ids[1]


def test_two_people_decide_apart(desk: Desk, reviewer: Reviewer) -> None:
    reviewer.accept()
    other = Reviewer()
    other.open(dataset="tea shop", as_="Zoë")
    assert other.item_id == desk.item_ids[0]
    assert "0 of 4 decided" in other.html()


def test_an_item_that_was_not_weighed_says_why_and_can_be_decided(
    desk: Desk, reviewer: Reviewer, decisions: Decisions
) -> None:
    reviewer.open(dataset="tea shop", item=desk.item_ids[2])
    assert "not weighed: too long" in reviewer.html()
    assert "the limit is 2048" in reviewer.html()
    assert reviewer.button("accept").disabled
    reviewer.choose(1)
    assert (decisions()[0].verdict, decisions()[0].suggested_candidate_id) == ("override", None)


def test_after_the_last_item_the_counts_and_the_way_on_show(desk: Desk, reviewer: Reviewer) -> None:
    reviewer.accept()
    reviewer.tie()
    reviewer.skip()
    reviewer.flag()
    assert "All 4 decided" in reviewer.html()
    assert "1 accepted, 0 overridden, 1 tie, 1 skipped, 1 flagged" in reviewer.html()
    reviewer.press("skipped")
    assert reviewer.item_id == desk.item_ids[2]
    reviewer.skip()
    assert "All 4 decided" in reviewer.html()
    reviewer.undo()
    assert reviewer.item_id == desk.item_ids[2]
    reviewer.skip()
    reviewer.press("first")
    assert reviewer.item_id == desk.item_ids[0]
