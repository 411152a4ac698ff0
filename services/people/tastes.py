"""Tastes that differ rather than err: groups of people who decide alike, where the decisions are evidence for them.

One group is the default. People are split in two only when, on items that had no part in the splitting, *both* groups
agree within themselves more often than with each other:

    both sides     careless people agree with nobody, not even with each other: a careful and a careless half would
                   pass a test of the mean, but the careless half never agrees more within than across
    held out       the split is learnt on nine tenths of the items and tried on the last, for each tenth in turn; the
                   larger of the two sides' p-values counts. At a level of 1 % two groups were found where there was one
                   taste in at most 3 of 100 simulated teams, careless halves among them (bench/tastes.py)

A group found is split further by the same rule. Groups may also part because some follow the suggestion: how often each
group agrees with it is handed out beside, and blind answers alone can be asked for. People whose items nobody else
answered tell nothing and are left out. Leaves out naming what a taste is: the items on which groups part show it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.people.answers import Answers, Person
from services.people.clusters import clustered_share
from services.people.splits import Votes, best_split, p_value_of
from services.statistics.intervals import Share

FEWEST_PEOPLE = 4  # two in each group
FEWEST_ITEMS = 40  # that two or more people answered: halves of 20
LEVEL = 0.01
FOLDS = 10

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Group:
    """People who decide alike. `with_suggestion`: how often the group agrees with it (intervals respect items)."""

    people: tuple[Person, ...]
    within: Share
    with_suggestion: Share


@dataclass(frozen=True, slots=True)
class Parting:
    """An item on which the groups' own majorities differ: (chosen candidate or 0 for a tie, votes for it, votes)."""

    item_id: int
    position: int
    majorities: tuple[tuple[int, int, int], ...]  # one for each group, in their order
    strength: int  # votes by which the majorities win, the smallest of the groups'


@dataclass(frozen=True, slots=True)
class Tastes:
    """What was found. `groups` holds one group, or several with evidence; `p_value` is of the first split tried.

    between: how often people of different groups agree; empty with one group.
    why_none: what is missing for a test, in words; "" when it was made.
    """

    groups: tuple[Group, ...]
    between: Share
    p_value: float | None
    partings: tuple[Parting, ...]
    n_items: int
    n_people: int
    why_none: str


def tastes_of(answers: Answers, *, is_blind_only: bool = False, seed: int = 0) -> Tastes:
    """Groups among the people of a dataset, from the answers that count now (or first answers on blind looks)."""
    kept = [one for one in answers.first if one.is_blind] if is_blind_only else answers.effective
    said: dict[int, dict[int, int]] = {}
    agreed: dict[int, list[tuple[int, bool]]] = {}
    for one in kept:
        if one.choice is not None:
            said.setdefault(one.item_id, {})[one.annotator_id] = one.choice
        if one.agrees is not None:
            agreed.setdefault(one.annotator_id, []).append((one.item_id, one.agrees))
    shared = {item_id: found for item_id, found in sorted(said.items()) if len(found) > 1}
    people = sorted({number for found in shared.values() for number in found})
    why = _why_none(len(people), len(shared))
    members, p_value = ([people] if people else [], None) if why else _split(shared, people, seed=seed)
    groups = tuple(_group(answers, shared, agreed, sorted(member)) for member in members)
    return Tastes(
        groups=groups,
        between=_between(shared, members),
        p_value=p_value,
        partings=_partings(answers, shared, members),
        n_items=len(shared),
        n_people=len(people),
        why_none=why,
    )


def _why_none(n_people: int, n_items: int) -> str:
    if n_people < FEWEST_PEOPLE:
        return f"{n_people} people answered the same items; looking for groups takes {FEWEST_PEOPLE}"
    if n_items < FEWEST_ITEMS:
        return f"{n_items} items were answered by two or more people; looking for groups takes {FEWEST_ITEMS}"
    return ""


def _split(
    shared: dict[int, dict[int, int]], people: list[int], *, seed: int, level: float = LEVEL
) -> tuple[list[list[int]], float | None]:
    """The groups that there is evidence for, and the p-value of the first split; a group is tried at half the level."""
    votes = votes_of(shared, people)
    if len(people) < FEWEST_PEOPLE or len(votes.items) < FEWEST_ITEMS:
        return [people], None
    p_value = evidence(votes, seed=seed)
    if p_value is None or p_value > level:
        return [people], p_value
    side = best_split(votes, np.ones(len(votes.items), dtype=bool), seed=seed)
    halves = [[person for person, is_second in zip(people, side, strict=True) if is_second == end] for end in (0, 1)]
    further = [_split(_of_people(shared, half), half, seed=seed + 1, level=level / 2)[0] for half in halves]
    return [group for half in further for group in half], p_value


