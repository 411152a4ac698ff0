"""Answers as they come out of the database: looks, undo, repeats, what counts now, and who is left out."""

from __future__ import annotations

import uuid

import pytest
from service_builders import Reviewer, item_ids, make_dataset, plain_items, queue_run
from sqlalchemy import select

from db.session import Sessions
from db.tables import Candidate, Decision, utc_now
from db.tables_audit import Look
from services import adjudication
from services.annotators import ensure_annotator, machine_annotator_id
from services.decisions import undo
from services.people.agreement import agreement_of
from services.people.answers import newest_answer, read_answers
from services.people.gold import gold_of
from services.people.roster import prompts_of, roster


@pytest.fixture
def dataset_id(fresh_db: Sessions) -> int:
    return make_dataset(fresh_db, plain_items(4))


def candidates(sessions: Sessions, item_id: int) -> list[int]:
    with sessions() as session:
        wanted = select(Candidate.candidate_id).where(Candidate.item_id == item_id).order_by(Candidate.position)
        return list(session.scalars(wanted))


def test_what_counts_is_the_latest_that_was_not_taken_back(fresh_db: Sessions, dataset_id: int) -> None:
    ada, first = Reviewer(fresh_db, dataset_id, name="Ada"), item_ids(fresh_db, dataset_id)[0]
    a, b, _ = candidates(fresh_db, first)
    ada.say(first, "best", chosen_candidate_id=a)
    ada.say(first, "best", chosen_candidate_id=b)
    answers = read_answers(fresh_db, dataset_id=dataset_id)
    assert [one.choice for one in answers.effective] == [b]
    undo(fresh_db, dataset_id=dataset_id, annotator="Ada")
    answers = read_answers(fresh_db, dataset_id=dataset_id)
    assert [one.choice for one in answers.effective] == [a]
    assert [one.choice for one in answers.given] == [a, b]
    assert len(answers.undone) == 1
    undo(fresh_db, dataset_id=dataset_id, annotator="Ada")
    assert read_answers(fresh_db, dataset_id=dataset_id).effective == ()


def test_machines_and_adjudications_say_nothing_of_people(fresh_db: Sessions, dataset_id: int) -> None:
    first = item_ids(fresh_db, dataset_id)[0]
    a, b, _ = candidates(fresh_db, first)
    Reviewer(fresh_db, dataset_id, name="Ada").say(first, "best", chosen_candidate_id=a)
    Reviewer(fresh_db, dataset_id, name="Bob").say(first, "best", chosen_candidate_id=b)
    adjudication.settle(fresh_db, item_id=first, by="Cem", submission="s", chosen_candidate_id=a)
    with fresh_db.begin() as session:
        machine = machine_annotator_id(session)
        session.add(
            Decision(
                submission="m",
                item_id=first,
                annotator_id=machine,
                verdict="accept",
                chosen_candidate_id=a,
                kind="auto",
            )
        )
    newest = newest_answer(fresh_db, dataset_id=dataset_id)
    answers = read_answers(fresh_db, dataset_id=dataset_id)
    assert sorted(person.name for person in answers.people.values()) == ["Ada", "Bob"]
    assert newest == max(one.decision_id for one in answers.rows)
    rows = {row.name: row for row in roster(fresh_db, answers)}
    assert set(rows) == {"Ada", "Bob", "Cem"}
    assert (rows["Ada"].did.n_items, rows["Cem"].did.n_items, rows["Cem"].n_anywhere) == (1, 0, 1)
    found = agreement_of(answers)
    assert (found.n_items, found.same.value) == (1, 0.0)


