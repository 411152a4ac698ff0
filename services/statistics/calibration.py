"""From margin to the probability that people agree with a suggestion: fitted on decisions, chosen by Brier score.

    curve      platt, platt-log or isotonic (curves.py), whichever has the lowest Brier score on folds it was not fitted
               on; one for everything, and one for each domain with at least 50 decisions and both outcomes
    Brier      mean squared distance of what was said from what came: 0 is perfect, 0.25 is one half every time
    ECE        expected calibration error: |mean said - share agreed| over bins of equally many decisions
    balance    Balance score: mean said minus share agreed; above 0 over-confident, below 0 under-confident. The name
               has no settled meaning elsewhere; this is calibration in the large
    raw        the same scores for logistic(margin), what a reward in nats claims by itself

Intervals at 95 %: Brier by BCa; balance by Wilson's interval of the share agreed. ECE is above 0 by chance alone, so a
bootstrap of it misses: its low end takes off all that chance can add (the 97.5 % quantile of the bins' absolute
noise), its high end adds what chance can take away, 1.96 standard errors, since ECE is at least its value under any
fixed signs.

The interval of one probability is no bootstrap of the curve either, which misses where the curve's form does. It is
two exact limits that hold if agreement never falls with the margin: the decisions with the nearest margins below say
how low it can be, those above how high. Decisions may come from any looks that were chosen by margin and domain alone;
scores describe the decisions made, so for the whole dataset they need random looks. Leaves out where decisions come
from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.statistics.bootstrap import mean_interval
from services.statistics.curves import METHODS, Method, Shape, fit_curve, folds, held_out
from services.statistics.exact import LEVEL, lower_share
from services.statistics.intervals import Z_95, Share, share

FEWEST = 30  # decisions; fewer give no calibration
FEWEST_IN_DOMAIN = 50
N_FOLDS = 5
N_RESAMPLES = 1_000
MANY = 5_000  # decisions, from which a mean is as good as normal
MOST_BINS, LEAST_IN_BIN = 10, 15
N_NOISE = 4_000  # draws of the noise of all bins
NEAREST = 20  # decisions on either side that an interval rests on, at least

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Figure:
    """A number over n decisions with a 95 % interval."""

    n: int
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Bin:
    """One bar of the reliability diagram: mean confidence said, and the share that agreed with Wilson's interval."""

    confidence: float
    agreed: Share
    lowest_margin: float
    highest_margin: float


@dataclass(frozen=True, slots=True)
class Scores:
    """How well what was said fits what came, over n decisions."""

    brier: Figure
    ece: Figure
    balance: Figure  # mean confidence minus share agreed: above 0 is over-confident
    bins: tuple[Bin, ...]


@dataclass(frozen=True, slots=True)
class Curve:
    """One fitted curve from margin to probability (everything, or one domain), its scores cross-validated."""

    n: int
    n_agreed: int
    method: Method
    scores: Scores
    raw: Scores  # of logistic(margin), before any calibration
    brier_by_method: dict[str, float]
    brier_of_share: float  # what saying the plain share every time would score
    shape: Shape
    margins: Floats  # (n,) ascending
    n_agreed_below: NDArray[np.int64]  # (n + 1,) agreed among the first 0 to n

    @property
    def brier(self) -> Figure:
        """Cross-validated Brier score."""
        return self.scores.brier

    @property
    def ece(self) -> Figure:
        """Cross-validated expected calibration error."""
        return self.scores.ece

    @property
    def balance(self) -> Figure:
        """Cross-validated Balance score."""
        return self.scores.balance

    @property
    def bins(self) -> tuple[Bin, ...]:
        """The reliability diagram."""
        return self.scores.bins

    def probability(self, margin: float) -> float:
        """The probability that people agree with a suggestion of this margin."""
        return float(self.shape.at(np.array([margin], dtype=np.float64))[0])

    def interval(self, margin: float) -> tuple[float, float]:
        """Its 95 % interval, exact where agreement never falls with the margin; the probability lies within."""
        near = min(self.n, max(NEAREST, round(1.5 * self.n ** (2 / 3))))
        alpha = (1 - LEVEL) / 2
        below = int(np.searchsorted(self.margins, margin, side="right"))
        start = max(0, below - near)
        low = _lower(self.n_agreed_below[below] - self.n_agreed_below[start], below - start, alpha)
        above = int(np.searchsorted(self.margins, margin, side="left"))
        end = min(self.n, above + near)
        n_above = end - above
        n_against = n_above - (self.n_agreed_below[end] - self.n_agreed_below[above])
        said = self.probability(margin)
        return min(low, said), max(1 - _lower(n_against, n_above, alpha), said)


@dataclass(frozen=True, slots=True)
class Calibration:
    """The curve of everything, and one for each domain with enough decisions."""

    overall: Curve
    by_domain: dict[str, Curve]

    @property
    def n(self) -> int:
        """Decisions that it rests on."""
        return self.overall.n

    def curve(self, domain: str | None = None) -> Curve:
        """The domain's own curve where there is one, else the curve of everything."""
        return self.by_domain.get(domain, self.overall) if domain else self.overall

    def probability(self, margin: float, domain: str | None = None) -> float:
        """The probability that people agree."""
        return self.curve(domain).probability(margin)

    def interval(self, margin: float, domain: str | None = None) -> tuple[float, float]:
        """Its 95 % interval."""
        return self.curve(domain).interval(margin)

    def probabilities(self, margins: Sequence[float], domains: Sequence[str | None] | None = None) -> list[float]:
        """`probability` of many items at once."""
        values = np.asarray(margins, dtype=np.float64)
        found = self.overall.shape.at(values)
        for name, curve in self.by_domain.items() if domains is not None else ():
            mine = np.array([domain == name for domain in domains or ()], dtype=bool)
            found[mine] = curve.shape.at(values[mine])
        return [float(value) for value in found]


