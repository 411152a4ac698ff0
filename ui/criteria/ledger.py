"""The ledger of a trial: what would change, in words, numbers, figures, and the flipped items one click away.

Shows what it is given; reads nothing. Leaves out starting and watching a trial (trying.py).
"""

from __future__ import annotations

from collections.abc import Mapping

import plotly.graph_objects as go
import streamlit as st

from services.trials.trial import TrialReport
from ui import frame
from ui.charts import trial as charts_trial
from ui.criteria.words import before_and_after, counts_line, flips_html, share_words, verdict_line
from ui.panels import fact, note, problem
from ui.plain_table import table_html
from ui.prose import safe
from ui.wording import count

ROWS_AT_ONCE, LIST_PX = 10, 430  # more flips scroll in a box
CHART_CONFIG = {"displayModeBar": False}


def show_ledger(report: TrialReport, *, key: str, query: Mapping[str, str]) -> None:
    """All of a trial that has compared something.

    Args:
        key: first part of the widgets' keys, `criteria_<thing>`.
        query: dataset and run, for the links to Review.
    """
    st.html(f'<div class="t-verdict">{safe(verdict_line(report))}</div>')
    if report.notice:
        note(report.notice)
    if report.problems:
        first = report.problems[0]
        which = count(report.n_problems, "item")
        problem(f"{which} cannot be compared, left out of all numbers below; item {first.position + 1}: {first.detail}")
    _facts(report)
    left, right = st.columns(2, gap="large")
    with left:
        _chart(charts_trial.flips_bar(report), key=f"{key}_flips_bar", alt="Items by what became of their suggestion")
    with right:
        _chart(charts_trial.change_dot(report.change), key=f"{key}_change", alt="Items right, after minus before")
    st.caption(frame.plain(counts_line(report)))
    _table(report, key, query)
    _problems(report, key)


def _facts(report: TrialReport) -> None:
    with st.container(horizontal=True, gap="large"):
        fact("Right, before and after", *before_and_after(report))
        fact("Fixes, towards the truth", f"{report.n_fixes}", share_words(report.fixes))
        fact("Regressions, away from it", f"{report.n_regressions}", share_words(report.regressions))
        fact("Other flips", f"{report.others}", "one wrong best for another")
        fact("Unjudged flips", f"{report.unjudged}", "no decision, no gold")


def _table(report: TrialReport, key: str, query: Mapping[str, str]) -> None:
    if not report.flips:
        st.caption("No suggestion changed.")
        return
    is_long = len(report.flips) > ROWS_AT_ONCE
    with st.container(height=LIST_PX if is_long else "content", border=False, key=f"{key}_flips"):
        st.html(flips_html(report.flips, rank_by=report.rank_by, query=query))


def _problems(report: TrialReport, key: str) -> None:
    if not report.problems:
        return
    with st.expander(f"{count(report.n_problems, 'item')} cannot be compared", key=f"{key}_problems"):
        lines = [(f"{one.position + 1:,}", one.reason, one.detail) for one in report.problems]
        st.html(table_html(("Item", "Reason", "Detail"), lines, numbers=(0,)))


def _chart(figure: go.Figure, *, key: str, alt: str) -> None:
    st.plotly_chart(figure, key=key, config=CHART_CONFIG, theme="streamlit", alt=alt)
