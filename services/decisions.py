"""Deciding and undoing: rows appended, never changed, each in one short transaction.

    submission   a token per screen shown: sending it twice keeps one decision
    accept       what the person says of the candidates agrees with the suggestion, however it was said (verdicts.py)
    undo         a row whose submission is "undo:N": it takes back decision N and restores what stood before
    look         a decision made on a look closes it, and carries what the look was: a repeat, blind or not

A later "undo" takes back the action before, because rows made by undoing are never taken back themselves.
Leaves out what the screen shows (reviews/review.py) and settling between people (adjudication.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from db.queries_reviews import UNDO_PREFIX, action_before, effective_decision, latest_action, latest_on_look
from db.tables import Annotator, Decision, Suggestion, utc_now
from db.tables_audit import Look
from services.annotators import ensure_annotator
from services.decision_facts import (
    as_it_stood,
    as_ranking,
    candidates_for,
    decision_row,
    sound_note,
    suggestion_for,
)
from services.errors import Refused
from services.labels import LABEL, REPEAT
from services.looks import leases
from services.recent_decisions import latest_decisions
from services.reviews.rows import REASON_TAGS, VERDICT_REQUESTS, DecisionRow, UndoRow
from services.verdicts import chosen_of, require_strength, sound_ranking, verdict_of_best, verdict_of_ranking

__all__ = ["ELAPSED_LIMIT_MS", "SUBMISSION_LIMIT", "as_ranking", "decide", "decision_row", "latest_decisions", "undo"]

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
    ranking: Sequence[Sequence[int]] | None = None,
    strength: int | None = None,
    reason_tags: Sequence[str] = (),
    note: str = "",
    display_order: Sequence[int] = (),
    elapsed_ms: int | None = None,
    look_id: int | None = None,
) -> DecisionRow:
    """Keep a decision, committed when this returns.

    Args:
        verdict_request: "best" (with chosen_candidate_id), "rank" (with ranking), "tie", "skip" or "flag". Whether it
            is an accept or an override is told by comparing with the run's stored suggestion (services/verdicts.py).
        submission: a fresh token per screen shown, at most 64 characters; the same token twice keeps one decision and
            returns it.
        ranking: places of candidate ids, best first, ties together; a candidate left out: nothing is said of it. Two
            candidates at least. One place only is a tie.
        strength: how much better one of a pair is, -3..3; negative: the first in file order.
        note: at most NOTE_LIMIT characters; longer is refused, never cut.
        display_order: candidate ids as shown; the look's own where it is empty.
        look_id: the look it is made on. It is closed with the decision, in the same transaction.

    Raises Refused (what is wrong with the request, one line; somebody else has the item by now) or NotFound.
    """
    asked = _Asked(
        item_id, run_id, verdict_request, chosen_candidate_id, ranking, strength, tuple(reason_tags), sound_note(note),
        tuple(display_order), elapsed_ms, look_id,
    )  # fmt: skip
    _require_sound(asked, submission)
    person = ensure_annotator(sessions, annotator)
    try:
        with sessions.begin() as session:
            _lock(session, person.annotator_id)
            kept = already_kept(session, submission, item_id=item_id, annotator_id=person.annotator_id)
            if kept is None:
                kept = _append(session, asked, annotator_id=person.annotator_id, submission=submission)
            return decision_row(session, kept)
    except IntegrityError:  # another person's decision took the token a moment ago: already_kept says so
        with sessions() as session:
            already_kept(session, submission, item_id=item_id, annotator_id=person.annotator_id)
        raise


def undo(sessions: sessionmaker[Session], *, dataset_id: int, annotator: str) -> UndoRow | None:
    """Take back this annotator's latest action in the dataset; again takes back the one before. None: nothing left.

    Appends a row, deletes none. Undoing an edit restores the decision before it; where none is left, the look it was
    made on is open again for the same person.
    """
    person = ensure_annotator(sessions, annotator)
    with sessions.begin() as session:
        _lock(session, person.annotator_id)
        undone = latest_action(session, dataset_id, person.annotator_id)
        if undone is None:
            return None
        row = undo_row(undone, action_before(session, undone))
        latest = _latest(session, undone.kind, undone.item_id, person.annotator_id, undone.look_id)
        row.supersedes_id = None if latest is None else latest.decision_id
        session.add(row)
        session.flush()
        if undone.look_id is not None:
            left = action_before(session, undone, is_same_look=True)
            verdict = "undo" if left is None else left.verdict
            leases.follow(session, undone.look_id, annotator_id=person.annotator_id, now=utc_now(), verdict=verdict)
        restored = None if row.verdict == "undo" else decision_row(session, row)
        return UndoRow(undone.item_id, undone.verdict, restored, undone.look_id)


@dataclass(frozen=True, slots=True)
class _Asked:
    item_id: int
    run_id: int | None
    verdict_request: str
    chosen_candidate_id: int | None
    ranking: Sequence[Sequence[int]] | None
    strength: int | None
    reason_tags: tuple[str, ...]
    note: str
    display_order: tuple[int, ...]
    elapsed_ms: int | None
    look_id: int | None


def _require_sound(asked: _Asked, submission: str) -> None:
    request = asked.verdict_request
    if request not in VERDICT_REQUESTS:
        raise Refused(f"the verdict is {request!r}; it must be one of {', '.join(VERDICT_REQUESTS)}")
    if (asked.chosen_candidate_id is not None) != (request == "best"):
        raise Refused(f"{request!r} came with candidate {asked.chosen_candidate_id}; only 'best' names one")
    if (asked.ranking is not None) != (request == "rank"):
        raise Refused(f"{request!r} came with the ranking {asked.ranking}; only 'rank' gives one")
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
    person = select(Annotator.annotator_id).where(Annotator.annotator_id == annotator_id)
    session.execute(person.with_for_update(key_share=True))  # key_share: others may write rows that name the person


def already_kept(session: Session, submission: str, *, item_id: int, annotator_id: int) -> Decision | None:
    """The decision that this token was sent for before; Refused when it was another one."""
    kept = session.scalar(select(Decision).where(Decision.submission == submission))
    if kept is not None and (kept.item_id, kept.annotator_id) != (item_id, annotator_id):
        raise Refused("this submission token was used for another decision; reload the item and decide again")
    return kept


def _append(session: Session, asked: _Asked, *, annotator_id: int, submission: str) -> Decision:
    found = candidates_for(session, asked.item_id, asked.run_id)
    ids = [candidate.candidate_id for candidate, _ in found]
    _require_known(asked, ids)
    said = [] if asked.ranking is None else sound_ranking(asked.ranking, ids)
    suggestion = suggestion_for(session, asked.item_id, asked.run_id)
    verdict = _verdict(asked, said, suggestion)
    look = _close_look(session, asked, annotator_id, verdict)
    is_blind = look is not None and look.is_blind and look.revealed_at is None
    ranking = said or _ranking(verdict, asked.chosen_candidate_id, ids, None if is_blind else suggestion)
    require_strength(asked.strength, ids, ranking)
    kind = REPEAT if look is not None and look.is_repeat else LABEL
    look_id = None if look is None else look.look_id
    before = _latest(session, kind, asked.item_id, annotator_id, look_id)
    row = Decision(
        submission=submission,
        run_id=asked.run_id,
        item_id=asked.item_id,
        annotator_id=annotator_id,
        verdict=verdict,
        chosen_candidate_id=chosen_of(said) if said else asked.chosen_candidate_id,
        ranking=ranking,
        strength=asked.strength,
        reason_tags=list(asked.reason_tags),
        note=asked.note,
        is_blind=is_blind,
        display_order=list(asked.display_order) or ([] if look is None else list(look.display_order)),
        suggestion=as_it_stood(session, asked.item_id, asked.run_id, suggestion, found),
        suggested_candidate_id=None if suggestion is None else suggestion.best_candidate_id,
        elapsed_ms=None if asked.elapsed_ms is None else min(asked.elapsed_ms, ELAPSED_LIMIT_MS),
        supersedes_id=None if before is None else before.decision_id,
        kind=kind,
        look_id=look_id,
        request=asked.verdict_request,
    )
    session.add(row)
    session.flush()
    return row


def _require_known(asked: _Asked, ids: Sequence[int]) -> None:
    if asked.chosen_candidate_id is not None and asked.chosen_candidate_id not in ids:
        raise Refused(f"candidate {asked.chosen_candidate_id} is not one of item {asked.item_id}; reload the page")
    if asked.display_order and sorted(asked.display_order) != sorted(ids):
        raise Refused(f"the display order does not name item {asked.item_id}'s {len(ids)} candidates once each")


def _verdict(asked: _Asked, said: Sequence[Sequence[int]], suggestion: Suggestion | None) -> str:
    suggested = () if suggestion is None else as_ranking(suggestion.ranking)
    if said:
        return verdict_of_ranking(said, suggested)
    if asked.chosen_candidate_id is not None:
        return verdict_of_best(asked.chosen_candidate_id, suggested)
    return asked.verdict_request


def _close_look(session: Session, asked: _Asked, annotator_id: int, verdict: str) -> Look | None:
    """The look that the decision is kept under; Refused where it is another item's or shows something else."""
    if asked.look_id is None:
        return None
    closed_id = leases.close(session, asked.look_id, annotator_id=annotator_id, now=utc_now(), as_=verdict)
    look = session.get_one(Look, closed_id)
    if look.item_id != asked.item_id or look.run_id != asked.run_id:
        raise Refused(
            f"look {closed_id} is at item {look.item_id} under run {look.run_id}, not at item {asked.item_id} under "
            f"run {asked.run_id}; reload the page"
        )
    shown, meant = list(asked.display_order), list(look.display_order)
    if look.is_blind and look.revealed_at is None and shown and meant and shown != meant:
        raise Refused(f"look {closed_id} is blind and its candidates stand in another order; reload the page")
    return look


