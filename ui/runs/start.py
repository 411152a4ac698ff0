"""The form that starts a run: pair, criteria, what ranks, who reads the criteria, where domains come from.

Writes at most once per click. Leaves out the pickers themselves (pairs/pickers.py) and the list of runs (list.py).
"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from services import runs
from services.criteria.conditioning_choice import Conditioning, conditioning_of
from services.criteria.store import CriteriaRow
from services.datasets import DatasetRow
from services.errors import ServiceError
from services.pairs.catalogue import PairRow
from services.routing.choice import Routing
from ui import resources
from ui.domains.pickers import pick_routing
from ui.pairs.pickers import new_criteria, pick_criteria, pick_pair
from ui.panels import problem
from ui.runs.conditioning_words import EXEMPLAR_HELP, EXEMPLAR_WORDS, READ_BY_HELP, READ_BY_WORDS
from ui.runs.queued import tell_queued
from ui.runs.words import DTYPE_WORDS, RANK_WORDS, pair_card_html

DTYPE_HELP = (
    "By itself: what the model's files are in on a GPU, float32 on a CPU. Each run measures how far its numbers move "
    "and marks margins that say nothing."
)
PROBLEM = "runs_problem"


def show_start(dataset: DatasetRow, pairs: Sequence[PairRow]) -> None:
    """The form on the left, the chosen pair's card on the right."""
    left, right = st.columns([3, 2], gap="large")
    with left:
        pair = pick_pair("runs", pairs)
        criteria = pick_criteria("runs", pair)
        at_rank, at_dtype = st.columns(2)
        at_rank.radio("Rank by", list(RANK_WORDS), key="runs_rank", format_func=RANK_WORDS.get, horizontal=True)
        names = list(DTYPE_WORDS)
        dtype = at_dtype.selectbox(
            "Compute in", names, key="runs_dtype", format_func=lambda name: DTYPE_WORDS[name], help=DTYPE_HELP
        )
        slow = runs.slow_line(dtype)
        if slow is not None:
            st.caption(slow)
        with st.expander("Advanced: domains, and how the criteria are read", icon=":material/tune:"):
            routing = pick_routing("runs", dataset, pair)
            conditioning = _pick_conditioning(criteria)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button(
                "Start weighing", key="runs_start", type="primary", icon=":material/balance:",
                disabled=criteria is None or routing is None, on_click=_start,
                args=(dataset, pair, criteria, conditioning, routing),
            )  # fmt: skip
            new_criteria("runs")
        said = st.session_state.pop(PROBLEM, None)
        if said:
            problem(said)
    with right:
        st.html(pair_card_html(pair))


def _pick_conditioning(criteria: CriteriaRow | None) -> Conditioning:
    """Who reads the criteria and where exemplars stand; kept in the run's configuration."""
    n_exemplars = 0 if criteria is None else criteria.body.n_exemplars
    at_reader, at_place = st.columns(2)
    reader = at_reader.radio(
        "Criteria read by", list(READ_BY_WORDS), key="runs_read_by", format_func=READ_BY_WORDS.get, help=READ_BY_HELP
    )
    place = at_place.radio(
        "Exemplars", list(EXEMPLAR_WORDS), key="runs_exemplars", format_func=EXEMPLAR_WORDS.get, help=EXEMPLAR_HELP,
        disabled=not n_exemplars,
    )  # fmt: skip
    if not n_exemplars:
        at_place.caption("These criteria have no exemplars.")
    return conditioning_of({"conditioning": {"read_by": reader, "exemplars": place if n_exemplars else "system"}})


def _start(
    dataset: DatasetRow, pair: PairRow, criteria: CriteriaRow, conditioning: Conditioning, routing: Routing
) -> None:
    try:
        run_id = runs.start_run(
            resources.sessions(), dataset_id=dataset.dataset_id, pair=pair.name, criteria_id=criteria.criteria_id,
            rank_by=st.session_state["runs_rank"], dtype=st.session_state["runs_dtype"],
            conditioning=conditioning, routing=routing,
        )  # fmt: skip
    except ServiceError as error:
        st.session_state[PROBLEM] = str(error)
        return
    tell_queued(run_id)
