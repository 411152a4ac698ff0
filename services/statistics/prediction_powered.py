"""A share of a finite population from random looks and from calibrated confidence on every item (PPI++).

    estimate   lambda mean(confidence of all) + mean(outcome - lambda confidence) over the looks
               lambda = cov(outcome, confidence) / var(confidence), within 0 and 1: worthless confidence is not used
    interval   Clopper-Pearson at the estimate, for as many looks as would vary as little (Korn and Graubard 1998)

Angelopoulos, Duchi and Zrnic 2023 (PPI++), with each look's confidence from curves fitted without it (Zrnic and Candes
2024) and the variance of sampling without replacement. In surveys this is the difference estimator.

Not exact: its variance is estimated from the errors that were seen. So it is given only with at least 20 errors and 20
agreements among the looks, and taken only where it is clearly tighter than the exact interval. With fewer errors the
simulation finds it too short (docs/audit.md); with many, choosing the tighter of the two kept 95 %.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.statistics.curves import METHODS, Method, Shape, fit_curve, folds
from services.statistics.exact import LEVEL, Bound

FEWEST_OF_EACH = 20  # errors and agreements among the looks
TIGHTER = 0.97  # of the exact width, or less, for it to be taken
UNSEEN = 2.0  # surprises added to what each stratum's variance is told by: an error where none was expected
N_FOLDS = 5
FLAT = 1e-12  # a variance of confidence that is rounding only
METHOD = "prediction-powered"

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Prediction:
    """Cross-fitted confidence: of each look by curves that have not seen it, and the mean over the population."""

    of_looks: tuple[float, ...]
    mean_of_all: float


def cross_fitted(
    margins: Sequence[float] | Floats,
    agrees: Sequence[int | None],
    population_margins: Sequence[float] | Floats,
    *,
    seed: int = 0,
) -> Prediction | None:
    """Confidence for `interval`: `agrees` is 1, 0 or None (unresolved: not fitted on). None with too few outcomes.

    Every fold's curve is fitted without it; which kind of curve, the Brier scores on all folds say.
    """
    x, everything = np.asarray(margins, dtype=np.float64), np.asarray(population_margins, dtype=np.float64)
    y = np.array([math.nan if agreed is None else float(agreed) for agreed in agrees])
    if not _is_enough(y):
        return None
    known = ~np.isnan(y)
    fold = folds(np.nan_to_num(y, nan=0.5), n_folds=N_FOLDS, seed=seed)
    fitted = {method: _held_out(method, x, y, fold) for method in METHODS}
    said, curves = min(fitted.values(), key=lambda one: float(np.mean((one[0][known] - y[known]) ** 2)))
    means = [float(curve.at(everything).mean()) for curve in curves]
    return Prediction(tuple(said.tolist()), float(np.mean(means)))


def _held_out(method: Method, x: Floats, y: Floats, fold: NDArray[np.int64]) -> tuple[Floats, list[Shape]]:
    said, curves = np.empty(len(x)), []
    for number in range(N_FOLDS):
        mine, fitted_on = fold == number, (fold != number) & ~np.isnan(y)
        curves.append(fit_curve(method, x[fitted_on], y[fitted_on]))
        said[mine] = curves[-1].at(x[mine])
    return said, curves


def interval(
    agrees: Sequence[int | None],
    prediction: Prediction | None,
    *,
    population: int,
    strata: Sequence[str] | None = None,
    stratum_population: Mapping[str, int] | None = None,
    census: tuple[int, int] = (0, 0),
    level: float = LEVEL,
) -> Bound | None:
    """The prediction-powered interval of the share that agrees; None where too few of either outcome were seen.

    Args:
        agrees: the random looks; None (unresolved) is an error at the low end and an agreement at the high end.
        population: items the looks were drawn from; the prediction's mean is over them.
        strata, stratum_population: of a stratified draw: each look's stratum, and how many items each has.
        census: (agreed, n) of items outside the population whose outcome is known.

    Raises ValueError when lengths do not fit together.
    """
    y = np.array([math.nan if agreed is None else float(agreed) for agreed in agrees])
    if prediction is None or not _is_enough(y):
        return None
    said = np.asarray(prediction.of_looks)
    names = ["" for _ in y] if strata is None else list(strata)
    if not len(said) == len(names) == len(y):
        raise ValueError(f"{len(y)} outcomes, {len(said)} confidences, {len(names)} strata: one of each for every look")
    sizes = {"": population} if stratum_population is None else dict(stratum_population)
    ends = []
    for unresolved, side in ((0.0, 0), (1.0, 1), (None, 2)):
        kept = ~np.isnan(y) if unresolved is None else np.ones(len(y), dtype=bool)
        outcome = y if unresolved is None else np.nan_to_num(y, nan=unresolved)
        found = _estimate(outcome[kept], said[kept], prediction.mean_of_all, _strata(names, kept, sizes))
        if found is None:
            return None
        ends.append(found[0] if side == 2 else _limits(*found, n=int(kept.sum()), level=level)[side])
    known, n_known = census
    low, high, value = ((known + end * population) / (population + n_known) for end in ends)
    n = int((~np.isnan(y)).sum())
    return Bound(n, value, low, high, METHOD, len(y) - n, population + n_known, level)


def pick(exact: Bound, powered: Bound | None) -> Bound:
    """The prediction-powered interval where it may be used and is clearly tighter, else the exact one."""
    return powered if powered is not None and powered.width <= TIGHTER * exact.width else exact


def _is_enough(y: Floats) -> bool:
    return min(int(np.sum(y == 1)), int(np.sum(y == 0))) >= FEWEST_OF_EACH


def _strata(names: list[str], kept: NDArray[np.bool_], sizes: Mapping[str, int]) -> list[tuple[NDArray[np.bool_], int]]:
    """(which of the kept looks, size) of each stratum."""
    mine = np.array(names, dtype=object)[kept]
    return [(mine == name, size) for name, size in sizes.items() if size]


def _estimate(
    y: Floats, said: Floats, mean_of_all: float, strata: list[tuple[NDArray[np.bool_], int]]
) -> tuple[float, float, int] | None:
    """(share, variance, degrees of freedom); None where a stratum has fewer than 2 looks to tell its spread by."""
    total, fewest = sum(size for _, size in strata), min(int(mine.sum()) for mine, _ in strata)
    if fewest < 2:
        return None
    weight = np.zeros(len(y))
    for mine, size in strata:
        weight[mine] = size / total / mine.sum()
    centred = said - weight @ said
    spread = float(weight @ centred**2)
    power = min(1.0, max(0.0, float(weight @ (centred * y)) / spread)) if spread > FLAT else 0.0
    rest = y - power * said
    degrees = len(y) - len(strata) - 1
    variance = 0.0
    for mine, size in strata:
        n = int(mine.sum())
        spread = float(rest[mine].var(ddof=1)) * (len(y) - len(strata)) / max(1, degrees)  # lambda was fitted too
        variance += (size / total) ** 2 * (1 - n / size) * (spread + UNSEEN * power**2 / n) / n
    return float(power * mean_of_all + weight @ rest), variance, degrees


def _limits(share: float, variance: float, degrees: int, *, n: int, level: float) -> tuple[float, float]:
    """Clopper and Pearson's limits at the effective number of looks, corrected for how well that is known."""
    from scipy.stats import t

    share, alpha = min(1.0, max(0.0, share)), (1 - level) / 2
    if variance <= 0 or not 0 < share < 1:
        return 0.0, 1.0
    looks = share * (1 - share) / variance * float((t.isf(alpha, n - 1) / t.isf(alpha, max(1, degrees))) ** 2)
    return _clopper(share, looks, alpha), 1 - _clopper(1 - share, looks, alpha)


def _clopper(share: float, looks: float, alpha: float) -> float:
    from scipy.special import betaincinv

    return float(betaincinv(share * looks, looks - share * looks + 1, alpha))
