"""Anchoring, first places, and what happens over a sitting: a sentence, then the figure it is read from."""

from __future__ import annotations

from html import escape

import plotly.graph_objects as go
import streamlit as st

from ui import frame
from ui.charts import people as charts
from ui.people.read import Version, anchoring_of, habits_of
from ui.people.words import agreement_trend_words, anchoring_words, position_words, speed_words
from ui.wording import count

CHART_CONFIG = {"displayModeBar": False}


def show_anchoring(version: Version) -> None:
    """Shown against hidden, everyone and each person."""
    report = anchoring_of(version)
    _statement(anchoring_words(report.overall))
    if report.overall.value is None:
        frame.page_link(frame.AUDIT, "Make a plan on Audit")
    if not report.by_person:
        return
    _chart(charts.anchoring_dots(report), key="people_anchoring", alt="Agreement shown and hidden, by person")
    shown, blind = report.n_without_choice
    left_out = f" Left out: skips and flags, {shown:,} shown and {blind:,} hidden." if shown + blind else ""
    st.caption(
        "First answers only, before anything was revealed. Which looks are hidden is drawn at random within a plan, so "
        "the difference (points, with 95 % interval) is what showing a suggestion does." + left_out
    )


def show_habits(version: Version) -> None:
    """First places at the left, a sitting at the right."""
    places, sitting = habits_of(version)
    at_place, at_pace = st.columns(2, gap="large")
    with at_place:
        st.markdown("**First place**")
        _statement(position_words(places.overall))
        _chart(charts.first_place_dots(places), key="people_places", alt="First place chosen, by person")
        st.caption("Blind looks only: there the responses stand in a random order.")
    with at_pace:
        overall = sitting.overall
        st.markdown("**Over a sitting**")
        pace = agreement_trend_words(overall.agreement, longest=overall.longest)
        _statement(f"{pace} {speed_words(overall)}")
        _chart(charts.sitting_figure(overall, kind="agreement"), key="people_sitting", alt="Agreement over a sitting")
        _chart(charts.sitting_figure(overall, kind="seconds"), key="people_seconds", alt="Seconds over a sitting")
        order = (
            "Answers on randomly drawn looks only." if overall.is_random
            else "Items came in an order of their own: a trend may be the order's."
        )  # fmt: skip
        st.caption(f"{count(overall.n_sittings, 'sitting')}; a pause of more than 30 minutes ends one. {order}")


def _statement(text: str) -> None:
    st.html(f'<div class="t-statement">{escape(text)}</div>')


def _chart(figure: go.Figure, *, key: str, alt: str) -> None:
    st.plotly_chart(figure, key=key, config=CHART_CONFIG, theme="streamlit", alt=alt)
