"""What plans read: the items a run suggests something for, what was drawn, how far a plan is.

Leaves out handing out (queries_looks.py) and how items are drawn (services/looks).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, distinct, func, insert, select, text
from sqlalchemy.orm import Session

from db.queries_looks import LOOKED
from db.tables import Decision, Item, Suggestion
from db.tables_audit import Look, PlanItem, PlanPerson
from db.tables_criteria import ItemDomain

WRITTEN_AT_ONCE = 5_000


def last_settled_decision_id(session: Session) -> int:
    """The last decision such that every one before it is committed too; in a writing transaction.

    On PostgreSQL numbers are given out before they are committed: the lock waits for those in between.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("LOCK TABLE decision IN SHARE MODE"))
    return session.scalar(select(func.max(Decision.decision_id))) or 0


def suggested_items(session: Session, run_id: int) -> Sequence[Row[int, int, str, str | None, float, bool]]:
    """(item_id, position, domain, subset, margin, is_length_flip) of what the run suggests, in file order.

    The domain is what the run took: its own record first, the file's column else.
    """
    routed = (ItemDomain.item_id == Suggestion.item_id) & (ItemDomain.run_id == run_id)
    return session.execute(
        select(
            Suggestion.item_id, Item.position, func.coalesce(ItemDomain.domain, Item.domain).label("domain"),
            Item.subset, Suggestion.margin, Suggestion.is_length_flip,
        )
        .join(Item, Item.item_id == Suggestion.item_id)
        .join(ItemDomain, routed, isouter=True)
        .where(Suggestion.run_id == run_id)
        .order_by(Item.position)
    ).all()  # fmt: skip


def items_with_another_best(session: Session, run_id: int, other_run_id: int) -> list[int]:
    """Items for which the other run suggests none of this run's best."""
    theirs = select(Suggestion.item_id, Suggestion.best_candidate_id, Suggestion.ranking).where(
        Suggestion.run_id == other_run_id
    ).subquery()  # fmt: skip
    rows = session.execute(
        select(Suggestion.item_id, Suggestion.ranking, theirs.c.ranking)
        .join(theirs, theirs.c.item_id == Suggestion.item_id)
        .where(Suggestion.run_id == run_id, Suggestion.best_candidate_id != theirs.c.best_candidate_id)
    )
    return [item_id for item_id, mine, other in rows if not set(mine[0]) & set(other[0])]


def write_plan_items(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Many places of a plan, in few statements."""
    for start in range(0, len(rows), WRITTEN_AT_ONCE):
        session.execute(insert(PlanItem), rows[start : start + WRITTEN_AT_ONCE])


def places_of(session: Session, plan_id: int) -> Sequence[Row[int, int, str | None]]:
    """(place, item_id, stratum) of a plan, by place."""
    wanted = select(PlanItem.place, PlanItem.item_id, PlanItem.stratum).where(PlanItem.plan_id == plan_id)
    return session.execute(wanted.order_by(PlanItem.place)).all()


def taken_by_item(session: Session, plan_id: int, *, overlap: int) -> dict[int, int]:
    """item_id -> slots taken, of a plan's items that have any; how many have looked where as many as come may."""
    has_looked = (Look.closed_as.in_(LOOKED)) & Look.is_repeat.is_(False)
    rows = session.execute(
        select(Look.item_id, func.count())
        .where(Look.plan_id == plan_id, Look.slot.is_not(None) if overlap else has_looked)
        .group_by(Look.item_id)
    )  # fmt: skip
    return dict(rows.all())


def plan_counts(session: Session, plan_ids: Collection[int], now: datetime) -> dict[int, tuple[int, int]]:
    """plan_id -> (places that have all the looks they wait for, places on somebody's screen now)."""
    wanted = tuple(plan_ids)
    full = dict(_count_places(session, wanted, PlanItem.n_free == 0))
    came = dict(_count_places(session, wanted, PlanItem.n_free < -1))  # as many as come: somebody has
    seen = (
        select(Look.plan_id, func.count(distinct(Look.place)), func.count(distinct(PlanItem.place)))
        .join(
            PlanItem,
            (PlanItem.plan_id == Look.plan_id) & (PlanItem.place == Look.place) & (PlanItem.n_free == 0),
            isouter=True,
        )
        .where(Look.plan_id.in_(wanted), Look.closed_at.is_(None), Look.leased_until > now, Look.is_repeat.is_(False))
        .group_by(Look.plan_id)
    )
    busy = {plan_id: (n_open, n_full) for plan_id, n_open, n_full in session.execute(seen)}
    found = {}
    for plan_id in wanted:
        n_open, n_full_and_open = busy.get(plan_id, (0, 0))
        n_decided = full.get(plan_id, 0) - n_full_and_open + came.get(plan_id, 0)
        found[plan_id] = (n_decided, n_open)
    return found


def _count_places(session: Session, plan_ids: Collection[int], which: ColumnElement[bool]) -> Sequence[Row[int, int]]:
    counted = select(PlanItem.plan_id, func.count()).where(PlanItem.plan_id.in_(plan_ids), which)
    return session.execute(counted.group_by(PlanItem.plan_id)).all()


def person_counts(session: Session, plan_id: int, annotator_id: int, *, overlap: int) -> tuple[int, int, int]:
    """(items this person decided, skipped ones among them, those of them that wait for somebody else)."""
    mine = (Look.plan_id == plan_id, Look.annotator_id == annotator_id, Look.is_repeat.is_(False))
    rows = session.execute(
        select(Look.closed_as, func.count()).where(*mine, Look.closed_as.in_(LOOKED)).group_by(Look.closed_as)
    )
    counts = dict(rows.all())
    if overlap < 2:  # nobody waits for a second person
        return sum(counts.values()), counts.get("skipped", 0), 0
    n_free = (  # looked up from the look: with a join SQLite may begin at all of the plan's 100,000 places
        select(PlanItem.n_free)
        .where(PlanItem.plan_id == Look.plan_id, PlanItem.place == Look.place)
        .correlate(Look)
        .scalar_subquery()
    )
    n_waiting = session.scalar(
        select(func.count()).select_from(Look).where(*mine, Look.closed_as.in_(LOOKED), n_free > 0)
    )
    return sum(counts.values()), counts.get("skipped", 0), n_waiting or 0


def n_flagged(session: Session, plan_id: int) -> int:
    """Items of a plan that somebody flagged."""
    people = select(PlanPerson.annotator_id).where(PlanPerson.plan_id == plan_id)
    wanted = select(func.count(distinct(Look.item_id))).where(
        Look.plan_id == plan_id, Look.annotator_id.in_(people), Look.closed_as == "flagged"
    )
    return session.scalar(wanted) or 0
