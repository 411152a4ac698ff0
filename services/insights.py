"""The figures' data as frozen rows, one or two queries each, whatever the number of items.

Leaves out the charts (ui/charts/figures.py) and what counts as right (evaluation.py).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from db.queries_insights import (
    counts_with_suggestion,
    decided_items,
    decisions_with_suggestion,
    override_tags,
    scores_thinned,
)
from db.queries_reviews import verdict_counts as count_verdicts
from db.tables import Dataset
from services.errors import NotFound
from services.reviews.rows import REASON_TAGS, VERDICTS
from services.statistics.intervals import Share, share

POINT_LIMIT = 5_000  # points of a scatter; more are sampled evenly and the figure says so


@dataclass(frozen=True, slots=True)
class VerdictCounts:
    """Effective decisions by verdict. `n_items` is the dataset's size, `n_decided` items with any decision."""

    n_items: int
    n_decided: int
    counts: dict[str, int]  # verdict -> decisions


@dataclass(frozen=True, slots=True)
class MarginPoint:
    """The margin of a decided item and what was decided."""

    item_id: int
    margin: float
    verdict: str


@dataclass(frozen=True, slots=True)
class LengthPoint:
    """One candidate: how long it is, how it was rewarded."""

    candidate_id: int
    item_id: int
    n_tokens: int  # by the strong tokenizer
    reward: float
    is_best: bool


@dataclass(frozen=True, slots=True)
class LengthAgainstReward:
    """Length and reward of a run's candidates."""

    n: int  # candidates with a reward
    points: tuple[LengthPoint, ...]  # at most POINT_LIMIT


@dataclass(frozen=True, slots=True)
class ReasonCounts:
    """Why people overrode: how many overrides carry each tag (one may carry several, or none)."""

    n_overrides: int
    n_without_reason: int
    counts: dict[str, int]


def verdict_counts(
    sessions: sessionmaker[Session], *, dataset_id: int, run_id: int | None = None, annotator: str | None = None
) -> VerdictCounts:
    """Progress: effective decisions by verdict."""
    with sessions() as session:
        n_items = session.scalar(select(Dataset.n_items).where(Dataset.dataset_id == dataset_id))
        if n_items is None:
            raise NotFound(f"no dataset with number {dataset_id}; choose one from the list")
        found = count_verdicts(session, dataset_id, annotator=annotator, run_id=run_id)
        n_decided = decided_items(session, dataset_id, annotator=annotator, run_id=run_id)
    return VerdictCounts(n_items, n_decided, {verdict: found.get(verdict, (0, 0))[0] for verdict in VERDICTS})


def accept_rate(
    sessions: sessionmaker[Session], *, dataset_id: int, run_id: int | None = None, annotator: str | None = None
) -> Share:
    """Accepts over accepts, overrides and ties on items that had a suggestion, with a 95 % Wilson interval."""
    with sessions() as session:
        found = counts_with_suggestion(session, dataset_id, annotator=annotator, run_id=run_id)
    n_accept = found.get("accept", 0)
    return share(n_accept, n_accept + found.get("override", 0) + found.get("tie", 0))


def margins_by_verdict(
    sessions: sessionmaker[Session], *, dataset_id: int, run_id: int | None = None, annotator: str | None = None
) -> tuple[MarginPoint, ...]:
    """The margin that stood when each decision was made, with its verdict."""
    with sessions() as session:
        rows = decisions_with_suggestion(session, dataset_id, annotator=annotator, run_id=run_id)
    return tuple(MarginPoint(item_id, suggestion["margin"], verdict) for item_id, verdict, suggestion in rows)


def length_against_reward(sessions: sessionmaker[Session], *, run_id: int) -> LengthAgainstReward:
    """Every weighed candidate's length and reward, evenly thinned to POINT_LIMIT points."""
    with sessions() as session:
        n, rows = scores_thinned(session, run_id, limit=POINT_LIMIT)
    points = (LengthPoint(candidate, item, tokens, reward, rank == 1) for candidate, item, tokens, reward, rank in rows)
    return LengthAgainstReward(n, tuple(points))


def override_reasons(
    sessions: sessionmaker[Session], *, dataset_id: int, run_id: int | None = None, annotator: str | None = None
) -> ReasonCounts:
    """How often each reason tag stands on an override."""
    with sessions() as session:
        found = override_tags(session, dataset_id, annotator=annotator, run_id=run_id)
    counts = Counter(tag for tags in found for tag in set(tags))
    return ReasonCounts(len(found), sum(not tags for tags in found), {tag: counts[tag] for tag in REASON_TAGS})
