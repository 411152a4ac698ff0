"""Who decides: everyone with their role, and what each did in a dataset; and how the items begin that figures name.

Leaves out giving roles (services/annotators.py) and what the decisions say of a person (the other modules here).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session, sessionmaker

from db.queries_people import PersonRow, person_rows
from db.queries_trials import items_by_id
from services.people.answers import Answer, Answers
from services.people.clusters import clustered_share
from services.people.fatigue import Median, median, seconds_of
from services.statistics.intervals import Share


@dataclass(frozen=True, slots=True)
class Did:
    """What a person did in a dataset: items with an answer that counts, by verdict, and how long an answer took."""

    n_items: int
    n_by_verdict: dict[str, int]
    n_blind: int
    n_repeats: int
    n_undone: int
    agrees: Share  # with the suggestion, of the answers that count, where there was one
    seconds: Median
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class RosterRow:
    """A person, their role, what is kept under their name anywhere, and what they did in the dataset."""

    annotator_id: int
    name: str
    role: str
    n_anywhere: int  # decision rows in all datasets, undo rows included
    did: Did


def roster(sessions: sessionmaker[Session], answers: Answers) -> tuple[RosterRow, ...]:
    """Everyone but the machine, by name."""
    with sessions() as session:
        everyone = person_rows(session)
    effective: dict[int, list[Answer]] = {}
    for one in answers.effective:
        effective.setdefault(one.annotator_id, []).append(one)
    given: dict[int, list[Answer]] = {}
    for one in answers.given:
        given.setdefault(one.annotator_id, []).append(one)
    return tuple(
        _row(person, effective.get(person.annotator_id, []), given.get(person.annotator_id, []), answers.undone)
        for person in everyone
    )


def prompts_of(sessions: sessionmaker[Session], item_ids: Sequence[int]) -> dict[int, str]:
    """item_id -> its last user message, for a list of items."""
    with sessions() as session:
        found = items_by_id(session, list(item_ids))
        said = {item.item_id: [one["content"] for one in item.messages if one["role"] == "user"] for item in found}
    return {item_id: messages[-1] if messages else "" for item_id, messages in said.items()}


def _row(person: PersonRow, standing: list[Answer], given: list[Answer], undone: frozenset[int]) -> RosterRow:
    did = Did(
        n_items=len(standing),
        n_by_verdict=dict(Counter(one.verdict for one in standing)),
        n_blind=sum(one.is_blind for one in standing),
        n_repeats=sum(one.is_repeat for one in given),
        n_undone=sum(one.decision_id in undone for one in given),
        agrees=clustered_share((one.item_id, one.agrees) for one in standing if one.agrees is not None),
        seconds=median([seconds for one in given if (seconds := seconds_of(one)) is not None]),
        last_at=max((one.created_at for one in given), default=None),
    )
    return RosterRow(person.annotator_id, person.name, person.role, person.n_decisions, did)
