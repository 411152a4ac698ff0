"""The pair map: how accurate every ordered pair of some models is on one dataset, read from stored runs alone.

    accuracy     share of the items whose best candidate is right: a person's choice first, else the file's gold
    performance  of a model: a number the user gives, if every model of the map has one, else how accurate the model's
                 own log-prob is on the same items
    gap          performance(strong) - performance(weak): what the paper's Figure 1 sets against accuracy

Only items that every run of the map has weighed count, so that all numbers rest on the same items. Opens no model.
Leaves out weighing (weighing/models.py), the ranking of pairs (pick.py) and drawing (ui/charts/map.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session, sessionmaker

from scoring.pairs import ModelSpec
from services.criteria.store import find_criteria
from services.datasets import get as get_dataset
from services.errors import Refused
from services.pair_map.credits import JUDGED_BY, Floats, JudgedBy, Layout, read_layout
from services.pair_map.rewards import Credits, read_credits
from services.pair_map.runs import PassCost, StoredRun, cost_by_model, given_performances, stored_runs
from services.pair_map.weights import model_key
from services.pairs.catalogue import catalogue
from services.statistics.correlation import MapCorrelation, over_models
from services.statistics.intervals import Share, share
from services.weighing.models import models_named

Pair = tuple[str, str]  # names: strong, weak
RankBy = Literal["sum", "mean"]
NO_CRITERIA = "none"


@dataclass(frozen=True, slots=True)
class MapModel:
    """One model: how accurate its own log-prob is, its performance and where that number is from, what it costs."""

    name: str
    label: str  # folder or hub id, with its adapter or its server
    alone_sum: Share
    alone_mean: Share
    performance: float | None
    cost: PassCost | None


@dataclass(frozen=True, slots=True)
class MapPair:
    """One ordered pair. accuracy is by the map's rank_by; seconds are for 1,000 responses, None: not measured."""

    strong: str
    weak: str
    run_id: int
    accuracy: Share
    accuracy_sum: Share
    accuracy_mean: Share
    gap: float | None
    per_thousand_s: float | None
    memory_bytes: int | None


@dataclass(frozen=True, slots=True)
class PairMap:
    """The whole map. missing: pairs without a finished run. n_fell_out: not weighed by some run of the map."""

    dataset: str
    dataset_id: int
    criteria: str
    rank_by: RankBy
    judged_by: JudgedBy
    n_items: int  # of the dataset
    n: int  # that count: weighed by all and judged
    n_decided: int  # of these, judged by a person
    n_fell_out: int
    n_unjudged: int  # weighed by all, but nobody says what is right
    performance_from: str  # "given", "own log-prob, by sum" ...
    n_given: int  # models whose performance the user gives
    models: tuple[MapModel, ...]
    pairs: tuple[MapPair, ...]
    missing: tuple[Pair, ...]
    baselines: dict[str, Share]  # shortest, longest, random
    pearson: MapCorrelation | None
    spearman: MapCorrelation | None
    pearson_upward: MapCorrelation | None  # only pairs whose strong model is the better one
    n_behind: int = 0  # pairs whose run was made before the dataset's last items came

    def to_json(self) -> dict[str, Any]:
        """As plain JSON."""
        return asdict(self)

    def pair(self, strong: str, weak: str) -> MapPair | None:
        """That pair of the map, None where it has no run."""
        return next((pair for pair in self.pairs if (pair.strong, pair.weak) == (strong, weak)), None)


@dataclass(frozen=True, slots=True, eq=False)
class MapData:
    """A map with what it rests on, item by item: (pairs, n) credits of the items that count.

    alone, baselines: (n,) credits on the same items, of each model's own log-prob and of what needs no model.
    """

    map: PairMap
    credits: Floats
    is_decided: NDArray[np.bool_]  # (n,)
    alone: Mapping[str, Floats]
    baselines: Mapping[str, Floats]


