"""The stored runs a pair map is read from: which ordered pairs of models have a finished run, and what weighing cost.

A run counts whatever its name and whoever started it, when the models, dtype, criteria, template and end of turn are
the map's and nothing else was chosen (routing, conditioning, criteria kept out of a system role that is there). The
newest over most items is taken. Of a model that was trained on since, only runs of the weights that its newest run
knows are taken: a map never mixes two models under one name. Opens no model.

What a model's pass cost is written beside the run's models when several models are weighed at once
(`configuration["passes"]`); a run that computed everything itself tells it for both sides together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session, sessionmaker

from db.queries_map import FinishedRun, finished_runs_under
from scoring.pairs import ModelPair, ModelSpec
from services.pair_map.weights import ModelKey, is_of_weights, model_key, weights_now

PairKey = tuple[ModelKey, ModelKey]
CHOSEN_OTHERWISE = ("routing", "conditioning", "again_of")  # a run that has one of these has other numbers


@dataclass(frozen=True, slots=True)
class PassCost:
    """What weighing with one model took: texts that went through it, seconds, and where. Memory: weights, bytes."""

    n_computed: int
    elapsed_s: float
    device: str
    memory_bytes: int | None

    @property
    def per_thousand_s(self) -> float:
        """Seconds for 1,000 responses, as measured."""
        return 1000 * self.elapsed_s / self.n_computed


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A finished run of one ordered pair. own_cost: of both sides together, where the run computed all by itself."""

    run_id: int
    n_items: int
    passes: Mapping[str, PassCost]  # by side
    own_cost: PassCost | None


def stored_runs(
    sessions: sessionmaker[Session], dataset_id: int, criteria_id: int, *, dtype: str = "auto"
) -> dict[PairKey, StoredRun]:
    """Every ordered pair of models with a finished run of the map's settings on this dataset; one query."""
    found: dict[PairKey, StoredRun] = {}
    with sessions() as session:
        rows = finished_runs_under(session, dataset_id, criteria_id)
    rows = [row for row in rows if _is_plain(row.configuration, dtype)]
    now = weights_now([row.configuration for row in rows])
    for row in sorted(rows, key=lambda row: (-row.n_items, -row.run_id)):
        pair = row.configuration["pair"]
        if is_of_weights(row.configuration, now):
            found.setdefault((model_key(pair["strong"]), model_key(pair["weak"])), _stored(row))
    return found


def _is_plain(configuration: Mapping[str, Any], dtype: str) -> bool:
    return (
        configuration["dtype"] == dtype
        and configuration["template"] == "strong"
        and bool(configuration["count_end_of_turn"])
        and configuration["pair"].get("system_role") is not False
        and not any(configuration.get(name) for name in CHOSEN_OTHERWISE)
    )


def _stored(row: FinishedRun) -> StoredRun:
    passes = {side: PassCost(**known) for side, known in row.configuration.get("passes", {}).items()}
    own = None
    if row.n_computed and not row.n_cached and row.elapsed_s > 0:
        device = row.configuration.get("models", {}).get("strong", {}).get("device", "")
        own = PassCost(row.n_computed, row.elapsed_s, device, None)
    return StoredRun(row.run_id, row.n_items, passes, own)


def cost_by_model(runs: Mapping[PairKey, StoredRun]) -> dict[ModelKey, PassCost]:
    """What each model's pass took, from the runs that know it: the one over most texts."""
    found: dict[ModelKey, PassCost] = {}
    for (strong, weak), run in runs.items():
        for side, key in (("strong", strong), ("weak", weak)):
            known = run.passes.get(side)
            if known is not None and (key not in found or known.n_computed > found[key].n_computed):
                found[key] = known
    return found


def given_performances(specs: Mapping[str, ModelSpec], pairs: Iterable[ModelPair]) -> dict[str, float]:
    """Name -> the number that the catalogue gives for this model; the first entry that has one counts."""
    known: dict[ModelSpec, float] = {}
    for pair in pairs:
        for spec, number in ((pair.strong, pair.strong_performance), (pair.weak, pair.weak_performance)):
            if number is not None:
                known.setdefault(spec, number)
    return {name: known[spec] for name, spec in specs.items() if spec in known}


def seen_models(runs: Iterable[PairKey]) -> Sequence[ModelKey]:
    """The models of these pairs, in the order they appear."""
    return list(dict.fromkeys(key for pair in runs for key in pair))
