"""Several models over one dataset: each is opened and computes once, and every ordered pair of them becomes a run.

    model by model     A: what A, B and C make of the items by their chat templates     -> the log-prob cache
                       B: the same     C: the same
    all pairs          A over B, A over C, B over A ...: from the cache alone           -> runs like any other

M models give M x (M - 1) runs. The strong model's template renders both (design rule 1), so a model reads every item
once for each different chat template among the models: once in all where they share one. A pair that has its run
already costs nothing, and a model that no other pair needs is not opened; a folder that was trained on since is read
anew.
Leaves out the pass of one model (model_pass.py) and how the runs go (pairs.py).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session, sessionmaker

from db.tables import Run
from scoring.chat import check_template
from scoring.errors import TemplateProblem
from scoring.pairs import ModelPair, ModelSpec
from scoring.protocol import ModelSource
from services.criteria.store import CriteriaRow, find_criteria
from services.datasets import get as get_dataset
from services.errors import Refused
from services.pair_map.runs import cost_by_model, stored_runs
from services.pair_map.weights import is_of_weights, model_key, weights_now
from services.pairs.catalogue import catalogue
from services.routing.choice import BY_COLUMN, Routing
from services.run_rows import RunRow
from services.runs import configuration_of, get_run, hide_run, list_runs
from services.weighing import here as weigh_here
from services.weighing.closed_models import ClosedModel, FromCache
from services.weighing.encode import WeighSetup
from services.weighing.model_pass import ModelPass, Reading, raise_if_stopped, run_pass
from services.weighing.pairs import weigh_pairs

__all__ = ["ModelPass", "WeighedModels", "models_named", "weigh_models"]

Pair = tuple[str, str]  # names: strong, weak
Told = Callable[[str, int, int], None]  # what is being done, how many items of it, of how many
MAX_NAME = 46  # two and " over " fit the column of pair names


@dataclass(frozen=True, slots=True)
class WeighedModels:
    """All pairs of some models over one dataset. left_out: pairs without a run, and why, one line each."""

    run_id_by_pair: Mapping[Pair, int]
    pass_by_model: Mapping[str, ModelPass]
    left_out: Mapping[Pair, str]
    rows: tuple[RunRow, ...]

    def to_json(self) -> dict[str, Any]:
        """As plain JSON: a list where a pair is a key."""
        return {
            "models": {name: asdict(done) for name, done in self.pass_by_model.items()},
            "runs": [{"strong": strong, "weak": weak, "run_id": run_id, "status": row.status, "error": row.error}
                     for ((strong, weak), run_id), row in zip(self.run_id_by_pair.items(), self.rows, strict=True)],
            "left_out": [{"strong": strong, "weak": weak, "reason": reason}
                         for (strong, weak), reason in self.left_out.items()],
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Plan:
    """What everything here shares."""

    sessions: sessionmaker[Session]
    dataset_id: int
    specs: Mapping[str, ModelSpec]
    criteria: CriteriaRow
    rank_by: str
    dtype: str
    routing: Routing
    is_hidden: bool
    stop: threading.Event | None
    tell: Told

    @property
    def pairs(self) -> list[Pair]:
        return [(strong, weak) for strong in self.specs for weak in self.specs if strong != weak]

    def pair(self, strong: str, weak: str) -> ModelPair:
        title = f"{strong} over {weak}"
        return ModelPair(title, title, self.specs[strong], self.specs[weak], "", 0, "", 0.0)

    def setup(self, strong: str, weak: str) -> WeighSetup:
        return WeighSetup(self.pair(strong, weak), self.criteria.body, rank_by=self.rank_by, dtype=self.dtype)  # type: ignore[arg-type]


def weigh_models(
    sessions: sessionmaker[Session],
    models: ModelSource,
    *,
    dataset_id: int,
    names: Sequence[str],
    criteria: str | None = None,
    rank_by: str = "sum",
    dtype: str = "auto",
    routing: Routing = BY_COLUMN,
    is_hidden: bool = False,
    stop: threading.Event | None = None,
    on_progress: Told | None = None,
) -> WeighedModels:
    """Weigh a dataset by every ordered pair of the models; interrupted, the same call goes on.

    Args:
        names: folders, hub ids, or "pair:strong" and "pair:weak" of the catalogue.
        routing: the items' own column, or one domain for all. By a router each strong model would find domains of its
            own, so that every model would have to read every item under those of every other.
        is_hidden: new runs stay out of the lists, as those of a pair map do; a run that is there already is taken as it
            is. Otherwise runs that were hidden are shown.

    Raises:
        Refused: fewer than two models, one of them twice, or domains by a router. NotFound: dataset or criteria.
        ScoringError: a model cannot be had or its engine failed. Stopped: `stop` was set. What was computed is kept.
    """
    specs = models_named(names)
    if routing.by == "router":
        raise Refused("several models take the file's own domains or one for all; give a single pair to use a router")
    plan = _Plan(
        sessions, dataset_id, specs, find_criteria(sessions, criteria or weigh_here.NO_CRITERIA), rank_by, dtype,
        routing, is_hidden, stop, on_progress or _silent,
    )  # fmt: skip
    known_rows = list_runs(sessions, dataset_id=dataset_id, include_hidden=True)
    rows = _finished(plan, known_rows)
    lacking = [pair for pair in plan.pairs if pair not in rows]
    templates = {strong: _template(models, specs[strong]) for strong in dict.fromkeys(pair[0] for pair in lacking)}
    left_out = {pair: str(templates[pair[0]]) for pair in lacking if isinstance(templates[pair[0]], TemplateProblem)}
    lacking = [pair for pair in lacking if pair not in left_out]
    passes, closed = _passes(plan, models, lacking, templates)
    rows |= _weigh(plan, lacking, passes, closed, known_rows)
    found = {pair: rows[pair] for pair in plan.pairs if pair in rows}
    return WeighedModels({pair: row.run_id for pair, row in found.items()}, passes, left_out, tuple(found.values()))


def models_named(names: Sequence[str]) -> dict[str, ModelSpec]:
    """Short name -> model, in the order given. Raises Refused for fewer than two different ones."""
    pairs = catalogue()
    specs: dict[str, ModelSpec] = {}
    for name in names:
        pair, _, side = name.rpartition(":")
        if pair in pairs and side in ("strong", "weak"):
            spec, short = getattr(pairs[pair], side), name
        else:
            spec, short = ModelSpec(name), Path(name).name if Path(name).expanduser().is_dir() else name
        short = short if len(short) <= MAX_NAME else "…" + short[1 - MAX_NAME :]
        if spec in specs.values() or short in specs:
            raise Refused(f"the model {name!r} is named twice, or another has its name; name each model once")
        specs[short] = spec
    if len(specs) < 2:
        raise Refused(f"{len(specs)} model(s) named; it takes two or more to weigh one against another")
    return specs


def _silent(_title: str, _done: int, _of: int) -> None:
    """Nobody wants to know."""


def _finished(plan: _Plan, known: Sequence[RunRow]) -> dict[Pair, RunRow]:
    """The pairs that have a finished run of these settings and weights over all items there are now."""
    n_items = get_dataset(plan.sessions, plan.dataset_id).n_items
    wanted = {pair: _configuration(plan, pair) for pair in plan.pairs}
    by_pair: dict[str, list[RunRow]] = {}
    done = [row for row in known if row.status == "done"]
    now = weights_now([row.configuration for row in done], plan.specs.values())
    for row in done:
        if row.n_items == n_items and row.again_of is None and is_of_weights(row.configuration, now):
            by_pair.setdefault(row.pair, []).append(row)
    found = {}
    for pair, configuration in wanted.items():
        alike = by_pair.get(plan.pair(*pair).name, [])
        same = next((row for row in alike if weigh_here.is_same(row, configuration, criteria=plan.criteria)), None)
        if same is not None:
            if same.is_hidden and not plan.is_hidden:
                hide_run(plan.sessions, same.run_id, is_hidden=False)
            found[pair] = same
    return found


def _configuration(plan: _Plan, pair: Pair) -> dict[str, Any]:
    return configuration_of(
        plan.pair(*pair), plan.criteria, rank_by=plan.rank_by, dtype=plan.dtype, routing=plan.routing
    )


def _template(models: ModelSource, spec: ModelSpec) -> Any:
    """The model's tokenizer if it can render a conversation, else the TemplateProblem: such a model is only weak."""
    ask = getattr(models, "tokenizer", None)
    if ask is not None:
        tokenizer = ask(spec)
    else:
        with models.open(spec) as model:
            tokenizer = model.tokenizer
    try:
        check_template(tokenizer)
    except TemplateProblem as problem:
        return problem
    return tokenizer


