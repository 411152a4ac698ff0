"""What Live shows once responses are weighed: the Review screen's candidates, and how the ranking moved.

`as_item` is pure; leaves out weighing (services/live/now.py) and the choice of pair and criteria (the page).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby

import streamlit as st

from services.live.now import LiveCandidate, LiveResult
from services.reviews.rows import Message, ReviewCandidate, ReviewItem, SuggestionRow
from ui.candidates import CandidateLook, candidates_html, item_badges
from ui.live.state import Shown, places
from ui.profile.panel import live_profile
from ui.prose import safe
from ui.tokens import legend_html, scale_of
from ui.wording import count

NOT_KEPT = 0  # ids of things that are in no database


def show_places(shown: Shown) -> None:
    """The order in one line, and how it moved; stands beside the criteria, because the ranking is further down."""
    st.html(places_html(shown))


def show_result(shown: Shown) -> None:
    """Badges, what moved, the ranked candidates, with token views on request."""
    result = shown.result
    item = as_item(result, shown.request.messages, domain=shown.request.domain)
    badges = item_badges(item)
    if badges:
        st.html(badges)
    shows_tokens = st.toggle("Show what each token adds", key="live_tokens")
    views = {i: candidate.view for i, candidate in enumerate(result.candidates) if candidate.view is not None}
    if shows_tokens and views:
        st.html(legend_html(scale_of(views.values())))
    live_profile(shown.request, result)
    st.html(candidates_html(item, CandidateLook(shows_source=True, views=views if shows_tokens else {})))
    st.caption(
        f"Ranked by {'mean per token' if result.rank_by == 'mean' else 'sum over tokens'} · {result.elapsed_s:.1f} s · "
        f"{count(result.n_computed, 'log-prob')} computed, {result.n_cached:,} from the cache"
    )


def places_html(shown: Shown) -> str:
    """Each candidate's place, best first; after a change of criteria with the place it had before."""
    after = places(shown.result)
    before = shown.places_before or {}
    moved = "".join(_move(letter, before, place) for letter, place in sorted(after.items(), key=_by_place))
    changed = sum(before.get(letter) != place for letter, place in after.items())
    said = (
        "Places, best first"
        if not before
        else f"{_told(shown)}: " + (f"{count(changed, 'place')} changed" if changed else "no place changed")
    )
    return f'<div class="t-moves"><span class="t-muted" dir="auto">{safe(said)}</span><span>{moved}</span></div>'


def _by_place(pair: tuple[str, int]) -> tuple[int, str]:
    return pair[1], pair[0]


def _move(letter: str, before: Mapping[str, int], place: int) -> str:
    was = before.get(letter)
    kind = "" if was == place or was is None else " t-up" if place < was else " t-down"
    text = f"{was} → {place}" if was is not None else f"{place}"
    return f'<span class="t-move{kind}"><b>{safe(letter)}</b> {text}</span>'


def _told(shown: Shown) -> str:
    """What changed between before and after, in words."""
    before, now = shown.before, shown.request
    if before is None:
        return ""
    changes = [
        f"{old or 'by default'} → {new or 'by default'}"
        for old, new in (
            (before.pair, now.pair), (before.criteria, now.criteria), (before.domain, now.domain),
            (f"ranked by {before.rank_by}", f"ranked by {now.rank_by}"),
        )
        if old != new
    ]  # fmt: skip
    return ", ".join(changes) or "weighed again"


def as_item(result: LiveResult, messages: Sequence[Message], *, domain: str | None) -> ReviewItem:
    """The result in the form that the Review screen's views take; candidates best first, the unranked last."""
    numbered = sorted(enumerate(result.candidates), key=lambda pair: (pair[1].rank is None, pair[1].rank or 0, pair[0]))
    return ReviewItem(
        dataset_id=NOT_KEPT, dataset="", guidelines="", item_id=NOT_KEPT, position=0, n_items=1,
        messages=tuple(messages), domain=domain, subset=None, run_id=None,
        candidates=tuple(_candidate(i, candidate) for i, candidate in numbered),
        suggestion=_suggestion(result), not_weighed=result.not_weighed, decision=None,
        prev_item_id=None, next_item_id=None, next_undecided_id=None,
    )  # fmt: skip


def _candidate(number: int, candidate: LiveCandidate) -> ReviewCandidate:
    return ReviewCandidate(
        candidate_id=number, key=number + 1, letter=candidate.letter, text=candidate.text,
        source_model=candidate.source_model or "you", reward=candidate.reward,
        reward_per_token=candidate.reward_per_token, strong_logprob=candidate.strong_logprob,
        weak_logprob=candidate.weak_logprob, strong_tokens=candidate.strong_tokens, weak_tokens=candidate.weak_tokens,
        rank=candidate.rank, gold_rank=None, gold_score=None, note=candidate.note,
    )  # fmt: skip


def _suggestion(result: LiveResult) -> SuggestionRow | None:
    if result.best_letter is None or result.margin is None:
        return None
    ranked = sorted((c.rank, i) for i, c in enumerate(result.candidates) if c.rank is not None)
    ranking = tuple(tuple(i for _, i in group) for _, group in groupby(ranked, key=lambda pair: pair[0]))
    best = next(i for i, candidate in enumerate(result.candidates) if candidate.letter == result.best_letter)
    return SuggestionRow(
        best_candidate_id=best, best_letter=result.best_letter, top_candidate_ids=ranking[0], ranking=ranking,
        margin=result.margin, rank_by=result.rank_by, is_length_flip=result.is_length_flip,
        is_out_of_world=result.is_out_of_world, is_within_noise=result.is_within_noise,
        noise_margin=result.noise_margin, is_weighed_again=False,
    )  # fmt: skip
