"""Accuracy of each person against gold: on items whose file says which response is best.

A choice is right when gold calls the chosen candidate best; a tie is not right, because gold tells them apart. Skips
and flags are left out. Beside it stands how often the suggestion was right on the same items: a person who is no better
than the suggestion adds nothing to it. Leaves out the run against gold (services/evaluation.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.people.answers import TIE, Answer, Answers, Person
from services.people.clusters import clustered_share
from services.statistics.intervals import Share


@dataclass(frozen=True, slots=True)
class GoldAccuracy:
    """How often a person is right, and the suggestion on the same items; `n_ties` are among the ones not right.

    blind: the same for answers that were given before the suggestion was seen.
    """

    right: Share
    blind: Share
    suggestion: Share
    n_ties: int


@dataclass(frozen=True, slots=True)
class GoldReport:
    """Accuracy of everyone together and of each person who chose on an item with gold."""

    overall: GoldAccuracy
    by_person: tuple[tuple[Person, GoldAccuracy], ...]


def gold_of(answers: Answers) -> GoldReport:
    """From the answers that count now."""
    judged = [one for one in answers.effective if one.choice is not None and answers.items[one.item_id].gold_ids]
    people = sorted(answers.people.values(), key=lambda person: (person.name.casefold(), person.annotator_id))
    own = [(person, [one for one in judged if one.annotator_id == person.annotator_id]) for person in people]
    return GoldReport(_of(answers, judged), tuple((person, _of(answers, found)) for person, found in own if found))


def _of(answers: Answers, judged: Sequence[Answer]) -> GoldAccuracy:
    def is_right(one: Answer) -> bool:
        return one.choice in answers.items[one.item_id].gold_ids

    suggested = [one for one in judged if len(one.suggested) == 1]
    return GoldAccuracy(
        right=clustered_share((one.item_id, is_right(one)) for one in judged),
        blind=clustered_share((one.item_id, is_right(one)) for one in judged if one.is_blind),
        suggestion=clustered_share(
            (one.item_id, one.suggested[0] in answers.items[one.item_id].gold_ids) for one in suggested
        ),
        n_ties=sum(one.choice == TIE for one in judged),
    )
