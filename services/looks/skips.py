"""Skipped items: theirs who skipped them, at the end, and somebody else's once those are away.

    skipped      the look keeps its slot: nobody else is asked
    away         for as long as a lease lasts, the person has decided nothing under the plan and has nothing open
    handed on    who has nothing else left gets the slot; the skipped look stays as it is, without one
    taken up     who skipped it comes back, and a slot of the item is free: theirs again

So an item that one person cannot decide does not wait for them for ever. Leaves out everything else that is next
(serve.py).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select
from sqlalchemy.orm import Session

from db.queries_looks import add_free, first_skip_of_the_absent, first_skipped, looks_on_item
from db.tables_audit import Look, Plan
from services.looks.leases import hold_slot
from services.looks.rows import SKIPPED


def hand_on(
    session: Session, plan: Plan, annotator_id: int, now: datetime, among: Select[Any] | None
) -> Look | tuple[int, int] | None:
    """The oldest skip of somebody who is away, its slot freed for this person; the plan is held.

    Returns their own look where they skipped the item as well, else (item_id, place); None: there is no such skip.
    """
    if not plan.configuration["overlap"]:
        return None  # as many as come may look: a skip keeps nobody out
    since = now - timedelta(minutes=plan.configuration["lease_minutes"])
    skipped = first_skip_of_the_absent(session, plan.plan_id, annotator_id, since=since, now=now, among=among)
    if skipped is None or skipped.place is None:  # one that the plan has not drawn waits for nobody
        return None
    skipped.slot = None
    session.flush()
    add_free(session, plan.plan_id, skipped.place, 1)
    mine = looks_on_item(session, plan.plan_id, skipped.item_id, annotator_id)
    own = next((one for one in mine if one.closed_as == SKIPPED and not one.is_repeat), None)
    return (skipped.item_id, skipped.place) if own is None else own


def take_up(
    session: Session, plan: Plan, annotator_id: int, among: Select[Any] | None, *, found: Look | None = None
) -> Look | None:
    """The look this person skipped the longest time ago (or `found`), with a slot; the plan is held."""
    skipped = first_skipped(session, plan.plan_id, annotator_id, among) if found is None else found
    if skipped is not None:
        hold_slot(session, plan, skipped)
    return skipped
