"""What is shown of a pair map: the heat map, the gap against accuracy, and the pairs to pick from with the baselines.

Leaves out the models (models.py) and starting a run (start.py).
"""

from __future__ import annotations

import plotly.graph_objects as go
import streamlit as st

from services.pair_map.pick import Pick, pick
from services.pair_map.read import MapData, MapModel, PairMap
from ui.charts.map import gap_figure, heat_map
from ui.pair_map.start import choose_pair, show_chosen
from ui.pair_map.words import (
    BASELINE_WORDS,
    basis_line,
    behind_words,
    correlation_words,
    cost_words,
    gap_words,
    memory_words,
    pair_name,
    performance_line,
    pick_line,
    short_share,
    verdict,
)
from ui.panels import note
from ui.plain_table import table_html
from ui.wording import facts_html

KEY = "pairs_map"
CHART_CONFIG = {"displayModeBar": False, "scrollZoom": False}
HEADS = (
    "",
    "Pair or baseline",
    "Right (95 % interval)",
    "Gap",
    "Points behind the best",
    "1,000 responses",
    "Memory",
)
ROWS_SHOWN = 12


def show_view(data: MapData, names: tuple[str, ...], criteria: str) -> None:
    """Figures, the chosen pair, and the ranking."""
    found = data.map
    if not found.n:
        note("Nothing to judge by: no item that all of these models weighed has a decision or gold.")
        return
    st.caption(basis_line(found))
    named = dict(zip((model.name for model in found.models), names, strict=True))
    ranking = pick(data)
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.subheader("Accuracy of every pair", anchor=False)
        st.caption("Best response right, in %: the strong model of the row over the weak model of the column.")
        _heat_map(found)
    with right:
        st.subheader("Start a run with a pair", anchor=False)
        best = ranking.ranked[0].pair if ranking.ranked else found.pairs[0]
        show_chosen(found, ranking, named, first=(best.strong, best.weak), criteria=criteria)
    st.subheader("Does the gap predict accuracy?", anchor=False)
    figure, words = st.columns([3, 2], gap="large")
    with figure:
        _chart(gap_figure(found), key=f"{KEY}_gaps", alt="Performance gap against accuracy")
    with words:
        _gap_words(found)
    st.subheader("Pick a pair for my data", anchor=False)
    _pick(found, ranking)


def _heat_map(found: PairMap) -> None:
    st.plotly_chart(
        heat_map(found), key=f"{KEY}_heat", config=CHART_CONFIG, theme="streamlit", alt="Accuracy of every pair",
        on_select=_clicked, selection_mode="points",
    )  # fmt: skip


def _clicked() -> None:
    """A cell was clicked: its pair is the one in hand."""
    state = st.session_state.get(f"{KEY}_heat") or {}
    points = state.get("selection", {}).get("points", [])
    place = points[0].get("customdata") if points else None
    if isinstance(place, list | tuple) and len(place) == 2:
        choose_pair(str(place[0]), str(place[1]))


def _gap_words(found: PairMap) -> None:
    st.markdown(f"**{verdict(found.pearson)}**")
    st.html(
        facts_html(
            {
                "Pearson": correlation_words(found.pearson),
                "Spearman": correlation_words(found.spearman),
                "Better one strong": f"only those pairs, Pearson {correlation_words(found.pearson_upward)}",
            }
        )
    )
    st.caption(performance_line(found))
    if found.pearson is not None and found.pearson.as_if_independent.low is not None:
        naive = found.pearson.as_if_independent
        st.caption(
            "Pairs share their models, so models are resampled. Taken for independent pairs, Pearson's interval would "
            f"be {naive.low:+.2f} to {naive.high:+.2f}."
        )
    st.caption("A model's number can be given with its pair (performance); then the gap is in those numbers.")


def _pick(found: PairMap, ranking: Pick) -> None:
    note(pick_line(ranking))
    st.caption(
        "Differences are paired, over the same items. The best is the best of all these pairs on these items, so its "
        "own accuracy is a little too good."
    )
    shown_all = st.toggle("Show every pair", key=f"{KEY}_all") if len(ranking.ranked) > ROWS_SHOWN else True
    shown = ranking.ranked if shown_all else ranking.ranked[:ROWS_SHOWN]
    rows: list[tuple[str, ...]] = [
        (
            str(place), pair_name(one.pair.strong, one.pair.weak), short_share(one.accuracy), gap_words(one.pair),
            behind_words(one.behind), cost_words(one.pair.per_thousand_s), memory_words(one.pair.memory_bytes),
        )
        for place, one in enumerate(shown, start=1)
    ]  # fmt: skip
    rows += [_alone(model, ranking) for model in found.models if model.name in ranking.alone]
    rows += [
        ("", BASELINE_WORDS[name], short_share(share), "", "", "", "") for name, share in ranking.baselines.items()
    ]
    st.html(table_html(HEADS, rows, numbers=(0,)))


def _alone(model: MapModel, ranking: Pick) -> tuple[str, ...]:
    """A model that ranks by its own log-prob, whichever side it would stand on; on the items of the ranking."""
    share = ranking.alone[model.name]
    cost = cost_words(None if model.cost is None else model.cost.per_thousand_s)
    return ("", f"{model.name} alone", short_share(share), "", "", cost, "")


def _chart(figure: go.Figure, *, key: str, alt: str) -> None:
    st.plotly_chart(figure, key=key, config=CHART_CONFIG, theme="streamlit", alt=alt)
