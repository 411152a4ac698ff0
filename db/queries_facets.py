"""How many items there are of each value that one can filter by, among the items that the other filters leave.

What the filters leave is found once and kept in a table of the transaction (`keep`); every count meets it there.
Leaves out which items a value keeps (queries_filters.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    MetaData,
    Select,
    SQLColumnExpression,
    Table,
    case,
    func,
    insert,
    select,
    text,
)
from sqlalchemy.orm import Session, aliased

from db.queries_filters import STATES, domain_under, has_reason, latest_of, people_states, unlooked
from db.tables import BIG, Annotator, Candidate, Decision, Item, NotWeighed, Suggestion

Counted = list[tuple[Any, int]]  # (value, items)
DENSE = 20  # from one item in so many on, a count walks its index and asks for each row whether it is kept
N_DECIDED = func.count(Decision.item_id.distinct())


@dataclass(frozen=True, slots=True)
class Kept:
    """What a filter leaves of a dataset. `ids` selects the item ids; None: all of them."""

    dataset_id: int
    n: int
    ids: Select[Any] | None = None
    is_dense: bool = True

    def has(self, item_id: Any) -> list[ColumnElement[bool]]:
        """The item of this column is kept; nothing to ask where all are."""
        if self.ids is None:
            return []
        return [(item_id + 0 if self.is_dense else item_id).in_(self.ids)]  # + 0: not by the index of this column


def keep(session: Session, dataset_id: int, among: Select[Any] | None, *, name: str) -> Kept:
    """Finds what `among` leaves of the dataset, once; it is gone with the transaction."""
    n_all = n_among(session, dataset_id, None)
    if among is None:
        return Kept(dataset_id, n_all)
    ids = found_once(session, dataset_id, among, name=name)
    n = session.scalar(select(func.count()).select_from(ids.subquery())) or 0
    return Kept(dataset_id, n, ids, is_dense=n * DENSE > n_all)


def found_once(session: Session, dataset_id: int, among: Select[Any], *, name: str) -> Select[Any]:
    """The same items of the dataset, written to a table of this transaction: whoever meets it finds them at once."""
    kept = Table(name, MetaData(), Column("item_id", BIG, primary_key=True), prefixes=["TEMPORARY"])
    connection = session.connection()
    kept.create(connection)
    inside = select(Item.item_id).where(Item.dataset_id == dataset_id, Item.item_id.in_(among))
    connection.execute(insert(kept).from_select(["item_id"], inside))
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"ANALYZE {name}"))  # else it plans for a table of any size
    return select(kept.c.item_id)


def n_among(session: Session, dataset_id: int, among: Select[Any] | None) -> int:
    """How many items of the dataset these are."""
    wanted = select(func.count()).select_from(Item).where(Item.dataset_id == dataset_id)
    return session.scalar(wanted if among is None else wanted.where(Item.item_id.in_(among))) or 0


def by_domain(session: Session, kept: Kept, run_id: int | None, *, limit: int) -> Counted:
    """The most frequent domains; `run_id` names a run that took domains of its own."""
    items, domain = domain_under(run_id)
    return _grouped(session, items.with_only_columns(domain, func.count()), domain, kept, limit)


def by_subset(session: Session, kept: Kept, *, limit: int) -> Counted:
    """The most frequent subsets."""
    return _grouped(session, select(Item.subset, func.count()), Item.subset, kept, limit)


def _grouped(
    session: Session, wanted: Select[*tuple[Any, ...]], value: SQLColumnExpression[Any], kept: Kept, limit: int
) -> Counted:
    wanted = wanted.where(Item.dataset_id == kept.dataset_id, *kept.has(Item.item_id))
    wanted = wanted.group_by(value).order_by(func.count().desc()).limit(limit)
    return [(row[0], row[1]) for row in session.execute(wanted)]


def by_source(session: Session, kept: Kept, *, limit: int) -> Counted:
    """The source models with the most items."""
    inside = select(Item.item_id).where(Item.dataset_id == kept.dataset_id)
    meets = kept.has(Candidate.item_id) or [(Candidate.item_id + 0).in_(inside)]
    pairs = select(Candidate.source_model, Candidate.item_id).where(*meets).distinct().subquery()
    wanted = select(pairs.c.source_model, func.count()).group_by(pairs.c.source_model).order_by(func.count().desc())
    return [(row[0], row[1]) for row in session.execute(wanted.limit(limit))]


def margin_edges(session: Session, run_id: int, shares: Sequence[float]) -> list[float]:
    """The margins below which these shares of the run's suggestions lie; empty without suggestions."""
    n = session.scalar(select(func.count()).select_from(Suggestion).where(Suggestion.run_id == run_id)) or 0
    if not n:
        return []
    wanted = select(Suggestion.margin).where(Suggestion.run_id == run_id).order_by(Suggestion.margin).limit(1)
    return [session.scalars(wanted.offset(min(n - 1, int(share * n)))).one() for share in shares]


