"""How much better one of a pair is: seven keys from left to right, the middle one a tie.

    key        1          2        3           4     5           6        7
               A much     A better A slightly  tie   B slightly  B better B much
    strength   -3         -2       -1          0     1           2        3

The sign that is stored goes by the file, not by the screen: negative when the first in the file is better, so that a
shuffled look says the same (as in HelpSteer2-preference).
"""

from __future__ import annotations

import streamlit as st

from services.reviews.rows import ReviewItem
from ui.review.actions import Turn, after, commit, key, on_verdict

ASKS = "review_asks_strength"  # session key: ask on every pair, also without a plan that does
AMOUNTS = {3: "much", 2: "better", 1: "slightly"}
STEPS = (-3, -2, -1, 0, 1, 2, 3)  # on the screen: negative, the left one is better


def asks_strength(item: ReviewItem) -> bool:
    """Whether the scale takes the place of the choice: on pairs, where the plan or the reviewer asks for it."""
    is_of_plan = item.look is not None and item.look.mode == "strength"
    return len(item.candidates) == 2 and (is_of_plan or bool(st.session_state.get(ASKS, False)))


def as_stored(item: ReviewItem, step: int, file_order: tuple[int, int]) -> int:
    """The strength to store for a step on the screen; `file_order`: the pair's ids, first in the file first."""
    return step if item.candidates[0].candidate_id == file_order[0] else -step


def step_word(item: ReviewItem, step: int) -> str:
    """What a step says: "A much", "A better", "A slightly", "Tie", ..."""
    if step == 0:
        return "Tie"
    return f"{item.candidates[0 if step < 0 else 1].letter} {AMOUNTS[abs(step)]}"


def strength_bar(turn: Turn) -> None:
    """The seven buttons, then skip and flag."""
    for place, step in enumerate(STEPS, start=1):
        name = key("tie" if step == 0 else f"strength_{place}", turn.item)
        st.button(step_word(turn.item, step), key=name, shortcut=str(place), on_click=_on_step, args=(turn, step))
    for label, request, shortcut in (("Skip", "skip", "S"), ("Flag", "flag", "F")):
        name = key(request, turn.item)
        st.button(label, key=name, shortcut=shortcut, on_click=on_verdict, args=(turn, request))


def _on_step(turn: Turn, step: int) -> None:
    item = turn.item
    ids = sorted(candidate.candidate_id for candidate in item.candidates)  # ids grow in file order
    strength = as_stored(item, step, (ids[0], ids[1]))
    if step == 0:
        decision = commit(turn, "tie", strength=0)
    else:
        chosen = item.candidates[0 if step < 0 else 1].candidate_id
        decision = commit(turn, "best", chosen_candidate_id=chosen, strength=strength)
    if decision is not None:
        after(turn, decision)
