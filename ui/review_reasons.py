"""The panel after an override: why was the suggestion not taken? Tags and a note, both optional.

The override itself is saved before the panel shows. Saving reasons appends a decision that supersedes it; nothing given
or nothing changed appends nothing. It is a form, so that keys typed into the note never reach the shortcuts.
"""

from __future__ import annotations

import streamlit as st

from services.review_rows import NOTE_LIMIT, REASON_TAGS
from ui.review_actions import Turn, commit, go_on, key
from ui.review_head import clock


def reasons_panel(turn: Turn) -> None:
    """Tags, note and "Save reasons and next" (Enter), filled with what was saved before."""
    decision = turn.item.decision
    if decision is None or decision.verdict != "override":
        return
    item_id = turn.item.item_id
    with st.form(key("reasons_form", item_id), border=False):
        st.pills(
            f"Override saved {clock(decision.created_at)}: {decision.chosen_letter} is best. Why?",
            REASON_TAGS,
            selection_mode="multi",
            default=[tag for tag in decision.reason_tags if tag in REASON_TAGS],
            key=key("reasons", item_id),
        )
        note, save = st.columns([4, 1.3], vertical_alignment="bottom")
        note.text_input(
            "Note",
            value=decision.note,
            key=key("note", item_id),
            max_chars=NOTE_LIMIT,
            placeholder="A note, if you like",
            label_visibility="collapsed",
        )
        save.form_submit_button(
            "Save reasons and next",
            key=key("save_reasons", item_id),
            shortcut="Enter",
            type="primary",
            width="stretch",
            on_click=_on_save,
            args=(turn,),
        )


def _on_save(turn: Turn) -> None:
    decision = turn.item.decision
    if decision is None:
        return
    tags = tuple(tag for tag in REASON_TAGS if tag in (st.session_state.get(key("reasons", turn.item.item_id)) or ()))
    note = (st.session_state.get(key("note", turn.item.item_id)) or "").strip()
    is_changed = set(tags) != set(decision.reason_tags) or note != decision.note
    if is_changed:
        chosen = decision.chosen_candidate_id
        if commit(turn, "best", chosen_candidate_id=chosen, reason_tags=tags, note=note) is None:
            return
    go_on(turn, "override")