def _passes(
    plan: _Plan, models: ModelSource, lacking: Sequence[Pair], templates: Mapping[str, Any]
) -> tuple[dict[str, ModelPass], dict[ModelSpec, ClosedModel]]:
    """Every model that a lacking pair needs, one after the other; the others have nothing left to do."""
    reading = Reading(plan.sessions, plan.dataset_id, plan.routing, plan.setup, plan.stop)
    passes, closed = {}, {}
    for name, spec in plan.specs.items():
        strongs = {strong: templates[strong] for strong, weak in lacking if name in (strong, weak)}
        if not strongs:
            passes[name] = ModelPass(spec.label, "", 0, 0)
            continue
        opened = plan.setup(name, name).spec("strong")  # as a run of this dtype opens it
        passes[name], closed[opened] = run_pass(
            reading, models, name, opened, templates=strongs,
            on_progress=partial(plan.tell, name),
        )  # fmt: skip
    return passes, closed


def _weigh(
    plan: _Plan,
    lacking: Sequence[Pair],
    passes: Mapping[str, ModelPass],
    closed: Mapping[ModelSpec, ClosedModel],
    known: Sequence[RunRow],
) -> dict[Pair, RunRow]:
    """The lacking pairs' runs, started or taken up, and weighed from the cache."""
    if not lacking:
        return {}
    raise_if_stopped(plan.stop)
    run_ids = {
        pair: weigh_here.find_or_start(
            plan.sessions, dataset_id=plan.dataset_id, pair=plan.pair(*pair), criteria=plan.criteria.name,
            rank_by=plan.rank_by, dtype=plan.dtype, routing=plan.routing, known=known,
        )
        for pair in lacking
    }  # fmt: skip
    _note_passes(plan, run_ids, passes, new=set(run_ids.values()) - {row.run_id for row in known})
    title = f"all {len(lacking)} pairs"
    if plan.routing == BY_COLUMN:
        weigh_pairs(
            plan.sessions, list(run_ids.values()), closed, stop=plan.stop,
            on_progress=partial(plan.tell, title),
        )  # fmt: skip
    rows = {row.run_id: row for row in list_runs(plan.sessions, dataset_id=plan.dataset_id, include_hidden=True)}
    return {pair: _to_its_end(plan, rows.get(run_id), run_id, closed) for pair, run_id in run_ids.items()}


