"""Every answer that people gave in a dataset, read once; the figures about people are computed from it.

    given       what somebody submitted, oldest first, later taken back or not
    effective   what counts now: the latest row of (item, person), undo rows included (an undo restores what stood)
    first       a person's first answer on an item, where it was made on a look: nothing had been revealed yet
    repeats     an item shown again to the same person, beside what that person had said before

Leaves out adjudications and labels accepted unlooked: they say nothing of how a person decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session, sessionmaker

from db.queries_people import AnswerRow, answer_rows, candidate_rows, first_answer_ids, last_answer_id, person_rows
from db.queries_reviews import UNDO_PREFIX
from services.decision_facts import as_ranking
from services.statistics.credits import gold_best

CHOICES = ("accept", "override", "tie")  # verdicts that say something of the candidates
TIE = 0  # in the place of a chosen candidate's id


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who decides."""

    annotator_id: int
    name: str
    role: str


@dataclass(frozen=True, slots=True)
class AnsweredItem:
    """An item that somebody answered: candidate ids in file order, and which of them gold calls best (may be none)."""

    item_id: int
    position: int
    candidate_ids: tuple[int, ...]
    gold_ids: frozenset[int]


@dataclass(frozen=True, slots=True)
class Answer:
    """A decision of a person. `suggested`: the ids at the top of the suggestion as it stood; empty without one."""

    decision_id: int
    item_id: int
    annotator_id: int
    verdict: str
    chosen_candidate_id: int | None
    ranking: tuple[tuple[int, ...], ...]
    strength: int | None
    is_blind: bool
    display_order: tuple[int, ...]
    suggested: tuple[int, ...]
    elapsed_ms: int | None
    created_at: datetime
    look_id: int | None
    plan_id: int | None
    drawn_by: str | None
    is_undo: bool  # the row takes another back
    is_repeat: bool

    @property
    def choice(self) -> int | None:
        """The chosen candidate, TIE, or None for a skip, a flag and an undo."""
        if self.verdict not in CHOICES:
            return None
        return TIE if self.chosen_candidate_id is None else self.chosen_candidate_id

    @property
    def agrees(self) -> bool | None:
        """Whether the suggestion was chosen (a tie is not); None without a choice or without a suggestion."""
        if self.choice is None or not self.suggested:
            return None
        return self.choice in self.suggested


@dataclass(frozen=True, slots=True)
class Answers:
    """All rows of a dataset, oldest first, with the people and the items they are of."""

    people: dict[int, Person]
    items: dict[int, AnsweredItem]
    rows: tuple[Answer, ...]
    undone: frozenset[int]  # decisions that were taken back
    known_before: frozenset[tuple[int, int]] = frozenset()  # (item, person) first answered under another run

    @property
    def given(self) -> tuple[Answer, ...]:
        """What people submitted, repeats included."""
        return tuple(row for row in self.rows if not row.is_undo)

    @property
    def effective(self) -> tuple[Answer, ...]:
        """What counts now, one answer for each (item, person) that has one; repeats never count."""
        latest = {(row.item_id, row.annotator_id): row for row in self.rows if not row.is_repeat}
        return tuple(row for row in latest.values() if row.verdict != "undo")

    @property
    def first(self) -> tuple[Answer, ...]:
        """Each person's first answer on an item, where it was made on a look. Taking it back later changes nothing."""
        found: dict[tuple[int, int], Answer] = {}
        for row in self.given:
            found.setdefault((row.item_id, row.annotator_id), row)
        fresh = (row for key, row in found.items() if key not in self.known_before)
        return tuple(row for row in fresh if row.look_id is not None and not row.is_repeat)

    @property
    def repeats(self) -> tuple[tuple[Answer, Answer], ...]:
        """(what stood when the item was shown again, what was said then), one pair for each repeat look."""
        stood: dict[tuple[int, int], Answer] = {}
        pairs: dict[int, tuple[Answer, Answer]] = {}
        for row in self.rows:
            before = stood.get((row.item_id, row.annotator_id))
            if not row.is_repeat:
                stood[row.item_id, row.annotator_id] = row
            elif not row.is_undo and row.decision_id not in self.undone and before is not None:
                pairs[row.look_id or row.decision_id] = before, row
        return tuple(pairs.values())


def read_answers(sessions: sessionmaker[Session], *, dataset_id: int, run_id: int | None = None) -> Answers:
    """Every answer of people in the dataset; under one run only when it is given."""
    with sessions() as session:
        rows = list(answer_rows(session, dataset_id, run_id=run_id))
        candidates: dict[int, list[tuple[int, float | None, float | None]]] = {}
        for one in candidate_rows(session, dataset_id):
            candidates.setdefault(one.item_id, []).append((one.candidate_id, one.gold_rank, one.gold_score))
        people = {one.annotator_id: Person(one.annotator_id, one.name, one.role) for one in person_rows(session)}
        firsts = first_answer_ids(session, dataset_id) if run_id is not None else []
    own = {row.decision_id for row in rows}
    at_work = {row.annotator_id for row in rows}
    return Answers(
        people={number: person for number, person in people.items() if number in at_work},
        items={row.item_id: _item(row.item_id, row.position, candidates.get(row.item_id, [])) for row in rows},
        rows=tuple(map(_answer, rows)),
        undone=frozenset(_undone(row.submission for row in rows)),
        known_before=frozenset((item, person) for item, person, first in firsts if first not in own),
    )


def newest_answer(sessions: sessionmaker[Session], *, dataset_id: int) -> int:
    """The number of the newest answer: what was computed from all answers holds while it stays the same."""
    with sessions() as session:
        return last_answer_id(session, dataset_id)


def _item(item_id: int, position: int, found: Sequence[tuple[int, float | None, float | None]]) -> AnsweredItem:
    ids = tuple(candidate_id for candidate_id, _, _ in found)
    best = gold_best([rank for _, rank, _ in found], [score for _, _, score in found])
    return AnsweredItem(item_id, position, ids, frozenset(ids[place] for place in best))


def _answer(row: AnswerRow) -> Answer:
    suggested = as_ranking(row.suggestion.get("ranking") or [])
    return Answer(
        decision_id=row.decision_id,
        item_id=row.item_id,
        annotator_id=row.annotator_id,
        verdict=row.verdict,
        chosen_candidate_id=row.chosen_candidate_id,
        ranking=as_ranking(row.ranking),
        strength=row.strength,
        is_blind=row.is_blind,
        display_order=tuple(row.display_order),
        suggested=suggested[0] if suggested else (),
        elapsed_ms=row.elapsed_ms,
        created_at=row.created_at,
        look_id=row.look_id,
        plan_id=row.plan_id,
        drawn_by=row.drawn_by,
        is_undo=row.submission.startswith(UNDO_PREFIX),
        is_repeat=row.kind == "repeat",
    )


def _undone(submissions: Iterable[str]) -> Iterable[int]:
    for submission in submissions:
        number = submission.removeprefix(UNDO_PREFIX)
        if number != submission and number.isdigit():
            yield int(number)
