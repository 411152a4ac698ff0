"""How far people agree: the coefficients of the whole dataset, and a matrix of every two people."""

from __future__ import annotations

import streamlit as st

from services.people.agreement import Agreement
from ui.charts import people as charts
from ui.panels import fact
from ui.people.read import Version, agreement_of
from ui.people.words import coefficient_basis, coefficient_value, pair_row
from ui.plain_table import table_html
from ui.wording import count, share_line

CHART_CONFIG = {"displayModeBar": False}
PAIRS_SHOWN = 12
INKS = {"light": "#25221d", "dark": "#e7e4dd"}  # the page's text colours: a chart's own is too pale in a deep cell
PAIR_HEADS = ("Two people", "Items", "Say the same", "Cohen's kappa", "Kendall's tau-b")


def show_agreement(version: Version) -> None:
    """Everything at once; blind answers alone when asked for."""
    is_blind_only = st.toggle(
        "Only answers given before the suggestion was seen", key="people_blind_agreement",
        help="People who saw the same suggestion agree with it, and so with each other.",
    )  # fmt: skip
    found = agreement_of(version, is_blind_only)
    if not found.n_items:
        st.caption(
            "No item has answers of two people yet. A plan with an overlap of two or more hands each item to several."
        )
        return
    st.html(
        f'<div class="t-statement">Two people who chose on the same item say the same in '
        f"<b>{share_line(found.same, of='pairs of answers')}</b>, on {count(found.n_items, 'item')} of "
        f"{count(found.n_people, 'person', 'people')}.</div>"
    )
    with st.container(horizontal=True, gap="large", key="people_coefficients"):
        for name, one in (
            ("Krippendorff's alpha, choices", found.nominal),
            ("Krippendorff's alpha, places", found.ordinal),
            ("Cohen's kappa, mean of pairs", found.kappa),
            ("Kendall's tau-b, rankings", found.tau),
            ("Krippendorff's alpha, strength", found.strength),
        ):
            if one.n and (one is not found.strength or one.value is not None):
                fact(name, coefficient_value(one), coefficient_basis(one))
    st.caption(
        "1: no disagreement; 0: as if answers had been dealt out at random. How each is counted: docs/people.md."
    )
    _pairs(found)


def _pairs(found: Agreement) -> None:
    st.markdown("**Every two people**")
    at_matrix, at_table = st.columns([2, 3], gap="large")
    with at_matrix:
        figure = charts.agreement_matrix(found, ink=INKS.get(st.context.theme.type or ""))
        st.plotly_chart(figure, key="people_matrix", config=CHART_CONFIG, theme="streamlit",
                        alt="How often every two people said the same, in percent")  # fmt: skip
    with at_table:
        rows = sorted(found.pairs, key=lambda pair: pair.same.value or 0.0)
        st.html(table_html(PAIR_HEADS, map(pair_row, rows[:PAIRS_SHOWN]), numbers=(1,)))
        least = f" The {PAIRS_SHOWN} pairs who agree least, of {len(rows)}." if len(rows) > PAIRS_SHOWN else ""
        st.caption(f"With 95 % intervals.{least}")
