"""Items with their candidates, a few at a time in file order, for the weighing.

Leaves out what the review screen asks (queries_reviews.py).
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.tables import Candidate, Item, NotWeighed, Suggestion


def last_position(session: Session, dataset_id: int) -> int:
    """The highest position of a dataset, -1 when it has no item."""
    found = session.scalar(select(func.max(Item.position)).where(Item.dataset_id == dataset_id))
    return -1 if found is None else found


def items_between(session: Session, dataset_id: int, *, first: int, last: int) -> Sequence[Item]:
    """The items at positions first..last, both included, in order."""
    return session.scalars(
        select(Item)
        .where(Item.dataset_id == dataset_id, Item.position >= first, Item.position <= last)
        .order_by(Item.position)
    ).all()


def candidates_by_item(session: Session, item_ids: Sequence[int]) -> dict[int, list[Candidate]]:
    """The candidates of each item, in file order; an item without any has an empty list."""
    found: dict[int, list[Candidate]] = {item_id: [] for item_id in item_ids}
    wanted = select(Candidate).where(Candidate.item_id.in_(item_ids)).order_by(Candidate.item_id, Candidate.position)
    for candidate in session.scalars(wanted):
        found[candidate.item_id].append(candidate)
    return found


def settled_item_ids(session: Session, run_id: int, item_ids: Sequence[int]) -> set[int]:
    """Those of the items that the run has ranked or told apart as not weighable."""
    ranked = select(Suggestion.item_id).where(Suggestion.run_id == run_id, Suggestion.item_id.in_(item_ids))
    left_out = select(NotWeighed.item_id).where(NotWeighed.run_id == run_id, NotWeighed.item_id.in_(item_ids))
    return set(session.scalars(ranked)) | set(session.scalars(left_out))