def read_map(
    sessions: sessionmaker[Session],
    *,
    dataset_id: int,
    names: Sequence[str],
    criteria: str | None = None,
    rank_by: RankBy = "sum",
    dtype: str = "auto",
    judged_by: JudgedBy = "any",
    performance: Mapping[str, float] | None = None,
) -> MapData:
    """The map of these models as far as their runs are there.

    Args:
        names: as `weigh_models` takes them.
        performance: by name as given or short; what the catalogue says where it is left out.

    Raises NotFound (dataset, criteria) or Refused (fewer than two models, an unknown name or way to judge).
    """
    if judged_by not in JUDGED_BY:
        raise Refused(f"judged by {judged_by!r}; it must be one of {', '.join(JUDGED_BY)}")
    specs = models_named(names)
    given = _given(specs, names, performance or {})
    dataset = get_dataset(sessions, dataset_id)
    row = find_criteria(sessions, criteria or NO_CRITERIA)
    stored = stored_runs(sessions, dataset_id, row.criteria_id, dtype=dtype)
    keys = {name: model_key(spec) for name, spec in specs.items()}
    wanted = [(strong, weak) for strong in specs for weak in specs if strong != weak]
    runs = {pair: stored[keys[pair[0]], keys[pair[1]]] for pair in wanted if (keys[pair[0]], keys[pair[1]]) in stored}
    layout = read_layout(sessions, dataset_id, by=judged_by)
    credits = read_credits(sessions, layout, {pair: run.run_id for pair, run in runs.items()})
    judged = layout.judged(judged_by)
    counts = credits.weighed_by_all & judged
    models = _models(specs, credits, counts, given, rank_by, cost_by_model(stored))
    pairs = _pairs(runs, credits, counts, rank_by, {model.name: model for model in models})
    baselines = _baselines(layout, counts)
    found = PairMap(
        dataset=dataset.name,
        dataset_id=dataset_id,
        criteria=row.name,
        rank_by=rank_by,
        judged_by=judged_by,
        n_items=dataset.n_items,
        n=int(counts.sum()),
        n_decided=int((counts & layout.is_decided).sum()),
        n_fell_out=int((~credits.weighed_by_all).sum()) if runs else 0,
        n_unjudged=int((credits.weighed_by_all & ~judged).sum()),
        performance_from="given" if len(given) == len(specs) else f"own log-prob, by {rank_by}",
        n_given=len(given),
        models=models,
        pairs=pairs,
        missing=tuple(pair for pair in wanted if pair not in runs),
        baselines={name: _share(earned) for name, earned in baselines.items()},
        pearson=_correlation(models, pairs, "pearson"),
        spearman=_correlation(models, pairs, "spearman"),
        pearson_upward=_upward(models, pairs),
        n_behind=sum(run.n_items < dataset.n_items for run in runs.values()),
    )
    way = credits.by_sum if rank_by == "sum" else credits.by_mean
    alone = {name: (own[0] if rank_by == "sum" else own[1])[counts] for name, own in credits.alone.items()}
    return MapData(found, way[:, counts], layout.is_decided[counts], alone, baselines)


def _given(specs: Mapping[str, ModelSpec], names: Sequence[str], told: Mapping[str, float]) -> dict[str, float]:
    """Performances by short name: those told now, else the catalogue's."""
    short = dict(zip(names, specs, strict=True)) | {name: name for name in specs}
    unknown = next((name for name in told if name not in short), None)
    if unknown is not None:
        raise Refused(f"a performance is given for {unknown!r}, which is none of the models {', '.join(specs)}")
    return given_performances(specs, catalogue().values()) | {short[name]: value for name, value in told.items()}


def _share(credits: Floats) -> Share:
    """Credits of the items that count as a share; NaN (no value for any candidate) earns nothing."""
    n = len(credits)
    return share(min(float(np.nansum(credits)), float(n)), n)


