"""Runs: weigh a dataset with a model pair under criteria, watch it, and see what each run used."""

from __future__ import annotations

import streamlit as st

from services import datasets
from ui import frame, pickers, resources
from ui.pairs.pickers import load_pairs
from ui.panels import apply_look
from ui.runs.list import show_runs
from ui.runs.start import show_start
from ui.wording import count

frame.open_page("pages/runs.py")


def main() -> None:
    apply_look()
    rows = datasets.list_datasets(resources.sessions())
    if not rows:
        frame.empty_state(
            "Nothing to weigh yet",
            "A run weighs every response of a dataset with a strong and a weak model. Import a dataset first.",
            key="runs",
            link=frame.DATASETS,
            label="Import a dataset",
        )
        return
    left, right = st.columns([2, 3], vertical_alignment="center")
    with left:
        dataset = pickers.pick_dataset("runs", rows)
    if dataset is None:
        frame.empty_state("No such dataset", "The link names a dataset that is not here. Choose one above.", key="runs")
        return
    with right:
        st.caption(f"{count(dataset.n_items, 'item')}, {count(dataset.n_candidates, 'candidate')}")
    st.subheader("New run", anchor=False)
    pairs = load_pairs()
    if pairs:
        show_start(dataset, pairs)
    st.subheader("Runs of this dataset", anchor=False)
    show_runs(dataset.dataset_id, dataset=dataset.name)


main()
