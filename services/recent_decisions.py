"""A person's latest decisions, for the list beside the item: each one click from revision. Read only."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from db.queries_items import candidates_by_item
from db.queries_reviews import annotator_id_of, latest_effective
from db.tables import Candidate, Decision, Item
from db.tables_audit import Look
from services.decision_facts import as_ranking
from services.labels import REPEAT
from services.reviews.rows import RecentRow
from services.weighing.chunk import letter


def latest_decisions(
    sessions: sessionmaker[Session], *, dataset_id: int, annotator: str, n: int = 10
) -> tuple[RecentRow, ...]:
    """The n latest decisions of this person that stand, newest first; an item is in it once, and once more as a repeat.

    Letters are those that were on the screen: by place on a blind look, by file position otherwise.
    """
    with sessions() as session:
        annotator_id = annotator_id_of(session, annotator.strip())
        if annotator_id is None:
            return ()
        found = latest_effective(session, dataset_id, annotator_id, n=n)
        item_ids = list({one.item_id for one in found})
        places = session.execute(select(Item.item_id, Item.position).where(Item.item_id.in_(item_ids)))
        positions = {row[0]: row[1] for row in places}
        candidates = candidates_by_item(session, item_ids)
        blind_looks = set(
            session.scalars(select(Look.look_id).where(Look.look_id.in_([one.look_id for one in found]), Look.is_blind))
        )
        return tuple(
            _row(one, positions[one.item_id], letters_of(one, candidates[one.item_id], one.look_id in blind_looks))
            for one in found
        )


def letters_of(decision: Decision, candidates: list[Candidate], is_by_place: bool) -> dict[int, str]:
    """candidate_id -> the letter it had on the screen."""
    if is_by_place and decision.display_order:
        return {candidate_id: letter(place) for place, candidate_id in enumerate(decision.display_order)}
    return {candidate.candidate_id: letter(candidate.position) for candidate in candidates}


def _row(one: Decision, position: int, letters: Mapping[int, str]) -> RecentRow:
    given = as_ranking(one.ranking) if one.request == "rank" else ()
    return RecentRow(
        decision_id=one.decision_id,
        item_id=one.item_id,
        position=position,
        verdict=one.verdict,
        chosen_letter=None if one.chosen_candidate_id is None else letters.get(one.chosen_candidate_id),
        ranking_letters=tuple("".join(letters.get(candidate_id, "?") for candidate_id in group) for group in given),
        strength=one.strength,
        is_blind=one.is_blind,
        created_at=one.created_at,
        is_repeat=one.kind == REPEAT,
    )
