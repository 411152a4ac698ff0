"""The tab Map of the Pairs page: choose a dataset and models, weigh each once, and see every ordered pair of them.

Leaves out the models and their weighing (models.py), what is shown of a map (view.py) and starting a
run (start.py).
"""

from __future__ import annotations

import streamlit as st

from services import datasets
from services.criteria import store as criteria_store
from services.datasets import DatasetRow
from services.errors import ServiceError
from services.pair_map import choice as pair_map_choice
from services.pair_map.read import MapData, read_map
from services.pair_map.worker import MapJob
from ui import frame, pickers, resources
from ui.pair_map.models import choose_models, job_asked_for, see_to_weighing
from ui.pair_map.view import show_view
from ui.pair_map.words import JUDGED_WORDS
from ui.panels import problem
from ui.runs.words import RANK_WORDS
from ui.wording import count

KEY = "pairs_map"
CRITERIA, RANK, JUDGED = f"{KEY}_criteria", f"{KEY}_rank", f"{KEY}_judged"
KEPT_MAPS = 24
PROBLEMS: tuple[type[Exception], ...] = (ServiceError, *resources.MODEL_ERRORS)


def show_map() -> None:
    """The whole tab."""
    rows = datasets.list_datasets(resources.sessions())
    if not rows:
        frame.empty_state(
            "Nothing to map yet",
            "A map weighs one dataset with several models, each once, and shows how accurate every pair of them is.",
            key=KEY, link=frame.DATASETS, label="Import a dataset",
        )  # fmt: skip
        return
    st.caption(
        "Each model reads the dataset once; every strong-over-weak pair of them follows without another pass. "
        "What counts as right is what people decided, else the file's gold."
    )
    left, middle, right = st.columns([2, 2, 3], vertical_alignment="bottom")
    with left:
        dataset = pickers.pick_dataset(KEY, rows)
    if dataset is None:
        frame.empty_state("No such dataset", "The link names a dataset that is not here. Choose one above.", key=KEY)
        return
    try:
        with middle:
            criteria = _pick_criteria(dataset)
        with right:
            st.caption(f"{count(dataset.n_items, 'item')}, {count(dataset.n_candidates, 'candidate')}")
        names = choose_models(dataset, criteria)
        if len(names) < 2:
            frame.empty_state("Which models?", "Choose two models or more above; with six a map says a lot.", key=KEY)
            return
        _map(dataset, criteria, names)
    except PROBLEMS as error:
        problem(str(error))


def _pick_criteria(dataset: DatasetRow) -> str:
    """The criteria in hand; at first those under which most pairs of this dataset have been weighed."""
    rows = {row.name: row for row in criteria_store.list_criteria(resources.sessions())}
    key = f"{CRITERIA}_{dataset.dataset_id}"
    if st.session_state.get(key) not in rows:
        ids = {name: row.criteria_id for name, row in rows.items()}
        under_way = job_asked_for(dataset.dataset_id)
        wanted = None if under_way is None else under_way.criteria
        fullest = pair_map_choice.fullest_criteria(resources.sessions(), dataset.dataset_id, ids)
        st.session_state[key] = wanted or fullest or ("none" if "none" in rows else next(iter(rows)))
    st.selectbox(
        "Criteria", list(rows), key=key, format_func=lambda name: f"Criteria: {rows[name].title or name}",
        label_visibility="collapsed",
    )  # fmt: skip
    return str(st.session_state[key])


def _map(dataset: DatasetRow, criteria: str, names: tuple[str, ...]) -> None:
    at_rank, at_judged = st.columns([2, 3])
    at_rank.radio("Rank by", list(RANK_WORDS), key=RANK, format_func=RANK_WORDS.get, horizontal=True)
    ways = ("any", "decided", "gold")
    at_judged.radio("Judged by", ways, key=JUDGED, format_func=JUDGED_WORDS.get, horizontal=True)
    data = _read(dataset.dataset_id, names, criteria)
    see_to_weighing(MapJob(dataset.dataset_id, names, criteria), data.map)
    if data.map.pairs:
        show_view(data, names, criteria)


def _read(dataset_id: int, names: tuple[str, ...], criteria: str) -> MapData:
    """The map as the database has it now; kept while nothing that it rests on changes."""
    sessions = resources.sessions()
    stamp = (*pair_map_choice.map_stamp(sessions, dataset_id, criteria), *pair_map_choice.catalogue_stamp())
    rank_by, judged_by = st.session_state[RANK], st.session_state[JUDGED]
    return _kept(str(sessions.kw["bind"].url), stamp, dataset_id, names, criteria, rank_by, judged_by)


@st.cache_data(show_spinner="Reading the map …", max_entries=KEPT_MAPS)
def _kept(
    url: str, stamp: tuple[object, ...], dataset_id: int, names: tuple[str, ...], criteria: str, rank_by: str,
    judged_by: str,
) -> MapData:  # fmt: skip
    return read_map(
        resources.sessions(), dataset_id=dataset_id, names=names, criteria=criteria,
        rank_by="mean" if rank_by == "mean" else "sum", judged_by=judged_by,  # type: ignore[arg-type]
    )  # fmt: skip
