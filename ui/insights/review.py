"""What people decided: progress on the whole dataset, the rest on the run in hand (all runs when there is none)."""

from __future__ import annotations

import streamlit as st

from services import insights
from services.datasets import DatasetRow
from services.run_rows import RunRow
from ui import frame, resources
from ui.charts import figures as charts
from ui.insights import targets
from ui.insights.click import HINT, clickable
from ui.panels import fact
from ui.wording import count, share_basis, share_value


def show_review(dataset: DatasetRow, run: RunRow | None) -> None:
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
            clickable(
                charts.verdict_bar(counts), key="insights_progress", alt="Decisions by verdict", find=targets.verdict,
                dataset=dataset.name, run=number,
            )  # fmt: skip
    else:
        st.page_link(
            frame.REVIEW,
            label="Decide on the first item",
            query_params=frame.link_query(dataset=dataset.name, run=number),
            icon=":material/arrow_forward:",
        )
        return
    st.caption(HINT)
    left, right = st.columns([3, 2], gap="large")
    margins = insights.margins_by_verdict(sessions, dataset_id=dataset.dataset_id, run_id=number)
    reasons = insights.override_reasons(sessions, dataset_id=dataset.dataset_id, run_id=number)
    with left:
        st.markdown("**Margin, by what was decided**")
        rank_by = "sum" if run is None else run.rank_by
        clickable(
            charts.margin_histogram(margins, rank_by=rank_by), key="insights_margins", alt="Margin by verdict",
            find=targets.margins(margins), dataset=dataset.name, run=number,
        )  # fmt: skip
    with right:
        st.markdown("**Why people overrode**")
        clickable(
            charts.reason_bars(reasons), key="insights_reasons", alt="Override reasons", find=targets.reasons(reasons),
            dataset=dataset.name, run=number,
        )  # fmt: skip
