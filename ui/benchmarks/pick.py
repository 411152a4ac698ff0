"""What the Benchmarks screen shows: which benchmark a dataset is counted as, and which of its runs stand side by side.

The runs live in the address (`compare=3,5`), so that a link shows the same table. Leaves out the figures.
"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from services.benchmarks.kinds import KINDS, Kind, kind_of_format
from services.datasets import DatasetRow
from services.run_rows import RunRow
from ui import frame
from ui.pickers import run_label

COMPARE = "compare"  # in the address of this page only
RUNS_SHOWN = 4


def pick_benchmark(dataset: DatasetRow) -> Kind | None:
    """The benchmark that the file's format names, or the one that somebody chose for it; None for neither."""
    own = kind_of_format(dataset.format)
    names = list(KINDS)
    st.selectbox(
        "Counted as",
        names,
        index=None if own is None else names.index(own.name),
        key=f"benchmarks_kind_{dataset.dataset_id}",
        format_func=lambda name: KINDS[name].title,
        placeholder="Count it as ...",
        label_visibility="collapsed",
    )
    chosen = st.session_state.get(f"benchmarks_kind_{dataset.dataset_id}")
    return KINDS.get(chosen) if isinstance(chosen, str) else None


def pick_runs(dataset: DatasetRow, rows: Sequence[RunRow], *, latest: RunRow | None) -> list[RunRow]:
    """Up to four runs of the dataset in the order chosen: the address's, else the run in hand, else the latest."""
    by_id = {row.run_id: row for row in rows}
    found = [run_id for run_id in map(frame.number, _asked()) if run_id in by_id][:RUNS_SHOWN]
    if not found:
        in_hand = frame.number(frame.chosen(frame.RUN) or "")
        fallback = in_hand if in_hand in by_id else None if latest is None else latest.run_id
        found = [run_id for run_id in (fallback,) if run_id in by_id]
    key = f"benchmarks_runs_{dataset.dataset_id}"
    st.session_state[key] = found
    st.multiselect(
        "Runs",
        list(by_id),
        key=key,
        format_func=lambda run_id: run_label(by_id[run_id]) if run_id in by_id else "",
        placeholder="No run has weighed it" if not rows else "Choose a run; several stand side by side",
        max_selections=RUNS_SHOWN,
        on_change=lambda: _remember(st.session_state[key]),
        label_visibility="collapsed",
        disabled=not rows,
    )
    return [by_id[run_id] for run_id in found]


def _asked() -> list[str]:
    return [part.strip() for part in st.query_params.get(COMPARE, "").split(",") if part.strip()]


def _remember(run_ids: Sequence[int]) -> None:
    if run_ids:
        st.query_params[COMPARE] = ",".join(map(str, run_ids))
    elif COMPARE in st.query_params:
        del st.query_params[COMPARE]
