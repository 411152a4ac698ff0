"""Audit: look at a sample, see what it proves, accept the rest unlooked under a bound, give it in writing.

Four steps as tabs; each begins with what it is for. The sample in hand stands in the URL as `plan`.
"""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from services import datasets, runs
from services.datasets import DatasetRow
from services.errors import Refused
from services.looks.rows import PlanRow
from services.run_rows import RunRow
from ui import frame, pickers, resources
from ui.audit.pick import pick_sample, samples_of
from ui.panels import apply_look, problem

frame.open_page("pages/audit.py")

TAB, STEP = "audit_step", "step"  # the tabs; which one is open, in the URL
LEVEL = 0.95
LOOK, PROVES, ACCEPT, CERTIFICATE = "1 · Look", "2 · What it proves", "3 · Accept the rest", "4 · Certificate"
WORDS = {
    LOOK: "Draw items for people to look at. What is drawn at random speaks for the whole dataset; other orders go "
    "where errors hide.",
    PROVES: "From the random looks alone: how often people agree with the run, over everything it has suggested.",
    ACCEPT: "Say how many wrong labels you can live with. From the margin on that the random looks support, labels are "
    "accepted unlooked, and can be taken back as one.",
    CERTIFICATE: "What the decisions prove, in writing, for anybody to check against the database.",
}


def main() -> None:
    apply_look()
    rows = datasets.list_datasets(resources.sessions())
    if not rows:
        frame.empty_state(
            "Nothing to audit yet",
            "Import a dataset and weigh it; then a few hundred looks say how good all of its labels are.",
            key="audit", link=frame.DATASETS, label="Import a dataset",
        )  # fmt: skip
        return
    at_dataset, at_run, at_as = st.columns([2.4, 4, 2.4], vertical_alignment="center")
    with at_dataset:
        dataset = pickers.pick_dataset("audit", rows)
    if dataset is None:
        text = "The link names a dataset that is not here. Choose one above."
        frame.empty_state("No such dataset", text, key="audit")
        return
    sessions = resources.sessions()
    with at_run:
        listed = runs.list_runs(sessions, dataset_id=dataset.dataset_id)
        run = pickers.pick_run("audit", listed, latest=runs.latest_run(sessions, dataset.dataset_id))
    with at_as, st.container(horizontal=True, horizontal_alignment="right"):
        pickers.reviewing_as("audit")
    if run is None or run.status != "done":
        frame.empty_state(
            "No finished run" if run is not None or not listed else "No such run",
            "An audit is of a run's suggestions, and needs all of them. Weigh the dataset first.",
            key="audit_run", link=frame.RUNS, label="Weigh it", dataset=dataset.name,
        )  # fmt: skip
        return
    _steps(dataset, run)


def _steps(dataset: DatasetRow, run: RunRow) -> None:
    shows = {LOOK: _look, PROVES: _proves, ACCEPT: _accept, CERTIFICATE: _certificate}
    wanted = next((title for title in shows if title[0] == st.query_params.get(STEP)), LOOK)
    tabs = st.tabs(list(shows), key=TAB, default=wanted, on_change=_keep_step)
    for tab, (title, show) in zip(tabs, shows.items(), strict=True):
        if tab.open:
            with tab:
                st.markdown(WORDS[title])
                show(dataset, run)


def _keep_step() -> None:
    st.query_params[STEP] = st.session_state[TAB][0]


def _look(dataset: DatasetRow, run: RunRow) -> None:
    from ui.plans.panel import plans_panel

    plans_panel(dataset, run)


def _proves(dataset: DatasetRow, run: RunRow) -> None:
    from ui.audit.confidence import show_confidence
    from ui.audit.proof import show_proof

    plan = _sample(run)
    if plan is not None:
        _or_why_not(lambda: show_proof(plan, level=LEVEL))
    show_confidence(run)


def _accept(dataset: DatasetRow, run: RunRow) -> None:
    from ui.audit.accept import show_accept, show_accepted

    plan = _sample(run)
    if plan is not None:
        _or_why_not(lambda: show_accept(plan, run, level=LEVEL))
    show_accepted(run)


def _or_why_not(show: Callable[[], None]) -> None:
    """A sample whose population has changed since shows nothing, and says so."""
    try:
        show()
    except Refused as error:
        problem(str(error))


def _certificate(dataset: DatasetRow, run: RunRow) -> None:
    from ui.report.panel import certificate_panel

    certificate_panel(dataset, run)


def _sample(run: RunRow) -> PlanRow | None:
    plans = samples_of(run)
    if plans:
        return pick_sample(plans)
    frame.empty_state(
        "No random sample yet",
        "Only looks that were drawn at random say something about the items nobody looked at. Make a plan in step 1.",
        key="audit_sample",
    )
    return None


main()
