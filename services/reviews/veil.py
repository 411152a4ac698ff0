"""An item as a look shows it: in the look's order, and behind a veil while nothing may lead.

A blind look names its responses by their place on the screen (A is the first one), before and after its reveal, so that
a letter does not tell the place in the file. Behind the veil there is nothing to leak: suggestion, rewards, ranks,
source models, gold and badges are taken out of the item, not merely off the screen. Leaves out who is handed which
look (looks/serve.py) and what hides are chosen (looks/plans.py).
"""

from __future__ import annotations

from dataclasses import replace

from services.looks.rows import LookRow
from services.reviews.rows import DecisionRow, ReviewCandidate, ReviewItem
from services.weighing.chunk import letter


def as_shown(item: ReviewItem, look: LookRow | None, *, is_veiled: bool | None = None) -> ReviewItem:
    """The item under a look; as it is without one.

    Args:
        is_veiled: None: while the look is blind and not revealed. True also hides what was revealed already.
    """
    if look is None:
        return item
    hides = look.is_blind and (not look.is_revealed or bool(is_veiled))
    candidates = _in_order(item.candidates, look)
    if look.is_blind:
        candidates = tuple(
            replace(one, key=place + 1, letter=letter(place), note=None) for place, one in enumerate(candidates)
        )
    if hides:
        candidates = tuple(_bare(one) for one in candidates)
    letters = {one.candidate_id: one.letter for one in candidates}
    suggestion = None if hides else item.suggestion
    if suggestion is not None:
        suggestion = replace(suggestion, best_letter=letters[suggestion.best_candidate_id])
    return replace(
        item,
        candidates=candidates,
        suggestion=suggestion,
        not_weighed=None if hides else item.not_weighed,
        decision=_decision(item.decision, look, letters),
        look=look,
        is_veiled=hides,
    )


def _in_order(candidates: tuple[ReviewCandidate, ...], look: LookRow) -> tuple[ReviewCandidate, ...]:
    """In the look's order. A candidate that the look does not know stands last; nothing is ever left out."""
    place_of = {candidate_id: place for place, candidate_id in enumerate(look.display_order)}
    return tuple(sorted(candidates, key=lambda one: place_of.get(one.candidate_id, len(place_of))))


def _bare(candidate: ReviewCandidate) -> ReviewCandidate:
    """A response with its text and nothing that leads."""
    return ReviewCandidate(
        candidate_id=candidate.candidate_id, key=candidate.key, letter=candidate.letter, text=candidate.text,
        source_model=None, reward=None, reward_per_token=None, strong_logprob=None, weak_logprob=None,
        strong_tokens=None, weak_tokens=None, rank=None, gold_rank=None, gold_score=None, note=None,
    )  # fmt: skip


def _decision(decision: DecisionRow | None, look: LookRow, letters: dict[int, str]) -> DecisionRow | None:
    """What was decided before, where it may be seen: an open look and a repeat begin anew."""
    is_own = decision is not None and decision.look_id == look.look_id
    if decision is None or (not is_own and (look.is_repeat or look.is_open)):
        return None
    chosen = decision.chosen_candidate_id
    return replace(decision, chosen_letter=None if chosen is None else letters.get(chosen))
