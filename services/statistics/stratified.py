"""Intervals for a share of a population that was drawn from stratum by stratum, without a normal approximation. (In work.)"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.statistics.exact import LEVEL, Bound, check_counts, finite_interval


@dataclass(frozen=True, slots=True)
class Stratum:
    """What was drawn from one stratum: `n` looks with an outcome, `unresolved` without, of `population` items."""

    name: str
    successes: int
    n: int
    unresolved: int
    population: int


def stratified_interval(strata: Sequence[Stratum], *, level: float = LEVEL, census: tuple[int, int] = (0, 0)) -> Bound:
    """The share of successes over all strata and the census (successes, n) of items whose outcome is known already."""
    for stratum in strata:
        check_counts(stratum.successes, stratum.n, stratum.unresolved, stratum.population)
    known, n_known = census
    found = finite_interval(
        sum(s.successes for s in strata),
        sum(s.n for s in strata),
        sum(s.population for s in strata),
        unresolved=sum(s.unresolved for s in strata),
        level=level,
    )
    population = (found.population or 0) + n_known
    if found.value is None or found.low is None or found.high is None:
        return found
    value, low, high = (
        (known + share * (population - n_known)) / population for share in (found.value, found.low, found.high)
    )
    return Bound(found.n, value, low, high, "in work", found.n_unresolved, population, level)
