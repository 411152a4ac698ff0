"""Which item is next: in file order, over a whole dataset or over those that pass a filter.

    queue        holds                                        at its end
    (none)       undecided items, then those skipped          begins again at the first item
    undecided    items without a verdict                      is empty
    skipped      items whose verdict is a skip                is empty
    flagged      items whose verdict is a flag                is empty

Leaves out what is shown of an item (review.py) and what a plan hands out (looks/serve.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from db.queries_progress import first_standing
from db.queries_reviews import first_with_verdict, neighbour, position_of_latest
from db.tables_audit import PlanItem
from services.errors import Refused
from services.reviews.filters import BADGES as ONLY
from services.reviews.filters import Filters, RunFacts, items_select
from services.reviews.kept_items import kept_select

__all__ = ["ONLY", "QUEUES", "Queue", "items_of_plan", "items_with"]
UNDECIDED, SKIPPED, FLAGGED = "undo", "skip", "flag"  # as effective verdicts
QUEUES = {"undecided": UNDECIDED, "skipped": SKIPPED, "flagged": FLAGGED}


@dataclass(frozen=True, slots=True)
class Queue:
    """One annotator's way through a dataset. `among` selects item ids; None: all of them. `name`: one of QUEUES."""

    dataset_id: int
    annotator_id: int | None
    among: Select[Any] | None = None
    name: str | None = None

    def next_undecided(self, session: Session, position: int) -> int | None:
        """The next item of the queue after a position, wrapping; never the one at it."""
        for verdict in (UNDECIDED, SKIPPED) if self.name is None else (QUEUES[self.name],):
            for after, before in ((position, None), (-1, position)):
                found = self._first(session, verdict, after, before)
                if found is not None:
                    return found
        return None

    def _first(self, session: Session, verdict: str, after: int, before: int | None) -> int | None:
        """Most items are undecided and few skipped: the former are met among the items, the latter in the decisions."""
        if self.annotator_id is None and verdict != UNDECIDED:
            return None
        find = first_with_verdict if verdict == UNDECIDED else first_standing
        annotator_id = -1 if self.annotator_id is None else self.annotator_id
        return find(
            session, self.dataset_id, annotator_id, verdict=verdict, after=after, before=before, among=self.among
        )

    def where_to_begin(self, session: Session) -> int | None:
        """The next item of the queue after the latest decision; the first of all where the queue is of all."""
        at = -1 if self.annotator_id is None else position_of_latest(session, self.dataset_id, self.annotator_id)
        found = self.next_undecided(session, at) or self._at(session, at)
        return found or (self.neighbour(session, -1, is_next=True) if self.name is None else None)

    def _at(self, session: Session, position: int) -> int | None:
        """The item at a position, where a queue with a name holds it: the one skipped last may be its only one."""
        return None if self.name is None else self._first(session, QUEUES[self.name], position - 1, position + 1)

    def neighbour(self, session: Session, position: int, *, is_next: bool) -> int | None:
        """The item before or after a position."""
        return neighbour(session, self.dataset_id, position, is_next=is_next, among=self.among)


def items_with(
    run: RunFacts | None,
    only: Filters | str | None,
    *,
    dataset_id: int | None = None,
    session: Session | None = None,
) -> Select[Any] | None:
    """Ids of the items that pass a filter, or carry this one badge, under the run; None for every item.

    With a session the answer may come from what is kept of the same filter (kept_items.py). Raises Refused for a badge
    that is none.
    """
    if isinstance(only, str):
        if only not in ONLY:
            raise Refused(f"the queue cannot keep to {only!r}; it must be one of {', '.join(ONLY)}")
        only = Filters(badges=(only,))
    if session is not None and only is not None and dataset_id is not None:
        return kept_select(session, only, run, dataset_id=dataset_id)
    return items_select(only, run, dataset_id=dataset_id)


def items_of_plan(plan_id: int, among: Select[Any] | None) -> Select[Any]:
    """Ids of the items that a plan has drawn, among those selected."""
    drawn = select(PlanItem.item_id).where(PlanItem.plan_id == plan_id)
    return drawn if among is None else drawn.where(PlanItem.item_id.in_(among))
