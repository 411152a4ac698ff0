"""What the audit reads and writes: who is ranked first, looks that were decided, labels accepted unlooked.

Leaves out what an item's decisions come to (queries_labels.py) and plans and their items (queries_looks.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import ScalarSelect, Select, exists, func, insert, select
from sqlalchemy.orm import Session, aliased

from db.queries_labels import Mark
from db.tables import Annotator, Decision, Item, Suggestion
from db.tables_audit import AutoAccept, Look, PlanItem

IDS_AT_ONCE = 500
ROWS_AT_ONCE = 2_000
UNDO, SKIP, MACHINE = "undo", "skip", "machine"  # two verdicts; the role under which labels are accepted unlooked


def tops_of(session: Session, run_id: int, item_ids: Iterable[int]) -> dict[int, frozenset[int]]:
    """item_id -> the candidates that the run ranks first (several where they are tied)."""
    found: dict[int, frozenset[int]] = {}
    for ids in _chunks(sorted(item_ids)):
        wanted = select(Suggestion.item_id, Suggestion.ranking).where(
            Suggestion.run_id == run_id, Suggestion.item_id.in_(ids)
        )
        found.update((item_id, frozenset(_first(ranking))) for item_id, ranking in session.execute(wanted))
    return found


def items_decided_as_drawn(session: Session, plan_id: int, *, order: str) -> set[int]:
    """Items of a plan that somebody decided on a look that the plan's own order drew."""
    wanted = (
        select(Decision.item_id)
        .join(Look, Look.look_id == Decision.look_id)
        .where(Look.plan_id == plan_id, Look.drawn_by == order, Decision.verdict != UNDO)
        .distinct()
    )
    return set(session.scalars(wanted))


def blind_first_marks(session: Session, plan_id: int) -> list[Mark]:
    """The first decision of each blind look of a plan that is no repeat, oldest first; skipping is putting it off.

    Without those of people who had decided on the item before, where its suggestion was shown, then or afterwards.
    """
    earlier = aliased(Decision)
    was_led = exists().where(
        earlier.item_id == Decision.item_id,
        earlier.annotator_id == Decision.annotator_id,
        earlier.decision_id < Decision.decision_id,
        earlier.is_blind.is_(False),
        earlier.verdict != UNDO,
    )
    other = aliased(Look)
    had_seen = exists().where(
        other.item_id == Decision.item_id,
        other.annotator_id == Decision.annotator_id,
        other.look_id != Decision.look_id,
        other.revealed_at < Decision.created_at,
    )
    first = (
        select(func.min(Decision.decision_id))
        .join(Look, Look.look_id == Decision.look_id)
        .where(Look.plan_id == plan_id, Look.is_blind.is_(True), Look.is_repeat.is_(False), Decision.verdict != SKIP)
        .group_by(Decision.look_id)
    )
    wanted = (
        select(*(getattr(Decision, column) for column in Mark._fields))
        .where(
            Decision.decision_id.in_(first), Decision.is_blind.is_(True), Decision.kind == "label", ~was_led, ~had_seen
        )
        .order_by(Decision.decision_id)
    )
    return [Mark._make(row) for row in session.execute(wanted)]


def last_decision_id(session: Session) -> int:
    """The last decision there is, 0 for none."""
    return session.scalar(select(func.max(Decision.decision_id))) or 0


def n_places(session: Session, plan_id: int) -> int:
    """How many places a plan has drawn."""
    return session.scalar(select(func.count()).select_from(PlanItem).where(PlanItem.plan_id == plan_id)) or 0


def last_decision_in(session: Session, dataset_id: int) -> tuple[int, int]:
    """(the last decision of people in a dataset, how many items they have decided on); zeros for none."""
    wanted = select(func.max(Decision.decision_id), func.count(Decision.item_id.distinct())).where(
        Decision.kind != "auto", _dataset_of_decision() == dataset_id
    )
    last, n = session.execute(wanted).one()
    return last or 0, n


def latest_machine_rows(session: Session, dataset_id: int) -> dict[int, tuple[int, str]]:
    """item_id -> (decision_id, verdict) of the latest row that accepting unlooked, or taking it back, left on it."""
    latest = (
        select(func.max(Decision.decision_id))
        .join(Annotator, Annotator.annotator_id == Decision.annotator_id)
        .where(Annotator.role == MACHINE, _dataset_of_decision() == dataset_id)
        .group_by(Decision.item_id)
    )
    wanted = select(Decision.item_id, Decision.decision_id, Decision.verdict).where(Decision.decision_id.in_(latest))
    return {item_id: (decision_id, verdict) for item_id, decision_id, verdict in session.execute(wanted)}


class Ranked(NamedTuple):
    """A suggestion as a decision keeps it."""

    item_id: int
    best_candidate_id: int
    ranking: list[list[int]]
    margin: float
    is_length_flip: bool
    is_out_of_world: bool


def rankings_of(session: Session, run_id: int, item_ids: Sequence[int]) -> Iterator[Ranked]:
    """The run's suggestions for these items, by item id."""
    columns = [getattr(Suggestion, name) for name in Ranked._fields]
    for ids in _chunks(sorted(item_ids)):
        wanted = select(*columns).where(Suggestion.run_id == run_id, Suggestion.item_id.in_(ids))
        yield from map(Ranked._make, session.execute(wanted.order_by(Suggestion.item_id)))


def append_decisions(session: Session, rows: Iterable[dict[str, Any]]) -> int:
    """Append decisions, many at a time; returns how many. By the table, not the class: three times as fast."""
    n = 0
    waiting = iter(rows)
    while chunk := list(islice(waiting, ROWS_AT_ONCE)):
        session.execute(insert(Decision.__table__), chunk)  # type: ignore[arg-type]
        n += len(chunk)
    return n


def standing_auto(session: Session, auto_accept_id: int) -> list[tuple[int, int]]:
    """(decision_id, item_id) of an auto-accept's decisions that were not taken back, by item."""
    newer = aliased(Decision)
    is_taken_back = (
        select(newer.decision_id)
        .where(
            newer.item_id == Decision.item_id,
            newer.annotator_id == Decision.annotator_id,
            newer.decision_id > Decision.decision_id,
        )
        .exists()
    )
    wanted = (
        select(Decision.decision_id, Decision.item_id)
        .where(Decision.auto_accept_id == auto_accept_id, Decision.verdict != UNDO, ~is_taken_back)
        .order_by(Decision.item_id)
    )
    return [(decision_id, item_id) for decision_id, item_id in session.execute(wanted)]


def auto_accepts() -> Select[AutoAccept, str, str]:
    """Auto-accepts with the names of who made and who revoked them, newest first."""
    maker, revoker = aliased(Annotator), aliased(Annotator)
    return (
        select(AutoAccept, maker.name, revoker.name)
        .join(maker, maker.annotator_id == AutoAccept.made_by)
        .join(revoker, revoker.annotator_id == AutoAccept.revoked_by, isouter=True)
        .order_by(AutoAccept.auto_accept_id.desc())
    )


def _dataset_of_decision() -> ScalarSelect[int]:
    """Looked up from the decision: with a join SQLite may begin at all of the dataset's items."""
    return select(Item.dataset_id).where(Item.item_id == Decision.item_id).correlate(Decision).scalar_subquery()


def _chunks(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), IDS_AT_ONCE):
        yield ids[start : start + IDS_AT_ONCE]


def _first(ranking: Sequence[Any]) -> Sequence[int]:
    """The candidates in first place; one that is not tied may stand there without a list of its own."""
    head = ranking[0] if ranking else []
    return head if isinstance(head, list) else [head]
