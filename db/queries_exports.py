"""What an export reads about a few items at a time: every decision, and what one run found.

Items and their candidates come from queries_items.py.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.tables import Annotator, Criteria, Decision, ModelPairRow, NotWeighed, Run, Score, Suggestion


def decisions_by_item(session: Session, item_ids: Sequence[int]) -> dict[int, list[tuple[Decision, str]]]:
    """Every decision with its annotator's name, in the order they were made; an undecided item has an empty list."""
    found: dict[int, list[tuple[Decision, str]]] = {item_id: [] for item_id in item_ids}
    query = (
        select(Decision, Annotator.name)
        .join(Annotator, Annotator.annotator_id == Decision.annotator_id)
        .where(Decision.item_id.in_(item_ids))
        .order_by(Decision.decision_id)
    )
    for decision, name in session.execute(query):
        found[decision.item_id].append((decision, name))
    return found


def score_by_candidate(session: Session, run_id: int, item_ids: Sequence[int]) -> dict[int, Score]:
    """What the run found for the candidates of these items."""
    query = select(Score).where(Score.run_id == run_id, Score.item_id.in_(item_ids))
    return {score.candidate_id: score for score in session.scalars(query)}


def suggestion_by_item(session: Session, run_id: int, item_ids: Sequence[int]) -> dict[int, Suggestion]:
    """The rankings the run proposes for these items."""
    query = select(Suggestion).where(Suggestion.run_id == run_id, Suggestion.item_id.in_(item_ids))
    return {suggestion.item_id: suggestion for suggestion in session.scalars(query)}


def not_weighed_by_item(session: Session, run_id: int, item_ids: Sequence[int]) -> dict[int, NotWeighed]:
    """Those of the items that the run could not rank."""
    query = select(NotWeighed).where(NotWeighed.run_id == run_id, NotWeighed.item_id.in_(item_ids))
    return {row.item_id: row for row in session.scalars(query)}


def run_with_parts(session: Session, run_id: int) -> tuple[Run, ModelPairRow, Criteria] | None:
    """A run with its pair and criteria, None when there is no such run."""
    query = (
        select(Run, ModelPairRow, Criteria)
        .join(ModelPairRow, ModelPairRow.model_pair_id == Run.model_pair_id)
        .join(Criteria, Criteria.criteria_id == Run.criteria_id)
        .where(Run.run_id == run_id)
    )
    row = session.execute(query).first()
    return None if row is None else (row[0], row[1], row[2])
