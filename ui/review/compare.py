"""The compare view (key D): two responses of the item word by word, and what moved the run from one to the other.

In place of the responses while it is on; the keys that decide stay. Behind the veil of a blind look it compares texts
alone. Leaves out how words are matched (services/comparison.py) and the HTML (diff_html.py).
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from services import comparison, token_views
from services.errors import NotFound
from services.reviews.rows import ReviewCandidate, ReviewItem
from ui import resources
from ui.prose import badge, safe
from ui.review.actions import key
from ui.review.diff_html import columns_html, movement_html, rendered_html
from ui.tokens import nats
from ui.wording import count

IS_COMPARE = "review_is_compare"  # session key: whether the view is on
LOOK = Path(__file__).parent.parent / "compare.css"
ONE_TEXT = "Both say the same, word by word."


def compare_button(item: ReviewItem) -> None:
    """Turns the view on and off."""
    is_on = is_comparing(item)
    st.button(
        "Hide compare" if is_on else "Compare", key=key("compare_on" if is_on else "compare", item), shortcut="D",
        type="tertiary", on_click=_flip, disabled=len(item.candidates) < 2,
    )  # fmt: skip


def _flip() -> None:
    st.session_state[IS_COMPARE] = not st.session_state.get(IS_COMPARE, False)


def is_comparing(item: ReviewItem) -> bool:
    """Whether the view is on, and the item has two responses."""
    return bool(st.session_state.get(IS_COMPARE, False)) and len(item.candidates) > 1


def compare_panel(item: ReviewItem, *, is_markdown: bool = False) -> bool:
    """Draws the view in place of the responses; whether it is on."""
    if not is_comparing(item):
        return False
    st.html(LOOK)
    left, right = _picked(item)
    found = _movement(item, left, right)
    is_wrong = item.decision is not None and item.decision.verdict == "override"
    if found and is_wrong:
        st.html(found)
    heads = (_head(item, left), _head(item, right))
    compared = comparison.compare(left.text, right.text)
    if is_markdown:
        st.html(rendered_html(heads, left.text, right.text))
    else:
        st.html(columns_html(heads, compared))
    st.html(f'<div class="t-muted t-note">{safe(_counts(compared, left, right))}</div>')
    if found and not is_wrong:
        st.html(found)
    return True


def first_pair(item: ReviewItem) -> tuple[ReviewCandidate, ReviewCandidate]:
    """What is compared at first: after an override the choice and the suggestion, else the two best; as they stand."""
    order = list(item.candidates)
    if item.suggestion is not None:
        best = item.suggestion.best_candidate_id
        order.sort(key=lambda one: (one.candidate_id != best, one.rank or len(order)))
        chosen = None if item.decision is None else item.decision.chosen_candidate_id
        others = [one for one in order[1:] if one.candidate_id == chosen] or order[1:]
        order = [order[0], others[0]]
    place_of = {one.candidate_id: place for place, one in enumerate(item.candidates)}
    first, second = sorted(order[:2], key=lambda one: place_of[one.candidate_id])
    return first, second


def _picked(item: ReviewItem) -> tuple[ReviewCandidate, ReviewCandidate]:
    """The two to compare; a choice where there are more."""
    pair = first_pair(item)
    if len(item.candidates) == 2:
        return pair
    by_letter = {one.letter: one for one in sorted(item.candidates, key=lambda one: one.key)}
    letters = []
    with st.container(key="review_compare_pick", horizontal=True, vertical_alignment="center", gap="small"):
        for title, side, one in zip(("Compare", "with"), ("left", "right"), pair, strict=True):
            st.html(f'<span class="t-muted">{title}</span>', width="content")
            letters.append(
                st.segmented_control(
                    title, list(by_letter), default=one.letter, key=key(f"compare_{side}", item),
                    label_visibility="collapsed", required=True, width="content",
                )
            )  # fmt: skip
        if letters[0] == letters[1]:
            st.html('<span class="t-muted">Choose two different ones.</span>', width="content")
    return by_letter[letters[0] or pair[0].letter], by_letter[letters[1] or pair[1].letter]


def _head(item: ReviewItem, one: ReviewCandidate) -> str:
    """The letter, and what the screen says of it anyway."""
    marks = []
    if item.suggestion is not None and one.candidate_id in item.suggestion.top_candidate_ids:
        marks.append(badge("suggested", kind="accent"))
    if item.decision is not None and item.decision.chosen_candidate_id == one.candidate_id:
        marks.append(badge("your choice", kind="good"))
    if one.reward is not None:
        marks.append(f'<span class="t-muted t-mono">{nats(one.reward)} nats</span>')
    return f'<span class="t-letter">{safe(one.letter)}</span>{"".join(marks)}'


def _counts(compared: comparison.Comparison, left: ReviewCandidate, right: ReviewCandidate) -> str:
    if compared.is_same:
        return ONE_TEXT
    only_left, only_right = compared.n_left - compared.n_same, compared.n_right - compared.n_same
    alone = f"{only_left:,} only in {left.letter}, {only_right:,} only in {right.letter}"
    return f"{count(compared.n_same, 'word')} in both, {alone}."


def _movement(item: ReviewItem, left: ReviewCandidate, right: ReviewCandidate) -> str:
    """Which words put the better rewarded of the two ahead; "" behind a veil, without a run or cached tokens."""
    if item.suggestion is None or item.run_id is None or left.reward is None or right.reward is None:
        return ""
    ahead, behind = (left, right) if left.reward >= right.reward else (right, left)
    try:
        views = [token_views.token_view(resources.sessions(), item.run_id, one.candidate_id) for one in (ahead, behind)]
    except NotFound:
        return ""
    if views[0] is None or views[1] is None:
        return ""
    found = comparison.what_moved(views[0], views[1])
    chosen = None if item.decision is None else item.decision.chosen_candidate_id
    is_wrong = chosen == behind.candidate_id and ahead.candidate_id in item.suggestion.top_candidate_ids
    if not found.moved:
        return ""
    return movement_html(found, suggested=ahead.letter, other=behind.letter, is_wrong=is_wrong, left=left.letter)
