"""Leases: an item is one person's for a while, and comes back by itself when the time is over.

    open --decide--> decided | skipped | flagged --undo--> open
      |----------give back or time over----------> returned | expired; its slot is free again

A slot (1 to overlap) belongs to one live look of the item: a unique index makes serving two people on one impossible.
Order of locks on PostgreSQL: annotator (who decides), plan, look. SQLite has one write lock, taken when a transaction
begins.
Leaves out which item is handed out (serve.py).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CursorResult, update
from sqlalchemy.orm import Session, sessionmaker

from db.queries_looks import (
    add_free,
    forget_repeats,
    lock_plan,
    looks_on_item,
    overdue_looks,
    place_is_free_again,
    place_of,
    slots_taken,
)
from db.queries_reviews import latest_on_look
from db.tables import utc_now
from db.tables_audit import Look, Plan
from services.annotators import ensure_annotator
from services.errors import NotFound, Refused
from services.looks.chance import is_repeated
from services.looks.rows import DECIDED, EXPIRED, FLAGGED, LOOKED, REPEAT, RETURNED, SKIPPED, LookRow, look_row

ENDS = {"skip": SKIPPED, "flag": FLAGGED} | dict.fromkeys(("accept", "override", "tie"), DECIDED)


def close(session: Session, look_id: int, *, annotator_id: int, now: datetime, as_: str) -> int:
    """End a look with a decision, inside the deciding transaction (which holds the annotator's row).

    A look whose time is over is taken back when a slot of the item is still free. Closing a closed one again changes
    only how it ended (a revision).

    Args:
        as_: a verdict (accept, override, tie, skip, flag), or one of LOOKED.

    Returns the number of the look that was closed: the person's other one on this item, where this one's time was over
    and the item had been handed to the same person again. Keep the decision under it.

    Raises Refused when somebody else has the item now, NotFound for no look of this person.
    """
    ends = ENDS.get(as_, as_)
    if ends not in LOOKED:
        raise Refused(f"a look cannot end as {as_!r}; it must be one of {', '.join((*ENDS, *LOOKED))}")
    look = own_look(session, look_id, annotator_id)
    plan = session.get_one(Plan, look.plan_id)
    if _end_open(session, look, ends, now):
        count_visit(session, plan, look, 1)
        _plan_repeat(session, plan, look, now)
        return look_id
    lock_plan(session, plan.plan_id)
    session.refresh(look)
    if look.closed_as in LOOKED:
        if ends != SKIPPED:
            hold_slot(session, plan, look)  # it may have been handed on while it was skipped
        look.closed_as, look.closed_at = ends, now
        session.flush()
        _plan_repeat(session, plan, look, now)
        return look_id
    return close(session, take_back(session, plan, look, now).look_id, annotator_id=annotator_id, now=now, as_=ends)


def _end_open(session: Session, look: Look, ends: str, now: datetime) -> bool:
    """Whether the look was open and is closed now; in one statement, so that its time cannot run out in between."""
    done = session.execute(
        update(Look)
        .where(Look.look_id == look.look_id, Look.closed_as.is_(None))
        .values(closed_as=ends, closed_at=now),
        execution_options={"synchronize_session": False},
    )  # fmt: skip
    session.refresh(look)
    return isinstance(done, CursorResult) and done.rowcount == 1


def take_back(session: Session, plan: Plan, look: Look, now: datetime) -> Look:
    """The person's look at this item, open again after its time was over; the plan is held. Refused: others have it."""
    for other in looks_on_item(session, plan.plan_id, look.item_id, look.annotator_id):
        if other.is_repeat == look.is_repeat and (other.closed_as is None or other.closed_as in LOOKED):
            return other
    hold_slot(session, plan, look)
    look.closed_at = look.closed_as = None
    look.leased_until = lease_end(plan, now)
    session.flush()
    return look


def hold_slot(session: Session, plan: Plan, look: Look) -> None:
    """A look without a slot gets a free one; the plan is held. Refused when others have them all."""
    if look.slot is None and not look.is_repeat and plan.configuration["overlap"]:
        look.slot = free_slot(session, plan, look.item_id)
        _count_slot(session, plan, look, -1)


def free_slot(session: Session, plan: Plan, item_id: int) -> int | None:
    """The lowest slot of an item that nobody has; None where as many as come may look. Refused when all are taken."""
    overlap = plan.configuration["overlap"]
    if not overlap:
        return None
    taken = set(slots_taken(session, plan.plan_id, item_id))
    free = next((slot for slot in range(1, overlap + 1) if slot not in taken), None)
    if free is None:
        people = "another person has" if overlap == 1 else f"{overlap} other people have"
        raise Refused(f"{people} this item under plan {plan.name!r} now; go on with your next one")
    return free


def reopen(session: Session, look_id: int, *, annotator_id: int, now: datetime) -> None:
    """After an undo that leaves no decision: the look is open again for the same person, its slot still theirs.

    What they had skipped and others have by now stays with those: the look is returned.
    """
    look, plan = _held(session, look_id, annotator_id)
    if look.closed_as not in LOOKED or not _has_slot(session, plan, look, now):
        return
    look.closed_at = look.closed_as = None
    look.leased_until = lease_end(plan, now)
    session.flush()
    count_visit(session, plan, look, -1)
    if not look.is_repeat:
        forget_repeats(session, plan.plan_id, look.item_id, annotator_id)


def follow(session: Session, look_id: int, *, annotator_id: int, now: datetime, verdict: str) -> int:
    """The look after the decision that is now in force: "undo" opens it again, every other verdict closes it."""
    if verdict == "undo":
        reopen(session, look_id, annotator_id=annotator_id, now=now)
        return look_id
    look, plan = _held(session, look_id, annotator_id)
    if look.closed_as == SKIPPED and not _has_slot(session, plan, look, now):
        return look_id
    return close(session, look_id, annotator_id=annotator_id, now=now, as_=verdict)


def _has_slot(session: Session, plan: Plan, look: Look, now: datetime) -> bool:
    """Whether a closed look has its slot, or a free one again; else others have the item and the look is returned."""
    try:
        hold_slot(session, plan, look)
    except Refused:
        look.closed_as, look.closed_at = RETURNED, now
        session.flush()
        return False
    return True


def renew(sessions: sessionmaker[Session], look_id: int, *, annotator: str) -> LookRow:
    """A full lease from now on, for somebody still at it. Refused when its time is over and others have the item."""
    person = ensure_annotator(sessions, annotator)
    now = utc_now()
    with sessions.begin() as session:
        look, plan = _held(session, look_id, person.annotator_id)
        if look.closed_as is None:
            look.leased_until = lease_end(plan, now)
        elif look.closed_as not in LOOKED:
            look = take_back(session, plan, look, now)
        session.flush()
        return look_row(look, person.name, plan.configuration["mode"])


def give_back(sessions: sessionmaker[Session], look_id: int, *, annotator: str) -> LookRow:
    """The item is free for others at once. A look that is not open stays as it is."""
    person = ensure_annotator(sessions, annotator)
    with sessions.begin() as session:
        look, plan = _held(session, look_id, person.annotator_id)
        if look.closed_as is None:
            let_go(session, plan, look, utc_now(), as_=RETURNED)
        return look_row(look, person.name, plan.configuration["mode"])


def let_go(session: Session, plan: Plan, look: Look, now: datetime, *, as_: str) -> None:
    """An open look's slot is free again; the plan is held.

    A repeat waits for its person once more, and so does what they had skipped before: the skip is in force.
    """
    latest = latest_on_look(session, look.look_id)
    look.leased_until = None  # after reading: writing the row twice would ask for its person's row, which may be held
    if latest is not None and latest.verdict == "skip":
        look.closed_at, look.closed_as = now, SKIPPED
        count_visit(session, plan, look, 1)
    elif not look.is_repeat:
        look.closed_at, look.closed_as, look.slot = now, as_, None
        _count_slot(session, plan, look, 1)
        place = _place(session, plan, look)
        if place is not None:
            place_is_free_again(session, plan.plan_id, place)
    session.flush()


def end_overdue(session: Session, plan: Plan, now: datetime) -> None:
    """Every look of the plan whose time is over is let go; the plan is held."""
    for look in overdue_looks(session, plan.plan_id, now):
        let_go(session, plan, look, now, as_=EXPIRED)


def own_look(session: Session, look_id: int, annotator_id: int) -> Look:
    """That look of that person, of a plan; NotFound for another's."""
    look = session.get(Look, look_id)
    if look is None or look.annotator_id != annotator_id or look.plan_id is None:
        raise NotFound(f"no look {look_id} of this person; open the item again")
    return look


def lease_end(plan: Plan, now: datetime) -> datetime:
    """Until when a look handed out now is one person's."""
    return now + timedelta(minutes=plan.configuration["lease_minutes"])


def _held(session: Session, look_id: int, annotator_id: int) -> tuple[Look, Plan]:
    look = own_look(session, look_id, annotator_id)
    plan = lock_plan(session, _plan_id(look))
    session.refresh(look)
    if plan is None:
        raise NotFound(f"the plan of look {look_id} is gone; open the item again")
    return look, plan


def _plan_id(look: Look) -> int:
    return -1 if look.plan_id is None else look.plan_id


def _count_slot(session: Session, plan: Plan, look: Look, more: int) -> None:
    """A slot is free again (1) or taken (-1)."""
    place = _place(session, plan, look) if plan.configuration["overlap"] else None
    if place is not None:
        add_free(session, plan.plan_id, place, more)


def count_visit(session: Session, plan: Plan, look: Look, more: int) -> None:
    """Where as many as come may look, a place counts downward from -1 how many have."""
    place = None if plan.configuration["overlap"] or look.is_repeat else _place(session, plan, look)
    if place is not None:
        add_free(session, plan.plan_id, place, -more)


def _place(session: Session, plan: Plan, look: Look) -> int | None:
    """Where the plan has the item now: it may have been drawn after somebody chose to look at it."""
    return place_of(session, plan.plan_id, look.item_id) if look.place is None else look.place


def _plan_repeat(session: Session, plan: Plan, look: Look, now: datetime) -> None:
    """Some of what a person decides is to be shown to them once more; skips and flags are not."""
    settings = plan.configuration
    if look.is_repeat or look.closed_as != DECIDED or not settings["repeat_share"]:
        return
    if not is_repeated(plan.seed, look.item_id, look.annotator_id, share=settings["repeat_share"]):
        return
    before = looks_on_item(session, plan.plan_id, look.item_id, look.annotator_id)
    if not any(one.is_repeat for one in before):
        values: dict[str, Any] = {name: getattr(look, name) for name in KEPT_BY_REPEAT}
        session.add(Look(**values, drawn_by=REPEAT, is_repeat=True, slot=None, opened_at=now, leased_until=None))
        session.flush()


KEPT_BY_REPEAT = ("plan_id", "dataset_id", "run_id", "item_id", "annotator_id", "place", "is_blind")
