"""The verbs of the review screen: show an item, decide on it, undo, see how far one is.

The display order is chosen here and nowhere else: by reward rank when there are more than two candidates, in file order
when there are two. Leaves out blind review, queues and leases, which come with the audit.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session, sessionmaker

from services.review_rows import (
    NOTE_LIMIT,
    REASON_TAGS,
    DecisionRow,
    Message,
    ReviewCandidate,
    ReviewItem,
    ReviewProgress,
    SuggestionRow,
    UndoRow,
)

__all__ = [
    "NOTE_LIMIT", "REASON_TAGS", "DecisionRow", "Message", "ReviewCandidate", "ReviewItem", "ReviewProgress",
    "SuggestionRow", "UndoRow", "decide", "load_item", "next_undecided", "progress", "undo",
]  # fmt: skip


def load_item(
    sessions: sessionmaker[Session],
    *,
    dataset_id: int,
    annotator: str,
    run_id: int | None = None,
    item_id: int | None = None,
) -> ReviewItem | None:
    """The item to show, with everything the screen needs; None when the dataset is empty.

    Without run_id the dataset's latest run serves (`runs.latest_run`), if there is one. Without item_id: the next
    undecided item after this annotator's latest decision, or the first item when all are decided.
    Raises NotFound for a dataset, run or item that is not there, or an item of another dataset.
    """
    raise NotImplementedError


def decide(
    sessions: sessionmaker[Session],
    *,
    item_id: int,
    run_id: int | None,
    annotator: str,
    verdict_request: str,
    submission: str,
    chosen_candidate_id: int | None = None,
    reason_tags: Sequence[str] = (),
    note: str = "",
    display_order: Sequence[int] = (),
    elapsed_ms: int | None = None,
) -> DecisionRow:
    """Keep a decision, committed when this returns.

    Args:
        verdict_request: "best" (with chosen_candidate_id), "tie", "skip" or "flag". Whether "best" is an accept or an
            override is told by comparing with the run's stored suggestion (any of a tied best is an accept).
        submission: a fresh token per screen shown, at most 64 characters; the same token twice keeps one decision and
            returns it.
        note: at most NOTE_LIMIT characters; longer is refused, never cut.

    Raises Refused (what is wrong with the request, one line) or NotFound.
    """
    raise NotImplementedError


def undo(sessions: sessionmaker[Session], *, dataset_id: int, annotator: str) -> UndoRow | None:
    """Take back this annotator's latest action in the dataset; again takes back the one before. None: nothing left.

    Appends a row, deletes none. Undoing an edit restores the decision before it.
    """
    raise NotImplementedError


def progress(
    sessions: sessionmaker[Session], *, dataset_id: int, annotator: str, run_id: int | None = None
) -> ReviewProgress:
    """Counts by verdict of this annotator's effective decisions; with run_id only those made on that run."""
    raise NotImplementedError


def next_undecided(
    sessions: sessionmaker[Session], *, dataset_id: int, annotator: str, after_item_id: int | None = None
) -> int | None:
    """The next item without a verdict, wrapping at the end; skipped ones come when nothing else is left."""
    raise NotImplementedError
