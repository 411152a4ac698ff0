"""What the reviewer can do on an item, and the one write each of it makes.

A button's callback runs before the page is drawn again: it commits the decision, then names the item to show next, so
that the next screen never stands before the decision is safe. Every button carries the screen it belongs to in its key
(item, look and decision), so that a clicked button does not keep the focus and Enter means what the bar says. A press
that was meant for the screen before does nothing (`is_on_screen`).

After a blind look's decision the item stays, revealed; after an override it stays for the reasons; else the next one
shows. Leaves out the buttons (bar.py), rankings (ranking.py), strength (strength.py) and reasons (reasons.py).
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from services.errors import ServiceError
from services.looks import serve
from services.reviews import review as reviews
from services.reviews.rows import DecisionRow, ReviewItem
from ui import frame, resources

NOTICE = "review_notice"  # session key: (is_error, one line) to show once
SAVED_AT = "review_saved_at"  # session key: time of the last decision of this session, UTC
SHOWN = "review_shown"  # session key: (what is on screen, submission token, monotonic time) of the screen shown
IS_DONE = "review_is_done"  # session key: show the closing panel rather than an item
VEILED = "review_veiled"  # session key: the look whose suggestion is hidden again, by key B
FAILURES: tuple[type[Exception], ...] = (ServiceError, *resources.DATABASE_ERRORS)
LABELS = ("accept", "override", "tie")  # verdicts that say something of the responses


@dataclass(frozen=True, slots=True)
class Turn:
    """An item as it stood on the screen when a button was pressed."""

    item: ReviewItem
    annotator: str
    n_left: int  # items without a verdict, this one included while it has none
    submission: str  # one per screen shown
    shown_at: float  # monotonic seconds
    queue: str | None = None  # of services.reviews.queue.QUEUES

    @property
    def look_id(self) -> int | None:
        """The look it is shown on."""
        return None if self.item.look is None else self.item.look.look_id


def take_turn(item: ReviewItem, *, annotator: str, n_left: int, queue: str | None = None) -> Turn:
    """The turn for the item about to be shown: a fresh submission token unless this very screen was shown already."""
    shown = st.session_state.get(SHOWN)
    what = (item.item_id, None if item.look is None else item.look.look_id, annotator)
    if shown is None or shown[0] != what:
        shown = (what, uuid.uuid4().hex, time.monotonic())
        st.session_state[SHOWN] = shown
    return Turn(item, annotator, n_left, submission=shown[1], shown_at=shown[2], queue=queue)


def is_on_screen(turn: Turn) -> bool:
    """Whether the turn is the one shown last: False for a press that was still meant for the screen before."""
    shown = st.session_state.get(SHOWN)
    return shown is not None and shown[1] == turn.submission


def show_item(item_id: int | None) -> None:
    """Names the item to show next; None leaves it to the queue."""
    for name in (IS_DONE, SHOWN, VEILED):
        st.session_state.pop(name, None)
    if item_id is None:
        st.query_params.pop(frame.ITEM, None)
    else:
        st.query_params[frame.ITEM] = str(item_id)


def commit(
    turn: Turn,
    request: str,
    *,
    chosen_candidate_id: int | None = None,
    ranking: Sequence[Sequence[int]] | None = None,
    strength: int | None = None,
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
            ranking=ranking,
            strength=strength,
            reason_tags=reason_tags,
            note=note,
            display_order=turn.item.display_order,
            elapsed_ms=round((time.monotonic() - turn.shown_at) * 1000),
            look_id=turn.look_id,
        )
    except FAILURES as error:
        st.session_state[NOTICE] = (True, f"Not saved: {line_of(error)}")
        return None
    st.session_state[SAVED_AT] = decision.created_at
    st.session_state.pop(SHOWN, None)
    return decision


def line_of(error: Exception) -> str:
    """What failed, in one line."""
    return str(error) if isinstance(error, ServiceError) else resources.database_line(error)


def after(turn: Turn, decision: DecisionRow) -> None:
    """Where a decision leads: a blind look is revealed and stays, an override waits for its reasons, else the next."""
    is_repeat = turn.item.look is not None and turn.item.look.is_repeat
    if turn.item.is_veiled and decision.verdict in LABELS and not is_repeat:
        _reveal(decision)
        show_item(turn.item.item_id)
    elif decision.verdict == "override" and not is_repeat:
        show_item(turn.item.item_id)
    else:
        go_on(turn, decision.verdict)


def _reveal(decision: DecisionRow) -> None:
    if decision.look_id is None:
        return
    try:
        serve.reveal(resources.sessions(), decision.look_id)
    except FAILURES as error:
        st.session_state[NOTICE] = (True, f"Saved, but the suggestion stays hidden: {line_of(error)}")


def go_on(turn: Turn, verdict: str) -> None:
    """To the next item of the plan or queue; to the closing panel when this was the last one, or its second look."""
    if turn.item.look is not None and turn.queue is None:
        show_item(None)
        return
    before = turn.item.decision
    n_left = turn.n_left - (1 if before is None else 0)
    is_second_look = before is not None and before.verdict == "skip" and verdict != "skip"
    has_more = n_left > 0 or is_second_look or turn.queue is not None
    following = turn.item.next_undecided_id if has_more else None
    show_item(following)
    if following is None:
        st.session_state[IS_DONE] = True


def on_verdict(turn: Turn, request: str) -> None:
    """Tie, skip or flag: saved, and on."""
    decision = commit(turn, request)
    if decision is not None:
        after(turn, decision)


def on_choose(turn: Turn, candidate_id: int) -> None:
    """A best candidate: saved at once; the same one again under the same run saves nothing."""
    if not is_on_screen(turn):
        return
    before = turn.item.decision
    is_same = (
        before is not None
        and (before.chosen_candidate_id, before.run_id) == (candidate_id, turn.item.run_id)
        and before.request != "rank"
    )
    decision = before if is_same else commit(turn, "best", chosen_candidate_id=candidate_id)
    if decision is not None:
        after(turn, decision)


def on_undo(turn: Turn) -> None:
    """Takes back the latest action and shows its item."""
    if not is_on_screen(turn):
        return
    try:
        undone = reviews.undo(resources.sessions(), dataset_id=turn.item.dataset_id, annotator=turn.annotator)
    except FAILURES as error:
        st.session_state[NOTICE] = (True, f"Not undone: {line_of(error)}")
        return
    st.session_state.pop(SHOWN, None)
    if undone is None:
        st.session_state[NOTICE] = (False, "Nothing left to take back.")
        return
    back_to = f"; {undone.restored.verdict} counts again" if undone.restored is not None else ""
    st.session_state[NOTICE] = (False, f"Took back: {undone.undone_verdict}{back_to}.")
    show_item(undone.item_id)


def key(thing: str, item: ReviewItem) -> str:
    """The key of a widget that belongs to one screen: an item, on a look, with the decision it had when shown."""
    look = "" if item.look is None else f"l{item.look.look_id}_"
    return f"review_{thing}_{look}{item.item_id}_{0 if item.decision is None else item.decision.decision_id}"
