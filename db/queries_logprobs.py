"""The log-prob cache's rows: which are there, read, written once.

Leaves out what the bytes mean (services/packing.py) and what to compute (services/weighing/chunk.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from db.tables import Logprob

KEYS_A_QUERY = 500  # well under what one statement may bind


def cached_keys(session: Session, fingerprint: str, content_keys: Sequence[str]) -> set[str]:
    """Those of the content keys that are cached under this model."""
    found: set[str] = set()
    for some in _slices(content_keys):
        wanted = select(Logprob.content_key).where(Logprob.fingerprint == fingerprint, Logprob.content_key.in_(some))
        found.update(session.scalars(wanted))
    return found


def cached_logprobs(session: Session, fingerprint: str, content_keys: Sequence[str]) -> dict[str, bytes]:
    """The packed token log-probs by content key, of those that are cached."""
    found: dict[str, bytes] = {}
    for some in _slices(content_keys):
        wanted = select(Logprob.content_key, Logprob.token_logprobs).where(
            Logprob.fingerprint == fingerprint, Logprob.content_key.in_(some)
        )
        found.update((key, packed) for key, packed in session.execute(wanted))
    return found


def keep_logprobs(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Write rows that are not there yet; what is there stays as it is, whoever wrote it."""
    if not rows:
        return
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    insert = sqlite.insert(Logprob) if is_sqlite else postgresql.insert(Logprob)
    session.execute(insert.on_conflict_do_nothing(), list(rows))


def _slices(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(keys), KEYS_A_QUERY):
        yield keys[start : start + KEYS_A_QUERY]
