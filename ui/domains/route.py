"""Asking a model: whose strong model, the button, how far it is. The work is a thread's (services/routing/threads.py).

Leaves out the router's words (router.py) and what came of it (report.py).
"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from services.datasets import DatasetRow
from services.pairs.catalogue import PairRow
from services.routing import dataset as routing
from services.routing.dataset import AskedModel
from services.routing.store import RouterRow
from services.routing.threads import RoutingProgress, RoutingTask
from ui import resources
from ui.panels import problem
from ui.wording import count, escaped

POLL_S = 0.5
MODEL = "domains_model"


def pick_strong(pairs: Sequence[PairRow]) -> PairRow:
    """The pair whose strong model is asked, the demo first."""
    by_name = {pair.name: pair for pair in pairs}
    key = "domains_pair"
    if st.session_state.get(key) not in by_name:
        st.session_state[key] = next(iter(by_name))
    st.selectbox(
        "Ask the strong model of", list(by_name), key=key, format_func=lambda name: by_name[name].title,
        label_visibility="collapsed",
    )  # fmt: skip
    return by_name[st.session_state[key]]


def show_routing(dataset: DatasetRow, router: RouterRow, pair: PairRow, *, n_routed: int) -> None:
    """The button, and progress while the thread works; the page is drawn again when it is over."""
    task = RoutingTask(dataset.dataset_id, router.router_id, pair.name)
    progress = resources.routing_threads().progress(task)
    if progress is not None and progress.is_at_work:
        st.fragment(_watch, run_every=POLL_S)(task)
        return
    label = "Route again" if n_routed else f"Route {count(dataset.n_items, 'item')}"
    st.button(
        label, key="domains_ask", type="secondary" if n_routed else "primary", icon=":material/alt_route:",
        on_click=_start, args=(task,), help=f"Asks {escaped(pair.strong)} which domain each item belongs to.",
    )  # fmt: skip
    if progress is not None:
        _say(progress)


def _start(task: RoutingTask) -> None:
    resources.routing_threads().start(task)
    st.session_state.pop(MODEL, None)  # the model asked now is the one to look at


def _watch(task: RoutingTask) -> None:
    progress = resources.routing_threads().progress(task)
    if progress is None or not progress.is_at_work:
        st.rerun()
    words = f"{progress.n_done:,} of {progress.n_items:,} items" if progress.n_items else "loading the model …"
    st.progress(progress.n_done / progress.n_items if progress.n_items else 0.0, text=f"Routing: {words}")
    st.button("Stop", key="domains_stop", icon=":material/stop:", on_click=_stop, args=(task,))


def _stop(task: RoutingTask) -> None:
    resources.routing_threads().stop(task)


def _say(progress: RoutingProgress) -> None:
    if progress.problem:
        problem(progress.problem)
    elif progress.n_computed is not None and progress.n_done < progress.n_items:
        st.caption(f"Stopped at {progress.n_done:,} of {count(progress.n_items, 'item')}; routing again goes on.")
    elif progress.n_computed == 0:
        st.caption("Nothing had to be computed: the model was asked all of this before.")


def pick_asked(models: Sequence[AskedModel]) -> AskedModel | None:
    """Whose guesses are shown: the model asked last, or the one chosen where there are several."""
    if not models:
        return None
    by_print = {model.fingerprint: model for model in models}
    if len(models) > 1:
        if st.session_state.get(MODEL) not in by_print:
            st.session_state[MODEL] = models[0].fingerprint
        st.selectbox(
            "Guesses of", list(by_print), key=MODEL, format_func=lambda name: asked_words(by_print[name])
        )  # fmt: skip
        return by_print[st.session_state[MODEL]]
    return models[0]


def asked_words(model: AskedModel) -> str:
    """A model by its name, or by its fingerprint where no run has used it."""
    return model.ref or f"the model {model.fingerprint[:8]}"


def asked_of(dataset: DatasetRow, router: RouterRow) -> tuple[AskedModel, ...]:
    """The models asked about this dataset under this router, the latest first."""
    return routing.asked_models(resources.sessions(), dataset.dataset_id, router.router_id)
