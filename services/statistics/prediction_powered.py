"""A share of a finite population from looks and from calibrated confidence on every item (PPI++). (In work.)"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.statistics.exact import LEVEL, Bound


@dataclass(frozen=True, slots=True)
class Prediction:
    """Cross-fitted confidence: of each look by models that have not seen it, and the mean over the population."""

    of_looks: tuple[float, ...]
    mean_of_all: float


def cross_fitted(
    margins: Sequence[float], agrees: Sequence[int | None], population_margins: Sequence[float], *, seed: int = 0
) -> Prediction:
    """Confidence for `interval`: `agrees` is 1, 0 or None (unresolved: not fitted on)."""
    raise NotImplementedError


def interval(
    agrees: Sequence[int | None],
    prediction: Prediction,
    *,
    population: int,
    strata: Sequence[str] | None = None,
    stratum_population: dict[str, int] | None = None,
    census: tuple[int, int] = (0, 0),
    level: float = LEVEL,
) -> Bound | None:
    """The prediction-powered interval; None where too few errors or successes were seen for it to be trusted."""
    raise NotImplementedError


def pick(exact: Bound, powered: Bound | None) -> Bound:
    """The prediction-powered interval where it may be used and is tighter, else the exact one."""
    return exact if powered is None or powered.width >= exact.width else powered
