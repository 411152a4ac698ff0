"""What the figures of the Insights screen read, one query each.

Leaves out shares and intervals (services/insights.py) and charts.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.queries_reviews import effective_decisions
from db.tables import Decision, Score


def counts_with_suggestion(
    session: Session, dataset_id: int, *, annotator: str | None, run_id: int | None
) -> dict[str, int]:
    """verdict -> effective decisions on items that had a suggestion."""
    ids = effective_decisions(dataset_id, annotator=annotator, run_id=run_id)
    rows = session.execute(
        select(Decision.verdict, func.count())
        .where(Decision.decision_id.in_(ids), Decision.suggested_candidate_id.is_not(None))
        .group_by(Decision.verdict)
    )
    return {row[0]: row[1] for row in rows}


def decided_items(session: Session, dataset_id: int, *, annotator: str | None, run_id: int | None) -> int:
    """How many items have an effective decision."""
    ids = effective_decisions(dataset_id, annotator=annotator, run_id=run_id)
    wanted = select(func.count(Decision.item_id.distinct())).where(Decision.decision_id.in_(ids))
    return session.scalar(wanted) or 0


def decisions_with_suggestion(
    session: Session, dataset_id: int, *, annotator: str | None, run_id: int | None
) -> list[tuple[int, str, dict[str, Any]]]:
    """(item_id, verdict, the suggestion as it stood) of the effective decisions that had one, oldest first."""
    ids = effective_decisions(dataset_id, annotator=annotator, run_id=run_id)
    rows = session.execute(
        select(Decision.item_id, Decision.verdict, Decision.suggestion)
        .where(Decision.decision_id.in_(ids), Decision.suggested_candidate_id.is_not(None))
        .order_by(Decision.decision_id)
    )
    return [(row[0], row[1], row[2]) for row in rows]


def override_tags(session: Session, dataset_id: int, *, annotator: str | None, run_id: int | None) -> list[list[str]]:
    """The reason tags of each effective override."""
    ids = effective_decisions(dataset_id, annotator=annotator, run_id=run_id)
    wanted = select(Decision.reason_tags).where(Decision.decision_id.in_(ids), Decision.verdict == "override")
    return [list(tags) for tags in session.scalars(wanted)]


def scores_thinned(session: Session, run_id: int, *, limit: int) -> tuple[int, list[tuple[int, int, int, float, int]]]:
    """(how many there are, (candidate_id, item_id, strong tokens, reward, rank) of about `limit` spread evenly)."""
    n = session.scalar(select(func.count()).select_from(Score).where(Score.run_id == run_id)) or 0
    step = max(1, -(-n // limit))
    numbered = (
        select(
            Score.candidate_id,
            Score.item_id,
            Score.strong_tokens,
            Score.reward,
            Score.rank,
            func.row_number().over(order_by=Score.candidate_id).label("number"),
        )
        .where(Score.run_id == run_id)
        .subquery()
    )
    wanted = select(numbered).where(numbered.c.number % step == 1 % step).order_by(numbered.c.candidate_id)
    return n, [(row[0], row[1], row[2], row[3], row[4]) for row in session.execute(wanted)]
