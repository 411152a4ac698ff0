"""The margin above which labels may be accepted unlooked, with a valid bound: fixed-sequence testing. (In work.)"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.statistics.exact import LEVEL


@dataclass(frozen=True, slots=True)
class Step:
    """One threshold on the way down. `was_tested` is False below the first one that failed: shown, never relied on.

    upper: the one-sided upper limit of the share of errors among suggestions above, at this threshold alone.
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


def find(
    margins: Sequence[float],
    errs: Sequence[int | None],
    population_margins: Sequence[float],
    *,
    target: float,
    level: float = LEVEL,
    looked_otherwise: Sequence[float] = (),
    strata: Sequence[str] | None = None,
    population_strata: Sequence[str] | None = None,
) -> Search:
    """The lowest margin at and above which at most `target` of the labels accepted unlooked are wrong.

    Args:
        margins, errs: the random looks; 1 error, 0 agreed, None unresolved.
        population_margins: all items the looks were drawn from, the looked ones included.
        looked_otherwise: margins of items of the population that were looked at by other ways (never as evidence).
        strata, population_strata: of a stratified draw.
    """
    raise NotImplementedError


def find_by_domain(
    margins: Sequence[float],
    errs: Sequence[int | None],
    population_margins: Sequence[float],
    *,
    domains: Sequence[str],
    population_domains: Sequence[str],
    target: float,
    level: float = LEVEL,
) -> dict[str, Search]:
    """One search for each domain; Bonferroni over the domains, so that all of them hold together at `level`."""
    raise NotImplementedError
