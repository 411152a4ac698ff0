"""The tab Catalogue of the Pairs page: every pair with what it needs, a check, a run; changing and removing one's own.

Leaves out the form (form.py) and what a check says (check_view.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from services.errors import ServiceError
from services.pairs.catalogue import PairRow, catalogue
from services.pairs.check import free_memory
from services.pairs.files import own_file, remove_pair
from ui import frame, resources
from ui.pairs.check_view import forget_check, kept_check, make_check, show_check
from ui.pairs.form_state import begin_change, begin_copy
from ui.pairs.html import card_html, memory_line
from ui.panels import pressed, problem
from ui.wording import count, escaped

if TYPE_CHECKING:
    from scoring.pairs import ModelPair

PROBLEMS: tuple[type[Exception], ...] = (ServiceError, *resources.MODEL_ERRORS)
SAID = "pairs_list_said"  # session key: (pair's name, why something could not be done)


def show_list(rows: tuple[PairRow, ...]) -> None:
    """All pairs, one's own first after the demo."""
    memory = free_memory()
    pairs = catalogue()
    n_own = sum(row.is_own for row in rows)
    said = st.session_state.get(SAID)
    if said and said[0] not in pairs:
        problem(said[1])
        del st.session_state[SAID]
    st.caption(escaped(f"{count(len(rows), 'pair')}, {n_own} from {own_file()}. {memory_line(memory)}"))
    rows = tuple(row for row in rows if row.name in pairs)  # one may have gone between the two readings
    for row in sorted(rows, key=lambda row: (row.name != "demo", not row.is_own)):
        with st.container(border=True, key=f"pairs_card_{_safe_key(row.name)}", gap="small"):
            left, right = st.columns([5, 3], vertical_alignment="center")
            left.html(card_html(row, memory))
            with right, st.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center"):
                is_asked = _actions(row, pairs[row.name])
            _outcome(row, pairs[row.name], is_asked=is_asked)


def _actions(row: PairRow, pair: ModelPair) -> bool:
    """The buttons of a pair; whether a check is asked for."""
    key = _safe_key(row.name)
    is_asked = pressed("Check", key=f"pairs_check_{key}", icon=":material/fact_check:")
    query = frame.link_query(**{frame.PAIR: row.name})
    st.page_link(frame.RUNS, label="Start a run", icon=":material/balance:", query_params=query)
    with st.popover("More", key=f"pairs_more_{key}", type="tertiary"):
        if row.is_own:
            st.button("Change", key=f"pairs_change_{key}", icon=":material/edit:", on_click=begin_change, args=(pair,))
        st.button("Copy", key=f"pairs_copy_{key}", icon=":material/content_copy:", on_click=begin_copy, args=(pair,))
        if row.is_own:
            st.button("Remove", key=f"pairs_remove_{key}", icon=":material/delete:", on_click=_remove, args=(pair,))
            st.caption("Runs keep the pair as they used it.")
    return is_asked


def _outcome(row: PairRow, pair: ModelPair, *, is_asked: bool) -> None:
    said = st.session_state.get(SAID)
    if said and said[0] == row.name:
        problem(said[1])
        del st.session_state[SAID]
    check = make_check(pair, is_declared=True) if is_asked else kept_check(pair, is_declared=True)
    if check is not None:
        key = _safe_key(row.name)
        show_check(check, key=f"pairs_checked_{key}", is_boxed=False)
        st.button(
            "Hide", key=f"pairs_hide_{key}", type="tertiary", icon=":material/expand_less:", on_click=forget_check,
            args=(pair,), kwargs={"is_declared": True},
        )  # fmt: skip


def _remove(pair: ModelPair) -> None:
    try:
        remove_pair(pair.name, seen=pair)
    except PROBLEMS as error:
        st.session_state[SAID] = (pair.name, str(error))
        return
    st.toast(escaped(f"Removed {pair.name} from {own_file().name}."))


def _safe_key(name: str) -> str:
    """A name as part of a widget's key and of a style class."""
    return "".join(sign if sign.isalnum() or sign == "-" else f"_{ord(sign):x}_" for sign in name)
