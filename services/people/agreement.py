"""How far people agree with each other, item by item: overall and for every two of them.

    same         share of answers of two people on one item that are the same (candidate, or tie)
    alpha        Krippendorff's: nominal over the choices, ordinal over the places that people give to candidates
    kappa        Cohen's, of two people; overall the mean over all pairs, by the items they share
    tau          Kendall's tau-b of two rankings of one item, averaged over items
    strength     Krippendorff's alpha, ordinal, over how much better one of two is, where that was asked

Candidates have no name in common from item to item: A is what the file lists first. Were A the category, a file that
puts the better response first would make any agreement look like chance. So the categories are the places after each
item's candidates have been turned by a number drawn from the item's own position, the same for everybody.

People who saw the same suggestion agree with it, and so with each other: `is_blind_only` leaves those answers out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from services.people.alpha import Coefficient, alpha
from services.people.answers import TIE, Answer, AnsweredItem, Answers, Person
from services.people.clusters import clustered_share
from services.people.two_people import kappa, mean_kappa, mean_tau, tau_b
from services.statistics.intervals import Share, share


@dataclass(frozen=True, slots=True)
class PairAgreement:
    """Two people over the items that both chose on. `tau.n` counts items where both rankings order something."""

    first: Person
    second: Person
    same: Share
    kappa: Coefficient
    tau: Coefficient


@dataclass(frozen=True, slots=True)
class Agreement:
    """Agreement in a dataset. `n_items`: items that two or more people chose on."""

    n_items: int
    n_people: int
    same: Share
    nominal: Coefficient
    ordinal: Coefficient
    strength: Coefficient
    kappa: Coefficient
    tau: Coefficient
    pairs: tuple[PairAgreement, ...]
    is_blind_only: bool


def agreement_of(answers: Answers, *, is_blind_only: bool = False) -> Agreement:
    """From the answers that count now; with `is_blind_only` from first answers on blind looks."""
    kept = [one for one in answers.first if one.is_blind] if is_blind_only else answers.effective
    by_item: dict[int, dict[int, Answer]] = {}
    for one in kept:
        if one.choice is not None:
            by_item.setdefault(one.item_id, {})[one.annotator_id] = one
    shared = {item_id: found for item_id, found in sorted(by_item.items()) if len(found) > 1}
    people = sorted({number for found in shared.values() for number in found})
    categories = {
        item_id: {number: category(answers.items[item_id], one) for number, one in found.items()}
        for item_id, found in shared.items()
    }
    listed: dict[tuple[int, int], list[int]] = {}
    for item_id, found in shared.items():
        for pair in combinations(sorted(found), 2):
            listed.setdefault(pair, []).append(item_id)
    said = [
        (items, [categories[item][a] for item in items], [categories[item][b] for item in items])
        for (a, b), items in listed.items()
    ]
    return Agreement(
        n_items=len(shared),
        n_people=len(people),
        same=clustered_share(
            (item_id, a == b) for item_id, found in categories.items() for a, b in combinations(found.values(), 2)
        ),
        nominal=alpha({item_id: [list(found.values())] for item_id, found in categories.items()}, "nominal"),
        ordinal=alpha({item_id: _units(answers.items[item_id], found) for item_id, found in shared.items()}, "ordinal"),
        strength=alpha({item_id: _strengths(found) for item_id, found in shared.items()}, "ordinal"),
        kappa=mean_kappa(said),
        tau=mean_tau(_item_taus(answers, shared)),
        pairs=tuple(_pair(answers, pair, items, shared, categories) for pair, items in sorted(listed.items())),
        is_blind_only=is_blind_only,
    )


def category(item: AnsweredItem, answer: Answer) -> int:
    """What was chosen, as a category: 0 a tie, else the candidate's place (from 1) after the item's turn."""
    if answer.choice in (None, TIE) or answer.choice not in item.candidate_ids:
        return 0
    turn = int.from_bytes(hashlib.sha256(f"turn:{item.position}".encode()).digest()[:4], "big")
    return (item.candidate_ids.index(answer.choice) + turn) % len(item.candidate_ids) + 1


def places(item: AnsweredItem, answer: Answer) -> list[float | None]:
    """Each candidate's place in a person's ranking, ties at their mean place; None for one that was not ranked.

    A tie without a ranking puts all of them level, a choice without one puts it before the rest.
    """
    ranking = answer.ranking
    if not ranking and answer.choice == TIE:
        ranking = (item.candidate_ids,)
    elif answer.choice and (not ranking or len(ranking) == 1):
        ranking = ((answer.choice,), tuple(other for other in item.candidate_ids if other != answer.choice))
    found: dict[int, float] = {}
    for group in ranking:
        found |= dict.fromkeys(group, len(found) + (len(group) + 1) / 2)
    return [found.get(candidate_id) for candidate_id in item.candidate_ids]


def _units(item: AnsweredItem, found: dict[int, Answer]) -> list[list[float]]:
    """For each candidate, the places that people give it."""
    by_person = [places(item, answer) for answer in found.values()]
    return [[place for place in column if place is not None] for column in zip(*by_person, strict=True)]


def _strengths(found: dict[int, Answer]) -> list[list[float]]:
    """How strongly the first of two is preferred, as said and turned round: the file's order decides nothing."""
    said = [float(one.strength) for one in found.values() if one.strength is not None]
    return [said, [-strength for strength in said]]


def _pair(
    answers: Answers,
    pair: tuple[int, int],
    items: Sequence[int],
    shared: dict[int, dict[int, Answer]],
    categories: dict[int, dict[int, int]],
) -> PairAgreement:
    first, second = ([categories[item_id][number] for item_id in items] for number in pair)
    taus = [_tau(answers.items[item_id], *(shared[item_id][number] for number in pair)) for item_id in items]
    return PairAgreement(
        first=answers.people[pair[0]],
        second=answers.people[pair[1]],
        same=share(sum(a == b for a, b in zip(first, second, strict=True)), len(items)),
        kappa=kappa(first, second),
        tau=mean_tau([tau for tau in taus if tau is not None]),
    )


def _item_taus(answers: Answers, shared: dict[int, dict[int, Answer]]) -> list[float]:
    """The mean tau-b of each item over all two of its people."""
    means = []
    for item_id, found in shared.items():
        taus = [_tau(answers.items[item_id], a, b) for a, b in combinations(found.values(), 2)]
        known = [tau for tau in taus if tau is not None]
        means += [sum(known) / len(known)] if known else []
    return means


def _tau(item: AnsweredItem, first: Answer, second: Answer) -> float | None:
    return tau_b(tuple(places(item, first)), tuple(places(item, second)))
