"""Searching the texts, and the list of the items that pass a filter. A click in the list opens its item.

What is counted is kept while nothing was decided or weighed. Leaves out the values to filter by (filter.py).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import streamlit as st

from services.reviews import facets, item_list
from services.reviews.facets import Facets
from services.reviews.filters import WORDS_LIMIT, Filters
from services.reviews.item_list import PAGE, ListedItem
from services.run_rows import RunRow
from ui import resources
from ui.prose import safe
from ui.review.actions import show_item
from ui.review.filter_words import filter_words
from ui.wording import count

if TYPE_CHECKING:
    from sqlalchemy.orm import Session, sessionmaker

FIND, IS_LIST, PLACE, TABLE = "review_find", "review_is_list", "review_list_place", "review_list_table"
STATE_WORDS = {"adjudication": "adjudicated", "human": "settled", "auto": "accepted unlooked"}
SEARCH = "Search prompts and responses"
HOW = (
    "Every word has to be in the prompt or in a response; the beginning of a word is enough from three letters on. "
    '"In quotes": these words in this order.'
)


def search_box(words: str, *, on_change: Callable[[], None]) -> None:
    """The field; Enter searches."""
    st.session_state[FIND] = words
    st.text_input(
        SEARCH, key=FIND, max_chars=WORDS_LIMIT, placeholder=SEARCH, type="search", icon=":material/search:",
        on_change=on_change, label_visibility="collapsed",
    )  # fmt: skip
    st.caption(HOW)


def typed() -> str:
    """What stands in the field."""
    return str(st.session_state.get(FIND) or "").strip()


def list_button(facets: Facets) -> None:
    """Opens and closes the list, and says how many items are in it."""
    is_open = st.session_state.get(IS_LIST, False)
    n = f"{count(facets.n, 'item')} of {facets.n_items:,}"
    st.button(
        f"Hide the list ({n})" if is_open else f"List {n}", key="review_list_toggle", icon=":material/list:",
        on_click=_flip_list, disabled=not facets.n and not is_open,
    )  # fmt: skip


def _flip_list() -> None:
    st.session_state[IS_LIST] = not st.session_state.get(IS_LIST, False)


def counted(dataset_id: int, run: RunRow | None, filters: Filters) -> Facets:
    """The counts beside every value."""
    sessions, run_id = resources.sessions(), None if run is None else run.run_id
    stamp = facets.stamp(sessions, run_id)
    return _counted(sessions, _address(sessions), dataset_id, run_id, filters, stamp)


@st.cache_data(show_spinner=False, max_entries=64)
def _counted(
    _sessions: sessionmaker[Session], address: str, dataset_id: int, run_id: int | None, filters: Filters, stamp: Any
) -> Facets:
    return facets.facets(_sessions, dataset_id=dataset_id, run_id=run_id, filters=filters)


@st.cache_data(show_spinner=False, max_entries=256)
def _n_passing(
    _sessions: sessionmaker[Session], address: str, dataset_id: int, run_id: int | None, filters: Filters, stamp: Any
) -> int:
    return item_list.n_passing(_sessions, dataset_id=dataset_id, run_id=run_id, filters=filters)


def _address(sessions: sessionmaker[Session]) -> str:
    return str(sessions.kw["bind"].url)


def words_line(dataset_id: int, run: RunRow | None, filters: Filters) -> None:
    """The filter in words, with how many items pass."""
    sessions, run_id = resources.sessions(), None if run is None else run.run_id
    n = _n_passing(sessions, _address(sessions), dataset_id, run_id, filters, facets.stamp(sessions, run_id))
    line = f'<span dir="auto"><b>{count(n, "item")}</b> · {safe(filter_words(filters))}</span>'
    with st.container(key="review_filter_line", horizontal=True, vertical_alignment="center", gap="small"):
        st.html(line, width="content")
        if not st.session_state.get(IS_LIST, False):
            st.button("List them", key="review_list_here", type="tertiary", on_click=_flip_list)


def list_panel(dataset_id: int, run: RunRow | None, filters: Filters, *, is_blind: bool) -> None:
    """A page of the items that pass; nothing while the list is closed."""
    if not st.session_state.get(IS_LIST, False):
        return
    place = st.session_state.get(PLACE, (filters, 0))
    first = place[1] if place[0] == filters else 0
    page = item_list.list_items(
        resources.sessions(), dataset_id=dataset_id, run_id=None if run is None else run.run_id, filters=filters,
        first=first,
    )  # fmt: skip
    if not page.n:
        return
    with st.container(key="review_list", border=True, gap="xsmall"):
        _table(page.rows, is_blind=is_blind, rank_by="sum" if run is None else run.rank_by)
        _steps(filters, page)


def _table(rows: tuple[ListedItem, ...], *, is_blind: bool, rank_by: str) -> None:
    """The rows; a click on any cell opens the item. Texts are drawn on a canvas, so nothing in them is interpreted."""
    import pandas as pd  # not before a list is opened: it takes a while

    found = pd.DataFrame([_row(row) for row in rows])
    leads = ("suggested", "margin", "label") if is_blind else ()
    columns = [
        name for name in found.columns if name not in leads and found[name].notna().any() and any(found[name] != "")
    ]
    unit = "nats per token" if rank_by == "mean" else "nats"
    picked = st.dataframe(
        found, key=TABLE, hide_index=True, column_order=columns, height=min(38 + 32 * len(rows), 300), row_height=32,
        on_select=lambda: _open(rows), selection_mode="single-cell", alt="The items that pass the filter",
        column_config={
            "item": st.column_config.NumberColumn("Item", width=60, format="%d"),
            "prompt": st.column_config.TextColumn("Prompt", width=320 if "passage" in columns else 640),
            "passage": st.column_config.TextColumn("Where it says so", width=320),
            "domain": st.column_config.TextColumn("Domain", width=95),
            "suggested": st.column_config.TextColumn("Suggested", width=80),
            "margin": st.column_config.NumberColumn(f"Margin, {unit}", width=110, format="%.2f"),
            "label": st.column_config.TextColumn("Label", width=130),
        },
    )  # fmt: skip
    del picked  # the callback has seen it


def _says_anything(column: Any) -> bool:
    return bool(column.notna().any() and (column != "").any())


def _row(row: ListedItem) -> dict[str, Any]:
    return {
        "item": row.position + 1,
        "prompt": row.prompt,
        "passage": row.passage,
        "domain": row.domain or "",
        "suggested": row.best_letter,
        "margin": row.margin,
        "label": STATE_WORDS.get(row.label_source or "", row.state),
    }


def _open(rows: tuple[ListedItem, ...]) -> None:
    """The item of the cell that was clicked."""
    cells = st.session_state[TABLE].selection.cells
    if cells and 0 <= cells[0][0] < len(rows):
        show_item(rows[cells[0][0]].item_id)


def _steps(filters: Filters, page: item_list.ItemPage) -> None:
    """Where this page lies, earlier and later pages, and the end of the list."""
    last = min(page.first + PAGE, page.n)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(f"{page.first + 1:,} to {last:,} of {page.n:,}; a click opens the item", width="content")
        if page.n > PAGE:
            _step("Earlier", "review_list_back", filters, page.first - PAGE if page.first else None)
            _step("Later", "review_list_on", filters, last if last < page.n else None)
        st.button("Hide the list", key="review_list_off", type="tertiary", on_click=_flip_list)


def _step(word: str, key: str, filters: Filters, first: int | None) -> None:
    def to() -> None:
        st.session_state[PLACE] = (filters, max(0, first or 0))

    st.button(word, key=key, type="tertiary", disabled=first is None, on_click=to)
