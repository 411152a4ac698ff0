"""How far one person is in a dataset: counted once, then moved on by the decisions that came since.

    tally = tally_of(sessions, dataset_id=1, annotator="Ada")               counts everything
    tally = tally_of(sessions, dataset_id=1, annotator="Ada", since=tally)  reads what is new: a few rows

A tally is the same as a fresh count at its last decision; who decided 50,000 items waits for one row, not for 50,000.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from db import queries_progress as queries
from db.queries_reviews import annotator_id_of
from db.tables import Dataset
from services.errors import NotFound
from services.reviews.rows import ReviewProgress

COUNT_ANEW_FROM = 200  # new decisions


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts by verdict as of one decision."""

    dataset_id: int
    annotator: str
    last_decision_id: int
    counts: Mapping[str, int]
    n_total: int  # items of the dataset

    @property
    def progress(self) -> ReviewProgress:
        """For the screen."""
        counts = self.counts
        return ReviewProgress(
            n_total=self.n_total,
            n_decided=sum(counts.values()),
            n_accept=counts.get("accept", 0),
            n_override=counts.get("override", 0),
            n_tie=counts.get("tie", 0),
            n_skip=counts.get("skip", 0),
            n_flag=counts.get("flag", 0),
        )


def tally_of(sessions: sessionmaker[Session], *, dataset_id: int, annotator: str, since: Tally | None = None) -> Tally:
    """The counts now. `since` spares the counting when it is of the same person and dataset.

    Raises NotFound for a dataset that is not there.
    """
    name = annotator.strip()
    with sessions() as session:
        n_total = session.scalar(select(Dataset.n_items).where(Dataset.dataset_id == dataset_id))
        if n_total is None:
            raise NotFound(f"no dataset with number {dataset_id}; choose one from the list")
        annotator_id = annotator_id_of(session, name)
        if annotator_id is None:
            return Tally(dataset_id, name, 0, {}, n_total)
        last = queries.last_decision_id(session, annotator_id)
        is_same = since is not None and (since.dataset_id, since.annotator) == (dataset_id, name)
        counts = _moved_on(session, since, annotator_id, last) if since is not None and is_same else None
        if counts is None:
            counts = queries.counts_by_verdict(session, dataset_id, annotator_id, up_to=last)
    return Tally(dataset_id, name, last, counts, n_total)


def _moved_on(session: Session, since: Tally, annotator_id: int, last: int) -> dict[str, int] | None:
    """The counts with what came after them; None where so much did that counting anew is quicker."""
    if last < since.last_decision_id:
        return None
    moved = queries.decided_since(
        session, since.dataset_id, annotator_id, after=since.last_decision_id, limit=COUNT_ANEW_FROM
    )
    if len(moved) >= COUNT_ANEW_FROM:
        return None
    counts = Counter(since.counts)
    for item_id in set(moved):
        counts[queries.verdict_at(session, item_id, annotator_id, up_to=since.last_decision_id)] -= 1
        counts[queries.verdict_at(session, item_id, annotator_id, up_to=last)] += 1
    return {verdict: n for verdict, n in counts.items() if n and verdict != "undo"}
