"""Pick a pair for my data: the pairs of a map ranked by accuracy, and which differences to the best are noise.

Judged by people's decisions where there are enough of them, else as the map is; models alone and baselines are judged
on the same items, so that one table may hold them all. The best is the best of many on these
very items, so its own accuracy is a little too good; the paired differences say how far the others are off.
Leaves out reading the map (pair_map.py).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from services.pair_map.credits import Floats
from services.pair_map.read import MapData, MapPair
from services.statistics.bootstrap import Difference, paired_difference
from services.statistics.intervals import Share, share

ENOUGH_DECIDED = 20  # items; below it decisions alone say too little to rank by


@dataclass(frozen=True, slots=True)
class RankedPair:
    """A pair with its accuracy on the items that the ranking rests on, and how far the best is ahead (None: itself)."""

    pair: MapPair
    accuracy: Share
    behind: Difference | None

    @property
    def is_as_good(self) -> bool:
        """Whether nothing shows that the best is better."""
        return self.behind is None or self.behind.is_noise


@dataclass(frozen=True, slots=True)
class Pick:
    """The ranking, best first. judged_by: "decisions", or what the map is judged by when too few items are decided."""

    judged_by: str
    n: int
    n_decided: int
    ranked: tuple[RankedPair, ...]
    alone: Mapping[str, Share] = field(default_factory=dict)  # each model by its own log-prob, on the same items
    baselines: Mapping[str, Share] = field(default_factory=dict)

    @property
    def n_as_good(self) -> int:
        """Pairs that may be as good as the best, itself left out."""
        return sum(one.is_as_good for one in self.ranked) - 1 if self.ranked else 0

    def to_json(self) -> dict[str, Any]:
        """As plain JSON."""
        return {
            "judged_by": self.judged_by,
            "n": self.n,
            "n_decided": self.n_decided,
            "ranked": [
                {
                    "strong": one.pair.strong, "weak": one.pair.weak, "accuracy": asdict(one.accuracy),
                    "behind": None if one.behind is None else asdict(one.behind), "is_as_good": one.is_as_good,
                    "per_thousand_s": one.pair.per_thousand_s, "memory_bytes": one.pair.memory_bytes,
                }
                for one in self.ranked
            ],
            "alone": {name: asdict(share) for name, share in self.alone.items()},
            "baselines": {name: asdict(share) for name, share in self.baselines.items()},
        }  # fmt: skip


def pick(data: MapData) -> Pick:
    """Rank the map's pairs; equals by what they cost, cheaper first. Empty while nothing is judged."""
    n_decided = int(data.is_decided.sum())
    by_people = n_decided >= ENOUGH_DECIDED
    judged_by = "decisions" if by_people else data.map.judged_by
    counts = data.is_decided if by_people else np.ones_like(data.is_decided)
    credits = np.nan_to_num(data.credits[:, counts]) if data.credits.ndim == 2 else data.credits
    n = credits.shape[1] if credits.ndim == 2 else 0
    if not n or not data.map.pairs:
        return Pick(judged_by, n, n_decided, ())
    sums = credits.sum(axis=1)
    order = sorted(range(len(sums)), key=lambda place: (-sums[place], _cost(data.map.pairs[place])))
    best = credits[order[0]].tolist()
    ranked = tuple(
        RankedPair(
            data.map.pairs[place],
            _share(credits[place]),
            None if place == order[0] else paired_difference(best, credits[place].tolist()),
        )
        for place in order
    )
    alone, baselines = (
        {name: _share(earned[counts]) for name, earned in ways.items()} for ways in (data.alone, data.baselines)
    )
    return Pick(judged_by, n, n_decided, ranked, alone, baselines)


def _cost(pair: MapPair) -> float:
    """For an order: what was not measured comes last."""
    return math.inf if pair.per_thousand_s is None else pair.per_thousand_s


def _share(earned: Floats) -> Share:
    return share(min(float(np.nansum(earned)), float(len(earned))), len(earned))
