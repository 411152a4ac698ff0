"""The plans of a dataset: what there is, how far each is, making one, drawing more, closing, and the way to Review.

Leaves out what a plan proves (the Audit page) and handing out (services/looks).
"""

from __future__ import annotations

import streamlit as st

from services import runs
from services.annotators import MAKE_PLANS, may
from services.datasets import DatasetRow
from services.errors import ServiceError
from services.looks import plans
from services.looks.rows import PlanRow
from services.run_rows import RunRow
from ui import frame, resources
from ui.panels import problem
from ui.plans.form import PROBLEM, show_form
from ui.plans.words import drawn_facts, head_html, progress_words
from ui.wording import count, facts_html

SHOW_CLOSED = "plans_show_closed"


def plans_panel(dataset: DatasetRow, run: RunRow | None) -> None:
    """The open plans under the run, and a form for a new one."""
    sessions = resources.sessions()
    everything = plans.list_plans(sessions, dataset_id=dataset.dataset_id, with_closed=True)
    rows = [row for row in everything if run is None or row.run_id == run.run_id]
    closed = [row for row in rows if row.closed_at is not None]
    shown = rows if closed and st.session_state.get(SHOW_CLOSED) else [row for row in rows if row.closed_at is None]
    may_make = may(sessions, frame.annotator(), MAKE_PLANS)
    for row in shown:
        _card(row, may_make=may_make)
    if closed:
        st.toggle(f"Show {count(len(closed), 'closed plan')}", key=SHOW_CLOSED)
    if run is None or run.n_done == run.n_not_weighed:
        st.caption("A plan draws from what a run suggests. Weigh the dataset first.")
    elif not may_make:
        st.caption(f"{frame.plain(frame.annotator())} may not make plans: an admin does (People).")
    else:
        _new(dataset, run, is_first=not shown)


def _new(dataset: DatasetRow, run: RunRow, *, is_first: bool) -> None:
    """The form: open when there is no plan, else folded away."""
    listed = runs.list_runs(resources.sessions(), dataset_id=dataset.dataset_id)
    others = [row for row in listed if row.run_id != run.run_id and row.status == "done"]
    if is_first:
        with st.container(border=True, key="plans_new"):
            st.markdown("**Draw the items to look at**")
            show_form(dataset, run, others)
        return
    said = PROBLEM in st.session_state
    with st.expander("Draw another plan", icon=":material/add:", expanded=said, key="plans_more"):
        show_form(dataset, run, others)


def _card(plan: PlanRow, *, may_make: bool) -> None:
    number = plan.plan_id
    with st.container(border=True, key=f"plans_card_{number}", gap="small"):
        st.html(head_html(plan))
        st.progress(plan.n_decided / plan.n if plan.n else 1.0)
        st.caption(progress_words(plan))
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            if plan.closed_at is None:
                query = frame.link_query(run=plan.run_id, plan=number)
                st.page_link(frame.REVIEW, label="Review it", query_params=query, icon=":material/rate_review:")
                if may_make:
                    _draw_more(plan)
                    _close(plan)
            with st.popover("How it was drawn", type="tertiary", key=f"plans_drawn_{number}", icon=":material/casino:"):
                st.html(facts_html(drawn_facts(plan)))
        said = st.session_state.pop(f"plans_said_{number}", None)
        if said:
            problem(said)


def _draw_more(plan: PlanRow) -> None:
    left = plan.n_population - plan.n
    if left <= 0:
        return
    number = plan.plan_id
    with st.popover("Draw more", type="tertiary", key=f"plans_extend_{number}", icon=":material/add:"):
        st.write("The next items of the same order. A sample stays a sample.")
        st.number_input("How many more", 1, left, min(100, left), key=f"plans_n_more_{number}")
        st.button("Draw them", key=f"plans_extend_now_{number}", type="primary", on_click=_extend, args=(number,))


def _close(plan: PlanRow) -> None:
    number = plan.plan_id
    with st.popover("Close", type="tertiary", key=f"plans_close_{number}", icon=":material/lock:"):
        st.write("Nothing more is handed out from it. What was decided stays and counts.")
        st.button("Close this plan", key=f"plans_close_now_{number}", type="primary", on_click=_end, args=(number,))


def _extend(number: int) -> None:
    n_more = int(st.session_state[f"plans_n_more_{number}"])
    try:
        plans.extend_plan(resources.sessions(), number, n_more=n_more, by=frame.annotator())
    except ServiceError as error:
        st.session_state[f"plans_said_{number}"] = str(error)


def _end(number: int) -> None:
    try:
        plans.close_plan(resources.sessions(), number, by=frame.annotator())
    except ServiceError as error:
        st.session_state[f"plans_said_{number}"] = str(error)
