"""Several models over one dataset: each is opened and computes once, and every ordered pair of them becomes a run.

    model by model     A: what A, B and C make of the items by their chat templates     -> the log-prob cache
                       B: the same     C: the same
    pair by pair       A over B, A over C, B over A ...: from the cache alone           -> runs like any other

M models give M x (M - 1) runs. The strong model's template renders both (design rule 1), so a model reads every item
once for each chat template among the models that writes it differently: once in all where they share one.
Leaves out how a chunk is encoded and filled (weigh_encode.py, weigh_chunk.py) and how a run goes (weighing.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from db.queries_items import candidates_by_item, items_between
from db.tables import Item
from scoring.chat import check_template
from scoring.errors import TemplateProblem
from scoring.pairs import ModelPair, ModelSpec
from scoring.protocol import ModelSource, TokenLogprobs
from services import weigh_here
from services.catalogue_store import catalogue
from services.closed_models import CachedEngine, ClosedModel, FromCache
from services.criteria_store import CriteriaRow, find_criteria
from services.datasets import get as get_dataset
from services.errors import Refused
from services.logprob_cache import write_batch
from services.noise import see_to_noise
from services.routing_choice import BY_COLUMN, Routing
from services.run_rows import RunRow
from services.runs import configuration_of, list_runs
from services.weigh_chunk import fill_side
from services.weigh_encode import ItemText, ModelFacts, SideView, WeighSetup, encode_side, facts_of, side_view
from services.weigh_order import chunk_bounds
from services.weigh_write import item_text

Pair = tuple[str, str]  # names: strong, weak
Told = Callable[[str, int, int], None]  # what is being done, how many items of it, of how many
MAX_NAME = 46  # two and " over " fit the column of pair names


@dataclass(frozen=True, slots=True)
class ModelPass:
    """What one model did: texts that went through it, and texts it needed altogether (each counted once)."""

    ref: str
    fingerprint: str
    n_computed: int
    n_needed: int


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
    """What everything here shares. templates: each model's tokenizer, or why it cannot render a conversation."""

    sessions: sessionmaker[Session]
    dataset_id: int
    specs: Mapping[str, ModelSpec]
    templates: Mapping[str, Any]
    criteria: CriteriaRow
    rank_by: str
    dtype: str
    routing: Routing
    tell: Told

    def pair(self, strong: str, weak: str) -> ModelPair:
        return ModelPair(
            name=f"{strong} over {weak}",
            title=f"{strong} over {weak}",
            strong=self.specs[strong],
            weak=self.specs[weak],
            parameters="",
            context=0,
            licence="",
            memory_gb=0.0,
        )

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
    on_progress: Told | None = None,
) -> WeighedModels:
    """Weigh a dataset by every ordered pair of the models; interrupted, the same call goes on.

    Args:
        names: folders, hub ids, or "pair:strong" and "pair:weak" of the catalogue.
        routing: the items' own column, or one domain for all. By a router each strong model would find domains of its
            own, so that every model would have to read every item under those of every other.

    Raises:
        Refused: fewer than two models, one of them twice, or domains by a router. NotFound: dataset or criteria.
        ScoringError: a model cannot be had or its engine failed; what was computed is kept.
    """
    specs = models_named(names)
    if routing.by == "router":
        raise Refused("several models take the file's own domains or one for all; give a single pair to use a router")
    plan = _Plan(
        sessions, dataset_id, specs, {name: _template(models, spec) for name, spec in specs.items()},
        find_criteria(sessions, criteria or weigh_here.NO_CRITERIA), rank_by, dtype, routing, on_progress or _silent,
    )  # fmt: skip
    get_dataset(sessions, dataset_id)
    known: dict[ModelSpec, ClosedModel] = {}
    passes = {}
    for name in specs:
        passes[name] = _compute(plan, models, name, known)
    left_out = {
        (strong, weak): str(plan.templates[strong])
        for strong in specs
        for weak in specs
        if strong != weak and isinstance(plan.templates[strong], TemplateProblem)
    }
    pairs = [(strong, weak) for strong in specs for weak in specs if strong != weak and (strong, weak) not in left_out]
    rows = {pair: _run(plan, FromCache(known), *pair) for pair in pairs}
    return WeighedModels({pair: row.run_id for pair, row in rows.items()}, passes, left_out, tuple(rows.values()))


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


