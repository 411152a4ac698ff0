"""Intervals of benchmark figures: shares counted over clusters, and weighted means of shares. Pure functions.

    clustered   the pairs of one prompt stand and fall together, so n is not their number but the one that their
                spread over prompts tells: Wilson's interval at n_eff = p (1 - p) / variance (Korn and Graubard 1998)
    weighted    the distance to each limit is the root of the parts' squared distances times their weights
                (MOVER, Zou and Donner 2008): Wilson's own interval when there is one part

One pair a prompt gives exactly Wilson's interval of the share of pairs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from services.statistics.intervals import Share, wilson

TINY = 1e-12  # a variance below it is rounding


@dataclass(slots=True)
class ClusterSum:
    """Credit earned and possible, summed prompt by prompt: what a share and its variance over prompts need."""

    n: int = 0  # prompts
    size: float = 0.0  # what was possible: pairs, or 1 a prompt
    credit: float = 0.0
    credit_squared: float = 0.0
    size_squared: float = 0.0
    credit_times_size: float = 0.0

    def add(self, credit: float, size: float = 1.0) -> None:
        """One more prompt; `size` 0 counts for nothing."""
        if size <= 0:
            return
        self.n += 1
        self.size += size
        self.credit += credit
        self.credit_squared += credit * credit
        self.size_squared += size * size
        self.credit_times_size += credit * size

    @property
    def value(self) -> float | None:
        """Credit by size; None when nothing was counted."""
        return None if not self.n else min(1.0, max(0.0, self.credit / self.size))

    def share(self, *, most: float | None = None) -> Share:
        """The share with its interval; `n` is the size (pairs). It is never surer than `most` draws, else the size."""
        value = self.value
        if value is None:
            return Share(0, None, None, None)
        n = self.effective_n(value, self.size if most is None else most)
        low, high = wilson(min(self.credit, n), n) if n == self.size else _limits(value, n)
        return Share(round(self.size), value, low, high)

    def effective_n(self, value: float, most: float) -> float:
        """How many independent draws would spread as much, at most so many; the prompts where nothing spreads."""
        residual = self.credit_squared - 2 * value * self.credit_times_size + value * value * self.size_squared
        variance = max(0.0, residual) / (self.size * self.size)
        spread = value * (1 - value)
        if variance <= TINY / self.size or spread <= TINY:
            return float(self.n)
        effective = spread / variance
        return self.size if abs(effective - self.size) <= self.size * TINY else min(most, effective)


def tau_share(sums: ClusterSum, *, n_pairs: float) -> Share:
    """A mean of correlations in -1..1 from their sums as (tau + 1) / 2; `n` is the number of prompts.

    A correlation of many candidates says more than one draw, but never more than their pairs do.
    """
    half = sums.share(most=max(n_pairs, sums.size))
    if half.value is None or half.low is None or half.high is None:
        return half
    return Share(sums.n, 2 * half.value - 1, 2 * half.low - 1, 2 * half.high - 1)


def weighted(parts: Sequence[tuple[float, Share]]) -> Share:
    """The weighted mean of shares with its interval; parts without a value are left out. `n` is the sum of theirs."""
    known = [(weight, part) for weight, part in parts if part.value is not None]
    total = sum(weight for weight, _ in known)
    if not total:
        return Share(0, None, None, None)
    value = sum(weight * (part.value or 0.0) for weight, part in known) / total
    below = sum((weight / total * ((part.value or 0.0) - (part.low or 0.0))) ** 2 for weight, part in known)
    above = sum((weight / total * ((part.high or 0.0) - (part.value or 0.0))) ** 2 for weight, part in known)
    return Share(sum(part.n for _, part in known), value, value - math.sqrt(below), value + math.sqrt(above))


def bounded_mean(value: float, n: int) -> Share:
    """A score that is a mean of n parts between 0 and 1, with Wilson's interval, which is wide enough for any of them.

    A score a little outside 0..1 (RewardBench 2's Ties may be) lies at the limit it passed.
    """
    if n == 0:
        return Share(0, None, None, None)
    low, high = _limits(min(1.0, max(0.0, value)), n)
    return Share(n, value, min(low, value), max(high, value))


def _limits(value: float, n: float) -> tuple[float, float]:
    return wilson(min(value * n, n), n)  # the product may round past n
