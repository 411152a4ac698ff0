"""What "look here again" compares: the texts of suggestions, and the reasons that people gave.

Leaves out labels (queries_labels.py) and likeness (services/statistics/likeness.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.queries_reviews import effective_decisions
from db.tables import Candidate, Decision, Item, Suggestion

IDS_A_QUERY = 500


def suggested_tops(session: Session, run_id: int) -> dict[int, list[int]]:
    """item_id -> the candidates that the run puts first, of every suggestion, in file order."""
    wanted = (
        select(Suggestion.item_id, Suggestion.ranking)
        .join(Item, Item.item_id == Suggestion.item_id)
        .where(Suggestion.run_id == run_id)
        .order_by(Item.position)
    )
    return {item_id: list(_first(ranking)) for item_id, ranking in session.execute(wanted)}


def suggested_texts(
    session: Session, run_id: int, item_ids: Sequence[int], *, characters: int
) -> dict[int, tuple[int, Any, str]]:
    """item_id -> (position, messages, the beginning of the suggested best response)."""
    found: dict[int, tuple[int, Any, str]] = {}
    for row in _in_parts(session, run_id, item_ids, characters):
        found[row[0]] = (row[1], row[2], row[3])
    return found


def reasons_of_overrides(session: Session, dataset_id: int) -> dict[int, list[str]]:
    """item_id -> the reason tags on its effective overrides, each as often as it was given."""
    ids = effective_decisions(dataset_id, annotator=None, run_id=None)
    wanted = select(Decision.item_id, Decision.reason_tags).where(
        Decision.decision_id.in_(ids), Decision.verdict.in_(("override", "tie"))
    )
    found: dict[int, list[str]] = {}
    for item_id, tags in session.execute(wanted):
        found.setdefault(item_id, []).extend(str(tag) for tag in tags)
    return found


def _in_parts(session: Session, run_id: int, item_ids: Sequence[int], characters: int) -> Iterator[Any]:
    text = func.substr(Candidate.text, 1, characters)
    wanted = (
        select(Item.item_id, Item.position, Item.messages, text)
        .join(Suggestion, Suggestion.item_id == Item.item_id)
        .join(Candidate, Candidate.candidate_id == Suggestion.best_candidate_id)
        .where(Suggestion.run_id == run_id)
    )
    for start in range(0, len(item_ids), IDS_A_QUERY):
        yield from session.execute(wanted.where(Item.item_id.in_(item_ids[start : start + IDS_A_QUERY])))


def _first(ranking: list[Any]) -> list[int]:
    head = ranking[0] if ranking else []
    return head if isinstance(head, list) else [head]
