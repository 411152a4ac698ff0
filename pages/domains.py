"""Domains: what the router is told, what it makes of a dataset, how often it is right, and corrections by hand.

State from the URL, one read, the screen; each button's one write happens in its callback.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from services import datasets
from services.datasets import DatasetRow
from services.routing import dataset as routing
from services.routing.store import RouterRow
from ui import frame, resources
from ui.domains.items import show_items
from ui.domains.report import show_report
from ui.domains.route import asked_of, asked_words, pick_asked, pick_strong, show_routing
from ui.domains.router import ROUTER, pick_router, pick_threshold, show_definitions
from ui.pairs.pickers import load_pairs
from ui.panels import apply_look
from ui.pickers import pick_dataset, reviewing_as
from ui.wording import count

frame.open_page("pages/domains.py")

LOOK = Path(__file__).resolve().parent.parent / "ui" / "domains.css"


def main() -> None:
    apply_look()
    st.html(LOOK)
    rows = datasets.list_datasets(resources.sessions())
    if not rows:
        frame.empty_state(
            "No items to route yet",
            "A router names each item's domain, so that criteria can differ by domain. Import a dataset first.",
            key="domains", link=frame.DATASETS, label="Import a dataset",
        )  # fmt: skip
        return
    at_dataset, at_router, at_as = st.columns([2.4, 2.4, 4], vertical_alignment="center")
    with at_dataset:
        dataset = pick_dataset("domains", rows)
    with at_router:
        router = pick_router(routing.list_routers(resources.sessions()))
    with at_as, st.container(horizontal=True, horizontal_alignment="right"):
        reviewing_as("domains")
    if dataset is None:
        text = "The link names a dataset that is not here. Choose one above."
        frame.empty_state("No such dataset", text, key="domains")
        return
    if router is None:
        frame.empty_state(
            "No such router", "The link names a router that is not here. Choose one above.", key="domains"
        )
        st.query_params.pop(ROUTER, None)
        return
    _domains(dataset, router)


def _domains(dataset: DatasetRow, router: RouterRow) -> None:
    models = asked_of(dataset, router)
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.subheader("What the model is told", anchor=False)
        show_definitions(router)
    with right:
        st.subheader("Ask the strong model", anchor=False)
        pairs = load_pairs()
        if pairs:
            pair = pick_strong(pairs)
            show_routing(dataset, router, pair, n_routed=models[0].n_items if models else 0)
        model = pick_asked(models)
        if model is not None:
            st.caption(
                f"{model.n_items:,} of {count(dataset.n_items, 'item')} routed by {frame.plain(asked_words(model))}."
            )
        threshold = pick_threshold()
    if model is not None:
        st.subheader("How often it is right", anchor=False)
        report = routing.router_report(
            resources.sessions(), dataset.dataset_id, router_id=router.router_id, fingerprint=model.fingerprint,
            threshold=threshold,
        )  # fmt: skip
        show_report(report)
    st.subheader("Items", anchor=False)
    show_items(dataset, router, model, threshold=threshold)


main()
