"""Which item is next: in file order, over a whole dataset or over those that pass a filter.

Leaves out what is shown of an item (review.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select
from sqlalchemy.orm import Session

from db.queries_reviews import first_with_verdict, neighbour, position_of_latest
from db.tables import Run
from services.errors import Refused
from services.reviews.filters import BADGES as ONLY
from services.reviews.filters import Filters, items_select

__all__ = ["ONLY", "Queue", "items_with"]
UNDECIDED, SKIPPED = "undo", "skip"  # as effective verdicts


@dataclass(frozen=True, slots=True)
class Queue:
    """One annotator's way through a dataset. `among` selects item ids; None: all of them."""

    dataset_id: int
    annotator_id: int | None
    among: Select[Any] | None = None

    def next_undecided(self, session: Session, position: int) -> int | None:
        """The next undecided item after a position, wrapping; then the next skipped one; never the one at it."""
        annotator_id = -1 if self.annotator_id is None else self.annotator_id
        for verdict in (UNDECIDED, SKIPPED):
            for after, before in ((position, None), (-1, position)):
                found = first_with_verdict(
                    session,
                    self.dataset_id,
                    annotator_id,
                    verdict=verdict,
                    after=after,
                    before=before,
                    among=self.among,
                )
                if found is not None:
                    return found
        return None

    def where_to_begin(self, session: Session) -> int | None:
        """The next undecided item after the latest decision, or the first item when all are decided."""
        at = -1 if self.annotator_id is None else position_of_latest(session, self.dataset_id, self.annotator_id)
        return self.next_undecided(session, at) or self.neighbour(session, -1, is_next=True)

    def neighbour(self, session: Session, position: int, *, is_next: bool) -> int | None:
        """The item before or after a position."""
        return neighbour(session, self.dataset_id, position, is_next=is_next, among=self.among)


def items_with(run: Run | None, only: Filters | str | None, *, dataset_id: int | None = None) -> Select[Any] | None:
    """Ids of the items that pass a filter, or carry this one badge, under the run; None for every item.

    Raises Refused for a badge that is none.
    """
    if isinstance(only, str):
        if only not in ONLY:
            raise Refused(f"the queue cannot keep to {only!r}; it must be one of {', '.join(ONLY)}")
        only = Filters(badges=(only,))
    return items_select(only, run, dataset_id=dataset_id)
