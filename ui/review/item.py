"""The item itself: where it comes from, the prompt, the responses, the panels over them, and the foot with the keys.

Leaves out which item it is (hand.py) and what a press does (actions.py).
"""

from __future__ import annotations

import streamlit as st

from services import token_views
from services.reviews.rows import ReviewItem
from services.run_rows import RunRow
from ui import resources
from ui.candidates import CandidateLook, candidates_html, item_badges
from ui.exact_input import exact_input_button, exact_input_panel
from ui.profile.panel import profile_button, profile_panel
from ui.prose import conversation
from ui.review import plan as review_plan
from ui.review.actions import Turn
from ui.review.bar import IS_TOKENS, action_bar
from ui.review.compare import compare_button, compare_panel
from ui.review.confidence import confidence_words
from ui.review.head import IS_MARKDOWN, decision_html
from ui.review.ranking import draft_of, place_words
from ui.review.reasons import reasons_panel
from ui.tokens import legend_html, scale_of


def item_body(item: ReviewItem, run: RunRow | None, *, shows_source: bool, shows_gold: bool) -> None:
    """Badges, prompt, panels, responses."""
    is_markdown = bool(st.session_state.get(IS_MARKDOWN, False))
    st.html(item_badges(item, first=review_plan.look_badges(item)) + _prompt(item, is_markdown))
    views = _token_views(item)
    if views:
        st.html(legend_html(scale_of(views.values())))
    exact_input_panel(item)
    if run is not None and not item.is_veiled:
        profile_panel(item, pair=run.pair, rank_by=run.rank_by)
    look = CandidateLook(
        shows_source=shows_source,
        shows_gold=shows_gold,
        views=views,
        is_markdown=is_markdown,
        confidence=confidence_words(item),
        places=_places(item),
    )
    if not compare_panel(item, is_markdown=is_markdown):
        st.html(candidates_html(item, look))


def _prompt(item: ReviewItem, is_markdown: bool) -> str:
    if not is_markdown:
        return conversation(item.messages)
    from ui import markdown  # the parser is loaded when somebody first asks for it

    return markdown.conversation(item.messages)


def _token_views(item: ReviewItem) -> dict[int, token_views.TokenView]:
    """What each piece of text weighs, where it is asked for; behind the veil nobody can ask."""
    if not st.session_state.get(IS_TOKENS, False) or item.run_id is None or item.is_veiled:
        return {}
    sessions, run_id = resources.sessions(), item.run_id
    found = {one.candidate_id: token_views.token_view(sessions, run_id, one.candidate_id) for one in item.candidates}
    return {candidate_id: view for candidate_id, view in found.items() if view is not None}


def _places(item: ReviewItem) -> dict[int, str]:
    """candidate_id -> its place in the ranking in the making, else in the one that was given."""
    draft = draft_of(item)
    if draft is not None:
        return place_words(draft.places)
    is_ranked = item.decision is not None and item.decision.request == "rank"
    return place_words(item.decision.ranking) if is_ranked and item.decision is not None else {}


def decision_foot(turn: Turn) -> None:
    """What was decided, why, and the bar that stays in sight."""
    with st.container(key="review_foot", gap="xsmall"):
        decided = decision_html(turn.item.decision)
        if decided:
            st.html(decided)
        reasons_panel(turn)
        with action_bar(turn):
            compare_button(turn.item)
            exact_input_button(turn.item)
            profile_button(turn.item)
