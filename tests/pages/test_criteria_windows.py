"""The Criteria page with two windows at one draft, and a database that refuses: nothing typed is lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from criteria_desk import CriteriaVisitor, typed
from sqlalchemy.exc import OperationalError
from visitor import weighed_desk

from db.session import Sessions
from db.tables_criteria import ItemDomain
from scoring.criteria_body import DomainCriteria, Exemplar
from services.criteria.store import CriteriaBody, add_version, find_criteria
from ui.criteria import state

ROOT = Path(__file__).parents[2]


@pytest.fixture
def visitor(empty_desk: Sessions) -> CriteriaVisitor:
    """Somebody at the criteria of the run in hand."""
    weighed_desk(empty_desk)
    return CriteriaVisitor()


def prompts(visitor: CriteriaVisitor) -> list[str]:
    return [area.value for area in visitor.at.text_area if str(area.key).startswith("criteria_prompt_")]


def two_exemplars(empty_desk: Sessions) -> None:
    weighed_desk(empty_desk)
    pairs = (Exemplar("one", "a", "b"), Exemplar("two", "c", "d"))
    add_version(empty_desk, "mine", title="", body=CriteriaBody(DomainCriteria("x", pairs)))


def test_typing_reaches_the_exemplar_on_the_screen_though_another_window_removed_the_one_above(
    empty_desk: Sessions,
) -> None:
    two_exemplars(empty_desk)
    here = CriteriaVisitor(set="mine")
    there = CriteriaVisitor(set="mine")
    there.press("criteria_exemplar_add").type("criteria_prompt_2", "three").press("criteria_remove_0")
    here.type("criteria_bad_1", "worse")
    kept = typed(empty_desk, "mine")
    assert kept is not None
    assert [(one.prompt, one.bad) for one in kept.exemplars(None)] == [("two", "worse"), ("three", "")]
    stale = CriteriaVisitor(set="mine")
    there.run()
    there.press("criteria_remove_0")
    stale.press("criteria_remove_0")
    assert "is gone or was changed in another window" in stale.html
    kept = typed(empty_desk, "mine")
    assert kept is not None
    assert [one.prompt for one in kept.exemplars(None)] == ["three"]


def test_a_field_that_another_window_changed_is_said_and_comes_back_with_undo(empty_desk: Sessions) -> None:
    two_exemplars(empty_desk)
    here, there = CriteriaVisitor(set="mine"), CriteriaVisitor(set="mine")
    there.type("criteria_instruction", "A long text from the other window.")
    here.type("criteria_instruction", "Short.")
    assert "had been changed in another window" in here.html
    here.press("criteria_take_back")
    assert here.value("criteria_instruction") == "A long text from the other window."


def test_what_the_database_did_not_take_stays_on_the_screen(
    visitor: CriteriaVisitor, empty_desk: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(state, "change_draft", fail)
        visitor.type("criteria_instruction", "A text of many words.")
    assert "Not saved" in visitor.html
    assert visitor.run().at.get_by_key("criteria_instruction").value == "A text of many words."
    visitor.type("criteria_instruction", "A text of many words!")
    kept = typed(empty_desk)
    assert kept is not None
    assert kept.instruction(None) == "A text of many words!"
    assert "Not saved" not in visitor.html


def fail(*_args: object, **_more: object) -> None:
    raise OperationalError("UPDATE criteria_draft", {}, Exception("database is locked"))


@pytest.mark.slow
def test_rendered_shows_the_text_of_the_domain_that_the_run_took(empty_desk: Sessions) -> None:
    desk = weighed_desk(empty_desk)
    with empty_desk.begin() as session:
        session.add(ItemDomain(run_id=desk.run_id, item_id=desk.item_ids[0], domain="chat", source="router"))
    visitor = CriteriaVisitor().show("Rendered")
    assert "With the criteria of chat" in visitor.words, "the file says reasoning"
    assert find_criteria(empty_desk, "demo").body.instruction_for("chat") in visitor.html
    visitor.choose("criteria_as_domain", "reasoning")
    assert "With the criteria of reasoning" in visitor.words
    assert visitor.has_no_trouble()


def test_undo_and_discard_leave_what_another_window_has_typed_since(empty_desk: Sessions) -> None:
    two_exemplars(empty_desk)
    here = CriteriaVisitor(set="mine").press("criteria_remove_0")
    there = CriteriaVisitor(set="mine").type("criteria_instruction", "Typed in the other window.")
    here.press("criteria_take_back")
    assert "nothing was taken back" in here.html.lower()
    there.type("criteria_instruction", "Typed once more.")
    here.press("criteria_discard")
    assert "not discarded" in here.html.lower()
    kept = typed(empty_desk, "mine")
    assert kept is not None
    assert kept.instruction(None) == "Typed once more."
    here.press("criteria_discard")
    assert typed(empty_desk, "mine") is None
