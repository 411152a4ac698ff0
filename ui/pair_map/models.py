"""Which models a map is of, and weighing those that are not weighed yet: button, progress, stop.

The work is a thread of this process (services/pair_map/worker.py), so nobody waits for it; this looks at it once a
second. Leaves out what is shown of the map (view.py).
"""

from __future__ import annotations

import os

import streamlit as st

from services.datasets import DatasetRow
from services.pair_map import choice as pair_map_choice
from services.pair_map.choice import Offered
from services.pair_map.read import PairMap
from services.pair_map.worker import MapJob, MapProgress
from ui import resources
from ui.panels import note, problem
from ui.wording import count, duration, escaped

KEY = "pairs_map"
MODELS, MORE, ADDED = f"{KEY}_models", f"{KEY}_more", f"{KEY}_added"
POLL_S = 1.0
NAME_LIMIT = 400  # characters of a folder
NO_WORKER = "This desk leaves weighing to others (TARE_WORKER=off). In a terminal: tare map"


def choose_models(dataset: DatasetRow, criteria: str) -> tuple[str, ...]:
    """The models in hand: at first those that were weighed on this dataset under these criteria."""
    offered = pair_map_choice.offered_models()
    weighed = pair_map_choice.weighed_names(resources.sessions(), dataset.dataset_id, criteria, offered)
    added = tuple(st.session_state.get(ADDED, ()))
    wanted = job_asked_for(dataset.dataset_id)
    known = {one.name for one in offered}
    others = (*weighed, *added, *(wanted.names if wanted is not None else ()))
    labels = {one.name: one.label for one in offered} | {name: name for name in others if name not in known}
    key = f"{MODELS}_{dataset.dataset_id}_{criteria}"
    chosen = st.session_state.get(key)
    if chosen is None:
        is_wanted = wanted is not None and wanted.criteria == criteria
        first = wanted.names if wanted is not None and is_wanted else pair_map_choice.first_choice(weighed, offered)
        st.session_state[key] = list(first)
    else:
        st.session_state[key] = [name for name in chosen if name in labels]
    pending = st.session_state.pop(f"{ADDED}_new", None)
    if pending and pending not in st.session_state[key]:
        st.session_state[key] = [*st.session_state[key], pending]
    left, right = st.columns([5, 1], vertical_alignment="bottom")
    with left:
        st.multiselect(
            "Models", list(labels), key=key, placeholder="Choose two or more",
            format_func=lambda name: _label(name, labels, weighed),
        )  # fmt: skip
    with right:
        _add_another(offered)
    return tuple(st.session_state[key])


def job_asked_for(dataset_id: int) -> MapJob | None:
    """The map of this dataset that was asked for last and is not there yet: a visitor who comes back looks for it."""
    worker = resources.map_worker()
    job = worker.latest(dataset_id)
    progress = None if job is None else worker.progress(job)
    return None if progress is None or progress.state == "done" else job


def _label(name: str, labels: dict[str, str], weighed: tuple[str, ...]) -> str:
    return labels.get(name, name) + (" ✓" if name in weighed else "")


def _add_another(offered: tuple[Offered, ...]) -> None:
    with st.popover("Another model", key=MORE, type="tertiary", icon=":material/add:"):
        st.text_input("Folder or hub id", key=f"{MORE}_name", max_chars=NAME_LIMIT, placeholder="owner/name")
        st.button("Put it on the map", key=f"{MORE}_add", on_click=_add, args=(offered,))
        st.caption("A model with an adapter or at a server needs an entry of its own among the pairs.")


def _add(offered: tuple[Offered, ...]) -> None:
    name = str(st.session_state.get(f"{MORE}_name", "")).strip()
    if not name:
        return
    if name not in {one.name for one in offered}:
        st.session_state[ADDED] = [*st.session_state.get(ADDED, ()), name]
    st.session_state[f"{ADDED}_new"] = name
    st.session_state[f"{MORE}_name"] = ""


def see_to_weighing(job: MapJob, found: PairMap) -> None:
    """What is missing, the button that weighs it, and how far that is."""
    worker = resources.map_worker()
    progress = worker.progress(job)
    if progress is not None and progress.is_active:
        st.fragment(_watch, run_every=POLL_S)(job)
        return
    if progress is not None and progress.state == "failed":
        problem(progress.error)
    if progress is not None and progress.state == "stopped":
        note("Stopped. What was computed is kept; weighing again goes on from there.")
    is_over = progress is not None and progress.state == "done"
    if progress is not None and is_over and progress.error:
        note(progress.error)
    if not found.n_behind and (is_over or all(_is_hopeless(strong, found) for strong, _ in found.missing)):
        return
    n_pairs = len(found.models) * (len(found.models) - 1)
    said = f"{len(found.pairs)} of {count(n_pairs, 'pair')} of these models are weighed on this dataset."
    if found.n_behind:
        said += f" {found.n_behind} of them were weighed before its last items came."
    if os.environ.get("TARE_WORKER", "on").lower() in ("off", "0", "no"):
        note(f"{said} {NO_WORKER}")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            f"Weigh {count(len(found.models), 'model')}", key=f"{KEY}_weigh", type="primary",
            icon=":material/balance:", on_click=_start, args=(job,),
        )  # fmt: skip
        st.caption(said)


def _is_hopeless(strong: str, found: PairMap) -> bool:
    """A model without a chat template is never the strong one: its pairs the other way round are all there is.

    Only of a model that a map's pass has read: runs somebody made one by one say nothing of the other way round.
    """
    was_mapped = any(model.name == strong and model.cost is not None for model in found.models)
    as_strong = any(pair.strong == strong for pair in found.pairs)
    as_weak = sum(pair.weak == strong for pair in found.pairs)
    return was_mapped and not as_strong and as_weak == len(found.models) - 1


def _start(job: MapJob) -> None:
    resources.map_worker().start(job)


def _watch(job: MapJob) -> None:
    progress = resources.map_worker().progress(job)
    if progress is None or not progress.is_active:
        st.rerun()  # the whole tab: the map is there, or the reason why not
    with st.container(border=True, key=f"{KEY}_progress", gap="small"):
        st.progress(progress.share, text=escaped(_words(progress)))
        st.button("Stop", key=f"{KEY}_stop", icon=":material/stop:", on_click=resources.map_worker().stop, args=(job,))


def _words(progress: MapProgress) -> str:
    if progress.state == "waiting":
        return "Waits for another map that is being weighed …"
    if not progress.title:
        return "Opening the first model …"
    where = f"{progress.n_done:,} of {progress.n_items:,} items"
    what = progress.title if progress.step == progress.n_steps else f"model {progress.step}: {progress.title}"
    return f"{what}, {where} · {duration(progress.elapsed_s)} so far"
