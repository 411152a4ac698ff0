"""Correlations with 95 % intervals: Pearson, Spearman, Kendall's tau-b; and for pairs that share their models.

    pearson         Fisher's z, standard error 1 / sqrt(n - 3): exact for normal pairs, rough for heavy tails
    spearman        Pearson of mean ranks; Fisher's z with sqrt((1 + r^2 / 2) / (n - 3)) (Bonett and Wright 2000)
    kendall_tau_b   ties corrected; Fisher's z with sqrt(0.437 / (n - 4)) (Fieller, Hartley and Pearson 1957)

These take the n points for independent. The M x (M - 1) ordered pairs of one map are not: each model stands in
2 x (M - 1) of them, and a pair turned round has nearly the mirrored point. `over_models` therefore resamples models,
and shuffles which model has which performance for its p-value; its interval is the one to show for a map.
Leaves out drawing and what a performance is (pair_map.py). No scipy: numpy does.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from services.statistics.intervals import Z_95

N_RESAMPLES = 4_000
FEWEST_MODELS = 4  # below it resamples of models hold hardly any pairs
ALL_ORDERS = 7  # models: up to 7! = 5,040 ways of handing out the performances are all tried
AT_ONCE = 20_000_000  # numbers held at a time

Floats = NDArray[np.float64]
Kind = Literal["pearson", "spearman"]


@dataclass(frozen=True, slots=True)
class Correlation:
    """A correlation of n points with a 95 % interval; None where too few points, or one side constant, say nothing."""

    n: int
    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class MapCorrelation:
    """A correlation over the ordered pairs of one map.

    as_if_independent: what the interval would be if the pairs had nothing to do with each other; too narrow.
    low, high: 95 %, by resampling models; None with fewer than 4 models.
    p_value: one-sided; how often performances handed to the models at random correlate as strongly.
    """

    n_pairs: int
    n_models: int
    value: float | None
    low: float | None
    high: float | None
    p_value: float | None
    as_if_independent: Correlation


def pearson(x: Sequence[float], y: Sequence[float]) -> Correlation:
    """Linear correlation. Raises ValueError when the two are not equally long or a number is not finite."""
    return _interval(_pearson(*_both(x, y)), len(x), lambda _: 1 / math.sqrt(len(x) - 3), fewest=4)


def spearman(x: Sequence[float], y: Sequence[float]) -> Correlation:
    """Correlation of ranks, ties at their mean rank. Raises ValueError as `pearson` does."""
    first, second = _both(x, y)
    found = _pearson(mean_ranks(first), mean_ranks(second))
    return _interval(found, len(x), lambda r: math.sqrt((1 + r * r / 2) / (len(x) - 3)), fewest=4)


def kendall_tau_b(x: Sequence[float], y: Sequence[float]) -> Correlation:
    """(concordant - discordant pairs) / sqrt(pairs untied in x * pairs untied in y). Raises ValueError as `pearson`."""
    first, second = _both(x, y)
    agree = in_x = in_y = 0.0
    for place in range(len(first) - 1):
        dx, dy = np.sign(first[place + 1 :] - first[place]), np.sign(second[place + 1 :] - second[place])
        agree += float(dx @ dy)
        in_x, in_y = in_x + float(np.abs(dx).sum()), in_y + float(np.abs(dy).sum())
    found = agree / math.sqrt(in_x * in_y) if in_x and in_y else None
    return _interval(found, len(x), lambda _: math.sqrt(0.437 / (len(x) - 4)), fewest=5)


def mean_ranks(values: Floats) -> Floats:
    """Ranks from 1, equal values at the mean of their places.

    >>> mean_ranks(np.array([5.0, 1.0, 5.0])).tolist()
    [2.5, 1.0, 2.5]
    """
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks: Floats = (last - (counts - 1) / 2)[place]
    return ranks


def over_models(performance: Sequence[float], accuracy: Any, kind: Kind, *, seed: int = 0) -> MapCorrelation:
    """The gap performance[i] - performance[j] against accuracy[i][j], over the ordered pairs i over j.

    Args:
        performance: (M,).
        accuracy: (M, M); the diagonal is not looked at, NaN is a pair that was not measured.
    """
    levels, found = np.asarray(performance, dtype=np.float64), np.asarray(accuracy, dtype=np.float64)
    strong, weak = np.nonzero(~np.isnan(found) & ~np.eye(len(levels), dtype=bool))
    gaps, values = levels[strong] - levels[weak], found[strong, weak]
    naive = (pearson if kind == "pearson" else spearman)(gaps.tolist(), values.tolist())
    n_models = len(np.unique(np.concatenate([strong, weak])))
    if naive.value is None or n_models < FEWEST_MODELS:
        return MapCorrelation(len(gaps), n_models, naive.value, None, None, None, naive)
    resampled = _resample_models(gaps, values, strong, weak, kind, n_models=len(levels), seed=seed)
    low, high = map(float, np.quantile(resampled, [0.025, 0.975])) if len(resampled) else (None, None)
    p_value = _shuffled_p(levels, values, strong, weak, kind, seed=seed)
    return MapCorrelation(len(gaps), n_models, naive.value, low, high, p_value, naive)


def _both(x: Sequence[float], y: Sequence[float]) -> tuple[Floats, Floats]:
    first, second = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if first.shape != second.shape:
        raise ValueError(f"{len(first)} values against {len(second)}; a correlation needs pairs of them")
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        raise ValueError("a value is not a finite number; leave out what was not measured")
    return first, second


def _pearson(x: Floats, y: Floats) -> float | None:
    if len(x) < 2 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return None
    return float(np.clip(np.corrcoef(x, y)[0, 1], -1.0, 1.0))


def _interval(value: float | None, n: int, error: Callable[[float], float], *, fewest: int) -> Correlation:
    """Fisher's: tanh(atanh(r) +- 1.96 standard errors); an exact 1 or -1 has no width to give."""
    if value is None or n < fewest:
        return Correlation(n, value, None, None)
    if abs(value) > 1 - 1e-12:
        return Correlation(n, value, value, value)
    centre, half = math.atanh(value), Z_95 * error(value)
    return Correlation(n, value, math.tanh(centre - half), math.tanh(centre + half))


