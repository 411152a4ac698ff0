"""The plan in hand (`?plan=`): its picker beside the run, and what the screen says of its looks.

Without one Review goes through the dataset in file order and keeps no looks. A plan is of one run: choosing a plan
chooses its run. Leaves out making plans (ui/plans) and handing out looks (services/looks).
"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from services.looks.rows import LookRow, PlanProgress, PlanRow
from services.reviews.rows import ReviewItem
from ui import frame
from ui.prose import badge
from ui.review.actions import show_item
from ui.review.hand import OVER, REFUSED
from ui.review.lease import over_panel
from ui.wording import count

PICK = "review_plan"
NO_PLAN = 0
ORDER_WORDS = {
    "random": "random",
    "stratified": "random in strata",
    "uncertainty": "least certain first",
    "margin": "smallest margin first",
    "change": "changed by another run",
    "flip": "length flips it",
    "disagree": "people disagree",
    "file": "file order",
}
BLIND = "The suggestion, its rewards and the file's order are hidden until you decide, so that they cannot lead you."


def plan_of_link(rows: Sequence[PlanRow]) -> tuple[PlanRow | None, str | None]:
    """The plan that the URL names and, where there is none of that number here, what was asked for.

    Sets the run in hand to the plan's own.
    """
    wanted = st.query_params.get(frame.PLAN)
    if not wanted:
        return None, None
    plan = next((row for row in rows if str(row.plan_id) == wanted), None)
    if plan is None:
        return None, wanted
    if frame.chosen(frame.RUN) != str(plan.run_id):
        st.session_state[f"frame_{frame.RUN}"] = st.query_params[frame.RUN] = str(plan.run_id)
    return plan, None


def pick_plan(rows: Sequence[PlanRow], plan: PlanRow | None) -> None:
    """The picker; open plans, and a closed one only while it is in hand. Where there is none, the way to make one."""
    shown = [row for row in rows if row.closed_at is None or row == plan]
    if not shown:
        frame.page_link(frame.AUDIT, "Draw a sample to look at")
        return
    labels = {NO_PLAN: "No plan: file order"} | {row.plan_id: plan_label(row) for row in shown}
    st.session_state[PICK] = NO_PLAN if plan is None else plan.plan_id
    st.selectbox(
        "Plan",
        list(labels),
        key=PICK,
        format_func=lambda plan_id: labels.get(plan_id, ""),
        on_change=_choose,
        label_visibility="collapsed",
    )


def plan_label(plan: PlanRow) -> str:
    """A plan in one line: its name or order, how many items, how many of them blind."""
    parts = [plan.name or ORDER_WORDS.get(plan.order, plan.order).capitalize(), count(plan.n, "item")]
    parts += [f"{100 * plan.blind_share:.0f} % blind"] if plan.blind_share else []
    return " · ".join([*parts, "closed"] if plan.closed_at is not None else parts)


def _choose() -> None:
    plan_id = st.session_state[PICK]
    show_item(None)
    if plan_id == NO_PLAN:
        st.query_params.pop(frame.PLAN, None)
    else:
        st.query_params[frame.PLAN] = str(plan_id)


def leave_plan() -> None:
    """Back to file order."""
    show_item(None)
    st.query_params.pop(frame.PLAN, None)


def look_badges(item: ReviewItem) -> str:
    """What the look hides; a repeat does not say that it is one."""
    look = item.look
    if look is None or not look.is_blind:
        return ""
    if item.is_veiled:
        return badge("blind: the suggestion shows once you decide", kind="accent", title=BLIND)
    return badge("was blind, now revealed", title=BLIND)


def where_words(look: LookRow, progress: PlanProgress) -> str:
    """Where one stands in the plan: the how-manieth look of one's own."""
    if look.is_open:
        return f"look {progress.n_mine + 1}"
    return "looked at"


def plan_done(plan: PlanRow, progress: PlanProgress) -> None:
    """The plan has nothing (more) for this person."""
    wait = "waits" if progress.n_waiting_others == 1 else "wait"
    waits = f" {progress.n_waiting_others} of them {wait} for somebody else." if progress.n_waiting_others else ""
    is_are = "is" if progress.n_open == 1 else "are"
    open_ = f" {progress.n_open} {is_are} on somebody's screen." if progress.n_open else ""
    text = f"You looked at {progress.n_mine:,} of its {count(progress.n, 'item')}.{waits}{open_}"
    title = "This plan is closed" if plan.closed_at is not None else "Nothing left for you in this plan"
    panel = frame.empty_state(title, text, key="review_plan")
    with panel, st.container(horizontal=True, horizontal_alignment="center", vertical_alignment="center"):
        frame.page_link(frame.AUDIT, "See what it proves" if plan.is_sample else "See it on Audit", plan=plan.plan_id)
        st.button("Review in file order", key="review_plan_leave", on_click=leave_plan)


def no_look(plan: PlanRow, progress: PlanProgress, why: str, line: str, *, is_filtered: bool) -> None:
    """No item under the plan: the time is up, somebody else has it, none passes the filter, or all is done."""
    if why == OVER:
        over_panel(plan)
    elif why == REFUSED:
        _refused(line)
    elif is_filtered:
        panel = frame.empty_state(
            "Nothing here", "No item of this plan is left in this queue or filter.", key="review_plan"
        )
        panel.button("All items of the plan", key="review_plan_all", type="primary", on_click=_forget_filters)
    else:
        plan_done(plan, progress)


def _refused(line: str) -> None:
    panel = frame.empty_state("This item is not yours to decide now", "", key="review_refused")
    with panel:
        st.text(line)
        st.button("Next item", key="review_refused_next", type="primary", shortcut="Enter", on_click=_next)


def _next() -> None:
    show_item(None)


def _forget_filters() -> None:
    kept = (*frame.SHARED, frame.PLAN)
    show_item(None)
    st.query_params.from_dict({name: value for name, value in st.query_params.to_dict().items() if name in kept})
