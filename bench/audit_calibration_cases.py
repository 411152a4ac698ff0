"""What the simulation asks of calibrated confidence and of the scores of a calibration.

Leaves out the intervals of a share (audit_interval_cases.py).
"""

from __future__ import annotations

import numpy as np

from bench import audit_worlds as worlds
from bench.audit_interval_cases import Case, Trial
from bench.audit_worlds import Floats, Ints, World
from services.statistics.calibration import fit, score
from services.statistics.curves import Method, fit_curve


def cases() -> list[Case]:
    """Every calibration case."""
    decisions = (
        ("telling", 60, 0),
        ("middling", 300, 0),
        ("step", 300, 0),
        ("useless", 300, 0),
        ("middling", 150, 150),
    )
    return [
        *(_confidence_case(*one) for one in decisions),
        Case("scores of a calibration", "Balance score, 200 decisions", lambda g: _scores(g, 200, "balance")),
        Case("scores of a calibration", "ECE, 200 decisions, over-confident", lambda g: _scores(g, 200, "ece")),
        Case(
            "scores of a calibration", "ECE, 1,000 decisions, calibrated", lambda g: _scores(g, 1_000, "ece", lift=0.0)
        ),
    ]


def _confidence_case(shape: str, n: int, n_targeted: int) -> Case:
    beside = f", {n_targeted} uncertainty-first beside them" if n_targeted else ""
    name = f"of one suggestion: {shape}, {n} decisions{beside}"
    return Case("calibrated confidence", name, lambda g: _confidence(g, shape, n, n_targeted), "bootstrap of the curve")


def _confidence(generator: np.random.Generator, shape: str, n: int, n_targeted: int) -> Trial:
    """At a margin drawn like the others: does the interval hold the chance that people agree?"""
    size = 20 * (n + n_targeted)
    margins = generator.gamma(1.5, 1.0, size)
    agrees = (generator.random(size) < worlds.SHAPES[shape](margins)).astype(np.int64)
    looks = np.arange(n)
    if n_targeted:
        one = World(margins, agrees, np.zeros(size, dtype=np.int64))
        looks = np.concatenate([looks, worlds.uncertain_first(one, looks, n_targeted)])
    found = fit(margins[looks], agrees[looks])
    if found is None:
        return Trial(True, 1.0, None, False)
    margin = generator.gamma(1.5, 1.0, 1)
    truth = float(worlds.SHAPES[shape](margin)[0])
    low, high = found.interval(float(margin[0]))
    again = _bootstrapped(generator, found.overall.method, margins[looks], agrees[looks], margin)
    return Trial(low <= truth <= high, high - low, again[0] <= truth <= again[1])


def _bootstrapped(
    generator: np.random.Generator, method: Method, margins: Floats, agrees: Ints, margin: Floats
) -> tuple[float, float]:
    """The middle 95 % of the curve fitted again on 40 resamples."""
    drawn = (generator.integers(0, len(margins), len(margins)) for _ in range(40))
    found = [float(fit_curve(method, margins[one], agrees[one].astype(np.float64)).at(margin)[0]) for one in drawn]
    low, high = np.quantile(found, [0.025, 0.975])
    return float(low), float(high)


def _scores(generator: np.random.Generator, n: int, which: str, *, lift: float = 0.6) -> Trial:
    """A forecaster with known faults: it says logistic(0.3 + lift + margin) where logistic(0.3 + margin) is true."""
    margins = generator.gamma(1.5, 1.0, n)
    said, true = (1 / (1 + np.exp(-(0.3 + extra + margins))) for extra in (lift, 0.0))
    scores = score(said, (generator.random(n) < true).astype(np.float64), margins)
    if which == "balance":
        truth, figure = float(np.mean(said - true)), scores.balance
    else:
        edges = [one.lowest_margin for one in scores.bins[1:]]
        place = np.digitize(margins, edges)
        truth, figure = float(np.abs(np.bincount(place, weights=said - true)).sum() / n), scores.ece
    return Trial(figure.low <= truth <= figure.high, figure.high - figure.low)
