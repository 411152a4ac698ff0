"""Numeric noise in the database: measured values by model, items within it, and a run's results taken over by another.

Leaves out measuring (scoring/noise.py) and what a run may do about it (services/precise.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, and_, func, insert, literal, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, aliased

from db.tables import Noise, NotWeighed, Run, Score, Suggestion


def noise_of(session: Session, fingerprint: str, *, engine: str, device: str) -> Noise | None:
    """What was measured of this model under this engine on this kind of device."""
    return session.get(Noise, (fingerprint, engine, device))


def keep_noise(session: Session, row: dict[str, Any]) -> None:
    """Write a measurement; a larger sample replaces a smaller one."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    added = dialect.insert(Noise).values(row)
    fresh = {name: added.excluded[name] for name in row if name not in ("fingerprint", "engine", "device")}
    session.execute(
        added.on_conflict_do_update(
            index_elements=["fingerprint", "engine", "device"], set_=fresh, where=Noise.n < added.excluded.n
        )
    )


def is_within_noise(noise_margin: Any) -> ColumnElement[bool]:
    """Of a suggestion: its margin is below the noise. A tie of equal texts (margin 0) is exact, not noise."""
    return and_(Suggestion.margin > 0, Suggestion.margin < noise_margin)


def n_within_noise() -> ScalarSelect[int]:
    """How many items of the outer query's run are within its noise; an index range, however many items it has."""
    return (
        select(func.count())
        .select_from(Suggestion)
        .where(Suggestion.run_id == Run.run_id, is_within_noise(Run.noise_margin))
        .correlate(Run)
        .scalar_subquery()
    )


def take_over(session: Session, *, run_id: int, from_run_id: int, noise_margin: float) -> None:
    """Copy into a new run all that another found but for the items within its noise; no row comes into memory."""
    there = aliased(Suggestion)
    noisy = select(there.item_id).where(there.run_id == from_run_id, there.margin > 0, there.margin < noise_margin)
    for table in (Suggestion, Score, NotWeighed):
        values: dict[str, Any] = {column.key: column for column in table.__table__.columns}
        values["run_id"] = literal(run_id)
        if table is Suggestion:
            values["taken_from"] = literal(from_run_id)
        found = select(*values.values()).where(table.run_id == from_run_id, table.item_id.not_in(noisy))
        session.execute(insert(table).from_select(list(values), found))


def taken_over_item_ids(session: Session, run_id: int, item_ids: Sequence[int]) -> set[int]:
    """Those of the items whose results this run took over from another."""
    return set(
        session.scalars(
            select(Suggestion.item_id).where(
                Suggestion.run_id == run_id, Suggestion.item_id.in_(item_ids), Suggestion.taken_from.is_not(None)
            )
        )
    )
