"""The curves that turn a margin into a probability: Platt's, the same on the log of the margin, isotonic.

    platt       logistic(a + b margin) (Platt 1999)
    platt-log   the same on log(1 + margin): margins are sums over tokens, and a few are very large
    isotonic    the never falling curve with the least squared error (pool adjacent violators, scikit-learn)

All on Platt's softened outcomes, (n1 + 1) / (n1 + 2) and 1 / (n0 + 2): no curve says 0 or 1 for certain.

Leaves out cross-validation, scores and intervals (calibration.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Method = Literal["platt", "platt-log", "isotonic"]
METHODS: tuple[Method, ...] = ("platt", "platt-log", "isotonic")

STEPS = 50  # Newton's; a dozen do
RIDGE = 1e-4  # keeps the slope finite where the outcomes are separated


class Shape(Protocol):
    """A fitted curve."""

    def at(self, margins: Floats) -> Floats:
        """Probabilities of these margins, same shape."""
        ...


@dataclass(frozen=True, slots=True)
class Logistic:
    """Platt's curve over (x - centre) / scale, x the margin or log(1 + margin)."""

    intercept: float
    slope: float
    centre: float
    scale: float
    is_log: bool

    def at(self, margins: Floats) -> Floats:
        from scipy.special import expit

        x = _logged(margins) if self.is_log else margins
        return np.asarray(expit(self.intercept + self.slope * (x - self.centre) / self.scale), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Isotonic:
    """Straight lines between the fitted points, level beyond the first and the last."""

    margins: tuple[float, ...]
    values: tuple[float, ...]

    def at(self, margins: Floats) -> Floats:
        return np.asarray(np.interp(margins, self.margins, self.values), dtype=np.float64)


def fit_curve(method: Method, margins: Floats, agrees: Floats) -> Shape:
    """Fit one curve on (n,) margins and outcomes 0 or 1; both outcomes need not occur."""
    return fit_isotonic(margins, agrees) if method == "isotonic" else fit_logistic(margins, agrees, method=method)


def fit_logistic(margins: Floats, agrees: Floats, *, method: Method = "platt") -> Logistic:
    """Newton's method on the two coefficients."""
    from scipy.special import expit

    x = _logged(margins) if method == "platt-log" else margins
    centre, scale = float(x.mean()), float(x.std()) or 1.0
    z = (x - centre) / scale
    target = _softened(agrees)
    design = np.stack([np.ones_like(z), z])  # (2, n)
    beta = np.zeros(2)
    for _ in range(STEPS):
        p = expit(beta @ design)
        gradient = design @ (target - p) - RIDGE * beta
        curvature = (design * (p * (1 - p))) @ design.T + RIDGE * np.eye(2)
        step = np.linalg.solve(curvature, gradient)
        beta = beta + np.clip(step, -5, 5)
        if np.abs(step).max() < 1e-9:
            break
    return Logistic(float(beta[0]), float(beta[1]), centre, scale, method == "platt-log")


def fit_isotonic(margins: Floats, agrees: Floats) -> Isotonic:
    """Equal margins are pooled first; only the corners of the curve are kept."""
    from sklearn.isotonic import isotonic_regression

    different, place, counts = np.unique(margins, return_inverse=True, return_counts=True)
    shares = np.bincount(place, weights=_softened(agrees)) / counts
    fitted = np.asarray(isotonic_regression(shares, sample_weight=counts.astype(np.float64)))
    corners = np.ones(len(fitted), dtype=bool)
    corners[1:-1] = (fitted[1:-1] != fitted[:-2]) | (fitted[1:-1] != fitted[2:])
    return Isotonic(tuple(different[corners].tolist()), tuple(fitted[corners].tolist()))


def folds(agrees: Floats, *, n_folds: int, seed: Any) -> NDArray[np.int64]:
    """Which fold each decision is in: (n,), at random, either outcome spread evenly."""
    order = np.random.default_rng(seed).permutation(len(agrees))
    ranked = order[np.argsort(agrees[order], kind="stable")]
    fold = np.empty(len(agrees), dtype=np.int64)
    fold[ranked] = np.arange(len(agrees)) % n_folds
    return fold


def held_out(method: Method, margins: Floats, agrees: Floats, fold: NDArray[np.int64]) -> Floats:
    """Each decision's probability under a curve fitted on the other folds: (n,)."""
    said = np.empty(len(margins))
    for number in np.unique(fold):
        mine = fold == number
        said[mine] = fit_curve(method, margins[~mine], agrees[~mine]).at(margins[mine])
    return said


def _softened(agrees: Floats) -> Floats:
    n_agreed = float(agrees.sum())
    return np.where(agrees > 0, (n_agreed + 1) / (n_agreed + 2), 1 / (len(agrees) - n_agreed + 2))


def _logged(margins: Floats) -> Floats:
    return np.asarray(np.sign(margins) * np.log1p(np.abs(margins)), dtype=np.float64)
