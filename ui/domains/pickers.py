"""The picker of where a run takes its items' domains from; the form that starts a run shows it.

Leaves out what a routing does (services/routing/runs.py) and correcting domains (the Domains page).
"""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from services.datasets import DatasetRow
from services.errors import Refused
from services.pairs.catalogue import PairRow
from services.routing import dataset as routing
from services.routing.choice import BY_COLUMN, DEFAULT_THRESHOLD, Routing
from ui import resources
from ui.panels import note
from ui.wording import count

WORDS = {"column": "the file's own column", "fixed": "one for all", "router": "by the router"}
HELP = "Criteria that differ by domain need to know each item's. A correction by hand comes before the router."


def pick_routing(key: str, dataset: DatasetRow, pair: PairRow) -> Routing | None:
    """The routing chosen in this form; None, with the reason on the page, while what is typed is none.

    Args:
        key: first part of the widgets' keys: `<key>_domains`, `<key>_domain`, `<key>_router`, `<key>_threshold`.
        pair: its strong model would be asked.
    """
    by = st.radio("Domains", list(WORDS), key=f"{key}_domains", format_func=WORDS.get, horizontal=True, help=HELP)
    counts = routing.domain_counts(resources.sessions(), dataset.dataset_id)
    if by == "fixed":
        return _fixed(key, counts)
    if by == "router":
        return _router(key, pair)
    st.caption(column_words(counts))
    return BY_COLUMN


def column_words(counts: Mapping[str | None, int]) -> str:
    """What the file says of domains, in a line."""
    named = {name: n for name, n in counts.items() if name}
    n_none = sum(n for name, n in counts.items() if not name)
    if not named:
        return "The file names no domains: the criteria's default counts for every item."
    rest = f"; {count(n_none, 'item')} without one" if n_none else ""
    return f"The file names {count(len(named), 'domain')} for {count(sum(named.values()), 'item')}{rest}."


def _fixed(key: str, counts: Mapping[str | None, int]) -> Routing | None:
    known = [row for row in routing.list_routers(resources.sessions()) if row.is_builtin]
    names = list(dict.fromkeys([*(name for router in known for name in router.body.names), *filter(None, counts)]))
    name = st.selectbox("The domain of all items", names, key=f"{key}_domain", accept_new_options=True)
    try:
        return Routing("fixed", domain=name)
    except Refused as refused:
        note(str(refused))
        return None


def _router(key: str, pair: PairRow) -> Routing:
    rows = {row.router_id: row for row in routing.list_routers(resources.sessions())}
    at_router, at_threshold = st.columns(2)
    router_id = at_router.selectbox(
        "Router", list(rows), key=f"{key}_router", format_func=lambda number: rows[number].label
    )
    percent = at_threshold.slider(
        "Sure enough from", 0, 100, round(100 * DEFAULT_THRESHOLD), step=5, format="%d %%", key=f"{key}_threshold",
        help="Below this probability of its first choice an item goes to the criteria's default.",
    )  # fmt: skip
    st.caption("The strong model is asked about each item before it is weighed. Domains shows how often it is right.")
    return Routing("router", router_id=router_id, threshold=percent / 100)
