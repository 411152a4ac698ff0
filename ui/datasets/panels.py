"""What one can do with a dataset beside import and export: guidelines, a new name, delete (asked once)."""

from __future__ import annotations

import streamlit as st

from services import datasets
from services.dataset_names import NAME_LIMIT
from services.datasets import GUIDELINES_LIMIT, DatasetRow
from services.errors import ServiceError
from ui import frame, resources
from ui.panels import problem
from ui.wording import count, escaped

SAID = "datasets_said"


def show_guidelines(dataset: DatasetRow) -> None:
    """The text that annotators see beside every item; kept as the box is left, so that nothing is lost."""
    key = f"datasets_guidelines_{dataset.dataset_id}"
    if key not in st.session_state:
        st.session_state[key] = dataset.guidelines
    typed = st.text_area(
        "What annotators should go by",
        key=key,
        height=220,
        max_chars=GUIDELINES_LIMIT,
        on_change=_keep_guidelines,
        args=(dataset.dataset_id, key),
        placeholder="What makes a response better here? Plain text or Markdown; shown beside every item in Review.",
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Save", key="datasets_guidelines_save", on_click=_keep_guidelines, args=(dataset.dataset_id, key))
        is_kept = datasets.get(resources.sessions(), dataset.dataset_id).guidelines == typed
        st.caption("Saved" if is_kept and typed else "Nothing written yet" if is_kept else "Not saved")
    _say()


def _keep_guidelines(dataset_id: int, key: str) -> None:
    try:
        datasets.set_guidelines(resources.sessions(), dataset_id, str(st.session_state[key]))
    except ServiceError as error:
        st.session_state[SAID] = str(error)


def show_change(dataset: DatasetRow) -> None:
    """A new name, or away with it."""
    left, right = st.columns(2, gap="large")
    with left:
        _rename(dataset)
    with right:
        _delete(dataset)
    _say()


def _rename(dataset: DatasetRow) -> None:
    key = f"datasets_new_name_{dataset.dataset_id}"
    if key not in st.session_state:
        st.session_state[key] = dataset.name
    st.text_input("Name", key=key, max_chars=NAME_LIMIT)
    st.button("Rename", key="datasets_rename", on_click=_do_rename, args=(dataset.dataset_id, key))


def _do_rename(dataset_id: int, key: str) -> None:
    name = str(st.session_state[key]).strip()
    try:
        datasets.rename(resources.sessions(), dataset_id, name)
    except ServiceError as error:
        st.session_state[SAID] = str(error)
        return
    run = frame.chosen(frame.RUN)
    frame.choose(frame.DATASET, name)
    frame.choose(frame.RUN, run)  # it is the same dataset, so its run stays in hand
    st.toast(escaped(f"Renamed to {name}."))


def _delete(dataset: DatasetRow) -> None:
    st.caption("Delete")
    if dataset.n_decided:
        st.write(f"{count(dataset.n_decided, 'item')} decided. Decisions are kept for good, so this dataset stays.")
        return
    what = f"{count(dataset.n_items, 'item')} and {count(dataset.n_runs, 'run')}"
    number = dataset.dataset_id  # in the keys: else the open panel asks about the next dataset, under the same pointer
    with st.popover("Delete this dataset", key=f"datasets_delete_panel_{number}", icon=":material/delete:"):
        st.write(f"This takes away {what} for good. The file it came from is not touched.")
        word = "Yes, delete it"
        st.button(word, key=f"datasets_delete_{number}", type="primary", on_click=_do_delete, args=(number,))


def _do_delete(dataset_id: int) -> None:
    try:
        datasets.delete(resources.sessions(), dataset_id)
    except ServiceError as error:
        st.session_state[SAID] = str(error)
        return
    frame.choose(frame.DATASET, None)
    st.toast("Deleted.")


def _say() -> None:
    said = st.session_state.pop(SAID, None)
    if said:
        problem(said)
