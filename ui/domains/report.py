"""How often the router is right: against corrections by hand and against the file's column, each with its matrix.

Shows a report it is given (services/routing/report.py); reads nothing.
"""

from __future__ import annotations

import streamlit as st

from services.routing.report import Accuracy, RouterReport
from ui.charts import domains as charts_domains
from ui.domains.router import threshold_words
from ui.panels import fact
from ui.wording import count, share_basis, share_line, share_value

CHART_CONFIG = {"displayModeBar": False}
INKS = {"light": "#25221d", "dark": "#e7e4dd"}  # the page's text colours: a chart's own is too pale in a deep cell


def show_report(report: RouterReport) -> None:
    """Both truths side by side; one that there is nothing of says how to get it."""
    at_column, at_hand = st.columns(2, gap="large")
    with at_column:
        st.markdown("**Against the file's own column**")
        if report.against_column.matrix.rows:
            _against(report.against_column, report, truth="the file's column", key="domains_column_matrix")
        else:
            st.caption("The file names no domains, so there is nothing to compare with here.")
    with at_hand:
        st.markdown("**Against corrections by hand**")
        if report.against_corrections.matrix.rows:
            _against(report.against_corrections, report, truth="by hand", key="domains_hand_matrix")
            st.caption(
                "Of the items somebody looked at: where those are the least sure, the whole dataset does better."
            )
        else:
            st.caption("Nobody has said what an item's domain is. Do so in the list below: one click each.")


def _against(accuracy: Accuracy, report: RouterReport, *, truth: str, key: str) -> None:
    with st.container(horizontal=True, gap="large"):
        fact("Right", share_value(accuracy.right), share_basis(accuracy.right, of="items"))
        if accuracy.n_below and accuracy.right_if_sure.n:
            fact(
                "Right where sure enough",
                share_value(accuracy.right_if_sure),
                share_basis(accuracy.right_if_sure, of="items"),
            )
    ink = INKS.get(st.context.theme.type or "")
    figure = charts_domains.confusion_figure(accuracy.matrix, truth=truth, router="the router", ink=ink)
    st.plotly_chart(figure, key=key, config=CHART_CONFIG, theme="streamlit", alt=_alt(accuracy, truth))
    left_out = _left_out(accuracy, report)
    if left_out:
        st.caption(left_out)


def _left_out(accuracy: Accuracy, report: RouterReport) -> str:
    """What a reader of the share must know of items below the threshold, not asked, or in foreign domains."""
    wrong = []
    if accuracy.n_below:
        wrong.append(f"{count(accuracy.n_below, 'item')} {threshold_words(report.threshold)}")
    if accuracy.n_not_asked:
        wrong.append(f"{count(accuracy.n_not_asked, 'item')} that the model could not be asked about")
    said = [f"Counted as not right: {' and '.join(wrong)}."] if wrong else []
    if accuracy.n_unknown:
        said.append(f"Left out of the share: {count(accuracy.n_unknown, 'item')} of domains the router does not have.")
    return " ".join(said)


def _alt(accuracy: Accuracy, truth: str) -> str:
    return f"Confusion matrix, {truth} against the router: {share_line(accuracy.right, of='items')} right"
