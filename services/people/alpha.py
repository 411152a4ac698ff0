"""Krippendorff's alpha with an interval: agreement of any number of people, gaps allowed, beyond what chance gives.

    alpha = 1 - observed / expected disagreement        1: no disagreement, 0: as if answers were dealt out at random

The value is the `krippendorff` package's. The interval resamples items (percentiles, see `ends`); all units of an
item are drawn together, because one person's places for A and for B depend on each other. Nobody ever disagreeing
leaves nothing to resample; then the low end is what is left if as many items as their number still allows (the upper
Wilson limit of none) were in disagreement, half of which chance would give.

Leaves out which answers become which values (agreement.py). Sources: Krippendorff 2011, "Computing Krippendorff's
alpha-reliability"; the resampling of units of analysis after Zapf et al. 2016.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from services.statistics.intervals import wilson

N_RESAMPLES = 1_000
NORMAL = NormalDist()
FEWEST = 2  # items that two people answered: below it there is nothing to resample

Floats = NDArray[np.float64]
Level = Literal["nominal", "ordinal"]
Unit = Sequence[float]  # what people said of one thing, one value each


@dataclass(frozen=True, slots=True)
class Coefficient:
    """A coefficient of agreement over n items that two or more people answered, with its 95 % interval.

    None where it cannot be told: too few items, or everybody always said the same single thing.
    """

    n: int
    value: float | None
    low: float | None
    high: float | None


def alpha(units_by_item: Mapping[Any, Sequence[Unit]], level: Level, *, seed: int = 0) -> Coefficient:
    """Alpha over all units of all items; a unit that fewer than two people spoke of says nothing.

    Worked: the twelve units of Krippendorff 2011 with four observers give 0.743 nominal and 0.815 ordinal.
    """
    import krippendorff

    pairable = [[unit for unit in units if len(unit) > 1] for units in units_by_item.values()]
    pairable = [units for units in pairable if units]
    values = sorted({value for units in pairable for unit in units for value in unit})
    if len(pairable) < FEWEST or len(values) < 2:
        return Coefficient(len(pairable), None, None, None)
    counts = [_counts(units, values) for units in pairable]
    found = float(
        krippendorff.alpha(
            value_counts=np.concatenate(counts), value_domain=np.array(values), level_of_measurement=level
        )
    )
    coincidences = np.array([_coincidences(unit) for unit in counts])
    if found >= 1.0:
        return perfect(len(pairable))
    return Coefficient(len(pairable), found, *_interval(coincidences, level, found, seed=seed))


def _counts(units: Sequence[Unit], values: Sequence[float]) -> Floats:
    """How many people gave each value to each unit of an item: (U, V)."""
    place = {value: column for column, value in enumerate(values)}
    counts = np.zeros((len(units), len(values)))
    for row, unit in enumerate(units):
        for value in unit:
            counts[row, place[value]] += 1
    return counts


def _coincidences(counts: Floats) -> Floats:
    """An item's share of the coincidence matrix: (U, V) -> (V * V,)."""
    pairs = counts[:, :, None] * counts[:, None, :] - counts[:, :, None] * np.eye(counts.shape[1])
    total: Floats = (pairs / (counts.sum(axis=1) - 1)[:, None, None]).sum(axis=0).ravel()
    return total


def _interval(coincidences: Floats, level: Level, value: float, *, seed: int) -> tuple[float | None, float | None]:
    """From resampled items: items with one matrix are drawn together, so that many items cost no more."""
    different, times = np.unique(coincidences, axis=0, return_counts=True)
    n = len(coincidences)
    drawn = np.random.default_rng(seed).multinomial(n, times / n, size=N_RESAMPLES)
    found = alphas_of(drawn @ different, level)
    return ends(found[np.isfinite(found)], value, n)


def ends(resampled: Floats, value: float, n: int, *, is_corrected: bool = False) -> tuple[float | None, float | None]:
    """The ends of a 95 % interval from values over n resampled items; None when too few could be computed.

    Percentiles, set further out where items are few, as far as Student's t stands outside the normal (Hesterberg 2015:
    plain ones are too narrow), and by half of what one item more in disagreement makes out (1 / n where chance has
    half of them disagree): the value moves in steps. What they cover: bench/people_intervals.py.

    Args:
        is_corrected: for bias as well (Efron 1981): where resampling lowers the value itself.
    """
    from scipy.stats import t

    if len(resampled) < N_RESAMPLES / 2:
        return None, None
    below = np.count_nonzero(resampled < value - 1e-12) + np.count_nonzero(np.abs(resampled - value) <= 1e-12) / 2
    share = min(max(below / len(resampled), 1 / len(resampled)), 1 - 1 / len(resampled))
    bias = NORMAL.inv_cdf(share) if is_corrected else 0.0
    tail = float(t.ppf(0.975, n - 1)) * math.sqrt(n / (n - 1))
    low, high = np.quantile(resampled, [NORMAL.cdf(2 * bias - tail), NORMAL.cdf(2 * bias + tail)])
    return float(low) - 1 / n, min(1.0, float(high) + 1 / n)


def alphas_of(coincidences: Floats, level: Level) -> Floats:
    """Alpha of coincidence matrices, (R, V * V) -> (R,); NaN where only one value is left."""
    n_values = round(coincidences.shape[1] ** 0.5)
    seen = coincidences.reshape(-1, n_values, n_values)
    by_value = seen.sum(axis=2)
    total = by_value.sum(axis=1)
    chance = by_value[:, :, None] * by_value[:, None, :] - by_value[:, :, None] * np.eye(n_values)
    distance = _distances(by_value, level)
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = (chance * distance).sum(axis=(1, 2)) / (total - 1)
        found: Floats = 1 - (seen * distance).sum(axis=(1, 2)) / np.where(expected > 0, expected, np.nan)
    return found


def _distances(by_value: Floats, level: Level) -> Floats:
    """Squared distances between values: (R, V) -> (R, V, V). Ordinal: how many answers lie between the two."""
    n_values = by_value.shape[1]
    if level == "nominal":
        return np.broadcast_to(1 - np.eye(n_values), (len(by_value), n_values, n_values))
    up_to = np.cumsum(by_value, axis=1) - by_value / 2  # to the middle of each value's own
    between: Floats = (up_to[:, :, None] - up_to[:, None, :]) ** 2
    return between


def perfect(n: int) -> Coefficient:
    """Nobody disagreed on any of n items: 1, and as low as that still allows; resampling would find no width.

    Worked: 10 items: at most 27.8 % of all items are in disagreement, so at least 1 - 2 * 0.278 = 0.445.
    """
    return Coefficient(n, 1.0, 1 - 2 * wilson(0, n)[1], 1.0)
