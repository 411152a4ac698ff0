"""Handing out looks: the next item for a person under a plan, or the one they ask for, each in one transaction.

    my open look  >  a repeat that is due  >  the first place that waits for somebody and that I have not looked at
                  >  the repeats left at the end  >  what others skipped who are away
                  >  what I skipped, the longest ago first

Who has an open look is answered without the write lock. Leaves out what the screen shows of an item
(reviews/review.py), leases once they are given (leases.py), and counts (progress.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select
from sqlalchemy.orm import Session, sessionmaker

from db.queries_looks import (
    add_free,
    candidates_in_file_order,
    first_free_place,
    has_look,
    keep_place_from,
    lock_plan,
    looks_on_item,
    nth_latest_look_id,
    open_looks,
    place_from,
    place_of,
    waiting_repeats,
)
from db.tables import Annotator, Item, Suggestion, utc_now
from db.tables_audit import Look, Plan
from services.annotators import ensure_annotator
from services.errors import NotFound, Refused
from services.looks.chance import is_blind, shuffled
from services.looks.leases import count_visit, end_overdue, free_slot, lease_end, let_go
from services.looks.progress import plan_progress
from services.looks.rows import CHOSEN, LOOKED, RETURNED, SKIPPED, LookRow, look_row
from services.looks.skips import hand_on, take_up

__all__ = ["get_look", "next_look", "open_item", "plan_progress", "reveal"]

REPEAT_AFTER = 20  # other looks in between; at the end of a plan REPEAT_AT_LEAST are enough
REPEAT_AT_LEAST = 5
HELD_AT_MOST = 5  # open looks of one person in one plan; one more, and the oldest goes back
KEPT_EVERY = 16  # places: how far a person's beginning moves before it is written down


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
    person = ensure_annotator(sessions, annotator)
    now = utc_now()
    asked = _Asked(after_place, among, n_ahead)
    with sessions() as session:
        plan = _plan(session, plan_id)
        mode = plan.configuration["mode"]
        held = _own_open(session, plan, person.annotator_id, asked, now)
        if held is not None:
            return look_row(held, person.name, mode)
    with sessions.begin() as session:
        desk = _Desk(session, _locked(session, plan_id), person.annotator_id, now)
        look = desk.next(asked)
        return None if look is None else look_row(look, person.name, mode)


def open_item(sessions: sessionmaker[Session], *, plan_id: int, item_id: int, annotator: str) -> LookRow:
    """The look for an item somebody asks for by a link, an arrow or a list: their own, else one drawn by `chosen`.

    Raises Refused when all its slots are taken by others, NotFound for an item of another dataset.
    """
    person = ensure_annotator(sessions, annotator)
    now = utc_now()
    with sessions() as session:
        plan = _plan(session, plan_id)
        own = _live_on_item(session, plan_id, item_id, person.annotator_id, now)
        if own is not None:
            return look_row(own, person.name, plan.configuration["mode"])
    with sessions.begin() as session:
        desk = _Desk(session, _locked(session, plan_id), person.annotator_id, now)
        look = desk.open(item_id)
        return look_row(look, person.name, desk.plan.configuration["mode"])


def get_look(sessions: sessionmaker[Session], look_id: int) -> LookRow:
    """That look, or NotFound."""
    with sessions() as session:
        return _row(session, _look(session, look_id))


def reveal(sessions: sessionmaker[Session], look_id: int) -> LookRow:
    """Lift the veil of a blind look, once it is decided (a skipped one comes back, and stays hidden)."""
    with sessions.begin() as session:
        look = _look(session, look_id)
        if look.closed_as not in LOOKED or look.closed_as == SKIPPED:
            raise Refused(f"look {look_id} is not decided; the suggestion of a blind item shows after the decision")
        if look.is_blind and look.revealed_at is None:
            look.revealed_at = utc_now()
            session.flush()
        return _row(session, look)


@dataclass(frozen=True, slots=True)
class _Asked:
    after_place: int | None
    among: Select[Any] | None
    n_ahead: int


@dataclass(frozen=True, slots=True)
class _Desk:
    """One person before one plan, inside a writing transaction that holds both."""

    session: Session
    plan: Plan
    annotator_id: int
    now: datetime

    def next(self, asked: _Asked) -> Look | None:
        end_overdue(self.session, self.plan, self.now)
        held = _own_open(self.session, self.plan, self.annotator_id, asked, self.now)
        if held is not None or self.plan.closed_at is not None:
            return held
        waiting = self._waiting_repeats(asked)
        due = next((one for one in waiting if self._is_behind(one, REPEAT_AFTER)), None)
        if due is not None:
            return self._again(due)
        found = self._free_place(asked)
        if found is not None:
            return self._lease(found[1], found[0], self.plan.order)
        due = next((one for one in waiting if self._is_behind(one, REPEAT_AT_LEAST)), None)
        return self._again(due) or self._skipped(asked.among)

    def _skipped(self, among: Select[Any] | None) -> Look | None:
        """Of somebody who is away first: one's own come back again and again, and would keep it from everybody."""
        handed = hand_on(self.session, self.plan, self.annotator_id, self.now, among)
        if isinstance(handed, tuple):
            return self._lease(*handed, self.plan.order)
        return self._again(take_up(self.session, self.plan, self.annotator_id, among, found=handed))

    def open(self, item_id: int) -> Look:
        end_overdue(self.session, self.plan, self.now)
        own = _live_on_item(self.session, self.plan.plan_id, item_id, self.annotator_id, self.now)
        if own is not None:
            return own
        item = self.session.get(Item, item_id)
        if item is None or item.dataset_id != self.plan.dataset_id:
            raise NotFound(f"no item {item_id} in the dataset of plan {self.plan.name!r}; open its next item instead")
        if self.plan.closed_at is not None:
            raise Refused(f"plan {self.plan.name!r} is closed; open the item without it, or choose another plan")
        return self._lease(item_id, place_of(self.session, self.plan.plan_id, item_id), CHOSEN)

    def _waiting_repeats(self, asked: _Asked) -> list[Look]:
        if not self.plan.configuration["repeat_share"]:
            return []
        return list(waiting_repeats(self.session, self.plan.plan_id, self.annotator_id, among=asked.among))

    def _is_behind(self, look: Look, n: int) -> bool:
        """Whether the person has been handed at least n others since."""
        return look.look_id < nth_latest_look_id(self.session, self.plan.dataset_id, self.annotator_id, n)

    def _free_place(self, asked: _Asked) -> tuple[int, int] | None:
        begin = place_from(self.session, self.plan.plan_id, self.annotator_id)
        least = 0 if begin is None else begin
        start = least if asked.after_place is None else max(least, asked.after_place + 1)
        found = first_free_place(
            self.session, self.plan.plan_id, self.annotator_id, place_from=start, among=asked.among
        )  # fmt: skip
        if found is None and start > least:
            return first_free_place(
                self.session, self.plan.plan_id, self.annotator_id, place_from=least, place_before=start,
                among=asked.among,
            )  # fmt: skip
        if asked.after_place is None and asked.among is None:
            self._keep_place(begin, self.plan.configuration["n"] if found is None else found[0])
        return found

    def _keep_place(self, begin: int | None, place: int) -> None:
        if begin is None or place - begin >= KEPT_EVERY:
            is_new = begin is None
            keep_place_from(self.session, self.plan.plan_id, self.annotator_id, place, is_new=is_new)

    def _lease(self, item_id: int, place: int | None, drawn_by: str) -> Look:
        slot = free_slot(self.session, self.plan, item_id)
        blind = is_blind(self.plan.seed, item_id, share=self.plan.configuration["blind_share"])
        look = Look(
            plan_id=self.plan.plan_id, dataset_id=self.plan.dataset_id, run_id=self.plan.run_id, item_id=item_id,
            annotator_id=self.annotator_id, drawn_by=drawn_by, place=place, slot=slot, is_blind=blind, is_repeat=False,
            display_order=list(self._shown(item_id, is_blind=blind, is_repeat=False)), opened_at=self.now,
            leased_until=lease_end(self.plan, self.now),
        )  # fmt: skip
        self.session.add(look)
        if slot is not None and place is not None:
            add_free(self.session, self.plan.plan_id, place, -1)
        self.session.flush()
        self._hold_few()
        return look

    def _again(self, look: Look | None) -> Look | None:
        """A waiting repeat, or something skipped, leased now."""
        if look is None:
            return None
        if look.is_repeat and look.closed_as is None:
            shown = self._shown(look.item_id, is_blind=look.is_blind, is_repeat=True)
            look.opened_at, look.display_order = self.now, list(shown)
        if look.closed_as is not None:
            count_visit(self.session, self.plan, look, -1)  # it counts again when it is decided
        look.closed_at = look.closed_as = None
        look.leased_until = lease_end(self.plan, self.now)
        self.session.flush()
        return look

    def _shown(self, item_id: int, *, is_blind: bool, is_repeat: bool) -> tuple[int, ...]:
        """Candidate ids as they are to be shown: shuffled when blind; else two as in the file, more as ranked."""
        ids = candidates_in_file_order(self.session, item_id)
        if is_blind:
            return shuffled(self.plan.seed, item_id, self.annotator_id, ids, is_repeat=is_repeat)
        suggestion = self.session.get(Suggestion, (self.plan.run_id, item_id))
        if len(ids) <= 2 or suggestion is None:
            return tuple(ids)
        rank = {candidate: at for at, group in enumerate(suggestion.ranking) for candidate in group}
        return tuple(sorted(ids, key=lambda candidate: rank.get(candidate, len(ids))))

    def _hold_few(self) -> None:
        held = open_looks(self.session, self.plan.plan_id, self.annotator_id)
        for look in held[:-HELD_AT_MOST]:
            let_go(self.session, self.plan, look, self.now, as_=RETURNED)


