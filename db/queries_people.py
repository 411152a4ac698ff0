"""What the figures about people read: every answer a person gave in a dataset, and the candidates of those items.

Answers of the machine (labels accepted unlooked) and of adjudicators settling a case are not among them. Leaves out
what the figures are (services/people).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from db.tables import Annotator, Candidate, Decision, Item
from db.tables_audit import Look

ROWS_AT_ONCE = 2_000
BY_PEOPLE = ("label", "repeat")  # kinds of decision that say how a person decides
MACHINE = "machine"  # the role of what decides without looking


class AnswerRow(NamedTuple):
    """A decision row, undo rows included, with the look it was made on."""

    decision_id: int
    item_id: int
    position: int  # of the item
    annotator_id: int
    verdict: str
    chosen_candidate_id: int | None
    ranking: list[Any]
    strength: int | None
    is_blind: bool
    display_order: list[Any]
    suggestion: dict[str, Any]
    elapsed_ms: int | None
    created_at: datetime
    submission: str
    kind: str
    look_id: int | None
    plan_id: int | None
    drawn_by: str | None


class CandidateRow(NamedTuple):
    """A candidate of an item that somebody answered."""

    item_id: int
    candidate_id: int
    position: int
    gold_rank: float | None
    gold_score: float | None


class PersonRow(NamedTuple):
    """An annotator and how much is kept under the name, in all datasets."""

    annotator_id: int
    name: str
    role: str
    created_at: datetime
    n_decisions: int
    last_at: datetime | None


def answer_rows(session: Session, dataset_id: int, *, run_id: int | None = None) -> Iterator[AnswerRow]:
    """Every decision row of people in the dataset, oldest first; of one run when it is given."""
    wanted = (
        select(
            Decision.decision_id, Decision.item_id, Item.position, Decision.annotator_id, Decision.verdict,
            Decision.chosen_candidate_id, Decision.ranking, Decision.strength, Decision.is_blind,
            Decision.display_order, Decision.suggestion, Decision.elapsed_ms, Decision.created_at, Decision.submission,
            Decision.kind, Decision.look_id, Look.plan_id, Look.drawn_by,
        )
        .join(Item, Item.item_id == Decision.item_id)
        .join(Look, Look.look_id == Decision.look_id, isouter=True)
        .where(Item.dataset_id == dataset_id, _is_by_a_person())
        .order_by(Decision.decision_id)
        .execution_options(yield_per=ROWS_AT_ONCE)
    )  # fmt: skip
    if run_id is not None:
        wanted = wanted.where(Decision.run_id == run_id)
    for row in session.execute(wanted):
        yield AnswerRow(*row)


def first_answer_ids(session: Session, dataset_id: int) -> Sequence[Any]:
    """(item_id, annotator_id, number of the first answer) of everything that people answered in the dataset."""
    key = (Decision.item_id, Decision.annotator_id)
    wanted = select(*key, func.min(Decision.decision_id)).join(Item, Item.item_id == Decision.item_id)
    return session.execute(wanted.where(Item.dataset_id == dataset_id, _is_by_a_person()).group_by(*key)).all()


def candidate_rows(session: Session, dataset_id: int) -> Iterator[CandidateRow]:
    """The candidates of every item that a person answered, item by item in file order."""
    wanted = (
        select(Candidate.item_id, Candidate.candidate_id, Candidate.position, Candidate.gold_rank, Candidate.gold_score)
        .where(Candidate.item_id.in_(_answered_items(dataset_id)))
        .order_by(Candidate.item_id, Candidate.position)
        .execution_options(yield_per=ROWS_AT_ONCE)
    )
    for row in session.execute(wanted):
        yield CandidateRow(*row)


def last_answer_id(session: Session, dataset_id: int) -> int:
    """The number of the newest decision row of people in the dataset; 0 when there is none."""
    wanted = select(func.max(Decision.decision_id)).where(
        _is_by_a_person(),
        Decision.item_id.in_(select(Item.item_id).where(Item.dataset_id == dataset_id)),
    )
    return session.scalar(wanted) or 0


def items_adjudicated(session: Session, dataset_id: int) -> list[int]:
    """The items of the dataset with an adjudication on them, taken back or not."""
    of_dataset = select(Item.dataset_id).where(Item.item_id == Decision.item_id).correlate(Decision).scalar_subquery()
    wanted = select(Decision.item_id).where(Decision.kind == "adjudication", of_dataset == dataset_id).distinct()
    return list(session.scalars(wanted.order_by(Decision.item_id)))


def person_rows(session: Session) -> list[PersonRow]:
    """Everyone who may decide, by name, with what they decided anywhere."""
    rows = session.execute(
        select(
            Annotator.annotator_id, Annotator.name, Annotator.role, Annotator.created_at,
            func.count(Decision.decision_id), func.max(Decision.created_at),
        )
        .join(Decision, Decision.annotator_id == Annotator.annotator_id, isouter=True)
        .where(Annotator.role != MACHINE)
        .group_by(Annotator.annotator_id, Annotator.name, Annotator.role, Annotator.created_at)
        .order_by(func.lower(Annotator.name), Annotator.annotator_id)
    )  # fmt: skip
    return [PersonRow(*row) for row in rows]


def _is_by_a_person() -> ColumnElement[bool]:
    machines = select(Annotator.annotator_id).where(Annotator.role == MACHINE)
    return Decision.kind.in_(BY_PEOPLE) & Decision.annotator_id.not_in(machines)


def _answered_items(dataset_id: int) -> Select[Any]:
    return (
        select(Decision.item_id)
        .join(Item, Item.item_id == Decision.item_id)
        .where(Item.dataset_id == dataset_id, _is_by_a_person())
        .distinct()
    )
