"""What a decision is made of and shown as: the item's candidates, the suggestion as it stood, the row for a screen.

Shared by deciding (decisions.py) and by settling (adjudication.py). Leaves out what a verdict is (verdicts.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.queries_reviews import candidates_with_scores
from db.tables import Annotator, Candidate, Decision, Item, NotWeighed, Run, Score, Suggestion
from services.errors import NotFound, Refused
from services.formats.cleaning import clean
from services.noise import within
from services.reviews.rows import NOTE_LIMIT, DecisionRow
from services.weighing.chunk import letter

Found = Sequence[tuple[Candidate, Score | None]]


def decision_row(session: Session, kept: Decision) -> DecisionRow:
    """A decision for the screen."""
    name = session.scalars(select(Annotator.name).where(Annotator.annotator_id == kept.annotator_id)).one()
    place = session.scalar(select(Candidate.position).where(Candidate.candidate_id == kept.chosen_candidate_id))
    return DecisionRow(
        decision_id=kept.decision_id,
        item_id=kept.item_id,
        run_id=kept.run_id,
        annotator=name,
        verdict=kept.verdict,
        chosen_candidate_id=kept.chosen_candidate_id,
        chosen_letter=None if place is None else letter(place),
        ranking=as_ranking(kept.ranking),
        reason_tags=tuple(kept.reason_tags),
        note=kept.note,
        display_order=tuple(kept.display_order),
        suggestion=kept.suggestion,
        suggested_candidate_id=kept.suggested_candidate_id,
        elapsed_ms=kept.elapsed_ms,
        created_at=kept.created_at,
        strength=kept.strength,
        is_blind=kept.is_blind,
        kind=kept.kind,
        look_id=kept.look_id,
        request=kept.request,
    )


def as_ranking(stored: Sequence[Any]) -> tuple[tuple[int, ...], ...]:
    """A ranking from its JSON."""
    return tuple(tuple(group) if isinstance(group, list) else (group,) for group in stored)


def sound_note(note: str) -> str:
    """The note as every database can hold it (no NUL, no broken surrogates), never cut. Refused when it is too long."""
    if len(note) > NOTE_LIMIT:
        raise Refused(f"the note has {len(note)} characters; the limit is {NOTE_LIMIT}, shorten it")
    cleaned: str = clean(note, set())
    return cleaned


def candidates_for(session: Session, item_id: int, run_id: int | None) -> Found:
    """The item's candidates in file order, with their scores under the run. NotFound for another dataset's run."""
    item = session.get(Item, item_id)
    if item is None:
        raise NotFound(f"no item {item_id}; its dataset may have been deleted")
    if run_id is not None:
        dataset_id = session.scalar(select(Run.dataset_id).where(Run.run_id == run_id))
        if dataset_id != item.dataset_id:
            raise NotFound(f"run {run_id} is not one of this item's dataset; reload the page")
    return candidates_with_scores(session, item_id, run_id)


def suggestion_for(session: Session, item_id: int, run_id: int | None) -> Suggestion | None:
    """What the run suggests for the item."""
    return None if run_id is None else session.get(Suggestion, (run_id, item_id))


def as_it_stood(
    session: Session, item_id: int, run_id: int | None, suggestion: Suggestion | None, found: Found
) -> dict[str, Any]:
    """The suggestion at the time of deciding, so that a decision explains itself when the run is long gone."""
    if run_id is None:
        return {}
    if suggestion is None:
        left_out = session.get(NotWeighed, (run_id, item_id))
        return {} if left_out is None else {"not_weighed": {"reason": left_out.reason, "detail": left_out.detail}}
    run = session.get_one(Run, run_id)
    return {
        "best": suggestion.best_candidate_id,
        "ranking": suggestion.ranking,
        "margin": suggestion.margin,
        "rank_by": run.configuration.get("rank_by", "sum"),
        "is_length_flip": suggestion.is_length_flip,
        "is_out_of_world": suggestion.is_out_of_world,
        "is_within_noise": within(suggestion.margin, run.noise_margin),
        "rewards": {str(candidate.candidate_id): score.reward for candidate, score in found if score is not None},
    }
