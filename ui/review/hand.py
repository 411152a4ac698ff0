"""What is on the screen: the item of a link, of the queue, or of a look under a plan; and the next one, loaded ahead.

    hand = item_in_hand(asked, plan, run, wanted_id)   what to show now
    load_next(asked, plan, run, hand.item)             last thing on the page: the next one is read (and leased) already

What was loaded ahead lies in the session and is used only while it still stands (services/reviews/ahead.py). Under a
plan the look says which item, in which order and what is hidden; a look is leased before it shows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import streamlit as st

from services.errors import Refused
from services.looks import serve
from services.looks.rows import LookRow, PlanRow
from services.reviews.ahead import Ahead, Asked, load, load_ahead, still_stands
from services.reviews.queue import items_with
from services.reviews.rows import ReviewItem
from services.reviews.veil import as_shown
from services.run_rows import RunRow
from ui import resources
from ui.review import lease
from ui.review.actions import FAILURES, VEILED

AHEAD = "review_ahead"  # session key: the next item, loaded ahead
OVER, REFUSED, EMPTY = "over", "refused", "empty"  # why there is no item


@dataclass(frozen=True, slots=True)
class Hand:
    """The item to show, or why there is none."""

    item: ReviewItem | None
    why: str = ""  # OVER | REFUSED | EMPTY where there is no item
    line: str = ""  # what the server said


def item_in_hand(asked: Asked, plan: PlanRow | None, run: RunRow | None, wanted_id: int | None) -> Hand:
    """The item of the link, else the next one. Raises NotFound for an item that is not there."""
    if plan is None:
        item = _loaded(asked, wanted_id)
        return Hand(item, EMPTY if item is None else "")
    if lease.is_over(plan.plan_id, wanted_id):
        return Hand(None, OVER)
    try:
        look = _look(asked, plan, run, wanted_id)
    except Refused as refusal:
        return Hand(None, REFUSED, str(refusal))
    if look is None:
        return Hand(None, EMPTY)
    look = lease.renewed(look, plan, annotator=asked.annotator)
    item = _loaded(asked, look.item_id)
    if item is None:
        return Hand(None, EMPTY)
    return Hand(as_shown(item, look, is_veiled=st.session_state.get(VEILED) == look.look_id))


def _look(asked: Asked, plan: PlanRow, run: RunRow | None, wanted_id: int | None) -> LookRow | None:
    """The look at the item of the link or of the queue, else the next one of the plan."""
    sessions = resources.sessions()
    if wanted_id is None and asked.queue in ("skipped", "flagged"):
        found = load(sessions, replace(asked, plan_id=plan.plan_id))
        if found is None:
            return None
        wanted_id = found.item_id
    if wanted_id is not None:
        return serve.open_item(sessions, plan_id=plan.plan_id, item_id=wanted_id, annotator=asked.annotator)
    among = items_with(run, asked.only, dataset_id=asked.dataset_id)
    return serve.next_look(sessions, plan_id=plan.plan_id, annotator=asked.annotator, among=among)


def _loaded(asked: Asked, item_id: int | None) -> ReviewItem | None:
    """From what was loaded ahead, where it still stands; else from the database."""
    ahead = st.session_state.get(AHEAD)
    if isinstance(ahead, Ahead) and item_id is not None:
        if still_stands(resources.sessions(), ahead, asked, item_id):
            return ahead.item
        if ahead.item.item_id == item_id:
            st.session_state.pop(AHEAD)
    return load(resources.sessions(), asked, item_id=item_id)


def load_next(asked: Asked, plan: PlanRow | None, run: RunRow | None, item: ReviewItem) -> None:
    """Reads the item that comes after this one, and takes its lease under a plan. Nothing it meets is an error here."""
    if not asked.is_steady or (run is not None and run.status != "done"):
        return
    try:
        following = _following(asked, plan, run, item)
        ahead = st.session_state.get(AHEAD)
        is_there = isinstance(ahead, Ahead) and (ahead.asked, ahead.item.item_id) == (asked, following)
        if following is not None and not is_there:
            st.session_state[AHEAD] = load_ahead(resources.sessions(), asked, following)
    except FAILURES:
        st.session_state.pop(AHEAD, None)  # the next screen will ask again, and say what is wrong


def _following(asked: Asked, plan: PlanRow | None, run: RunRow | None, item: ReviewItem) -> int | None:
    if plan is None or asked.queue in ("skipped", "flagged"):
        return item.next_undecided_id
    if item.look is None or not item.look.is_open or plan.closed_at is not None:
        return None
    among = items_with(run, asked.only, dataset_id=asked.dataset_id)
    look = serve.next_look(
        resources.sessions(), plan_id=plan.plan_id, annotator=asked.annotator, among=among, n_ahead=1
    )
    return None if look is None else look.item_id
