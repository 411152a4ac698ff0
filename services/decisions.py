"""Deciding and undoing: rows appended, never changed, each in one short transaction.

    submission   a token per screen shown: sending it twice keeps one decision
    accept       the chosen candidate is the suggested best (or one of a tied best), however it was chosen
    undo         a row whose submission is "undo:N": it takes back decision N and restores what stood before

A later "undo" takes back the action before, because rows made by undoing are never taken back themselves.
Leaves out what the screen shows (reviews/review.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from db.queries_reviews import UNDO_PREFIX, candidates_with_scores, effective_decision, latest_action
from db.tables import Annotator, Candidate, Decision, Item, NotWeighed, Run, Score, Suggestion
from services.annotators import ensure_annotator
from services.errors import NotFound, Refused
from services.formats.cleaning import clean
from services.noise import within
from services.reviews.rows import NOTE_LIMIT, REASON_TAGS, VERDICT_REQUESTS, DecisionRow, UndoRow
from services.weighing.chunk import letter

SUBMISSION_LIMIT = 64  # characters, as the column has it
ELAPSED_LIMIT_MS = 2**31 - 1


def decide(
    sessions: sessionmaker[Session],
    *,
    item_id: int,
    run_id: int | None,
    annotator: str,
    verdict_request: str,
    submission: str,
    chosen_candidate_id: int | None = None,
    reason_tags: Sequence[str] = (),
    note: str = "",
    display_order: Sequence[int] = (),
    elapsed_ms: int | None = None,
) -> DecisionRow:
    """Keep a decision, committed when this returns.

    Args:
        verdict_request: "best" (with chosen_candidate_id), "tie", "skip" or "flag". Whether "best" is an accept or an
            override is told by comparing with the run's stored suggestion (any of a tied best is an accept).
        submission: a fresh token per screen shown, at most 64 characters; the same token twice keeps one decision and
            returns it.
        note: at most NOTE_LIMIT characters; longer is refused, never cut.

    Raises Refused (what is wrong with the request, one line) or NotFound.
    """
    asked = _Asked(
        item_id, run_id, verdict_request, chosen_candidate_id, tuple(reason_tags), _sound_note(note),
        tuple(display_order), elapsed_ms,
    )  # fmt: skip
    _require_sound(asked, submission)
    person = ensure_annotator(sessions, annotator)
    try:
        with sessions.begin() as session:
            _lock(session, person.annotator_id)
            kept = _already_kept(session, submission, item_id=item_id, annotator_id=person.annotator_id)
            if kept is None:
                kept = _append(session, asked, annotator_id=person.annotator_id, submission=submission)
            return decision_row(session, kept)
    except IntegrityError:  # another person's decision took the token a moment ago: _already_kept says so
        with sessions() as session:
            _already_kept(session, submission, item_id=item_id, annotator_id=person.annotator_id)
        raise


def undo(sessions: sessionmaker[Session], *, dataset_id: int, annotator: str) -> UndoRow | None:
    """Take back this annotator's latest action in the dataset; again takes back the one before. None: nothing left.

    Appends a row, deletes none. Undoing an edit restores the decision before it.
    """
    person = ensure_annotator(sessions, annotator)
    with sessions.begin() as session:
        _lock(session, person.annotator_id)
        undone = latest_action(session, dataset_id, person.annotator_id)
        if undone is None:
            return None
        before = latest_action(
            session, dataset_id, person.annotator_id, item_id=undone.item_id, before_id=undone.decision_id
        )
        latest = effective_decision(session, undone.item_id, person.annotator_id)
        row = _undo_row(undone, before)
        row.supersedes_id = None if latest is None else latest.decision_id
        session.add(row)
        session.flush()
        restored = None if before is None else decision_row(session, row)
        return UndoRow(undone.item_id, undone.verdict, restored)


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
    )


def as_ranking(stored: Sequence[Sequence[int]]) -> tuple[tuple[int, ...], ...]:
    """A ranking from its JSON."""
    return tuple(tuple(group) for group in stored)


@dataclass(frozen=True, slots=True)
class _Asked:
    item_id: int
    run_id: int | None
    verdict_request: str
    chosen_candidate_id: int | None
    reason_tags: tuple[str, ...]
    note: str
    display_order: tuple[int, ...]
    elapsed_ms: int | None


def _sound_note(note: str) -> str:
    """The note as every database can hold it (no NUL, no broken surrogates), never cut."""
    if len(note) > NOTE_LIMIT:
        raise Refused(f"the note has {len(note)} characters; the limit is {NOTE_LIMIT}, shorten it")
    cleaned: str = clean(note, set())
    return cleaned


def _require_sound(asked: _Asked, submission: str) -> None:
    if asked.verdict_request not in VERDICT_REQUESTS:
        raise Refused(f"the verdict is {asked.verdict_request!r}; it must be one of {', '.join(VERDICT_REQUESTS)}")
    if (asked.chosen_candidate_id is not None) != (asked.verdict_request == "best"):
        raise Refused(
            f"{asked.verdict_request!r} came with candidate {asked.chosen_candidate_id}; only 'best' names one"
        )
    unknown = [tag for tag in asked.reason_tags if tag not in REASON_TAGS]
    if unknown:
        raise Refused(f"the reason {unknown[0]!r} is not known; choose from {', '.join(REASON_TAGS)}")
    if not 1 <= len(submission) <= SUBMISSION_LIMIT or submission.startswith(UNDO_PREFIX):
        raise Refused(
            f"the submission token has {len(submission)} characters; give 1 to {SUBMISSION_LIMIT} of your own"
        )
    if asked.elapsed_ms is not None and asked.elapsed_ms < 0:
        raise Refused(f"elapsed_ms is {asked.elapsed_ms}; it cannot be negative")


def _lock(session: Session, annotator_id: int) -> None:
    """One action of an annotator at a time: PostgreSQL locks the row, SQLite has its one write lock already."""
    session.execute(select(Annotator.annotator_id).where(Annotator.annotator_id == annotator_id).with_for_update())


def _already_kept(session: Session, submission: str, *, item_id: int, annotator_id: int) -> Decision | None:
    kept = session.scalar(select(Decision).where(Decision.submission == submission))
    if kept is not None and (kept.item_id, kept.annotator_id) != (item_id, annotator_id):
        raise Refused("this submission token was used for another decision; reload the item and decide again")
    return kept


def _append(session: Session, asked: _Asked, *, annotator_id: int, submission: str) -> Decision:
    found = _candidates_of(session, asked)
    suggestion = _suggestion_of(session, asked)
    before = effective_decision(session, asked.item_id, annotator_id)
    top = [] if suggestion is None else list(suggestion.ranking[0])
    verdict = asked.verdict_request
    if verdict == "best":
        verdict = "accept" if asked.chosen_candidate_id in top else "override"
    row = Decision(
        submission=submission,
        run_id=asked.run_id,
        item_id=asked.item_id,
        annotator_id=annotator_id,
        verdict=verdict,
        chosen_candidate_id=asked.chosen_candidate_id,
        ranking=_ranking(verdict, asked.chosen_candidate_id, [c.candidate_id for c, _ in found], suggestion),
        reason_tags=list(asked.reason_tags),
        note=asked.note,
        display_order=list(asked.display_order),
        suggestion=_as_it_stood(session, asked, suggestion, found),
        suggested_candidate_id=None if suggestion is None else suggestion.best_candidate_id,
        elapsed_ms=None if asked.elapsed_ms is None else min(asked.elapsed_ms, ELAPSED_LIMIT_MS),
        supersedes_id=None if before is None else before.decision_id,
    )
    session.add(row)
    session.flush()
    return row


def _candidates_of(session: Session, asked: _Asked) -> list[tuple[Candidate, Score | None]]:
    item = session.get(Item, asked.item_id)
    if item is None:
        raise NotFound(f"no item {asked.item_id}; its dataset may have been deleted")
    if asked.run_id is not None:
        dataset_id = session.scalar(select(Run.dataset_id).where(Run.run_id == asked.run_id))
        if dataset_id != item.dataset_id:
            raise NotFound(f"run {asked.run_id} is not one of this item's dataset; reload the page")
    found = candidates_with_scores(session, asked.item_id, asked.run_id)
    ids = {candidate.candidate_id for candidate, _ in found}
    if asked.chosen_candidate_id is not None and asked.chosen_candidate_id not in ids:
        raise Refused(f"candidate {asked.chosen_candidate_id} is not one of item {asked.item_id}; reload the page")
    if asked.display_order and (set(asked.display_order) != ids or len(asked.display_order) != len(ids)):
        raise Refused(f"the display order does not name item {asked.item_id}'s {len(ids)} candidates once each")
    return found


def _suggestion_of(session: Session, asked: _Asked) -> Suggestion | None:
    return None if asked.run_id is None else session.get(Suggestion, (asked.run_id, asked.item_id))


def _ranking(
    verdict: str, chosen: int | None, candidate_ids: Sequence[int], suggestion: Suggestion | None
) -> list[list[int]]:
    """What the decision says of the order: an accept takes the suggested ranking, a best puts one before the rest."""
    if verdict == "accept" and suggestion is not None:
        return [list(group) for group in suggestion.ranking]
    if verdict == "override" and chosen is not None:
        return [[chosen], [candidate_id for candidate_id in candidate_ids if candidate_id != chosen]]
    return [list(candidate_ids)] if verdict == "tie" else []


def _as_it_stood(
    session: Session, asked: _Asked, suggestion: Suggestion | None, found: Sequence[tuple[Candidate, Score | None]]
) -> dict[str, Any]:
    """The suggestion at the time of deciding, so that a decision explains itself when the run is long gone."""
    if asked.run_id is None:
        return {}
    if suggestion is None:
        left_out = session.get(NotWeighed, (asked.run_id, asked.item_id))
        return {} if left_out is None else {"not_weighed": {"reason": left_out.reason, "detail": left_out.detail}}
    run = session.get_one(Run, asked.run_id)
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


COPIED = (
    "run_id", "chosen_candidate_id", "ranking", "strength", "reason_tags", "note", "is_blind", "display_order",
    "suggestion", "suggested_candidate_id", "elapsed_ms",
)  # fmt: skip


def _undo_row(undone: Decision, before: Decision | None) -> Decision:
    """Takes `undone` back: a copy of the decision before it, or an "undo" when there was none."""
    row = Decision(
        submission=f"{UNDO_PREFIX}{undone.decision_id}",
        item_id=undone.item_id,
        annotator_id=undone.annotator_id,
        run_id=undone.run_id,
        verdict="undo" if before is None else before.verdict,
    )
    for column in COPIED if before is not None else ():
        setattr(row, column, getattr(before, column))
    return row
