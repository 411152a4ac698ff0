"""Criteria as they are typed: what is whole can be weighed, what is not is kept, and nothing typed is lost."""

from __future__ import annotations

from dataclasses import replace

import pytest
from service_builders import item_ids, make_dataset, plain_items
from sqlalchemy import event, select
from sqlalchemy.exc import OperationalError

from db.session import Sessions
from db.tables_criteria import ExemplarOrigin
from scoring.criteria_body import CriteriaBody, DomainCriteria, Exemplar
from services.criteria.drafts import adopt_draft, find_draft, save_draft
from services.criteria.editing import (
    DOMAIN_LIMIT,
    Editing,
    ExemplarText,
    change_draft,
    edited,
    keep_editing,
    place_now,
    read_editing,
)
from services.criteria.exemplar_origins import remember_origin
from services.errors import NotFound, Refused

ONE, TWO = Exemplar("P1", "G1", "B1", "W1"), Exemplar("P2", "G2", "B2")
BODY = CriteriaBody(DomainCriteria("Be kind.", (ONE, TWO)), {"safety": "Be careful."})
HALF = ExemplarText("How hot?", "Hot.", "", "said so")


def texts(editing: Editing, domain: str | None = None) -> list[str]:
    return [text.prompt for text in editing.exemplars(domain)]


def test_an_unfinished_exemplar_keeps_its_place_and_stays_out_of_the_body() -> None:
    whole = Editing(BODY)
    first, second = whole.exemplars(None)
    editing = whole.with_exemplars(None, [first, HALF, second])
    assert texts(editing) == ["P1", "How hot?", "P2"]
    assert editing.body == BODY, "what can be weighed is as it was"
    assert editing.problems == (
        "default, exemplar 2: an exemplar has no bad text; it needs a prompt, a good and a bad response",
    )


def test_an_exemplar_that_becomes_whole_joins_the_body_where_it_stands() -> None:
    first, second = Editing(BODY).exemplars(None)
    done = ExemplarText("How hot?", "Hot.", "Cold.", "")
    editing = Editing(BODY).with_exemplars(None, [first, done, second])
    assert [one.prompt for one in editing.body.default.exemplars] == ["P1", "How hot?", "P2"]
    assert editing.problems == ()


def test_good_and_bad_of_one_text_are_unfinished_too() -> None:
    editing = Editing(CriteriaBody("")).with_exemplars(None, [ExemplarText("P", "same", " same ", "")])
    assert "must differ" in editing.problems[0]
    assert editing.body.n_exemplars == 0


def test_a_new_domain_begins_with_the_defaults_text_and_goes_with_its_exemplars() -> None:
    editing = Editing(BODY).with_domain(" chat ")
    assert editing.domains == ("chat", "safety")
    assert editing.body.entry_for("chat") == BODY.default
    half = editing.with_exemplars("chat", [*editing.exemplars("chat"), HALF])
    assert half.without_domain("chat") == Editing(BODY)


@pytest.mark.parametrize(
    ("name", "says"), [("safety", "is there already"), ("  ", "0 characters"), ("x" * (DOMAIN_LIMIT + 1), "101")]
)
def test_a_domain_that_will_not_do_is_refused_in_one_line(name: str, says: str) -> None:
    with pytest.raises(Refused, match=says):
        Editing(BODY).with_domain(name)


def test_editing_a_domain_that_is_gone_says_so() -> None:
    with pytest.raises(NotFound, match="no domain 'chat'"):
        Editing(BODY).with_instruction("chat", "x")


def test_what_was_typed_comes_back_from_the_database_with_its_unfinished_parts(desk: Sessions) -> None:
    first, second = Editing(BODY).exemplars(None)
    editing = Editing(BODY).with_exemplars(None, [HALF, first, ExemplarText(), second])
    editing = editing.with_exemplars("safety", [HALF])
    keep_editing(desk, "Ada", "mine", editing, base_criteria_id=None)
    known = read_editing(desk, "Ada", "mine")
    assert known is not None
    assert known[1] == editing
    assert known[0].body == BODY
    assert read_editing(desk, "Zoë", "mine") is None


