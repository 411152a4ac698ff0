"""Finding items on the Review screen: search, filters with counts, the list, links; and the compare view."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from desk_data import Desk, Draft, write_desk
from desk_people import PAIR, SUMS, Reviewer
from sqlalchemy import select

from db.queries_search import add_responses, index_items, message_texts
from db.session import Sessions
from db.tables import Decision, Item
from services.looks.plans import make_plan

HOSTILE = "**b** :red[x] <img src=x onerror=alert(1)> tea"
DRAFTS = [
    PAIR,
    SUMS,
    Draft(HOSTILE, ("Yes, " + "of course. " * 3, "No."), best=1, domain=HOSTILE, subset="odd", sources=("m<b>", "n")),
    Draft("Which gyokuro is the best?", ("The first one.", "The second one."), best=0, domain="chat"),
]


@pytest.fixture
def find_desk(empty_desk: Sessions) -> Desk:
    """Four weighed items whose words are indexed."""
    desk = write_desk(empty_desk, DRAFTS)
    with empty_desk.begin() as session:
        texts = {item.item_id: message_texts(item.messages) for item in session.scalars(select(Item))}
        add_responses(session, texts)
        index_items(session, texts)
    return desk


def at(**query: Any) -> Reviewer:
    person = Reviewer()
    person.open(dataset="tea shop", **query)
    return person


def with_panel(person: Reviewer) -> Reviewer:
    """Opens the panel of search and filters."""
    person.at.session_state["review_filter"] = True
    person.settled(person.at.run())
    return person


def values_of(person: Reviewer, field: str) -> list[str]:
    """What can be chosen there, with the counts."""
    return list(person.at.button_group(key=f"review_filter_{field}").options)


def choose(person: Reviewer, field: str, *values: Any) -> None:
    person.at.button_group(key=f"review_filter_{field}").set_value(list(values))
    person.settled(person.at.run())


def test_a_search_keeps_the_queue_to_what_it_finds_and_stays_in_the_address(find_desk: Desk) -> None:
    person = with_panel(at(item=find_desk.item_ids[1]))
    person.at.text_input(key="review_find").set_value("gyokuro")
    person.settled(person.at.run())
    assert person.query("find") == "gyokuro"
    assert person.item_id == find_desk.item_ids[0]
    assert "2 items" in person.html()
    person.accept()
    assert person.item_id == find_desk.item_ids[3]
    person.press("filter_off")
    assert person.query("find") is None


def test_counts_stand_beside_the_values_and_follow_the_other_filters(find_desk: Desk) -> None:
    person = with_panel(at())
    assert "chat (2)" in values_of(person, "domains")
    choose(person, "domains", "chat")
    assert person.query("domain") == "chat"
    assert "odd (0)" not in " ".join(values_of(person, "subsets")), "a value that would leave nothing is not offered"
    assert "brewing (1)" in values_of(person, "subsets")
    choose(person, "subsets", "brewing")
    assert (person.query("domain"), person.query("subset")) == ("chat", "brewing")
    assert person.item_id == find_desk.item_ids[0]


def test_a_link_restores_the_whole_filter(find_desk: Desk) -> None:
    person = at(find="gyokuro", domain="chat", margin="0..", verdict="undecided")
    assert person.item_id == find_desk.item_ids[0]
    assert "says “gyokuro” · undecided · margin 0 and more · domain chat" in person.html()


def test_a_decision_counts_at_once(find_desk: Desk, decisions: Callable[[], list[Decision]]) -> None:
    person = at()
    person.accept()
    assert len(decisions()) == 1
    assert "accepted (1)" in values_of(with_panel(person), "verdicts")
    choose(person, "verdicts", "accept")
    assert "1 item<" in person.html()
    assert person.item_id == find_desk.item_ids[0], "what is decided can be looked at"


def test_when_all_that_passes_is_decided_it_can_still_be_looked_at(find_desk: Desk) -> None:
    person = at(find="gyokuro")
    person.accept()
    person.accept()
    assert "All of these are decided" in person.words()
    person.press("filter_first")
    assert person.item_id == find_desk.item_ids[0]


def test_a_search_without_a_hit_says_so_and_leads_back(find_desk: Desk) -> None:
    person = at(find="nowhere to be found")
    assert "Nothing passes this filter" in person.words()
    person.press("filter_all")
    assert person.item_id == find_desk.item_ids[0]


def test_the_list_shows_what_passes_and_a_click_opens_the_item(find_desk: Desk) -> None:
    person = at(find="gyokuro", item=find_desk.item_ids[0])
    person.press("list_here")
    table = person.at.dataframe[0].value
    assert list(table["item"]) == [1, 4]
    assert list(table["passage"]) == ["How long does gyokuro brew?", "Which gyokuro is the best?"]
    assert list(table["label"]) == ["undecided", "undecided"]
    person.press("list_off")
    assert not person.at.dataframe


def test_hostile_names_are_shown_as_text(find_desk: Desk) -> None:
    person = with_panel(at(find="tea", domain=HOSTILE.replace(",", "\\,")))
    assert person.item_id == find_desk.item_ids[2]
    assert "<img" not in person.html().replace("&lt;img", "")
    assert all("**b**" not in option and ":red[" not in option for option in values_of(person, "domains"))


def test_under_a_plan_with_blind_looks_nothing_that_leads_is_offered(find_desk: Desk) -> None:
    plan = make_plan(
        find_desk.sessions, dataset_id=find_desk.dataset_id, run_id=find_desk.run_id or 0, made_by="me", order="random",
        n=4, blind_share=1.0, seed="s",
    )  # fmt: skip
    person = with_panel(at(plan=plan.plan_id))
    keys = {str(group.key) for group in person.at.button_group}
    assert "review_filter_domains" in keys
    assert not keys & {"review_filter_margin", "review_filter_badges", "review_filter_sources"}
    person.press("list_toggle")
    assert "margin" not in person.at.dataframe[0].proto.column_order
    person.press("compare")
    assert "t-compare" in person.html()
    assert "What put" not in person.html()
    assert "suggested" not in person.html()


def test_compare_shows_the_difference_and_what_put_the_suggestion_ahead(find_desk: Desk) -> None:
    person = at(item=find_desk.item_ids[1])
    person.press("compare")
    html = person.html()
    assert 'class="t-del"' in html
    assert 'class="t-ins"' in html
    assert "What put B ahead of" in html
    assert "t-card" not in html, "the two stand in place of the responses"
    person.press("compare_on")
    assert "t-compare" not in person.html()


def test_after_an_override_the_words_of_the_wrong_winner_come_first(find_desk: Desk) -> None:
    person = at(item=find_desk.item_ids[1])
    person.choose(1)
    person.press("compare")
    html = person.html()
    assert "What made the run prefer B to your choice A" in html
    assert html.index("t-moved") < html.index("t-compare")


def test_any_two_of_several_responses_can_be_compared(find_desk: Desk) -> None:
    person = at(item=find_desk.item_ids[1])
    person.press("compare")
    sides = [group for group in person.at.button_group if "compare" in str(group.key)]
    assert len(sides) == 2
    for side, letter in zip(sides, "DA", strict=True):
        side.set_value(letter)
    person.settled(person.at.run())
    assert "Ask someone else" in person.html()
    assert "21.50" in person.html()
    assert "22.50" not in person.html()
