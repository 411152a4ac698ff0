"""The router: versions of its definitions, a dataset asked about, and what it came to.

    routing_store     versions               routing_resolve   a correction, else the router, else the default
    routing_guesses   asking a model         routing_runs      the domains of a run's items
    routing_items     corrections, the list  routing_report    how often it is right
                                             routing_threads   a dataset routed while a screen watches

Here: a whole dataset by one pair's strong model, for the page and the command line.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.orm import Session, sessionmaker

from db.queries_items import items_between, last_position
from db.queries_routing import column_domains, guessing_models
from db.queries_runs import models_by_fingerprint
from scoring.protocol import ModelSource
from services.datasets import get as get_dataset
from services.pairs.catalogue import get_pair
from services.routing.guesses import Guess, ask, route_items
from services.routing.items import correct_domain, list_domain_items
from services.routing.report import RouterReport, router_report
from services.routing.resolve import ResolvedDomain, resolve
from services.routing.store import (
    RouterRow,
    add_router_version,
    ensure_builtin_router,
    find_router,
    get_router,
    list_routers,
)
from services.weighing.order import chunk_bounds
from services.weighing.write import item_text

__all__ = [
    "AskedModel", "Guess", "ResolvedDomain", "RoutedDataset", "RouterReport", "RouterRow", "add_router_version",
    "asked_models", "correct_domain", "domain_counts", "ensure_builtin_router", "find_router", "get_router",
    "list_domain_items", "list_routers", "resolve", "route_dataset", "route_items", "router_report",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class RoutedDataset:
    """A dataset that was routed: by which model, what that cost, and how it came out."""

    model: str
    n_computed: int  # log-probs of domain names that went through the model
    n_cached: int
    report: RouterReport


@dataclass(frozen=True, slots=True)
class AskedModel:
    """A model that was asked about a dataset. ref is empty when no run tells what it is called."""

    fingerprint: str
    ref: str
    n_items: int


def route_dataset(
    sessions: sessionmaker[Session],
    models: ModelSource,
    dataset_id: int,
    *,
    pair: str,
    router_id: int,
    threshold: float = 0.0,
    on_progress: Callable[[int, int], None] | None = None,
    stop: threading.Event | None = None,
) -> RoutedDataset:
    """Ask the pair's strong model about every item, chunk by chunk; what is there already costs no forward.

    Interrupted, or ended at a chunk by `stop`, the same call goes on. Raises NotFound, or a ScoringError in one line;
    what was computed is kept.
    """
    n_items = get_dataset(sessions, dataset_id).n_items
    get_router(sessions, router_id)
    n_done = n_computed = n_cached = 0
    with models.open(get_pair(pair).strong) as model:
        with sessions() as session:
            last = last_position(session, dataset_id)
        for first, until in chunk_bounds(last):
            with sessions() as session:
                items = [item_text(item, ()) for item in items_between(session, dataset_id, first=first, last=until)]
            filled = ask(sessions, model, router_id, items).filled
            n_done, n_computed, n_cached = (
                n_done + len(items), n_computed + filled.n_computed, n_cached + filled.n_cached
            )  # fmt: skip
            if on_progress is not None:
                on_progress(n_done, n_items)
            if stop is not None and stop.is_set():
                break
        ref, fingerprint = model.ref, model.engine.fingerprint
    report = router_report(sessions, dataset_id, router_id=router_id, fingerprint=fingerprint, threshold=threshold)
    return RoutedDataset(ref, n_computed, n_cached, report)


def asked_models(sessions: sessionmaker[Session], dataset_id: int, router_id: int) -> tuple[AskedModel, ...]:
    """The models that were asked about this dataset under this router, the latest asked first."""
    with sessions() as session:
        found = guessing_models(session, dataset_id, router_id)
        refs = models_by_fingerprint(session) if found else {}
    return tuple(AskedModel(fingerprint, refs.get(fingerprint, ""), n) for fingerprint, n in found)


def domain_counts(sessions: sessionmaker[Session], dataset_id: int) -> dict[str | None, int]:
    """How many items have each domain in the file's own column; None: no domain."""
    with sessions() as session:
        return column_domains(session, dataset_id)
