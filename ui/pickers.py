"""The pickers that screens share: which dataset, which run, who is deciding. The choice itself lives in the URL.

A picker's widget is set from the URL before it is drawn and writes the URL back when it is changed, so that links,
the browser's back button and the widget never disagree.
"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from services.annotators import NAME_LIMIT
from services.datasets import DatasetRow
from services.run_rows import RunRow
from ui import frame
from ui.runs.conditioning_words import reading_marks

NAME_SHOWN = 16  # characters of the annotator's name on the button
STATUS_WORDS = {
    "queued": "waiting",
    "running": "weighing",
    "cancelling": "stopping",
    "cancelled": "stopped",
    "failed": "failed",
}


def pick_dataset(page: str, rows: Sequence[DatasetRow], *, label: str = "Dataset") -> DatasetRow | None:
    """The dataset in hand, with a picker to change it: the URL's, else the first row's; None for an unknown one.

    Args:
        page: first part of the widget's key: `<page>_dataset`.
        rows: at least one.
    """
    wanted = frame.chosen(frame.DATASET)
    found = rows[0] if wanted is None else find_dataset(rows, wanted)
    key = f"{page}_dataset"
    st.session_state[key] = None if found is None else found.dataset_id
    names = {row.dataset_id: row.name for row in rows}
    st.selectbox(
        label,
        list(names),
        key=key,
        format_func=lambda dataset_id: names.get(dataset_id, ""),
        placeholder="Choose a dataset",
        on_change=lambda: frame.choose(frame.DATASET, _link_name(rows, st.session_state[key])),
        label_visibility="collapsed",
    )
    if found is not None and wanted is None:
        frame.choose(frame.DATASET, _link_name(rows, found.dataset_id))
    return found


def find_dataset(rows: Sequence[DatasetRow], wanted: str) -> DatasetRow | None:
    """The dataset of that name, else of that id."""
    by_name = next((row for row in rows if row.name == wanted), None)
    return by_name or next((row for row in rows if str(row.dataset_id) == wanted), None)


def _link_name(rows: Sequence[DatasetRow], dataset_id: int | None) -> str | None:
    return next((row.name for row in rows if row.dataset_id == dataset_id), None)


def pick_run(page: str, rows: Sequence[RunRow], *, latest: RunRow | None) -> RunRow | None:
    """The run in hand, with a picker to change it: the URL's, else the latest; None for none and for an unknown one.

    Args:
        page: first part of the widget's key: `<page>_run`.
        rows: of one dataset, newest first.
        latest: what serves when nobody chose.
    """
    wanted = frame.chosen(frame.RUN)
    found = latest if wanted is None else next((row for row in rows if str(row.run_id) == wanted), None)
    key = f"{page}_run"
    st.session_state[key] = None if found is None else found.run_id
    labels = {row.run_id: run_label(row) for row in rows}
    st.selectbox(
        "Run",
        list(labels),
        key=key,
        format_func=lambda run_id: labels.get(run_id, ""),
        placeholder="No run" if not rows else "Choose a run",
        on_change=lambda: frame.choose(frame.RUN, st.session_state[key]),
        label_visibility="collapsed",
        disabled=not rows,
    )
    return found


def run_label(row: RunRow) -> str:
    """A run in one line: pair · criteria · what ranks, and its state unless it is done."""
    criteria = row.criteria if row.criteria_version == 1 else f"{row.criteria} v{row.criteria_version}"
    parts = [f"{row.run_id}", row.pair, criteria, f"ranked by {row.rank_by}"]
    parts += reading_marks(row.configuration)
    parts += [f"run {row.again_of} again in float32"] if row.again_of is not None else []
    state = "interrupted" if row.is_interrupted else STATUS_WORDS.get(row.status)
    return " · ".join([*parts, state] if state else parts)


def reviewing_as(page: str) -> None:
    """A small popover that says who is deciding and lets it be changed; kept in the URL as `as`."""
    key = f"{page}_as"
    name = frame.annotator()
    shown = name if len(name) <= NAME_SHOWN else name[: NAME_SHOWN - 1] + "…"
    with st.popover(f"as {frame.plain(shown)}", icon=":material/person:", key=f"{page}_as_panel", type="tertiary"):
        st.session_state[key] = name
        st.text_input(
            "Reviewing as",
            key=key,
            max_chars=NAME_LIMIT,
            on_change=lambda: frame.choose(frame.ANNOTATOR, st.session_state[key].strip() or None),
            help="Decisions are kept under this name. It stays in the address of the page.",
        )
