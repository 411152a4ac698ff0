"""The label of an item: what all decisions on it come to, and where that comes from.

    one person        the latest of their rows of kind "label" counts; an undo means undecided
    adjudication      the latest that was not taken back settles the item, whatever people said
    flag              of anybody, not adjudicated: the item waits (flagged)
    people            strict plurality over (chosen candidate | tie), skips ignored; none: split
    auto              accepted unlooked: counts only where nobody has chosen or flagged

Repeats never make a label. A ranking whose first place is shared chooses nobody and counts as a tie.
Leaves out pairs to train on (services/exports) and the interface for settling (services/adjudication.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.queries_labels import Mark, marks_of
from db.tables import Dataset

LABEL, REPEAT, ADJUDICATION, AUTO = KINDS = ("label", "repeat", "adjudication", "auto")  # Decision.kind
SETTLED, SPLIT, FLAGGED, SKIPPED, UNDECIDED = STATES = ("settled", "split", "flagged", "skipped", "undecided")
HUMAN = "human"
SOURCES = (ADJUDICATION, HUMAN, AUTO)
CHOOSING = ("accept", "override", "tie")  # verdicts that say something about the candidates


class Decided(Protocol):
    """What `resolve` reads of a decision: a row of the database, or a `Mark`."""

    @property
    def decision_id(self) -> int: ...
    @property
    def annotator_id(self) -> int: ...
    @property
    def kind(self) -> str: ...
    @property
    def verdict(self) -> str: ...
    @property
    def chosen_candidate_id(self) -> int | None: ...


@dataclass(frozen=True, slots=True)
class Label:
    """What an item's decisions come to."""

    item_id: int
    state: str  # one of STATES
    source: str | None  # one of SOURCES; None: not settled
    chosen_candidate_id: int | None  # None where it is not settled, or settled as a tie
    decision_id: int | None  # what it rests on: the latest of those on the winning side
    n_people: int  # who chose or called it a tie
    n_for: int  # of those, who said what the label says; 0 where nothing is settled

    @property
    def is_tie(self) -> bool:
        """Settled, and no candidate is the best."""
        return self.state == SETTLED and self.chosen_candidate_id is None

    @property
    def is_human(self) -> bool:
        """Settled by people: their plurality or an adjudication."""
        return self.source in (ADJUDICATION, HUMAN)


@dataclass(frozen=True, slots=True)
class LabelCounts:
    """How many items of a dataset are in which state; they add up to `n_items`."""

    n_items: int
    n_adjudication: int
    n_human: int
    n_auto: int
    n_split: int
    n_flagged: int
    n_skipped: int
    n_undecided: int


def resolve(item_id: int, decisions: Iterable[Decided]) -> Label:
    """The label that these decisions, oldest first, make of the item. Other items' decisions must not be among them."""
    people: dict[int, Decided] = {}
    latest: dict[str, Decided] = {}
    for decision in decisions:
        if decision.kind == LABEL:
            people[decision.annotator_id] = decision
        else:
            latest[decision.kind] = decision
    standing = {kind: one for kind, one in latest.items() if one.verdict in CHOOSING}
    votes = [one for one in people.values() if one.verdict in CHOOSING]
    if ADJUDICATION in standing:
        return _settled(item_id, ADJUDICATION, standing[ADJUDICATION], votes)
    if any(one.verdict == "flag" for one in people.values()):
        return Label(item_id, FLAGGED, None, None, None, len(votes), 0)
    if votes:
        return _by_plurality(item_id, votes)
    if AUTO in standing:
        return _settled(item_id, AUTO, standing[AUTO], votes)
    is_skipped = any(one.verdict == "skip" for one in people.values())
    return Label(item_id, SKIPPED if is_skipped else UNDECIDED, None, None, None, 0, 0)


def labels_of(
    session: Session,
    dataset_id: int,
    *,
    item_ids: Sequence[int] | None = None,
    up_to: int | None = None,
    with_auto: bool = True,
) -> dict[int, Label]:
    """item_id -> label, of every item that has a decision; an item that is not in it is undecided.

    Args:
        item_ids: only these; None: the whole dataset, in one query.
        up_to: as it stood after this decision; None: now.
        with_auto: False answers as if nothing had been accepted unlooked, without reading those rows.
    """
    found: dict[int, list[Mark]] = {}
    for mark in marks_of(session, dataset_id, item_ids=item_ids, up_to=up_to, with_auto=with_auto):
        found.setdefault(mark.item_id, []).append(mark)
    return {item_id: resolve(item_id, marks) for item_id, marks in found.items()}


def label_counts(session: Session, dataset_id: int, *, up_to: int | None = None) -> LabelCounts:
    """How many items of the dataset are in which state."""
    n_items = session.scalar(select(Dataset.n_items).where(Dataset.dataset_id == dataset_id)) or 0
    labels = labels_of(session, dataset_id, up_to=up_to).values()
    n = Counter(label.source or label.state for label in labels)
    n_known = sum(count for what, count in n.items() if what != UNDECIDED)
    return LabelCounts(
        n_items=n_items,
        n_adjudication=n[ADJUDICATION],
        n_human=n[HUMAN],
        n_auto=n[AUTO],
        n_split=n[SPLIT],
        n_flagged=n[FLAGGED],
        n_skipped=n[SKIPPED],
        n_undecided=n_items - n_known,
    )


def _settled(item_id: int, source: str, by: Decided, votes: Sequence[Decided]) -> Label:
    n_for = sum(one.chosen_candidate_id == by.chosen_candidate_id for one in votes)
    return Label(item_id, SETTLED, source, by.chosen_candidate_id, by.decision_id, len(votes), n_for)


def _by_plurality(item_id: int, votes: Sequence[Decided]) -> Label:
    counts = Counter(one.chosen_candidate_id for one in votes).most_common(2)
    if len(counts) > 1 and counts[0][1] == counts[1][1]:
        return Label(item_id, SPLIT, None, None, None, len(votes), 0)
    winners = [one for one in votes if one.chosen_candidate_id == counts[0][0]]
    return _settled(item_id, HUMAN, max(winners, key=lambda one: one.decision_id), votes)
