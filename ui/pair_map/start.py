"""The pair of a map that is in hand: chosen by a click on its cell or by name, and a run with it.

Leaves out the map (view.py) and the run itself, which Runs shows.
"""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from services.errors import ServiceError
from services.pair_map import choice as pair_map_choice
from services.pair_map.pick import Pick
from services.pair_map.read import MapPair, PairMap
from ui import frame, resources
from ui.charts.map import by_performance
from ui.pair_map.words import behind_words, cost_words, gap_words, memory_words, short_share
from ui.panels import pressed, problem
from ui.runs.queued import tell_queued
from ui.wording import count, facts_html

KEY = "pairs_map"
STRONG, WEAK, PROBLEM = f"{KEY}_strong", f"{KEY}_weak", f"{KEY}_problem"


def choose_pair(strong: str, weak: str) -> None:
    """Take a pair in hand."""
    st.session_state[STRONG], st.session_state[WEAK] = strong, weak


def show_chosen(
    found: PairMap, ranking: Pick, named: Mapping[str, str], *, first: tuple[str, str], criteria: str
) -> None:
    """The pair in hand with its numbers, and the button that starts a run with it.

    Args:
        named: a model's name on the map -> the name it is asked for by.
        first: the pair to begin with.
    """
    names = [model.name for model in by_performance(found.models)]
    if st.session_state.get(STRONG) not in names or st.session_state.get(WEAK) not in names:
        choose_pair(*first)
    st.caption("Click a cell of the map, or choose here.")
    left, right = st.columns(2)
    left.selectbox("Strong", names, key=STRONG)
    right.selectbox("Weak", names, key=WEAK)
    strong, weak = st.session_state[STRONG], st.session_state[WEAK]
    pair = found.pair(strong, weak)
    if pair is not None:
        st.html(facts_html(_facts(found, ranking, pair)))
    elif strong == weak:
        st.caption("A model over itself rewards nothing: choose two models.")
    else:
        st.caption("This pair has not been weighed here.")
    is_asked = pressed(
        "Start a run with this pair", key=f"{KEY}_start", icon=":material/balance:", is_primary=True,
        is_disabled=strong == weak,
    )  # fmt: skip
    st.caption("The log-probs are kept, so the run is quickly done; review it like any other.")
    if is_asked:
        _start(found, named[strong], named[weak], criteria)
    said = st.session_state.pop(PROBLEM, None)
    if said:
        problem(said)


def _facts(found: PairMap, ranking: Pick, pair: MapPair) -> dict[str, str]:
    alone = {model.name: model.alone_sum if found.rank_by == "sum" else model.alone_mean for model in found.models}
    place = next((one for one in ranking.ranked if one.pair == pair), None)
    among = f", among {count(ranking.n, 'decided item')}" if ranking.n != found.n else ""
    return {
        "Right": f"{short_share(pair.accuracy)}, n = {pair.accuracy.n}",
        "Behind the best": "" if place is None else behind_words(place.behind) + among,
        "Gap": gap_words(pair),
        "Strong alone": short_share(alone[pair.strong]),
        "Weak alone": short_share(alone[pair.weak]),
        "1,000 responses": f"{cost_words(pair.per_thousand_s)} for both, as measured here",
        "Memory": f"{memory_words(pair.memory_bytes)} of weights, as loaded",
    }


def _start(found: PairMap, strong: str, weak: str, criteria: str) -> None:
    try:
        run_id = pair_map_choice.start_pair(
            resources.sessions(), dataset_id=found.dataset_id, strong=strong, weak=weak, criteria=criteria,
            rank_by=found.rank_by,
        )  # fmt: skip
    except ServiceError as error:
        st.session_state[PROBLEM] = str(error)
        return
    tell_queued(run_id)
    frame.go(frame.RUNS, dataset=found.dataset)
