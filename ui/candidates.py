"""The candidates of an item as HTML: side by side when there are two, a ranked list when there are more.

Pure strings, no streamlit; every text goes through `prose.safe`. Rewards are bars on one scale per item, zero marked,
with the exact number on hover; the number that ranks is the strong one. Leaves out the buttons (review/actions.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from services.comparison import first_difference
from services.reviews.rows import ReviewCandidate, ReviewItem, SuggestionRow
from services.token_views import TokenView
from ui.domains.words import domain_hint, domain_words
from ui.prose import LEAD_FROM, badge, prose, safe, same_lead
from ui.tokens import nats, scale_of, token_html

FOLD_PAIR, FOLD_LIST = 4_000, 1_500  # characters of a response shown before "show all"
LENGTH_FLIP = "The best candidate changes when rewards are taken per token instead of summed."
WITHIN_NOISE = (
    "The margin is smaller than what computing the same thing in another order can change ({margin}): it does not tell "
    "the best two apart."
)
WEIGHED_AGAIN = "Its margin was within the numeric noise of an earlier run, so it was weighed again in float32."
OUT_OF_WORLD = "The pair finds this text unlikely: it knows nothing like it, so its rewards mean little here."


@dataclass(frozen=True, slots=True)
class CandidateLook:
    """What the reviewer asked to see beside the texts."""

    shows_source: bool = False
    shows_gold: bool = False
    views: Mapping[int, TokenView] = field(default_factory=dict)  # by candidate id; empty: plain text
    is_markdown: bool = False
    confidence: str = ""  # how often people agreed at this margin, in words
    places: Mapping[int, str] = field(default_factory=dict)  # by candidate id: the place a person gave it


@dataclass(frozen=True, slots=True)
class RewardScale:
    """The common scale of an item's reward bars, zero included, in the unit that ranks."""

    low: float
    high: float

    @classmethod
    def over(cls, values: Sequence[float]) -> RewardScale:
        """The scale that holds all values and zero."""
        return cls(low=min([0.0, *values]), high=max([0.0, *values]))

    def bar(self, value: float) -> tuple[float, float]:
        """Left edge and width of a value's bar, in percent of the track.

        >>> RewardScale(low=-1.0, high=3.0).bar(1.0)
        (25.0, 25.0)
        """
        span = (self.high - self.low) or 1.0
        left = (min(value, 0.0) - self.low) / span * 100
        return round(left, 1), round(abs(value) / span * 100, 1)

    @property
    def zero(self) -> float:
        """Where zero stands, in percent of the track."""
        return round(-self.low / ((self.high - self.low) or 1.0) * 100, 1)


def candidates_html(item: ReviewItem, look: CandidateLook) -> str:
    """All candidates of an item, in the order to be shown."""
    rank_by = item.suggestion.rank_by if item.suggestion is not None else "sum"
    scale = RewardScale.over([value for c in item.candidates if (value := ranked_value(c, rank_by)) is not None])
    colour_scale = scale_of(look.views.values())
    layout = "t-pair" if len(item.candidates) == 2 else "t-list"
    lead = first_difference([candidate.text for candidate in item.candidates])
    cards = "".join(_card(item, candidate, look, scale, colour_scale, lead) for candidate in item.candidates)
    return f'<div class="{layout}">{cards}</div>'


def ranked_value(candidate: ReviewCandidate, rank_by: str) -> float | None:
    """The number that ranks: the reward in nats, or nats per token."""
    return candidate.reward_per_token if rank_by == "mean" else candidate.reward


def margin_text(suggestion: SuggestionRow) -> str:
    """The margin with its unit."""
    return f"margin {suggestion.margin:.2f} {margin_unit(suggestion.rank_by)}"


def margin_unit(rank_by: str) -> str:
    """What a margin is counted in."""
    return "nats per token" if rank_by == "mean" else "nats"


def _card(
    item: ReviewItem,
    candidate: ReviewCandidate,
    look: CandidateLook,
    scale: RewardScale,
    colour_scale: float,
    lead: int,
) -> str:
    fold_at = FOLD_PAIR if len(item.candidates) == 2 else FOLD_LIST
    view = look.views.get(candidate.candidate_id)
    text = token_html(view, colour_scale) if view is not None else _text(candidate.text, fold_at, lead, look)
    state = " t-suggested" if _is_suggested(item, candidate) else ""
    state += " t-chosen" if _is_chosen(item, candidate) else ""
    return (
        f'<article class="t-card{state}" data-letter="{safe(candidate.letter)}">'
        f'<header class="t-head"><span class="t-letter">{safe(candidate.letter)}</span>{_marks(item, candidate, look)}'
        f"{_reward(item, candidate, scale)}</header>{text}{_foot(candidate, look)}</article>"
    )


def _is_suggested(item: ReviewItem, candidate: ReviewCandidate) -> bool:
    return item.suggestion is not None and candidate.candidate_id in item.suggestion.top_candidate_ids


def _is_chosen(item: ReviewItem, candidate: ReviewCandidate) -> bool:
    return item.decision is not None and item.decision.chosen_candidate_id == candidate.candidate_id


def _text(text: str, fold_at: int, lead: int, look: CandidateLook) -> str:
    """The response; `lead` characters are the same in all of them."""
    if not look.is_markdown:
        return prose(text, fold_at=fold_at, lead=lead)
    from ui.markdown import cut_between_blocks, rendered  # the parser is loaded when somebody first asks for it

    begun, rest = cut_between_blocks(text, lead) if lead >= LEAD_FROM else ("", text)
    if not begun or not rest:
        return rendered(text, fold_at=fold_at)
    return same_lead(rendered(begun, fold_at=lead), len(begun)) + rendered(rest, fold_at=fold_at)


