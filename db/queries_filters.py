"""Which items a filter keeps: for each thing one can filter by, the ids of the items that have it.

Every query answers from an index, so that 100,000 items take milliseconds; the long texts of the rows are never read.
A decision counts while it is the latest of kind "label" of its item and annotator, and no undo.
Leaves out the words (queries_search.py), the badges (queue.py), and how many there are of each (queries_facets.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, String, Text, and_, case, cast, exists, func, or_, select
from sqlalchemy.orm import aliased
from sqlalchemy.sql.selectable import Subquery

from db.tables import Annotator, Candidate, Decision, Item, Suggestion
from db.tables_criteria import ItemDomain

CHOOSING = ("accept", "override", "tie")  # verdicts that say something about the candidates


def one_of(column: Any, values: Sequence[str | None]) -> ColumnElement[bool]:
    """The column has one of the values; None stands for no value."""
    named = [value for value in values if value is not None]
    parts = [column.in_(named)] if named else []
    return or_(*parts, column.is_(None)) if None in values else parts[0]


def domain_under(run_id: int | None) -> tuple[Select[Any], ColumnElement[str | None]]:
    """(items to be selected from, their domain): the one the run took where it did not take the file's own."""
    if run_id is None:
        return select(Item.item_id), Item.domain
    taken = and_(ItemDomain.item_id == Item.item_id, ItemDomain.run_id == run_id)
    domain = case((ItemDomain.item_id.is_not(None), ItemDomain.domain), else_=Item.domain)
    return select(Item.item_id).join(ItemDomain, taken, isouter=True), domain


def of_domain(dataset_id: int, run_id: int | None, values: Sequence[str | None]) -> Select[Any]:
    """Items of these domains; `run_id` names a run that took domains of its own, None the file's column."""
    items, domain = domain_under(run_id)
    return items.where(Item.dataset_id == dataset_id, one_of(domain, values))


def of_subset(dataset_id: int, values: Sequence[str | None]) -> Select[Any]:
    """Items of these subsets."""
    return select(Item.item_id).where(Item.dataset_id == dataset_id, one_of(Item.subset, values))


def with_source(values: Sequence[str | None]) -> Select[Any]:
    """Items with a response by one of these models."""
    return select(Candidate.item_id).where(one_of(Candidate.source_model, values))


def with_margin(run_id: int, low: float | None, high: float | None) -> Select[Any]:
    """Items whose margin under the run is at least `low` and below `high`."""
    wanted = select(Suggestion.item_id).where(Suggestion.run_id == run_id)
    if low is not None:
        wanted = wanted.where(Suggestion.margin >= low)
    return wanted if high is None else wanted.where(Suggestion.margin < high)


def standing() -> ColumnElement[bool]:
    """Of a decision: a person's label that counts now."""
    newer = aliased(Decision)
    later = exists().where(
        newer.item_id == Decision.item_id,
        newer.annotator_id == Decision.annotator_id,
        newer.kind == "label",
        newer.decision_id > Decision.decision_id,
    )
    return and_(Decision.kind == "label", Decision.verdict != "undo", ~later)


def decided(
    *, verdicts: Sequence[str] = (), annotators: Sequence[str] = (), reasons: Sequence[str] = ()
) -> Select[Any]:
    """Items on which a decision stands that is one of each; an empty list asks for nothing."""
    wanted = select(Decision.item_id).where(standing())
    if verdicts:
        wanted = wanted.where(Decision.verdict.in_(verdicts))
    if annotators:
        people = select(Annotator.annotator_id).where(Annotator.name.in_(annotators))
        wanted = wanted.where(Decision.annotator_id.in_(people))
    if reasons:
        wanted = wanted.where(or_(*map(has_reason, reasons)))
    return wanted


def has_reason(tag: str) -> ColumnElement[bool]:
    """Of a decision: it carries this reason. Tags are a closed list without quotes: their JSON can be read as text."""
    return cast(Decision.reason_tags, Text).contains(f'"{tag}"', autoescape=True)