def by_margin(session: Session, kept: Kept, run_id: int, edges: Sequence[float]) -> list[int]:
    """Items in each of the bands that the edges part, lowest first."""
    band = case(*((Suggestion.margin < edge, place) for place, edge in enumerate(edges)), else_=len(edges))
    wanted = select(band, func.count()).where(Suggestion.run_id == run_id, *kept.has(Suggestion.item_id))
    found = {row[0]: row[1] for row in session.execute(wanted.group_by(band))}
    return [found.get(place, 0) for place in range(len(edges) + 1)]


def by_badge(
    session: Session, kept: Kept, run_id: int, is_so: Mapping[str, SQLColumnExpression[bool]]
) -> dict[str, int]:
    """Items of a run with each badge of a suggestion."""
    counts = (func.sum(case((condition, 1), else_=0)) for condition in is_so.values())
    wanted = select(*counts).where(Suggestion.run_id == run_id, *kept.has(Suggestion.item_id))
    return {name: n or 0 for name, n in zip(is_so, session.execute(wanted).one(), strict=True)}


def n_unweighed(session: Session, kept: Kept, run_id: int) -> int:
    """Items that the run could not weigh."""
    wanted = select(func.count()).select_from(NotWeighed)
    return session.scalar(wanted.where(NotWeighed.run_id == run_id, *kept.has(NotWeighed.item_id))) or 0


def _decided(kept: Kept, *conditions: ColumnElement[bool]) -> Select[Any]:
    """Standing decisions on what is kept; as a list of the latest, which PostgreSQL never asks for row by row."""
    row = aliased(Decision)
    latest = select(func.max(row.decision_id)).where(row.kind == "label").group_by(row.item_id, row.annotator_id)
    meets = kept.has(Decision.item_id) or [_is_of_dataset(Decision.item_id, kept.dataset_id)]
    return select(Decision).where(Decision.decision_id.in_(latest), Decision.verdict != "undo", *meets, *conditions)


def by_verdict(session: Session, kept: Kept, *conditions: ColumnElement[bool]) -> dict[str, int]:
    """verdict -> items on which such a decision stands."""
    wanted = _decided(kept, *conditions).with_only_columns(Decision.verdict, N_DECIDED)
    return {row[0]: row[1] for row in session.execute(wanted.group_by(Decision.verdict))}


def n_decided(session: Session, kept: Kept, *conditions: ColumnElement[bool]) -> int:
    """Items on which any such decision stands."""
    return session.scalar(_decided(kept, *conditions).with_only_columns(N_DECIDED)) or 0


def by_annotator(session: Session, kept: Kept, *conditions: ColumnElement[bool]) -> Counted:
    """(name, items on which such a decision of theirs stands), the busiest first."""
    wanted = _decided(kept, *conditions).with_only_columns(Annotator.name, N_DECIDED)
    wanted = wanted.join(Annotator, Annotator.annotator_id == Decision.annotator_id)
    wanted = wanted.group_by(Annotator.name).order_by(N_DECIDED.desc(), Annotator.name)
    return [(row[0], row[1]) for row in session.execute(wanted)]


def by_reason(session: Session, kept: Kept, tags: Sequence[str], *conditions: ColumnElement[bool]) -> dict[str, int]:
    """reason -> items on which such a decision carries it."""
    counts = [func.count(case((has_reason(tag), Decision.item_id)).distinct()) for tag in tags]
    found = session.execute(_decided(kept, *conditions).with_only_columns(*counts)).one()
    return dict(zip(tags, found, strict=True))


def by_state(session: Session, kept: Kept) -> dict[str, int]:
    """State of the label -> items in it; the rest is undecided."""
    people = people_states()
    meets = kept.has(people.c.item_id) or [_is_of_dataset(people.c.item_id, kept.dataset_id)]
    wanted = select(people.c.state, func.count()).where(*meets).group_by(people.c.state)
    found = dict.fromkeys(STATES, 0) | {row[0]: row[1] for row in session.execute(wanted)}
    for state, items in (("adjudication", latest_of("adjudication")), ("auto", unlooked())):
        some = items.where(*kept.has(Decision.item_id) or [_is_of_dataset(Decision.item_id, kept.dataset_id)])
        found[state] = session.scalar(select(func.count()).select_from(some.subquery())) or 0
    return found


def _is_of_dataset(item_id: Any, dataset_id: int) -> ColumnElement[bool]:
    """Looked up row by row: where there are fewer rows than the dataset has items."""
    return select(Item.dataset_id).where(Item.item_id == item_id).scalar_subquery() == dataset_id
