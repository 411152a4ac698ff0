"""The criteria profile on screen: what each set lifts in every response of an item, and the ranking by weighted sets.

The strong model is asked when somebody opens the panel on an item, never before. Leaves out the weights' widgets
(form.py) and the figure (charts/profile.py).
"""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from services.criteria.profile_weights import WeightedSets
from services.criteria.profiles import By, ItemProfile, Profiled, profile_item, profile_now
from services.live.now import LiveResult
from services.live.rows import text_of
from services.reviews.rows import ReviewItem
from ui import resources
from ui.charts.figures import MARGIN_UNITS
from ui.charts.profile import profile_bars
from ui.live.state import LiveRequest
from ui.panels import apply_look, problem
from ui.profile.form import weights_form
from ui.prose import badge, safe
from ui.review.actions import FAILURES, key
from ui.tokens import nats
from ui.wording import count

ASKED = "review_profile_item"  # session key: the item whose profile was asked for
BY_WORDS = {"sum": "sum over tokens", "mean": "mean per token"}
WHAT = (
    "Lift: log p_strong(response | prompt, criteria) − log p_strong(response | prompt). Weighted, lifts rank by "
    "several aims at once under the strong model alone: a ranking without a pair, not the reward of a run."
)


def profile_button(item: ReviewItem) -> None:
    """Opens and closes the panel; only for an item that a run weighed."""
    is_on = _is_asked(item)
    label, thing = ("Hide profile", "profile_on") if is_on else ("Profile", "profile")
    is_off = item.run_id is None or item.suggestion is None
    st.button(label, key=key(thing, item), shortcut="P", type="tertiary", on_click=_flip, args=(item,), disabled=is_off)


def _is_asked(item: ReviewItem) -> bool:
    return st.session_state.get(ASKED) == item.item_id


def _flip(item: ReviewItem) -> None:
    st.session_state[ASKED] = None if _is_asked(item) else item.item_id


def profile_panel(item: ReviewItem, *, pair: str, rank_by: str) -> None:
    """The panel, when it was asked for on this item."""
    run_id = item.run_id
    if not _is_asked(item) or run_id is None or item.suggestion is None:
        return
    best = item.suggestion.best_letter
    domain = item.domain if item.run_domain is None else item.run_domain.domain  # whose text the run has read

    def compute(weights: WeightedSets) -> Profiled:
        return profile_item(resources.sessions(), resources.model_room(), run_id, item.item_id, weights.sets)

    apply_look()
    with st.container(border=True, key="review_profile_panel"):
        _show("review", compute, pair=pair, domain=domain, rank_by=rank_by, said=f"the run suggests {best}")


def live_profile(request: LiveRequest, result: LiveResult) -> None:
    """The same for what Live has just weighed, behind a switch."""
    if result.best_letter is None or not st.toggle("Show what each criteria set lifts", key="live_profile"):
        return

    def compute(weights: WeightedSets) -> Profiled:
        return profile_now(
            resources.sessions(), resources.model_room(), pair=request.pair, messages=request.messages,
            responses=[text_of(one) for one in request.responses], sets=weights.sets, domain=request.domain,
        )  # fmt: skip

    said = f"the pair ranks {result.best_letter} first"
    with st.container(border=True, key="live_profile_panel"):
        _show("live", compute, pair=request.pair, domain=request.domain, rank_by=request.rank_by, said=said)


def _show(
    page: str,
    compute: Callable[[WeightedSets], Profiled],
    *,
    pair: str,
    domain: str | None,
    rank_by: str,
    said: str,
) -> None:
    weights = weights_form(page, pair=pair, domain=domain)
    if weights is None:
        st.caption("Choose a criteria set to see what it lifts.")
        return
    by: By = "mean" if rank_by == "mean" else "sum"
    try:
        with st.spinner("Asking the strong model …"):
            found = compute(weights)
    except (*FAILURES, *resources.MODEL_ERRORS) as error:
        problem(str(error))
        return
    (profile,) = found.items
    in_domain = weights.of(profile.domain)
    for one in profile.sets:
        if one.problem is not None:
            problem(f"{one.name}: {one.problem.detail}")
    st.html(ranking_html(profile, in_domain, by=by, said=said))
    st.plotly_chart(profile_bars(profile, in_domain, by=by), key=f"{page}_profile_chart")
    cost = f"{count(found.n_computed, 'log-prob')} computed, {found.n_cached:,} from the cache"
    st.caption(f"{WHAT} By {BY_WORDS[by]} · {cost}")


def ranking_html(profile: ItemProfile, weights: dict[str, float], *, by: By, said: str) -> str:
    """The order by weighted lifts with its numbers, and what the run or the pair says beside it."""
    values = profile.weighted(weights, by=by)
    if profile.problem is not None or values is None:
        return '<div class="t-muted">No weighted ranking: a set that counts could not be read.</div>'
    if not any(weights.values()):
        return '<div class="t-muted">Every weight is 0: nothing is ranked.</div>'
    known = [(letter, value) for letter, value in zip(profile.letters, values, strict=True) if value is not None]
    ordered = sorted(known, key=lambda pair: -pair[1])
    told = " ".join(f"<span class='t-move'><b>{safe(letter)}</b> {nats(value)}</span>" for letter, value in ordered)
    where = f" in {safe(profile.domain)}" if profile.domain else ""
    return (
        f'<div class="t-moves"><span class="t-muted" dir="auto">By weighted lifts{where}, {MARGIN_UNITS[by]}</span>'
        f"<span>{told}</span>{badge(said)}</div>"
    )
