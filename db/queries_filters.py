"""Which items a filter keeps: for each thing one can filter by, the ids of the items that have it.

Every query answers from an index, so that 100,000 items take milliseconds; the long texts of the rows are never read.
A decision counts while it is the latest of kind "label" of its item and annotator, and no undo.
Leaves out the words (queries_search.py), the badges (queue.py), and how many there are of each (queries_facets.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    SQLColumnExpression,
    Text,
    and_,
    case,
    cast,
    exists,
    func,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import aliased
from sqlalchemy.sql.selectable import Subquery

from db.tables import Annotator, Candidate, Decision, Item, Suggestion
from db.tables_criteria import ItemDomain

CHOOSING = ("accept", "override", "tie")  # verdicts that say something about the candidates
BY_PEOPLE = ("human", "split", "flagged", "skipped")  # states of a label that people's decisions alone make
STATES = (*BY_PEOPLE, "adjudication", "auto")


def one_of(column: Any, values: Sequence[str | None]) -> ColumnElement[bool]:
    """The column has one of the values; None stands for no value."""
    named = [value for value in values if value is not None]
    parts = [column.in_(named)] if named else []
    return or_(*parts, column.is_(None)) if None in values else parts[0]


def domain_under(run_id: int | None) -> tuple[Select[Any], SQLColumnExpression[str | None]]:
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


def people_states() -> Subquery:
    """(item_id, state): flagged | human | split | skipped, of items that people decided on and nothing else settled."""
    people = _people_say()
    state = case(
        (people.c.n_flags > 0, "flagged"),
        (people.c.n_winners == 1, "human"),
        (people.c.n_winners > 1, "split"),
        else_="skipped",
    )
    is_spoken = or_(people.c.n_flags > 0, people.c.n_winners > 0)
    return (
        select(people.c.item_id, state.label("state"))
        .where(
            people.c.item_id.not_in(latest_of("adjudication")),
            or_(is_spoken, people.c.item_id.not_in(latest_of("auto"))),
        )
        .subquery("people_states")
    )


def unlooked() -> Select[Any]:
    """Items accepted unlooked, on which nobody has chosen or flagged and nothing was adjudicated."""
    spoken = select(Decision.item_id).where(standing(), Decision.verdict.in_((*CHOOSING, "flag")))
    return latest_of("auto").where(Decision.item_id.not_in(latest_of("adjudication")), Decision.item_id.not_in(spoken))


def _people_say() -> Subquery:
    """(item_id, n_votes, n_flags, n_winners): what people's standing decisions come to, item by item."""
    is_vote = Decision.verdict.in_(CHOOSING)
    choice = case((is_vote, func.coalesce(Decision.chosen_candidate_id, 0)), else_=-1)
    counted = (
        select(
            Decision.item_id,
            func.sum(case((is_vote, 1), else_=0)).label("n_votes"),
            func.sum(case((Decision.verdict == "flag", 1), else_=0)).label("n_flags"),
        )
        .where(standing())
        .group_by(Decision.item_id, choice)
        .subquery("counted")
    )
    place = func.rank().over(partition_by=counted.c.item_id, order_by=counted.c.n_votes.desc())
    ranked = select(counted, place.label("place")).subquery("ranked")
    is_winner = and_(ranked.c.place == 1, ranked.c.n_votes > 0)
    return (
        select(
            ranked.c.item_id,
            func.sum(ranked.c.n_votes).label("n_votes"),
            func.sum(ranked.c.n_flags).label("n_flags"),
            func.sum(case((is_winner, 1), else_=0)).label("n_winners"),
        )
        .group_by(ranked.c.item_id)
        .subquery("people_say")
    )


def latest_of(kind: str) -> Select[Any]:
    """Items whose latest decision of this kind stands."""
    newer = aliased(Decision)
    later = exists().where(
        newer.item_id == Decision.item_id, newer.kind == kind, newer.decision_id > Decision.decision_id
    )
    return select(Decision.item_id).where(Decision.kind == kind, Decision.verdict.in_(CHOOSING), ~later)


def in_state(dataset_id: int, states: Sequence[str]) -> Select[Any]:
    """Items whose label is in one of these states, as services/labels.py resolves it; the rest is undecided.

    adjudication | flagged | human | split | auto | skipped | undecided
    """
    if "undecided" not in states:
        return _known_in(states)
    others = _known_in([state for state in STATES if state not in states])
    return select(Item.item_id).where(Item.dataset_id == dataset_id, Item.item_id.not_in(others))


def _known_in(states: Sequence[str]) -> Select[Any]:
    """Sets of ids, not one join: most items have no decision, and an item accepted unlooked has nothing else."""
    people = people_states()
    parts = [select(people.c.item_id).where(people.c.state.in_([state for state in states if state in BY_PEOPLE]))]
    parts += [latest_of("adjudication")] if "adjudication" in states else []
    parts += [unlooked()] if "auto" in states else []
    return select(union_all(*parts).subquery().c.item_id)
