"""Two people over the same items: how often they say the same, Cohen's kappa, Kendall's tau-b of their rankings.

Kappa is scikit-learn's and tau-b SciPy's; intervals resample items. A pair of answers that are always the same single
thing has no kappa (chance would explain it all): None, never 0. Leaves out alpha (alpha.py) and who is compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.people.alpha import FEWEST, N_RESAMPLES, Coefficient, ends, perfect
from services.statistics.bootstrap import mean_interval

Floats = NDArray[np.float64]
FEWEST_SHARED = 10  # items: kappa over fewer is biased low, and so would be a mean of many such


def kappa(first: Sequence[int], second: Sequence[int], *, seed: int = 0) -> Coefficient:
    """Cohen's kappa of two people's categories, item by item.

    Worked: Cohen 1960, three categories over 200 cases: 0.492.
    """
    from sklearn.metrics import cohen_kappa_score

    categories = sorted({*first, *second})
    n = len(first)
    if n < FEWEST or len(categories) < 2:
        return Coefficient(n, None, None, None)
    value = float(cohen_kappa_score(first, second, labels=categories))
    if value >= 1.0:
        return perfect(n)
    cells = confusion(first, second, categories)
    drawn = np.random.default_rng(seed).multinomial(n, cells / n, size=N_RESAMPLES).astype(np.float64)
    found = kappas_of(drawn)
    found = found[np.isfinite(found)]
    if not np.isfinite(value) or len(found) < N_RESAMPLES / 2:
        return Coefficient(n, value if np.isfinite(value) else None, None, None)
    return Coefficient(n, value, *ends(found, value, n))


def confusion(first: Sequence[int], second: Sequence[int], categories: Sequence[int]) -> Floats:
    """How often the first said c and the second d: (V * V,)."""
    place = {category: row for row, category in enumerate(categories)}
    cells = np.zeros((len(categories), len(categories)))
    for one, other in zip(first, second, strict=True):
        cells[place[one], place[other]] += 1
    return cells.ravel()


def kappas_of(cells: Floats) -> Floats:
    """Kappa of confusion matrices, (R, V * V) -> (R,); NaN where chance leaves nothing to agree on."""
    n_values = round(cells.shape[1] ** 0.5)
    tables = cells.reshape(-1, n_values, n_values)
    n = tables.sum(axis=(1, 2))
    with np.errstate(divide="ignore", invalid="ignore"):
        same = np.trace(tables, axis1=1, axis2=2) / n
        chance = (tables.sum(axis=2) * tables.sum(axis=1)).sum(axis=1) / n**2
        found: Floats = np.where(chance < 1, (same - chance) / (1 - chance), np.nan)
    return found


@lru_cache(maxsize=20_000)  # many items hold the same few pairs of rankings
def tau_b(first: tuple[float | None, ...], second: tuple[float | None, ...]) -> float | None:
    """Kendall's tau-b of two rankings of one item's candidates; None where one of them ties everything.

    Args:
        first, second: the place of each candidate, ties at their mean place, None for one that was not ranked.
    """
    from scipy.stats import kendalltau

    both = [(a, b) for a, b in zip(first, second, strict=True) if a is not None and b is not None]
    if len({a for a, _ in both}) < 2 or len({b for _, b in both}) < 2:
        return None
    return float(kendalltau([a for a, _ in both], [b for _, b in both], variant="b").statistic)


def mean_tau(taus: Sequence[float]) -> Coefficient:
    """The mean of items' tau-b, by resampling items (BCa)."""
    if taus and min(taus) >= 1.0:
        return perfect(len(taus))
    found = mean_interval(taus)
    return Coefficient(found.n, found.value, found.low, found.high)


def mean_kappa(pairs: Sequence[tuple[Sequence[Any], Sequence[int], Sequence[int]]], *, seed: int = 0) -> Coefficient:
    """The mean kappa of all pairs of people: (items, first's, second's categories) of each pair.

    Light's mean (1971), each pair weighing as much as the items they share, over pairs that share FEWEST_SHARED or
    more. Items are resampled for all pairs at once: one item is answered by several of them.
    """
    n_items = len({item for listed, _, _ in pairs for item in listed})
    pairs = [pair for pair in pairs if len(pair[0]) >= FEWEST_SHARED]
    items = sorted({item for listed, _, _ in pairs for item in listed})
    categories = sorted({one for _, first, second in pairs for one in (*first, *second)})
    if len(items) < FEWEST or len(categories) < 2:
        return Coefficient(n_items, None, None, None)
    place = {item: column for column, item in enumerate(items)}
    resamples = np.random.default_rng(seed).multinomial(len(items), [1 / len(items)] * len(items), size=N_RESAMPLES)
    drawn = np.vstack([np.ones(len(items)), resamples.astype(np.float64)])  # the first row is the data itself
    total, weight = np.zeros(len(drawn)), np.zeros(len(drawn))
    for pair in pairs:
        found, times = _kappas_of_pair(drawn, place, pair, categories)
        times = np.where(np.isfinite(found), times, 0.0)
        total, weight = total + np.nan_to_num(found) * times, weight + times
    if weight[0] == 0:
        return Coefficient(len(items), None, None, None)
    means = total[weight > 0] / weight[weight > 0]
    if means[0] >= 1.0:
        return perfect(len(items))
    return Coefficient(len(items), float(means[0]), *ends(means[1:], float(means[0]), len(items), is_corrected=True))


def _kappas_of_pair(
    drawn: Floats, place: dict[Any, int], pair: tuple[Sequence[Any], Sequence[int], Sequence[int]], categories: Any
) -> tuple[Floats, Floats]:
    """(kappa of one pair, items drawn) in each resample, items counted as often as they were drawn: (R,) each."""
    listed, first, second = pair
    row = {category: n for n, category in enumerate(categories)}
    said = np.zeros((len(listed), len(categories) ** 2))
    cells = [row[one] * len(categories) + row[other] for one, other in zip(first, second, strict=True)]
    said[np.arange(len(listed)), cells] = 1
    times = drawn[:, [place[item] for item in listed]]
    return kappas_of(times @ said), times.sum(axis=1)
