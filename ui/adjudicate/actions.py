"""What an adjudicator can do on a case, and the one write each of it makes, in the button's callback.

After settling, the case stays with the names shown, and Enter goes on to the next one. Leaves out the buttons (bar.py).
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

import streamlit as st

from services import adjudication
from services.adjudication import Case, CaseDecision, CaseRow
from services.errors import ServiceError
from ui import frame, resources

NOTICE = "adjudicate_notice"  # session key: one line to show once, why something was not saved
SHOWN = "adjudicate_shown"  # session key: ((item, settlement, who), submission token) of the screen shown
FAILURES: tuple[type[Exception], ...] = (ServiceError, *resources.DATABASE_ERRORS)


@dataclass(frozen=True, slots=True)
class Turn:
    """A case as it stood on the screen when a button was pressed."""

    case: Case
    by: str
    submission: str  # one per screen shown: pressing twice settles once

    def key(self, thing: str) -> str:
        """A widget's key on this screen: another one once the case is settled, so that no button keeps the focus."""
        settled = 0 if self.case.settled is None else self.case.settled.decision_id
        return f"adjudicate_{thing}_{self.case.item_id}_{settled}"


def take_turn(case: Case, *, by: str) -> Turn:
    """The turn for the case about to be shown, with a fresh token unless this very screen was shown already."""
    what = (case.item_id, None if case.settled is None else case.settled.decision_id, by)
    shown = st.session_state.get(SHOWN)
    if shown is None or shown[0] != what:
        shown = (what, uuid.uuid4().hex)
        st.session_state[SHOWN] = shown
    return Turn(case, by, shown[1])


def on_best(turn: Turn, candidate_id: int) -> None:
    """One response is the best."""
    _settle(turn, chosen_candidate_id=candidate_id)


def on_tie(turn: Turn) -> None:
    """None is better than another."""
    _settle(turn, is_tie=True)


def on_take(turn: Turn, said: CaseDecision) -> None:
    """As one of the people said."""
    if len(said.ranking) > 1:
        _settle(turn, ranking=said.ranking)
    elif said.chosen_candidate_id is None:
        _settle(turn, is_tie=True)
    else:
        _settle(turn, chosen_candidate_id=said.chosen_candidate_id)


def on_undo(turn: Turn) -> None:
    """What was settled last is taken back."""
    try:
        adjudication.undo_settlement(resources.sessions(), item_id=turn.case.item_id, by=turn.by)
    except FAILURES as error:
        _not_saved(error)
    _forget_screen()


def show_case(item_id: int | None) -> None:
    """Names the case to show; None leaves it to the list."""
    _forget_screen()
    if item_id is None:
        st.query_params.pop(frame.ITEM, None)
    else:
        st.query_params[frame.ITEM] = str(item_id)


def next_case(rows: tuple[CaseRow, ...], case: Case) -> int | None:
    """The open case after this one in file order, else the first other; None when no other is open."""
    others = [row for row in rows if row.settled_at is None and row.item_id != case.item_id]
    later = [row for row in others if row.position > case.position]
    return next((row.item_id for row in (*later, *others)), None)


def _settle(
    turn: Turn,
    *,
    chosen_candidate_id: int | None = None,
    ranking: tuple[tuple[int, ...], ...] | None = None,
    is_tie: bool = False,
) -> None:
    """The one write: committed before the page is drawn again, or a line that says why it was not."""
    shown = st.session_state.get(SHOWN)
    if shown is None or shown[1] != turn.submission:
        return  # a press that was meant for the screen before
    try:
        adjudication.settle(
            resources.sessions(),
            item_id=turn.case.item_id,
            by=turn.by,
            submission=turn.submission,
            chosen_candidate_id=chosen_candidate_id,
            ranking=ranking,
            is_tie=is_tie,
            note=str(st.session_state.get(turn.key("note")) or ""),
            display_order=[one.candidate_id for one in turn.case.candidates],
        )
    except FAILURES as error:
        _not_saved(error)
        return
    st.query_params[frame.ITEM] = str(turn.case.item_id)
    _forget_screen()


def _not_saved(error: Exception) -> None:
    line = str(error) if isinstance(error, ServiceError) else resources.database_line(error)
    st.session_state[NOTICE] = f"Not saved: {line}"


def _forget_screen() -> None:
    st.session_state.pop(SHOWN, None)
