"""Items into the database, in batches, and the marks of an import that is still going on."""

from __future__ import annotations

import os
import socket
import uuid
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from functools import cache

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session, sessionmaker

from db.queries_search import forget_dataset, index_items, message_texts
from db.tables import Candidate, Dataset, Item, utc_now
from services.formats.drafts import ItemDraft

BATCH_ITEMS = 500
BATCH_CHARACTERS = 4_000_000  # 500 items of 8 long responses must not fill the memory either
FOREIGN_LIMIT = timedelta(days=1)  # an import of another machine older than this is taken for dead


def insert_items(session: Session, dataset_id: int, items: Sequence[ItemDraft], *, first_position: int) -> list[int]:
    """Writes items with their candidates, positions counted on from `first_position`; returns their ids in order."""
    if not items:
        return []
    rows = [
        {
            "dataset_id": dataset_id,
            "position": position,
            "messages": list(item.messages),
            "domain": item.domain,
            "subset": item.subset,
            "meta": item.meta,
            "source_line": item.line or None,
        }
        for position, item in enumerate(items, first_position)
    ]
    written = session.scalars(insert(Item).returning(Item.item_id, sort_by_parameter_order=True), rows)
    item_ids = list(written)
    session.execute(insert(Candidate), list(_candidate_rows(item_ids, items)))
    index_items(session, {item_id: _texts(item) for item_id, item in zip(item_ids, items, strict=True)})
    return item_ids


def _texts(item: ItemDraft) -> list[str]:
    return [*message_texts(item.messages), *(candidate.text for candidate in item.candidates)]


def _candidate_rows(item_ids: Sequence[int], items: Sequence[ItemDraft]) -> Iterator[dict[str, object]]:
    for item_id, item in zip(item_ids, items, strict=True):
        for position, candidate in enumerate(item.candidates):
            yield {
                "item_id": item_id,
                "position": position,
                "text": candidate.text,
                "source_model": candidate.source_model,
                "gold_rank": candidate.gold_rank,
                "gold_score": candidate.gold_score,
            }


def batched(items: Iterable[ItemDraft]) -> Iterator[list[ItemDraft]]:
    """Items in lists of at most 500, and fewer where they are long."""
    batch: list[ItemDraft] = []
    n_characters = 0
    for item in items:
        batch.append(item)
        n_characters += sum(len(candidate.text) for candidate in item.candidates)
        if len(batch) >= BATCH_ITEMS or n_characters >= BATCH_CHARACTERS:
            yield batch
            batch, n_characters = [], 0
    if batch:
        yield batch


def discard_leftovers(sessions: sessionmaker[Session]) -> int:
    """Removes what imports left behind that were killed; those that are still going on stay."""
    with sessions() as session:
        query = select(Dataset.dataset_id, Dataset.statement, Dataset.created_at).where(Dataset.state == "importing")
        rows = session.execute(query).all()
    dead = [row.dataset_id for row in rows if _is_dead(row.statement, utc_now() - row.created_at)]
    for dataset_id in dead:
        discard(sessions, dataset_id)
    return len(dead)


def discard(sessions: sessionmaker[Session], dataset_id: int) -> None:
    """Removes a dataset that never became ready."""
    with sessions.begin() as session:
        dataset = session.get(Dataset, dataset_id)
        if dataset is None or dataset.state != "importing":
            return
        forget_dataset(session, dataset_id)
        session.execute(delete(Dataset).where(Dataset.dataset_id == dataset_id))


@cache
def importer_mark() -> str:
    """Who is importing: machine, process, and a word that tells this process from an earlier one of the same number."""
    return f"{socket.gethostname()} {os.getpid()} {uuid.uuid4().hex}"


def _is_dead(mark: str, age: timedelta) -> bool:
    host, process, word = [*mark.rsplit(" ", 2), "", "", ""][:3]
    if host != socket.gethostname() or not process.isdigit():
        return age > FOREIGN_LIMIT
    if int(process) == os.getpid():
        return word != importer_mark().rsplit(" ", 1)[1]
    try:
        os.kill(int(process), 0)  # signal 0 asks only whether there is such a process
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
