"""How many more looks a wanted interval costs: the exact interval's width at the share seen so far, searched over n.

Leaves out prediction-powered intervals (they can only be cheaper) and strata (a proportional draw costs nearly the
same).
"""

from __future__ import annotations

from dataclasses import dataclass

from services.statistics.exact import LEVEL, chance_at_most, finite_interval

UNKNOWN = 0.5  # the share that costs most


@dataclass(frozen=True, slots=True)
class Cost:
    """Looks for an interval of the wanted width.

    n: in all, at the share seen so far. n_more: beyond those taken. n_more_at_most: were the share as unkind as its own
    interval allows (nearest to one half, where intervals are widest). Each is at most the whole population.
    """

    width: float
    n: int
    n_more: int
    n_more_at_most: int


def looks_needed(
    width: float, *, share: float | None, population: int, n_so_far: int = 0, n_known: int = 0, level: float = LEVEL
) -> Cost:
    """Looks for an interval of `width` (high - low) of the share over population + n_known items.

    Args:
        share: of agreement among the `n_so_far` random looks taken; None before the first.
        population: items the looks are drawn from. n_known: items whose outcome is known already, without any look.

    Raises ValueError when the width is not between 0 and 1.
    """
    if not 0 < width < 1:
        raise ValueError(f"a width of {width}: it lies between 0 and 1, and 0.06 means plus or minus three points")
    wanted = width * (population + n_known) / population if population else 1.0
    if wanted >= 1:  # what is known already is enough
        return Cost(width, 0, 0, 0)
    seen = UNKNOWN if share is None or not n_so_far else share
    unkind = UNKNOWN
    if share is not None and n_so_far:
        found = finite_interval(round(share * n_so_far), n_so_far, population, level=level)
        unkind = min(max(UNKNOWN, found.low or 0.0), found.high or 1.0)
    n, at_most = (_fewest(wanted, kind, population, level) for kind in (seen, unkind))
    return Cost(width, n, max(0, n - n_so_far), max(0, max(n, at_most) - n_so_far))


def looks_without_error(target: float, *, population: int | None = None, level: float = LEVEL) -> int:
    """The fewest random looks, all of them agreed with, that show at most `target` errors.

    Worked: 59 for 5 % at 95 % confidence; of 500 items 54 do.

    Raises ValueError when the target is not between 0 and 1.
    """
    if not 0 < target < 1:
        raise ValueError(f"a target of {target}: it lies between 0 and 1, and 0.05 means five errors in a hundred")
    if population is None:
        n = 1
        while (1 - target) ** n > 1 - level:
            n += 1
        return n
    errors = int(target * population + 1e-9) + 1
    low, high = 1, population
    while low < high:
        middle = (low + high) // 2
        if chance_at_most(0, middle, population, errors) <= 1 - level:
            high = middle
        else:
            low = middle + 1
    return low


def _fewest(wanted: float, share: float, population: int, level: float) -> int:
    """Bisection: the width falls with n but for steps of one success, so the answer is right to a look or two."""
    low, high = 1, population
    while low < high:
        middle = (low + high) // 2
        if finite_interval(round(share * middle), middle, population, level=level).width <= wanted:
            high = middle
        else:
            low = middle + 1
    return low