def _ranking(
    verdict: str, chosen: int | None, candidate_ids: Sequence[int], suggestion: Suggestion | None
) -> list[list[int]]:
    """What the decision says of the order where no ranking was given.

    An accept takes the suggested ranking that was shown; a best else (nothing shown) stands before all the others.
    """
    if verdict == "accept" and suggestion is not None:
        return [list(group) for group in as_ranking(suggestion.ranking)]
    if chosen is not None:
        return [[chosen], [candidate_id for candidate_id in candidate_ids if candidate_id != chosen]]
    return [list(candidate_ids)] if verdict == "tie" else []


def _latest(session: Session, kind: str, item_id: int, annotator_id: int, look_id: int | None) -> Decision | None:
    """The row that a new one of this kind supersedes."""
    if kind == REPEAT:
        return None if look_id is None else latest_on_look(session, look_id)
    return effective_decision(session, item_id, annotator_id)


COPIED = (
    "run_id", "chosen_candidate_id", "ranking", "strength", "reason_tags", "note", "is_blind", "display_order",
    "suggestion", "suggested_candidate_id", "elapsed_ms", "look_id", "request",
)  # fmt: skip


def undo_row(undone: Decision, before: Decision | None) -> Decision:
    """Takes `undone` back: a copy of the decision before it, or an "undo" when there was none."""
    row = Decision(
        submission=f"{UNDO_PREFIX}{undone.decision_id}",
        item_id=undone.item_id,
        annotator_id=undone.annotator_id,
        run_id=undone.run_id,
        verdict="undo" if before is None else before.verdict,
        kind=undone.kind,
        look_id=undone.look_id,
    )
    for column in COPIED if before is not None else ():
        setattr(row, column, getattr(before, column))
    return row
