"""People and their answers in a few words, without a database: what the figures about people are tested on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from services.people.answers import Answer, AnsweredItem, Answers, Person

MORNING = datetime(2026, 3, 2, 9, 0)


class Team:
    """People who answer items; item number i has the candidates 10 i + 1, 10 i + 2, ... in file order."""

    def __init__(self, *names: str, n_candidates: int = 2, gold: int | None = None) -> None:
        self.people = {number: Person(number, name, "annotator") for number, name in enumerate(names, start=1)}
        self.n_candidates = n_candidates
        self.gold = gold
        self.rows: list[Answer] = []
        self.undone: set[int] = set()
        self._numbers = count(1)
        self._now = MORNING

    def says(self, name: str, item: int, place: int | None, *, suggested: int | None = 1, **more: Any) -> Answer:
        """The candidate at a place (1 is the first in the file), 0 a tie, None a skip; on a look of plan 1."""
        number = next(one.annotator_id for one in self.people.values() if one.name == name)
        after_s = more.pop("after_s", 10)
        self._now += timedelta(seconds=after_s)
        top = () if suggested is None else (10 * item + suggested,)
        chosen = 10 * item + place if place else None
        verdict = "skip" if place is None else "tie" if place == 0 else "accept" if chosen in top else "override"
        made: dict[str, Any] = {
            "decision_id": next(self._numbers),
            "item_id": item,
            "annotator_id": number,
            "verdict": verdict,
            "chosen_candidate_id": chosen,
            "ranking": (),
            "strength": None,
            "is_blind": False,
            "display_order": self.candidates(item),
            "suggested": top,
            "elapsed_ms": 4_000,
            "created_at": self._now,
            "look_id": 1_000 * number + item,
            "plan_id": 1,
            "drawn_by": "random",
            "is_undo": False,
            "is_repeat": False,
        } | more
        row = Answer(**made)
        self.rows.append(row)
        return row

    def takes_back(self, name: str, row: Answer) -> None:
        """An undo of a first answer: the item is undecided again."""
        self.undone.add(row.decision_id)
        self.says(name, row.item_id, None, verdict="undo", is_undo=True)

    def all_say(self, name: str, places: Sequence[int | None], **more: Any) -> None:
        """Answers on items 1, 2, 3, ..."""
        for item, place in enumerate(places, start=1):
            self.says(name, item, place, **more)

    def candidates(self, item: int) -> tuple[int, ...]:
        return tuple(10 * item + place for place in range(1, self.n_candidates + 1))

    @property
    def answers(self) -> Answers:
        gold = {
            item: frozenset() if self.gold is None else frozenset({10 * item + self.gold}) for item in self._items()
        }
        items = {item: AnsweredItem(item, item - 1, self.candidates(item), gold[item]) for item in self._items()}
        return Answers(self.people, items, tuple(self.rows), frozenset(self.undone))

    def _items(self) -> list[int]:
        return sorted({row.item_id for row in self.rows})
