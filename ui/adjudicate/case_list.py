"""The list of cases beside the one in hand: what waits, in file order, and what is settled when asked for."""

from __future__ import annotations

import streamlit as st

from services.adjudication import CaseRow
from ui.adjudicate.actions import show_case
from ui.adjudicate.words import case_label
from ui.wording import count

A_PAGE = 10
WITH_SETTLED = "adjudicate_settled"  # the toggle's key


def case_list(rows: tuple[CaseRow, ...], *, item_id: int | None) -> None:
    """The page of the list that holds the case in hand."""
    n_open = sum(row.settled_at is None for row in rows)
    st.html(f'<div class="t-note">{count(n_open, "open case")}</div>')
    place = next((place for place, row in enumerate(rows) if row.item_id == item_id), 0)
    start = place // A_PAGE * A_PAGE
    for row in rows[start : start + A_PAGE]:
        is_shown = row.item_id == item_id
        st.button(
            case_label(row),
            key=f"adjudicate_case_{'on_' if is_shown else ''}{row.item_id}",
            on_click=show_case,
            args=(row.item_id,),
            type="secondary" if is_shown else "tertiary",
            width="stretch",
        )
    if len(rows) > A_PAGE:
        _pages(rows, start)
    st.toggle("Settled ones, too", key=WITH_SETTLED)


def _pages(rows: tuple[CaseRow, ...], start: int) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        for name, icon, to in (("before", "chevron_left", start - A_PAGE), ("after", "chevron_right", start + A_PAGE)):
            is_off = not 0 <= to < len(rows)
            st.button(
                "", key=f"adjudicate_{name}", icon=f":material/{icon}:", type="tertiary", disabled=is_off,
                on_click=show_case, args=(None if is_off else rows[to].item_id,),
            )  # fmt: skip
        last = min(start + A_PAGE, len(rows))
        st.html(f'<span class="t-note">{start + 1:,} to {last:,} of {len(rows):,}</span>', width="content")
