"""The parts of the Benchmarks screen: headline facts, the table, pairs and tau-b, Ties, where the files are, export."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import streamlit as st

from services import workplace
from services.benchmarks.kinds import Kind, kind_named
from services.benchmarks.rewardbench import SCORE
from services.benchmarks.scores import BenchmarkReport, evaluate_benchmark
from services.benchmarks.ties import WEIGHTS, TiesScore
from services.run_rows import RunRow
from services.statistics.intervals import Share
from ui import resources
from ui.benchmarks.table import (
    LEAD_SAID,
    MEASURES,
    Column,
    Line,
    as_csv,
    cell,
    has_many,
    lead_row,
    markdown,
    measures,
    run_title,
)
from ui.datasets.export_panel import file_name
from ui.plain_table import table_html
from ui.prose import safe
from ui.wording import count, percent, share_value

TIES_WORDS = {
    "accuracy_tied": ("Tied rows right", "every right answer above every wrong one"),
    "accuracy_ref": ("Reference rows right", "the one right answer above every wrong one"),
    "preferred": ("Right over equal", "tied margin larger than the spread of right answers"),
    "preferred_hard": ("The same, harder", "the smaller of both rows' margins larger than that spread"),
    "margin": ("Margin", "mean of tanh(smaller margin / spread - 1), from -1 to 1"),
}


def counted(run: RunRow, kind: Kind) -> BenchmarkReport:
    """The run by the benchmark, counted once while the run stays as it is.

    Raises:
        Refused: no item counts.
    """
    state = f"{run.status} {run.n_done} {run.finished_at}"
    return _counted(workplace.database_url(), run.dataset_id, kind.name, run.run_id, state)


@st.cache_data(show_spinner="Counting", max_entries=64)
def _counted(_url: str, dataset_id: int, kind: str, run_id: int, state: str) -> BenchmarkReport:
    return evaluate_benchmark(resources.sessions(), dataset_id, kind_named(kind), run_id)


def show_facts(report: BenchmarkReport) -> None:
    """The run's headline scores, the whole first, each with its interval and n."""
    scores = sorted(report.own.scores.items(), key=lambda named: not named[0].startswith(SCORE))
    facts = [_fact(name, share_value(share), share, _percents) for name, share in scores]
    if has_many(report) and len(scores) == 1:
        best, tau = report.own.whole.best_of_n, report.own.whole.tau_b
        facts.append(_fact("Best of N", share_value(best), best, _percents))
        facts.append(_fact("Kendall's tau-b", "–" if tau.value is None else f"{tau.value:.2f}", tau, _numbers))
    st.html(f'<div class="t-scores">{"".join(facts)}</div>')


def _percents(low: float, high: float) -> str:
    return f"{100 * low:.0f} to {percent(high)}"


def _numbers(low: float, high: float) -> str:
    return f"{low:.2f} to {high:.2f}"


def _fact(name: str, value: str, share: Share, written: Callable[[float, float], str]) -> str:
    basis = "nothing to count"
    if share.low is not None and share.high is not None:
        basis = f"{written(share.low, share.high)}, n = {share.n:,}"
    return (
        f'<div class="t-fact"><div class="t-muted">{safe(name)}</div><div class="t-number">{safe(value)}</div>'
        f'<div class="t-muted">{safe(basis)}</div></div>'
    )


def show_table(shown: Sequence[Column], lines: Sequence[Line], *, alone: BenchmarkReport | None) -> None:
    """Every score and subset, a column for each run and baseline; a run that stands alone also shows its lead."""
    heads = ("", "n", *(column.title for column in shown))
    rows = [(line.label, line.n, *map(cell, line.shares)) for line in lines]
    if alone is not None:
        rows.append(lead_row(alone))
    _table(heads, rows, numbers=range(1, len(heads)))
    if alone is not None:
        st.caption(LEAD_SAID)


def show_measures(report: BenchmarkReport) -> None:
    """Pairs, the best and tau-b, where items have more than two candidates."""
    st.markdown(f"**Pairs, best of N and Kendall's tau-b**, {run_title(report)}")
    heads = ("", "items", "pairs in gold's order, %", "gold best on top, %", "tau-b, -1 to 1")
    _table(heads, measures(report.own), numbers=range(1, 2 + len(MEASURES)))


def show_ties(report: BenchmarkReport) -> None:
    """What RewardBench 2's Ties score is made of."""
    ties = report.own.ties
    if ties is None:
        return
    st.markdown(f"**What Ties is made of**, {run_title(report)}")
    rows = [(*TIES_WORDS[part], f"{weight:g}", _part(ties, part)) for part, weight in WEIGHTS.items()]
    _table(("", "what counts", "weight", "value"), rows, numbers=(2, 3))
    st.caption(f"{count(ties.n_prompts, 'prompt')}. The score's interval takes it for a mean over prompts.")


def show_export(reports: Sequence[BenchmarkReport]) -> None:
    """The table as seen, and every number behind it."""
    first = reports[0]
    name = file_name(f"{first.dataset}-{first.benchmark}", "csv").removesuffix(".jsonl").removesuffix(".csv")
    with st.container(horizontal=True, gap="small"):
        st.download_button(
            "CSV, every number", as_csv(reports), f"{name}.csv", "text/csv", key="benchmarks_csv", on_click="ignore",
            icon=":material/download:",
        )  # fmt: skip
        st.download_button(
            "Markdown, the table", markdown(reports), f"{name}.md", "text/markdown", key="benchmarks_markdown",
            on_click="ignore", icon=":material/download:",
        )  # fmt: skip


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: Collection[int]) -> None:
    """A table that scrolls sideways where the screen is narrow."""
    st.html(f'<div class="t-bench">{table_html(heads, rows, numbers=numbers)}</div>')


def _part(ties: TiesScore, part: str) -> str:
    value = getattr(ties, part)
    return "–" if value is None else f"{value:.3f}"
