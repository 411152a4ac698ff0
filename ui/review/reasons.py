"""The panel after an override: why was the suggestion not taken? Tags and a note, both optional.

The override itself is saved before the panel shows. Saving reasons appends a decision that supersedes it; nothing given
or nothing changed appends nothing. The note is a form, so that Enter in it saves and its letters reach no shortcut.
"""

from __future__ import annotations

import streamlit as st

from services.reviews.rows import NOTE_LIMIT, REASON_TAGS, DecisionRow, ReviewItem
from ui.review import exemplar as review_exemplar
from ui.review.actions import Turn, commit, go_on, is_on_screen, key
from ui.review.head import clock

TAG_KEYS = {
    "wrong fact": "W",
    "bad reasoning": "G",
    "unsafe": "N",
    "ignores instruction": "I",
    "too long": "L",
    "too short": "H",
    "style": "Y",
    "other": "O",
}
TAGS = "review_tags"  # session key: (widget key of the screen, tags picked on it)


def reasons_panel(turn: Turn) -> None:
    """Tags, note and "Save reasons and next" (Enter), filled with what was saved before."""
    item, decision = turn.item, turn.item.decision
    if decision is None or decision.verdict != "override":
        return
    picked = picked_tags(item)
    when = clock(decision.created_at)
    with st.container(key="review_tags_bar", horizontal=True, gap="xsmall", vertical_alignment="center"):
        st.html(
            f"<b>{decision.chosen_letter} is best.</b> <span class='t-muted'>Saved {when}. Why?</span>", width="content"
        )
        for tag in REASON_TAGS:
            is_on = tag in picked
            st.button(
                tag,
                key=key(f"tag_{'on' if is_on else 'off'}_{tag.replace(' ', '-')}", item),
                shortcut=TAG_KEYS.get(tag),
                type="primary" if is_on else "secondary",
                on_click=_flip,
                args=(item, tag),
            )
    with st.form(key("reasons_form", item), border=False):
        note, save, make = st.columns([4, 1.3, 1.2], vertical_alignment="bottom")
        note.text_input(
            "Note",
            value=decision.note,
            key=key("note", item),
            max_chars=NOTE_LIMIT,
            placeholder="A note, if you like",
            label_visibility="collapsed",
        )
        save.form_submit_button(
            "Save reasons and next",
            key=key("save", item),
            shortcut="Enter",
            type="primary",
            width="stretch",
            on_click=_on_save,
            args=(turn,),
        )
        if item.suggestion is not None:
            make.form_submit_button(
                "Make it an exemplar",
                key=key("exemplar", item),
                shortcut="E",
                help="Your choice as the good response, the suggestion as the bad one, the reasons as why.",
                width="stretch",
                on_click=_on_exemplar,
                args=(turn,),
            )


def picked_tags(item: ReviewItem) -> tuple[str, ...]:
    """The tags picked on this screen; at first those of the decision."""
    screen, picked = st.session_state.get(TAGS, ("", ()))
    if screen == key("tags", item):
        return tuple(picked)
    return () if item.decision is None else item.decision.reason_tags


def _flip(item: ReviewItem, tag: str) -> None:
    picked = set(picked_tags(item)) ^ {tag}
    st.session_state[TAGS] = (key("tags", item), tuple(known for known in REASON_TAGS if known in picked))


def _on_save(turn: Turn) -> None:
    if _keep(turn) is not None:
        go_on(turn, "override")


def _on_exemplar(turn: Turn) -> None:
    decision = _keep(turn)
    if decision is not None:
        review_exemplar.make(turn, decision)


def _keep(turn: Turn) -> DecisionRow | None:
    """Tags and note saved with the override, where they changed; the decision that stands, None when it was refused."""
    item, decision = turn.item, turn.item.decision
    if decision is None or not is_on_screen(turn):
        return None
    tags = picked_tags(item)
    note = (st.session_state.get(key("note", item)) or "").strip()
    is_changed = set(tags) != set(decision.reason_tags) or note != decision.note
    if not is_changed:
        return decision
    return commit(turn, "best", chosen_candidate_id=decision.chosen_candidate_id, reason_tags=tags, note=note)