def _models(
    specs: Mapping[str, ModelSpec],
    credits: Credits,
    counts: NDArray[np.bool_],
    given: Mapping[str, float],
    rank_by: RankBy,
    costs: Mapping[str, PassCost],
) -> tuple[MapModel, ...]:
    found = []
    for name, spec in specs.items():
        by_sum, by_mean = credits.alone.get(name, (np.empty(0), np.empty(0)))
        is_known = name in credits.alone
        alone_sum, alone_mean = (_share(way[counts]) if is_known else share(0, 0) for way in (by_sum, by_mean))
        own = (alone_sum if rank_by == "sum" else alone_mean).value
        performance = given[name] if len(given) == len(specs) else own
        found.append(MapModel(name, spec.label, alone_sum, alone_mean, performance, costs.get(model_key(spec))))
    return tuple(found)


def _pairs(
    runs: Mapping[Pair, StoredRun],
    credits: Credits,
    counts: NDArray[np.bool_],
    rank_by: RankBy,
    models: Mapping[str, MapModel],
) -> tuple[MapPair, ...]:
    found = []
    for place, ((strong, weak), run) in enumerate(runs.items()):
        by_sum, by_mean = _share(credits.by_sum[place][counts]), _share(credits.by_mean[place][counts])
        one, other = models[strong], models[weak]
        has_gap = one.performance is not None and other.performance is not None
        memory = [cost.memory_bytes for cost in (one.cost, other.cost) if cost is not None and cost.memory_bytes]
        found.append(
            MapPair(
                strong=strong,
                weak=weak,
                run_id=run.run_id,
                accuracy=by_sum if rank_by == "sum" else by_mean,
                accuracy_sum=by_sum,
                accuracy_mean=by_mean,
                gap=(one.performance or 0.0) - (other.performance or 0.0) if has_gap else None,
                per_thousand_s=_per_thousand_s(one, other, run),
                memory_bytes=sum(memory) if len(memory) == 2 else None,
            )
        )
    return tuple(found)


def _per_thousand_s(strong: MapModel, weak: MapModel, run: StoredRun) -> float | None:
    """Seconds for 1,000 responses under both models, where both passes were measured; else as the run itself took."""
    if strong.cost is not None and weak.cost is not None:
        return strong.cost.per_thousand_s + weak.cost.per_thousand_s
    return None if run.own_cost is None else 2 * run.own_cost.per_thousand_s  # its texts are those of both sides


def _baselines(layout: Layout, counts: NDArray[np.bool_]) -> dict[str, Floats]:
    """What needs no model: the shortest and the longest response, and picking at random; credits of what counts."""
    if not len(layout.item_ids):
        return {name: np.empty(0) for name in ("shortest", "longest", "random")}
    return {
        "shortest": layout.credits(-layout.n_characters)[counts],
        "longest": layout.credits(layout.n_characters)[counts],
        "random": layout.chance()[counts],
    }


def _correlation(
    models: Sequence[MapModel], pairs: Sequence[MapPair], kind: Literal["pearson", "spearman"]
) -> MapCorrelation | None:
    """Gap against accuracy over the pairs; None while nothing is judged."""
    place = {model.name: index for index, model in enumerate(models)}
    levels = [model.performance for model in models]
    if any(level is None for level in levels) or not any(pair.accuracy.n for pair in pairs):
        return None
    accuracy = np.full((len(models), len(models)), np.nan)
    for pair in pairs:
        accuracy[place[pair.strong], place[pair.weak]] = np.nan if pair.accuracy.value is None else pair.accuracy.value
    return over_models([level for level in levels if level is not None], accuracy, kind)


def _upward(models: Sequence[MapModel], pairs: Sequence[MapPair]) -> MapCorrelation | None:
    """The harder question: whether the gap says which of the pairs the right way round is better.

    Without a p-value: handing the performances out anew would turn pairs round.
    """
    found = _correlation(models, [pair for pair in pairs if (pair.gap or 0.0) > 0], "pearson")
    return None if found is None else replace(found, p_value=None)
