"""Two questions about a pair that one run's accuracy does not answer: do criteria steer it, does it know its world.

    switch   items whose gold depends on the criteria: did the best turn exactly from the one's gold to the other's?
    world    texts known to lie in or out of the pair's world: does the mark tell them apart?

Both need items that carry it in their metadata (`gold_by_criteria`, `world`), at the top or under "metadata".
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Any

from sqlalchemy.orm import Session

from db.queries_evaluation import dataset_id_of, finished_runs, metas, top_positions, world_means
from scoring.world import WorldRule
from services.statistics.intervals import Auc, Share, auc, share

WORLD_SUFFIX = "-world"  # a dataset's companion with texts of known world
MEASURE = "smaller distance of the prompt's and the responses' mean token log-prob to its threshold, nats per token"


@dataclass(frozen=True, slots=True)
class SwitchShare:
    """From one criteria set to another: how often the best turned exactly from the one's gold to the other's.

    The way back has the same share: both ask that each run's best is its own gold.
    """

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


def meta_value(meta: dict[str, Any], key: str) -> Any:
    """A value of an item's metadata, at the top or under "metadata" as files have it; None when it is not there."""
    inner = meta.get("metadata")
    return meta.get(key, inner.get(key) if isinstance(inner, dict) else None)


def switch_shares(session: Session, dataset_id: int, pair: str) -> tuple[SwitchShare, ...]:
    """For every two criteria that have gold and a finished run of this pair; nothing when there are none."""
    run_by_criteria = finished_runs(session, dataset_id, pair)
    if len(run_by_criteria) < 2:
        return ()
    gold = _gold_by_item(session, dataset_id)
    names = sorted({name for by_criteria in gold.values() for name in by_criteria} & set(run_by_criteria))
    tops = {name: top_positions(session, run_by_criteria[name], list(gold)) for name in names}
    found = []
    for first, second in combinations(names, 2):
        styled = [item for item, by in gold.items() if first in by and second in by and by[first] != by[second]]
        turned = sum(
            tops[first].get(item) == [gold[item][first]] and tops[second].get(item) == [gold[item][second]]
            for item in styled
        )
        part = share(turned, len(styled))
        runs = run_by_criteria[first], run_by_criteria[second]
        found.append(SwitchShare(first, second, *runs, part.n, part.value, part.low, part.high))
    return tuple(found)


def world_report(session: Session, dataset_id: int, dataset: str, pair: str, rule: WorldRule) -> WorldReport | None:
    """From the dataset's own items of known world, or its companion's; None when neither has any weighed."""
    companion = dataset_id_of(session, dataset + WORLD_SUFFIX)
    for known_id, name in ((dataset_id, dataset), (companion, dataset + WORLD_SUFFIX)):
        runs = {} if known_id is None else finished_runs(session, known_id, pair)
        texts = _texts_of_known_world(session, max(runs.values()), rule) if runs else []
        if texts:
            return _world_report(name, texts)
    return None


def _gold_by_item(session: Session, dataset_id: int) -> dict[int, dict[str, int]]:
    found = {}
    for item_id, meta in metas(session, dataset_id):
        gold = meta_value(meta, "gold_by_criteria")
        if isinstance(gold, dict) and gold:
            places = {str(name): place for name, place in gold.items()}
            found[item_id] = {name: place for name, place in places.items() if isinstance(place, int)}
    return found


def _texts_of_known_world(session: Session, run_id: int, rule: WorldRule) -> list[tuple[bool, float, bool]]:
    """(is in, distance to the threshold, is marked) of each text that the measure is known for."""
    found = []
    for meta, prompt_mean, response_mean, is_marked in world_means(session, run_id):
        place = meta_value(meta, "world")
        limits = ((prompt_mean, rule.prompt_min), (response_mean, rule.response_min))
        distances = [mean - limit for mean, limit in limits if mean is not None and limit is not None]
        if place in ("in", "out") and distances:
            found.append((place == "in", min(distances), is_marked))
    return found


def _world_report(dataset: str, texts: list[tuple[bool, float, bool]]) -> WorldReport:
    inside = [text for text in texts if text[0]]
    outside = [text for text in texts if not text[0]]
    return WorldReport(
        dataset=dataset,
        measure=MEASURE,
        auc=auc([text[1] for text in inside], [text[1] for text in outside]),
        n_in=len(inside),
        n_out=len(outside),
        missed=share(sum(not text[2] for text in outside), len(outside)),
        false_alarm=share(sum(text[2] for text in inside), len(inside)),
    )
