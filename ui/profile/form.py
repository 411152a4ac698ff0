"""Which criteria sets a profile shows and what each weighs; the choice lives in the page's address.

    ?weights=helpful=1&weights=safety:safety=2      as services/criteria/profile_weights.py reads it

Leaves out the figure and the computing (panel.py).
"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from services.criteria import store as criteria_store
from services.criteria.profile_weights import SETS_LIMIT, WeightedSets, read_weights
from services.criteria.store import CriteriaRow
from services.errors import NotFound, ServiceError
from ui import resources
from ui.pairs.pickers import criteria_label
from ui.panels import problem
from ui.wording import escaped

WEIGHTS = "weights"  # name in the URL, once for each weight
USUAL = ("helpful", "reasoning", "safety")
NOTHING = "none"  # lifts nothing by definition
WEIGHT_LIMIT = 100.0
IN_ROW = 4


def weights_form(page: str, *, pair: str, domain: str | None) -> WeightedSets | None:
    """The sets in hand with their weights; None when none is chosen.

    Args:
        page: first part of the widgets' keys.
        domain: of the item; its weights may differ from those of every domain.
    """
    rows = {row.name: row for row in _offered(pair) if row.name != NOTHING}
    weights = _in_hand(rows, pair)
    at_sets, at_scope = st.columns([3, 2], vertical_alignment="bottom")
    key = f"{page}_profile_sets"
    st.session_state[key] = [row.name for row in weights.sets if row.name in rows]
    at_sets.multiselect(
        "Criteria sets", list(rows), key=key, format_func=lambda name: criteria_label(rows[name]),
        max_selections=SETS_LIMIT, placeholder="Choose sets", on_change=_choose, args=(key, weights),
    )  # fmt: skip
    with at_scope:
        scope = _pick_scope(page, weights, domain)
    if not weights.sets:
        return None
    _weight_inputs(page, weights, scope)
    return weights


def _offered(pair: str) -> Sequence[CriteriaRow]:
    """What suits the pair; everything for a pair that is in no catalogue (of several models weighed at once)."""
    try:
        return criteria_store.list_criteria(resources.sessions(), pair=pair)
    except NotFound:
        return criteria_store.list_criteria(resources.sessions())


def _in_hand(rows: dict[str, CriteriaRow], pair: str) -> WeightedSets:
    """The URL's sets; else each own line of a closed pair, or the usual three. An empty list was emptied by hand."""
    texts = list(st.query_params.get_all(WEIGHTS))
    try:
        if texts:
            return WeightedSets((), {}, {}) if texts == [""] else read_weights(resources.sessions(), texts)
    except ServiceError as error:
        problem(f"{error}; the usual sets are shown instead")
    own = [row.name for row in rows.values() if row.is_builtin and row.name.startswith(f"{pair}-")]
    return read_weights(resources.sessions(), own or [name for name in USUAL if name in rows])


def _pick_scope(page: str, weights: WeightedSets, domain: str | None) -> str | None:
    """Whether weights are changed for every domain (None) or for the item's alone."""
    if domain is None:
        return None
    key = f"{page}_profile_scope"
    options = ["every domain", domain]
    if st.session_state.get(key) not in options:
        st.session_state[key] = domain if weights.in_domain.get(domain) else "every domain"
    chosen = st.segmented_control(
        "Weights for", options, key=key, required=True,
        format_func=lambda name: name if name == "every domain" else f"{escaped(name)} only",
    )  # fmt: skip
    return domain if chosen == domain else None


def _weight_inputs(page: str, weights: WeightedSets, scope: str | None) -> None:
    names = [row.name for row in weights.sets]
    shown = weights.of(scope) if scope is not None else {name: weights.in_every_domain.get(name, 0.0) for name in names}
    for start in range(0, len(names), IN_ROW):
        for column, name in zip(st.columns(IN_ROW), names[start : start + IN_ROW], strict=False):
            key = f"{page}_profile_weight_{name}"
            st.session_state[key] = max(-WEIGHT_LIMIT, min(WEIGHT_LIMIT, shown[name]))
            column.number_input(
                f"Weight of {escaped(name)}", -WEIGHT_LIMIT, WEIGHT_LIMIT, step=0.25, key=key,
                on_change=_weigh, args=(key, name, scope, weights),
            )  # fmt: skip


def _choose(key: str, before: WeightedSets) -> None:
    """Other sets: those that stay keep their weights, a new one weighs 1."""
    names: Sequence[str] = st.session_state[key]
    had = {row.name for row in before.sets}
    everywhere = {name: before.in_every_domain.get(name, 0.0 if name in had else 1.0) for name in names}
    in_domain = {
        domain: {name: weight for name, weight in own.items() if name in names}
        for domain, own in before.in_domain.items()
    }
    _to_url(WeightedSets((), everywhere, in_domain))


def _weigh(key: str, name: str, scope: str | None, before: WeightedSets) -> None:
    weight = float(st.session_state[key])
    if scope is None:
        _to_url(WeightedSets((), {**before.in_every_domain, name: weight}, before.in_domain))
        return
    own = {**before.in_domain.get(scope, {}), name: weight}
    _to_url(WeightedSets((), before.in_every_domain, {**before.in_domain, scope: own}))


def _to_url(weights: WeightedSets) -> None:
    st.query_params[WEIGHTS] = weights.to_texts() or [""]
