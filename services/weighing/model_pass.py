"""One model's pass over a dataset: opened once, it computes all that any pair needs of it, and is closed again.

What it took is measured: seconds over texts that went through it, without loading. Leaves out which pairs there are
(models.py) and what becomes of their runs (pairs.py).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from db.queries_items import candidates_by_item, items_between
from db.tables import Item
from scoring.pairs import ModelSpec
from scoring.protocol import ModelSource, OpenModel, TokenLogprobs
from services.errors import ServiceError
from services.noise import see_to_noise
from services.routing.choice import Routing
from services.weighing.chunk import fill_side
from services.weighing.closed_models import CachedEngine, ClosedModel
from services.weighing.encode import ItemText, SideView, WeighSetup, encode_side, facts_of, side_view
from services.weighing.logprob_cache import write_batch
from services.weighing.order import chunk_bounds
from services.weighing.write import item_text


class Stopped(ServiceError):
    """Somebody asked for the work to stop; what was computed is kept."""


@dataclass(frozen=True, slots=True)
class ModelPass:
    """What one model did: texts that went through it, and texts it needed altogether (each counted once).

    elapsed_s: encoding, computing and keeping, in chunks with anything to compute; without loading the model.
    n_needed 0: its pairs were weighed before.
    """

    ref: str
    fingerprint: str
    n_computed: int
    n_needed: int
    elapsed_s: float = 0.0
    device: str = ""
    memory_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """What is read and how: the same for every model."""

    sessions: sessionmaker[Session]
    dataset_id: int
    routing: Routing
    setup: Callable[[str, str], WeighSetup]  # (strong, weak) by name
    stop: threading.Event | None


def run_pass(
    reading: Reading,
    models: ModelSource,
    name: str,
    spec: ModelSpec,
    *,
    templates: Mapping[str, Any],
    on_progress: Callable[[int, int], None],
) -> tuple[ModelPass, ClosedModel]:
    """Fill the cache with all that pairs need of this model; what it did, and the model as runs may know it.

    Args:
        templates: by name, the tokenizers of the strong models whose templates speak to this one, its own if it is one.
        on_progress: gets (items read, items).

    Raises ScoringError, and Stopped between chunks; what was computed until then is kept.
    """
    with models.open(spec) as model:
        views = _views(reading, model, name, templates)
        n_computed, n_items, elapsed_s, keys, has_noise = 0, 0, 0.0, set[str](), False
        for texts, n_done, n_items in _chunks(reading):
            raise_if_stopped(reading.stop)
            on_progress(n_done, n_items)
            began = time.monotonic()
            encoded = [one for setup, view in views for one in encode_side(texts, setup, view)]
            filled = fill_side(reading.sessions, model.engine, encoded, keep=partial(_keep, reading.sessions))
            if filled.n_computed:  # reading what is cached is no part of what computing costs
                elapsed_s, n_computed = elapsed_s + time.monotonic() - began, n_computed + filled.n_computed
            requests = [request for one in encoded for request in one.requests()]
            keys.update(request.content_key() for request in requests)
            if requests and not has_noise:  # as a run does on its first chunk
                has_noise = True
                see_to_noise(reading.sessions, model, requests)
        on_progress(n_items, n_items)
        return _done(model, n_computed, len(keys), elapsed_s), _closed(model)


def raise_if_stopped(stop: threading.Event | None) -> None:
    """Raises Stopped when somebody asked for it."""
    if stop is not None and stop.is_set():
        raise Stopped("stopped; what was computed is kept, and weighing the same models again goes on from there")


def _done(model: OpenModel, n_computed: int, n_needed: int, elapsed_s: float) -> ModelPass:
    return ModelPass(
        model.ref, model.engine.fingerprint, n_computed, n_needed, elapsed_s, model.device, model.memory_bytes or None
    )


def _closed(model: OpenModel) -> ClosedModel:
    engine = CachedEngine(model.engine.name, model.engine.fingerprint, model.engine.context_limit)
    return ClosedModel(model.ref, engine, model.tokenizer, None, model.device, model.dtype, model.memory_bytes)


def _views(
    reading: Reading, model: OpenModel, name: str, templates: Mapping[str, Any]
) -> list[tuple[WeighSetup, SideView]]:
    """How the strong models speak to this one, each chat template once."""
    facts = facts_of(model)
    views: dict[str, tuple[WeighSetup, SideView]] = {}
    for strong, tokenizer in templates.items():
        if str(tokenizer.chat_template) in views:
            continue
        setup = reading.setup(strong, name)
        if strong == name:
            view = side_view(setup, "strong", facts, strong=facts)
        else:
            view = side_view(setup, "weak", facts, strong=replace(facts, tokenizer=tokenizer))
        views[str(tokenizer.chat_template)] = (setup, view)
    return list(views.values())


def _chunks(reading: Reading) -> Iterator[tuple[list[ItemText], int, int]]:
    """Every chunk of the dataset, with how many items come before it and how many there are."""
    with reading.sessions() as session:
        last, n_items = session.execute(
            select(func.max(Item.position), func.count()).where(Item.dataset_id == reading.dataset_id)
        ).one()
    n_done = 0
    for first, until in chunk_bounds(-1 if last is None else last):
        with reading.sessions() as session:
            items = items_between(session, reading.dataset_id, first=first, last=until)
            candidates = candidates_by_item(session, [item.item_id for item in items])
        texts = [item_text(item, candidates[item.item_id]) for item in items]
        if reading.routing.by == "fixed":
            texts = [replace(text, domain=reading.routing.domain) for text in texts]
        yield texts, n_done, n_items
        n_done += len(items)


def _keep(sessions: sessionmaker[Session], fingerprint: str, results: Mapping[str, TokenLogprobs]) -> None:
    with sessions.begin() as session:
        write_batch(session, fingerprint, results)
