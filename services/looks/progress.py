"""How far a plan is, and one person in it. Leaves out what the looks say (services/audit, services/people)."""

from __future__ import annotations

from sqlalchemy.orm import Session, sessionmaker

from db.queries_plans import n_flagged, person_counts, plan_counts
from db.queries_reviews import annotator_id_of
from db.tables import utc_now
from db.tables_audit import Plan
from services.errors import NotFound
from services.looks.rows import PlanProgress


def plan_progress(sessions: sessionmaker[Session], plan_id: int, annotator: str) -> PlanProgress:
    """How far the plan is, and this person in it."""
    with sessions() as session:
        plan = session.get(Plan, plan_id)
        if plan is None:
            raise NotFound(f"no plan {plan_id}; choose one on the Audit page")
        n_decided, n_open = plan_counts(session, [plan_id], utc_now())[plan_id]
        annotator_id = annotator_id_of(session, annotator.strip())
        mine, skipped, waiting = 0, 0, 0
        if annotator_id is not None:
            overlap = plan.configuration["overlap"]
            mine, skipped, waiting = person_counts(session, plan_id, annotator_id, overlap=overlap)
        return PlanProgress(
            plan.configuration["n"], n_decided, n_open, mine, skipped, n_flagged(session, plan_id), waiting
        )
