"""Domains in the database: what models guess, what people correct, what a run took.

Leaves out which of them counts (services/routing_resolve.py) and asking a model (services/routing_guesses.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, insert, literal, select
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


def take_over_domains(session: Session, *, run_id: int, from_run_id: int) -> None:
    """Copy into a new run every domain that another took; no row comes into memory."""
    values: dict[str, Any] = {column.key: column for column in ItemDomain.__table__.columns}
    values["run_id"] = literal(run_id)
    found = select(*values.values()).where(ItemDomain.run_id == from_run_id)
    session.execute(insert(ItemDomain).from_select(list(values), found))


def corrections_of(session: Session, item_ids: Sequence[int]) -> dict[int, CorrectionRow]:
    """The correction that counts for each of the items: the latest, unless it takes one back."""
    return _corrections(session, select(Item.item_id).where(Item.item_id.in_(item_ids)))


def _corrections(session: Session, items: Select[Any]) -> dict[int, CorrectionRow]:
    latest = (
        select(func.max(DomainCorrection.correction_id))
        .where(DomainCorrection.item_id.in_(items))
        .group_by(DomainCorrection.item_id)
    )
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
    """Every item of a dataset in file order, with this model's guess under this router where there is one."""
    is_guess = (
        (DomainGuess.item_id == Item.item_id)
        & (DomainGuess.router_id == router_id)
        & (DomainGuess.fingerprint == (fingerprint or ""))
    )
    rows = session.execute(
        select(Item.item_id, Item.position, Item.domain, DomainGuess.probabilities, DomainGuess.problem)
        .join(DomainGuess, is_guess, isouter=True)
        .where(Item.dataset_id == dataset_id)
        .order_by(Item.position)
    ).all()
    corrected = _corrections(session, select(Item.item_id).where(Item.dataset_id == dataset_id))
    return [
        RoutedRow(item_id, position, column, found, problem or "", corrected.get(item_id))
        for item_id, position, column, found, problem in rows
    ]


def guessing_models(session: Session, dataset_id: int, router_id: int) -> list[tuple[str, int]]:
    """(fingerprint, items it was asked about) of every model asked under this router, the latest asked first."""
    rows = session.execute(
        select(DomainGuess.fingerprint, func.count())
        .join(Item, Item.item_id == DomainGuess.item_id)
        .where(Item.dataset_id == dataset_id, DomainGuess.router_id == router_id)
        .group_by(DomainGuess.fingerprint)
        .order_by(func.max(DomainGuess.created_at).desc(), DomainGuess.fingerprint)
    )
    return [(fingerprint, n) for fingerprint, n in rows]


def column_domains(session: Session, dataset_id: int) -> dict[str | None, int]:
    """How many items have each domain in the file's column; None: no domain."""
    wanted = select(Item.domain, func.count()).where(Item.dataset_id == dataset_id).group_by(Item.domain)
    return dict(session.execute(wanted).all())


def messages_of(session: Session, item_ids: Sequence[int]) -> dict[int, list[Any]]:
    """The prompts of some items."""
    wanted = select(Item.item_id, Item.messages).where(Item.item_id.in_(item_ids))
    return dict(session.execute(wanted).all())
