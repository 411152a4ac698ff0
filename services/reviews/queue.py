"""Which item is next: in file order, over a whole dataset or over those with one badge under a run.

Leaves out what is shown of an item (review.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from db.queries_noise import is_within_noise
from db.queries_reviews import first_with_verdict, neighbour, position_of_latest
from db.tables import NotWeighed, Run, Suggestion
from services.errors import Refused

ONLY = ("noise", "flip", "world", "unweighed")  # badges that a queue may keep to
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


def items_with(run: Run | None, only: str | None) -> Select[Any] | None:
    """Ids of the items that carry this badge under the run; None for every item. Raises Refused for another word."""
    if only is None:
        return None
    if only not in ONLY:
        raise Refused(f"the queue cannot keep to {only!r}; it must be one of {', '.join(ONLY)}")
    run_id = -1 if run is None else run.run_id
    if only == "unweighed":
        return select(NotWeighed.item_id).where(NotWeighed.run_id == run_id)
    badge = {
        "noise": is_within_noise(0.0 if run is None or run.noise_margin is None else run.noise_margin),
        "flip": Suggestion.is_length_flip,
        "world": Suggestion.is_out_of_world,
    }[only]
    return select(Suggestion.item_id).where(Suggestion.run_id == run_id, badge)
