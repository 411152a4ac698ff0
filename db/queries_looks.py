"""What handing out looks reads and writes: free places, open looks, slots, what is due again.

Every query on the way to the next item begins at an index and stops at the first row, so that its time does not grow
with the plan. Leaves out drawing and counting (queries_plans.py), and what is decided from it (services/looks).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, delete, exists, func, insert, select, update
from sqlalchemy.orm import Session, aliased

from db.tables import Annotator, Candidate, Decision
from db.tables_audit import Look, Plan, PlanItem, PlanPerson

LOOKED = ("decided", "skipped", "flagged")


def lock_plan(session: Session, plan_id: int) -> Plan | None:
    """The plan, held until the transaction ends: one hands out at a time. SQLite has its one write lock already.

    key_share: who writes a row that only names the plan need not wait.
    """
    return session.scalar(select(Plan).where(Plan.plan_id == plan_id).with_for_update(key_share=True))


def overdue_looks(session: Session, plan_id: int, now: datetime) -> Sequence[Look]:
    """Open looks of a plan whose time is over; those that somebody decides at this moment are passed over."""
    return session.scalars(
        select(Look)
        .where(Look.plan_id == plan_id, Look.closed_at.is_(None), Look.leased_until <= now)
        .with_for_update(skip_locked=True)
    ).all()


def open_looks(session: Session, plan_id: int, annotator_id: int) -> Sequence[Look]:
    """A person's leased looks in a plan, the oldest first."""
    return session.scalars(
        select(Look)
        .where(
            Look.plan_id == plan_id, Look.annotator_id == annotator_id, Look.closed_as.is_(None),
            Look.leased_until.is_not(None),
        )
        .order_by(Look.look_id)
    ).all()  # fmt: skip


def looks_on_item(session: Session, plan_id: int, item_id: int, annotator_id: int) -> Sequence[Look]:
    """A person's looks at an item under a plan, the newest first."""
    return session.scalars(
        select(Look)
        .where(Look.plan_id == plan_id, Look.item_id == item_id, Look.annotator_id == annotator_id)
        .order_by(Look.look_id.desc())
    ).all()


def slots_taken(session: Session, plan_id: int, item_id: int) -> list[int]:
    """Numbers of the item's slots that somebody has."""
    wanted = select(Look.slot).where(Look.plan_id == plan_id, Look.item_id == item_id, Look.slot.is_not(None))
    return [slot for slot in session.scalars(wanted) if slot is not None]


def first_free_place(
    session: Session,
    plan_id: int,
    annotator_id: int,
    *,
    place_from: int,
    place_before: int | None = None,
    among: Select[Any] | None = None,
) -> tuple[int, int] | None:
    """(place, item_id) of the first place that waits for somebody and that this person has not looked at."""
    was_here = exists().where(
        Look.plan_id == plan_id,
        Look.item_id == PlanItem.item_id,
        Look.annotator_id == annotator_id,
        Look.is_repeat.is_(False),
        Look.closed_as.is_(None) | Look.closed_as.in_(LOOKED),
    )
    wanted = (
        select(PlanItem.place, PlanItem.item_id)
        .where(PlanItem.plan_id == plan_id, PlanItem.place >= place_from, PlanItem.n_free != 0, ~was_here)
        .order_by(PlanItem.place)
        .limit(1)
    )
    if place_before is not None:
        wanted = wanted.where(PlanItem.place < place_before)
    if among is not None:
        wanted = wanted.where(PlanItem.item_id.in_(among))
    found = session.execute(wanted).first()
    return None if found is None else (found.place, found.item_id)


def place_from(session: Session, plan_id: int, annotator_id: int) -> int | None:
    """Where looking for a person's next place begins; None for somebody new to the plan."""
    return session.scalar(
        select(PlanPerson.place_from).where(PlanPerson.plan_id == plan_id, PlanPerson.annotator_id == annotator_id)
    )


def keep_place_from(session: Session, plan_id: int, annotator_id: int, place: int, *, is_new: bool) -> None:
    """Below this place there is nothing for this person."""
    if is_new:
        session.execute(insert(PlanPerson).values(plan_id=plan_id, annotator_id=annotator_id, place_from=place))
        return
    session.execute(
        update(PlanPerson)
        .where(PlanPerson.plan_id == plan_id, PlanPerson.annotator_id == annotator_id)
        .values(place_from=place)
    )


def place_is_free_again(session: Session, plan_id: int, place: int) -> None:
    """Everybody may find something at this place."""
    session.execute(
        update(PlanPerson)
        .where(PlanPerson.plan_id == plan_id, PlanPerson.place_from > place)
        .values(place_from=place)
    )  # fmt: skip


def add_free(session: Session, plan_id: int, place: int, more: int) -> None:
    """Counts a place's free slots up or down."""
    session.execute(
        update(PlanItem)
        .where(PlanItem.plan_id == plan_id, PlanItem.place == place)
        .values(n_free=PlanItem.n_free + more)
    )  # fmt: skip


