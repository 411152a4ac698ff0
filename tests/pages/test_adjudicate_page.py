"""Adjudicate: what people left open, side by side without names, settled by one press, taken back, and who may."""

from __future__ import annotations

import re
import uuid

import pytest
from desk_data import Desk, Draft
from visitor import HOSTILE, Visitor, weighed_desk

from db.session import Sessions
from services import annotators
from services.adjudication import open_case
from services.annotators import ADMIN
from services.decisions import decide
from services.labels import labels_of

THREE = Draft("Which tea first?", ("Sencha.", "Assam.", "Water."), best=0)
TWO = Draft(HOSTILE, (HOSTILE, "Two minutes."), best=1)
PAGE = "pages/adjudicate.py"


def say(desk: Desk, name: str, item: int, place: int | None, **more: object) -> None:
    """A person chooses a place (0 is the first), or flags."""
    request = {"verdict_request": "flag"} if place is None else {
        "verdict_request": "best", "chosen_candidate_id": desk.candidate_ids[item][place],
    }  # fmt: skip
    decide(
        desk.sessions, item_id=desk.item_ids[item], run_id=desk.run_id, annotator=name,
        submission=uuid.uuid4().hex, **(request | more),
    )  # fmt: skip


@pytest.fixture
def split(empty_desk: Sessions) -> Desk:
    """Three items: Bob and Cem differ on the first, agree on the second, and Bob flags the third."""
    desk = weighed_desk(empty_desk, [THREE, THREE, TWO])
    say(desk, "Bob", 0, 0, reason_tags=["style"], note=HOSTILE)
    say(desk, "Cem", 0, 1)
    say(desk, "Bob", 1, 0)
    say(desk, "Cem", 1, 0)
    say(desk, "Bob", 2, None)
    say(desk, "Cem", 2, 1)
    return desk


def visit(**query: object) -> Visitor:
    return Visitor(PAGE, dataset="tea shop", **{"as": "Ada"}, **query)


def press(visitor: Visitor, thing: str) -> Visitor:
    """The button whose key begins with this."""
    (key,) = [key for key in visitor.keys if key.startswith(f"adjudicate_{thing}_")]
    return visitor.press(key)


def shows_no_trap(visitor: Visitor) -> bool:
    """Nothing hostile is left unescaped; a label may hold a prompt, each of its marks behind a backslash."""
    labels = " ".join(button.label for button in visitor.at.button)
    marked = " ".join(block.value for block in (*visitor.at.markdown, *visitor.at.caption))
    traps = r"(?<!\\)(<img|\$a|\[l|\]\(javascript)|:red\[|:smile:|www\.evil"
    return "<img" not in visitor.html and not re.search(traps, f"{labels} {marked}")


def settled(desk: Desk, item: int) -> tuple[str, int | None]:
    with desk.sessions() as session:
        label = labels_of(session, desk.dataset_id)[desk.item_ids[item]]
    return label.state, label.chosen_candidate_id


def test_the_first_case_shows_what_people_said_without_their_names(split: Desk) -> None:
    visitor = visit()
    assert visitor.has_no_trouble()
    assert "2 open cases" in visitor.words
    assert "Person 1" in visitor.words
    assert "A is best" in visitor.words
    assert "B is best" in visitor.words
    assert "Bob" not in visitor.words
    assert "Cem" not in visitor.words
    assert shows_no_trap(visitor)
    assert "suggested" not in visitor.words, "the suggestion would lead"


def test_settling_gives_the_label_shows_the_names_and_leads_to_the_next_case(split: Desk) -> None:
    visitor = press(visit(), "best_2")
    assert settled(split, 0) == ("settled", split.candidate_ids[0][1])
    assert "Settled by Ada" in visitor.words
    assert "Bob" in visitor.words
    assert "Cem" in visitor.words
    press(visitor, "next")
    assert visitor.at.query_params["item"] == str(split.item_ids[2])
    assert "1 open case" in visitor.words
    assert shows_no_trap(visitor)


def test_a_settlement_is_taken_back_and_the_names_are_hidden_again(split: Desk) -> None:
    visitor = press(visit(), "tie")
    assert settled(split, 0) == ("settled", None)
    press(visitor, "undo")
    assert settled(split, 0)[0] == "split"
    assert "Bob" not in visitor.words
    assert "2 open cases" in visitor.words


def test_a_case_is_settled_as_one_person_said_with_a_note(split: Desk) -> None:
    visitor = visit()
    (note,) = [key for key in visitor.keys if key.startswith("adjudicate_note_") and "panel" not in key]
    visitor.type(note, "as the guidelines say")
    case = open_case(split.sessions, item_id=split.item_ids[0], by="Ada")
    first = case.decisions[0]
    press(visitor, "take_person_1")
    assert settled(split, 0) == ("settled", first.chosen_candidate_id)
    assert "as the guidelines say" in visitor.words


def test_an_item_that_people_agree_on_has_nothing_to_settle(split: Desk) -> None:
    visitor = visit(item=split.item_ids[1])
    assert "Nobody has to settle this item" in visitor.words
    assert not [key for key in visitor.keys if key.startswith("adjudicate_best_")]


def test_settled_cases_are_listed_when_asked_for(split: Desk) -> None:
    visitor = press(visit(), "best_1")
    press(visitor, "next")
    visitor.choose("adjudicate_settled", True)
    assert "settled" in " ".join(button.label for button in visitor.at.button)


def test_once_there_is_an_admin_only_adjudicators_settle(split: Desk) -> None:
    annotators.ensure_annotator(split.sessions, "Ada")
    annotators.set_role(split.sessions, name="Bob", role=ADMIN, by="Bob")
    visitor = visit()
    assert "For adjudicators" in visitor.words
    assert "A is best" not in visitor.words
    annotators.set_role(split.sessions, name="Ada", role="adjudicator", by="Bob")
    assert "A is best" in visit().words


def test_unknown_items_and_items_of_another_dataset_are_said(split: Desk) -> None:
    assert "No item 999" in visit(item=999).html
    assert "is no number of an item" in visit(item="x").html
    other = weighed_desk(split.sessions, [THREE], name="coffee")
    elsewhere = visit(item=other.item_ids[0])
    assert "coffee" in elsewhere.html
    assert "2 open cases" in elsewhere.words


def test_without_cases_or_datasets_the_page_says_how_to_get_some(empty_desk: Sessions) -> None:
    assert "Import a dataset" in Visitor(PAGE).words
    weighed_desk(empty_desk, [THREE])
    assert "Nothing to settle" in visit().words
    assert "No such dataset" in Visitor(PAGE, dataset="nowhere").words
