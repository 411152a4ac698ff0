"""Filters that no decision changes are answered once, and kept: which items say a word, are of a domain, have a margin.

The queue asks for its filter several times per screen; at 100,000 items that is a fifth of a second each time. What a
finished run found and what was imported never change, so their answer holds while the dataset has as many items.
What depends on decisions is asked anew, among what was kept. In memory, a few filters at a time, for every visitor.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import replace
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from db.queries_facets import found_once, n_among
from db.queries_listed import as_text, listed
from db.tables import Item, Run
from services.reviews.filters import Filters, RunFacts, items_select

FILTERS_KEPT = 64
Key = tuple[object, ...]
_kept: OrderedDict[Key, str] = OrderedDict()
_lock = threading.Lock()


def kept_select(session: Session, filters: Filters, run: RunFacts | None, *, dataset_id: int) -> Select[Any] | None:
    """As `items_select`, found once for all that this session asks; from what is kept where that is possible."""
    among = steady_select(session, filters, run, dataset_id=dataset_id)
    is_quick = session.get_bind().dialect.name != "sqlite" and not filters.is_about_decisions
    if among is None or is_quick:  # PostgreSQL meets a list as quickly as a table
        return among
    return found_once(session, dataset_id, among, name="tare_queue")


def steady_select(session: Session, filters: Filters, run: RunFacts | None, *, dataset_id: int) -> Select[Any] | None:
    """As `items_select`; what no decision changes comes from what is kept."""
    steady = replace(filters, verdicts=(), annotators=(), reasons=(), states=())
    if steady.is_empty or not _is_steady(session, run):
        return items_select(filters, run, dataset_id=dataset_id)
    first = listed(_ids(session, steady, run, dataset_id))
    decided = Filters(
        verdicts=filters.verdicts, annotators=filters.annotators, reasons=filters.reasons, states=filters.states
    )
    second = items_select(decided, run, dataset_id=dataset_id)
    if second is None:
        return first
    return select(Item.item_id).where(Item.dataset_id == dataset_id, Item.item_id.in_(first), Item.item_id.in_(second))


def _is_steady(session: Session, run: RunFacts | None) -> bool:
    """Whether nothing of the run can change any more."""
    return run is None or session.scalar(select(Run.status).where(Run.run_id == run.run_id)) == "done"


def _ids(session: Session, filters: Filters, run: RunFacts | None, dataset_id: int) -> str:
    """The items that pass, in file order, as one text."""
    n_items = n_among(session, dataset_id, None)
    key = (
        str(session.get_bind().engine.url), dataset_id, n_items,
        None if run is None else (run.run_id, run.noise_margin), filters,
    )  # fmt: skip
    with _lock:
        if key in _kept:
            _kept.move_to_end(key)
            return _kept[key]
    among = items_select(filters, run, dataset_id=dataset_id)
    wanted = select(Item.item_id).where(Item.dataset_id == dataset_id).order_by(Item.position)
    found = as_text(session.scalars(wanted if among is None else wanted.where(Item.item_id.in_(among))).all())
    with _lock:
        _kept[key] = found
        while len(_kept) > FILTERS_KEPT:
            _kept.popitem(last=False)
    return found
