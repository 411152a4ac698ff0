"""The panel after a decision: why this one? Tags and a note, both optional.

The decision itself is saved before the panel shows. Saving reasons appends a decision that supersedes it; nothing given
or nothing changed appends nothing. The note is a form, so that Enter in it saves and its letters reach no shortcut.
After an override Enter saves the reasons; on an accept or a tie Enter keeps it and goes on, with the tags picked.
"""

from __future__ import annotations

import streamlit as st

from services.reviews.rows import NOTE_LIMIT, REASON_TAGS, DecisionRow, ReviewItem
from ui.prose import safe
from ui.review import exemplar as review_exemplar
from ui.review.actions import LABELS, Turn, commit, go_on, is_on_screen, key
from ui.review.head import day_and_clock
from ui.review.ranking import draft_of, ranking_line

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
    """What was decided; tags, note and a button to save them, filled with what was saved before."""
    item, decision = turn.item, turn.item.decision
    if decision is None or decision.verdict not in LABELS or draft_of(item) is not None:
        return
    picked = picked_tags(item)
    with st.container(key="review_tags_bar", horizontal=True, gap="xsmall", vertical_alignment="center"):
        st.html(decided_html(item, decision), width="content")
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
        _note_and_save(turn, decision)


def _note_and_save(turn: Turn, decision: DecisionRow) -> None:
    """The form. After an override its button has Enter and goes on, and an exemplar can be made of it."""
    item, is_override = turn.item, decision.verdict == "override"
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
        shortcut="Enter" if is_override else None,
        type="primary" if is_override else "secondary",
        width="stretch",
        on_click=_on_save,
        args=(turn,),
    )
    if is_override and item.suggestion is not None:
        make.form_submit_button(
            "Make it an exemplar",
            key=key("exemplar", item),
            shortcut="E",
            help="Your choice as the good response, the suggestion as the bad one, the reasons as why.",
            width="stretch",
            on_click=_on_exemplar,
            args=(turn,),
        )


def decided_html(item: ReviewItem, decision: DecisionRow) -> str:
    """What was decided and when, and the question."""
    what = {"accept": f"Accepted {decision.chosen_letter}.", "tie": "Tie."}.get(
        decision.verdict, f"{decision.chosen_letter} is best."
    )
    if decision.request == "rank":
        word = "Accepted" if decision.verdict == "accept" else "Ranked"
        what = f"{word}: {ranking_line(item, decision.ranking)}."
    if decision.strength:
        what = f"{what[:-1]} ({'+' if decision.strength > 0 else '−'}{abs(decision.strength)})."
    blind = " blind" if decision.is_blind else ""
    when = day_and_clock(decision.created_at)
    return f"<b>{safe(what)}</b> <span class='t-muted'>Saved{blind} {when}. Why?</span>"


def picked_tags(item: ReviewItem) -> tuple[str, ...]:
    """The tags picked on this screen; at first those of the decision."""
    screen, picked = st.session_state.get(TAGS, ("", ()))
    if screen == key("tags", item):
        return tuple(picked)
    return () if item.decision is None else item.decision.reason_tags


def _flip(item: ReviewItem, tag: str) -> None:
    picked = set(picked_tags(item)) ^ {tag}
    st.session_state[TAGS] = (key("tags", item), tuple(known for known in REASON_TAGS if known in picked))


def on_keep(turn: Turn) -> None:
    """On to the next; what was decided stands, with the tags picked since."""
    if not is_on_screen(turn):
        return
    decision = turn.item.decision
    if decision is None or decision.verdict not in LABELS or _keep(turn) is not None:
        go_on(turn, "keep")


def _on_save(turn: Turn) -> None:
    if _keep(turn) is not None:
        go_on(turn, "keep")


def _on_exemplar(turn: Turn) -> None:
    decision = _keep(turn)
    if decision is not None:
        review_exemplar.make(turn, decision)


def _keep(turn: Turn) -> DecisionRow | None:
    """Tags and note saved with the decision, where they changed; what stands now, None when it was refused."""
    item, decision = turn.item, turn.item.decision
    if decision is None or not is_on_screen(turn):
        return None
    tags = picked_tags(item)
    note = str(st.session_state.get(key("note", item), decision.note) or "").strip()
    is_changed = set(tags) != set(decision.reason_tags) or note != decision.note
    return _say_again(turn, decision, tags, note) if is_changed else decision


def _say_again(turn: Turn, decision: DecisionRow, tags: tuple[str, ...], note: str) -> DecisionRow | None:
    """The same decision with these reasons."""
    if decision.request == "rank":
        return commit(turn, "rank", ranking=decision.ranking, reason_tags=tags, note=note)
    if decision.verdict == "tie":
        return commit(turn, "tie", strength=decision.strength, reason_tags=tags, note=note)
    chosen = decision.chosen_candidate_id
    return commit(
        turn, "best", chosen_candidate_id=chosen, strength=decision.strength, reason_tags=tags, note=note
    )  # fmt: skip