def test_a_draft_saved_elsewhere_in_the_house_keeps_what_is_unfinished(desk: Sessions) -> None:
    keep_editing(desk, "Ada", "mine", Editing(BODY).with_exemplars("safety", [HALF]), base_criteria_id=None)
    save_draft(desk, "Ada", "mine", CriteriaBody("Shorter.", {"safety": "Be careful."}))
    known = read_editing(desk, "Ada", "mine")
    assert known is not None
    assert known[1].instruction(None) == "Shorter."
    assert texts(known[1], "safety") == ["How hot?"]


def test_the_time_of_saving_moves_with_unfinished_text_and_not_without_a_change(desk: Sessions) -> None:
    editing = Editing(BODY).with_exemplars("safety", [HALF])
    keep_editing(desk, "Ada", "mine", Editing(BODY), base_criteria_id=None)
    before = find_draft(desk, "Ada", "mine")
    keep_editing(desk, "Ada", "mine", editing, base_criteria_id=None)
    after = find_draft(desk, "Ada", "mine")
    keep_editing(desk, "Ada", "mine", editing, base_criteria_id=None)
    again = find_draft(desk, "Ada", "mine")
    assert before is not None
    assert after is not None
    assert again is not None
    assert before.updated_at < after.updated_at == again.updated_at


def test_text_that_no_database_can_hold_is_kept_without_what_it_cannot(desk: Sessions) -> None:
    odd = ExemplarText("a\x00b", "c\ud800d", "", "")
    keep_editing(desk, "Ada", "mine", Editing(BODY).with_exemplars("safety", [odd]), base_criteria_id=None)
    known = read_editing(desk, "Ada", "mine")
    assert known is not None
    assert known[1].exemplars("safety")[0].prompt == "a\ufffdb"


def test_an_exemplar_emptied_and_filled_again_is_still_known_by_its_origin(desk: Sessions) -> None:
    dataset_id = make_dataset(desk, plain_items(2))
    made_of = item_ids(desk, dataset_id)[0]
    remember_origin(desk, ONE.sha256, item_id=made_of, decision_id=None)
    text = Editing(BODY).exemplars(None)[0]
    emptied = edited(desk, text, bad="")
    filled = edited(desk, emptied, bad="Another bad one.")
    assert emptied.finished is None
    assert filled.finished is not None
    assert origin_items(desk, filled.finished) == [made_of]


def origin_items(desk: Sessions, exemplar: Exemplar) -> list[int]:
    with desk() as session:
        wanted = select(ExemplarOrigin.item_id).where(ExemplarOrigin.exemplar_sha256 == exemplar.sha256)
        return list(session.scalars(wanted))


