"""What labels are resolved from: the rows of a dataset's decisions, only the columns that matter, oldest first.

Also numbers for decisions that are written in bulk.
Leaves out how a label follows from them (services/labels.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import ScalarSelect, func, select, text
from sqlalchemy.orm import Session

from db.tables import Decision, Item

IDS_A_QUERY = 500  # well under what one statement may bind
ROWS_AT_ONCE = 5_000


class Mark(NamedTuple):
    """A decision, as far as it says anything about the label."""

    decision_id: int
    item_id: int
    annotator_id: int
    kind: str
    verdict: str
    chosen_candidate_id: int | None


def marks_of(
    session: Session,
    dataset_id: int,
    *,
    item_ids: Sequence[int] | None = None,
    up_to: int | None = None,
    with_auto: bool = True,
) -> Iterator[Mark]:
    """Every decision of the dataset (or on these items) that can make a label, oldest first.

    Args:
        up_to: the last decision that counts; None: all of them.
        with_auto: False leaves out the labels that were accepted unlooked.
    """
    wanted = (
        select(
            Decision.decision_id,
            Decision.item_id,
            Decision.annotator_id,
            Decision.kind,
            Decision.verdict,
            Decision.chosen_candidate_id,
        )
        .where(_dataset_of_decision() == dataset_id, Decision.kind != "repeat")
        .order_by(Decision.decision_id)
    )
    if up_to is not None:
        wanted = wanted.where(Decision.decision_id <= up_to)
    if not with_auto:
        wanted = wanted.where(Decision.kind != "auto")
    if item_ids is None:
        yield from map(Mark._make, session.execute(wanted.execution_options(yield_per=ROWS_AT_ONCE)))
        return
    ids = list(item_ids)
    for start in range(0, len(ids), IDS_A_QUERY):
        some = wanted.where(Decision.item_id.in_(ids[start : start + IDS_A_QUERY]))
        yield from map(Mark._make, session.execute(some))


def new_decision_ids(session: Session, n: int) -> Sequence[int]:
    """n numbers, rising, for decisions that this writing transaction is going to insert."""
    if session.get_bind().dialect.name == "postgresql":
        wanted = "SELECT nextval(pg_get_serial_sequence('decision', 'decision_id')) FROM generate_series(1, :n)"
        return sorted(session.scalars(text(wanted), {"n": n}))
    first = (session.scalar(select(func.max(Decision.decision_id))) or 0) + 1  # the write lock is held
    return range(first, first + n)


def _dataset_of_decision() -> ScalarSelect[int]:
    """Looked up from the decision: with a join SQLite may begin at all of the dataset's 100,000 items."""
    return select(Item.dataset_id).where(Item.item_id == Decision.item_id).correlate(Decision).scalar_subquery()