def _marks(item: ReviewItem, candidate: ReviewCandidate, look: CandidateLook) -> str:
    marks = []
    if candidate.candidate_id in look.places:
        marks.append(badge(look.places[candidate.candidate_id], kind="good"))
    if candidate.rank is not None:
        marks.append(f'<span class="t-rank">rank {candidate.rank}</span>')
    if candidate.strong_tokens is not None:
        marks.append(f'<span class="t-rank">{_tokens(candidate)}</span>')
    if item.suggestion is not None and _is_suggested(item, candidate):
        tied = " (tied)" if len(item.suggestion.top_candidate_ids) > 1 else ""
        marks.append(badge(f"suggested{tied} · {margin_text(item.suggestion)}", kind="accent"))
        marks += [badge(look.confidence)] if look.confidence else []
    if not look.places and _is_chosen(item, candidate):
        marks.append(badge("your choice", kind="good"))
    return "".join(marks)


def _tokens(candidate: ReviewCandidate) -> str:
    if candidate.strong_tokens == candidate.weak_tokens:
        return f"{candidate.strong_tokens} tokens"
    return f"{candidate.strong_tokens} tokens (weak: {candidate.weak_tokens})"


def _reward(item: ReviewItem, candidate: ReviewCandidate, scale: RewardScale) -> str:
    """The bar and both numbers, the one that ranks first; nothing where there is no reward."""
    if candidate.reward is None or candidate.reward_per_token is None or item.suggestion is None:
        return ""
    is_mean = item.suggestion.rank_by == "mean"
    value = candidate.reward_per_token if is_mean else candidate.reward
    left, width = scale.bar(value)
    side = "t-plus" if value >= 0 else "t-minus"
    whole, each = f"{nats(candidate.reward)} nats", f"{nats(candidate.reward_per_token)} per token"
    first, second = (each, whole) if is_mean else (whole, each)
    faint = " t-faint" if item.suggestion.is_out_of_world else ""
    outside = badge("out of world", kind="warn", title=OUT_OF_WORLD) if item.suggestion.is_out_of_world else ""
    return (
        f'<span class="t-reward{faint}" title="{safe(_exact(candidate))}">'
        f'<span class="t-track"><span class="t-bar {side}" style="left:{left}%;width:{width}%"></span>'
        f'<span class="t-zero" style="left:{scale.zero}%"></span></span>'
        f'<b>{first}</b><span class="t-muted">{second}</span></span>{outside}'
    )


def _exact(candidate: ReviewCandidate) -> str:
    strong, weak = candidate.strong_logprob or 0.0, candidate.weak_logprob or 0.0
    return (
        f"reward {nats(candidate.reward or 0.0, digits=4)} nats = strong {nats(strong, digits=4)} "
        f"minus weak {nats(weak, digits=4)}; per token {nats(candidate.reward_per_token or 0.0, digits=4)}"
    )


def _foot(candidate: ReviewCandidate, look: CandidateLook) -> str:
    """Notes; source model and gold only on request, because they lead the reviewer."""
    parts = []
    if candidate.note:
        parts.append(f"<span>{safe(candidate.note)}</span>")
    if look.shows_source:
        parts.append(f"<span>from {safe(candidate.source_model or 'an unnamed source')}</span>")
    if look.shows_gold:
        parts.append(f"<span>{safe(_gold(candidate))}</span>")
    return f'<footer class="t-foot">{"".join(parts)}</footer>' if parts else ""


def _gold(candidate: ReviewCandidate) -> str:
    if candidate.gold_rank is not None:
        return f"gold rank {candidate.gold_rank:g}"
    if candidate.gold_score is not None:
        return f"gold score {candidate.gold_score:g}"
    return "no gold label"


def item_badges(item: ReviewItem, *, first: str = "") -> str:
    """The line over the candidates: where the item comes from, and what to mind about its rewards.

    `first`: badges of the caller's, as HTML. Behind the veil nothing is said of rewards.
    """
    badges = [*([first] if first else []), *_domain_badges(item), *([badge(item.subset)] if item.subset else [])]
    if item.suggestion is not None and item.suggestion.is_out_of_world:
        badges.append(badge("out of the pair's world", kind="warn", title=OUT_OF_WORLD))
    if item.suggestion is not None and item.suggestion.is_length_flip:
        badges.append(badge("length flips it", kind="warn", title=LENGTH_FLIP))
    if item.suggestion is not None:
        badges += _noise_badges(item.suggestion)
    if item.run_id is not None and item.suggestion is None and item.not_weighed is None and not item.is_veiled:
        badges.append(badge("not weighed yet", kind="warn", title="The run has not come to this item."))
    if item.not_weighed is not None:
        reason, line = item.not_weighed
        badges.append(badge(f"not weighed: {reason}", kind="warn", title=line))
        badges.append(f'<span class="t-muted">{safe(line)}</span>')
    return f'<div class="t-badges">{"".join(badges)}</div>' if badges else ""


def _domain_badges(item: ReviewItem) -> list[str]:
    """The domain the item was weighed under: the file's own, or the one its run took and from where."""
    if item.run_domain is None:
        return [badge(item.domain)] if item.domain else []
    kind = "warn" if item.run_domain.domain is None else "quiet"
    return [badge(domain_words(item.run_domain), kind=kind, title=domain_hint(item.run_domain, column=item.domain))]


def _noise_badges(suggestion: SuggestionRow) -> list[str]:
    found = []
    if suggestion.is_within_noise:
        margin = f"{suggestion.noise_margin:.3g} {margin_unit(suggestion.rank_by)}"
        found.append(badge("within numeric noise", kind="warn", title=WITHIN_NOISE.format(margin=margin)))
    if suggestion.is_weighed_again:
        found.append(badge("weighed again in float32", title=WEIGHED_AGAIN))
    return found
