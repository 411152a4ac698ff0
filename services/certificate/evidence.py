"""Hashes over what a certificate rests on: items with their candidates, suggestions, decisions, looks, draws.

A hash covers every column that a figure could depend on, so that a row changed behind the desk's back changes it.
Numbers of rows are part of what is hashed. Leaves out what is read (db/queries_certificate.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from db.queries_certificate import (
    candidates_of,
    decisions_of,
    items_of,
    looks_of,
    not_weighed_of,
    places_of,
    suggestions_of,
)
from services.certificate.canonical import Chain, Json, chain_of

ITEMS_AT_ONCE = 500


def content_chain(session: Session, dataset_id: int) -> Chain:
    """Over every item with its candidates: prompt, texts, domain, subset, metadata, gold."""
    return chain_of(_items(session, dataset_id))


def suggestion_chain(session: Session, run_id: int) -> Chain:
    """Over every ranking that a run proposes, with its margin."""
    return chain_of(_rows(suggestions_of(session, run_id)))


def not_weighed_chain(session: Session, run_id: int) -> Chain:
    """Over the items that a run could not rank."""
    return chain_of(_rows(not_weighed_of(session, run_id)))


def decision_chain(session: Session, dataset_id: int) -> Chain:
    """Over every decision of the dataset in the order they were made, those that count no more included."""
    return chain_of(_rows(decisions_of(session, dataset_id)))


def look_chain(session: Session, dataset_id: int) -> Chain:
    """Over every look: who was handed what, how it was drawn and shown."""
    return chain_of(_rows(looks_of(session, dataset_id)))


def draw_chain(session: Session, plan_id: int) -> Chain:
    """Over the places of a plan."""
    return chain_of(_rows(iter(places_of(session, plan_id))))


def chain_json(chain: Chain, *, has_links: bool = False) -> dict[str, Json]:
    """A chain as it stands in a certificate."""
    found: dict[str, Json] = {"n": chain.n, "sha256": chain.sha256}
    if has_links:
        found |= {"first_id": chain.first, "last_id": chain.last, "links": [list(link) for link in chain.links]}
    return found


def _rows(found: Iterator[Any]) -> Iterator[tuple[int, Json]]:
    for row in found:
        yield row[0], [_plain(value) for value in row]


def _plain(value: Any) -> Json:
    return value.isoformat() if isinstance(value, datetime) else value


def _items(session: Session, dataset_id: int) -> Iterator[tuple[int, Json]]:
    batch: list[Any] = []
    for item in items_of(session, dataset_id):
        batch.append(item)
        if len(batch) == ITEMS_AT_ONCE:
            yield from _with_candidates(session, batch)
            batch = []
    yield from _with_candidates(session, batch)


def _with_candidates(session: Session, items: list[Any]) -> Iterator[tuple[int, Json]]:
    """Items next to each other; another dataset's candidates between them are passed over."""
    if not items:
        return
    own: dict[int, list[Json]] = {item.item_id: [] for item in items}
    for candidate in candidates_of(session, items[0].item_id, items[-1].item_id):
        if candidate.item_id in own:
            own[candidate.item_id].append([_plain(value) for value in candidate])
    for item in items:
        yield item.item_id, [*(_plain(value) for value in item), own[item.item_id]]
