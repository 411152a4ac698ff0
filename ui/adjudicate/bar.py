"""What an adjudicator presses: what one person said, or an answer of their own; undo, note, next case, with keys."""

from __future__ import annotations

import streamlit as st

from services.adjudication import CaseDecision
from services.reviews.rows import NOTE_LIMIT
from ui import frame
from ui.adjudicate.actions import Turn, on_best, on_take, on_tie, on_undo, show_case
from ui.adjudicate.words import decision_html, letters_of, settled_words
from ui.prose import safe

NUMBER_KEYS = 9
A_ROW = 4  # cards beside each other
KEYS = (
    ("1 to 9", "this response is the best"),
    ("0", "no difference"),
    ("Enter", "next case, once this one is settled"),
    ("Right", "next case, this one left open"),
    ("U", "take back what was settled"),
)


def said_panel(turn: Turn) -> None:
    """What each person said, side by side, each with a button that settles the case so."""
    letters = letters_of(turn.case)
    said = turn.case.decisions
    for start in range(0, len(said), A_ROW):
        for column, one in zip(st.columns(min(A_ROW, max(2, len(said)))), said[start : start + A_ROW], strict=False):
            name = turn.key(f"said_{one.person.replace(' ', '_').lower()}")
            with column, st.container(key=name, height="stretch", gap="xxsmall"):
                st.html(decision_html(one, letters))
                _take_button(turn, one)


def _take_button(turn: Turn, said: CaseDecision) -> None:
    if turn.case.is_settled or said.said in ("skip", "flag"):
        return
    st.button(
        "Settle it so",
        key=turn.key(f"take_{said.person.replace(' ', '_').lower()}"),
        on_click=on_take,
        args=(turn, said),
        type="tertiary",
    )


def action_bar(turn: Turn, *, next_item_id: int | None) -> None:
    """The foot of the screen: what is settled, or the buttons that settle it."""
    if turn.case.settled is not None:
        settled = settled_words(turn.case.settled, letters_of(turn.case))
        who = f"Settled by {safe(turn.case.settled.annotator)}:"
        note = f' <span class="t-muted">{safe(turn.case.settled.note)}</span>' if turn.case.settled.note else ""
        st.html(f'<div class="t-decided" dir="auto">{who} <b>{safe(settled)}</b>{note}</div>')
    with st.container(key="adjudicate_actions", horizontal=True, gap="xsmall", vertical_alignment="center"):
        if turn.case.is_settled:
            _next_button(turn, next_item_id, is_primary=True)
            st.button("Undo", key=turn.key("undo"), shortcut="U", type="tertiary", on_click=on_undo, args=(turn,))
            return
        for number, one in enumerate(turn.case.candidates, start=1):
            shortcut = str(number) if number <= NUMBER_KEYS else None
            st.button(
                f"{one.letter} is best", key=turn.key(f"best_{number}"), shortcut=shortcut, on_click=on_best,
                args=(turn, one.candidate_id),
            )  # fmt: skip
        st.button("No difference", key=turn.key("tie"), shortcut="0", on_click=on_tie, args=(turn,))
        with st.popover("Note", key=turn.key("note_panel"), type="tertiary", icon=":material/edit_note:"):
            st.text_area("Why, in a line or two", key=turn.key("note"), max_chars=NOTE_LIMIT)
        _next_button(turn, next_item_id, is_primary=False)


def _next_button(turn: Turn, next_item_id: int | None, *, is_primary: bool) -> None:
    if next_item_id is None and not is_primary:
        return
    st.button(
        "Next case" if next_item_id is not None else "Back to the list",
        key=turn.key("next"),
        shortcut="Enter" if is_primary else "Right",
        type="primary" if is_primary else "tertiary",
        on_click=show_case,
        args=(next_item_id,),
    )


def help_panel() -> None:
    """Every key of the page."""
    with st.popover("Keys", icon=":material/keyboard:", key="adjudicate_help", type="tertiary"):
        rows = "".join(f"<tr><td><kbd>{safe(name)}</kbd></td><td>{safe(what)}</td></tr>" for name, what in KEYS)
        st.html(f'<table class="t-keys">{rows}</table>')


def not_allowed(line: str) -> None:
    """Somebody who may not adjudicate."""
    frame.empty_state(
        "For adjudicators", frame.plain(line), key="adjudicate_role", link=frame.PEOPLE, label="See who may"
    )
