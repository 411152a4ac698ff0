"""People: who decides, in which role, and what the decisions say of them: agreement, anchoring, habits, tastes.

State from the URL, one read (kept until somebody answers again), the screen; the one write is giving a role.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from services import datasets
from ui import frame, resources
from ui.panels import apply_look
from ui.people.read import Version, version_of
from ui.pickers import pick_dataset, reviewing_as

frame.open_page("pages/people.py")

LOOK = Path(__file__).resolve().parent.parent / "ui" / "people.css"
PANELS = ("Who", "Agreement", "Anchoring", "Place and pace", "Repeats and gold", "Tastes")


def main() -> None:
    apply_look()
    st.html(LOOK)
    rows = datasets.list_datasets(resources.sessions())
    if not rows:
        frame.empty_state(
            "Nobody has decided yet", "Import a dataset and decide on some items; who did what then shows here.",
            key="people", link=frame.DATASETS, label="Import a dataset",
        )  # fmt: skip
        return
    at_dataset, at_as = st.columns([2.4, 6], vertical_alignment="center")
    with at_dataset:
        dataset = pick_dataset("people", rows)
    with at_as, st.container(horizontal=True, horizontal_alignment="right"):
        reviewing_as("people")
    if dataset is None:
        text = "The link names a dataset that is not here. Choose one above."
        frame.empty_state("No such dataset", text, key="people")
        return
    version = version_of(dataset.dataset_id)
    for panel, title in zip(st.tabs(PANELS, key="people_panel", on_change="rerun"), PANELS, strict=True):
        if panel.open:
            with panel:
                _panel(title, version)


def _panel(title: str, version: Version) -> None:
    """The panel that is open; what computes with SciPy is imported with it, not with the page."""
    from ui.people import agree, habits, tastes, truth, who

    shows = {
        "Who": who.show_who,
        "Agreement": agree.show_agreement,
        "Anchoring": habits.show_anchoring,
        "Place and pace": habits.show_habits,
        "Repeats and gold": truth.show_truth,
        "Tastes": tastes.show_tastes,
    }
    shows[title](version)


main()
