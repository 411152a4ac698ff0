"""Adjudicate: items that people left split or flagged, what each said side by side, and one answer for everybody.

State from the URL, one read, the screen; each button's one write happens in its callback (ui/adjudicate/actions.py).
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from services import adjudication, datasets
from services.adjudication import Case, CaseRow
from services.datasets import DatasetRow
from services.errors import NotFound, Refused
from ui import frame, resources
from ui.adjudicate import bar
from ui.adjudicate.actions import NOTICE, next_case, take_turn
from ui.adjudicate.case_list import WITH_SETTLED, case_list
from ui.adjudicate.read import cases_of
from ui.adjudicate.words import candidates_html
from ui.panels import apply_look, problem
from ui.pickers import pick_dataset, reviewing_as
from ui.prose import conversation, prose

frame.open_page("pages/adjudicate.py")

LOOK = Path(__file__).resolve().parent.parent / "ui" / "adjudicate.css"


def main() -> None:
    apply_look()
    st.html(LOOK)
    rows = datasets.list_datasets(resources.sessions())
    if not rows:
        frame.empty_state(
            "Nothing to settle yet", "Where people differ on an item, or flag it, somebody settles it here.",
            key="adjudicate", link=frame.DATASETS, label="Import a dataset",
        )  # fmt: skip
        return
    at_dataset, at_more = st.columns([2.4, 6], vertical_alignment="center")
    with at_dataset:
        dataset = pick_dataset("adjudicate", rows)
    if dataset is None:
        text = "The link names a dataset that is not here. Choose one above."
        frame.empty_state("No such dataset", text, key="adjudicate")
        return
    with at_more, st.container(horizontal=True, horizontal_alignment="right", gap="xsmall"):
        bar.help_panel()
        reviewing_as("adjudicate")
    said = st.session_state.pop(NOTICE, None)
    if said:
        problem(said)
    _cases(dataset)


def _cases(dataset: DatasetRow) -> None:
    """The list, and the case that the URL names, else the first open one."""
    by = frame.annotator()
    with_settled = bool(st.session_state.get(WITH_SETTLED, False))
    found = cases_of(dataset.dataset_id, with_settled=with_settled)
    wanted = st.query_params.get(frame.ITEM)
    item_id = next((row.item_id for row in found), None) if wanted is None else frame.number(wanted)
    if wanted is not None and item_id is None:
        problem(f"Item {wanted!r} is no number of an item; choose a case from the list")
    case: Case | None = None
    try:
        if item_id is not None:
            case = adjudication.open_case(resources.sessions(), item_id=item_id, by=by)
    except Refused as error:
        bar.not_allowed(str(error))
        return
    except NotFound as error:
        problem(str(error))
    if case is not None and case.dataset_id != dataset.dataset_id:
        problem(f"Item {item_id} is of the dataset {case.dataset!r}; choose that one above")
        case = None
    if case is None and not found:
        _nothing_open()
        return
    at_list, at_case = st.columns([1.1, 3.4], gap="medium")
    with at_list, st.container(key="adjudicate_list", gap="xxsmall"):
        case_list(found, item_id=None if case is None else case.item_id)
    if case is not None:
        with at_case:
            _case(case, found, by=by)


def _nothing_open() -> None:
    panel = frame.empty_state(
        "Nothing to settle",
        "No item is split or flagged. A plan in which several people look at each item shows where they differ.",
        key="adjudicate", link=frame.AUDIT, label="Make a plan on Audit",
    )  # fmt: skip
    panel.toggle("Show settled ones", key=WITH_SETTLED)


def _case(case: Case, found: tuple[CaseRow, ...], *, by: str) -> None:
    """Prompt, responses, what people said, and the bar."""
    turn = take_turn(case, by=by)
    following = next_case(found, case)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"**Item {case.position + 1}**", width="content")
        if case.guidelines.strip():
            with st.popover("Guidelines", icon=":material/menu_book:", key="adjudicate_guidelines", type="tertiary"):
                st.html(prose(case.guidelines))
        frame.page_link(frame.REVIEW, "Open in Review", item=case.item_id)
    st.html(conversation(case.messages))
    st.html(candidates_html(case))
    is_case = case.is_settled or case.state in ("split", "flagged")
    if not is_case:
        st.caption("Nobody has to settle this item: people who decided on it agree, or nobody has decided yet.")
        return
    st.markdown("**What people said**" + ("" if case.is_settled else ", names hidden until it is settled"))
    bar.said_panel(turn)
    with st.container(key="adjudicate_foot", gap="xsmall"):
        bar.action_bar(turn, next_item_id=following)


main()
