"""Anchoring: how much more often people agree with a suggestion that they see than with one that is hidden from them.

    anchoring = agreed when shown - agreed when blind      0.15: a shown suggestion wins 15 of 100 looks that it
                                                           would not have won by itself

Both shares are of looks with a choice (a tie is not agreement; skips and flags are left out). Which looks are blind is
drawn at random within a plan, so the two shares are compared plan by plan and weighted (Mantel and Haenszel).

Intervals: Newcombe's for a difference of two shares (1998, method 10), stratified as Yan and Su 2010 do; with one plan
the two are the same. Several people on one item are not independent: counts are first divided by their design effect
(Rao and Scott 1992). Leaves out reading the looks (answers.py).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from services.statistics.intervals import Z_95, Share, share, wilson


@dataclass(frozen=True, slots=True)
class Counts:
    """Looks with a choice, and how many of them chose the suggestion; fractional once divided by a design effect."""

    n_agreed: float
    n: float


@dataclass(frozen=True, slots=True)
class Anchoring:
    """Agreement when the suggestion is shown, when it is hidden, and the difference with its 95 % interval.

    value: shown minus blind, weighted over plans where there are several; None when one of the two was never looked at.
    """

    shown: Share
    blind: Share
    value: float | None
    low: float | None
    high: float | None

    @property
    def is_seen(self) -> bool:
        """Whether the interval excludes 0."""
        return self.low is not None and self.high is not None and not self.low <= 0 <= self.high


def of_counts(shown: tuple[float, float], blind: tuple[float, float]) -> Anchoring:
    """Anchoring from (agreed, n) of shown and of blind looks.

    Worked: 56 of 70 shown and 48 of 80 blind: 0.20, interval 0.0524 to 0.3339 (Newcombe 1998, table II, case (a)).

    Raises ValueError when n is negative or agreed lie outside 0..n.
    """
    return of_strata([(Counts(*shown), Counts(*blind))])


def of_strata(strata: Sequence[tuple[Counts, Counts]]) -> Anchoring:
    """Anchoring over plans: (shown, blind) counts of each; a plan without both kinds weighs nothing.

    Raises ValueError as `of_counts` does.
    """
    for counts in (side for plan in strata for side in plan):
        if counts.n < 0 or not 0 <= counts.n_agreed <= counts.n:
            raise ValueError(f"{counts.n_agreed} agreed of {counts.n}: agreed must lie between 0 and n")
    both = [(shown, blind) for shown, blind in strata if shown.n > 0 and blind.n > 0]
    shares = _total([shown for shown, _ in strata]), _total([blind for _, blind in strata])
    if not both:
        return Anchoring(*shares, None, None, None)
    raw = [shown.n * blind.n / (shown.n + blind.n) for shown, blind in both]
    weights = [weight / sum(raw) for weight in raw]
    first, second = [shown for shown, _ in both], [blind for _, blind in both]
    p, q = _mean(first, weights), _mean(second, weights)
    (low_p, high_p), (low_q, high_q) = _limits(first, weights), _limits(second, weights)
    a, b = _spread(first, weights), _spread(second, weights)
    down = Z_95 * math.sqrt(a * low_p * (1 - low_p) + b * high_q * (1 - high_q))
    up = Z_95 * math.sqrt(a * high_p * (1 - high_p) + b * low_q * (1 - low_q))
    return Anchoring(*shares, p - q, max(-1.0, p - q - down), min(1.0, p - q + up))


def _total(counts: Sequence[Counts]) -> Share:
    """The plain share over everything; its n is what it rests on, whole looks unless a design effect shrank them."""
    n = sum(one.n for one in counts)
    agreed = min(n, sum(one.n_agreed for one in counts))
    if n <= 0:
        return share(0, 0)
    return Share(round(n), agreed / n, *wilson(agreed, n))


def _mean(counts: Sequence[Counts], weights: Sequence[float]) -> float:
    return sum(weight * one.n_agreed / one.n for one, weight in zip(counts, weights, strict=True))


def _spread(counts: Sequence[Counts], weights: Sequence[float]) -> float:
    """What p (1 - p) is multiplied with to give the variance of the weighted share."""
    return sum(weight**2 / one.n for one, weight in zip(counts, weights, strict=True))


def _limits(counts: Sequence[Counts], weights: Sequence[float]) -> tuple[float, float]:
    """Stratified Wilson limits: each plan's at a z that makes their weighted sum a 95 % interval (Yan and Su 2010)."""
    errors = [math.sqrt(max(one.n_agreed * (one.n - one.n_agreed), 0.25) / one.n**3) for one in counts]
    parts = [weight * error for weight, error in zip(weights, errors, strict=True)]
    z = Z_95 * math.sqrt(sum(part**2 for part in parts)) / sum(parts)
    limits = [wilson(one.n_agreed, one.n, z) for one in counts]
    low, high = (sum(w * limit[end] for w, limit in zip(weights, limits, strict=True)) for end in (0, 1))
    return low, high
