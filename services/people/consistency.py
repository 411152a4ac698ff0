"""Self-consistency: whether a person who is shown an item again says the same.

The same candidate chosen, or a tie both times. Pairs where either was a skip or a flag are left out and counted. The
repeat never becomes the label. Leaves out which items are repeated (services/looks).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.people.answers import Answer, Answers, Person
from services.people.clusters import clustered_share
from services.statistics.intervals import Share


@dataclass(frozen=True, slots=True)
class Consistency:
    """The share of repeats answered as before. `changed`: items on which the answer changed, in order."""

    same: Share
    n_without_choice: int
    changed: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ConsistencyReport:
    """Self-consistency of everyone together and of each person who was shown something again."""

    overall: Consistency
    by_person: tuple[tuple[Person, Consistency], ...]


def consistency_of(answers: Answers) -> ConsistencyReport:
    """From the repeat looks that were answered and not taken back."""
    pairs = answers.repeats
    people = sorted(answers.people.values(), key=lambda person: (person.name.casefold(), person.annotator_id))
    own = [(person, [pair for pair in pairs if pair[0].annotator_id == person.annotator_id]) for person in people]
    return ConsistencyReport(_of(pairs), tuple((person, _of(found)) for person, found in own if found))


def _of(pairs: Sequence[tuple[Answer, Answer]]) -> Consistency:
    chosen = [(before, after) for before, after in pairs if before.choice is not None and after.choice is not None]
    changed = [before.item_id for before, after in chosen if before.choice != after.choice]
    return Consistency(
        same=clustered_share((before.item_id, before.choice == after.choice) for before, after in chosen),
        n_without_choice=len(pairs) - len(chosen),
        changed=tuple(dict.fromkeys(changed)),
    )
