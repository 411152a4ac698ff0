"""The router in hand: which one, its definitions, and the form that keeps an edit as a new version.

Router and threshold stand in the URL. Leaves out asking a model (route.py).
"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from services import version_store
from services.errors import ServiceError
from services.routing import store as routing_store
from services.routing.choice import DEFAULT_THRESHOLD
from services.routing.store import RouterRow
from ui import frame, resources
from ui.panels import problem
from ui.wording import escaped, facts_html, percent

ROUTER, BELOW = "router", "below"  # in the URL of Domains
TEXT_LIMIT = 8_000  # characters of all definitions
SAID = "domains_router_said"
EDIT_HELP = "One line for each domain: its name, a colon, what belongs to it. Their order is part of the question."


def pick_router(rows: Sequence[RouterRow]) -> RouterRow | None:
    """The router in hand, its latest version: the URL's, else the first; None for an unknown one."""
    by_name = {row.name: row for row in rows}
    wanted = st.query_params.get(ROUTER) or rows[0].name
    key = "domains_router"
    st.session_state[key] = wanted if wanted in by_name else None
    st.selectbox(
        "Router", list(by_name), key=key, format_func=lambda name: by_name[name].label, label_visibility="collapsed",
        placeholder="Choose a router", on_change=lambda: _open(st.session_state[key]),
    )  # fmt: skip
    return by_name.get(wanted)


def _open(name: str | None) -> None:
    if name:
        st.query_params[ROUTER] = name


def pick_threshold() -> float:
    """Below which probability an item goes to the default domain; in steps of 5 %, kept in the URL."""
    wanted = frame.number(st.query_params.get(BELOW, "")) if BELOW in st.query_params else None
    key = "domains_threshold"
    chosen = round(100 * DEFAULT_THRESHOLD) if wanted is None else min(wanted, 100)
    st.session_state[key] = 5 * round(chosen / 5)
    st.slider(
        "Sure enough from", 0, 100, step=5, format="%d %%", key=key,
        help="Below this probability of its first choice an item goes to the default domain.",
        on_change=lambda: st.query_params.update({BELOW: str(st.session_state[key])}),
    )  # fmt: skip
    return float(st.session_state[key]) / 100


def show_definitions(router: RouterRow) -> None:
    """What the model is told of each domain, and the form that changes it."""
    st.html(facts_html(dict(router.body.domains)))
    with st.popover("Edit the definitions", key="domains_edit_panel", icon=":material/edit:", type="tertiary"):
        _form(router)


def _form(router: RouterRow) -> None:
    at_name, at_text = f"domains_name_{router.router_id}", f"domains_text_{router.router_id}"
    st.session_state.setdefault(at_name, "" if router.is_builtin else router.name)
    st.session_state.setdefault(at_text, routing_store.text_of_body(router.body))
    st.text_input("Name", key=at_name, max_chars=version_store.NAME_LIMIT, placeholder="a name of your own")
    st.text_area("Domains", key=at_text, height=190, max_chars=TEXT_LIMIT, help=EDIT_HELP)
    st.caption("Kept as a new version: runs and guesses of the versions before stay as they are.")
    st.button("Save", key="domains_save", type="primary", on_click=_save, args=(at_name, at_text))
    said = st.session_state.pop(SAID, None)
    if said:
        problem(said)


def _save(at_name: str, at_text: str) -> None:
    try:
        body = routing_store.body_of_text(str(st.session_state[at_text]))
        row = routing_store.add_router_version(resources.sessions(), str(st.session_state[at_name]), body=body)
    except ServiceError as error:
        st.session_state[SAID] = str(error)
        return
    st.query_params[ROUTER] = row.name
    st.toast(escaped(f"Saved {row.name}, version {row.version}."))


def threshold_words(threshold: float) -> str:
    """The threshold in words: "below 50 %"."""
    return f"below {percent(threshold)}"
