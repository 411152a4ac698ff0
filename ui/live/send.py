"""Sends what Live shows to a dataset, an old one or a new one, and says where it went."""

from __future__ import annotations

import streamlit as st

from services import datasets
from services.errors import ServiceError
from services.live import now as live
from ui import frame, resources
from ui.live.state import Shown
from ui.panels import note, problem

SENT, PROBLEM, NAME = "live_sent", "live_send_problem", "live_send_name"


def show_send(shown: Shown) -> None:
    """A name, old or new, and the button."""
    names = [row.name for row in datasets.list_datasets(resources.sessions())]
    left, right = st.columns([3, 2], gap="large", vertical_alignment="bottom")
    left.selectbox(
        "Send to a dataset", names, index=None, key=NAME, accept_new_options=True,
        placeholder="Choose a dataset, or type a new name",
    )  # fmt: skip
    right.button(
        "Send", key="live_send", icon=":material/playlist_add:", on_click=_send, args=(shown,),
        disabled=len(shown.result.candidates) < 2,
    )  # fmt: skip
    said = st.session_state.pop(PROBLEM, None)
    if said:
        problem(said)
    sent = st.session_state.get(SENT)
    if sent is not None and sent[0] == shown.request:
        note(f"Kept in “{sent[1]}”.")
        query = frame.link_query(dataset=sent[1]) | {frame.ITEM: str(sent[2])}
        query.pop(frame.RUN, None)
        with st.container(horizontal=True):
            st.page_link(frame.REVIEW, label="Review it", query_params=query, icon=":material/rate_review:")
            st.page_link(
                frame.RUNS, label="Weigh that dataset", query_params={frame.DATASET: sent[1]}, icon=":material/balance:"
            )


def _send(shown: Shown) -> None:
    name = str(st.session_state.get(NAME) or "").strip()
    if not name:
        st.session_state[PROBLEM] = "No dataset is named. Choose one, or type a new name."
        return
    try:
        item_id = live.send_to_dataset(
            resources.sessions(),
            name,
            messages=shown.request.messages,
            candidates=shown.result.candidates,
            domain=shown.request.domain,
        )
    except ServiceError as error:
        st.session_state[PROBLEM] = str(error)
        return
    st.session_state[SENT] = (shown.request, name, item_id)
