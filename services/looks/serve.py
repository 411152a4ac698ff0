"""Handing out looks: the next item for a person under a plan, or the one they ask for, each in one transaction.

Leaves out what the screen shows of an item (reviews/review.py), and leases once they are given (leases.py).
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select
from sqlalchemy.orm import Session, sessionmaker

from services.looks.rows import LookRow, PlanProgress


def next_look(
    sessions: sessionmaker[Session],
    *,
    plan_id: int,
    annotator: str,
    after_place: int | None = None,
    among: Select[Any] | None = None,
    n_ahead: int = 0,
) -> LookRow | None:
    """The look to show now, leased; None when the plan has nothing (more) for this person.

    First the person's own open look, else the first place that waits for somebody and that this person has not looked
    at, else a repeat when one is due, else what they skipped.

    Args:
        after_place: only places behind it, open looks included; then from the beginning.
        among: selects item ids to keep to.
        n_ahead: with 1 the person's oldest open look is passed over: the next one, to be loaded ahead.
    """
    raise NotImplementedError


def open_item(sessions: sessionmaker[Session], *, plan_id: int, item_id: int, annotator: str) -> LookRow:
    """The look for an item somebody asks for by a link, an arrow or a list: their own, else one drawn by `chosen`.

    Raises Refused when all its places are taken by others, NotFound for an item of another dataset.
    """
    raise NotImplementedError


def get_look(sessions: sessionmaker[Session], look_id: int) -> LookRow:
    """That look, or NotFound."""
    raise NotImplementedError


def reveal(sessions: sessionmaker[Session], look_id: int) -> LookRow:
    """Lift the veil of a blind look, once it is decided (a skipped one comes back, and stays hidden)."""
    raise NotImplementedError


def plan_progress(sessions: sessionmaker[Session], plan_id: int, annotator: str) -> PlanProgress:
    """How far the plan is, and this person in it."""
    raise NotImplementedError