def undecided(dataset_id: int, annotators: Sequence[str] = ()) -> Select[Any]:
    """Items on which nobody's (none of these people's) decision stands."""
    known = decided(annotators=annotators)
    return select(Item.item_id).where(Item.dataset_id == dataset_id, Item.item_id.not_in(known))


def label_states() -> Subquery:
    """(item_id, state) of every item that anybody or anything decided on, as services/labels.py resolves it.

    state: adjudication | flagged | human | split | auto | skipped | undecided
    """
    people = _people_say()
    settled = _latest_of("adjudication")
    unlooked = _latest_of("auto")
    known = select(people.c.item_id).union(select(settled.c.item_id), select(unlooked.c.item_id)).subquery("known")
    state = case(
        (settled.c.item_id.is_not(None), "adjudication"),
        (people.c.n_flags > 0, "flagged"),
        (people.c.n_votes > 0, case((people.c.n_winners == 1, "human"), else_="split")),
        (unlooked.c.item_id.is_not(None), "auto"),
        (people.c.n_skips > 0, "skipped"),
        else_="undecided",
    )
    return (
        select(known.c.item_id, cast(state, String).label("state"))
        .join(people, people.c.item_id == known.c.item_id, isouter=True)
        .join(settled, settled.c.item_id == known.c.item_id, isouter=True)
        .join(unlooked, unlooked.c.item_id == known.c.item_id, isouter=True)
        .subquery("label_states")
    )


def _people_say() -> Subquery:
    """(item_id, n_votes, n_flags, n_skips, n_winners): what people's standing decisions come to, item by item."""
    is_vote = Decision.verdict.in_(CHOOSING)
    choice = case((is_vote, func.coalesce(Decision.chosen_candidate_id, 0)), else_=-1)
    counted = (
        select(
            Decision.item_id,
            func.sum(case((is_vote, 1), else_=0)).label("n_votes"),
            func.sum(case((Decision.verdict == "flag", 1), else_=0)).label("n_flags"),
            func.sum(case((Decision.verdict == "skip", 1), else_=0)).label("n_skips"),
        )
        .where(standing())
        .group_by(Decision.item_id, choice)
        .subquery("counted")
    )
    place = func.rank().over(partition_by=counted.c.item_id, order_by=counted.c.n_votes.desc())
    ranked = select(counted, place.label("place")).subquery("ranked")
    return (
        select(
            ranked.c.item_id,
            func.sum(ranked.c.n_votes).label("n_votes"),
            func.sum(ranked.c.n_flags).label("n_flags"),
            func.sum(ranked.c.n_skips).label("n_skips"),
            func.sum(case((and_(ranked.c.place == 1, ranked.c.n_votes > 0), 1), else_=0)).label("n_winners"),
        )
        .group_by(ranked.c.item_id)
        .subquery("people_say")
    )


def _latest_of(kind: str) -> Subquery:
    """(item_id) of the items whose latest decision of this kind stands."""
    newer = aliased(Decision)
    later = exists().where(
        newer.item_id == Decision.item_id, newer.kind == kind, newer.decision_id > Decision.decision_id
    )
    return (
        select(Decision.item_id)
        .where(Decision.kind == kind, Decision.verdict.in_(CHOOSING), ~later)
        .subquery(f"latest_{kind}")
    )


def in_state(dataset_id: int, states: Sequence[str]) -> Select[Any]:
    """Items whose label is in one of these states; an item that nobody decided on is undecided."""
    known = label_states()
    found = select(known.c.item_id).where(known.c.state.in_(states))
    if "undecided" not in states:
        return found
    others = select(known.c.item_id).where(known.c.state.not_in(states))
    return select(Item.item_id).where(Item.dataset_id == dataset_id, Item.item_id.not_in(others))
