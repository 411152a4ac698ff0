"""Intervals for shares and for AUC. Pure functions, no database.

Leaves out exact and stratified intervals, which come with the audit.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

Z_95 = 1.959963984540054  # standard normal, two-sided 95 %
STEPS = 60  # bisections: 2^-60 is below float64's resolution of a share


@dataclass(frozen=True, slots=True)
class Share:
    """A share with its n and 95 % interval. With n = 0 there is nothing to say: value, low and high are None."""

    n: int
    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Auc:
    """Area under the ROC curve with a 95 % interval."""

    n_positive: int
    n_negative: int
    value: float | None
    low: float | None
    high: float | None


def wilson(successes: float, n: float, z: float = Z_95) -> tuple[float, float]:
    """Wilson's score interval (low, high) of a share; `successes` may be fractional (shared credit), n too (effective).

    Worked: 81 of 263 gives (0.2553, 0.3662).

    Raises ValueError when n is not positive or successes lie outside 0..n.
    Source: Wilson 1927; worked value of Newcombe 1998, table I, method 3.
    """
    if n <= 0 or not 0 <= successes <= n:
        raise ValueError(f"{successes} successes of {n}: n must be positive and successes between 0 and n")
    share = successes / n
    centre = share + z * z / (2 * n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    low = 0.0 if successes == 0 else (centre - half) / scale
    high = 1.0 if successes == n else (centre + half) / scale
    return low, high


def share(successes: float, n: int) -> Share:
    """The share with its Wilson interval; empty when n is 0."""
    if n == 0:
        return Share(0, None, None, None)
    return Share(n, successes / n, *wilson(successes, n))


def auc(positives: Sequence[float], negatives: Sequence[float], z: float = Z_95) -> Auc:
    """How often a positive outranks a negative (ties count half), with an interval.

    The variance is Hanley and McNeil's (1982), inverted as a score interval (Newcombe 2006): unlike DeLong's it keeps
    a width when the two groups do not overlap and the AUC is 1.
    """
    m, n = len(positives), len(negatives)
    if m == 0 or n == 0:
        return Auc(m, n, None, None, None)
    ordered = sorted(negatives)
    wins = sum(bisect_left(ordered, value) + bisect_right(ordered, value) for value in positives) / 2
    found = wins / (m * n)
    return Auc(m, n, found, _limit(found, m, n, z, towards=0.0), _limit(found, m, n, z, towards=1.0))


def _limit(found: float, m: int, n: int, z: float, *, towards: float) -> float:
    """The AUC furthest from the one found that is still within z of its own standard errors."""
    inside, outside = found, towards
    for _ in range(STEPS):
        middle = (inside + outside) / 2
        is_within = abs(found - middle) <= z * math.sqrt(_variance(middle, m, n))
        inside, outside = (middle, outside) if is_within else (inside, middle)
    return (inside + outside) / 2


def _variance(area: float, m: int, n: int) -> float:
    """Hanley and McNeil 1982, equation 2, with their exponential approximations of Q1 and Q2."""
    q1, q2 = area / (2 - area), 2 * area * area / (1 + area)
    spread = area * (1 - area) + (m - 1) * (q1 - area * area) + (n - 1) * (q2 - area * area)
    return max(0.0, spread) / (m * n)