def evidence(votes: Votes, *, seed: int = 0) -> float | None:
    """The p-value for two groups; None when no split into two groups of two could be tried on held-out items."""
    whole = best_split(votes, np.ones(len(votes.items), dtype=bool), seed=seed)
    fold = np.random.default_rng(seed).permutation(len(votes.items)) % FOLDS
    sides = [_like(whole, best_split(votes, fold != number, seed=seed)) for number in range(FOLDS)]
    return p_value_of(votes, np.array(sides)[fold])


def _like(whole: Ints, side: Ints) -> Ints:
    """The same split with its sides named as in another one, as far as they are alike."""
    return side if (side == whole).sum() * 2 >= len(side) else 1 - side


def votes_of(shared: dict[int, dict[int, int]], people: Sequence[int]) -> Votes:
    """Answers as a matrix: (items, people), -1 where a person said nothing."""
    column = {person: place for place, person in enumerate(people)}
    kept = [(item_id, found) for item_id, found in shared.items() if sum(one in column for one in found) > 1]
    said = np.full((len(kept), len(people)), -1, dtype=np.int64)
    for row, (_, found) in enumerate(kept):
        for person, choice in found.items():
            if person in column:
                said[row, column[person]] = choice
    return Votes(items=tuple(item_id for item_id, _ in kept), said=said)


def _of_people(shared: dict[int, dict[int, int]], people: Iterable[int]) -> dict[int, dict[int, int]]:
    wanted = set(people)
    own = {item_id: {one: said for one, said in found.items() if one in wanted} for item_id, found in shared.items()}
    return {item_id: found for item_id, found in own.items() if len(found) > 1}


def _group(
    answers: Answers, shared: dict[int, dict[int, int]], agreed: dict[int, list[tuple[int, bool]]], people: list[int]
) -> Group:
    within = (
        (item_id, a == b) for item_id, found in shared.items() for a, b in _pairs([found.get(one) for one in people])
    )
    return Group(
        people=tuple(sorted((answers.people[number] for number in people), key=lambda one: one.name.casefold())),
        within=clustered_share(within),
        with_suggestion=clustered_share(look for number in people for look in agreed.get(number, [])),
    )


def _between(shared: dict[int, dict[int, int]], members: Sequence[Sequence[int]]) -> Share:
    looks = []
    for item_id, found in shared.items():
        sides = [[found[one] for one in group if one in found] for group in members]
        looks += [
            (item_id, a == b)
            for place, first in enumerate(sides)
            for second in sides[place + 1 :]
            for a in first
            for b in second
        ]
    return clustered_share(looks)


def _pairs(said: Sequence[int | None]) -> list[tuple[int, int]]:
    known = [one for one in said if one is not None]
    return [(a, b) for place, a in enumerate(known) for b in known[place + 1 :]]


def _partings(
    answers: Answers, shared: dict[int, dict[int, int]], members: Sequence[Sequence[int]]
) -> tuple[Parting, ...]:
    """Items where every group has a majority of two votes or more and not all are the same, the clearest first."""
    found = []
    for item_id, said in shared.items() if len(members) > 1 else ():
        tops = [_majority([said[one] for one in group if one in said]) for group in members]
        known = [top for top in tops if top is not None]
        if len(known) == len(members) and len({choice for choice, _, _, _ in known}) > 1:
            strength = min(lead for _, _, _, lead in known)
            majorities = tuple((choice, n_for, n) for choice, n_for, n, _ in known)
            found.append(Parting(item_id, answers.items[item_id].position, majorities, strength))
    return tuple(sorted(found, key=lambda one: (-one.strength, one.position)))


def _majority(said: Sequence[int]) -> tuple[int, int, int, int] | None:
    """(choice, votes for it, votes, lead over the next) of a strict plurality; None without one."""
    tops = Counter(said).most_common(2)
    lead = tops[0][1] - (tops[1][1] if len(tops) > 1 else 0) if tops else 0
    return (tops[0][0], tops[0][1], len(said), lead) if lead > 0 else None
