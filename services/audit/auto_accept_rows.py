"""What was accepted unlooked, as it is kept and read: the report in `auto_accept`, and how much of it still stands."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sqlalchemy.orm import Session, sessionmaker

from db.queries_audit import auto_accepts, standing_auto
from db.tables_audit import AutoAccept
from services.audit.rows import AutoAcceptRow, Proposal, ThresholdRow
from services.errors import NotFound
from services.labels import FLAGGED, SETTLED, SPLIT, labels_of
from services.statistics.threshold import Search, Step

OVERTAKING = (SETTLED, SPLIT, FLAGGED)  # what people decided takes the label's place


def list_auto_accepts(sessions: sessionmaker[Session], *, dataset_id: int) -> tuple[AutoAcceptRow, ...]:
    """What was accepted unlooked in a dataset, newest first, revoked ones included."""
    with sessions() as session:
        found = session.execute(auto_accepts().where(AutoAccept.dataset_id == dataset_id)).all()
        return tuple(_row(session, *row) for row in found)


def read_auto_accept(sessions: sessionmaker[Session], auto_accept_id: int) -> AutoAcceptRow:
    """One of them, or NotFound."""
    with sessions() as session:
        found = session.execute(auto_accepts().where(AutoAccept.auto_accept_id == auto_accept_id)).one_or_none()
        if found is None:
            raise NotFound(f"no auto-accept {auto_accept_id}; its dataset may have been deleted")
        return _row(session, *found)


def report_of(proposal: Proposal) -> dict[str, Any]:
    """A proposal as JSON, to be kept with what it accepts."""
    return {
        "target": proposal.target,
        "level": proposal.level,
        "is_per_domain": proposal.is_per_domain,
        "up_to": proposal.up_to,
        "n_places": proposal.n_places,
        "thresholds": [asdict(one) for one in proposal.thresholds],
    }


def thresholds_in(report: dict[str, Any]) -> tuple[ThresholdRow, ...]:
    """The thresholds of a kept report."""
    return tuple(ThresholdRow(one["domain"], _search(one["search"]), one["n_accepted"]) for one in report["thresholds"])


def _search(kept: dict[str, Any]) -> Search:
    chosen = None if kept["chosen"] is None else Step(**kept["chosen"])
    return Search(**{**kept, "chosen": chosen, "path": tuple(Step(**step) for step in kept["path"])})


def _row(session: Session, kept: AutoAccept, made_by: str, revoked_by: str | None) -> AutoAcceptRow:
    return AutoAcceptRow(
        auto_accept_id=kept.auto_accept_id,
        dataset_id=kept.dataset_id,
        run_id=kept.run_id,
        plan_id=kept.plan_id,
        target=kept.report["target"],
        level=kept.report["level"],
        is_per_domain=kept.report["is_per_domain"],
        thresholds=thresholds_in(kept.report),
        n_items=kept.n_items,
        n_standing=_n_standing(session, kept),
        made_by=made_by,
        created_at=kept.created_at,
        revoked_by=revoked_by,
        revoked_at=kept.revoked_at,
        up_to=kept.report["up_to"],
        n_places=kept.report["n_places"],
    )


def _n_standing(session: Session, kept: AutoAccept) -> int:
    """Labels that were neither revoked nor overtaken by a person's decision."""
    if kept.revoked_at is not None:
        return 0
    overtaken = {
        item_id
        for item_id, label in labels_of(session, kept.dataset_id, with_auto=False).items()
        if label.state in OVERTAKING
    }
    return sum(item_id not in overtaken for _, item_id in standing_auto(session, kept.auto_accept_id))
