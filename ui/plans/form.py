"""The form that makes a plan: in which order, how many, how they are shown, by how many people.

One write, in the button's callback. Leaves out the list of plans (panel.py) and the words (words.py).
"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from services.datasets import DatasetRow
from services.errors import ServiceError
from services.looks import plans
from services.looks.rows import (
    ALLOCATIONS,
    LEASE_LIMIT_MINUTES,
    MODES,
    NAME_LIMIT,
    ORDERS,
    OVERLAP_LIMIT,
    SAMPLES,
    SEED_LIMIT,
    STRATA,
)
from services.run_rows import RunRow
from ui import frame, resources
from ui.panels import problem
from ui.pickers import run_label
from ui.plans.words import ALLOCATION_WORDS, MODE_WORDS, ORDER_WORDS, PROVES, STRATA_WORDS, precision_line

FIRST_N = 200
PROBLEM = "plans_problem"
BLIND_HELP = (
    "On this share the suggestion and the rewards stay hidden until the person has decided, and the sides are "
    "shuffled. Only so can one tell how much the suggestion leads people."
)
OVERLAP_HELP = "How many people look at each item. Two or more are needed to measure agreement. 0: as many as come."
REPEAT_HELP = "This share of what a person decided comes once more, after twenty others: do they say the same again?"
LEASE_HELP = "So long an item is one person's. Then others may have it."
SEED_HELP = "Any text. The same seed draws the same items again; left empty, a new one is made."


def show_form(dataset: DatasetRow, run: RunRow, others: Sequence[RunRow]) -> None:
    """Everything a plan is asked for; sensible as it stands."""
    left, right = st.columns([3, 2], gap="large")
    with left:
        orders = [order for order in ORDERS if order != "change" or others]
        order = st.selectbox("Which items", orders, key="plans_order", format_func=ORDER_WORDS.__getitem__)
        st.caption(PROVES[order])
        _groups(order, others)
        n = st.number_input(
            "How many items", 1, max(1, dataset.n_items), min(FIRST_N, max(1, dataset.n_items)), key="plans_n"
        )
        if order in SAMPLES:
            st.caption(precision_line(n))
    with right:
        st.slider("Blind share, %", 0, 100, 30, 5, key="plans_blind", help=BLIND_HELP)
        st.number_input("People per item", 0, OVERLAP_LIMIT, 1, key="plans_overlap", help=OVERLAP_HELP)
        st.radio("What people do", MODES, key="plans_mode", format_func=MODE_WORDS.__getitem__, horizontal=True)
    with st.expander("More: repeats, lease, name, seed", icon=":material/tune:"):
        _more()
    st.button(
        "Make the plan", key="plans_make", type="primary", icon=":material/casino:", on_click=_make,
        args=(dataset, run),
    )  # fmt: skip
    said = st.session_state.pop(PROBLEM, None)
    if said:
        problem(said)


def _groups(order: str, others: Sequence[RunRow]) -> None:
    """What only one order needs."""
    if order == "stratified":
        at_strata, at_share = st.columns(2)
        at_strata.selectbox("Groups by", STRATA, key="plans_strata", format_func=STRATA_WORDS.__getitem__)
        at_share.selectbox(
            "From each group", ALLOCATIONS, key="plans_allocation", format_func=ALLOCATION_WORDS.__getitem__
        )
    if order == "change":
        labels = {row.run_id: run_label(row) for row in others}
        st.selectbox("The other run", list(labels), key="plans_other", format_func=labels.__getitem__)


def _more() -> None:
    first, second, third, fourth = st.columns(4)
    first.slider("Shown again, %", 0, 50, 0, 5, key="plans_repeat", help=REPEAT_HELP)
    second.number_input("Lease, minutes", 1, LEASE_LIMIT_MINUTES, 30, key="plans_lease", help=LEASE_HELP)
    third.text_input("Name", key="plans_name", max_chars=NAME_LIMIT)
    fourth.text_input("Seed", key="plans_seed", max_chars=SEED_LIMIT, help=SEED_HELP)


def _make(dataset: DatasetRow, run: RunRow) -> None:
    asked = st.session_state
    order = asked["plans_order"]
    is_stratified = order == "stratified"
    try:
        plan = plans.make_plan(
            resources.sessions(), dataset_id=dataset.dataset_id, run_id=run.run_id, made_by=frame.annotator(),
            order=order, n=asked["plans_n"], name=asked.get("plans_name", ""), seed=asked.get("plans_seed") or None,
            blind_share=asked["plans_blind"] / 100, repeat_share=asked.get("plans_repeat", 0) / 100,
            overlap=asked["plans_overlap"], lease_minutes=asked.get("plans_lease", 30), mode=asked["plans_mode"],
            strata=asked["plans_strata"] if is_stratified else None,
            allocation=asked["plans_allocation"] if is_stratified else "proportional",
            other_run_id=asked["plans_other"] if order == "change" else None,
        )  # fmt: skip
    except ServiceError as error:
        st.session_state[PROBLEM] = str(error)
        return
    if plan.is_sample:
        st.query_params[frame.PLAN] = str(plan.plan_id)
    st.toast(f"{plan.n:,} items drawn", icon=":material/casino:")
