"""What the database holds after many people decided at once, against what each of them was told.

Reads the tables alone, by other ways than the services do. Leaves out the deciding (people.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from db.tables import Decision
from db.tables_audit import Look, Plan, PlanItem


@dataclass(frozen=True, slots=True)
class Found:
    """Counts; all but the first four are 0 when nothing went wrong."""

    n_items: int
    n_decisions: int  # rows, undone and skipped ones included
    n_labels: int  # decisions in force
    n_full: int  # items that have all their people
    n_over: int  # items that more people decided than the plan asks for
    n_under: int  # items that the plan calls full and that are not
    n_lost: int  # decisions somebody was told were kept and that are not there, or not with that verdict
    n_doubled: int  # rows nobody was told of
    n_slots_wrong: int  # places whose count of free slots is not what the looks say


def count(sessions: sessionmaker[Session], plan_id: int, told: Mapping[int, Sequence[str]], *, n_kept: int) -> Found:
    """Compares. `told`: item_id -> the verdicts in force as the people know them; `n_kept`: rows confirmed to them."""
    with sessions() as session:
        overlap = session.get_one(Plan, plan_id).configuration["overlap"]
        free = dict(session.execute(select(PlanItem.item_id, PlanItem.n_free).where(PlanItem.plan_id == plan_id)).all())
        slots = Counter(
            session.scalars(select(Look.item_id).where(Look.plan_id == plan_id, Look.slot.is_not(None)))
        )  # fmt: skip
        in_force = _in_force(session)
        n_rows = session.scalar(select(func.count()).select_from(Decision)) or 0
    lost = sum(
        ((Counter(verdicts) - Counter(in_force.get(item, []))).total() for item, verdicts in told.items()), start=0
    )
    return Found(
        n_items=len(free),
        n_decisions=n_rows,
        n_labels=sum(map(len, in_force.values())),
        n_full=sum(len(in_force.get(item, [])) == overlap for item in free),
        n_over=sum(len(verdicts) > overlap for verdicts in in_force.values()),
        n_under=sum(n == 0 and len(in_force.get(item, [])) < overlap for item, n in free.items()),
        n_lost=lost,
        n_doubled=n_rows - n_kept,
        n_slots_wrong=sum(n != overlap - slots[item] for item, n in free.items()),
    )


def _in_force(session: Session) -> dict[int, list[str]]:
    """item_id -> the latest verdict of each person, undone ones left out."""
    latest: dict[tuple[int, int], str] = {}
    rows = select(Decision.item_id, Decision.annotator_id, Decision.verdict).order_by(Decision.decision_id)
    for item_id, annotator_id, verdict in session.execute(rows):
        latest[item_id, annotator_id] = verdict
    found: dict[int, list[str]] = {}
    for (item_id, _), verdict in latest.items():
        if verdict != "undo":
            found.setdefault(item_id, []).append(verdict)
    return found
