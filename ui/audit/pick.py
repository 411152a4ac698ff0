"""Which sample of the run is meant: the URL's, else the newest. Only random and stratified plans are offered."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from services.looks.plans import list_plans
from services.looks.rows import PlanRow
from services.run_rows import RunRow
from ui import frame, resources
from ui.audit.words import plan_label


def samples_of(run: RunRow) -> tuple[PlanRow, ...]:
    """The random and stratified plans of a run, newest first, closed ones too: their looks still count."""
    plans = list_plans(resources.sessions(), dataset_id=run.dataset_id, with_closed=True)
    return tuple(plan for plan in plans if plan.run_id == run.run_id and plan.is_sample)


def pick_sample(plans: Sequence[PlanRow]) -> PlanRow:
    """The sample in hand, with a picker where there are several."""
    wanted = frame.number(st.query_params.get(frame.PLAN, ""))
    found = next((plan for plan in plans if plan.plan_id == wanted), plans[0])
    if len(plans) == 1:
        st.caption(f"Sample: {frame.plain(plan_label(found))}")
        return found
    by_id = {plan.plan_id: plan for plan in plans}
    st.session_state["audit_sample"] = found.plan_id
    st.selectbox(
        "Sample", list(by_id), key="audit_sample", format_func=lambda plan_id: plan_label(by_id[plan_id]),
        on_change=lambda: st.query_params.update({frame.PLAN: str(st.session_state["audit_sample"])}),
        help="Looks drawn at random. Other orders go where it pays to look; they prove nothing about the rest.",
        width=520,
    )  # fmt: skip
    return found
