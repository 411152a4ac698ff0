"""Intervals for a mean and for a paired difference, by resampling items. Pure functions over numbers, numpy only.

    paired    both ways are measured on the same items, so it is the items' differences that are resampled
    interval  95 %, BCa: percentiles corrected for bias and skew (Efron 1987), 10,000 resamples, seeded
    p-value   two-sided sign-flip test: the differences' signs are turned at random, as if neither way were better

Limits. Items are taken for independent: many items of one source make every interval too narrow. With few items (say
under 20) the interval is too narrow as well, and with no spread at all it is a point, however few items; the p-value
still holds then, so `is_noise` asks both. A share of right and wrong has Wilson's interval (intervals.py) instead.
Leaves out correlations (correlation.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from services.statistics.intervals import Share

N_RESAMPLES = 10_000
LEVEL = 0.95
AT_ONCE = 2_000_000  # draws held at a time: 16 MB of float64
FEW_VALUES = 64  # with so few different values a resample is their counts, drawn at once
ENUMERATED = 14  # differences that are not 0: up to 2^14 turned signs are all tried
NORMAL = NormalDist()

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Mean(Share):
    """A mean with its n and 95 % interval; None where there is nothing to say (an interval takes two values)."""


@dataclass(frozen=True, slots=True)
class Difference:
    """mean(a) - mean(b) over n items measured both ways; an interval takes two items, n = 0 says nothing."""

    n: int
    value: float | None
    low: float | None
    high: float | None
    p_value: float | None

    @property
    def is_noise(self) -> bool:
        """Whether nothing shows that the two differ: 0 lies in the interval, or turned signs do as well (p > 0.05)."""
        if self.low is None or self.high is None or self.p_value is None:
            return True
        return self.low <= 0 <= self.high or self.p_value > 1 - LEVEL


def paired_difference(
    a: Sequence[float], b: Sequence[float], *, seed: int = 0, n_resamples: int = N_RESAMPLES
) -> Difference:
    """How much higher a's mean is than b's, item by item over the same items.

    Raises ValueError when the two are not equally long or a number is not finite.
    """
    if len(a) != len(b):
        raise ValueError(f"{len(a)} values against {len(b)}; a paired difference needs the same items both ways")
    differences = _finite(a) - _finite(b)
    found = _mean_interval(differences, seed=seed, n_resamples=n_resamples)
    p_value = _sign_flip_p(differences, seed=seed, n_resamples=n_resamples) if len(differences) else None
    return Difference(found.n, found.value, found.low, found.high, p_value)


def mean_interval(values: Sequence[float], *, seed: int = 0, n_resamples: int = N_RESAMPLES) -> Mean:
    """The mean with its interval. Raises ValueError when a number is not finite."""
    return _mean_interval(_finite(values), seed=seed, n_resamples=n_resamples)


def _finite(values: Sequence[float]) -> Floats:
    array = np.asarray(values, dtype=np.float64)
    if not np.isfinite(array).all():
        raise ValueError("a value is not a finite number; leave out what was not measured")
    return array


def _mean_interval(values: Floats, *, seed: int, n_resamples: int) -> Mean:
    n = len(values)
    if n == 0:
        return Mean(0, None, None, None)
    mean = float(values.mean())
    if n == 1:
        return Mean(1, mean, None, None)
    if np.ptp(values) == 0:
        return Mean(n, mean, mean, mean)
    means = resampled_means(values, seed=seed, n_resamples=n_resamples)
    low, high = np.quantile(means, _bca_levels(values, means))
    return Mean(n, mean, float(low), float(high))


def resampled_means(values: Floats, *, seed: int, n_resamples: int) -> Floats:
    """Means of resamples with replacement: (n,) -> (n_resamples,).

    Where few different values occur (credits are 0, 1/2, 1), how often each is drawn is one multinomial draw: the same
    distribution as drawing item by item, at a cost that does not grow with n.
    """
    generator = np.random.default_rng(seed)
    n = len(values)
    different, counts = np.unique(values, return_counts=True)
    if len(different) <= FEW_VALUES:
        means: Floats = generator.multinomial(n, counts / n, size=n_resamples) @ different / n
        return means
    rows = max(1, AT_ONCE // n)
    parts = [
        values[generator.integers(0, n, size=(min(rows, n_resamples - start), n), dtype=np.int32)].mean(axis=1)
        for start in range(0, n_resamples, rows)
    ]
    return np.concatenate(parts)


def _bca_levels(values: Floats, means: Floats) -> list[float]:
    """Which quantiles of the resampled means bound the interval.

    bias    z0 = where the mean itself stands among them (half of the equal ones lie below)
    skew    a = sum of cubed deviations / (6 * (sum of squared deviations)^1.5), the jackknife's for a mean
    """
    mean = values.mean()
    tolerance = 1e-12 * max(1.0, abs(mean))
    below = np.count_nonzero(means < mean - tolerance)
    equal = np.count_nonzero(np.abs(means - mean) <= tolerance)
    share = min(max((below + equal / 2) / len(means), 1 / len(means)), 1 - 1 / len(means))
    bias = NORMAL.inv_cdf(share)
    deviations = values - mean
    skew = float((deviations**3).sum() / (6 * (deviations**2).sum() ** 1.5))
    tails = [NORMAL.inv_cdf((1 - LEVEL) / 2), NORMAL.inv_cdf((1 + LEVEL) / 2)]
    return [NORMAL.cdf(bias + (bias + tail) / (1 - skew * (bias + tail))) for tail in tails]


def _sign_flip_p(differences: Floats, *, seed: int, n_resamples: int) -> float:
    """How often differences with signs turned at random are, on the whole, as far from 0 as these.

    All 2^m ways where m differences are not 0 and m is small, else a sample that counts what was found as one of it.
    """
    sizes = np.abs(differences[differences != 0])
    if not len(sizes):
        return 1.0
    limit = abs(float(differences.sum())) - 1e-9 * float(sizes.sum())
    if len(sizes) <= ENUMERATED:
        ways = (np.arange(2 ** len(sizes))[:, None] >> np.arange(len(sizes))) & 1
        return float(np.mean(np.abs((2.0 * ways - 1) @ sizes) >= limit))
    reached = np.count_nonzero(np.abs(_turned_sums(sizes, seed=seed, n_resamples=n_resamples)) >= limit)
    return float((reached + 1) / (n_resamples + 1))


def _turned_sums(sizes: Floats, *, seed: int, n_resamples: int) -> Floats:
    """Sums of the sizes under random signs: (m,) -> (n_resamples,)."""
    generator = np.random.default_rng([seed, 1])
    different, counts = np.unique(sizes, return_counts=True)
    if len(different) <= FEW_VALUES:
        positive = generator.binomial(counts, 0.5, size=(n_resamples, len(counts)))
        sums: Floats = (2.0 * positive - counts) @ different
        return sums
    rows = max(1, AT_ONCE // len(sizes))
    parts = [
        (2.0 * generator.integers(0, 2, size=(min(rows, n_resamples - start), len(sizes)), dtype=np.int8) - 1) @ sizes
        for start in range(0, n_resamples, rows)
    ]
    return np.concatenate(parts)
