"""The head of the review screen: how far one is, when was saved last, where one stands, guidelines and keys.

Shows what it is given; reads nothing. The pickers of dataset and run are in pickers.py.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st

from services.reviews.rows import DecisionRow, ReviewItem, ReviewProgress
from services.run_rows import RunRow
from ui import frame
from ui.prose import prose, safe
from ui.review.actions import NOTICE, SAVED_AT, key, show_item

AT_WORK = ("queued", "running", "cancelling")
KEYS = (
    ("Enter", "accept the suggestion; after an override: save the reasons"),
    ("1 – 9", "this response is best (1 is A, 2 is B, …)"),
    ("0", "tie: no best one"),
    ("S", "skip: comes back at the end"),
    ("F", "flag for someone else"),
    ("U", "undo the latest decision"),
    ("← →", "previous and next item, nothing decided"),
    ("T", "token view: what each piece of text weighs"),
    ("X", "the exact text and token ids the models read"),
    ("P", "what each criteria set lifts"),
    ("W G N I L H Y O", "after an override: the reasons, as their buttons say"),
    ("E", "after an override: make it an exemplar of the criteria"),
)


def progress_html(progress: ReviewProgress) -> str:
    """A thin bar in parts and the counts in words."""
    parts = (
        ("accepted", progress.n_accept, "t-accept"),
        ("overridden", progress.n_override, "t-override"),
        ("tie", progress.n_tie, "t-tie"),
        ("skipped", progress.n_skip, "t-skip"),
        ("flagged", progress.n_flag, "t-flag"),
    )
    total = progress.n_total or 1
    bars = "".join(f'<span class="{css}" style="width:{100 * n / total:.2f}%"></span>' for _, n, css in parts if n)
    words = "".join(f'<span class="t-count"><i class="{css}"></i>{n} {word}</span>' for word, n, css in parts)
    decided = f"{progress.n_decided} of {progress.n_total} decided"
    return (
        f'<div class="t-progress" role="img" aria-label="{decided}">{bars}</div>'
        f'<div class="t-counts"><b>{decided}</b>{words}{_saved()}</div>'
    )


def _saved() -> str:
    saved_at = st.session_state.get(SAVED_AT)
    return "" if saved_at is None else f'<span class="t-saved">Saved {clock(saved_at)}</span>'


def clock(moment: datetime) -> str:
    """A stored time (UTC without a zone) on the reader's clock."""
    return moment.replace(tzinfo=UTC).astimezone(_zone()).strftime("%H:%M:%S")


def day_and_clock(moment: datetime) -> str:
    """A stored time with its date, on the reader's clock."""
    return moment.replace(tzinfo=UTC).astimezone(_zone()).strftime("%Y-%m-%d %H:%M")


def _zone() -> tzinfo:
    try:
        return ZoneInfo(st.context.timezone or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def walk(item: ReviewItem) -> None:
    """Previous, where one stands, next."""
    with st.container(key="review_walk", horizontal=True, gap="xsmall", vertical_alignment="center"):
        _step("Previous", key("prev", item), "Left", ":material/chevron_left:", item.prev_item_id)
        st.html(f'<span class="t-position">{item.position + 1} of {item.n_items}</span>', width="content")
        _step("Next", key("next", item), "Right", ":material/chevron_right:", item.next_item_id)


def _step(word: str, name: str, shortcut: str, icon: str, item_id: int | None) -> None:
    st.button(
        f":small[{word}]",
        key=name,
        shortcut=shortcut,
        icon=icon,
        type="tertiary",
        disabled=item_id is None,
        on_click=show_item,
        args=(item_id,),
    )


def guidelines_panel(guidelines: str) -> None:
    """The dataset's guidelines behind a button."""
    with st.popover("Guidelines", icon=":material/menu_book:", key="review_guidelines", type="tertiary"):
        if guidelines.strip():
            st.html(prose(guidelines))
        else:
            st.page_link(
                frame.DATASETS, label="No guidelines yet: write them on Datasets", query_params=frame.link_query()
            )


def view_panel() -> tuple[bool, bool]:
    """Keys, and what may be shown beside the texts: (source models, gold)."""
    with st.popover("Keys and view", icon=":material/keyboard:", key="review_help", type="tertiary"):
        rows = "".join(f"<tr><td><kbd>{safe(name)}</kbd></td><td>{safe(what)}</td></tr>" for name, what in KEYS)
        st.html(f'<table class="t-keys">{rows}</table>')
        shows_source = st.toggle(
            "Show which model wrote a response", key="review_source", help="Off by default: it leads."
        )
        shows_gold = st.toggle("Show the file's own gold labels", key="review_gold", help="Off by default: it leads.")
    return shows_source, shows_gold


def decision_html(decision: DecisionRow | None) -> str:
    """What was decided on this item before, in one line; empty when nothing was.

    An override has its own panel (reasons.py), which says the same and more.
    """
    if decision is None or decision.verdict == "override":
        return ""
    what = {"accept": f"Accepted {decision.chosen_letter}", "tie": "Tie", "skip": "Skipped", "flag": "Flagged"}
    when = day_and_clock(decision.created_at)
    return (
        f'<div class="t-decided"><b>{safe(what.get(decision.verdict, decision.verdict))}</b> '
        f'<span class="t-muted">{when} · choose again to revise it</span></div>'
    )


def notice() -> None:
    """The line a button left, shown once."""
    found = st.session_state.pop(NOTICE, None)
    if found is not None:
        kind = "t-notice-error" if found[0] else "t-notice"
        st.html(f'<div class="{kind}" role="status">{safe(found[1])}</div>')


@st.fragment(run_every=2.0)
def watch_run(run_id: int, read_run: Callable[[int], RunRow], *, awaits_first: bool = False) -> None:
    """A run at work, looked at every two seconds; the page is drawn anew when it ends.

    With `awaits_first` also when its first items are weighed: a page with nothing to show need not wait for the last.
    """
    row = read_run(run_id)
    if row.status not in AT_WORK or (awaits_first and row.n_done):
        st.rerun()
    left = "" if row.eta_s is None else f", about {max(1, round(row.eta_s))} s left"
    words = "waiting to start" if row.status == "queued" else f"{row.n_done} of {row.n_items} items{left}"
    st.progress(min(1.0, row.progress), text=f"Weighing: {words}")
