"""Criteria: edit them per domain, see what the models read, compare versions, try a draft, adopt or discard it.

State from the URL, one read, the open panel; each button's one write happens in its callback.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from services import datasets, runs
from services.datasets import DatasetRow
from services.errors import NotFound
from services.run_rows import RunRow
from ui import frame, resources
from ui.criteria import state
from ui.criteria.adopt import adopt_panel, discard_panel, show_said, show_standing
from ui.criteria.editor import pick_domain, show_domain
from ui.criteria.overrides import show_overrides
from ui.criteria.rendered import show_rendered
from ui.criteria.state import InHand
from ui.criteria.trying import show_try
from ui.criteria.versions import show_versions
from ui.panels import apply_look, problem
from ui.pickers import pick_dataset, pick_run, reviewing_as

frame.open_page("pages/criteria.py")

LOOK = Path(__file__).resolve().parent.parent / "ui" / "criteria.css"
PANELS = ("Write", "Rendered", "Compare", "Try it")


def main() -> None:
    apply_look()
    st.html(LOOK)
    places = st.columns([2.2, 1.2, 0.7, 1.7, 3.0, 2.2], vertical_alignment="center")
    at_set, at_version, at_words, at_dataset, at_run, at_more = places
    at_words.html('<div class="t-muted t-between">tried on</div>')
    dataset, run = _pick_data(at_dataset, at_run)
    with at_more, st.container(horizontal=True, horizontal_alignment="right", gap="xsmall"):
        _new_set()
        reviewing_as("criteria")
    name = st.query_params.get(state.SET) or state.default_name(None if run is None else run.criteria)
    with at_set:
        _pick_set(name)
    try:
        in_hand = state.take(name)
    except NotFound as error:
        problem(str(error))
        st.button("Open the latest", key="criteria_way_out", on_click=_forget, type="primary")
        return
    with at_version:
        _pick_version(in_hand)
    show_said()
    show_standing(in_hand)
    for panel, title in zip(st.tabs(PANELS, key="criteria_panel", on_change="rerun"), PANELS, strict=True):
        if panel.open:
            with panel:
                _panel(title, in_hand, dataset, run)


def _pick_data(at_dataset: st.delta_generator.DeltaGenerator, at_run: st.delta_generator.DeltaGenerator) -> tuple[
    DatasetRow | None, RunRow | None
]:  # fmt: skip
    """What the criteria are tried on."""
    rows = datasets.list_datasets(resources.sessions())
    if not rows:
        return None, None
    with at_dataset:
        dataset = pick_dataset("criteria", rows)
    if dataset is None:
        return None, None
    with at_run:
        listed = runs.list_runs(resources.sessions(), dataset_id=dataset.dataset_id)
        latest = runs.latest_run(resources.sessions(), dataset.dataset_id)
        return dataset, pick_run("criteria", listed, latest=latest)


def _pick_set(name: str) -> None:
    names = state.set_names()
    st.session_state["criteria_set"] = name if name in names else None
    st.selectbox(
        "Criteria", names, key="criteria_set", label_visibility="collapsed",
        placeholder="Choose a set", on_change=lambda: state.open_set(st.session_state["criteria_set"]),
    )  # fmt: skip


def _pick_version(in_hand: InHand) -> None:
    """The draft first, then versions; 0 stands for the draft."""
    labels = {row.version: f"v{row.version}" for row in in_hand.versions}
    if in_hand.draft is not None:
        labels = {0: "Draft"} | labels
    st.session_state["criteria_version"] = 0 if in_hand.shown is None else in_hand.shown.version
    st.selectbox(
        "Version", list(labels), key="criteria_version", format_func=lambda n: labels.get(n, ""),
        label_visibility="collapsed", on_change=_open_version, args=(in_hand.name,),
    )  # fmt: skip


def _open_version(name: str) -> None:
    state.open_set(name, st.session_state["criteria_version"] or None)


def _new_set() -> None:
    with st.popover("New set", key="criteria_new_panel", type="tertiary", icon=":material/add:"):
        st.text_input("Name", key="criteria_new_name", placeholder="short and kind")
        st.button("Begin", key="criteria_new", type="primary", on_click=_begin)


def _begin() -> None:
    state.new_set(str(st.session_state.get("criteria_new_name", "")))


def _forget() -> None:
    for name in (state.SET, state.VERSION):
        st.query_params.pop(name, None)


def _panel(title: str, in_hand: InHand, dataset: DatasetRow | None, run: RunRow | None) -> None:
    if title == "Write":
        left, right = st.columns([3, 2], gap="large")
        with left:
            known = [] if dataset is None else datasets.list_domains(resources.sessions(), dataset.dataset_id)
            domain = pick_domain(in_hand, known)
            show_domain(in_hand, domain)
        with right:
            show_overrides(in_hand, run, domain)
    elif title == "Compare":
        show_versions(in_hand)
    elif dataset is None:
        st.caption("There is no dataset yet.")
        frame.page_link(frame.DATASETS, "Import a dataset")
    elif title == "Rendered":
        show_rendered(in_hand, dataset, run)
    elif run is None:
        st.caption(f"{frame.plain(dataset.name)} has no run yet; criteria are tried beside one.")
        frame.page_link(frame.RUNS, "Start a run")
    else:
        show_try(in_hand, dataset, run)
        if in_hand.draft is not None and in_hand.shown is None:
            with st.container(horizontal=True, vertical_alignment="center", gap="small", key="criteria_end"):
                adopt_panel(in_hand, key="criteria_adopt_below")
                discard_panel(in_hand, key="criteria_discard_below")


main()
