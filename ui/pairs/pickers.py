"""Pickers for a model pair and its criteria, and the small form for new criteria; Runs and Live share them.

A pair that was trained on its own lines offers them first and says so where others are chosen. Leaves out the dataset
and the run (pickers.py), and who reads the criteria (runs/start.py).
"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from services import version_store
from services.criteria import store as criteria_store
from services.criteria.store import CriteriaBody, CriteriaRow
from services.errors import ServiceError
from services.pairs.catalogue import PairRow, list_pairs
from ui import frame, resources
from ui.panels import problem
from ui.told_words import criteria_html
from ui.wording import escaped

INSTRUCTION_LIMIT = 4_000  # characters


def load_pairs() -> tuple[PairRow, ...]:
    """The catalogue; empty, with the reason on the page, when a file of it breaks its format."""
    try:
        return list_pairs()
    except resources.MODEL_ERRORS as error:
        problem(str(error))
        return ()


def pick_pair(page: str, pairs: Sequence[PairRow]) -> PairRow:
    """The pair in hand, the demo first. A link may name one to begin with; it is chosen once and leaves the URL."""
    by_name = {pair.name: pair for pair in pairs}
    key = f"{page}_pair"
    named = st.query_params.get(frame.PAIR)
    if named is not None:
        st.session_state[key] = named
        del st.query_params[frame.PAIR]
    if st.session_state.get(key) not in by_name:
        st.session_state[key] = next(iter(by_name))
    st.selectbox("Model pair", list(by_name), key=key, format_func=lambda name: by_name[name].title)
    return by_name[st.session_state[key]]


def pick_criteria(page: str, pair: PairRow) -> CriteriaRow | None:
    """The criteria in hand and their text, with a line where a closed pair was not trained on it."""
    rows = {row.name: row for row in criteria_store.list_criteria(resources.sessions(), pair=pair.name)}
    if not rows:
        st.caption("No criteria for this pair yet; write some below.")
        return None
    key = f"{page}_criteria"
    if st.session_state.get(key) not in rows:
        st.session_state[key] = next(iter(rows))
    st.selectbox("Criteria", list(rows), key=key, format_func=lambda name: criteria_label(rows[name]))
    chosen = rows[st.session_state[key]]
    st.html(criteria_html(chosen))
    foreign = criteria_store.foreign_line(pair.name, chosen.body)
    if foreign is not None:
        st.caption(f":material/warning: {escaped(foreign)}")
    return chosen


def criteria_label(row: CriteriaRow) -> str:
    """Title, and the version where there was more than one."""
    return (row.title or row.name) + (f" (version {row.version})" if row.version > 1 else "")


def new_criteria(page: str) -> None:
    """A small form behind a button; the same name again becomes the next version."""
    with st.popover("New criteria", key=f"{page}_new_criteria", type="tertiary", icon=":material/add:"):
        st.text_input("Name", key=f"{page}_new_name", max_chars=version_store.NAME_LIMIT, placeholder="short and kind")
        st.text_area(
            "Instruction", key=f"{page}_new_text", max_chars=INSTRUCTION_LIMIT, height=130,
            placeholder="What a good response does, as you would tell it to the model.",
        )  # fmt: skip
        st.caption("The models read it as a system message. A name you used before becomes its next version.")
        st.button("Save criteria", key=f"{page}_new_save", on_click=_save_criteria, args=(page,))
        said = st.session_state.pop(f"{page}_new_said", None)
        if said:
            problem(said)


def _save_criteria(page: str) -> None:
    name = str(st.session_state.get(f"{page}_new_name", "")).strip()
    text = str(st.session_state.get(f"{page}_new_text", "")).strip()
    if not text:
        st.session_state[f"{page}_new_said"] = "The instruction is empty. Write what a good response does."
        return
    try:
        row = criteria_store.add_version(resources.sessions(), name, title=name, body=CriteriaBody(text))
    except ServiceError as error:
        st.session_state[f"{page}_new_said"] = str(error)
        return
    st.session_state[f"{page}_criteria"] = row.name
    st.session_state[f"{page}_new_name"] = st.session_state[f"{page}_new_text"] = ""
    st.toast(escaped(f"Saved {row.name}, version {row.version}."))
