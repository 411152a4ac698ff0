"""Making plans, drawing more for them, closing them, and reading them back.

The items of a draw are read before the writing transaction begins: they depend on nothing that can change, only on the
run, the decisions up to the cut, and the seed. Leaves out how items are drawn (draw.py) and handed out (serve.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, sessionmaker

from db.queries_plans import (
    last_settled_decision_id,
    places_of,
    plan_counts,
    taken_by_item,
    write_plan_items,
)
from db.tables import Annotator, Run, utc_now
from db.tables_audit import Plan
from services.annotators import MAKE_PLANS, ensure_annotator, require_may
from services.errors import NotFound, Refused
from services.looks.chance import fresh_seed
from services.looks.draw import deal
from services.looks.population import Wanted, confidence_under, orders_of
from services.looks.request import Asked, require_sound
from services.looks.rows import NAME_BY_ORDER, NO_STRATUM, SAMPLES, STRATA_LIMIT, PlanRow


def make_plan(
    sessions: sessionmaker[Session],
    *,
    dataset_id: int,
    run_id: int,
    made_by: str,
    order: str,
    n: int | None = None,
    name: str = "",
    seed: str | None = None,
    blind_share: float = 0.0,
    repeat_share: float = 0.0,
    overlap: int = 0,
    lease_minutes: int = 30,
    mode: str = "best",
    strata: str | None = None,
    allocation: str = "proportional",
    other_run_id: int | None = None,
) -> PlanRow:
    """Draw items of a run for people, and keep how. Only an admin may, once there is one.

    Args:
        order: one of ORDERS. `random` and `stratified` are samples: the run must be done.
        n: how many items; None or more than there are: all that the order has.
        seed: text of at most SEED_LIMIT characters; None: a fresh one. Who knows it can draw the same items again.
        blind_share: of the items; on them the suggestion stays hidden until the decision is in.
        repeat_share: of the items a person has decided, shown to that person once more.
        overlap: people per item; 0: as many as come.
        strata: what a `stratified` plan divides the items by, one of STRATA.
        other_run_id: the run that a `change` plan compares with.

    Raises Refused (what is wrong, one line) or NotFound.
    """
    asked = Asked(
        order=order, n=n, name=name.strip(), seed=fresh_seed() if seed is None else seed, blind_share=blind_share,
        repeat_share=repeat_share, overlap=overlap, lease_minutes=lease_minutes, mode=mode, strata=strata,
        allocation=allocation, other_run_id=other_run_id,
    )  # fmt: skip
    require_sound(asked)
    person = ensure_annotator(sessions, made_by)
    with sessions.begin() as session:  # alone, and short: on PostgreSQL it waits for decisions being written
        require_may(session, made_by, MAKE_PLANS)
        _require_runs(session, asked, dataset_id, run_id)
        cut = last_settled_decision_id(session)
    wanted = Wanted(dataset_id, run_id, order, asked.seed, cut, strata, other_run_id)
    orders = _orders(sessions, wanted)
    if len(orders) > STRATA_LIMIT:
        raise Refused(f"{strata} has {len(orders):,} values; groups can be at most {STRATA_LIMIT}, choose another")
    n_there = sum(map(len, orders.values()))
    if not n_there:
        raise Refused(f"nothing to draw in the order {order!r}: run {run_id} has no such item left; choose another")
    dealt = deal(asked.seed, orders, n_more=n_there if n is None else n, allocation=allocation, drawn={})
    with sessions.begin() as session:
        plan = Plan(
            dataset_id=dataset_id, run_id=run_id, order=order, seed=asked.seed,
            name=asked.name or _fresh_name(session, dataset_id, order),
            configuration=asked.configuration(orders, len(dealt)), decision_cut=cut, made_by=person.annotator_id,
        )  # fmt: skip
        session.add(plan)
        session.flush()
        write_plan_items(session, _places(plan, dealt, first=0, taken={}))
        plan_id = plan.plan_id
    return get_plan(sessions, plan_id)


def _require_runs(session: Session, asked: Asked, dataset_id: int, run_id: int) -> None:
    for number in (run_id, *([] if asked.other_run_id is None else [asked.other_run_id])):
        run = session.get(Run, number)
        if run is None or run.dataset_id != dataset_id:
            raise NotFound(f"no run {number} of this dataset; choose one on the Runs screen")
        if asked.order in SAMPLES and run.status != "done":
            raise Refused(f"run {number} is {run.status}; a sample needs a run that is done: wait, or resume it")
    if asked.other_run_id == run_id:
        raise Refused(f"run {run_id} cannot be compared with itself; choose another run")


def _fresh_name(session: Session, dataset_id: int, order: str) -> str:
    """What a plan is called that nobody named: by its order, numbered from the second on."""
    same = select(func.count()).select_from(Plan).where(Plan.dataset_id == dataset_id, Plan.order == order)
    n = session.scalar(same) or 0
    return NAME_BY_ORDER[order] + (f" {n + 1}" if n else "")


def _orders(sessions: sessionmaker[Session], wanted: Wanted) -> dict[str, list[int]]:
    confidence = confidence_under(sessions, wanted.run_id) if wanted.order == "uncertainty" else None
    with sessions() as session:
        return orders_of(session, wanted, confidence=confidence)


def _places(
    plan: Plan, dealt: Sequence[tuple[int, str]], *, first: int, taken: Mapping[int, int]
) -> list[dict[str, Any]]:
    """Rows of plan_item; `taken`: how many people took an item before it was drawn."""
    overlap = plan.configuration["overlap"]
    return [
        {
            "plan_id": plan.plan_id, "place": place, "item_id": item_id, "stratum": stratum or None,
            "n_free": max(overlap - taken.get(item_id, 0), 0) if overlap else -1 - taken.get(item_id, 0),
        }
        for place, (item_id, stratum) in enumerate(dealt, start=first)
    ]  # fmt: skip


def list_plans(sessions: sessionmaker[Session], *, dataset_id: int, with_closed: bool = False) -> tuple[PlanRow, ...]:
    """The plans of a dataset, newest first."""
    wanted = select(Plan).where(Plan.dataset_id == dataset_id).order_by(Plan.plan_id.desc())
    with sessions() as session:
        return _rows(session, wanted if with_closed else wanted.where(Plan.closed_at.is_(None)))


def get_plan(sessions: sessionmaker[Session], plan_id: int) -> PlanRow:
    """That plan, or NotFound."""
    with sessions() as session:
        found = _rows(session, select(Plan).where(Plan.plan_id == plan_id))
    if not found:
        raise NotFound(f"no plan {plan_id}; choose one on the Audit page")
    return found[0]


def extend_plan(sessions: sessionmaker[Session], plan_id: int, *, n_more: int, by: str) -> PlanRow:
    """Draw the next items of the same order. A sample stays a sample: its order was fixed by the seed."""
    if n_more < 1:
        raise Refused(f"{n_more} more items cannot be drawn; give 1 or more")
    plan = get_plan(sessions, plan_id)
    orders = _orders(sessions, wanted_of(plan))
    with sessions.begin() as session:
        require_may(session, by, MAKE_PLANS)
        kept = session.scalars(select(Plan).where(Plan.plan_id == plan_id).with_for_update()).one()
        if kept.closed_at is not None:
            raise Refused(f"plan {plan_id} is closed; make a new one")
        before = places_of(session, plan_id)
        drawn = {item_id for _, item_id, _ in before}
        counts = Counter(stratum or NO_STRATUM for _, _, stratum in before)
        if not plan.is_sample:  # sorted by what may have changed since: go on with what was not drawn
            orders = {NO_STRATUM: [*drawn, *(one for one in orders[NO_STRATUM] if one not in drawn)]}
        dealt = deal(plan.seed, orders, n_more=n_more, allocation=plan.allocation, drawn=counts)
        if not dealt:
            raise Refused(f"plan {plan_id} has drawn all of its {len(before)} items; nothing is left to draw")
        taken = taken_by_item(session, plan_id, overlap=plan.overlap)
        write_plan_items(session, _places(kept, dealt, first=len(before), taken=taken))
        draws = [*kept.configuration["draws"], [len(dealt), utc_now().isoformat(timespec="seconds")]]
        kept.configuration = kept.configuration | {"n": len(before) + len(dealt), "draws": draws}
    return get_plan(sessions, plan_id)


def close_plan(sessions: sessionmaker[Session], plan_id: int, *, by: str) -> PlanRow:
    """Hand out nothing more from it; open looks may still be decided. Closing twice is closing once."""
    with sessions.begin() as session:
        require_may(session, by, MAKE_PLANS)
        plan = session.scalar(select(Plan).where(Plan.plan_id == plan_id).with_for_update())
        if plan is not None and plan.closed_at is None:
            plan.closed_at = utc_now()
    return get_plan(sessions, plan_id)


def wanted_of(plan: PlanRow) -> Wanted:
    """What the plan's draws depend on."""
    return Wanted(
        plan.dataset_id, plan.run_id, plan.order, plan.seed, plan.decision_cut, plan.strata, plan.other_run_id
    )


