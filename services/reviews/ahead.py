"""The next item, loaded before it is asked for, and whether it still is what would be loaded now.

An item loaded ahead is used only while nothing about it has changed: this person's decisions on it and on the item
after it are the ones that were seen. Everything else on it is of a run that is done, which never changes. Leaves out
where it is kept meanwhile (the screen's session) and the lease that goes with it (looks/serve.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session, sessionmaker

from db.queries_progress import latest_by_item
from db.queries_reviews import annotator_id_of
from services.reviews.filters import Filters
from services.reviews.review import load_item
from services.reviews.rows import ReviewItem


@dataclass(frozen=True, slots=True)
class Asked:
    """What an item is loaded for: as the arguments of `load_item`."""

    dataset_id: int
    annotator: str
    run_id: int | None
    only: Filters | str | None = None
    queue: str | None = None
    plan_id: int | None = None

    @property
    def is_steady(self) -> bool:
        """Whether deciding cannot change which items the filter keeps."""
        only = self.only
        return not isinstance(only, Filters) or not (only.verdicts or only.annotators or only.reasons or only.states)


@dataclass(frozen=True, slots=True)
class Ahead:
    """An item loaded ahead. `seen`: this person's latest decision on it and on the item after it, 0 for none."""

    asked: Asked
    item: ReviewItem
    seen: Mapping[int, int]


def load(sessions: sessionmaker[Session], asked: Asked, *, item_id: int | None = None) -> ReviewItem | None:
    """The item now, as `load_item` gives it."""
    return load_item(
        sessions, dataset_id=asked.dataset_id, annotator=asked.annotator, run_id=asked.run_id, item_id=item_id,
        only=asked.only, queue=asked.queue, plan_id=asked.plan_id,
    )  # fmt: skip


def load_ahead(sessions: sessionmaker[Session], asked: Asked, item_id: int) -> Ahead | None:
    """That item, to be shown soon. What vouches for it is read before it, so that a change is never missed."""
    seen_first = _seen(sessions, asked.annotator, (item_id,))
    item = load(sessions, asked, item_id=item_id)
    if item is None:
        return None
    after = item.next_undecided_id
    return Ahead(asked, item, seen_first if after is None else seen_first | _seen(sessions, asked.annotator, (after,)))


def still_stands(sessions: sessionmaker[Session], ahead: Ahead, asked: Asked, item_id: int) -> bool:
    """Whether this is the item that is asked for, and nothing on it has changed."""
    if (ahead.asked, ahead.item.item_id) != (asked, item_id):
        return False
    return _seen(sessions, asked.annotator, tuple(ahead.seen)) == dict(ahead.seen)


def _seen(sessions: sessionmaker[Session], annotator: str, item_ids: tuple[int, ...]) -> dict[int, int]:
    with sessions() as session:
        annotator_id = annotator_id_of(session, annotator.strip())
        return latest_by_item(session, item_ids, -1 if annotator_id is None else annotator_id)
