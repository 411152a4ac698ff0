"""How far confidence can be trusted: what was said against what happened, and confidence by margin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from services.run_rows import RunRow
from ui import resources
from ui.audit.targets import reliability_of
from ui.audit.words import balance_value, figure_basis, figure_value
from ui.charts.audit import confidence_curve, reliability_diagram
from ui.insights.click import CHART_CONFIG, clickable
from ui.panels import fact, note

if TYPE_CHECKING:
    from services.statistics.calibration import Bin

METHODS = {"platt": "Platt", "platt-log": "Platt on the log of the margin", "isotonic": "isotonic"}


def show_confidence(run: RunRow) -> None:
    """Calibration from every decided item of the run, however it was drawn."""
    from services.audit.calibrate import MIN_DECISIONS, calibration_of

    st.subheader("Confidence", anchor=False)
    st.caption(
        "How often people agree at a margin, from every decided item. It orders the queue; no bound rests on it."
    )
    found = calibration_of(resources.sessions(), run.run_id)
    if found is None:
        note(f"Confidence needs {MIN_DECISIONS} decided items, with agreement and disagreement among them.")
        return
    curve, domain = found.overall, ""
    if found.by_domain:
        names = ["", *sorted(found.by_domain)]
        domain = st.selectbox(
            "Domain", names, key="audit_confidence_domain", format_func=lambda name: name or "all items", width=260
        )
        curve = found.curve(domain)
    with st.container(horizontal=True, gap="large"):
        fact("Expected calibration error", figure_value(curve.ece), figure_basis(curve.ece))
        fact("Balance (above 0: over-confident)", balance_value(curve.balance), figure_basis(curve.balance))
        fact("Brier score", figure_value(curve.brier), f"{figure_basis(curve.brier)}; {METHODS.get(curve.method, '')}")
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**Said against happened**")
        clickable(
            reliability_diagram(curve.bins), key="audit_reliability", alt="Reliability diagram",
            find=reliability_of(curve.bins, domain), run=run.run_id,
        )  # fmt: skip
    with right:
        st.markdown("**Confidence by margin**")
        figure = confidence_curve(curve, largest_margin=_largest(curve.bins), rank_by=run.rank_by)
        st.plotly_chart(figure, key="audit_curve", config=CHART_CONFIG, theme="streamlit", alt="Confidence by margin")


def _largest(bins: Sequence[Bin]) -> float:
    return max((one.highest_margin for one in bins), default=1.0)
