"""What the review screen says when there is no item to show, and how to go on from there."""

from __future__ import annotations

import streamlit as st

from services.datasets import DatasetRow
from services.reviews.rows import ReviewProgress
from services.run_rows import RunRow
from ui import frame
from ui.prose import safe
from ui.review.actions import Turn, show_item
from ui.review.bar import undo_button


def no_dataset() -> None:
    """Nothing imported yet."""
    frame.empty_state(
        "Nothing to review yet",
        "Import a file of prompts with two or more responses each: JSON, JSONL, CSV or Parquet.",
        key="review",
        link=frame.DATASETS,
        label="Import a dataset",
    )


def not_weighed(dataset: DatasetRow, first_item_id: int) -> None:
    """Imported, but no run yet."""
    panel = frame.empty_state(
        "This dataset is not weighed yet",
        "A run weighs every response with a pair of models and suggests a ranking to accept or override.",
        key="review",
        link=frame.RUNS,
        label="Start a run",
        dataset=dataset.name,
    )
    word = "Review without suggestions"
    panel.button(word, key="review_unweighed", type="tertiary", on_click=show_item, args=(first_item_id,))


def run_stopped(run: RunRow) -> None:
    """A run that ended before its last item: where, why, and the way to resume it."""
    reason = f" {run.error.rstrip('.')}." if run.error else ""
    rest = " What is weighed can be reviewed." if run.n_done else ""
    line = f"Run {run.run_id} stopped at {run.n_done} of {run.n_items} items.{reason}{rest}"
    with st.container(key="review_stopped", horizontal=True, vertical_alignment="center"):
        st.html(f'<div class="t-notice-error" role="status">{safe(line)}</div>')
        frame.page_link(frame.RUNS, "Resume it on Runs")


def all_decided(progress: ReviewProgress, turn: Turn, *, skipped_item_id: int | None) -> None:
    """Every item has a verdict. The turn is that of the first item."""
    counts = (
        f"{progress.n_accept} accepted, {progress.n_override} overridden, {progress.n_tie} tie, "
        f"{progress.n_skip} skipped, {progress.n_flag} flagged"
    )
    with st.container(key="review_done", horizontal_alignment="center"):
        st.html(f'<div class="t-panel"><h2>All {progress.n_total} decided</h2><p>{counts}.</p></div>')
        with st.container(horizontal=True, horizontal_alignment="center", vertical_alignment="center"):
            frame.page_link(frame.INSIGHTS, "See what it shows")
            frame.page_link(frame.DATASETS, "Export the decisions")
            if skipped_item_id is not None:
                st.button("Look at skipped ones", key="review_skipped", on_click=show_item, args=(skipped_item_id,))
            st.button("From the start", key="review_first", on_click=show_item, args=(turn.item.item_id,))
            undo_button(turn)


def unknown(line: str, *, way_out: str, forget: str) -> None:
    """A link that names something that is not there: the line, and a button that forgets the name."""
    st.html(f'<div class="t-notice-error" role="alert">{safe(line)}</div>')
    st.button(way_out, key="review_way_out", type="primary", on_click=_forget, args=(forget,))


def _forget(name: str) -> None:
    if name == frame.ITEM:
        show_item(None)
    elif name == frame.PLAN:
        show_item(None)
        st.query_params.pop(frame.PLAN, None)
    else:
        frame.choose(name, None)
