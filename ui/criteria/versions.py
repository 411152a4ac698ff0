"""Compare: two versions of a set, or a version and the draft, word by word. Reads versions; writes nothing.

Leaves out the diff itself (diff.py).
"""

from __future__ import annotations

import streamlit as st

from services.criteria.store import CriteriaBody
from ui.criteria.diff import diff_html
from ui.criteria.state import InHand
from ui.prose import safe
from ui.wording import moment

BEFORE, AFTER = "criteria_before", "criteria_after"
DRAFT = 0


def show_versions(in_hand: InHand) -> None:
    """Two pickers and what differs."""
    bodies: dict[int, CriteriaBody] = {row.version: row.body for row in in_hand.versions}
    labels = {row.version: f"v{row.version}, {moment(row.created_at)}" for row in in_hand.versions}
    if in_hand.draft is not None:
        bodies = {DRAFT: in_hand.draft.body} | bodies
        labels = {DRAFT: "the draft"} | labels
    if len(bodies) < 2:
        st.caption("There is one version and no draft of it, so there is nothing to compare yet.")
        return
    numbers = list(bodies)
    base = in_hand.base.version if in_hand.base is not None and in_hand.draft is not None else numbers[1]
    left, right, _ = st.columns([1, 1, 2])
    before = _pick(left, "From", BEFORE, numbers, labels, default=base)
    after = _pick(right, "To", AFTER, numbers, labels, default=numbers[0])
    html = diff_html(bodies[before], bodies[after])
    if not html:
        st.caption("The two say the same.")
        return
    st.html(
        f'<div class="t-runline">{safe(labels[before])} → {safe(labels[after])}: <del class="t-del">removed</del> '
        '<ins class="t-ins">added</ins></div>' + html
    )


def _pick(place: st.delta_generator.DeltaGenerator, label: str, key: str, numbers: list[int], labels: dict[int, str], *,
          default: int) -> int:  # fmt: skip
    if st.session_state.get(key) not in numbers:
        st.session_state[key] = default if default in numbers else numbers[-1]
    return int(place.selectbox(label, numbers, key=key, format_func=lambda number: labels[number]))