def _note_passes(
    plan: _Plan, run_ids: Mapping[Pair, int], passes: Mapping[str, ModelPass], *, new: Collection[int]
) -> None:
    """Write beside each run what its models' passes cost, now or in an earlier call; hide new ones where wanted."""
    before = cost_by_model(stored_runs(plan.sessions, plan.dataset_id, plan.criteria.criteria_id, dtype=plan.dtype))
    cost = {model_key(plan.specs[name]): known for name, known in _costs(passes).items()}
    told = _over_more_texts({key: asdict(known) for key, known in before.items()}, cost)
    rows = {row.run_id: row for row in list_runs(plan.sessions, dataset_id=plan.dataset_id, include_hidden=True)}
    with plan.sessions.begin() as session:
        for (strong, weak), run_id in run_ids.items():
            sides = {"strong": model_key(plan.specs[strong]), "weak": model_key(plan.specs[weak])}
            known = {side: told[key] for side, key in sides.items() if key in told}
            row = rows[run_id]
            is_hidden = plan.is_hidden and (row.is_hidden or run_id in new)
            passes = _over_more_texts(row.configuration.get("passes", {}), known)  # an interrupted run has some
            noted = {"configuration": row.configuration | {"passes": passes}, "is_hidden": is_hidden}
            session.execute(update(Run).where(Run.run_id == run_id).values(**noted))


def _over_more_texts(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """Of two measurements the one over more texts: a few texts that came later say little of what a thousand cost."""
    return {**before, **{k: new for k, new in now.items() if new["n_computed"] >= before.get(k, new)["n_computed"]}}


def _costs(passes: Mapping[str, ModelPass]) -> dict[str, dict[str, Any]]:
    names = ("n_computed", "elapsed_s", "device", "memory_bytes")
    return {model: {name: getattr(done, name) for name in names} for model, done in passes.items() if done.n_computed}


def _to_its_end(plan: _Plan, row: RunRow | None, run_id: int, closed: Mapping[ModelSpec, ClosedModel]) -> RunRow:
    """A run that is over, or, where another process has taken it or its domains are set, weighed or watched here."""
    if row is not None and row.status in ("done", "failed"):
        return row
    if row is None:
        return get_run(plan.sessions, run_id)
    return weigh_here.weigh_or_follow(
        plan.sessions, lambda: FromCache(closed), run_id, on_progress=lambda p: plan.tell(row.pair, p.n_done, p.n_items)
    )