def place_of(session: Session, plan_id: int, item_id: int) -> int | None:
    """The place at which a plan has drawn an item; None: it has not."""
    return session.scalar(select(PlanItem.place).where(PlanItem.plan_id == plan_id, PlanItem.item_id == item_id))


def waiting_repeats(session: Session, plan_id: int, annotator_id: int, *, among: Select[Any] | None) -> Sequence[Look]:
    """A person's repeats that have not been handed out, the oldest first."""
    wanted = (
        select(Look)
        .where(
            Look.plan_id == plan_id, Look.closed_at.is_(None), Look.leased_until.is_(None),
            Look.annotator_id == annotator_id, Look.is_repeat,
        )
        .order_by(Look.look_id)
    )  # fmt: skip
    return session.scalars(wanted if among is None else wanted.where(Look.item_id.in_(among))).all()


def has_look(session: Session, look_id: int, among: Select[Any]) -> bool:
    """Whether a look is at one of the selected items."""
    return bool(session.scalar(select(exists().where(Look.look_id == look_id, Look.item_id.in_(among)))))


def nth_latest_look_id(session: Session, dataset_id: int, annotator_id: int, n: int) -> int:
    """The number of a person's n-th latest look in a dataset; 0: they have fewer."""
    wanted = (
        select(Look.look_id)
        .where(Look.annotator_id == annotator_id, Look.dataset_id == dataset_id)
        .where(Look.leased_until.is_not(None) | Look.closed_at.is_not(None))
    )
    return session.scalar(wanted.order_by(Look.look_id.desc()).offset(n - 1).limit(1)) or 0


def first_skipped(session: Session, plan_id: int, annotator_id: int, among: Select[Any] | None) -> Look | None:
    """The look that this person skipped the longest time ago; none whose item others have by now."""
    is_full = exists().where(PlanItem.plan_id == plan_id, PlanItem.place == Look.place, PlanItem.n_free == 0)
    wanted = (
        select(Look)
        .where(
            Look.plan_id == plan_id, Look.annotator_id == annotator_id, Look.closed_as == "skipped",
            Look.slot.is_not(None) | ~is_full,
        )
        .order_by(Look.closed_at, Look.look_id)
        .limit(1)
    )  # fmt: skip
    if among is not None:
        wanted = wanted.where(Look.item_id.in_(among))
    return session.scalar(wanted)


def first_skip_of_the_absent(
    session: Session, plan_id: int, annotator_id: int, *, since: datetime, now: datetime, among: Select[Any] | None
) -> Look | None:
    """The oldest skip that holds a slot, of somebody who closed no look since and has none open.

    None of an item that this person has open, decided or flagged, or skipped with a slot of their own.
    """
    mine = aliased(Look)
    is_mine = exists().where(
        mine.plan_id == plan_id,
        mine.item_id == Look.item_id,
        mine.annotator_id == annotator_id,
        mine.is_repeat.is_(False),
        mine.closed_as.is_(None)
        | mine.closed_as.in_(("decided", "flagged"))
        | ((mine.closed_as == "skipped") & mine.slot.is_not(None)),
    )
    recent = select(Look.annotator_id).where(Look.plan_id == plan_id, Look.closed_at > since)
    busy = select(Look.annotator_id).where(Look.plan_id == plan_id, Look.closed_at.is_(None), Look.leased_until > now)
    absent = select(Annotator.annotator_id).where(
        Annotator.annotator_id != annotator_id,
        Annotator.annotator_id.not_in(recent),
        Annotator.annotator_id.not_in(busy),
    )
    wanted = (
        select(Look)
        .where(
            Look.plan_id == plan_id, Look.annotator_id.in_(absent), Look.closed_as == "skipped",
            Look.slot.is_not(None), Look.place.is_not(None), ~is_mine,
        )
        .order_by(func.coalesce(Look.closed_at, now), Look.look_id)  # no column: else SQLite walks the plan by time
        .limit(1)
    )  # fmt: skip
    return session.scalar(wanted if among is None else wanted.where(Look.item_id.in_(among)))


def candidates_in_file_order(session: Session, item_id: int) -> list[int]:
    """Ids of an item's candidates."""
    wanted = select(Candidate.candidate_id).where(Candidate.item_id == item_id).order_by(Candidate.position)
    return list(session.scalars(wanted))


def forget_repeats(session: Session, plan_id: int, item_id: int, annotator_id: int) -> None:
    """Drops what was to be shown again and has not been: its first look is no decision any more."""
    session.execute(
        delete(Look).where(
            Look.plan_id == plan_id, Look.item_id == item_id, Look.annotator_id == annotator_id, Look.is_repeat,
            Look.closed_at.is_(None), Look.leased_until.is_(None),
            ~exists().where(Decision.look_id == Look.look_id),  # decided once and undone: a certificate may name it
        )
    )  # fmt: skip
