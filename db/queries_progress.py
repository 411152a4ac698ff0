"""How one person's decisions in a dataset stand: counted once, then moved on by what came after; and where they are.

Every query begins at the index of decisions by person. Leaves out what is undecided (queries_reviews.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, func, select
from sqlalchemy.orm import Session, aliased

from db.tables import Decision, Item

LABEL = "label"


def _of_person(dataset_id: int, annotator_id: int) -> tuple[ColumnElement[bool], ...]:
    """This person's labels in the dataset, looked up from the decision: SQLite would else begin at all the items."""
    dataset_of = select(Item.dataset_id).where(Item.item_id == Decision.item_id).correlate(Decision).scalar_subquery()
    return (Decision.annotator_id == annotator_id, Decision.kind == LABEL, dataset_of == dataset_id)


def _is_latest() -> ColumnElement[bool]:
    newer = aliased(Decision)
    return ~exists().where(
        newer.item_id == Decision.item_id,
        newer.annotator_id == Decision.annotator_id,
        newer.kind == LABEL,
        newer.decision_id > Decision.decision_id,
    )


def last_decision_id(session: Session, annotator_id: int) -> int:
    """The number of this person's latest decision of any kind in any dataset; 0 for none."""
    return session.scalar(select(func.max(Decision.decision_id)).where(Decision.annotator_id == annotator_id)) or 0


def counts_by_verdict(session: Session, dataset_id: int, annotator_id: int, *, up_to: int) -> dict[str, int]:
    """verdict -> items at which this person's decisions stand, counted anew; undone ones are not among them."""
    rows = session.execute(
        select(Decision.verdict, func.count())
        .where(
            *_of_person(dataset_id, annotator_id),
            Decision.decision_id <= up_to,
            Decision.verdict != "undo",
            _is_latest(),
        )
        .group_by(Decision.verdict)
    )
    return dict(rows.all())


def decided_since(session: Session, dataset_id: int, annotator_id: int, *, after: int, limit: int) -> Sequence[int]:
    """The items of the rows that this person added after a decision, oldest first; at most `limit` of them."""
    rows = session.scalars(
        select(Decision.item_id)
        .where(*_of_person(dataset_id, annotator_id), Decision.decision_id > after)
        .order_by(Decision.decision_id)
        .limit(limit)
    )
    return rows.all()


def verdict_at(session: Session, item_id: int, annotator_id: int, *, up_to: int | None = None) -> str:
    """The verdict that stands, or stood when `up_to` was the last decision; "undo" for undecided."""
    wanted = select(Decision.verdict).where(
        Decision.item_id == item_id, Decision.annotator_id == annotator_id, Decision.kind == LABEL
    )
    if up_to is not None:
        wanted = wanted.where(Decision.decision_id <= up_to)
    return session.scalar(wanted.order_by(Decision.decision_id.desc()).limit(1)) or "undo"


def first_standing(
    session: Session,
    dataset_id: int,
    annotator_id: int,
    *,
    verdict: str,
    after: int,
    before: int | None = None,
    among: Select[Any] | None = None,
) -> int | None:
    """The first item in file order, after a position (and before another), at which this person's verdict stands."""
    wanted = (
        select(Item.item_id)
        .join(Decision, Decision.item_id == Item.item_id)
        .where(
            Decision.annotator_id == annotator_id,
            Decision.kind == LABEL,
            Decision.verdict == verdict,
            Item.dataset_id == dataset_id,
            Item.position > after,
            _is_latest(),
        )
        .order_by(Item.position)
        .limit(1)
    )
    if before is not None:
        wanted = wanted.where(Item.position < before)
    if among is not None:
        wanted = wanted.where(Item.item_id.in_(among))
    return session.scalar(wanted)


def latest_by_item(session: Session, item_ids: Sequence[int], annotator_id: int) -> dict[int, int]:
    """item_id -> the number of this person's latest decision on it, of any kind; 0 for none. Only items that exist."""
    latest = (
        select(func.max(Decision.decision_id))
        .where(Decision.item_id == Item.item_id, Decision.annotator_id == annotator_id)
        .correlate(Item)
        .scalar_subquery()
    )
    rows = session.execute(select(Item.item_id, func.coalesce(latest, 0)).where(Item.item_id.in_(item_ids)))
    return dict(rows.all())
