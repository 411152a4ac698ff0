"""The benchmarks that are known by name: what a right answer earns in each one's own terms, and what its score is.

    rewardbench      1 when the chosen response is above the rejected; a tie is wrong, as in the public package
    rewardbench-2    1 / (responses tied at the top) when the first of the file is among them; Ties by its own formula
    others           share of the pairs in gold's order; a tie in reward is half right (statistics/credits.py)

Leaves out reading a run (scores.py) and the formulas over subsets (rewardbench.py, ties.py).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.benchmarks.orders import order_of
from services.benchmarks.rewardbench import SCORE, section_scores, subset_scores_2
from services.benchmarks.rewardbench_sets import TIES
from services.errors import NotFound
from services.formats.helpsteer2 import STRENGTH
from services.formats.pairs import FILE_ORDER
from services.formats.rewardbench2 import NUM_CORRECT
from services.statistics.credits import credit
from services.statistics.intervals import Share

Credit = tuple[float, float]  # earned, possible


@dataclass(frozen=True, slots=True)
class Weighed:
    """An item that counts: gold, and every candidate's value under each way of ranking."""

    item_id: int
    subset: str | None
    gold: tuple[float | None, ...]  # goodness, higher is better
    best: frozenset[int]  # places of the gold best; empty when gold names none
    values: dict[str, tuple[float, ...]]
    meta: Mapping[str, Any] = field(default_factory=dict)  # only where the kind needs it

    @property
    def has_order(self) -> bool:
        """Whether gold calls some candidate better than another."""
        return len({good for good in self.gold if good is not None}) > 1

    @property
    def is_ties(self) -> bool:
        """Whether it belongs to RewardBench 2's Ties subset, told as the package tells it."""
        return (self.subset or "").lower() == TIES

    def in_file_order(self, values: Sequence[float]) -> tuple[float, ...]:
        """The values in the order in which the file had the responses; as they are where it is not remembered."""
        order = self.meta.get(FILE_ORDER)
        if not isinstance(order, list) or sorted(map(str, order)) != sorted(map(str, range(len(values)))):
            return tuple(values)
        placed = sorted(zip(order, values, strict=True))
        return tuple(value for _, value in placed)

    @property
    def num_correct(self) -> int:
        """How many of the file's first responses are right."""
        found = self.meta.get(NUM_CORRECT)
        return found if isinstance(found, int) else len(self.best)


@dataclass(frozen=True, slots=True)
class Kind:
    """A benchmark by name. `own` and `own_chance` give (earned, possible) of an item; `scores` the headline figures."""

    name: str
    title: str
    measure: str  # what the score of a subset is
    own: Callable[[Weighed, Sequence[float]], Credit]
    own_chance: Callable[[Weighed], Credit]
    scores: Callable[[Mapping[str, Share], Share], dict[str, Share]]  # of the subsets' and all items' own scores
    needs_meta: bool = False
    counts: Callable[[Weighed], bool] = lambda item: item.has_order
    slices: Callable[[Weighed], dict[str, str]] = lambda item: {}  # more slices than the subset: group -> name
    source: str = ""


def _strict(item: Weighed, values: Sequence[float]) -> Credit:
    """Every gold-best candidate above every other one."""
    best = min(values[place] for place in item.best)
    others = [value for place, value in enumerate(values) if place not in item.best]
    return float(best > max(others)), 1.0


def _strict_by_chance(item: Weighed) -> Credit:
    """All of the gold best above all others: one way out of those to choose which stand on top; 1/2 for a pair."""
    return 1 / math.comb(len(item.gold), len(item.best)), 1.0


def _first_by_chance(item: Weighed) -> Credit:
    return (1 if FILE_ORDER in item.meta else len(item.best)) / len(item.gold), 1.0


def _first_of_file(item: Weighed, values: Sequence[float]) -> Credit:
    """The file's first response among those at the top, shared with those that tie."""
    return credit(item.in_file_order(values), frozenset({0}) if FILE_ORDER in item.meta else item.best), 1.0


def _pairs(item: Weighed, values: Sequence[float]) -> Credit:
    order = order_of(values, item.gold)
    return order.credit, float(order.n_pairs)


def _pairs_by_chance(item: Weighed) -> Credit:
    n = order_of([0.0] * len(item.gold), item.gold).n_pairs
    return n / 2, float(n)


def _whole(_by_subset: Mapping[str, Share], whole: Share) -> dict[str, Share]:
    return {SCORE: whole}


def _strength(item: Weighed) -> dict[str, str]:
    """HelpSteer2's three strengths, whichever side they favour."""
    value = item.meta.get(STRENGTH)
    words = {1: "1, slightly better", 2: "2, better", 3: "3, much better"}
    return {"strength": words[abs(value)]} if isinstance(value, int) and abs(value) in words else {}


REWARDBENCH = Kind(
    "rewardbench", "RewardBench", "chosen above rejected, a tie is wrong", _strict, _strict_by_chance,
    lambda subsets, whole: section_scores(subsets),
    source="arXiv 2403.13787; allenai/reward-bench, split filtered (2,985 pairs)",
)  # fmt: skip
REWARDBENCH_2 = Kind(
    "rewardbench-2", "RewardBench 2", "the right one of four on top, ties at the top shared; Ties by its own formula",
    _first_of_file, _first_by_chance, lambda subsets, whole: subset_scores_2(subsets),
    needs_meta=True, counts=lambda item: item.has_order or FILE_ORDER in item.meta,
    source="arXiv 2506.01937; allenai/reward-bench-2, split test (1,865 prompts)",
)  # fmt: skip
LLMBAR = Kind(
    "llmbar", "LLMBar", "pairs in gold's order, a tie is half right", _pairs, _pairs_by_chance, _whole,
    source="arXiv 2310.07641; princeton-nlp/LLMBar (419 pairs in five files)",
)  # fmt: skip
HELPSTEER2 = Kind(
    "helpsteer2", "HelpSteer2-preference", "pairs in gold's order, a tie is half right", _pairs, _pairs_by_chance,
    _whole, needs_meta=True, slices=_strength,
    source="arXiv 2410.01257; nvidia/HelpSteer2, preference/preference.jsonl.gz",
)  # fmt: skip
NECTAR = Kind(
    "nectar", "Nectar", "pairs in gold's order, a tie is half right", _pairs, _pairs_by_chance, _whole,
    source="berkeley-nest/Nectar, data/rlaif.parquet (7 answers a prompt)",
)  # fmt: skip
KINDS = {kind.name: kind for kind in (REWARDBENCH, REWARDBENCH_2, LLMBAR, HELPSTEER2, NECTAR)}


def kind_named(name: str) -> Kind:
    """The benchmark of that name.

    Raises:
        NotFound: there is none.
    """
    if name in KINDS:
        return KINDS[name]
    raise NotFound(f"there is no benchmark {name!r}; choose one of {', '.join(KINDS)}")


def kind_of_format(format: str) -> Kind | None:
    """The benchmark whose published format a dataset was imported from; None for every other format."""
    return KINDS.get(format)
