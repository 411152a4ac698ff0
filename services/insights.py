"""The figures' data, each one frozen row from one query. Charts are ui/charts.py; accuracy is evaluation.py."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session, sessionmaker

from services.intervals import Share

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
    """Length and reward of a run's candidates, and their rank correlation."""

    n: int  # candidates with a reward
    points: tuple[LengthPoint, ...]  # at most POINT_LIMIT


@dataclass(frozen=True, slots=True)
class AccuracyBySlice:
    """Accuracy against gold, whole and by slice; None where there is no gold."""

    overall: Share
    by_domain: dict[str, Share]
    by_subset: dict[str, Share]


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
    raise NotImplementedError


def accept_rate(
    sessions: sessionmaker[Session], *, dataset_id: int, run_id: int | None = None, annotator: str | None = None
) -> Share:
    """Accepts over accepts, overrides and ties on items that had a suggestion, with a 95 % Wilson interval."""
    raise NotImplementedError


def margins_by_verdict(
    sessions: sessionmaker[Session], *, dataset_id: int, run_id: int | None = None, annotator: str | None = None
) -> tuple[MarginPoint, ...]:
    """The margin that stood when each decision was made, with its verdict."""
    raise NotImplementedError


def accuracy_by_slice(sessions: sessionmaker[Session], *, run_id: int) -> AccuracyBySlice:
    """Accuracy of the run's ranking against gold, by domain and subset."""
    raise NotImplementedError


def length_against_reward(sessions: sessionmaker[Session], *, run_id: int) -> LengthAgainstReward:
    """Every weighed candidate's length and reward, evenly thinned to POINT_LIMIT points."""
    raise NotImplementedError


def override_reasons(
    sessions: sessionmaker[Session], *, dataset_id: int, run_id: int | None = None, annotator: str | None = None
) -> ReasonCounts:
    """How often each reason tag stands on an override."""
    raise NotImplementedError
