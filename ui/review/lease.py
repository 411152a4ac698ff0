"""How long an item is still yours: a clock that ticks by itself, and one clear line when the time is over.

The clock is a CSS animation, so that it asks the server for nothing; one look at the server comes when the time is up
(a fragment of the page). Being at work on the item gives it a full lease again. Leaves out who holds what
(services/looks/leases.py).
"""

from __future__ import annotations

from datetime import UTC, datetime

import streamlit as st

from services.errors import ServiceError
from services.looks import leases, serve
from services.looks.rows import LOOKED, LookRow, PlanRow
from ui import frame, resources
from ui.prose import safe
from ui.review.actions import show_item

OVER = "review_lease_over"  # session key: (plan, item) whose time ran out on this screen
RENEW_BELOW = 0.5  # of the lease: then a sign of work gives a full one again
MARGIN_S = 1.0  # after the end, so that the server agrees that it is over


def seconds_left(look: LookRow, *, now: datetime | None = None) -> float | None:
    """Seconds until the look is free for others; None for a look that is closed."""
    if not look.is_open or look.leased_until is None:
        return None
    moment = now or datetime.now(UTC).replace(tzinfo=None)
    return max(0.0, (look.leased_until - moment).total_seconds())


def renewed(look: LookRow, plan: PlanRow, *, annotator: str) -> LookRow:
    """The look with a full lease, where little of it is left; as it was where it cannot be had."""
    left = seconds_left(look)
    if left is None or left > plan.lease_minutes * 60 * RENEW_BELOW:
        return look
    try:
        return leases.renew(resources.sessions(), look.look_id, annotator=annotator)
    except ServiceError:
        return look


def clock_html(left: float) -> str:
    """Minutes and seconds that count down by themselves; a shorter clock near the end stands out."""
    whole = round(left)
    soon = " t-lease-soon" if whole <= 120 else ""
    hint = "This item is yours until then; at work on it the time is renewed. After that it is free for others."
    return (
        f'<span class="t-lease{soon}" title="{safe(hint)}" role="timer" aria-label="{whole // 60} minutes left">'
        f'<i style="--t-from:{whole};animation-duration:{max(whole, 1)}s"></i> left</span>'
    )


def clock(look: LookRow) -> None:
    """The clock, and the look at the server when it has run out."""
    left = seconds_left(look)
    if left is None:
        return
    st.fragment(_tick, run_every=left + MARGIN_S)(look)


def _tick(look: LookRow) -> None:
    left = seconds_left(look) or 0.0
    if left <= 0.0:
        kept = _as_kept(look)
        if kept.closed_as not in LOOKED and not seconds_left(kept):  # else another tab has renewed or decided it
            st.session_state[OVER] = (look.plan_id, look.item_id)
        st.rerun()
    st.html(clock_html(left), width="content")


def _as_kept(look: LookRow) -> LookRow:
    """The look as the server has it now."""
    try:
        return serve.get_look(resources.sessions(), look.look_id)
    except ServiceError:
        return look


def is_over(plan_id: int, item_id: int | None) -> bool:
    """Whether the time for this item ran out on this screen. Asking for anything else forgets it: the same item may
    come again, and then has its full time."""
    if item_id is not None and st.session_state.get(OVER) == (plan_id, item_id):
        return True
    st.session_state.pop(OVER, None)
    return False


def over_panel(plan: PlanRow) -> None:
    """What happened, what was kept, what to do."""
    time = "minute is" if plan.lease_minutes == 1 else "minutes are"
    text = f"Your {plan.lease_minutes} {time} over, so this item is free for others. Nothing was decided."
    panel = frame.empty_state("Time is up", text, key="review_over")
    with panel, st.container(horizontal=True, horizontal_alignment="center"):
        st.button("Next item", key="review_over_next", type="primary", shortcut="Enter", on_click=_next)
        st.button("Take it again", key="review_over_again", on_click=take_again)


def _next() -> None:
    show_item(None)


def take_again() -> None:
    """The item is asked for anew; somebody else may have it by now."""
    st.session_state.pop(OVER, None)
