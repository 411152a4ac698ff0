"""What counts as right: the gold best of an item, and the credit a way of ranking earns on it. Pure functions.

    credit = share of the candidates tied at the top that are gold-best       1 or 0 when one stands alone

Worked: gold best B of A B C; rewards 1, 3, 3 tie B and C at the top: credit 1/2. Chance is 1/3.
"""

from __future__ import annotations

from collections.abc import Sequence


def gold_best(ranks: Sequence[float | None], scores: Sequence[float | None]) -> frozenset[int]:
    """Places of the gold-best candidates: the lowest rank, or else the highest score; empty when gold says nothing.

    Gold that calls all candidates equally good says nothing about which is best.
    """
    best = _extreme([None if rank is None else -rank for rank in ranks]) or _extreme(scores)
    return frozenset() if len(best) == len(ranks) else best


def credit(values: Sequence[float | None], gold: frozenset[int]) -> float:
    """The share of the candidates tied at the highest value that are gold-best; 0 when none has a value."""
    top = _extreme(values)
    return len(top & gold) / len(top) if top else 0.0


def chance(n_candidates: int, gold: frozenset[int]) -> float:
    """What picking one at random earns on average."""
    return len(gold) / n_candidates


def _extreme(values: Sequence[float | None]) -> frozenset[int]:
    """Places of the highest value, ties included."""
    known = [value for value in values if value is not None]
    return frozenset(place for place, value in enumerate(values) if known and value == max(known))
