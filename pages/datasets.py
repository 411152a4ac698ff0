"""Datasets: import a file, see what there is, write guidelines, export decisions, rename and delete."""

from __future__ import annotations

import streamlit as st

from services import datasets
from services.datasets import DatasetRow
from ui import frame, pickers, resources
from ui.datasets.export_panel import show_export
from ui.datasets.import_panel import show_import
from ui.datasets.panels import show_change, show_guidelines
from ui.panels import apply_look
from ui.plain_table import dataset_table_html

frame.open_page("pages/datasets.py")

ROWS_AT_ONCE, LIST_PX = 8, 320  # more datasets scroll in a box, so that what one does with them stays in sight
GUIDELINES, EXPORT, CHANGE = "Guidelines", "Export", "Rename or delete"


def main() -> None:
    apply_look()
    rows = datasets.list_datasets(resources.sessions())
    if not rows:
        frame.empty_state(
            "No dataset yet",
            "A dataset is a file of prompts with two or more responses each. Choose one below; it stays here.",
            key="datasets",
        )
    show_import(is_first=not rows)
    if not rows:
        return
    with st.container(height=LIST_PX if len(rows) > ROWS_AT_ONCE else "content", border=False, key="datasets_list"):
        st.html(dataset_table_html(rows))
    left, right = st.columns([2, 3], vertical_alignment="center")
    with left:
        dataset = pickers.pick_dataset("datasets", rows)
    if dataset is None:
        st.caption("The link names a dataset that is not here. Choose one above.")
        return
    with right, st.container(horizontal=True):
        _links(dataset)
    _panels(dataset)


def _links(dataset: DatasetRow) -> None:
    query = frame.link_query(dataset=dataset.name)
    st.page_link(frame.REVIEW, label="Review", query_params=query, icon=":material/rate_review:")
    st.page_link(frame.RUNS, label="Weigh", query_params=query, icon=":material/balance:")
    st.page_link(frame.INSIGHTS, label="Insights", query_params=query, icon=":material/insights:")


def _panels(dataset: DatasetRow) -> None:
    """Only the open panel is read and drawn."""
    titles = (GUIDELINES, EXPORT, CHANGE)
    shows = (show_guidelines, show_export, show_change)
    for tab, show in zip(st.tabs(titles, key="datasets_panel", on_change="rerun"), shows, strict=True):
        if tab.open:
            with tab:
                show(dataset)


main()
