"""What a map's screen offers: which models, which of them to begin with, and a run of one of its pairs.

Models are named as `weigh_models` takes them: "pair:strong" and "pair:weak" of the catalogue, a folder, or a hub id.
Opens no model. Leaves out the map itself (pair_map.py).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session, sessionmaker

from db.queries_map import stamp_of
from scoring.pairs import PROJECT_ROOT, ModelPair, ModelSpec
from services.criteria.store import find_criteria
from services.demo import DEMO_MODELS, DEMO_PAIR
from services.pair_map.runs import seen_models, stored_runs
from services.pair_map.weights import ModelKey, model_key
from services.pairs.catalogue import catalogue
from services.runs import start_run
from services.weighing.models import models_named

FEWEST = 3  # models seen before a map begins with just these


@dataclass(frozen=True, slots=True)
class Offered:
    """A model that can be put on a map."""

    name: str
    label: str
    is_demo: bool


def offered_models() -> tuple[Offered, ...]:
    """The demo's models, weakest first, then every other side of the catalogue, each once. Raises BadCatalogue."""
    pairs = catalogue()
    names = {f"demo/{side}": f"{DEMO_PAIR}:{side}" for side in ("strong", "weak") if DEMO_PAIR in pairs}
    found = [
        Offered(names.get(folder, folder), f"Demo, {name}", is_demo=True)
        for name, folder in DEMO_MODELS
        if (PROJECT_ROOT / folder / "config.json").is_file()
    ]
    known: set[ModelSpec] = set()
    for pair in pairs.values():
        for side in ("strong", "weak"):
            spec: ModelSpec = getattr(pair, side)
            if pair.name != DEMO_PAIR and spec not in known:
                known.add(spec)
                found.append(Offered(f"{pair.name}:{side}", spec.label, is_demo=False))
    return tuple(found)


def weighed_names(
    sessions: sessionmaker[Session], dataset_id: int, criteria: str, offered: Collection[Offered]
) -> tuple[str, ...]:
    """The models that have runs under these criteria; plain folders and hub ids also where none offers them."""
    row = find_criteria(sessions, criteria)
    key_of = {model_key(_spec_named(one.name)): one.name for one in offered}
    seen = seen_models(stored_runs(sessions, dataset_id, row.criteria_id))
    others = tuple(name for key in seen if key not in key_of and (name := _plain_name(key)) is not None)
    return tuple(name for key, name in key_of.items() if key in seen) + tuple(sorted(others))


def first_choice(weighed: Collection[str], offered: Collection[Offered]) -> tuple[str, ...]:
    """What a map begins with: the models weighed before; all of the demo's where only a few of them were."""
    demo = [one.name for one in offered if one.is_demo]
    if len(weighed) < FEWEST and any(name in demo for name in weighed):
        return tuple(demo) + tuple(name for name in weighed if name not in demo)
    return tuple(weighed)


def fullest_criteria(sessions: sessionmaker[Session], dataset_id: int, among: Mapping[str, int]) -> str | None:
    """The criteria (name -> id) under which most pairs of models have a run of the dataset; None without any."""
    counts = {name: len(stored_runs(sessions, dataset_id, number)) for name, number in among.items()}
    best = max(counts, key=lambda name: counts[name], default=None)
    return best if best is not None and counts[best] else None


def map_stamp(sessions: sessionmaker[Session], dataset_id: int, criteria: str) -> tuple[int, ...]:
    """Changes whenever a map of the dataset may.

    A run finished or deleted, a decision made, an item appended, another version of the criteria. Raises NotFound.
    """
    row = find_criteria(sessions, criteria)
    with sessions() as session:
        return (row.criteria_id, *stamp_of(session, dataset_id))


def catalogue_stamp() -> tuple[tuple[str, str, str, float | None, float | None], ...]:
    """Changes whenever the models or the performances in the catalogue do. Raises BadCatalogue."""
    return tuple(
        (pair.name, model_key(pair.strong), model_key(pair.weak), pair.strong_performance, pair.weak_performance)
        for pair in catalogue().values()
    )


def start_pair(
    sessions: sessionmaker[Session], *, dataset_id: int, strong: str, weak: str, criteria: str, rank_by: str
) -> int:
    """Queue a run of one pair of a map; its run_id. The log-probs are in the cache, so it is quickly done.

    A pair of the catalogue is taken with all that its entry says, unless it renders otherwise than the map did: the
    run would have other numbers than the cell. Raises NotFound or Refused.
    """
    names = models_named((strong, weak))
    one, other = names.values()
    listed = [
        pair for pair in catalogue().values() if (pair.strong, pair.weak) == (one, other) and _renders_as_maps(pair)
    ]
    listed.sort(key=lambda pair: pair.name != strong.rpartition(":")[0])
    title = " over ".join(names)
    plain = ModelPair(title, title, one, other, parameters="", context=0, licence="", memory_gb=0.0)
    row = find_criteria(sessions, criteria)
    return start_run(
        sessions, dataset_id=dataset_id, pair=next(iter(listed), plain), criteria_id=row.criteria_id, rank_by=rank_by
    )


def _renders_as_maps(pair: ModelPair) -> bool:
    return pair.template == "strong" and pair.system_role is not False


def _spec_named(name: str) -> ModelSpec:
    pair, _, side = name.rpartition(":")
    pairs = catalogue()
    spec: ModelSpec = getattr(pairs[pair], side) if pair in pairs else ModelSpec(name)
    return spec


def _plain_name(key: ModelKey) -> str | None:
    """The folder or hub id of a model that is nothing else; one with an adapter or a server needs its entry."""
    known = json.loads(key)
    is_plain = known.keys() <= {"ref", "dtype"} and known.get("dtype", "auto") == "auto"
    return str(known["ref"]) if is_plain else None
