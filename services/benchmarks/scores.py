"""A run's rewards in a benchmark's own terms: its scores, its subsets, and the baselines in the same table.

Reads what a run left in the database, computes no reward. An item counts when gold orders at least one pair of its
candidates (in RewardBench 2 always) and every candidate has a reward; the others are counted by why they do not.
Baselines rank the very same items by one model alone, by length in characters, or not at all (chance: what is expected
of random rewards).
Leaves out agreement with people (insights.py) and figures (ui/charts/benchmarks.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from db.queries_evaluation import GoldRow, gold_rows, metas
from db.tables import Dataset, Item
from services.benchmarks.kinds import REWARDBENCH, REWARDBENCH_2, Kind, Weighed, kind_named, kind_of_format
from services.benchmarks.orders import goodness
from services.benchmarks.rewardbench import SCORE, missing_subsets
from services.benchmarks.rewardbench_sets import PRIOR_SETS, SECTION_OF, SUBSETS_2
from services.benchmarks.tally import CHANCE, SUBSET, Figures, WayTally, is_ties_row
from services.benchmarks.ties import TiesScore, read_reference
from services.errors import NotFound, Refused
from services.run_rows import RunRow, read_run
from services.runs import latest_run
from services.statistics.bootstrap import Difference, paired_difference
from services.statistics.credits import gold_best
from services.statistics.intervals import Share

VALUES: dict[str, Callable[[GoldRow], float | None]] = {
    "sum": lambda row: row.reward,
    "mean": lambda row: row.reward_per_token,
    "strong": lambda row: row.strong_logprob,
    "weak": lambda row: row.weak_logprob,
    "longest": lambda row: float(row.n_characters),
    "shortest": lambda row: -float(row.n_characters),
}
WAYS = (*VALUES, CHANCE)
BASELINES = ("strong", "weak", "longest", "shortest", CHANCE)
MISSING_SHOWN = 6
NO_GOLD = "without gold"
NOT_WEIGHED = "not weighed"
NOT_REACHED = "that the run has not come to"
NO_REWARD = "with a response that has no reward"
NO_REFERENCE = 'of Ties without an id such as "ref:12"'


@dataclass(frozen=True, slots=True)
class Slice:
    """Some items: a subset, or a strength."""

    group: str
    name: str
    figures: Figures


@dataclass(frozen=True, slots=True)
class WayReport:
    """One way of ranking: the benchmark's headline scores, all items, every slice."""

    scores: dict[str, Share]
    whole: Figures
    slices: tuple[Slice, ...]
    ties: TiesScore | None

    @property
    def score(self) -> Share:
        """The final score; without a value where the benchmark's parts are not all there."""
        return self.scores[SCORE]


@dataclass(frozen=True, slots=True)
class BenchmarkReport:
    """One run by one benchmark. `ways` always has every name of WAYS; `rank_by` names the run's own among them."""

    benchmark: str
    title: str
    measure: str
    dataset: str
    run: int
    pair: str
    criteria: str
    rank_by: str
    n: int
    n_items: int
    n_out_of_world: int
    left_out: dict[str, int]
    ways: dict[str, WayReport]
    leads: dict[str, Difference]  # the run's own way minus a baseline, item by item, all items alike
    notes: tuple[str, ...]

    @property
    def own(self) -> WayReport:
        """The run's own way of ranking."""
        return self.ways[self.rank_by]

    def to_json(self) -> dict[str, Any]:
        """The object under "benchmark" that `tare evaluate --json` prints."""
        return asdict(self)


def benchmark_of(sessions: sessionmaker[Session], dataset_id: int, name: str | None = None) -> Kind | None:
    """The benchmark of that name; without one, that of the dataset's format, or None.

    Raises:
        NotFound: no benchmark of that name, or no such dataset.
    """
    if name is not None:
        return kind_named(name)
    with sessions() as session:
        format = session.scalar(select(Dataset.format).where(Dataset.dataset_id == dataset_id))
    if format is None:
        raise NotFound(f"no dataset {dataset_id}; it may have been deleted")
    return kind_of_format(format)


def evaluate_benchmark(
    sessions: sessionmaker[Session], dataset_id: int, kind: Kind, run_id: int | None = None
) -> BenchmarkReport:
    """Evaluate a run (the latest finished one unless told).

    Raises:
        NotFound: no run has weighed the dataset, or that one has not.
        Refused: no item of it counts.
    """
    run = latest_run(sessions, dataset_id) if run_id is None else read_run(sessions, run_id)
    if run is None or run.dataset_id != dataset_id:
        which = "no run has weighed it yet" if run_id is None else f"run {run_id} is not one of its runs"
        raise NotFound(f"dataset {dataset_id} cannot be evaluated: {which}; weigh it first")
    tallies = {way: WayTally() for way in WAYS}
    left_out = {NOT_WEIGHED: run.n_not_weighed, NO_GOLD: 0, NO_REWARD: 0, NO_REFERENCE: 0}
    with sessions() as session:
        n_items = session.scalar(select(func.count()).where(Item.dataset_id == dataset_id)) or 0
        for item in _items(session, run, kind, left_out):
            for way, tally in tallies.items():
                tally.add(kind, item, way)
    left_out[NOT_REACHED] = max(0, n_items - tallies[CHANCE].whole.n_items - sum(left_out.values()))
    if not tallies[CHANCE].whole.n_items:
        why = ", ".join(f"{n} {reason}" for reason, n in left_out.items() if n) or "it has no items"
        raise Refused(f"no item of {run.dataset!r} counts for {kind.title}: {why}")
    return _report(run, kind, tallies, n_items, left_out)


