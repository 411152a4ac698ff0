"""How often the 95 % intervals of the figures about people hold what is true, over simulated people.

    python -m bench.people_intervals      writes bench/results/people_intervals.json and the table in docs/people.md

Answers are drawn from people whose true figure is known: how much they are anchored, how far they agree, whether they
tire. Leaves out groups of taste (tastes.py) and the audit's own bounds (audit_simulation.py).
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from itertools import combinations
from pathlib import Path

import numpy as np

from services.people.alpha import alpha
from services.people.anchoring import of_counts, of_strata
from services.people.clusters import effective_counts
from services.people.fatigue import median, trend
from services.people.two_people import kappa, mean_kappa, mean_tau
from services.statistics.intervals import wilson

ROOT = Path(__file__).resolve().parent.parent
RESULT, DOCS = ROOT / "bench" / "results" / "people_intervals.json", ROOT / "docs" / "people.md"
BEGIN, END = "<!-- intervals: begin -->", "<!-- intervals: end -->"

Interval = tuple[float | None, float | None]
Draw = Callable[[np.random.Generator], Interval]


@dataclass(frozen=True, slots=True)
class Case:
    """A figure over people whose true value is known. `draw` gives the interval of one simulated set of answers."""

    name: str
    truth: float
    draw: Draw


@dataclass(frozen=True, slots=True)
class Coverage:
    """How often the interval held the truth; an interval that could not be given holds everything and is counted."""

    name: str
    truth: float
    n: int
    n_held: int
    n_none: int
    low: float  # Wilson's interval of the share that held
    high: float


def anchored(
    generator: np.random.Generator, *, n_items: int, overlap: int, spread: float, pull: float, is_naive: bool = False
) -> Interval:
    """Items differ in how often people agree by themselves (Beta, mean 0.7); a suggestion seen wins `pull` of the rest.

    is_naive: every answer counts in full, as if people on one item were independent.
    """
    sides: tuple[list[tuple[int, bool]], list[tuple[int, bool]]] = ([], [])
    alone = generator.beta(0.7 * spread, 0.3 * spread, n_items)
    is_blind = generator.random(n_items) < 0.5
    share = np.where(is_blind, alone, alone + (1 - alone) * pull)
    for item, agreed in enumerate(generator.random((n_items, overlap)) < share[:, None]):
        side = sides[int(is_blind[item])]
        side.extend((len(side) + n if is_naive else item, bool(one)) for n, one in enumerate(agreed))
    found = of_strata([(effective_counts(sides[0]), effective_counts(sides[1]))])
    return found.low, found.high


def anchored_alone(generator: np.random.Generator, *, n: int, pull: float) -> Interval:
    """One person, each item once."""
    n_blind = int(generator.binomial(n, 0.5))
    shown = int(generator.binomial(n - n_blind, 0.7 + 0.3 * pull))
    found = of_counts((shown, n - n_blind), (int(generator.binomial(n_blind, 0.7)), n_blind))
    return found.low, found.high


def two_people(generator: np.random.Generator, *, n_items: int, sure: float, figure: str) -> Interval:
    """Two people who name the better of two responses as often as they are sure."""
    better = generator.integers(0, 2, n_items)
    first, second = (np.where(generator.random(n_items) < sure, better, 1 - better).tolist() for _ in range(2))
    seed = int(generator.integers(2**31))
    if figure == "alpha":
        found = alpha({n: [pair] for n, pair in enumerate(zip(first, second, strict=True))}, "nominal", seed=seed)
    elif figure == "kappa":
        found = kappa(first, second, seed=seed)
    else:
        found = mean_tau([1.0 if a == b else -1.0 for a, b in zip(first, second, strict=True)])
    return found.low, found.high


def several_people(
    generator: np.random.Generator, *, n_people: int, n_items: int, overlap: int, sure: float
) -> Interval:
    """The mean kappa over all pairs of people, each item answered by some of them."""
    said: dict[tuple[int, int], list[tuple[int, int, int]]] = {}
    for item in range(n_items):
        better = int(generator.integers(0, 2))
        who = sorted(generator.choice(n_people, overlap, replace=False).tolist())
        named = {one: better if generator.random() < sure else 1 - better for one in who}
        for first, second in combinations(who, 2):
            said.setdefault((first, second), []).append((item, named[first], named[second]))
    pairs = [([i for i, _, _ in both], [a for _, a, _ in both], [b for _, _, b in both]) for both in said.values()]
    found = mean_kappa(pairs, seed=int(generator.integers(2**31)))
    return found.low, found.high


def sittings(generator: np.random.Generator, *, n_sittings: int, length: int) -> Interval:
    """People who agree 8 times of 10 from beginning to end: the true trend is 0."""
    points = [(s, i, float(generator.random() < 0.8)) for s in range(n_sittings) for i in range(1, length + 1)]
    found = trend(points)
    return found.low, found.high


def seconds(generator: np.random.Generator, *, n: int) -> Interval:
    """Lognormal times with a median of 8 seconds."""
    found = median(generator.lognormal(np.log(8), 0.6, n).tolist())
    return found.low, found.high


def cases() -> tuple[Case, ...]:
    """Everything that is simulated."""
    several = [(60, 3, 1.0), (200, 3, 1.0), (60, 3, 0.3), (30, 5, 0.5)]
    by_hand = [
        Case(f"anchoring, one person, {n} looks", 0.3 * pull, partial(anchored_alone, n=n, pull=pull))
        for n, pull in ((60, 0.0), (60, 0.3), (400, 0.5))
    ]
    shared = [
        Case(
            f"anchoring, {overlap} people an item, {n} items, Beta({0.7 * spread:.2g}, {0.3 * spread:.2g})"
            + (", without the design effect" if is_naive else ""), 0.09,
            partial(anchored, n_items=n, overlap=overlap, spread=spread, pull=0.3, is_naive=is_naive),
        )
        for is_naive in (False, True) for n, overlap, spread in several
    ]  # fmt: skip
    coefficients = [
        Case(f"{figure}, {n} items, {100 * sure:.0f} % sure", 1 - 4 * sure * (1 - sure),
             partial(two_people, n_items=n, sure=sure, figure=figure))
        for figure in ("alpha", "kappa", "tau") for n, sure in ((20, 0.9), (50, 0.9), (100, 0.8), (200, 0.97))
    ]  # fmt: skip
    means = [
        Case(f"mean kappa, {p} people, {n} items, {o} each, {100 * sure:.0f} % sure", 1 - 4 * sure * (1 - sure),
             partial(several_people, n_people=p, n_items=n, overlap=o, sure=sure))
        for p, n, o, sure in ((5, 60, 3, 0.9), (6, 200, 2, 0.85))
    ]  # fmt: skip
    trends = [
        Case(f"trend, {s} sittings of {length}", 0.0, partial(sittings, n_sittings=s, length=length))
        for s, length in ((1, 30), (5, 20), (10, 50))
    ]
    medians = [Case(f"median seconds, {n} answers", 8.0, partial(seconds, n=n)) for n in (10, 100)]
    return (*by_hand, *shared, *coefficients, *means, *trends, *medians)


def cover(case: Case, *, n: int, seed: int) -> Coverage:
    """Draw n times, and count."""
    generator = np.random.default_rng(seed)
    n_held = n_none = 0
    for _ in range(n):
        low, high = case.draw(generator)
        n_none += low is None
        n_held += low is None or high is None or low - 1e-12 <= case.truth <= high + 1e-12
    return Coverage(case.name, case.truth, n, n_held, n_none, *wilson(n_held, n))


def table(found: list[Coverage]) -> str:
    """The table for the docs."""
    lines = ["| figure | true value | interval holds it | of |", "|---|---|---|---|"]
    for one in found:
        held = f"{100 * one.n_held / one.n:.1f} % ({100 * one.low:.1f} to {100 * one.high:.1f} %)"
        lines.append(f"| {one.name} | {one.truth:.3g} | {held} | {one.n:,} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repetitions", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    found = [cover(case, n=asked.repetitions, seed=asked.seed + place) for place, case in enumerate(cases())]
    RESULT.write_text(json.dumps({"seed": asked.seed, "results": [asdict(one) for one in found]}, indent=2) + "\n")
    text = DOCS.read_text(encoding="utf-8")
    DOCS.write_text(f"{text.split(BEGIN)[0]}{BEGIN}\n{table(found)}\n{END}{text.split(END)[1]}", encoding="utf-8")


if __name__ == "__main__":
    main()
