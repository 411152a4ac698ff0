"""How often the ranked best is the gold best, against what needs no ratio at all.

What counts as right is in statistics/credits.py. The baselines rank the same items by one model alone, or by
length in characters. Leaves out figures (ui/charts/figures.py) and agreement with people (insights.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from itertools import groupby
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from db.queries_evaluation import GoldRow, gold_rows
from db.queries_routing import domains_taken
from db.tables import Item
from scoring.world import WorldRule
from services.errors import NotFound
from services.evaluation_pairs import SwitchShare, WorldReport, switch_shares, world_report
from services.run_rows import RunRow, read_run
from services.runs import latest_run
from services.statistics.credits import chance, credit, gold_best
from services.statistics.intervals import Auc, Share, share

__all__ = ["Auc", "Evaluation", "Share", "SwitchShare", "WorldReport", "evaluate"]

WAYS: dict[str, Callable[[GoldRow], float | None]] = {
    "sum": lambda row: row.reward,
    "mean": lambda row: row.reward_per_token,
    "weak": lambda row: row.weak_logprob,
    "strong": lambda row: row.strong_logprob,
    "longest": lambda row: row.n_characters,
    "shortest": lambda row: -row.n_characters,
}
DEFAULT_DOMAIN = "default"  # of items that the run found no domain for
BASELINES = ("weak", "strong", "longest", "shortest", "chance")


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One run against the gold of its dataset."""

    dataset: str
    run: int
    pair: str
    criteria: str
    rank_by: str
    n: int  # items with gold and a ranking
    accuracy: float | None  # of the run's own rank_by
    interval: tuple[float, float] | None  # 95 %, Wilson
    accuracy_sum: Share
    accuracy_mean: Share
    by_domain: dict[str, Share]
    by_subset: dict[str, Share]
    baselines: dict[str, Share]  # weak, strong, longest, shortest, chance
    n_items: int
    n_without_gold: int  # ranked, but the file does not say which is best
    n_not_weighed: int
    n_out_of_world: int
    n_within_noise: int
    switch: tuple[SwitchShare, ...]
    world: WorldReport | None
    by_run_domain: dict[str, Share] = field(default_factory=dict)  # the run's own, where it took none of the file's

    def to_json(self) -> dict[str, Any]:
        """The one object that `tare evaluate --json` prints; `by_run_domain` only where the run has its own domains."""
        taken = {name: asdict(part) for name, part in self.by_run_domain.items()}
        return {
            "dataset": self.dataset,
            "run": self.run,
            "n": self.n,
            "accuracy": self.accuracy,
            "interval": None if self.interval is None else list(self.interval),
            "n_within_noise": self.n_within_noise,
            "by_domain": {name: asdict(part) for name, part in self.by_domain.items()},
            "by_subset": {name: asdict(part) for name, part in self.by_subset.items()},
            "baselines": {name: asdict(part) for name, part in self.baselines.items()},
            "switch": [asdict(part) for part in self.switch],
            "world": None if self.world is None else asdict(self.world),
        } | ({"by_run_domain": taken} if taken else {})


@dataclass(slots=True)
class Tally:
    """Credit by way of ranking, summed over items."""

    n: int = 0
    credits: dict[str, float] = field(default_factory=dict)

    def add(self, credits: dict[str, float]) -> None:
        """One more item."""
        self.n += 1
        for way, earned in credits.items():
            self.credits[way] = self.credits.get(way, 0.0) + earned

    def share(self, way: str) -> Share:
        """A way's accuracy; a sum of thirds may miss its limit by a rounding error."""
        return share(min(self.credits.get(way, 0.0), float(self.n)), self.n)


@dataclass(slots=True)
class Tallies:
    """The whole, and its slices."""

    whole: Tally = field(default_factory=Tally)
    by_domain: dict[str, Tally] = field(default_factory=dict)
    by_subset: dict[str, Tally] = field(default_factory=dict)
    by_run_domain: dict[str, Tally] = field(default_factory=dict)
    n_without_gold: int = 0

    def slices(self, by: dict[str, Tally], way: str) -> dict[str, Share]:
        """The accuracy of each slice, by name."""
        return {name: by[name].share(way) for name in sorted(by)}


def evaluate(sessions: sessionmaker[Session], dataset_id: int, run_id: int | None = None) -> Evaluation:
    """Evaluate a run (the latest finished one unless told). NotFound when there is none."""
    run = latest_run(sessions, dataset_id) if run_id is None else read_run(sessions, run_id)
    if run is None or run.dataset_id != dataset_id:
        which = "no run has weighed it yet" if run_id is None else f"run {run_id} is not one of its runs"
        raise NotFound(f"dataset {dataset_id} cannot be evaluated: {which}; weigh it first")
    pair = run.configuration["pair"]
    rule = None if pair.get("world") is None else WorldRule(**pair["world"])
    with sessions() as session:
        found = tally(session, run.run_id)
        n_items = session.scalar(select(func.count()).where(Item.dataset_id == dataset_id)) or 0
        switch = switch_shares(session, dataset_id, run.pair)
        world = None if rule is None else world_report(session, dataset_id, run.dataset, run.pair, rule)
    return _evaluation(run, found, n_items, switch, world)


def tally(session: Session, run_id: int) -> Tallies:
    """The credit of every way of ranking, whole and by slice, in one pass over the run."""
    found = Tallies()
    taken = domains_taken(session, run_id)
    for item_id, rows in groupby(gold_rows(session, run_id), key=lambda row: row.item_id):
        candidates = list(rows)
        gold = gold_best([row.gold_rank for row in candidates], [row.gold_score for row in candidates])
        if not gold:
            found.n_without_gold += 1
            continue
        credits = _credits(candidates, gold)
        found.whole.add(credits)
        for by, name in ((found.by_domain, candidates[0].domain), (found.by_subset, candidates[0].subset)):
            if name is not None:
                by.setdefault(name, Tally()).add(credits)
        if item_id in taken:
            found.by_run_domain.setdefault(taken[item_id] or DEFAULT_DOMAIN, Tally()).add(credits)
    return found


def _credits(candidates: Sequence[GoldRow], gold: frozenset[int]) -> dict[str, float]:
    credits = {way: credit([value(row) for row in candidates], gold) for way, value in WAYS.items()}
    return {**credits, "chance": chance(len(candidates), gold)}


def _evaluation(
    run: RunRow, found: Tallies, n_items: int, switch: tuple[SwitchShare, ...], world: WorldReport | None
) -> Evaluation:
    accuracy = found.whole.share(run.rank_by)
    interval = None if accuracy.low is None or accuracy.high is None else (accuracy.low, accuracy.high)
    return Evaluation(
        dataset=run.dataset,
        run=run.run_id,
        pair=run.pair,
        criteria=run.criteria,
        rank_by=run.rank_by,
        n=accuracy.n,
        accuracy=accuracy.value,
        interval=interval,
        accuracy_sum=found.whole.share("sum"),
        accuracy_mean=found.whole.share("mean"),
        by_domain=found.slices(found.by_domain, run.rank_by),
        by_subset=found.slices(found.by_subset, run.rank_by),
        by_run_domain=found.slices(found.by_run_domain, run.rank_by),
        baselines={name: found.whole.share(name) for name in BASELINES},
        n_items=n_items,
        n_without_gold=found.n_without_gold,
        n_not_weighed=run.n_not_weighed,
        n_out_of_world=run.n_out_of_world,
        n_within_noise=run.n_within_noise,
        switch=switch,
        world=world,
    )
