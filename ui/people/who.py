"""Who decides: the table of people, and giving a role. The one write happens in the button's callback."""

from __future__ import annotations

import streamlit as st

from services import annotators
from services.errors import ServiceError
from services.people.roster import RosterRow, roster
from ui import frame, resources
from ui.panels import problem
from ui.people.read import Version, answers_of
from ui.people.words import ROLE_WORDS, ROSTER_HEADS, ROSTER_NUMBERS, roster_row
from ui.plain_table import table_html

SAID = "people_said"  # session key: (is_error, one line) to show once
WHO, ROLE = "people_who", "people_role"  # keys of the pickers


def show_who(version: Version) -> None:
    """Everyone, and the form that gives a role."""
    rows = roster(resources.sessions(), answers_of(version))
    if not rows:
        st.caption(
            "Nobody has decided on anything yet. Who does shows here, with what they did; roles can be given then."
        )
        return
    shown = sorted(rows, key=lambda row: (row.did.n_items == 0, row.name.casefold()))
    table = table_html(ROSTER_HEADS, map(roster_row, shown), numbers=ROSTER_NUMBERS, days=(13,))
    st.html(f'<div class="t-wide">{table}</div>')
    st.caption(
        "Items whose answer counts now, by verdict; blind: given before the suggestion was seen; again: shown a second "
        "time; undone: taken back. Intervals are at 95 %."
    )
    _roles(rows)


def _roles(rows: tuple[RosterRow, ...]) -> None:
    """One person, one role, one button; what a role means stands beside it."""
    st.markdown("**Roles**")
    by = frame.annotator()
    has_admin = any(row.role == annotators.ADMIN for row in rows)
    if not has_admin:
        st.caption("Nobody is an admin, so everybody may do everything. Make somebody an admin to keep roles.")
    may_set = annotators.may(resources.sessions(), by, annotators.SET_ROLES)
    if not may_set:
        st.caption(f"Only an admin gives roles; you are here as {frame.plain(by)}.")
    names = [row.name for row in rows]
    roles = {row.name: row.role for row in rows}
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.selectbox("Person", names, key=WHO, width=260, format_func=lambda name: f"{name}, {roles.get(name, '')}")
        st.selectbox(
            "Role", annotators.ROLES, key=ROLE, width=420, format_func=lambda role: f"{role}: {ROLE_WORDS[role]}"
        )
        st.button("Give the role", key="people_give", on_click=_give, disabled=not (may_set and names), args=(by,))
    said = st.session_state.pop(SAID, None)
    if said is not None:
        is_error, line = said
        problem(line) if is_error else st.caption(line)


def _give(by: str) -> None:
    name, role = str(st.session_state.get(WHO) or ""), str(st.session_state.get(ROLE) or "")
    try:
        annotators.set_role(resources.sessions(), name=name, role=role, by=by)
    except ServiceError as error:
        st.session_state[SAID] = (True, str(error))
        return
    st.session_state[SAID] = (False, f"{frame.plain(name)} has the role {role} now.")
