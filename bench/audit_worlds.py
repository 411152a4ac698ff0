"""Made-up datasets for the simulation of the audit: margins, outcomes, domains, and how people look.

A world is fixed once made: chance comes in only by which items are drawn, as for a real dataset. Leaves out what is
measured (audit_*_cases.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def _logistic(x: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-x)), dtype=np.float64)


# margin -> chance that a person agrees; margins are gamma(1.5): mean 1.5, half of them below 1.2
SHAPES: dict[str, Callable[[Floats], Floats]] = {
    "telling": lambda m: _logistic(-1 + 3 * m),  # the margin says nearly all
    "middling": lambda m: _logistic(0.8 + 0.8 * m),
    "good": lambda m: _logistic(2.5 + 0.5 * m),  # about 96 % agreement
    "useless": lambda m: np.full_like(m, 0.8),
    "surprising": lambda m: np.where(m < 0.35, 0.05, 0.99),  # errors are foreseen, but for a few
    "step": lambda m: np.where(m > 1.5, 0.95, 0.6),
    "never sure": lambda m: np.minimum(0.955, _logistic(2 * m)),  # one error in 22 however large the margin
}


@dataclass(frozen=True, slots=True)
class World:
    """A dataset whose outcomes are all known: (N,) each, in no order."""

    margins: Floats
    agrees: Ints
    domains: Ints

    @property
    def size(self) -> int:
        """Items."""
        return len(self.margins)

    @property
    def share(self) -> float:
        """The truth that an interval is to cover."""
        return float(self.agrees.mean())


def world(shape: str, size: int, *, seed: int = 0, domain_shares: tuple[float, ...] = (1.0,)) -> World:
    """A world of one shape; domains are drawn with these shares, later ones agreeing less (by 3 % each)."""
    generator = np.random.default_rng([seed, size, len(shape)])
    margins = generator.gamma(1.5, 1.0, size)
    domains = generator.choice(len(domain_shares), size, p=domain_shares)
    chance = SHAPES[shape](margins) * 0.97**domains
    return World(margins, (generator.random(size) < chance).astype(np.int64), domains.astype(np.int64))


def share_world(agreeing: int, size: int) -> World:
    """So many agreements exactly; margins say nothing."""
    agrees = np.zeros(size, dtype=np.int64)
    agrees[:agreeing] = 1
    return World(np.random.default_rng(size).gamma(1.5, 1.0, size), agrees, np.zeros(size, dtype=np.int64))


def draw(generator: np.random.Generator, size: int, n: int) -> Ints:
    """n of `size` places at random, none twice."""
    return np.asarray(generator.choice(size, n, replace=False, shuffle=False), dtype=np.int64)


def draw_strata(generator: np.random.Generator, strata: Ints, n_by_stratum: tuple[int, ...]) -> list[Ints]:
    """Places drawn at random within each stratum."""
    places = [np.nonzero(strata == number)[0] for number in range(len(n_by_stratum))]
    return [mine[draw(generator, len(mine), n)] for mine, n in zip(places, n_by_stratum, strict=True)]


def proportional(sizes: Ints, n: int) -> tuple[int, ...]:
    """n shared out by size, largest remainders first, at most the whole stratum."""
    exact = sizes * n / sizes.sum()
    shares = np.floor(exact).astype(np.int64)
    for place in np.argsort(-(exact - shares), kind="stable")[: n - int(shares.sum())]:
        shares[place] += 1
    return tuple(int(share) for share in np.minimum(shares, sizes))


def uncertain_first(one: World, taken: Ints, n: int) -> Ints:
    """The n items that a curve fitted on the taken ones is least sure of, the taken ones left out."""
    from services.statistics.curves import fit_logistic

    curve = fit_logistic(one.margins[taken], one.agrees[taken].astype(np.float64))
    doubt = np.abs(curve.at(one.margins) - 0.5)
    doubt[taken] = np.inf
    return np.asarray(np.argsort(doubt, kind="stable")[:n], dtype=np.int64)


def unresolved(generator: np.random.Generator, agrees: Ints) -> NDArray[np.bool_]:
    """Looks that end without an outcome: 5 % of the agreements, 30 % of the errors."""
    return np.asarray(generator.random(len(agrees)) < np.where(agrees == 1, 0.05, 0.30), dtype=np.bool_)
