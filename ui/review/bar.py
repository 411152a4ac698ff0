"""The bar at the foot of the screen: the buttons that decide, with their keys, and what else the keys open.

Which buttons there are follows from the screen: a ranking in the making, a scale for a pair, or the choice of the best.
Leaves out what a press does (actions.py, ranking.py, strength.py).
"""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from services.reviews.rows import ReviewCandidate, ReviewItem
from ui.review.actions import VEILED, Turn, key, on_choose, on_undo, on_verdict
from ui.review.ranking import NUMBER_KEYS, draft_of, rank_button, ranking_bar
from ui.review.reasons import on_keep
from ui.review.strength import asks_strength, strength_bar

IS_TOKENS = "review_is_tokens"  # session key: whether the token view is on


def action_bar(turn: Turn) -> DeltaGenerator:
    """All buttons that decide, in one bar that stays in sight; the bar, for what else belongs there."""
    bar = st.container(key="review_actions", horizontal=True, gap="xsmall", vertical_alignment="center")
    draft = draft_of(turn.item)
    with bar:
        if draft is not None:
            ranking_bar(turn, draft)
            return bar
        if asks_strength(turn.item):
            if turn.item.decision is not None and turn.item.decision.verdict in ("accept", "tie"):
                _main_button(turn)
            strength_bar(turn)
        else:
            _choice(turn)
        undo_button(turn)
        if not asks_strength(turn.item):
            rank_button(turn)
        _veil_button(turn.item)
        _tokens_button(turn.item)
    return bar


def _choice(turn: Turn) -> None:
    """Accept, one of the responses, tie, skip, flag."""
    _main_button(turn)
    for candidate in sorted(turn.item.candidates, key=lambda candidate: candidate.key):
        _choose_button(turn, candidate)
    for label, request, shortcut in (("Tie", "tie", "0"), ("Skip", "skip", "S"), ("Flag", "flag", "F")):
        name = key(request, turn.item)
        st.button(label, key=name, shortcut=shortcut, on_click=on_verdict, args=(turn, request))


def undo_button(turn: Turn) -> None:
    """Takes back the latest action."""
    st.button("Undo", key=key("undo", turn.item), shortcut="U", type="tertiary", on_click=on_undo, args=(turn,))


def _main_button(turn: Turn) -> None:
    """What Enter does: accept, or keep a decision that stands; after an override the reasons panel has the key."""
    item, verdict = turn.item, None if turn.item.decision is None else turn.item.decision.verdict
    name = key("accept", item)
    is_to_be_decided = verdict in (None, "skip", "override") or (verdict == "flag" and turn.queue == "flagged")
    if not is_to_be_decided:
        st.button("Keep, next", key=name, shortcut="Enter", type="primary", on_click=on_keep, args=(turn,))
    elif item.suggestion is None:
        label = "Suggestion hidden" if item.is_veiled else "No suggestion"
        hint = "Choose the best response yourself" + (
            ": then it is shown." if item.is_veiled else ", or skip the item."
        )
        st.button(label, key=name, disabled=True, help=hint)
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


def _flip_tokens() -> None:
    st.session_state[IS_TOKENS] = not st.session_state.get(IS_TOKENS, False)


def _veil_button(item: ReviewItem) -> None:
    """Hides the suggestion of a decided blind look again, and shows it: what was it that one saw?"""
    look = item.look
    if look is None or not look.is_blind or not look.is_revealed:
        return
    label, thing = ("Show suggestion", "veil_on") if item.is_veiled else ("Hide suggestion", "veil")
    st.button(label, key=key(thing, item), shortcut="B", type="tertiary", on_click=_flip_veil, args=(look.look_id,))


def _flip_veil(look_id: int) -> None:
    st.session_state[VEILED] = None if st.session_state.get(VEILED) == look_id else look_id
