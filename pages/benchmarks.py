"""Benchmarks: a run's rewards in the terms of RewardBench, LLMBar and the like, beside baselines and other runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from services import datasets, runs
from services.benchmarks.kinds import Kind
from services.benchmarks.scores import BenchmarkReport
from services.datasets import DatasetRow
from services.errors import Refused
from services.run_rows import RunRow
from ui import frame, pickers, resources
from ui.benchmarks.files import FILES
from ui.benchmarks.panel import counted, show_export, show_facts, show_measures, show_table, show_ties
from ui.benchmarks.pick import pick_benchmark, pick_runs
from ui.benchmarks.table import columns, has_many, lines, notes
from ui.charts.benchmarks import score_dots
from ui.panels import apply_look, note, problem
from ui.wording import count

frame.open_page("pages/benchmarks.py")

LOOK = Path(frame.__file__).with_name("benchmarks.css")
CHART_CONFIG = {"displayModeBar": False, "scrollZoom": False}


def main() -> None:
    apply_look()
    st.html(LOOK)
    rows = datasets.list_datasets(resources.sessions())
    if not rows:
        frame.empty_state(
            "No benchmark yet",
            "Import a benchmark's file as it is published and weigh it; its scores then show here.",
            key="benchmarks",
            link=frame.DATASETS,
            label="Import a file",
        )
        _files(is_open=True)
        return
    first, second, third = st.columns([2, 2, 4])
    with first:
        dataset = pickers.pick_dataset("benchmarks", rows)
    if dataset is None:
        frame.empty_state(
            "No such dataset", "The link names a dataset that is not here. Choose one above.", key="benchmarks"
        )
        return
    with second:
        kind = pick_benchmark(dataset)
    with third:
        chosen = _pick_runs(dataset)
    _one(dataset, kind, chosen)
    _files(is_open=kind is None)


def _pick_runs(dataset: DatasetRow) -> list[RunRow]:
    sessions = resources.sessions()
    listed = [row for row in runs.list_runs(sessions, dataset_id=dataset.dataset_id) if row.n_done > row.n_not_weighed]
    return pick_runs(dataset, listed, latest=runs.latest_run(sessions, dataset.dataset_id))


def _one(dataset: DatasetRow, kind: Kind | None, chosen: Sequence[RunRow]) -> None:
    if kind is None:
        frame.empty_state(
            "Not a benchmark's file",
            "Its format is none of those Tare knows as a benchmark. Choose above what to count it as, or import the "
            "benchmark's own file.",
            key="benchmarks_kind",
        )
    elif not chosen:
        frame.empty_state(
            "Not weighed yet",
            "A run gives this dataset its rewards; its scores then show here.",
            key="benchmarks_run",
            link=frame.RUNS,
            label="Weigh it",
            dataset=dataset.name,
        )
    else:
        _show(kind, chosen)


def _show(kind: Kind, chosen: Sequence[RunRow]) -> None:
    reports: list[BenchmarkReport] = []
    for run in chosen:
        try:
            reports.append(counted(run, kind))
        except Refused as error:
            problem(str(error))
    if not reports:
        return
    for text in notes(reports):
        note(text)
    if len(reports) == 1:
        show_facts(reports[0])
    for report in reports:
        _basis(report, is_one=len(reports) == 1)
    shown = columns(reports)
    rows = lines(shown)
    st.subheader("Scores and subsets", anchor=False)
    st.caption(f"{kind.measure[:1].upper()}{kind.measure[1:]}. In percent, with 95 % interval. {kind.source}.")
    table, dots = st.tabs(["Table", "Chart"], key="benchmarks_view", on_change="rerun")
    with table:
        show_table(shown, rows, alone=reports[0] if len(reports) == 1 else None)
        show_export(reports)
    if dots.open:
        with dots:
            st.plotly_chart(
                score_dots(shown, rows), key="benchmarks_chart", config=CHART_CONFIG, theme="streamlit",
                alt="Scores with their intervals",
            )  # fmt: skip
    for report in reports:
        show_ties(report)
        if has_many(report):
            show_measures(report)


def _basis(report: BenchmarkReport, *, is_one: bool) -> None:
    """How many items count, and why others do not."""
    which = "With 95 % interval." if is_one else f"Run {report.run}, {frame.plain(report.pair)}:"
    left_out = "".join(f", {n:,} {why}" for why, n in report.left_out.items())
    st.caption(f"{which} {report.n:,} of {count(report.n_items, 'item')} count{frame.plain(left_out)}.")


def _files(*, is_open: bool) -> None:
    with st.expander("Where the public files are", expanded=is_open, key="benchmarks_files"):
        st.markdown(FILES)


main()
