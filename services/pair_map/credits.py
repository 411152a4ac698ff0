"""The credit of many ways of ranking over one dataset at once: statistics/credits.py over arrays.

    candidates of all items stand in one row:   A B C | A B | A B C D ...     starts = 0, 3, 5
    a way of ranking gives each a value (NaN: none); an item's credit is the share of its highest that are right

Leaves out where the values come from (pair_map.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session, sessionmaker

from services.exports.items import ExportItem, read_items
from services.statistics.credits import gold_best
from services.trials.ledger import truth_of

Floats = NDArray[np.float64]
JudgedBy = Literal["any", "decided", "gold"]
JUDGED_BY = ("any", "decided", "gold")


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """A dataset's candidates in one row, and what is right of them; N items with C candidates.

    starts: (N,) where each item's candidates begin. item_of: (C,). right: (C,) bool.
    is_decided, is_gold: (N,) bool, who says what is right: a person, the file, or (neither) nobody.
    """

    item_ids: NDArray[np.int64]
    candidate_ids: NDArray[np.int64]
    starts: NDArray[np.int64]
    item_of: NDArray[np.int64]
    right: NDArray[np.bool_]
    is_decided: NDArray[np.bool_]
    is_gold: NDArray[np.bool_]
    n_characters: Floats

    def judged(self, by: JudgedBy) -> NDArray[np.bool_]:
        """(N,) the items that count: with a decision, with gold, or with either (a decision before gold)."""
        if by == "any":
            return self.is_decided | self.is_gold
        return self.is_decided if by == "decided" else self.is_gold

    def credits(self, values: Floats) -> Floats:
        """(C,) values -> (N,) credits; NaN where no candidate of the item has a value."""
        has_value = ~np.isnan(values)
        filled = np.where(has_value, values, -np.inf)
        top = has_value & (filled == np.maximum.reduceat(filled, self.starts)[self.item_of])
        n_top = np.add.reduceat(top.astype(np.float64), self.starts)
        n_right = np.add.reduceat((top & self.right).astype(np.float64), self.starts)
        with np.errstate(invalid="ignore"):
            found: Floats = np.where(n_top > 0, n_right / n_top, np.nan)
        return found

    def chance(self) -> Floats:
        """(N,) what picking one at random earns on average."""
        n_right = np.add.reduceat(self.right.astype(np.float64), self.starts)
        found: Floats = n_right / np.diff(np.append(self.starts, len(self.right)))
        return found

    def places(self, candidate_ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Where these candidates stand in the row; -1 for one that is not of this dataset any more."""
        order = np.argsort(self.candidate_ids, kind="stable")
        at = np.minimum(np.searchsorted(self.candidate_ids[order], candidate_ids), len(order) - 1)
        found = order[at]
        return np.where(self.candidate_ids[found] == candidate_ids, found, -1)


def read_layout(sessions: sessionmaker[Session], dataset_id: int, *, by: JudgedBy = "any") -> Layout:
    """A dataset's items in file order, with what people decided first and gold else; `by` "gold" looks past decisions.

    Items without any candidate are left out.
    """
    items: list[int] = []
    rows: list[tuple[int, int, bool, int]] = []  # place of the item, candidate, is right, characters
    kinds: list[str | None] = []
    with sessions() as session:
        for found in read_items(session, dataset_id, None):
            if not found.candidates:
                continue
            kind, right = _known(found, by)
            kinds.append(kind)
            rows += [(len(items), c.candidate_id, c.candidate_id in right, len(c.text)) for c in found.candidates]
            items.append(found.item.item_id)
    item_of = np.array([row[0] for row in rows], dtype=np.int64)
    return Layout(
        item_ids=np.array(items, dtype=np.int64),
        candidate_ids=np.array([row[1] for row in rows], dtype=np.int64),
        starts=np.searchsorted(item_of, np.arange(len(items))),
        item_of=item_of,
        right=np.array([row[2] for row in rows], dtype=bool),
        is_decided=np.array([kind == "decision" for kind in kinds], dtype=bool),
        is_gold=np.array([kind == "gold" for kind in kinds], dtype=bool),
        n_characters=np.array([row[3] for row in rows], dtype=np.float64),
    )


def _known(found: ExportItem, by: JudgedBy) -> tuple[str | None, frozenset[int]]:
    """Who says what is right of an item, and which candidates are."""
    if by != "gold":
        known = truth_of(found)
        return known.truth, known.right
    best = gold_best([c.gold_rank for c in found.candidates], [c.gold_score for c in found.candidates])
    return ("gold" if best else None), frozenset(found.candidates[place].candidate_id for place in best)


def fill_values(
    layout: Layout, batches: Iterable[Sequence[Sequence[Any]]], place_by_run: Mapping[int, int]
) -> tuple[Floats, Floats]:
    """Rows (run_id, candidate_id, a, b) as two arrays (runs, C), NaN where a run has nothing for a candidate."""
    first = np.full((len(place_by_run), len(layout.candidate_ids)), np.nan)
    second = first.copy()
    for batch in batches:
        if not batch:
            continue
        columns = list(zip(*batch, strict=True))
        runs = np.fromiter(map(place_by_run.__getitem__, columns[0]), dtype=np.int64, count=len(batch))
        at = layout.places(np.array(columns[1], dtype=np.int64))
        is_known = at >= 0
        first[runs[is_known], at[is_known]] = np.array(columns[2], dtype=np.float64)[is_known]
        second[runs[is_known], at[is_known]] = np.array(columns[3], dtype=np.float64)[is_known]
    return first, second
