"""How often the ranked best is the gold best, against what needs no ratio at all.

Credit: an item counts right when the ranked best has the best gold rank. Several candidates tied at the top earn the
share of them that are gold-best. Chance is the number of gold-best candidates over K.
Leaves out figures (ui/charts.py) and agreement with people (insights.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session, sessionmaker

from services.intervals import Auc, Share


@dataclass(frozen=True, slots=True)
class SwitchShare:
    """From one criteria set to another: how often the best turned exactly from the one's gold to the other's."""

    from_criteria: str
    to_criteria: str
    from_run_id: int
    to_run_id: int
    n: int
    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class WorldReport:
    """How well the mark "out of the pair's world" tells in-world from out-of-world text."""

    dataset: str
    measure: str  # what the AUC ranks by, in words
    auc: Auc
    n_in: int
    n_out: int
    missed: Share  # out-of-world text not marked, at the pair's thresholds
    false_alarm: Share  # in-world text marked


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One run against the gold of its dataset."""

    dataset: str
    run: int
    pair: str
    criteria: str
    rank_by: str
    n: int  # items with gold and a ranking
    accuracy: float | None
    interval: tuple[float, float] | None  # 95 %, Wilson
    accuracy_sum: Share
    accuracy_mean: Share
    by_domain: dict[str, Share]
    by_subset: dict[str, Share]
    baselines: dict[str, Share]  # weak, strong, longest, shortest, chance
    n_items: int
    n_without_gold: int
    n_not_weighed: int
    n_out_of_world: int
    switch: tuple[SwitchShare, ...]
    world: WorldReport | None

    def to_json(self) -> dict[str, Any]:
        """The one object that `tare evaluate --json` prints."""
        raise NotImplementedError


def evaluate(sessions: sessionmaker[Session], dataset_id: int, run_id: int | None = None) -> Evaluation:
    """Evaluate a run (the latest finished one unless told). NotFound when there is none."""
    raise NotImplementedError
