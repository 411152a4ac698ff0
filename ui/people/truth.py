"""Whether people say the same twice, and how often they are right where the file says what is."""

from __future__ import annotations

import streamlit as st

from services.people.consistency import ConsistencyReport
from services.people.gold import GoldReport
from ui import frame
from ui.charts import people as charts
from ui.charts.figures import share_dots
from ui.panels import fact
from ui.people.read import Version, answers_of, truth_of
from ui.wording import share_basis, share_line, share_value

CHART_CONFIG = {"displayModeBar": False}
CHANGED_SHOWN = 12


def show_truth(version: Version) -> None:
    """Repeats at the left, gold at the right."""
    repeats, gold = truth_of(version)
    at_repeats, at_gold = st.columns(2, gap="large")
    with at_repeats:
        st.markdown("**The same item again**")
        _repeats(version, repeats)
    with at_gold:
        st.markdown("**Against gold**")
        _gold(gold)


def _repeats(version: Version, report: ConsistencyReport) -> None:
    if not report.overall.same.n:
        st.caption("Nobody has been shown an item twice yet: a plan's repeat share does that.")
        return
    same = report.overall.same
    fact("Said the same again", share_value(same), share_basis(same, of="repeats"))
    rows = [("everyone", same), *((person.name, own.same) for person, own in report.by_person)]
    figure = share_dots(rows, unit="repeats answered as before")
    st.plotly_chart(figure, key="people_repeats", config=CHART_CONFIG, theme="streamlit", alt="Repeats, by person")
    if report.overall.changed:
        answers = answers_of(version)
        st.caption("Changed on:")
        with st.container(horizontal=True, gap="small"):
            for item_id in report.overall.changed[:CHANGED_SHOWN]:
                label = f"item {answers.items[item_id].position + 1}"
                st.page_link(frame.REVIEW, label=label, query_params=frame.link_query(item=item_id))


def _gold(report: GoldReport) -> None:
    right = report.overall.right
    if not right.n:
        st.caption("No item with gold has been decided: the file names no best response, or nobody chose on one yet.")
        return
    with st.container(horizontal=True, gap="large"):
        fact("People right", share_value(right), share_basis(right, of="answers"))
        suggestion = report.overall.suggestion
        fact("Suggestion right, same items", share_value(suggestion), share_basis(suggestion, of="answers"))
    rows = [("everyone", report.overall), *((person.name, own) for person, own in report.by_person)]
    figure = charts.paired_dots(
        [(name, own.right, own.suggestion, f"n = {own.right.n:,}") for name, own in rows],
        names=("the person", "the suggestion, same items"), axis="right by gold (%), with 95 % interval",
        nothing="No item with gold has been decided.",
    )  # fmt: skip
    st.plotly_chart(figure, key="people_gold", config=CHART_CONFIG, theme="streamlit", alt="Right by gold, by person")
    ties = f" {report.overall.n_ties:,} ties count as not right." if report.overall.n_ties else ""
    st.caption(f"Before the suggestion was seen: {share_line(report.overall.blind, of='answers')}.{ties}")
