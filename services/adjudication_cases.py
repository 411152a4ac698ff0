"""Cases for an adjudicator: what people left split or flagged, and what each person said of it, side by side.

Names stay hidden until a case is settled: people are Person 1, 2, ... in an order drawn from the item, so that nobody
is told by their place, and neither is what the run suggested. Read only; settling is in adjudication.py.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session, sessionmaker

from db.queries_exports import decisions_by_item
from db.queries_people import items_adjudicated
from db.queries_reviews import candidates_with_scores, latest_adjudication
from db.queries_trials import items_by_id
from db.tables import Annotator, Dataset, Decision, Item
from services.annotators import ADJUDICATE, require_may
from services.decision_facts import as_ranking, decision_row
from services.errors import NotFound
from services.labels import ADJUDICATION, FLAGGED, LABEL, SPLIT, Label, labels_of, resolve
from services.reviews.rows import DecisionRow, Message
from services.weighing.chunk import letter

OPEN = (SPLIT, FLAGGED)


@dataclass(frozen=True, slots=True)
class CaseRow:
    """An item that waits for an adjudicator, or that one has settled."""

    item_id: int
    position: int  # 0-based, in file order
    prompt: str  # the last user message
    state: str  # split | flagged | settled
    n_people: int  # who chose or called it a tie
    settled_by: str | None
    settled_at: datetime | None


@dataclass(frozen=True, slots=True)
class CaseCandidate:
    """A response; its letter is its place in the file."""

    candidate_id: int
    letter: str
    text: str


@dataclass(frozen=True, slots=True)
class CaseDecision:
    """What one person said, without a name until the case is settled, and without what the run suggested."""

    person: str  # "Person 1"; the same on every visit
    name: str | None  # None until the case is settled
    said: str  # best | rank | tie | skip | flag
    chosen_candidate_id: int | None
    ranking: tuple[tuple[int, ...], ...]  # candidate ids, best first, ties together; empty for a skip or a flag
    strength: int | None
    reason_tags: tuple[str, ...]
    note: str
    is_blind: bool
    is_mine: bool  # the adjudicator's own
    elapsed_ms: int | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Case:
    """Everything an adjudicator sees of an item."""

    dataset_id: int
    dataset: str
    guidelines: str
    item_id: int
    position: int
    messages: tuple[Message, ...]
    candidates: tuple[CaseCandidate, ...]  # in file order
    decisions: tuple[CaseDecision, ...]  # by person
    state: str  # split | flagged | settled
    settled: DecisionRow | None

    @property
    def is_settled(self) -> bool:
        """Whether an adjudication stands; names are shown then."""
        return self.settled is not None


def cases(
    sessions: sessionmaker[Session],
    *,
    dataset_id: int,
    with_settled: bool = False,
    item_ids: Sequence[int] | None = None,
) -> tuple[CaseRow, ...]:
    """The items that wait for an adjudicator, in file order; with those that are settled already, if wanted.

    item_ids: only these; None: the whole dataset.
    """
    wanted = (*OPEN, ADJUDICATION) if with_settled else OPEN
    with sessions() as session:
        labels = labels_of(session, dataset_id, item_ids=item_ids, with_auto=False)
        found = {item_id: label for item_id, label in labels.items() if (label.source or label.state) in wanted}
        items = sorted(items_by_id(session, list(found)), key=lambda item: item.position)
        return tuple(_case_row(session, item, found[item.item_id]) for item in items)


def adjudicated_ids(sessions: sessionmaker[Session], *, dataset_id: int) -> tuple[int, ...]:
    """The items on which somebody settled something, taken back or not."""
    with sessions() as session:
        return tuple(items_adjudicated(session, dataset_id))


def open_case(sessions: sessionmaker[Session], *, item_id: int, by: str) -> Case:
    """An item with what each person said. Raises NotFound, or Refused for somebody who may not adjudicate."""
    with sessions() as session:
        require_may(session, by, ADJUDICATE)
        item = session.get(Item, item_id)
        if item is None:
            raise NotFound(f"no item {item_id}; its dataset may have been deleted")
        dataset = session.get_one(Dataset, item.dataset_id)
        decisions = decisions_by_item(session, [item_id])[item_id]
        label = resolve(item_id, [one for one, _ in decisions])
        settled = latest_adjudication(session, item_id) if label.source == ADJUDICATION else None
        return Case(
            dataset_id=dataset.dataset_id,
            dataset=dataset.name,
            guidelines=dataset.guidelines,
            item_id=item_id,
            position=item.position,
            messages=tuple(Message(one["role"], one["content"]) for one in item.messages),
            candidates=tuple(
                CaseCandidate(one.candidate_id, letter(one.position), one.text)
                for one, _ in candidates_with_scores(session, item_id, None)
            ),
            decisions=_side_by_side(decisions, by.strip(), has_names=settled is not None),
            state=label.state,
            settled=None if settled is None else decision_row(session, settled),
        )


def is_case(label: Label | None) -> bool:
    """Whether there is something to settle, or to settle anew."""
    return label is not None and (label.source or label.state) in (*OPEN, ADJUDICATION)


def _case_row(session: Session, item: Item, label: Label) -> CaseRow:
    settled = session.get(Decision, label.decision_id) if label.source == ADJUDICATION else None
    said = [message["content"] for message in item.messages if message["role"] == "user"]
    return CaseRow(
        item_id=item.item_id,
        position=item.position,
        prompt=said[-1] if said else "",
        state=label.state,
        n_people=label.n_people,
        settled_by=None if settled is None else session.get_one(Annotator, settled.annotator_id).name,
        settled_at=None if settled is None else settled.created_at,
    )


def _side_by_side(decisions: Iterable[tuple[Decision, str]], by: str, *, has_names: bool) -> tuple[CaseDecision, ...]:
    """The decision of each person that stands."""
    latest = {one.annotator_id: (one, name) for one, name in decisions if one.kind == LABEL}
    standing = sorted((pair for pair in latest.values() if pair[0].verdict != "undo"), key=_place)
    return tuple(
        CaseDecision(
            person=f"Person {n}",
            name=name if has_names else None,
            said=one.request or ("best" if one.verdict in ("accept", "override") else one.verdict),
            chosen_candidate_id=one.chosen_candidate_id,
            ranking=as_ranking(one.ranking) if one.request == "rank" else (),
            strength=one.strength,
            reason_tags=tuple(one.reason_tags),
            note=one.note,
            is_blind=one.is_blind,
            is_mine=name == by,
            elapsed_ms=one.elapsed_ms,
            created_at=one.created_at,
        )
        for n, (one, name) in enumerate(standing, 1)
    )


def _place(pair: tuple[Decision, str]) -> str:
    return hashlib.sha256(f"adjudicate:{pair[0].item_id}:{pair[0].annotator_id}".encode()).hexdigest()