def _resample_models(
    gaps: Floats, values: Floats, strong: Any, weak: Any, kind: Kind, *, n_models: int, seed: int
) -> Floats:
    """Correlations over models drawn with replacement; a pair counts as often as both its models were drawn.

    A model drawn twice would stand over itself: there is no such pair, so none is counted. Resamples of fewer than
    three different models, or without spread, have no correlation and are left out.
    """
    drawn = np.random.default_rng(seed).multinomial(n_models, [1 / n_models] * n_models, size=N_RESAMPLES)
    drawn = drawn[(drawn > 0).sum(axis=1) >= 3]
    rows = max(1, AT_ONCE // (4 * len(gaps)))
    parts = [
        _weighted(gaps, values, (part[:, strong] * part[:, weak]).astype(np.float64), kind)
        for part in (drawn[start : start + rows] for start in range(0, len(drawn), rows))
    ]
    found = np.concatenate(parts) if parts else np.empty(0)
    return found[np.isfinite(found)]


def _weighted(x: Floats, y: Floats, weights: Floats, kind: Kind) -> Floats:
    """Correlations where each point counts as often as its weight says: weights (R, P) -> (R,)."""
    if kind == "spearman":
        x, y = _weighted_ranks(x, weights), _weighted_ranks(y, weights)
    total = weights.sum(axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        dx = x - (weights * x).sum(axis=1, keepdims=True) / total
        dy = y - (weights * y).sum(axis=1, keepdims=True) / total
        spread = (weights * dx * dx).sum(axis=1) * (weights * dy * dy).sum(axis=1)
        found: Floats = (weights * dx * dy).sum(axis=1) / np.sqrt(np.where(spread > 1e-18, spread, np.nan))
    return found


def _weighted_ranks(values: Floats, weights: Floats) -> Floats:
    """Mean ranks of points that count several times: (P,), (R, P) -> (R, P)."""
    order = np.argsort(values, kind="stable")
    _, group = np.unique(values, return_inverse=True)
    ends = np.searchsorted(group[order], np.arange(group.max() + 1), side="right")
    up_to = np.cumsum(weights[:, order], axis=1)[:, ends - 1]  # (R, groups): points up to and with each group
    before = np.concatenate([np.zeros((len(weights), 1)), up_to[:, :-1]], axis=1)
    ranks: Floats = ((before + up_to + 1) / 2)[:, group]
    return ranks


def _shuffled_p(levels: Floats, values: Floats, strong: Any, weak: Any, kind: Kind, *, seed: int) -> float:
    """Mantel's test: the share of ways to hand out the performances that correlate at least as strongly as this one.

    Every way hands out the same gaps, so that each gap keeps its rank wherever it lands.
    """
    n = len(levels)
    if n <= ALL_ORDERS:
        orders = np.array(list(permutations(range(n))))
    else:
        generator = np.random.default_rng([seed, 1])
        orders = np.array([np.arange(n), *(generator.permutation(n) for _ in range(N_RESAMPLES))])
    gaps = np.round(levels[:, None] - levels[None, :], 12)  # equal gaps stay equal after subtracting
    if kind == "spearman":
        is_pair = ~np.eye(n, dtype=bool)  # a model over itself is no gap, and takes no rank
        gaps[is_pair] = mean_ranks(gaps[is_pair])
        values = mean_ranks(values)
    handed = gaps[orders[:, strong], orders[:, weak]]  # (orders, pairs); the first order is the one found
    handed = handed - handed.mean(axis=1, keepdims=True)
    spread = np.sqrt((handed**2).sum(axis=1))
    scores = handed @ (values - values.mean()) / np.where(spread > 0, spread, np.inf)
    return float(np.mean(scores >= scores[0] - 1e-9 * abs(scores[0])))