def test_an_exemplar_that_loses_a_side_is_kept_when_the_database_fails_on_the_way(desk: Sessions) -> None:
    """Out of the body and in beside it is one write, or a failure between two would lose it."""
    keep_editing(desk, "Ada", "mine", Editing(BODY), base_criteria_id=None)
    first, second = Editing(BODY).exemplars(None)
    halved = Editing(BODY).with_exemplars(None, [first, edited(desk, second, bad="")])
    written: list[str] = []

    def fail_the_second_write(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith("UPDATE criteria_draft"):
            written.append(statement)
            if len(written) > 1:
                raise OperationalError(statement, {}, Exception("the disk is full"))

    engine = desk.kw["bind"]
    event.listen(engine, "before_cursor_execute", fail_the_second_write)
    try:
        keep_editing(desk, "Ada", "mine", halved, base_criteria_id=None)
    except OperationalError:
        pass
    finally:
        event.remove(engine, "before_cursor_execute", fail_the_second_write)
    known = read_editing(desk, "Ada", "mine")
    assert known is not None
    assert texts(known[1]) == ["P1", "P2"]


def test_a_draft_with_an_unfinished_exemplar_is_not_adopted_and_loses_nothing(desk: Sessions) -> None:
    """Another window may have begun one since the button was drawn."""
    keep_editing(desk, "Ada", "mine", Editing(BODY).with_exemplars("safety", [HALF]), base_criteria_id=None)
    with pytest.raises(Refused, match="not adopted: 1 exemplar"):
        adopt_draft(desk, "Ada", "mine")
    known = read_editing(desk, "Ada", "mine")
    assert known is not None
    assert texts(known[1], "safety") == ["How hot?"]


def test_an_exemplar_is_found_where_another_window_has_left_it() -> None:
    one, two, empty = *Editing(BODY).exemplars(None), ExemplarText()
    drawn = (one, two)
    assert place_now(drawn, drawn, 1) == 1
    assert place_now((two, one), drawn, 1) == 0, "moved"
    assert place_now((two,), drawn, 1) == 0, "the one above it was removed"
    assert place_now((HALF, one, two), drawn, 1) == 2, "one was added above it"
    assert place_now((one,), drawn, 1) is None, "removed"
    assert place_now((one, replace(two, bad="Other")), drawn, 1) == 1, "its own text changed"
    assert place_now((one, HALF, empty), (one, empty, empty), 1) == 1, "an empty one that was begun"
    assert place_now((one, one), (one, one), 1) == 1, "of two alike the one that was drawn"


def test_the_origin_is_known_by_the_text_as_it_is_kept(desk: Sessions) -> None:
    made_of = item_ids(desk, make_dataset(desk, plain_items(1)))[0]
    remember_origin(desk, ONE.sha256, item_id=made_of, decision_id=None)
    first, second = Editing(BODY).exemplars(None)
    odd = edited(desk, first, prompt="a\x00b")
    keep_editing(desk, "Ada", "mine", Editing(BODY).with_exemplars(None, [odd, second]), base_criteria_id=None)
    known = read_editing(desk, "Ada", "mine")
    assert known is not None
    assert origin_items(desk, known[1].body.default.exemplars[0]) == [made_of]


def test_what_another_window_saves_between_reading_and_writing_is_not_written_over(desk: Sessions) -> None:
    keep_editing(desk, "Ada", "mine", Editing(BODY), base_criteria_id=None)
    read: list[str] = []

    def edit(editing: Editing) -> Editing:
        read.append(editing.instruction(None))
        if len(read) == 1:  # the other window, in that very moment
            keep_editing(desk, "Ada", "mine", editing.with_instruction(None, "From there."), base_criteria_id=None)
        return editing.with_instruction("safety", "From here.")

    done = change_draft(desk, "Ada", "mine", edit, begin=Editing(CriteriaBody("")), base_criteria_id=None)
    known = read_editing(desk, "Ada", "mine")
    assert known is not None
    assert (known[1].instruction(None), known[1].instruction("safety")) == ("From there.", "From here.")
    assert read == ["Be kind.", "From there."]
    assert (done.left, done.is_new) == (known[0], False)


def test_two_windows_that_begin_a_draft_at_once_make_one_with_both_edits(desk: Sessions) -> None:
    def there(editing: Editing) -> Editing:
        return editing.with_instruction(None, "From there.")

    def here(editing: Editing) -> Editing:
        if find_draft(desk, "Ada", "mine") is None:
            change_draft(desk, "Ada", "mine", there, begin=Editing(BODY), base_criteria_id=None)
        return editing.with_instruction("safety", "From here.")

    change_draft(desk, "Ada", "mine", here, begin=Editing(BODY), base_criteria_id=None)
    known = read_editing(desk, "Ada", "mine")
    assert known is not None
    assert (known[1].instruction(None), known[1].instruction("safety")) == ("From there.", "From here.")
