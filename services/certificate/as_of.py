"""Sessions that see the database as it stood after a given decision.

Decisions are only ever added, so leaving the later ones out of every statement gives back the earlier state. The same
is done for items appended later, later looks, later auto-accepts, and for what plans drew later. What changes in place
(leases, roles, names) is no part of a certificate.

    sessions = as_of(sessions, cut)          every verb of the audit answers as it would have then

Statements written as SQL text go past this; the verbs of the audit hold none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Engine, Select, event, false, func, or_, select, text
from sqlalchemy.orm import ORMExecuteState, Session, sessionmaker, with_loader_criteria

from db.session import ReadOnlySession, Sessions
from db.tables import Decision, Item
from db.tables_audit import AutoAccept, Look, Plan, PlanItem

NUMBERS = ("decision_id", "item_id", "look_id", "auto_accept_id")


@dataclass(frozen=True, slots=True)
class Cut:
    """The last row of each kind that counts; 0 where there is none."""

    decision_id: int
    item_id: int
    look_id: int
    auto_accept_id: int
    n_places: tuple[tuple[int, int], ...]  # (plan_id, places drawn) of the dataset's plans


def cut_json(cut: Cut) -> dict[str, Any]:
    """The cut as it stands in a certificate."""
    return asdict(cut) | {"n_places": [list(one) for one in cut.n_places]}


def cut_of(found: Mapping[str, Any]) -> Cut:
    """The cut that a certificate names. Raises ValueError for what is none."""
    places = found.get("n_places")
    are_places = isinstance(places, list) and all(isinstance(one, list) and len(one) == 2 for one in places)
    if not are_places or not all(_is_id(number) for one in places or () for number in one):
        raise ValueError("n_places must list [plan, places drawn] of each plan")
    if not all(_is_id(found.get(name)) for name in NUMBERS):
        raise ValueError(f"{', '.join(NUMBERS)} must be numbers")
    numbers = {name: int(found[name]) for name in NUMBERS}
    return Cut(**numbers, n_places=tuple((plan, n) for plan, n in places or ()))


def _is_id(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63


class AsOf(Sessions):
    """Sessions on the same engine that read only, and only up to the cut."""

    def __init__(self, engine: Engine, cut: Cut) -> None:
        super().__init__(engine)
        self.cut = cut
        options = _options(cut)

        def leave_out_later(state: ORMExecuteState) -> None:
            if state.is_select:
                state.statement = state.statement.options(*options)

        event.listen(self, "do_orm_execute", leave_out_later)

    @contextmanager
    def begin(self) -> Iterator[Session]:
        """Refused: what was cannot be written."""
        raise ReadOnlySession("this is the database as it stood earlier; it can only be read")
        yield  # pragma: no cover


def as_of(sessions: sessionmaker[Session], cut: Cut) -> AsOf:
    """Sessions on the same database as it stood at the cut."""
    engine = sessions.kw["bind"]
    return AsOf(engine, cut)


def latest_cut(sessions: sessionmaker[Session], dataset_id: int) -> Cut:
    """The cut at what is there now, with nobody in the middle of deciding.

    On PostgreSQL numbers are given out before rows are committed: a lock that waits for those who are deciding makes
    sure that no smaller number comes later. It is the only lock taken, so nobody can wait in a circle. SQLite has one
    writer at a time.
    """
    with sessions.begin() as session:
        if session.get_bind().dialect.name == "postgresql":
            session.execute(text("LOCK TABLE decision IN SHARE MODE"))
        return _cut(session, dataset_id)


def cut_now(sessions: sessionmaker[Session], dataset_id: int) -> Cut:
    """The same without waiting for anybody: to tell whether something was added."""
    with sessions() as session:
        return _cut(session, dataset_id)


def _cut(session: Session, dataset_id: int) -> Cut:
    places = session.execute(
        select(PlanItem.plan_id, func.count())
        .join(Plan, Plan.plan_id == PlanItem.plan_id)
        .where(Plan.dataset_id == dataset_id)
        .group_by(PlanItem.plan_id)
        .order_by(PlanItem.plan_id)
    )
    return Cut(
        decision_id=session.scalar(_last_decision(dataset_id)) or 0,
        item_id=session.scalar(select(func.max(Item.item_id)).where(Item.dataset_id == dataset_id)) or 0,
        look_id=session.scalar(_last_look(dataset_id)) or 0,
        auto_accept_id=session.scalar(
            select(func.max(AutoAccept.auto_accept_id)).where(AutoAccept.dataset_id == dataset_id)
        )
        or 0,
        n_places=tuple((plan_id, n) for plan_id, n in places),
    )


def _last_decision(dataset_id: int) -> Select[Any]:
    of_dataset = select(Item.dataset_id).where(Item.item_id == Decision.item_id).correlate(Decision).scalar_subquery()
    return select(Decision.decision_id).where(of_dataset == dataset_id).order_by(Decision.decision_id.desc()).limit(1)


def _last_look(dataset_id: int) -> Select[Any]:
    """Of those with a decision: what is open on somebody's screen proves nothing yet."""
    wanted = select(func.max(Decision.look_id)).join(Item, Item.item_id == Decision.item_id)
    return wanted.where(Item.dataset_id == dataset_id)


def _options(cut: Cut) -> list[Any]:
    plans = [plan_id for plan_id, _ in cut.n_places]
    places = [(PlanItem.plan_id == plan_id) & (PlanItem.place < n) for plan_id, n in cut.n_places]
    criteria: list[tuple[Any, Any]] = [
        (Decision, Decision.decision_id <= cut.decision_id),
        (Item, Item.item_id <= cut.item_id),
        (Look, Look.look_id <= cut.look_id),
        (AutoAccept, AutoAccept.auto_accept_id <= cut.auto_accept_id),
        (Plan, Plan.plan_id.in_(plans)),
        (PlanItem, or_(*places) if places else false()),
    ]
    return [with_loader_criteria(entity, wanted, include_aliases=True) for entity, wanted in criteria]
