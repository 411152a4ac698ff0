"""Insights: how far the review is, what the decisions prove, where to look again, how a run does against gold."""

from __future__ import annotations

import streamlit as st

from services import datasets, runs
from services.run_rows import RunRow
from ui import frame, pickers, resources
from ui.insights.again import show_again
from ui.insights.gold import show_gold, show_length
from ui.insights.review import show_review
from ui.panels import apply_look, note
from ui.wording import count

frame.open_page("pages/insights.py")


def main() -> None:
    apply_look()
    rows = datasets.list_datasets(resources.sessions())
    if not rows:
        frame.empty_state(
            "Nothing to look at yet",
            "Import a dataset, weigh it and decide on some items; the figures grow with your decisions.",
            key="insights",
            link=frame.DATASETS,
            label="Import a dataset",
        )
        return
    left, right = st.columns([2, 3])
    with left:
        dataset = pickers.pick_dataset("insights", rows)
    if dataset is None:
        frame.empty_state(
            "No such dataset", "The link names a dataset that is not here. Choose one above.", key="insights"
        )
        return
    sessions = resources.sessions()
    with right:
        listed = runs.list_runs(sessions, dataset_id=dataset.dataset_id)
        latest = runs.latest_run(sessions, dataset.dataset_id)
        run = pickers.pick_run("insights", listed, latest=latest)
    _outside(run)
    show_review(dataset, run)
    if run is None or run.n_done == 0:
        frame.empty_state(
            "Not weighed yet" if not listed else "No such run, or nothing weighed in it yet",
            "A run gives this dataset its rewards; accuracy and length then show here.",
            key="insights_run",
            link=frame.RUNS,
            label="Weigh it",
            dataset=dataset.name,
        )
        return
    if run.status == "done":
        from ui.insights.proof import show_proof  # what computes with SciPy comes with it

        show_proof(dataset, run)
        show_again(dataset, run)
    show_gold(dataset, run)
    show_length(dataset, run)


def _outside(run: RunRow | None) -> None:
    """Before any figure: how much of the run the pair does not know."""
    if run is not None and run.n_out_of_world:
        note(
            f"{run.n_out_of_world:,} of {count(run.n_items, 'item')} are out of the pair's world: "
            "the figures below rest on rewards that mean nothing there."
        )


main()
