"""The margin above which labels may be accepted unlooked, with a valid bound: fixed-sequence testing.

    strictest threshold -> ... -> every label    fixed by the margins of the population and the number of looks alone
    at each: H "more than the target of the labels that would be accepted unlooked are wrong", tested at 1 - level
    the first one not rejected ends it; the last one rejected is chosen

The chance that a false threshold is chosen is at most 1 - level, however many are tried: to get to it, the first false
one must have been rejected (Bauer 1991; learn-then-test, Angelopoulos et al. 2021). Trying thresholds and keeping the
best has no such bound (docs/audit.md measures by how much).

H in counts: of N suggestions at or above the threshold L were looked at, by whatever way; more than floor(target (N -
L)) are wrong, looked at or not. Rejected by the exact tail of the random looks among them, an unresolved look being an
error. Only random looks are evidence; looks taken otherwise make labels fewer, never evidence more.

The first threshold is one where a few errors are forgiven: starting where none is would fail on a single error. Leaves
out writing the decisions (services/audit).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.statistics.exact import LEVEL
from services.statistics.stratified import Draw, chance_of_so_few, method_for, most

FIRST_LEAST, FIRST_MOST = 1.3, 4.0  # the first step's expected looks, in multiples of those that forgive no error
FIRST_SHARE = 0.45  # and about this share of all looks where that lies between
RATIO = 1.1  # each step expects so many times the looks of the one before

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Step:
    """One threshold on the way down; not `was_tested` below the first one that failed: shown, never relied on.

    upper: one-sided upper limit of the share of errors among suggestions above, at this threshold alone; for a figure.
    """

    threshold: float
    n_labels: int  # suggestions of the population at or above it
    n_unlooked: int  # of these, labels that would be accepted unlooked
    n_looks: int  # random looks at or above it
    n_errors: int  # of these, not agreed with (unresolved ones count as errors)
    p_value: float
    upper: float
    was_tested: bool
    passed: bool

    @property
    def upper_unlooked(self) -> float:
        """The same over the labels to be accepted unlooked, were all errors among them: what the target limits."""
        return min(1.0, self.upper * self.n_labels / self.n_unlooked) if self.n_unlooked else 1.0


@dataclass(frozen=True, slots=True)
class Search:
    """What the search found. `chosen` is None where no threshold holds; `reason` says so in one line, else ''."""

    target: float
    level: float  # of this search: with D domains 1 - (1 - level) / D
    chosen: Step | None
    reason: str
    path: tuple[Step, ...]
    n_looks: int
    n_population: int


@dataclass(frozen=True, slots=True)
class _Evidence:
    """The random looks and the population they were drawn from, highest margin first; strata as numbers."""

    margins: Floats
    errs: NDArray[np.int64]
    strata: NDArray[np.int64]
    population: Floats
    population_strata: NDArray[np.int64]
    otherwise: Floats  # descending, as the others
    n_strata: int


def find(
    margins: Sequence[float] | Floats,
    errs: Sequence[int | None],
    population_margins: Sequence[float] | Floats,
    *,
    target: float,
    level: float = LEVEL,
    looked_otherwise: Sequence[float] | Floats = (),
    strata: Sequence[str] | None = None,
    population_strata: Sequence[str] | None = None,
) -> Search:
    """The lowest margin at and above which at most `target` of the labels accepted unlooked are wrong.

    Args:
        margins, errs: the random looks; 1 error, 0 agreed, None unresolved.
        population_margins: all items the looks were drawn from, the looked ones included.
        looked_otherwise: margins of items of the population that were looked at by other ways (never as evidence).
        strata, population_strata: of a stratified draw; both or none.

    Raises ValueError when lengths differ, a margin is not a number, or target and level do not lie within 0 and 1.
    """
    if not (0 < target < 1 and 0 < level < 1):
        raise ValueError(f"target {target} and level {level}: both lie between 0 and 1")
    evidence = _evidence(margins, errs, population_margins, looked_otherwise, strata, population_strata)
    n, size = len(evidence.margins), len(evidence.population)
    fewest = looks_that_forgive_none(target * _unlooked_share(evidence), 1 - level)
    if n < fewest * FIRST_LEAST:
        reason = f"{n} random looks cannot show {round(100 * target, 6):g} % errors; {_at_least(fewest, size)}"
        return Search(target, level, None, reason, (), n, size)
    path: list[Step] = []
    for place in _places(n, size, fewest):
        if path and evidence.population[place - 1] == path[-1].threshold:
            continue
        is_open = all(step.passed for step in path)
        path.append(_step(evidence, place, target=target, alpha=1 - level, is_open=is_open))
    chosen = [step for step in path if step.passed]
    reason = "" if chosen else _why_none(path[0], target)
    return Search(target, level, chosen[-1] if chosen else None, reason, tuple(path), n, size)


def find_by_domain(
    margins: Sequence[float] | Floats,
    errs: Sequence[int | None],
    population_margins: Sequence[float] | Floats,
    *,
    domains: Sequence[str],
    population_domains: Sequence[str],
    target: float,
    level: float = LEVEL,
    looked_otherwise: Sequence[tuple[float, str]] = (),
    strata: Sequence[str] | None = None,
    population_strata: Sequence[str] | None = None,
) -> dict[str, Search]:
    """One search for each domain; Bonferroni over the domains, so that all of them hold together at `level`.

    looked_otherwise: (margin, domain) of each such item. The other arguments are those of `find`.
    """
    names = sorted(set(population_domains))
    found: dict[str, Search] = {}
    for name in names:
        mine = [place for place, domain in enumerate(domains) if domain == name]
        theirs = [place for place, domain in enumerate(population_domains) if domain == name]
        found[name] = find(
            [margins[place] for place in mine],
            [errs[place] for place in mine],
            [population_margins[place] for place in theirs],
            target=target,
            level=1 - (1 - level) / len(names),
            looked_otherwise=[margin for margin, domain in looked_otherwise if domain == name],
            strata=None if strata is None else [strata[place] for place in mine],
            population_strata=None if population_strata is None else [population_strata[place] for place in theirs],
        )
    return found


def _at_least(fewest: float, size: int) -> str:
    if math.isinf(fewest):
        return "no label is left that could be accepted unlooked"
    least = math.ceil(fewest * FIRST_LEAST)
    return f"it takes at least {least:,}" + (f", more than the {size:,} suggestions there are" if least > size else "")


def looks_that_forgive_none(target: float, alpha: float) -> float:
    """How many looks without any error show at most `target`: 58.4 for 5 % at 95 % (without a finite population)."""
    return math.log(alpha) / math.log1p(-min(target, 1 - 1e-9)) if target > 0 else math.inf


def _places(n: int, size: int, fewest: float) -> list[int]:
    """How many labels each threshold takes in: the first expects enough looks, the next RATIO times more."""
    expected = min(max(FIRST_SHARE * n, FIRST_LEAST * fewest), FIRST_MOST * fewest)
    places: list[int] = []
    while expected < n:
        places.append(math.ceil(expected * size / n))
        expected *= RATIO
    return [*places, size]


def _step(evidence: _Evidence, place: int, *, target: float, alpha: float, is_open: bool) -> Step:
    threshold = float(evidence.population[place - 1])
    n_labels = _above(evidence.population, threshold)
    n_looks = _above(evidence.margins, threshold)
    n_unlooked = max(0, n_labels - n_looks - _above(evidence.otherwise, threshold))
    draws, counts = _strata_above(evidence, n_labels, n_looks)
    method = method_for(draws, level=1 - 2 * alpha, reference=1.0, is_upper_only=True)
    limit = math.floor(target * n_unlooked + 1e-9)
    p_value = chance_of_so_few(counts, draws, limit + 1, method=method) if n_looks else 1.0
    upper = most(counts, draws, alpha=alpha, method=method) / n_labels if n_looks else 1.0
    passed = is_open and n_unlooked > 0 and p_value <= alpha
    return Step(threshold, n_labels, n_unlooked, n_looks, sum(counts), p_value, upper, is_open, passed)


def _strata_above(evidence: _Evidence, n_labels: int, n_looks: int) -> tuple[tuple[Draw, ...], tuple[int, ...]]:
    """Looks, size and errors of each stratum above a threshold; strata with nothing above are left out."""
    sizes = np.bincount(evidence.population_strata[:n_labels], minlength=evidence.n_strata)
    looks = np.bincount(evidence.strata[:n_looks], minlength=evidence.n_strata)
    errors = np.bincount(evidence.strata[:n_looks], weights=evidence.errs[:n_looks], minlength=evidence.n_strata)
    there = [number for number in range(evidence.n_strata) if sizes[number]]
    return tuple((int(looks[h]), int(sizes[h])) for h in there), tuple(int(errors[h]) for h in there)


def _above(descending: Floats, threshold: float) -> int:
    return int(np.searchsorted(-descending, -threshold, side="right"))


def _unlooked_share(evidence: _Evidence) -> float:
    size = len(evidence.population)
    return max(0, size - len(evidence.margins) - len(evidence.otherwise)) / size if size else 0.0


def _why_none(first: Step, target: float) -> str:
    """The strictest threshold already failed."""
    return (
        f"already at margin {first.threshold:.2f}, {first.n_errors} of {first.n_looks} looks are errors; "
        f"that does not show {round(100 * target, 6):g} %: look at more, or allow more errors"
    )


def _evidence(
    margins: Sequence[float] | Floats,
    errs: Sequence[int | None],
    population_margins: Sequence[float] | Floats,
    looked_otherwise: Sequence[float] | Floats,
    strata: Sequence[str] | None,
    population_strata: Sequence[str] | None,
) -> _Evidence:
    looks, population = np.asarray(margins, dtype=np.float64), np.asarray(population_margins, dtype=np.float64)
    others = np.asarray(looked_otherwise, dtype=np.float64)
    if len(looks) != len(errs) or len(looks) + len(others) > len(population):
        raise ValueError(f"{len(looks)} looks, {len(errs)} outcomes, {len(others)} others of {len(population)} items")
    if not all(np.isfinite(values).all() for values in (looks, population, others)):
        raise ValueError("a margin is not a finite number; leave out items without a suggestion")
    if (strata is None) != (population_strata is None):
        raise ValueError("strata of looks and of the population belong together; give both or none")
    names = sorted(set(population_strata)) if population_strata is not None else [""]
    number = {name: place for place, name in enumerate(names)}
    of_looks = _numbered(strata, number, len(looks))
    of_all = _numbered(population_strata, number, len(population))
    wrong = np.array([1 if err is None else int(err) for err in errs], dtype=np.int64)
    first, second = np.argsort(-looks, kind="stable"), np.argsort(-population, kind="stable")
    return _Evidence(
        looks[first], wrong[first], of_looks[first], population[second], of_all[second], -np.sort(-others), len(names)
    )


def _numbered(strata: Sequence[str] | None, number: dict[str, int], n: int) -> Any:
    if strata is None:
        return np.zeros(n, dtype=np.int64)
    if len(strata) != n:
        raise ValueError(f"{len(strata)} strata for {n} items")
    return np.array([number[name] for name in strata], dtype=np.int64)
