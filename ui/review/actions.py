"""What the reviewer can do on an item: the buttons with their keys, and the one write each of them makes.

A button's callback runs before the page is drawn again: it commits the decision, then names the item to show next, so
that the next screen never stands before the decision is safe. Every button carries the screen it belongs to in its key
(item and decision), so that a clicked button does not keep the focus and Enter means what the bar says. A press that
was meant for the screen before does nothing (`is_on_screen`). Leaves out the reasons (reasons.py).
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from services.errors import ServiceError
from services.reviews import review as reviews
from services.reviews.rows import DecisionRow, ReviewCandidate, ReviewItem
from ui import frame, resources

NOTICE = "review_notice"  # session key: (is_error, one line) to show once
SAVED_AT = "review_saved_at"  # session key: time of the last decision of this session, UTC
SHOWN = "review_shown"  # session key: (item id, submission token, monotonic time) of the screen shown
IS_TOKENS = "review_is_tokens"  # session key: whether the token view is on
IS_DONE = "review_is_done"  # session key: show the closing panel rather than an item
NUMBER_KEYS = 9
FAILURES: tuple[type[Exception], ...] = (ServiceError, *resources.DATABASE_ERRORS)


@dataclass(frozen=True, slots=True)
class Turn:
    """An item as it stood on the screen when a button was pressed."""

    item: ReviewItem
    annotator: str
    n_left: int  # items without a verdict, this one included while it has none
    submission: str  # one per screen shown
    shown_at: float  # monotonic seconds


def take_turn(item: ReviewItem, *, annotator: str, n_left: int) -> Turn:
    """The turn for the item about to be shown: a fresh submission token unless this very screen was shown already."""
    shown = st.session_state.get(SHOWN)
    if shown is None or shown[0] != (item.item_id, annotator):
        shown = ((item.item_id, annotator), uuid.uuid4().hex, time.monotonic())
        st.session_state[SHOWN] = shown
    return Turn(item=item, annotator=annotator, n_left=n_left, submission=shown[1], shown_at=shown[2])


def is_on_screen(turn: Turn) -> bool:
    """Whether the turn is the one shown last: False for a press that was still meant for the screen before."""
    shown = st.session_state.get(SHOWN)
    return shown is not None and shown[1] == turn.submission


def show_item(item_id: int | None) -> None:
    """Names the item to show next; None leaves it to the queue."""
    st.session_state.pop(IS_DONE, None)
    st.session_state.pop(SHOWN, None)
    if item_id is None:
        st.query_params.pop(frame.ITEM, None)
    else:
        st.query_params[frame.ITEM] = str(item_id)


def commit(
    turn: Turn,
    request: str,
    *,
    chosen_candidate_id: int | None = None,
    reason_tags: Sequence[str] = (),
    note: str = "",
) -> DecisionRow | None:
    """The one write: keeps a decision, or leaves a line that says why it was not kept and returns None."""
    if not is_on_screen(turn):
        return None
    try:
        decision = reviews.decide(
            resources.sessions(),
            item_id=turn.item.item_id,
            run_id=turn.item.run_id,
            annotator=turn.annotator,
            verdict_request=request,
            submission=turn.submission,
            chosen_candidate_id=chosen_candidate_id,
            reason_tags=reason_tags,
            note=note,
            display_order=turn.item.display_order,
            elapsed_ms=round((time.monotonic() - turn.shown_at) * 1000),
        )
    except FAILURES as error:
        st.session_state[NOTICE] = (True, f"Not saved: {_line(error)}")
        return None
    st.session_state[SAVED_AT] = decision.created_at
    st.session_state.pop(SHOWN, None)
    return decision


def _line(error: Exception) -> str:
    return str(error) if isinstance(error, ServiceError) else resources.database_line(error)


def go_on(turn: Turn, verdict: str) -> None:
    """To the next undecided item; to the closing panel when this was the last one, or its second look."""
    before = turn.item.decision
    n_left = turn.n_left - (1 if before is None else 0)
    is_second_look = before is not None and before.verdict == "skip" and verdict != "skip"
    following = turn.item.next_undecided_id if n_left > 0 or is_second_look else None
    show_item(following)
    if following is None:
        st.session_state[IS_DONE] = True


def on_keep(turn: Turn) -> None:
    """On to the next, what was decided stands."""
    if is_on_screen(turn):
        go_on(turn, "keep")


def on_verdict(turn: Turn, request: str) -> None:
    """Tie, skip or flag: saved, and on to the next."""
    if commit(turn, request) is not None:
        go_on(turn, request)


def on_choose(turn: Turn, candidate_id: int) -> None:
    """A best candidate: saved at once; the suggested one moves on, another stays for the reasons."""
    if not is_on_screen(turn):
        return
    before = turn.item.decision
    is_same = before is not None and (before.chosen_candidate_id, before.run_id) == (candidate_id, turn.item.run_id)
    decision = before if is_same else commit(turn, "best", chosen_candidate_id=candidate_id)
    if decision is None:
        return
    if decision.verdict == "override":
        show_item(turn.item.item_id)
    else:
        go_on(turn, decision.verdict)


def on_undo(turn: Turn) -> None:
    """Takes back the latest action and shows its item."""
    if not is_on_screen(turn):
        return
    try:
        undone = reviews.undo(resources.sessions(), dataset_id=turn.item.dataset_id, annotator=turn.annotator)
    except FAILURES as error:
        st.session_state[NOTICE] = (True, f"Not undone: {_line(error)}")
        return
    st.session_state.pop(SHOWN, None)
    if undone is None:
        st.session_state[NOTICE] = (False, "Nothing left to take back.")
        return
    back_to = f"; {undone.restored.verdict} counts again" if undone.restored is not None else ""
    st.session_state[NOTICE] = (False, f"Took back: {undone.undone_verdict}{back_to}.")
    show_item(undone.item_id)


def _flip_tokens() -> None:
    st.session_state[IS_TOKENS] = not st.session_state.get(IS_TOKENS, False)


def key(thing: str, item: ReviewItem) -> str:
    """The key of a widget that belongs to one screen: an item with the decision it had when it was shown."""
    return f"review_{thing}_{item.item_id}_{0 if item.decision is None else item.decision.decision_id}"


def action_bar(turn: Turn) -> DeltaGenerator:
    """All buttons that decide, in one bar that stays in sight; the bar, for what else belongs there."""
    bar = st.container(key="review_actions", horizontal=True, gap="xsmall", vertical_alignment="center")
    with bar:
        _main_button(turn)
        for candidate in sorted(turn.item.candidates, key=lambda candidate: candidate.key):
            _choose_button(turn, candidate)
        for label, request, shortcut in (("Tie", "tie", "0"), ("Skip", "skip", "S"), ("Flag", "flag", "F")):
            name = key(request, turn.item)
            st.button(label, key=name, shortcut=shortcut, on_click=on_verdict, args=(turn, request))
        undo_button(turn)
        _tokens_button(turn.item)
    return bar


def undo_button(turn: Turn) -> None:
    """Takes back the latest action."""
    st.button("Undo", key=key("undo", turn.item), shortcut="U", type="tertiary", on_click=on_undo, args=(turn,))


def _tokens_button(item: ReviewItem) -> None:
    is_on = st.session_state.get(IS_TOKENS, False)
    st.button(
        "Hide tokens" if is_on else "Tokens",
        key=key("tokens_on" if is_on else "tokens", item),
        shortcut="T",
        type="tertiary",
        on_click=_flip_tokens,
        disabled=item.suggestion is None,
    )


def _main_button(turn: Turn) -> None:
    """What Enter does: accept, or keep a decision that stands; after an override the reasons panel has the key."""
    item, verdict = turn.item, None if turn.item.decision is None else turn.item.decision.verdict
    name = key("accept", item)
    if verdict not in (None, "skip", "override"):
        st.button("Keep, next", key=name, shortcut="Enter", type="primary", on_click=on_keep, args=(turn,))
    elif item.suggestion is None:
        st.button("No suggestion", key=name, disabled=True, help="Choose the best response yourself, or skip the item.")
    else:
        has_enter = verdict != "override"
        st.button(
            f"Accept {item.suggestion.best_letter}",
            key=name,
            shortcut="Enter" if has_enter else None,
            type="primary" if has_enter else "secondary",
            on_click=on_choose,
            args=(turn, item.suggestion.best_candidate_id),
        )


def _choose_button(turn: Turn, candidate: ReviewCandidate) -> None:
    st.button(
        candidate.letter,
        key=key(f"choose_{candidate.key}", turn.item),
        shortcut=str(candidate.key) if candidate.key <= NUMBER_KEYS else None,
        on_click=on_choose,
        args=(turn, candidate.candidate_id),
    )
