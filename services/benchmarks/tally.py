"""Counting a benchmark item by item: sums by way of ranking and slice, in memory that does not grow with the items.

Leaves out where the items come from (scores.py) and what the sums mean (kinds.py).
"""

from __future__ import annotations

import random
from array import array
from dataclasses import dataclass, field, replace

from services.benchmarks.intervals import ClusterSum, bounded_mean, tau_share
from services.benchmarks.kinds import Kind, Weighed
from services.benchmarks.orders import order_of
from services.benchmarks.ties import TiesRow, TiesScore, read_reference, ties_score
from services.statistics.credits import chance, credit
from services.statistics.intervals import Share

SUBSET = "subset"  # the slices that every benchmark has
CHANCE = "chance"
CHANCE_DRAWS = 200  # random rewards to find what Ties gives by chance; it has no closed form
Key = tuple[str, str]  # group and name of a slice


@dataclass(frozen=True, slots=True)
class Figures:
    """What one way of ranking achieves on some items."""

    n_items: int
    score: Share  # in the benchmark's own terms
    pairwise: Share  # share of the pairs that gold orders; n counts pairs
    best_of_n: Share  # share of the items whose top is gold-best
    tau_b: Share  # mean of Kendall's tau-b, -1 to 1


@dataclass(slots=True)
class Sums:
    """One slice under one way of ranking."""

    n_items: int = 0
    own: ClusterSum = field(default_factory=ClusterSum)
    pairwise: ClusterSum = field(default_factory=ClusterSum)
    best: ClusterSum = field(default_factory=ClusterSum)
    tau: ClusterSum = field(default_factory=ClusterSum)

    def figures(self, score: Share | None = None) -> Figures:
        """The shares; `score` where the benchmark's own is not one of these sums."""
        own = self.own.share() if score is None else score
        return Figures(
            self.n_items, own, self.pairwise.share(), self.best.share(), tau_share(self.tau, n_pairs=self.pairwise.size)
        )


@dataclass(slots=True)
class WayTally:
    """One way of ranking: the whole and its slices."""

    whole: Sums = field(default_factory=Sums)
    slices: dict[Key, Sums] = field(default_factory=dict)
    ties: list[TiesRow] = field(default_factory=list)
    ties_name: str | None = None  # the Ties subset as the file writes it
    credits: array[float] = field(default_factory=lambda: array("d"))  # of each item by its own rule, 0 to 1

    def add(self, kind: Kind, item: Weighed, way: str) -> None:
        """One more item."""
        found = _credits(kind, item, way)
        for sums in (self.whole, *(self.slices.setdefault(key, Sums()) for key in slice_keys(kind, item))):
            sums.n_items += 1
            for into, (earned, possible) in zip((sums.own, sums.pairwise, sums.best, sums.tau), found, strict=True):
                into.add(earned, possible)
        earned, possible = found[0]
        if possible:  # the same items whatever the way of ranking
            self.credits.append(earned / possible)
        if is_ties_row(kind, item):
            self._add_ties(item, way)

    def _add_ties(self, item: Weighed, way: str) -> None:
        reference = read_reference(item.meta.get("id"))
        if reference is not None:
            values = item.values.get(way, (0.0,) * len(item.gold))
            self.ties.append(TiesRow(*reference, item.in_file_order(values), item.num_correct))
            self.ties_name = item.subset

    def ties_score(self, way: str) -> TiesScore | None:
        """The Ties subset's own score; by chance it is the mean over random rewards."""
        if not self.ties:
            return None
        found = ties_score(self.ties)
        if way != CHANCE or found.score is None:
            return found
        dice = random.Random(0)
        drawn = [ties_score(_at_random(row, dice) for row in self.ties).score or 0.0 for _ in range(CHANCE_DRAWS)]
        return replace(found, score=sum(drawn) / len(drawn))

    def ties_share(self, way: str) -> Share | None:
        """The same with an interval: a mean over prompts of parts between 0 and 1."""
        found = self.ties_score(way)
        if found is None:
            return None
        return Share(0, None, None, None) if found.score is None else bounded_mean(found.score, found.n_prompts)


def is_ties_row(kind: Kind, item: Weighed) -> bool:
    """Whether the item counts in the Ties formula instead of for itself."""
    return kind.name == "rewardbench-2" and item.is_ties


def slice_keys(kind: Kind, item: Weighed) -> list[Key]:
    """The slices an item belongs to."""
    subset = [] if item.subset is None else [(SUBSET, item.subset)]
    return [*subset, *kind.slices(item).items()]


def _credits(kind: Kind, item: Weighed, way: str) -> tuple[tuple[float, float], ...]:
    """(earned, possible) by the benchmark's own rule, in pairs, at the top, and tau as (tau + 1) / 2."""
    values = item.values.get(way)
    is_ties = is_ties_row(kind, item)
    has_best = float(bool(item.best))
    if values is None:
        n_pairs = float(order_of([0.0] * len(item.gold), item.gold).n_pairs)
        own = (0.0, 0.0) if is_ties else kind.own_chance(item)
        best = (chance(len(item.gold), item.best), has_best)
        return own, (n_pairs / 2, n_pairs), best, (0.5, float(n_pairs > 0))
    order = order_of(values, item.gold)
    tau = order.tau_b
    own = (0.0, 0.0) if is_ties else kind.own(item, values)
    best = (credit(values, item.best), has_best)
    return own, (order.credit, float(order.n_pairs)), best, (0.0, 0.0) if tau is None else ((tau + 1) / 2, 1.0)


def _at_random(row: TiesRow, dice: random.Random) -> TiesRow:
    return row._replace(rewards=tuple(dice.gauss(0, 1) for _ in row.rewards))
