"""What the simulation asks of the intervals of a share: does each hold the truth, and would the plain way have?

A trial draws looks from a fixed world, computes one interval as the product does and says whether it covers; `naive`
says the same of the way that comes to mind first. Leaves out confidence (audit_calibration_cases.py), thresholds
(audit_threshold_cases.py) and repeating (audit_simulation.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bench import audit_worlds as worlds
from bench.audit_worlds import Ints, World
from services.statistics import prediction_powered
from services.statistics.exact import Bound, finite_interval
from services.statistics.intervals import wilson
from services.statistics.planner import looks_needed
from services.statistics.stratified import Stratum, stratified_interval

NORMAL = 1.96
POWERED = "prediction-powered or exact"


@dataclass(frozen=True, slots=True)
class Trial:
    """held: the interval covered (or the promise was kept). size: its width (or the share of labels accepted)."""

    held: bool
    size: float
    naive_held: bool | None = None
    is_given: bool = True  # whether there was anything to hold: an interval, a threshold


@dataclass(frozen=True, slots=True)
class Case:
    """One row of the table. naive: what the plain way is called, if there is one to compare with."""

    group: str
    name: str
    trial: Callable[[np.random.Generator], Trial]
    naive: str = ""


def cases() -> list[Case]:
    """Every interval case."""
    return [*_exact_cases(), *_stratified_cases(), *_powered_cases()]


def covers(bound: Bound, truth: float) -> bool:
    """Whether the truth lies within, a rounding error aside."""
    return bound.low is not None and bound.high is not None and bound.low - 1e-9 <= truth <= bound.high + 1e-9


def _exact_cases() -> list[Case]:
    small, rare = worlds.share_world(140, 200), worlds.share_world(98_000, 100_000)
    usual, half = worlds.share_world(87_000, 100_000), worlds.share_world(450, 500)
    doubtful = worlds.world("middling", 5_000)
    normal = "normal approximation"
    return [
        Case("exact", "20 of 200 items, 70 % agree", lambda g: _simple(g, small, 20), normal),
        Case("exact", "50 of 100,000, 98 %", lambda g: _simple(g, rare, 50), normal),
        Case("exact", "400 of 100,000, 87 %", lambda g: _simple(g, usual, 400), normal),
        Case("exact", "250 of 500, 90 %", lambda g: _simple(g, half, 250), normal),
        Case(
            "exact",
            "300 of 5,000, errors unresolved six times as often",
            lambda g: _with_unresolved(g, doubtful),
            "left out",
        ),
        Case(
            "exact", "200 random looks, 300 uncertainty-first beside them", lambda g: _mixed(g, doubtful), "all counted"
        ),
        Case("exact", "100 looks, then as many more as the planner says", lambda g: _planned(g, usual), ""),
    ]


def _simple(generator: np.random.Generator, one: World, n: int) -> Trial:
    agreed = int(one.agrees[worlds.draw(generator, one.size, n)].sum())
    found, share = finite_interval(agreed, n, one.size), agreed / n
    near = abs(share - one.share) <= NORMAL * float(np.sqrt(share * (1 - share) / n))
    return Trial(covers(found, one.share), found.width, near)


def _with_unresolved(generator: np.random.Generator, one: World, n: int = 300) -> Trial:
    agrees = one.agrees[worlds.draw(generator, one.size, n)]
    lost = worlds.unresolved(generator, agrees)
    agreed, decided = int(agrees[~lost].sum()), int((~lost).sum())
    found = finite_interval(agreed, decided, one.size, unresolved=int(lost.sum()))
    low, high = wilson(agreed, decided)
    return Trial(covers(found, one.share), found.width, low <= one.share <= high)


def _mixed(generator: np.random.Generator, one: World, n: int = 200, n_targeted: int = 300) -> Trial:
    random = worlds.draw(generator, one.size, n)
    targeted = worlds.uncertain_first(one, random, n_targeted)
    found = finite_interval(int(one.agrees[random].sum()), n, one.size)
    low, high = wilson(int(one.agrees[random].sum() + one.agrees[targeted].sum()), n + n_targeted)
    return Trial(covers(found, one.share), found.width, low <= one.share <= high)


def _planned(generator: np.random.Generator, one: World, pilot: int = 100, width: float = 0.08) -> Trial:
    order = worlds.draw(generator, one.size, 2_000)
    generator.shuffle(order)
    share = float(one.agrees[order[:pilot]].mean())
    n = pilot + looks_needed(width, share=share, population=one.size, n_so_far=pilot).n_more
    found = finite_interval(int(one.agrees[order[:n]].sum()), n, one.size)
    return Trial(covers(found, one.share), found.width)


def _stratified_cases() -> list[Case]:
    four = worlds.world("middling", 5_000, domain_shares=(0.5, 0.3, 0.15, 0.05))
    many = worlds.world("useless", 1_500, domain_shares=(0.025,) * 40)
    bands = worlds.world("telling", 8_000)
    in_bands = World(bands.margins, bands.agrees, np.digitize(bands.margins, [0.3, 0.8, 1.6, 3.0]))
    known = worlds.world("good", 600, domain_shares=(0.7, 0.3))
    pooled = "pooled, strata ignored"
    return [
        Case(
            "stratified",
            "4 domains, 200 looks shared out by size",
            lambda g: _strata(g, four, _by_size(four, 200)),
            pooled,
        ),
        Case(
            "stratified",
            "40 domains of about 37, 100 looks by size",
            lambda g: _strata(g, many, _by_size(many, 100)),
            pooled,
        ),
        Case("stratified", "4 domains, 50 looks each", lambda g: _strata(g, four, (50,) * 4), pooled),
        Case("stratified", "5 margin bands, 60 looks each", lambda g: _strata(g, in_bands, (60,) * 5), pooled),
        Case("stratified", "2 domains of 600 items, 90 looks; 100 known; unresolved", lambda g: _census(g, known), ""),
        Case(
            "stratified",
            "4 domains by size, stopped anywhere",
            lambda g: _strata(g, four, _by_size(four, 200), cut=True),
            pooled,
        ),
    ]


def _by_size(one: World, n: int) -> tuple[int, ...]:
    return worlds.proportional(np.bincount(one.domains), n)


def _strata(generator: np.random.Generator, one: World, looks: tuple[int, ...], *, cut: bool = False) -> Trial:
    sizes = np.bincount(one.domains)
    drawn = worlds.draw_strata(generator, one.domains, looks)
    if cut:  # the strata are mixed in a random order, and people get no further than some place in it
        order = generator.permutation(np.repeat(np.arange(len(looks)), looks))
        done = np.bincount(order[: generator.integers(20, len(order))], minlength=len(looks))
        drawn = [mine[:n] for mine, n in zip(drawn, done, strict=True)]
    agreed = [int(one.agrees[mine].sum()) for mine in drawn]
    rows = zip(agreed, drawn, sizes, strict=True)
    found = stratified_interval([Stratum("", a, len(mine), 0, int(size)) for a, mine, size in rows])
    low, high = wilson(sum(agreed), sum(len(mine) for mine in drawn))
    return Trial(covers(found, one.share), found.width, low <= one.share <= high)


def _census(generator: np.random.Generator, one: World) -> Trial:
    known, rest = np.arange(100), np.arange(100, one.size)
    strata: list[Stratum] = []
    for number, n in ((0, 60), (1, 30)):
        mine = rest[one.domains[rest] == number]
        agrees = one.agrees[mine[worlds.draw(generator, len(mine), n)]]
        lost = worlds.unresolved(generator, agrees)
        strata.append(Stratum("", int(agrees[~lost].sum()), int((~lost).sum()), int(lost.sum()), len(mine)))
    found = stratified_interval(strata, census=(int(one.agrees[known].sum()), 100))
    return Trial(covers(found, one.share), found.width)


def _powered_cases() -> list[Case]:
    sizes = (
        ("telling", 200),
        ("telling", 400),
        ("middling", 300),
        ("good", 150),
        ("useless", 200),
        ("surprising", 200),
    )
    found = [
        _powered_case(worlds.world(shape, 5_000), f"{shape}, {n} of 5,000", n)
        for shape, n in (*sizes, ("surprising", 400), ("good", 600))
    ]
    doubtful = worlds.world("telling", 5_000)
    two = worlds.world("telling", 5_000, domain_shares=(0.8, 0.2))
    return [
        *found,
        Case(
            POWERED,
            "telling, 300 of 5,000, errors unresolved",
            lambda g: _powered_lost(g, doubtful),
            "",
        ),
        Case(POWERED, "telling, 2 domains, 150 looks each", lambda g: _powered_strata(g, two), ""),
    ]


def _powered_case(one: World, name: str, n: int) -> Case:
    return Case(POWERED, name, lambda g: _powered(g, one, n), "PPI, normal interval")


def _powered(generator: np.random.Generator, one: World, n: int) -> Trial:
    looks = worlds.draw(generator, one.size, n)
    agrees = one.agrees[looks].tolist()
    exact = finite_interval(sum(agrees), n, one.size)
    said = prediction_powered.cross_fitted(one.margins[looks], agrees, one.margins)
    powered = prediction_powered.interval(agrees, said, population=one.size)
    found = prediction_powered.pick(exact, powered)
    return Trial(
        covers(found, one.share), found.width, _normal_covers(one, looks), powered is not None and found is powered
    )


def _normal_covers(one: World, looks: Ints) -> bool:
    """The textbook: the same curve for all, lambda 1 kept, 1.96 standard errors, whatever the number of errors."""
    from services.statistics.curves import fit_logistic

    y = one.agrees[looks].astype(np.float64)
    curve = fit_logistic(one.margins[looks], y)
    rest = y - curve.at(one.margins[looks])
    middle = float(curve.at(one.margins).mean() + rest.mean())
    return abs(middle - one.share) <= NORMAL * float(rest.std(ddof=1)) / len(y) ** 0.5


def _powered_lost(generator: np.random.Generator, one: World, n: int = 300) -> Trial:
    looks = worlds.draw(generator, one.size, n)
    lost = worlds.unresolved(generator, one.agrees[looks])
    agrees = [None if gone else int(agreed) for agreed, gone in zip(one.agrees[looks], lost, strict=True)]
    agreed, decided = int(one.agrees[looks][~lost].sum()), int((~lost).sum())
    exact = finite_interval(agreed, decided, one.size, unresolved=n - decided)
    said = prediction_powered.cross_fitted(one.margins[looks], agrees, one.margins)
    powered = prediction_powered.interval(agrees, said, population=one.size)
    found = prediction_powered.pick(exact, powered)
    return Trial(covers(found, one.share), found.width, None, found is powered)


def _powered_strata(generator: np.random.Generator, one: World) -> Trial:
    sizes = np.bincount(one.domains)
    drawn = worlds.draw_strata(generator, one.domains, (150, 150))
    looks = np.concatenate(drawn)
    agrees, names = one.agrees[looks].tolist(), [str(domain) for domain in one.domains[looks]]
    strata = [
        Stratum("", int(one.agrees[mine].sum()), 150, 0, int(size)) for mine, size in zip(drawn, sizes, strict=True)
    ]
    powered = prediction_powered.interval(
        agrees,
        prediction_powered.cross_fitted(one.margins[looks], agrees, one.margins),
        population=one.size,
        strata=names,
        stratum_population={str(domain): int(size) for domain, size in enumerate(sizes)},
    )
    found = prediction_powered.pick(stratified_interval(strata), powered)
    return Trial(covers(found, one.share), found.width, None, found is powered)
