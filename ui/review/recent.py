"""The side list: one's ten latest decisions, each one click from revision, and the way back and forth among them.

Leaves out reading them (services/recent_decisions.py).
"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from services.reviews.rows import RecentRow
from ui.review.actions import show_item

N_LATEST = 10
WORDS = {"accept": "accept", "override": "override", "tie": "tie", "skip": "skipped", "flag": "flagged"}
ICONS = {
    "accept": ":material/check:",
    "override": ":material/swap_vert:",
    "tie": ":material/drag_handle:",
    "skip": ":material/skip_next:",
    "flag": ":material/flag:",
}


def recent_label(row: RecentRow) -> str:
    """A decision in a few letters: item, then what was said.

    `12 · B`, `13 · B > AC`, `14 · tie`, `15 · skipped`
    """
    if row.ranking_letters:
        what = " > ".join("=".join(group) for group in row.ranking_letters)
    else:
        what = row.chosen_letter or WORDS.get(row.verdict, row.verdict)
    return f"{row.position + 1} · {what}"


def recent_list(rows: Sequence[RecentRow], *, item_id: int | None) -> None:
    """The list; the item on screen is marked."""
    with st.container(key="review_recent", gap=None):
        st.html('<div class="t-side-title">Latest</div>')
        if not rows:
            st.html(
                '<div class="t-muted t-side-none">What you decide is listed here, to be revised with one click.</div>'
            )
        for row in rows:
            _line(row, is_here=row.item_id == item_id)


def _line(row: RecentRow, *, is_here: bool) -> None:
    blind = ", blind" if row.is_blind else ""
    st.button(
        recent_label(row),
        key=f"review_recent_{'here_' if is_here else ''}{row.decision_id}",
        icon=ICONS.get(row.verdict),
        type="tertiary",
        help=f"{WORDS.get(row.verdict, row.verdict)}{blind}: open it to revise",
        on_click=show_item,
        args=(row.item_id,),
        width="stretch",
    )


def steps_among(rows: Sequence[RecentRow], item_id: int) -> tuple[int | None, int | None]:
    """Under a plan: the item decided before the one on screen, and the one after it; None: the one to be decided.

    An item that is not in the list stands after the latest.
    """
    ids = list(dict.fromkeys(row.item_id for row in rows))
    if item_id not in ids:
        return (ids[0] if ids else None), None
    at = ids.index(item_id)
    return (ids[at + 1] if at + 1 < len(ids) else None), (ids[at - 1] if at else None)