def _rows(session: Session, wanted: Select[Any]) -> tuple[PlanRow, ...]:
    made_by = wanted.join(Annotator, Annotator.annotator_id == Plan.made_by).add_columns(Annotator.name)
    found = session.execute(made_by).all()
    counts = plan_counts(session, [plan.plan_id for plan, _ in found], utc_now())
    return tuple(_row(plan, name, n_decided=counts[plan.plan_id][0]) for plan, name in found)


def _row(plan: Plan, made_by: str, *, n_decided: int) -> PlanRow:
    settings = plan.configuration
    return PlanRow(
        plan_id=plan.plan_id,
        dataset_id=plan.dataset_id,
        run_id=plan.run_id,
        name=plan.name,
        order=plan.order,
        seed=plan.seed,
        decision_cut=plan.decision_cut,
        made_by=made_by,
        created_at=plan.created_at,
        closed_at=plan.closed_at,
        blind_share=settings["blind_share"],
        repeat_share=settings["repeat_share"],
        overlap=settings["overlap"],
        lease_minutes=settings["lease_minutes"],
        mode=settings["mode"],
        strata=settings["strata"],
        allocation=settings["allocation"],
        other_run_id=settings["other_run_id"],
        population=settings["population"],
        draws=tuple((n, when) for n, when in settings["draws"]),
        n=settings["n"],
        n_decided=n_decided,
    )
