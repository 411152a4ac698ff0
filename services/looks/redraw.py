"""Drawing again from the seed: whether a sample's items are what its seed, its run and the decisions of then give.

Leaves out comparing figures (certificates do).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from sqlalchemy.orm import Session

from db.queries_plans import places_of
from db.tables_audit import Plan
from services.errors import NotFound, Refused
from services.looks.draw import deal
from services.looks.population import Wanted, orders_of
from services.looks.rows import SAMPLES


@dataclass(frozen=True, slots=True)
class Drawn:
    """An item at its place in a plan."""

    place: int
    item_id: int
    stratum: str | None


def redraw(session: Session, plan_id: int) -> tuple[Drawn, ...]:
    """The items of a sample as its seed, decision cut and run give them anew. Refused for a plan that is no sample."""
    plan = session.get(Plan, plan_id)
    if plan is None:
        raise NotFound(f"no plan {plan_id}; it may have been deleted with its run")
    if plan.order not in SAMPLES:
        raise Refused(f"plan {plan_id} is in the order {plan.order!r}, no sample; only samples are drawn by chance")
    settings = plan.configuration
    wanted = Wanted(plan.dataset_id, plan.run_id, plan.order, plan.seed, plan.decision_cut, settings["strata"])
    orders = orders_of(session, wanted)
    found: list[Drawn] = []
    for n, _ in settings["draws"]:
        counts = Counter(one.stratum or "" for one in found)
        dealt = deal(plan.seed, orders, n_more=n, allocation=settings["allocation"], drawn=counts)
        found += [Drawn(place, item, name or None) for place, (item, name) in enumerate(dealt, start=len(found))]
    return tuple(found)


def kept_draw(session: Session, plan_id: int) -> tuple[Drawn, ...]:
    """The items of a plan as they are kept, by place."""
    return tuple(Drawn(*row) for row in places_of(session, plan_id))
