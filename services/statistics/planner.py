"""How many more looks a wanted interval costs. (In work.)"""

from __future__ import annotations

from dataclasses import dataclass

from services.statistics.exact import LEVEL


@dataclass(frozen=True, slots=True)
class Cost:
    """Looks in all, and beyond those taken, for an interval of the wanted width; `at_most`: were the share less kind."""

    width: float
    n: int
    n_more: int
    n_more_at_most: int


def looks_needed(
    width: float, *, share: float | None, population: int, n_so_far: int = 0, n_known: int = 0, level: float = LEVEL
) -> Cost:
    """Looks for an interval of `width` (high - low) over population + n_known items, at the share seen so far."""
    raise NotImplementedError


def looks_without_error(target: float, *, population: int | None = None, level: float = LEVEL) -> int:
    """The fewest random looks, all of them agreed with, that show at most `target` errors."""
    raise NotImplementedError
