"""Reading runs with their names, and the two conditional updates by which one worker at a time owns a run.

Leaves out what a run may do next (services/runs.py) and the work (services/weighing/run.py).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, update
from sqlalchemy.orm import Session

from db.queries_noise import n_within_noise
from db.tables import Criteria, Dataset, Decision, Item, ModelPairRow, NotWeighed, Run

IN_HAND = ("running", "cancelling")


def runs_with_names() -> Select[Any]:
    """(Run, dataset name, pair name, criteria name, criteria version, decisions resting on it, items within noise)."""
    n_decisions = select(func.count()).where(Decision.run_id == Run.run_id).scalar_subquery()
    return (
        select(Run, Dataset.name, ModelPairRow.name, Criteria.name, Criteria.version, n_decisions, n_within_noise())
        .join(Dataset, Dataset.dataset_id == Run.dataset_id)
        .join(ModelPairRow, ModelPairRow.model_pair_id == Run.model_pair_id)
        .join(Criteria, Criteria.criteria_id == Run.criteria_id)
    )


def left_behind(silent_since: datetime) -> ColumnElement[bool]:
    """In somebody's hand, but not heard of since that time."""
    is_silent = or_(Run.heartbeat_at.is_(None), Run.heartbeat_at < silent_since)
    return and_(Run.status.in_(IN_HAND), is_silent)


def _waits(silent_since: datetime) -> ColumnElement[bool]:
    """Queued, or left running by a worker that died; one that was being cancelled when it died waits for nobody."""
    return or_(Run.status == "queued", and_(Run.status == "running", left_behind(silent_since)))


def settle_cancelled(session: Session, *, now: datetime, silent_since: datetime) -> None:
    """Runs whose worker died while cancelling are cancelled."""
    session.execute(
        update(Run)
        .where(Run.status == "cancelling", left_behind(silent_since))
        .values(status="cancelled", finished_at=now, worker=None)
    )


def claimable_run_id(session: Session, silent_since: datetime) -> int | None:
    """The oldest run that waits for a worker: queued, or left behind by one that died."""
    return session.scalar(select(Run.run_id).where(_waits(silent_since)).order_by(Run.run_id).limit(1))


def claim(session: Session, run_id: int, *, worker: str, now: datetime, silent_since: datetime) -> bool:
    """Take the run for this worker; False when somebody else has it or it waits for nobody."""
    taken = session.execute(
        update(Run)
        .where(Run.run_id == run_id, _waits(silent_since))
        .values(
            status="running",
            worker=worker,
            heartbeat_at=now,
            started_at=func.coalesce(Run.started_at, now),
            finished_at=None,
            error=None,
        )
    )
    return _touched(taken) == 1


def update_owned(session: Session, run_id: int, *, worker: str, values: dict[str, Any]) -> bool:
    """Write to the run while it is still this worker's; False when it is not (then write nothing else either)."""
    done = session.execute(
        update(Run).where(Run.run_id == run_id, Run.worker == worker, Run.status.in_(IN_HAND)).values(**values)
    )
    return _touched(done) == 1


def not_weighed_of(session: Session, run_id: int, *, limit: int) -> list[tuple[int, int, str, str]]:
    """(item_id, position, reason, detail), in file order."""
    rows = session.execute(
        select(NotWeighed.item_id, Item.position, NotWeighed.reason, NotWeighed.detail)
        .join(Item, Item.item_id == NotWeighed.item_id)
        .where(NotWeighed.run_id == run_id)
        .order_by(Item.position)
        .limit(limit)
    )
    return [(item_id, position, reason, detail) for item_id, position, reason, detail in rows]


def models_by_fingerprint(session: Session) -> dict[str, str]:
    """Fingerprint -> what the model is called, of every model that a run has used."""
    found: dict[str, str] = {}
    for configuration in session.scalars(select(Run.configuration).order_by(Run.run_id)):
        for model in configuration.get("models", {}).values():
            found[model["fingerprint"]] = model["ref"]
    return found


def _touched(result: Any) -> int:
    return int(result.rowcount)
