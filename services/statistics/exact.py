"""Exact intervals for a share of a finite population, from items drawn at random without replacement.

    n of N items drawn, x of them successes        X ~ hypergeometric(N, K, n), K unknown
    low    the smallest K with P(X >= x | K) > alpha / 2, over N
    high   the largest  K with P(X <= x | K) > alpha / 2, over N

Both ends invert an exact test, so the interval covers with at least its level for every N, n and K (Buonaccorsi 1987;
Wright 1991). With no population given it is Clopper and Pearson's (1934). A look without an outcome (skipped, flagged,
split) counts as a failure for the low end and as a success for the high end: whatever it would have been, the interval
covers.

Says nothing about items that were not drawn at random, nor about looking until the figure pleases (docs/audit.md).
Leaves out strata (stratified.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Bound:
    """A share with an interval that holds for the whole population. Without any look value, low and high are None.

    n: looks with an outcome; the value is over these. n_unresolved: looks without one, taken at worst on both ends.
    method: how the interval came about, in words for a report.
    population: how many items the share is of; None: endless.
    """

    n: int
    value: float | None
    low: float | None
    high: float | None
    method: str
    n_unresolved: int = 0
    population: int | None = None
    level: float = LEVEL

    @property
    def width(self) -> float:
        """high - low; 1 where nothing is known."""
        return 1.0 if self.low is None or self.high is None else self.high - self.low


def finite_interval(
    successes: int, n: int, population: int | None = None, *, unresolved: int = 0, level: float = LEVEL
) -> Bound:
    """The share of successes in the population, from `n` looks with an outcome and `unresolved` ones without.

    Worked: 2 successes in 10 of 50 items give 2/50 to 26/50; Clopper-Pearson 81 of 263 gives (0.2527, 0.3676).

    Raises ValueError when the counts do not fit together.
    """
    check_counts(successes, n, unresolved, population)
    drawn = n + unresolved
    if drawn == 0:
        return Bound(0, None, None, None, "no look", 0, population, level)
    alpha = (1 - level) / 2
    low = lower_share(successes, drawn, population, alpha=alpha)
    high = 1 - lower_share(n - successes, drawn, population, alpha=alpha)
    value = successes / n if n else None
    method = "Clopper-Pearson" if population is None else "exact, finite population"
    return Bound(n, value, low, high, method, unresolved, population, level)


def lower_share(successes: int, n: int, population: int | None, *, alpha: float) -> float:
    """The one-sided lower limit of the share at level 1 - alpha (the upper one: 1 minus the failures' lower limit)."""
    if population is None:
        from scipy.special import betaincinv

        return float(betaincinv(successes, n - successes + 1, alpha)) if successes else 0.0
    return lower_count(successes, n, population, alpha=alpha) / population if population else 0.0


@lru_cache(maxsize=20_000)
def lower_count(successes: int, n: int, population: int, *, alpha: float) -> int:
    """The fewest successes in the population under which so many in the sample are not too surprising (p > alpha)."""
    low, high = successes, population - (n - successes)  # the sample itself rules out everything outside
    while low < high:
        middle = (low + high) // 2
        if chance_at_least(successes, n, population, middle) > alpha:
            high = middle
        else:
            low = middle + 1
    return low


def chance_at_least(count: int, n: int, population: int, total: int) -> float:
    """P(X >= count) when n of the population are drawn and `total` of it are of the kind counted."""
    from scipy.stats import hypergeom

    return float(hypergeom.sf(count - 1, population, total, n))


def chance_at_most(count: int, n: int, population: int, total: int) -> float:
    """P(X <= count) when n of the population are drawn and `total` of it are of the kind counted."""
    from scipy.stats import hypergeom

    return float(hypergeom.cdf(count, population, total, n))


def check_counts(successes: int, n: int, unresolved: int, population: int | None) -> None:
    """Raises ValueError unless 0 <= successes <= n, unresolved >= 0 and all looks fit into the population."""
    if not 0 <= successes <= n or unresolved < 0:
        raise ValueError(f"{successes} successes of {n} looks, {unresolved} unresolved: successes lie between 0 and n")
    if population is not None and n + unresolved > population:
        raise ValueError(f"{n + unresolved} looks at {population} items: each item of the sample counts once")
