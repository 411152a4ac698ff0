"""What becomes of a draft: adopted as a new version, or discarded; and the line that says where it stands.

Adopting asks for a name where the set is built in or new to nobody's list. Nothing typed is lost by a refusal. Leaves
out the edits (editor.py).
"""

from __future__ import annotations

import streamlit as st

from services import version_store
from services.criteria import drafts as criteria_drafts
from services.criteria import store as criteria_store
from services.errors import Refused
from ui import frame, resources
from ui.criteria.overrides import FROM_REVIEW
from ui.criteria.state import CHANGED, FAILURES, SAID, UNDO, InHand, Undo, line_of, open_set, set_names, take_back, tell
from ui.panels import note, problem
from ui.prose import badge, safe
from ui.review.head import clock

ADOPTED = "criteria_adopted"  # session key: (name, version) to say once
REFUSED = "criteria_adopt_refused"  # session key: why the name will not do


def show_standing(in_hand: InHand) -> None:
    """The line over the editor: what is on the screen, when it was saved, and the two ways a draft ends."""
    with st.container(key="criteria_standing", horizontal=True, vertical_alignment="center", gap="small"):
        st.html(_standing_html(in_hand), width="stretch")
        if in_hand.draft is not None and in_hand.shown is not None:
            st.button("Back to the draft", key="criteria_back", on_click=open_set, args=(in_hand.name,))
        elif in_hand.draft is not None:
            _undo_button(in_hand)
            adopt_panel(in_hand, key="criteria_adopt")
            discard_panel(in_hand, key="criteria_discard")
    _newer(in_hand)


def _undo_button(in_hand: InHand) -> None:
    """Takes the last addition or removal back, until something else is changed."""
    undo: Undo | None = st.session_state.get(UNDO)
    if undo is not None and (undo.name, undo.annotator) == (in_hand.name, in_hand.annotator):
        st.button(
            "Undo", key="criteria_take_back", icon=":material/undo:", type="tertiary", help=frame.plain(undo.what),
            on_click=take_back,
        )  # fmt: skip


def _standing_html(in_hand: InHand) -> str:
    if in_hand.draft is not None and in_hand.shown is None:
        base = "new" if in_hand.base is None else f"from v{in_hand.base.version}"
        when = clock(in_hand.draft.updated_at)
        words = (
            f'{badge("draft", kind="accent")} {safe(in_hand.name)}, {base} · <span class="t-accent">Saved {when}</span>'
        )
        return (
            f'<div class="t-runline">{words} <span class="t-muted">· each field is saved as you leave it</span></div>'
        )
    row = in_hand.shown
    if row is None:
        return ""
    kind = "built in, " if row.is_builtin else ""
    rest = "Your draft of this set is kept." if in_hand.draft is not None else "Edit it to begin a draft."
    title = f"{row.title} · " if row.title and row.title != row.name else ""
    words = f"{title}{kind}version {row.version} · {rest}"
    return f'<div class="t-runline" dir="auto">{safe(words[:1].upper() + words[1:])}</div>'


def _newer(in_hand: InHand) -> None:
    """Somebody adopted a version since the draft began."""
    if in_hand.draft is None or in_hand.shown is not None:
        return
    newer = criteria_drafts.newer_than_base(resources.sessions(), in_hand.draft)
    if newer is not None:
        note(f"Version {newer.version} of {newer.name} was adopted since this draft began; Compare shows it.")


def adopt_panel(in_hand: InHand, *, key: str) -> None:
    """Adopt: at once for a set of one's own, with a name asked where the set is built in."""
    if not in_hand.is_builtin:
        n = in_hand.versions[0].version + 1 if in_hand.versions else 1
        st.button(
            f"Adopt as v{n}", key=key, type="primary", icon=":material/check:", on_click=_adopt, args=(in_hand, None)
        )
        return
    with st.popover("Adopt", key=f"{key}_panel", type="primary", icon=":material/check:"):
        st.caption("Built-in sets stay as they are: the draft becomes version 1 of a set of yours.")
        name_key = f"{key}_name"
        if name_key not in st.session_state:
            st.session_state[name_key] = _free_name(in_hand.name)
        st.text_input("Name", key=name_key, max_chars=version_store.NAME_LIMIT)
        st.button("Adopt", key=key, type="primary", on_click=_adopt, args=(in_hand, name_key))
        said = st.session_state.pop(REFUSED, None)
        if said:
            problem(said)


def _free_name(name: str) -> str:
    taken = set_names()
    names = (f"my-{name}", *(f"my-{name}-{n}" for n in range(2, 100)))
    return next((one for one in names if one not in taken), "")[: version_store.NAME_LIMIT]


def _adopt(in_hand: InHand, name_key: str | None) -> None:
    wanted = in_hand.name if name_key is None else str(st.session_state.get(name_key, "")).strip()
    sessions = resources.sessions()
    try:
        if in_hand.editing.problems:
            raise Refused(f"not adopted: {in_hand.editing.problems[0]}; finish or remove it")
        taken = [row.name for row in criteria_store.list_criteria(sessions)]
        if name_key is not None and wanted in taken:
            raise Refused(f"the name {wanted!r} is taken; give another")
        title = wanted if name_key is not None or not in_hand.versions else None
        row = criteria_drafts.adopt_draft(sessions, in_hand.annotator, in_hand.name, as_name=wanted, title=title)
    except FAILURES as error:
        if name_key is None:
            tell(line_of(error), is_error=True)
        else:
            st.session_state[REFUSED] = line_of(error)
        return
    st.session_state.pop(UNDO, None)
    st.session_state[ADOPTED] = (row.name, row.version)
    open_set(row.name, keeps_trials=True)  # they were made of exactly this text


def discard_panel(in_hand: InHand, *, key: str) -> None:
    """Discard, asked once."""
    with st.popover("Discard", key=f"{key}_panel", type="tertiary", icon=":material/delete:"):
        st.write("The draft goes for good; adopted versions stay.")
        st.button("Yes, discard it", key=key, type="primary", on_click=_discard, args=(in_hand,))


def _discard(in_hand: InHand) -> None:
    sessions = resources.sessions()
    try:
        if criteria_drafts.find_draft(sessions, in_hand.annotator, in_hand.name) not in (None, in_hand.draft):
            raise Refused(f"not discarded: {CHANGED}")
        criteria_drafts.discard_draft(sessions, in_hand.annotator, in_hand.name)
    except FAILURES as error:
        tell(line_of(error), is_error=True)
        return
    st.session_state.pop(UNDO, None)
    tell("Discarded the draft.")
    if in_hand.versions:
        open_set(in_hand.name)
    else:
        st.query_params.clear()


def show_said() -> None:
    """The line a button left, once, and what was just adopted."""
    adopted = st.session_state.pop(ADOPTED, None)
    if adopted is not None:
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key="criteria_adopted"):
            note(f"Adopted as {adopted[0]}, version {adopted[1]}. Weigh a dataset under it to use it.")
            frame.page_link(frame.RUNS, "Weigh on Runs")
    found = st.session_state.pop(SAID, None)
    if found is None:
        return
    is_error, line = found
    if is_error:
        problem(line)
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="criteria_notice"):
        note(line)
        if st.session_state.pop(FROM_REVIEW, False):
            frame.page_link(frame.REVIEW, "Back to Review")
