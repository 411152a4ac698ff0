"""Settling what people left open: split items and flagged ones, each decided once by an adjudicator for everybody.

    case        an item that is split or flagged, or that was and is settled now (adjudication_cases.py)
    settle      appends a decision of kind "adjudication"; the latest that was not taken back is the item's label
    undo        appends a row that takes it back: what was settled before counts again, or the item is open again

Leaves out what follows from a settlement (services/labels.py).
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session, sessionmaker

from db.queries_reviews import UNDO_PREFIX, latest_adjudication, latest_run_id, standing_adjudications
from db.tables import Decision, Item
from services.adjudication_cases import (
    Case,
    CaseCandidate,
    CaseDecision,
    CaseRow,
    adjudicated_ids,
    cases,
    is_case,
    open_case,
)
from services.annotators import ADJUDICATE, ensure_annotator, require_may
from services.decision_facts import as_it_stood, as_ranking, candidates_for, decision_row, sound_note, suggestion_for
from services.decisions import SUBMISSION_LIMIT, already_kept, undo_row
from services.errors import NotFound, Refused
from services.labels import ADJUDICATION, labels_of
from services.reviews.rows import DecisionRow
from services.verdicts import chosen_of, sound_ranking, verdict_of_best, verdict_of_ranking

__all__ = [
    "Case", "CaseCandidate", "CaseDecision", "CaseRow", "adjudicated_ids", "cases", "open_case", "settle",
    "undo_settlement",
]  # fmt: skip


def settle(
    sessions: sessionmaker[Session],
    *,
    item_id: int,
    by: str,
    submission: str,
    chosen_candidate_id: int | None = None,
    ranking: Sequence[Sequence[int]] | None = None,
    is_tie: bool = False,
    note: str = "",
    run_id: int | None = None,
    display_order: Sequence[int] = (),
) -> DecisionRow:
    """Settle a case for everybody; settling it again replaces what was settled. The same submission twice is once.

    Args:
        chosen_candidate_id, ranking, is_tie: exactly one of the three.
        run_id: whose suggestion it is compared with; the dataset's latest run by default.
        display_order: candidate ids as they were shown.

    Raises Refused: not an adjudicator, not a case, or not exactly one answer. NotFound: no such item.
    """
    if (chosen_candidate_id is not None) + (ranking is not None) + is_tie != 1:
        raise Refused("settle with exactly one of: the best response, a ranking, or a tie")
    if not 1 <= len(submission) <= SUBMISSION_LIMIT or submission.startswith(UNDO_PREFIX):
        raise Refused(f"the submission token has {len(submission)} characters; give 1 to {SUBMISSION_LIMIT}")
    sound = sound_note(note)
    person = ensure_annotator(sessions, by)
    with sessions.begin() as session:
        item = _hold(session, item_id)
        require_may(session, by, ADJUDICATE)
        kept = already_kept(session, submission, item_id=item_id, annotator_id=person.annotator_id)
        if kept is None:
            _require_case(session, item)
            run_id = latest_run_id(session, item.dataset_id) if run_id is None else run_id
            kept = _settlement(session, item_id, run_id, chosen_candidate_id, ranking, display_order)
            kept.submission, kept.annotator_id, kept.note = submission, person.annotator_id, sound
            session.add(kept)
            session.flush()
        return decision_row(session, kept)


def undo_settlement(sessions: sessionmaker[Session], *, item_id: int, by: str) -> DecisionRow | None:
    """Take back what was settled last. Returns what is settled now, None where the item is open again.

    Raises Refused when nothing is settled, or when somebody may not adjudicate.
    """
    person = ensure_annotator(sessions, by)
    with sessions.begin() as session:
        _hold(session, item_id)
        require_may(session, by, ADJUDICATE)
        latest = latest_adjudication(session, item_id)
        if latest is None or latest.verdict == "undo":
            raise Refused(f"item {item_id} is not settled; there is nothing to take back")
        undone, *before = standing_adjudications(session, item_id)
        row = undo_row(undone, before[0] if before else None)
        row.annotator_id, row.supersedes_id = person.annotator_id, latest.decision_id
        session.add(row)
        session.flush()
        return None if row.verdict == "undo" else decision_row(session, row)


def _settlement(
    session: Session,
    item_id: int,
    run_id: int | None,
    chosen: int | None,
    ranking: Sequence[Sequence[int]] | None,
    display_order: Sequence[int],
) -> Decision:
    found = candidates_for(session, item_id, run_id)
    ids = [candidate.candidate_id for candidate, _ in found]
    if chosen is not None and chosen not in ids:
        raise Refused(f"candidate {chosen} is not one of item {item_id}; reload the page")
    if display_order and sorted(display_order) != sorted(ids):
        raise Refused(f"the display order does not name item {item_id}'s {len(ids)} candidates once each")
    suggestion = suggestion_for(session, item_id, run_id)
    suggested = () if suggestion is None else as_ranking(suggestion.ranking)
    tied_or_best = [ids] if chosen is None else _best_first(chosen, ids)
    said = tied_or_best if ranking is None else sound_ranking(ranking, ids)
    latest = latest_adjudication(session, item_id)
    return Decision(
        item_id=item_id,
        run_id=run_id,
        verdict=verdict_of_ranking(said, suggested) if chosen is None else verdict_of_best(chosen, suggested),
        chosen_candidate_id=chosen if chosen is not None else chosen_of(said) if ranking else None,
        ranking=said,
        suggestion=as_it_stood(session, item_id, run_id, suggestion, found),
        suggested_candidate_id=None if suggestion is None else suggestion.best_candidate_id,
        display_order=list(display_order),
        supersedes_id=None if latest is None else latest.decision_id,
        kind=ADJUDICATION,
        request="rank" if ranking else "tie" if chosen is None else "best",
    )


def _best_first(chosen: int, ids: Sequence[int]) -> list[list[int]]:
    return [[chosen], [candidate_id for candidate_id in ids if candidate_id != chosen]]


def _require_case(session: Session, item: Item) -> None:
    if not is_case(labels_of(session, item.dataset_id, item_ids=[item.item_id]).get(item.item_id)):
        raise Refused(f"item {item.item_id} is neither split nor flagged; there is nothing to settle")


def _hold(session: Session, item_id: int) -> Item:
    """One settlement of an item at a time: PostgreSQL locks the row, SQLite has its one write lock already."""
    item = session.get(Item, item_id, with_for_update=True)
    if item is None:
        raise NotFound(f"no item {item_id}; its dataset may have been deleted")
    return item
