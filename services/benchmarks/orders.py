"""How one way of ranking orders the candidates of one prompt, against the order that gold gives them. Pure functions.

    pairs      those that gold does not call equally good; each earns 1 when the better one is higher, 1/2 when they tie
    tau-b      (C - D) / sqrt(pairs that differ in gold * pairs that differ in value)       Kendall 1945
    best       as statistics/credits.py: the share of those tied at the top that are gold-best

Worked: gold A > B > C, values 1, 1, 0: pairs AB 1/2, AC 1, BC 1, so 2.5 of 3; tau-b = (2 - 0) / sqrt(3 * 2) = 0.8165.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Order:
    """The pairs of one prompt, counted."""

    concordant: int
    discordant: int
    tied_in_value: int  # gold differs, the values do not
    tied_in_gold: int  # the values differ, gold does not

    @property
    def n_pairs(self) -> int:
        """Pairs that gold orders."""
        return self.concordant + self.discordant + self.tied_in_value

    @property
    def credit(self) -> float:
        """What those pairs earn."""
        return self.concordant + self.tied_in_value / 2

    @property
    def tau_b(self) -> float | None:
        """Kendall's tau-b, -1 to 1; None where either side calls all equal."""
        in_value = self.concordant + self.discordant + self.tied_in_gold
        if not self.n_pairs or not in_value:
            return None
        return (self.concordant - self.discordant) / math.sqrt(self.n_pairs * in_value)


def goodness(ranks: Sequence[float | None], scores: Sequence[float | None]) -> tuple[float | None, ...]:
    """How good gold calls each candidate, higher is better: from the ranks, or else from the scores."""
    turned = tuple(None if rank is None else -rank for rank in ranks)
    return turned if any(value is not None for value in turned) else tuple(scores)


def order_of(values: Sequence[float], gold: Sequence[float | None]) -> Order:
    """The pairs of candidates whose goodness is known, each compared by value and by gold."""
    known = [(value, good) for value, good in zip(values, gold, strict=True) if good is not None]
    concordant = discordant = tied_in_value = tied_in_gold = 0
    for place, (value, good) in enumerate(known):
        for other_value, other_good in known[:place]:
            if good == other_good:
                tied_in_gold += value != other_value
            elif value == other_value:
                tied_in_value += 1
            elif (value > other_value) == (good > other_good):
                concordant += 1
            else:
                discordant += 1
    return Order(concordant, discordant, tied_in_value, tied_in_gold)