def _compute(plan: _Plan, models: ModelSource, name: str, known: dict[ModelSpec, ClosedModel]) -> ModelPass:
    """Open one model, fill the cache with all that any pair needs of it, and remember what else a run asks of it."""
    spec = plan.setup(name, name).spec("strong")
    with models.open(spec) as model:
        facts = facts_of(model)
        views = [side for strong in plan.specs if (side := _view(plan, strong, name, facts)) is not None]
        n_computed, keys, has_noise = 0, set[str](), False
        for texts, n_done, n_items in _chunks(plan):
            plan.tell(name, n_done, n_items)
            encoded = [one for setup, view in views for one in encode_side(texts, setup, view)]
            n_computed += fill_side(plan.sessions, model.engine, encoded, keep=partial(_keep, plan.sessions)).n_computed
            requests = [request for one in encoded for request in one.requests()]
            keys.update(request.content_key() for request in requests)
            if requests and not has_noise:  # as a run does on its first chunk
                has_noise = True
                see_to_noise(plan.sessions, model, requests)
        plan.tell(name, n_items, n_items)
        engine = CachedEngine(model.engine.name, facts.fingerprint, facts.context_limit)
        known[spec] = ClosedModel(model.ref, engine, facts.tokenizer, None, model.device, model.dtype, 0)
    return ModelPass(facts.ref, facts.fingerprint, n_computed, len(keys))


def _view(plan: _Plan, strong: str, name: str, facts: ModelFacts) -> tuple[WeighSetup, SideView] | None:
    """How `strong` over this model speaks to it, its own way when they are one; None when that has no template."""
    template = plan.templates[strong]
    if isinstance(template, TemplateProblem):
        return None
    setup = plan.setup(strong, name)
    if strong == name:
        return setup, side_view(setup, "strong", facts, strong=facts)
    return setup, side_view(setup, "weak", facts, strong=replace(facts, tokenizer=template))


def _chunks(plan: _Plan) -> Iterator[tuple[list[ItemText], int, int]]:
    """Every chunk of the dataset, with how many items come before it and how many there are."""
    with plan.sessions() as session:
        last, n_items = session.execute(
            select(func.max(Item.position), func.count()).where(Item.dataset_id == plan.dataset_id)
        ).one()
    n_done = 0
    for first, until in chunk_bounds(-1 if last is None else last):
        with plan.sessions() as session:
            items = items_between(session, plan.dataset_id, first=first, last=until)
            candidates = candidates_by_item(session, [item.item_id for item in items])
        texts = [item_text(item, candidates[item.item_id]) for item in items]
        if plan.routing.by == "fixed":
            texts = [replace(text, domain=plan.routing.domain) for text in texts]
        yield texts, n_done, n_items
        n_done += len(items)


def _keep(sessions: sessionmaker[Session], fingerprint: str, results: Mapping[str, TokenLogprobs]) -> None:
    with sessions.begin() as session:
        write_batch(session, fingerprint, results)


def _run(plan: _Plan, models: ModelSource, strong: str, weak: str) -> RunRow:
    """The run of one pair: a finished one of the same settings and items, or weighed now, from the cache."""
    pair = plan.pair(strong, weak)
    wanted = configuration_of(pair, plan.criteria, rank_by=plan.rank_by, dtype=plan.dtype, routing=plan.routing)
    n_items = get_dataset(plan.sessions, plan.dataset_id).n_items
    for row in list_runs(plan.sessions, dataset_id=plan.dataset_id):
        is_same = weigh_here.is_same(row, wanted, criteria=plan.criteria)
        if is_same and row.again_of is None and row.status == "done" and row.n_items == n_items:
            return row
    run_id = weigh_here.find_or_start(
        plan.sessions, dataset_id=plan.dataset_id, pair=pair, criteria=plan.criteria.name, rank_by=plan.rank_by,
        dtype=plan.dtype, routing=plan.routing,
    )  # fmt: skip
    return weigh_here.weigh_or_follow(
        plan.sessions, lambda: models, run_id, on_progress=lambda p: plan.tell(pair.name, p.n_done, p.n_items)
    )
