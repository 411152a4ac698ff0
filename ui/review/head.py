"""The head of the review screen: how far one is, when was saved last, where one stands, guidelines, what is shown.

Shows what it is given; reads nothing. The pickers of dataset and run are in pickers.py, that of the plan in plan.py,
the keys in keys.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from services.looks.rows import PlanProgress
from services.reviews.rows import DecisionRow, ReviewItem, ReviewProgress
from services.run_rows import RunRow
from ui import frame
from ui.prose import prose, safe
from ui.review.actions import NOTICE, SAVED_AT, key, show_item
from ui.review.strength import ASKS

AT_WORK = ("queued", "running", "cancelling")
IS_MARKDOWN = "review_markdown"  # session key: whether prompt and responses are read as Markdown
SIDE = "review_side"  # session key: whether the latest decisions are listed beside the item


def progress_html(progress: ReviewProgress) -> str:
    """A thin bar in parts and the counts in words."""
    parts = (
        ("accepted", progress.n_accept, "t-accept"),
        ("overridden", progress.n_override, "t-override"),
        ("tie", progress.n_tie, "t-tie"),
        ("skipped", progress.n_skip, "t-skip"),
        ("flagged", progress.n_flag, "t-flag"),
    )
    words = "".join(f'<span class="t-count"><i class="{css}"></i>{n} {word}</span>' for word, n, css in parts)
    line = f"{progress.n_decided} of {progress.n_total} decided"
    return bar_html(line, [(n, css) for _, n, css in parts], progress.n_total) + f"{words}{_saved()}</div>"


def plan_progress_html(progress: PlanProgress) -> str:
    """The same for a plan: what one looked at, and what it still waits for."""
    looked = progress.n_mine - progress.n_skipped_mine
    parts = (
        ("skipped by you", progress.n_skipped_mine, "t-skip"),
        ("flagged", progress.n_flagged, "t-flag"),
        ("wait for somebody else", progress.n_waiting_others, "t-tie"),
    )
    words = "".join(f'<span class="t-count"><i class="{css}"></i>{n} {word}</span>' for word, n, css in parts if n)
    done = f'<span class="t-count">{progress.n_decided} of {progress.n} have all their looks</span>'
    line = f"{looked} of {progress.n} looked at by you"
    bars = [(looked, "t-accept"), (progress.n_skipped_mine, "t-skip")]
    return bar_html(line, bars, progress.n) + f"{done}{words}{_saved()}</div>"


def bar_html(line: str, parts: Sequence[tuple[int, str]], total: int) -> str:
    """The bar, and the begin of the line under it (which the caller closes)."""
    bars = "".join(f'<span class="{css}" style="width:{100 * n / (total or 1):.2f}%"></span>' for n, css in parts if n)
    label = f'<div class="t-progress" role="img" aria-label="{safe(line)}">{bars}</div>'
    return f'{label}<div class="t-counts"><b>{safe(line)}</b>'


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


def walk(item: ReviewItem, *, steps: tuple[int | None, int | None], where: str) -> None:
    """Previous, where one stands, next. `steps`: the items before and after; under a plan None is the open one."""
    before, following = steps
    is_open = item.look is not None and item.look.is_open
    with st.container(key="review_walk", horizontal=True, gap="xsmall", vertical_alignment="center", width="content"):
        _step("Previous", key("prev", item), "Left", ":material/chevron_left:", before, is_off=before is None)
        st.html(f'<span class="t-position">{safe(where)}</span>', width="content")
        is_last = following is None and (item.look is None or is_open)
        _step("Next", key("next", item), "Right", ":material/chevron_right:", following, is_off=is_last)


def _step(word: str, name: str, shortcut: str, icon: str, item_id: int | None, *, is_off: bool) -> None:
    st.button(
        f":small[{word}]",
        key=name,
        shortcut=shortcut,
        icon=icon,
        type="tertiary",
        disabled=is_off,
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
    """What may be shown beside the texts, and how: (source models, gold)."""
    with st.popover("View", icon=":material/visibility:", key="review_view", type="tertiary"):
        st.toggle("Read Markdown", key=IS_MARKDOWN, help="Headings, lists, tables, code. Links and images stay text.")
        st.toggle("List my latest decisions", value=True, key=SIDE)
        st.toggle("Ask how strongly, on pairs", key=ASKS, help="Keys 1 to 7, from left to right; 4 is a tie.")
        shows_source = st.toggle(
            "Show which model wrote a response", key="review_source", help="Off by default: it leads."
        )
        shows_gold = st.toggle("Show the file's own gold labels", key="review_gold", help="Off by default: it leads.")
    return shows_source, shows_gold


def decision_html(decision: DecisionRow | None) -> str:
    """That an item was skipped or flagged before; empty for the rest, of which the panel speaks (reasons.py)."""
    what = {"skip": "Skipped", "flag": "Flagged"}
    if decision is None or decision.verdict not in what:
        return ""
    when = day_and_clock(decision.created_at)
    return (
        f'<div class="t-decided"><b>{safe(what[decision.verdict])}</b> '
        f'<span class="t-muted">{when} · decide, and that counts</span></div>'
    )


def notice() -> None:
    """The line a button left, shown once."""
    found = st.session_state.pop(NOTICE, None)
    if found is not None:
        kind = "t-notice-error" if found[0] else "t-notice"
        st.html(f'<div class="{kind}" role="status">{safe(found[1])}</div>')


@contextmanager
def beside(has_side: bool) -> Iterator[DeltaGenerator | None]:
    """The place of the item; yields the place beside it, None where nothing is wanted there."""
    if not has_side:
        with st.container(key="review_alone"):
            yield None
        return
    with st.container(key="review_columns"):
        main, side = st.columns([7, 1], gap="small")
    with main:
        yield side


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