def fit(
    margins: Sequence[float] | Floats,
    agrees: Sequence[int] | NDArray[np.int64],
    *,
    domains: Sequence[str | None] | None = None,
    seed: int = 0,
) -> Calibration | None:
    """Fit on decided items; None with fewer than 30 decisions or only one outcome among them.

    Raises ValueError when lengths differ, a margin is not finite or an outcome is not 0 or 1.
    """
    x, y = np.asarray(margins, dtype=np.float64), np.asarray(agrees, dtype=np.float64)
    if len(x) != len(y) or (domains is not None and len(domains) != len(x)):
        raise ValueError(f"{len(x)} margins, {len(y)} outcomes: calibration needs one of each for every decision")
    if not np.isfinite(x).all() or not np.isin(y, (0.0, 1.0)).all():
        raise ValueError("a margin is not a finite number or an outcome not 0 or 1; leave out what was not decided")
    if len(x) < FEWEST or not 0 < y.sum() < len(y):
        return None
    by_domain: dict[str, Curve] = {}
    for name in sorted({domain for domain in domains or () if domain}):
        mine = np.array([domain == name for domain in domains or ()], dtype=bool)
        if mine.sum() >= FEWEST_IN_DOMAIN and 0 < y[mine].sum() < mine.sum():
            by_domain[name] = _curve(x[mine], y[mine], seed=seed)
    return Calibration(_curve(x, y, seed=seed), by_domain)


def _curve(x: Floats, y: Floats, *, seed: int) -> Curve:
    from scipy.special import expit

    fold = folds(y, n_folds=N_FOLDS, seed=seed)
    said = {method: held_out(method, x, y, fold) for method in METHODS}
    brier = {method: float(np.mean((said[method] - y) ** 2)) for method in METHODS}
    best = min(METHODS, key=lambda method: brier[method])
    order = np.argsort(x, kind="stable")
    return Curve(
        n=len(x),
        n_agreed=int(y.sum()),
        method=best,
        scores=score(said[best], y, x, seed=seed),
        raw=score(expit(x), y, x, seed=seed),
        brier_by_method={str(method): value for method, value in brier.items()},
        brier_of_share=float(y.mean() * (1 - y.mean())),
        shape=fit_curve(best, x, y),
        margins=x[order],
        n_agreed_below=np.concatenate([[0], np.cumsum(y[order])]).astype(np.int64),
    )


def score(said: Floats, y: Floats, margins: Floats, *, seed: int = 0) -> Scores:
    """Brier, ECE, balance and the reliability diagram of (n,) probabilities said beforehand."""
    bin_of, n_bins = _bins(said)
    return Scores(
        _brier(said, y, seed=seed),
        _ece(said, y, bin_of, n_bins, seed=seed),
        _balance(said, y),
        tuple(_bar(said[mine], y[mine], margins[mine]) for mine in (bin_of == b for b in range(n_bins)) if mine.any()),
    )


def _brier(said: Floats, y: Floats, *, seed: int) -> Figure:
    distances = (said - y) ** 2
    n, value = len(y), float(distances.mean())
    if n > MANY:
        half = Z_95 * float(distances.std()) / n**0.5
        return Figure(n, value, value - half, value + half)
    found = mean_interval(distances.tolist(), seed=seed, n_resamples=N_RESAMPLES)
    low, high = found.low, found.high
    return Figure(n, value, value if low is None else low, value if high is None else high)


def _balance(said: Floats, y: Floats) -> Figure:
    agreed, mean = share(int(y.sum()), len(y)), float(said.mean())
    return Figure(len(y), mean - (agreed.value or 0), mean - (agreed.high or 0), mean - (agreed.low or 0))


def _ece(said: Floats, y: Floats, bin_of: NDArray[np.int64], n_bins: int, *, seed: int) -> Figure:
    """|sum of gaps| by bin over n; the noise of a bin is binomial about its share, two of each outcome added."""
    n, sizes = len(y), np.bincount(bin_of, minlength=n_bins)
    value = float(np.abs(np.bincount(bin_of, weights=said - y, minlength=n_bins)).sum() / n)
    shares = (np.bincount(bin_of, weights=y, minlength=n_bins) + 2) / (sizes + 4)
    noise = np.sqrt(sizes * shares * (1 - shares)) / n
    drawn = np.abs(np.random.default_rng([seed, 2]).standard_normal((N_NOISE, n_bins))) @ noise
    lifted = float(np.quantile(drawn, (1 + LEVEL) / 2))
    return Figure(n, value, max(0.0, value - lifted), min(1.0, value + Z_95 * float(np.sqrt((noise**2).sum()))))


def _bins(said: Floats) -> tuple[NDArray[np.int64], int]:
    """Bins of about equally many decisions; equal values stay together, so there may be fewer."""
    wanted = max(1, min(MOST_BINS, len(said) // LEAST_IN_BIN))
    edges = np.unique(np.quantile(said, np.linspace(0, 1, wanted + 1)[1:-1], method="lower"))
    return np.searchsorted(edges, said, side="left").astype(np.int64), len(edges) + 1


def _bar(said: Floats, y: Floats, margins: Floats) -> Bin:
    return Bin(float(said.mean()), share(int(y.sum()), len(y)), float(margins.min()), float(margins.max()))


def _lower(successes: int, n: int, alpha: float) -> float:
    return lower_share(int(successes), int(n), None, alpha=alpha) if n else 0.0