def test_cases_can_be_asked_about_some_items_only(fresh_db: Sessions, dataset_id: int) -> None:
    first, second, *_ = item_ids(fresh_db, dataset_id)
    for item_id in (first, second):
        for name, chosen in zip(("Ada", "Bob"), candidates(fresh_db, item_id)[:2], strict=True):
            Reviewer(fresh_db, dataset_id, name=name).say(item_id, "best", chosen_candidate_id=chosen)
    assert adjudication.adjudicated_ids(fresh_db, dataset_id=dataset_id) == ()
    adjudication.settle(fresh_db, item_id=second, by="Cem", submission="s", is_tie=True)
    adjudication.undo_settlement(fresh_db, item_id=second, by="Cem")
    assert adjudication.adjudicated_ids(fresh_db, dataset_id=dataset_id) == (second,)
    (only,) = adjudication.cases(fresh_db, dataset_id=dataset_id, item_ids=[second])
    assert (only.item_id, only.state, only.settled_at) == (second, "split", None)
    assert adjudication.cases(fresh_db, dataset_id=dataset_id, item_ids=[]) == ()


def test_looks_repeats_and_gold_are_read_with_the_answers(fresh_db: Sessions, dataset_id: int) -> None:
    first, second, *_ = item_ids(fresh_db, dataset_id)  # gold calls the first candidate of item 0 the best
    a, b, c = candidates(fresh_db, first)
    ada = ensure_annotator(fresh_db, "Ada").annotator_id
    with fresh_db.begin() as session:
        look = Look(dataset_id=dataset_id, item_id=first, annotator_id=ada, drawn_by="random", is_blind=True,
                    display_order=[c, a, b], closed_at=utc_now())  # fmt: skip
        again = Look(dataset_id=dataset_id, item_id=first, annotator_id=ada, drawn_by="repeat", is_repeat=True)
        session.add_all([look, again])
        session.flush()
        for kind, look_id, chosen in (("label", look.look_id, a), ("repeat", again.look_id, b)):
            session.add(
                Decision(
                    submission=uuid.uuid4().hex, item_id=first, annotator_id=ada, verdict="override",
                    chosen_candidate_id=chosen, kind=kind, look_id=look_id, is_blind=kind == "label",
                    display_order=[c, a, b],
                )
            )  # fmt: skip
            session.flush()
    answers = read_answers(fresh_db, dataset_id=dataset_id)
    (only,) = answers.first
    assert (only.drawn_by, only.is_blind, only.display_order, only.choice) == ("random", True, (c, a, b), a)
    ((before, after),) = answers.repeats
    assert (before.choice, after.choice) == (a, b)
    assert [one.choice for one in answers.effective] == [a]
    assert gold_of(answers).overall.right.value == 1.0
    assert prompts_of(fresh_db, [first, second]).keys() == {first, second}


def test_under_one_run_an_item_answered_before_under_another_is_no_first_answer(desk: Sessions) -> None:
    dataset_id = make_dataset(desk, plain_items(4))
    first, second, *_ = item_ids(desk, dataset_id)
    one_run, other_run = (queue_run(desk, dataset_id) for _ in range(2))
    ada = ensure_annotator(desk, "Ada").annotator_id
    with desk.begin() as session:
        for run_id, item_id in ((one_run, first), (other_run, first), (other_run, second)):
            look = Look(
                dataset_id=dataset_id, run_id=run_id, item_id=item_id, annotator_id=ada, drawn_by="random",
                display_order=[],
            )  # fmt: skip
            session.add(look)
            session.flush()
            session.add(
                Decision(
                    submission=uuid.uuid4().hex, run_id=run_id, item_id=item_id, annotator_id=ada, verdict="tie",
                    kind="label", look_id=look.look_id,
                )
            )  # fmt: skip
            session.flush()
    under = read_answers(desk, dataset_id=dataset_id, run_id=other_run)
    assert [one.item_id for one in under.effective] == [first, second]
    assert [one.item_id for one in under.first] == [second]
    assert [one.item_id for one in read_answers(desk, dataset_id=dataset_id).first] == [first, second]


def test_another_datasets_answers_stay_out(fresh_db: Sessions, dataset_id: int) -> None:
    other = make_dataset(fresh_db, plain_items(2), name="other")
    Reviewer(fresh_db, other, name="Ada").say(item_ids(fresh_db, other)[0])
    answers = read_answers(fresh_db, dataset_id=dataset_id)
    assert (answers.rows, answers.people, newest_answer(fresh_db, dataset_id=dataset_id)) == ((), {}, 0)