def _own_open(session: Session, plan: Plan, annotator_id: int, asked: _Asked, now: datetime) -> Look | None:
    """The person's open look to show, its time not over."""
    held = [one for one in open_looks(session, plan.plan_id, annotator_id) if (one.leased_until or now) > now]
    if asked.after_place is not None:
        held = [one for one in held if one.place is not None and one.place > asked.after_place]
    if asked.among is not None:
        held = [one for one in held if has_look(session, one.look_id, asked.among)]
    return held[asked.n_ahead] if len(held) > asked.n_ahead else None


def _live_on_item(session: Session, plan_id: int, item_id: int, annotator_id: int, now: datetime) -> Look | None:
    """The person's look at this item: the open one, else the decided one (a first look before a repeat)."""
    looks = looks_on_item(session, plan_id, item_id, annotator_id)
    open_ones = [one for one in looks if one.closed_as is None and one.leased_until is not None]
    decided = [one for one in looks if one.closed_as in LOOKED]
    decided.sort(key=lambda one: one.is_repeat)
    held = [one for one in open_ones if (one.leased_until or now) > now]
    return next(iter([*held, *decided]), None)


def _plan(session: Session, plan_id: int) -> Plan:
    plan = session.get(Plan, plan_id)
    if plan is None:
        raise NotFound(f"no plan {plan_id}; choose one on the Audit page")
    return plan


def _locked(session: Session, plan_id: int) -> Plan:
    plan = lock_plan(session, plan_id)
    if plan is None:
        raise NotFound(f"no plan {plan_id}; choose one on the Audit page")
    return plan


def _look(session: Session, look_id: int) -> Look:
    look = session.get(Look, look_id)
    if look is None or look.plan_id is None:
        raise NotFound(f"no look {look_id}; open the item again")
    return look


def _row(session: Session, look: Look) -> LookRow:
    name = session.get_one(Annotator, look.annotator_id).name
    plan = session.get(Plan, look.plan_id)
    return look_row(look, name, "best" if plan is None else plan.configuration["mode"])
