"""Insights: how far the review is, how often people accept, and how a run does against gold, length and baselines."""

from __future__ import annotations

import plotly.graph_objects as go
import streamlit as st

from services import datasets, evaluation, insights, runs
from services.datasets import DatasetRow
from services.evaluation import Evaluation
from services.run_rows import RunRow
from services.statistics.intervals import Share
from ui import frame, pickers, resources
from ui.charts import figures as charts
from ui.panels import apply_look, fact, note
from ui.wording import count, share_basis, share_value

frame.open_page("pages/insights.py")

CHART_CONFIG = {"displayModeBar": False, "scrollZoom": False}
SUBSETS_SHOWN = 24
BASELINE_NAMES = {
    "strong": "strong model alone",
    "weak": "weak model alone",
    "longest": "the longest",
    "shortest": "the shortest",
    "chance": "chance",
}


def main() -> None:
    apply_look()
    rows = datasets.list_datasets(resources.sessions())
    if not rows:
        frame.empty_state(
            "Nothing to look at yet",
            "Import a dataset, weigh it and decide on some items; the figures grow with your decisions.",
            key="insights",
            link=frame.DATASETS,
            label="Import a dataset",
        )
        return
    left, right = st.columns([2, 3])
    with left:
        dataset = pickers.pick_dataset("insights", rows)
    if dataset is None:
        frame.empty_state(
            "No such dataset", "The link names a dataset that is not here. Choose one above.", key="insights"
        )
        return
    sessions = resources.sessions()
    with right:
        listed = runs.list_runs(sessions, dataset_id=dataset.dataset_id)
        latest = runs.latest_run(sessions, dataset.dataset_id)
        run = pickers.pick_run("insights", listed, latest=latest)
    _outside(run)
    _review(dataset, run)
    if run is None or run.n_done == 0:
        frame.empty_state(
            "Not weighed yet" if not listed else "No such run, or nothing weighed in it yet",
            "A run gives this dataset its rewards; accuracy and length then show here.",
            key="insights_run",
            link=frame.RUNS,
            label="Weigh it",
            dataset=dataset.name,
        )
        return
    _against_gold(dataset, run)
    _length(run)


def _outside(run: RunRow | None) -> None:
    """Before any figure: how much of the run the pair does not know."""
    if run is not None and run.n_out_of_world:
        note(
            f"{run.n_out_of_world:,} of {count(run.n_items, 'item')} are out of the pair's world: "
            "the figures below rest on rewards that mean nothing there."
        )


def _review(dataset: DatasetRow, run: RunRow | None) -> None:
    """What people decided: progress on the whole dataset, the rest on the run in hand (all runs when there is none)."""
    sessions = resources.sessions()
    number = None if run is None else run.run_id
    counts = insights.verdict_counts(sessions, dataset_id=dataset.dataset_id)
    rate = insights.accept_rate(sessions, dataset_id=dataset.dataset_id, run_id=number)
    st.subheader("Review", anchor=False)
    facts, bar = st.columns([2, 3], gap="large")
    with facts, st.container(horizontal=True, gap="large"):
        fact("Decided", f"{counts.n_decided:,}", f"of {count(counts.n_items, 'item')}")
        fact("Accept rate", share_value(rate), share_basis(rate, of="decisions"))
    if counts.n_decided:
        with bar:
            _chart(charts.verdict_bar(counts), key="insights_progress", alt="Decisions by verdict")
    else:
        st.page_link(
            frame.REVIEW,
            label="Decide on the first item",
            query_params=frame.link_query(dataset=dataset.name, run=number),
            icon=":material/arrow_forward:",
        )
        return
    left, right = st.columns([3, 2], gap="large")
    margins = insights.margins_by_verdict(sessions, dataset_id=dataset.dataset_id, run_id=number)
    reasons = insights.override_reasons(sessions, dataset_id=dataset.dataset_id, run_id=number)
    with left:
        st.markdown("**Margin, by what was decided**")
        rank_by = "sum" if run is None else run.rank_by
        _chart(charts.margin_histogram(margins, rank_by=rank_by), key="insights_margins", alt="Margin by verdict")
    with right:
        st.markdown("**Why people overrode**")
        _chart(charts.reason_bars(reasons), key="insights_reasons", alt="Override reasons")


def _against_gold(dataset: DatasetRow, run: RunRow) -> None:
    st.subheader("Against gold", anchor=False)
    found = evaluation.evaluate(resources.sessions(), dataset.dataset_id, run.run_id)
    if not found.n:
        st.caption("This dataset has no gold ranking, so there is nothing to measure the run against.")
        return
    whole = _overall(found)
    fact("Best candidate right", share_value(whole), share_basis(whole, of="items"))
    left_out = [
        f"{count(n, 'item')} {why}"
        for n, why in ((found.n_without_gold, "without gold"), (found.n_not_weighed, "not weighed"))
        if n
    ]
    if left_out:
        st.caption("Left out: " + ", ".join(left_out) + ".")
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**By domain**")
        by_domain = [("all items", whole), *found.by_domain.items()]
        _chart(charts.share_dots(by_domain), key="insights_domains", alt="Accuracy by domain")
    with right:
        st.markdown("**Against baselines**")
        named = [(BASELINE_NAMES.get(name, name), share) for name, share in found.baselines.items()]
        dots = charts.share_dots([("the ratio", whole), *named])
        _chart(dots, key="insights_baselines", alt="Accuracy against baselines")
    if found.by_subset:
        _by_subset(found, whole)


def _by_subset(found: Evaluation, whole: Share) -> None:
    """The largest subsets, in the order they have; a column of ids must not make an endless figure."""
    largest = sorted(found.by_subset, key=lambda name: -found.by_subset[name].n)[:SUBSETS_SHOWN]
    shown = [(name, part) for name, part in found.by_subset.items() if name in largest]
    left_out = len(found.by_subset) - len(shown)
    with st.expander(f"By subset ({len(found.by_subset)})", key="insights_subset_panel", on_change="rerun") as panel:
        if panel.open:
            if left_out:
                st.caption(f"The {len(shown)} with the most items; {left_out} more are not shown.")
            dots = charts.share_dots([("all items", whole), *shown])
            _chart(dots, key="insights_subsets", alt="Accuracy by subset")


def _overall(found: Evaluation) -> Share:
    low, high = found.interval or (None, None)
    return Share(found.n, found.accuracy, low, high)


def _length(run: RunRow) -> None:
    st.subheader("Length against reward", anchor=False)
    st.caption("A cloud that rises or falls says that the reward follows length. Rewards are sums over tokens.")
    data = insights.length_against_reward(resources.sessions(), run_id=run.run_id)
    _chart(charts.length_scatter(data), key="insights_length", alt="Length against reward")


def _chart(figure: go.Figure, *, key: str, alt: str) -> None:
    st.plotly_chart(figure, key=key, config=CHART_CONFIG, theme="streamlit", alt=alt)


main()
