"""What the simulation asks of labels accepted unlooked, of people who are led, and of looking until the figure pleases.

A threshold's promise is broken when more than the target of the labels accepted unlooked are wrong. The naive ways: the
lowest margin with no more errors than the target among the looks above it, and the lowest whose own limit is below it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bench import audit_worlds as worlds
from bench.audit_interval_cases import Case, Trial, covers
from bench.audit_worlds import Floats, Ints, World
from services.people.anchoring import of_counts
from services.statistics.exact import finite_interval
from services.statistics.threshold import Search, find, find_by_domain

GROUP = "accepted unlooked"
BEST, OWN_LIMIT, ALL_COUNTED = "best threshold", "best with its own limit", "best with its own limit, all looks counted"


def cases() -> list[Case]:
    """Every case of a threshold, of anchoring and of stopping when pleased (the last are limits, not promises)."""
    sure, plain = worlds.world("never sure", 10_000), worlds.world("telling", 10_000)
    worst, small = worlds.share_world(9_495, 10_000), worlds.world("never sure", 1_000)
    three = worlds.world("telling", 10_000, domain_shares=(0.5, 0.3, 0.2))
    bands = World(plain.margins, plain.agrees, np.digitize(plain.margins, [0.8, 1.6, 3.0]))
    usual, edge = "telling, 400 of 10,000, target 5 %", "5.05 % wrong at every margin, 400 of 10,000, target 5 %"
    return [
        Case(GROUP, usual, lambda g: _accept(g, plain, 400, 0.05), BEST),
        Case(GROUP, usual, lambda g: _accept(g, plain, 400, 0.05, own=True), OWN_LIMIT),
        Case(GROUP, edge, lambda g: _accept(g, worst, 400, 0.05), BEST),
        Case(GROUP, edge, lambda g: _accept(g, worst, 400, 0.05, own=True), OWN_LIMIT),
        Case(GROUP, "never sure, 1,000 of 10,000, target 6 %", lambda g: _accept(g, sure, 1_000, 0.06), BEST),
        Case(GROUP, "never sure, 300 of 1,000, target 10 %", lambda g: _accept(g, small, 300, 0.10), BEST),
        Case(GROUP, "telling, 400 random, 400 uncertainty-first beside", lambda g: _mixed(g, plain), ALL_COUNTED),
        Case(GROUP, "5.05 % wrong, 400 random, 400 uncertainty-first beside", lambda g: _mixed(g, worst), ALL_COUNTED),
        Case(GROUP, "telling, 400 random, 2,000 easy ones looked at beside", lambda g: _easy(g, plain), ALL_COUNTED),
        Case(GROUP, "telling, errors unresolved, target 10 %", lambda g: _accept(g, plain, 400, 0.1, lost=True), BEST),
        Case(GROUP, "telling, 3 domains, any of them broken", lambda g: _domains(g, three), BEST),
        Case(GROUP, "telling, 4 margin bands, 100 looks each", lambda g: _bands(g, bands), ""),
        *_anchoring_cases(),
        *_stopping_cases(),
        Case(
            "exact",
            "300 of 10,000, counted up to the first that everybody puts off (20 % of errors)",
            lambda g: _put_off(g, worlds.share_world(8_700, 10_000)),
            "all decided ones",
        ),
    ]


def _promise(one: World, above: Floats | float, looked: Ints, target: float) -> Trial:
    """Whether the labels at or above the threshold that nobody looked at keep the target; size: their share of all."""
    accepted = one.margins >= above
    accepted[looked] = False
    wrong = int((1 - one.agrees[accepted]).sum())
    return Trial(wrong <= target * int(accepted.sum()), float(accepted.mean()), None, bool(accepted.any()))


def _kept(one: World, found: Search, looked: Ints, target: float) -> Trial:
    return (
        Trial(True, 0.0, None, False) if found.chosen is None else _promise(one, found.chosen.threshold, looked, target)
    )


def _naive(one: World, looks: Ints, looked: Ints, target: float, *, own: bool = False) -> bool:
    """Whether the best-looking threshold keeps the promise; nothing accepted keeps it."""
    order = looks[np.argsort(-one.margins[looks], kind="stable")]
    n, errors = np.arange(1, len(order) + 1), np.cumsum(1 - one.agrees[order])
    if own:
        from scipy.special import betaincinv

        fine = betaincinv(errors + 1, np.maximum(n - errors, 1e-9), 0.95) <= target
    else:
        fine = (errors <= target * n) & (n >= 20)
    if not fine.any():
        return True
    return _promise(one, one.margins[order[np.nonzero(fine)[0][-1]]], looked, target).held


def _accept(
    generator: np.random.Generator, one: World, n: int, target: float, *, own: bool = False, lost: bool = False
) -> Trial:
    looks = worlds.draw(generator, one.size, n)
    gone = worlds.unresolved(generator, one.agrees[looks]) if lost else np.zeros(n, dtype=np.bool_)
    errs = [None if no else 1 - int(agreed) for agreed, no in zip(one.agrees[looks], gone, strict=True)]
    found = find(one.margins[looks], errs, one.margins, target=target)
    kept = _kept(one, found, looks, target)
    return Trial(kept.held, kept.size, _naive(one, looks[~gone], looks, target, own=own), kept.is_given)


def _mixed(generator: np.random.Generator, one: World, target: float = 0.05) -> Trial:
    looks = worlds.draw(generator, one.size, 400)
    return _beside(one, looks, worlds.uncertain_first(one, looks, 400), target)


def _easy(generator: np.random.Generator, one: World, target: float = 0.05) -> Trial:
    """Somebody looked at what is easy: agreements at large margins. Counted as evidence, they would hide the errors."""
    looks = worlds.draw(generator, one.size, 400)
    rest = np.setdiff1d(np.nonzero((one.margins > 1) & (one.agrees == 1))[0], looks)
    return _beside(one, looks, rest[worlds.draw(generator, len(rest), 2_000)], target)


def _beside(one: World, looks: Ints, others: Ints, target: float) -> Trial:
    found = find(
        one.margins[looks],
        (1 - one.agrees[looks]).tolist(),
        one.margins,
        target=target,
        looked_otherwise=one.margins[others],
    )
    both = np.concatenate([looks, others])
    kept = _kept(one, found, both, target)
    return Trial(kept.held, kept.size, _naive(one, both, both, target, own=True), kept.is_given)


def _domains(generator: np.random.Generator, one: World, target: float = 0.05) -> Trial:
    looks = worlds.draw(generator, one.size, 900)
    names = np.array(["a", "b", "c"])[one.domains]
    found = find_by_domain(
        one.margins[looks],
        (1 - one.agrees[looks]).tolist(),
        one.margins,
        domains=names[looks].tolist(),
        population_domains=names.tolist(),
        target=target,
    )
    kept, naive = [], []
    for name, search in found.items():
        places = np.nonzero(names == name)[0]
        part = World(one.margins[places], one.agrees[places], one.domains[places])
        mine = np.nonzero(np.isin(places, looks))[0]
        kept.append(_kept(part, search, mine, target))
        naive.append(_naive(part, mine, mine, target))
    size = sum(trial.size * float(np.mean(names == name)) for trial, name in zip(kept, found, strict=True))
    return Trial(all(trial.held for trial in kept), size, all(naive), any(trial.is_given for trial in kept))


def _bands(generator: np.random.Generator, one: World, target: float = 0.05) -> Trial:
    looks = np.concatenate(worlds.draw_strata(generator, one.domains, (100,) * 4))
    found = find(
        one.margins[looks],
        (1 - one.agrees[looks]).tolist(),
        one.margins,
        target=target,
        strata=[str(band) for band in one.domains[looks]],
        population_strata=[str(band) for band in one.domains],
    )
    return _kept(one, found, looks, target)


def _anchoring_cases() -> list[Case]:
    return [
        Case("anchoring", f"follows what is shown {pull:.0%} of the time, 300 looks, 30 % blind", _anchored(pull, own))
        for pull, own in ((0.0, 0.75), (0.2, 0.75), (0.5, 0.6))
    ]


def _anchored(pull: float, own: float) -> Callable[[np.random.Generator], Trial]:
    """Shown a suggestion, a person follows it unread with chance `pull`, else judges and agrees with chance `own`."""

    def trial(generator: np.random.Generator) -> Trial:
        n_blind = int(generator.binomial(300, 0.3))
        shown = int(generator.binomial(300 - n_blind, pull + (1 - pull) * own))
        found = of_counts((shown, 300 - n_blind), (int(generator.binomial(n_blind, own)), n_blind))
        if found.value is None or found.low is None or found.high is None:
            return Trial(False, 1.0)
        return Trial(found.low <= pull * (1 - own) <= found.high, found.value)

    return trial


def _stopping_cases() -> list[Case]:
    one, below = worlds.share_world(87_000, 100_000), worlds.share_world(84_900, 100_000)
    group = "limits: not promised"
    return [
        Case(group, "84.9 % agree; looks stop once the low end passes 85 %", lambda g: _until_pleased(g, below)),
        Case(group, "87 % agree; looks stop once narrower than 8 points", lambda g: _until_narrow(g, one)),
        Case(group, "what is shown is followed 20 % of the time, nothing blind", lambda g: _led(g, one)),
        Case(group, "the same person, all looks blind", lambda g: _led(g, one, pull=0.0)),
    ]


def _agreed_so_far(generator: np.random.Generator, one: World, n: int) -> Ints:
    order = worlds.draw(generator, one.size, n)
    generator.shuffle(order)
    return np.cumsum(one.agrees[order])


def _until_pleased(generator: np.random.Generator, one: World) -> Trial:
    agreed = _agreed_so_far(generator, one, 1_000)
    found = finite_interval(int(agreed[49]), 50, one.size)
    for n in range(50, 1_001, 10):
        found = finite_interval(int(agreed[n - 1]), n, one.size)
        if (found.low or 0) > 0.85:
            break
    return Trial(covers(found, one.share), found.width)


def _put_off(generator: np.random.Generator, one: World, n: int = 300) -> Trial:
    """20 % of the errors and 2 % of the agreements stay undecided; only what comes before the first of them counts."""
    agrees = one.agrees[worlds.draw(generator, one.size, n)]
    generator.shuffle(agrees)
    is_open = generator.random(n) < np.where(agrees == 1, 0.02, 0.2)
    first = int(np.argmax(is_open)) if is_open.any() else n
    found = finite_interval(int(agrees[:first].sum()), first, one.size)
    plain = finite_interval(int(agrees[~is_open].sum()), int((~is_open).sum()), one.size)
    return Trial(first == 0 or covers(found, one.share), found.width, covers(plain, one.share))


def _until_narrow(generator: np.random.Generator, one: World) -> Trial:
    agreed = _agreed_so_far(generator, one, 1_000)
    found = finite_interval(int(agreed[49]), 50, one.size)
    for n in range(50, 1_001, 10):
        found = finite_interval(int(agreed[n - 1]), n, one.size)
        if found.width < 0.08:
            break
    return Trial(covers(found, one.share), found.width)


def _led(generator: np.random.Generator, one: World, n: int = 300, pull: float = 0.2) -> Trial:
    agrees = one.agrees[worlds.draw(generator, one.size, n)]
    said = int((agrees | (generator.random(n) < pull)).sum())
    found = finite_interval(said, n, one.size)
    return Trial(covers(found, one.share), found.width)
