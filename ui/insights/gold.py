"""A run against gold, against baselines and against length."""

from __future__ import annotations

import streamlit as st

from services import evaluation, insights
from services.datasets import DatasetRow
from services.evaluation import Evaluation
from services.run_rows import RunRow
from services.statistics.intervals import Share
from ui import resources
from ui.charts import figures as charts
from ui.insights import targets
from ui.insights.click import CHART_CONFIG, clickable
from ui.panels import fact
from ui.wording import count, share_basis, share_value

SUBSETS_SHOWN = 24
BASELINE_NAMES = {
    "strong": "strong model alone",
    "weak": "weak model alone",
    "longest": "the longest",
    "shortest": "the shortest",
    "chance": "chance",
}


def show_gold(dataset: DatasetRow, run: RunRow) -> None:
    """How often the run's best candidate is the gold best, by domain, subset and against baselines."""
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
        clickable(
            charts.share_dots(by_domain), key="insights_domains", alt="Accuracy by domain",
            find=targets.domains(by_domain), dataset=dataset.name, run=run.run_id,
        )  # fmt: skip
    with right:
        st.markdown("**Against baselines**")
        named = [(BASELINE_NAMES.get(name, name), share) for name, share in found.baselines.items()]
        dots = charts.share_dots([("the ratio", whole), *named])
        st.plotly_chart(
            dots, key="insights_baselines", config=CHART_CONFIG, theme="streamlit", alt="Accuracy against baselines"
        )
    if found.by_subset:
        _by_subset(found, whole, dataset, run)


def _by_subset(found: Evaluation, whole: Share, dataset: DatasetRow, run: RunRow) -> None:
    """The largest subsets, in the order they have; a column of ids must not make an endless figure."""
    largest = sorted(found.by_subset, key=lambda name: -found.by_subset[name].n)[:SUBSETS_SHOWN]
    shown = [(name, part) for name, part in found.by_subset.items() if name in largest]
    left_out = len(found.by_subset) - len(shown)
    with st.expander(f"By subset ({len(found.by_subset)})", key="insights_subset_panel", on_change="rerun") as panel:
        if panel.open:
            if left_out:
                st.caption(f"The {len(shown)} with the most items; {left_out} more are not shown.")
            shares = [("all items", whole), *shown]
            clickable(
                charts.share_dots(shares), key="insights_subsets", alt="Accuracy by subset",
                find=targets.domains(shares, is_subset=True), dataset=dataset.name, run=run.run_id,
            )  # fmt: skip


def _overall(found: Evaluation) -> Share:
    low, high = found.interval or (None, None)
    return Share(found.n, found.accuracy, low, high)


def show_length(dataset: DatasetRow, run: RunRow) -> None:
    """Whether the reward follows length."""
    st.subheader("Length against reward", anchor=False)
    st.caption("A cloud that rises or falls says that the reward follows length. Rewards are sums over tokens.")
    data = insights.length_against_reward(resources.sessions(), run_id=run.run_id)
    clickable(
        charts.length_scatter(data), key="insights_length", alt="Length against reward", find=targets.lengths(data),
        dataset=dataset.name, run=run.run_id,
    )  # fmt: skip
