"""Splitting people in two by whom they agree with, and the p-value of a split on items that it was not made from.

    agreement of two people on an item    1 the same answer, 0 another one
    within 0, within 1, between           its mean over all pairs of people in a group, or of different groups
    gain of a split                       the smaller of (within 0, within 1), minus between

Leaves out when to split (tastes.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

STARTS = 8
ALL_SPLITS = 10  # people: up to 2^9 splits are all tried
FEWEST = 2  # people in a group: one alone has nobody to agree with

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Votes:
    """Answers of people on items, (I, P); -1 where a person gave none. Two equal numbers of a row are one answer."""

    items: tuple[int, ...]
    said: Ints


def best_split(votes: Votes, is_used: Bools, *, seed: int = 0) -> Ints:
    """The split with the largest gain on some of the items: (P,) of 0 and 1, at least two people each.

    All splits of few people; else single moves uphill from the leading eigenvector and from random starts.
    """
    same, both = _pair_counts(votes.said[is_used])
    n = votes.said.shape[1]
    if n <= ALL_SPLITS:
        sides = [np.array((0, *rest), dtype=np.int64) for rest in product((0, 1), repeat=n - 1)]
        return max((side for side in sides if _is_split(side)), key=lambda side: _gain(same, both, side))
    generator = np.random.default_rng(seed)
    starts = [_leading(same, both), *(generator.permutation(n) % 2 for _ in range(STARTS))]
    climbed = [_climbed(same, both, start.astype(np.int64)) for start in starts]
    return max(climbed, key=lambda side: _gain(same, both, side))


def p_value_of(votes: Votes, sides: Ints) -> float | None:
    """How likely so large a gain is if one of the groups agrees no more within than across; None where it is not seen.

    One-sided, for each group by the normal approximation over items, whose pairs stay together; the larger counts.

    Args:
        sides: (I, P) the split that each item is tried on, learnt without it.
    """
    from scipy.stats import norm

    pairs = [_by_item(votes.said, first, second) for first, second in _kinds(sides)]
    if any(n.sum() == 0 for _, n in pairs):
        return None
    between_same, between_n = pairs[2]
    p_values = []
    for same, n in pairs[:2]:
        gain = same.sum() / n.sum() - between_same.sum() / between_n.sum()
        pull = (same - same.sum() / n.sum() * n) / n.sum()
        pull -= (between_same - between_same.sum() / between_n.sum() * between_n) / between_n.sum()
        error = float(np.sqrt((pull**2).sum() * len(same) / max(1, len(same) - 1)))
        p_values.append(float(norm.sf(gain / error)) if error > 0 else float(gain <= 0))
    return max(p_values)


def _kinds(side: Ints) -> tuple[tuple[Bools, Bools], ...]:
    first, second = side == 0, side == 1
    return (first, first), (second, second), (first, second)


def _by_item(said: Ints, first: Bools, second: Bools) -> tuple[Floats, Floats]:
    """(pairs that agree, pairs) of each item between two groups, or within one: (I, P) each of who is in them."""
    left, right = (said >= 0) & first, (said >= 0) & second
    n_same, n_both = np.zeros(len(said)), np.zeros(len(said))
    for person in range(said.shape[1]):
        others = left[:, [person]] & right
        others[:, person] = False
        n_both += others.sum(axis=1)
        n_same += (others & (said == said[:, [person]])).sum(axis=1)
    twice = 2.0 if (first == second).all() else 1.0  # within a group every pair was met from both ends
    return n_same / twice, n_both / twice


def _pair_counts(said: Ints) -> tuple[Floats, Floats]:
    """(items on which two people said the same, items that both answered): (P, P) each, diagonal 0."""
    n = said.shape[1]
    same, both = np.zeros((n, n)), np.zeros((n, n))
    for person in range(n):
        shared = (said >= 0) & (said[:, [person]] >= 0)
        both[person] = shared.sum(axis=0)
        same[person] = (shared & (said == said[:, [person]])).sum(axis=0)
    np.fill_diagonal(same, 0)
    np.fill_diagonal(both, 0)
    return same, both


def _is_split(side: Ints) -> bool:
    return FEWEST <= int(side.sum()) <= len(side) - FEWEST


def _gain(same: Floats, both: Floats, side: Ints) -> float:
    """The gain of a split; a kind of pair that never met is taken at the share over all pairs."""
    overall = same.sum() / max(1.0, both.sum())
    shares = []
    for first, second in _kinds(side):
        block = np.ix_(first, second)
        n = both[block].sum()
        shares.append((same[block].sum() + overall) / (n + 1))  # one pair of the common kind: few pairs prove little
    return float(min(shares[0], shares[1]) - shares[2])


def _leading(same: Floats, both: Floats) -> Ints:
    """Sides by the sign of the leading eigenvector of agreement beyond what is common, the median as the border."""
    overall = same.sum() / max(1.0, both.sum())
    beyond = same - overall * both
    vector = np.linalg.eigh(beyond)[1][:, -1]
    order = np.argsort(np.argsort(vector))
    side: Ints = (order >= max(FEWEST, min(len(vector) - FEWEST, int((vector < 0).sum())))).astype(np.int64)
    return side


def _climbed(same: Floats, both: Floats, side: Ints) -> Ints:
    """The split after moving one person at a time to the other side, the best move first, while that gains."""
    best = _gain(same, both, side)
    while True:
        moved = []
        for person in range(len(side)):
            other = side.copy()
            other[person] = 1 - other[person]
            if _is_split(other):
                moved.append((_gain(same, both, other), person, other))
        if not moved:
            return side
        gain, _, other = max(moved, key=lambda move: (move[0], -move[1]))
        if gain <= best + 1e-12:
            return side
        best, side = gain, other
