"""Keeps the review queue to items with one badge: the choice (in the URL as `only`), and its ends.

Leaves out which items carry a badge (services/reviews/queue.py).
"""

from __future__ import annotations

import streamlit as st

from services.run_rows import RunRow
from ui import frame
from ui.review.actions import show_item

ALL = "all"
WORDS = {
    ALL: "All items",
    "noise": "Within numeric noise",
    "flip": "Length flips it",
    "world": "Out of the pair's world",
    "unweighed": "Not weighed",
}
PICK = "review_only"


def chosen_filter() -> str | None:
    """The badge that the queue keeps to, None for every item; a word that is none of ours counts as none."""
    wanted = st.query_params.get(frame.ONLY)
    return wanted if wanted in WORDS and wanted != ALL else None


def filter_panel(run: RunRow | None) -> None:
    """The choice behind a button, which says what is chosen; beside it the way back to every item."""
    only = chosen_filter()
    st.session_state[PICK] = only or ALL
    word = "Filter" if only is None else f"Only: {WORDS[only].lower()}"
    with st.popover(word, icon=":material/filter_list:", key="review_filter", type="tertiary", width="content"):
        st.radio(
            "Show", list(WORDS), key=PICK, format_func=lambda only: _label(only, run), on_change=_choose,
            disabled=run is None,
        )  # fmt: skip
    if only is not None:
        st.button("Show all", key="review_filter_off", type="tertiary", on_click=keep_to, args=(ALL,))


def _label(only: str, run: RunRow | None) -> str:
    """With how many there are, where the run counts them."""
    n = (
        {}
        if run is None
        else {"noise": run.n_within_noise, "world": run.n_out_of_world, "unweighed": run.n_not_weighed}
    )
    return f"{WORDS[only]} ({n[only]:,})" if only in n else WORDS[only]


def _choose() -> None:
    keep_to(st.session_state[PICK])


def keep_to(only: str) -> None:
    """From here on the queue has these items; the next one of them shows."""
    if only == ALL:
        st.query_params.pop(frame.ONLY, None)
    else:
        st.query_params[frame.ONLY] = only
    show_item(None)


def filter_done(only: str, *, is_empty: bool) -> None:
    """No item to show under this filter: there is none, or all are decided."""
    what = WORDS[only].lower()
    title = f"Nothing here: {what}" if is_empty else "All of these are decided"
    text = f"No item of this run has the badge “{what}”." if is_empty else f"Every item with the badge “{what}” is."
    panel = frame.empty_state(title, text, key="review_filtered")
    panel.button("Show all items", key="review_filter_all", type="primary", on_click=keep_to, args=(ALL,))
