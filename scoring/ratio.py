"""The reward: strong log-prob minus weak log-prob, per candidate; then rank, margin and the length test.

reward = sum_strong - sum_weak, always the sum. Beside it the per-token mean, each model dividing by its own token
count (DrSoW divides both by the strong model's, which is wrong when tokenizers differ). Source: arXiv 2411.02481.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from scoring.protocol import TokenLogprobs

RankBy = Literal["sum", "mean"]


@dataclass(frozen=True, slots=True)
class CandidateWeight:
    """One candidate weighed. Log-probs and rewards in nats; rank 1 is best, ties share a rank."""

    reward: float
    reward_per_token: float
    strong_logprob: float
    weak_logprob: float
    strong_tokens: int
    weak_tokens: int
    rank: int


@dataclass(frozen=True, slots=True)
class ItemWeights:
    """All candidates of an item; None where one was not weighed.

    best: position of the best candidate (the lowest among equals); None when nothing was weighed.
    margin: best minus second in the measure that ranks (nats, or nats per token); None with fewer than two weighed.
    is_length_flip: the best candidate would change between sum and per-token mean.
    """

    candidates: tuple[CandidateWeight | None, ...]
    best: int | None
    margin: float | None
    is_length_flip: bool
    rank_by: RankBy


def weigh_candidates(
    strong: Sequence[TokenLogprobs | None], weak: Sequence[TokenLogprobs | None], *, rank_by: RankBy = "sum"
) -> ItemWeights:
    """Rewards, ranks and margin of one item's candidates.

    Worked: strong sums -3, -5 and weak sums -4, -9 give rewards 1 and 4; the second is best, margin 3.

    Raises ValueError when the two lists differ in length or `rank_by` is neither "sum" nor "mean".
    """
    if len(strong) != len(weak):
        raise ValueError(f"{len(strong)} strong results but {len(weak)} weak ones: give both for every candidate")
    if rank_by not in ("sum", "mean"):
        raise ValueError(f"rank_by is {rank_by!r}: it must be 'sum' or 'mean'")
    measures = [_measures(s, w) for s, w in zip(strong, weak, strict=True)]
    sums = [m and m[0] for m in measures]
    means = [m and m[1] for m in measures]
    ranking = sums if rank_by == "sum" else means
    candidates = tuple(
        _candidate(s, w, m, _rank(ranking, position)) if s and w and m else None
        for position, (s, w, m) in enumerate(zip(strong, weak, measures, strict=True))
    )
    best = _best(ranking)
    return ItemWeights(candidates, best, _margin(ranking), _best(sums) != _best(means), rank_by)


def _measures(strong: TokenLogprobs | None, weak: TokenLogprobs | None) -> tuple[float, float] | None:
    """(reward, reward per token), or None when either model did not weigh the candidate."""
    if strong is None or weak is None:
        return None
    return strong.total - weak.total, strong.mean - weak.mean


def _candidate(strong: TokenLogprobs, weak: TokenLogprobs, measures: tuple[float, float], rank: int) -> CandidateWeight:
    return CandidateWeight(
        reward=measures[0],
        reward_per_token=measures[1],
        strong_logprob=strong.total,
        weak_logprob=weak.total,
        strong_tokens=len(strong.values),
        weak_tokens=len(weak.values),
        rank=rank,
    )


def _rank(values: Sequence[float | None], position: int) -> int:
    """1 + how many are strictly better: 5, 3, 3, 1 rank as 1, 2, 2, 4."""
    own = values[position]
    return 1 + sum(value is not None and own is not None and value > own for value in values)


def _best(values: Sequence[float | None]) -> int | None:
    known = [position for position, value in enumerate(values) if value is not None]
    return max(known, key=lambda position: (values[position], -position)) if known else None


def _margin(values: Sequence[float | None]) -> float | None:
    known = sorted((value for value in values if value is not None), reverse=True)
    return known[0] - known[1] if len(known) > 1 else None