def _items(session: Session, run: RunRow, kind: Kind, left_out: dict[str, int]) -> Iterator[Weighed]:
    """The items that count, in file order; the others are counted by why they do not."""
    meta_by_item = dict(metas(session, run.dataset_id)) if kind.needs_meta else {}
    for item_id, rows in groupby(gold_rows(session, run.run_id), key=lambda row: row.item_id):
        item = _weighed(item_id, list(rows), meta_by_item.get(item_id, {}))
        if item is None:
            left_out[NO_REWARD] += 1
        elif not kind.counts(item):
            left_out[NO_GOLD] += 1
        elif is_ties_row(kind, item) and read_reference(item.meta.get("id")) is None:
            left_out[NO_REFERENCE] += 1
        else:
            yield item


def _weighed(item_id: int, rows: list[GoldRow], meta: dict[str, Any]) -> Weighed | None:
    values: dict[str, tuple[float, ...]] = {}
    for way, value_of in VALUES.items():
        found = [value_of(row) for row in rows]
        known = tuple(value for value in found if value is not None)
        if len(known) < len(found):
            return None
        values[way] = known
    ranks, scores = [row.gold_rank for row in rows], [row.gold_score for row in rows]
    return Weighed(item_id, rows[0].subset, goodness(ranks, scores), gold_best(ranks, scores), values, meta)


def _report(
    run: RunRow, kind: Kind, tallies: dict[str, WayTally], n_items: int, left_out: dict[str, int]
) -> BenchmarkReport:
    ways = {way: _way_report(kind, way, tally) for way, tally in tallies.items()}
    return BenchmarkReport(
        benchmark=kind.name,
        title=kind.title,
        measure=kind.measure,
        dataset=run.dataset,
        run=run.run_id,
        pair=run.pair,
        criteria=run.criteria if run.criteria_version == 1 else f"{run.criteria} v{run.criteria_version}",
        rank_by=run.rank_by,
        n=tallies[CHANCE].whole.n_items,
        n_items=n_items,
        n_out_of_world=run.n_out_of_world,
        left_out={reason: n for reason, n in left_out.items() if n},
        ways=ways,
        leads={way: _lead(tallies[run.rank_by], tallies[way]) for way in BASELINES},
        notes=(*_notes(kind, ways[run.rank_by]), *_world_note(run)),
    )


def _lead(own: WayTally, baseline: WayTally) -> Difference:
    """How much more the run earns an item, in the benchmark's own terms (rows of Ties have none of their own)."""
    return paired_difference(own.credits, baseline.credits)


def _way_report(kind: Kind, way: str, tally: WayTally) -> WayReport:
    ties = tally.ties_share(way)
    slices = tuple(
        Slice(group, name, sums.figures(ties if (group, name) == (SUBSET, tally.ties_name) else None))
        for (group, name), sums in sorted(tally.slices.items())
    )
    by_subset = {part.name: part.figures.score for part in slices if part.group == SUBSET}
    whole = tally.whole.figures()
    return WayReport(kind.scores(by_subset, whole.score), whole, slices, tally.ties_score(way))


def _notes(kind: Kind, own: WayReport) -> tuple[str, ...]:
    """What a reader must know beside the figures."""
    subsets = {part.name for part in own.slices if part.group == SUBSET}
    if kind is REWARDBENCH:
        return tuple(_rewardbench_notes(own, subsets))
    if kind is REWARDBENCH_2:
        return tuple(_rewardbench_2_notes(own))
    return ()


def _world_note(run: RunRow) -> Iterator[str]:
    if run.n_out_of_world:
        yield (
            f"{run.n_out_of_world:,} of {run.n_items:,} items are out of the pair's world: "
            "rewards mean nothing there, whatever the figures say"
        )


def _rewardbench_2_notes(own: WayReport) -> Iterator[str]:
    lost = [name for name, share in own.scores.items() if share.value is None and name != SCORE]
    n_known = len(own.scores) - 1 - len(lost)
    if n_known != len(SUBSETS_2):
        subsets = "subset" if n_known == 1 else "subsets"
        yield f"the score is the mean of {n_known} {subsets}; {len(SUBSETS_2)} are published"
    yield from (f"{name} has no score: no prompt has both of its rows and two right answers" for name in lost)


def _rewardbench_notes(own: WayReport, subsets: set[str]) -> Iterator[str]:
    missing = missing_subsets(dict.fromkeys(subsets))
    if own.score.value is None:
        yield "there is no score: it takes all four sections"
    if missing:
        shown = ", ".join(missing[:MISSING_SHOWN]) + (", ..." if len(missing) > MISSING_SHOWN else "")
        yield f"{len(missing)} of RewardBench's {len(SECTION_OF)} subsets are not here: {shown}"
    found = [name for name in PRIOR_SETS if name in subsets]
    if found:
        yield f"prior sets: the mean of {', '.join(found)}, at half a section's weight as on the package's results page"
    else:
        yield "without prior sets; with them the package's results page gives their mean half a section's weight"
