"""Domains in the database: what models guess, what people correct, what a run took.

Leaves out which of them counts (services/routing/resolve.py) and asking a model (services/routing/guesses.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, insert, literal, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from db.tables import Annotator, Item
from db.tables_criteria import DomainCorrection, DomainGuess, ItemDomain


@dataclass(frozen=True, slots=True)
class CorrectionRow:
    """What a person says an item's domain is, by whom and when."""

    domain: str
    annotator: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class RoutedRow:
    """An item with what the file, a model and a person say of its domain; None where one says nothing.

    probabilities is {} where the model could not be asked; `problem` then says why.
    """

    item_id: int
    position: int
    column: str | None
    probabilities: Mapping[str, float] | None
    problem: str
    correction: CorrectionRow | None


def keep_guesses(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Write guesses; one that is there is replaced, because another template asks another question."""
    if not rows:
        return
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    added = dialect.insert(DomainGuess)
    fresh = {name: added.excluded[name] for name in ("probabilities", "problem", "created_at")}
    keys = ["router_id", "fingerprint", "item_id"]
    session.execute(added.on_conflict_do_update(index_elements=keys, set_=fresh), list(rows))


def keep_item_domains(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Write the domains a run took; in the transaction of the run's own progress."""
    if rows:
        session.execute(insert(ItemDomain), list(rows))


def item_domains(session: Session, run_id: int, item_ids: Sequence[int]) -> dict[int, ItemDomain]:
    """The domain a run took for each of the items, where it did not take the item's own column."""
    wanted = select(ItemDomain).where(ItemDomain.run_id == run_id, ItemDomain.item_id.in_(item_ids))
    return {found.item_id: found for found in session.scalars(wanted)}


def domains_taken(session: Session, run_id: int) -> dict[int, str | None]:
    """item_id -> the domain the run took for it, where that is not the item's own column; None: the default."""
    wanted = select(ItemDomain.item_id, ItemDomain.domain).where(ItemDomain.run_id == run_id)
    return dict(session.execute(wanted).all())


def take_over_domains(session: Session, *, run_id: int, from_run_id: int) -> None:
    """Copy into a new run every domain that another took; no row comes into memory."""
    values: dict[str, Any] = {column.key: column for column in ItemDomain.__table__.columns}
    values["run_id"] = literal(run_id)
    found = select(*values.values()).where(ItemDomain.run_id == from_run_id)
    session.execute(insert(ItemDomain).from_select(list(values), found))


def corrections_of(session: Session, item_ids: Sequence[int]) -> dict[int, CorrectionRow]:
    """The correction that counts for each of the items: the latest, unless it takes one back."""
    return _corrections(session, DomainCorrection.item_id.in_(item_ids))


def _corrections(session: Session, of_items: ColumnElement[bool]) -> dict[int, CorrectionRow]:
    latest = select(func.max(DomainCorrection.correction_id)).where(of_items).group_by(DomainCorrection.item_id)
    rows = session.execute(
        select(DomainCorrection.item_id, DomainCorrection.domain, Annotator.name, DomainCorrection.created_at)
        .join(Annotator, Annotator.annotator_id == DomainCorrection.annotator_id)
        .where(DomainCorrection.correction_id.in_(latest))
    )
    return {
        item_id: CorrectionRow(domain, name, when)
        for item_id, domain, name, when in rows
        if domain is not None  # else the latest takes the correction back
    }


def routed_rows(session: Session, dataset_id: int, *, router_id: int, fingerprint: str | None) -> list[RoutedRow]:
    """Every item of a dataset in file order, with this model's guess under this router where there is one.

    Put together here and not by a join: PostgreSQL, which has no statistics of what was written a moment ago, would
    compare every item with every guess.
    """
    wanted = select(Item.item_id, Item.position, Item.domain).where(Item.dataset_id == dataset_id)
    items = session.execute(wanted.order_by(Item.position)).all()
    if not items:
        return []
    ids = [item_id for item_id, _, _ in items]
    asked = select(DomainGuess.item_id, DomainGuess.probabilities, DomainGuess.problem).where(
        DomainGuess.router_id == router_id, DomainGuess.fingerprint == (fingerprint or ""),
        DomainGuess.item_id.between(min(ids), max(ids)),
    )  # fmt: skip
    guesses = {item_id: (found, problem) for item_id, found, problem in session.execute(asked)}
    corrected = _corrections(session, DomainCorrection.item_id.between(min(ids), max(ids)))
    return [
        RoutedRow(item_id, position, column, *guesses.get(item_id, (None, "")), corrected.get(item_id))
        for item_id, position, column in items
    ]


def guessing_models(session: Session, dataset_id: int, router_id: int) -> list[tuple[str, int]]:
    """(fingerprint, items it was asked about) of every model asked under this router, the latest asked first."""
    ids = set(session.scalars(select(Item.item_id).where(Item.dataset_id == dataset_id)))
    if not ids:
        return []
    rows = session.execute(
        select(DomainGuess.fingerprint, DomainGuess.item_id, DomainGuess.created_at).where(
            DomainGuess.router_id == router_id, DomainGuess.item_id.between(min(ids), max(ids))
        )
    )
    counts: Counter[str] = Counter()
    latest: dict[str, datetime] = {}
    for fingerprint, item_id, when in rows:
        if item_id in ids:
            counts[fingerprint] += 1
            latest[fingerprint] = max(when, latest.get(fingerprint, when))
    return sorted(counts.items(), key=lambda pair: (latest[pair[0]], pair[0]), reverse=True)


def column_domains(session: Session, dataset_id: int) -> dict[str | None, int]:
    """How many items have each domain in the file's column; None: no domain."""
    wanted = select(Item.domain, func.count()).where(Item.dataset_id == dataset_id).group_by(Item.domain)
    return dict(session.execute(wanted).all())


def messages_of(session: Session, item_ids: Sequence[int]) -> dict[int, list[Any]]:
    """The prompts of some items."""
    wanted = select(Item.item_id, Item.messages).where(Item.item_id.in_(item_ids))
    return dict(session.execute(wanted).all())
