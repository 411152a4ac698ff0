"""Groups of people who decide alike: found where the decisions show them, and only there."""

from __future__ import annotations

import random

import numpy as np
from people_cases import Team

from services.people import splits, tastes

SIX = ("Ada", "Bob", "Cem", "Dana", "Eve", "Finn")


def team_of(n_items: int, *, sure: tuple[float, ...], differs: float = 0.0, overlap: int = 3, seed: int = 0) -> Team:
    """Six people, on each item some of them; the last three want the other candidate on a share of the items."""
    dice = random.Random(seed)
    team = Team(*SIX)
    for item in range(1, n_items + 1):
        best, is_disputed = dice.randint(1, 2), dice.random() < differs
        for place in dice.sample(range(6), overlap):
            wanted = 3 - best if is_disputed and place >= 3 else best
            team.says(SIX[place], item, wanted if dice.random() < sure[place] else 3 - wanted)
    return team


def test_two_tastes_are_told_apart_and_the_items_on_which_they_part_are_named() -> None:
    found = tastes.tastes_of(team_of(240, sure=(0.95,) * 6, differs=0.4, overlap=4).answers)
    assert [{person.name for person in group.people} for group in found.groups] == [set(SIX[:3]), set(SIX[3:])]
    assert found.p_value is not None
    assert found.p_value < 0.01
    for group in found.groups:
        assert (group.within.low or 0) > (found.between.high or 1)
    assert found.partings
    assert found.partings[0].strength >= found.partings[-1].strength
    first, second = found.partings[0].majorities
    assert first[0] != second[0]


def test_careless_people_are_no_taste() -> None:
    """The careful half agrees far more within; the careless half does not, not even with itself."""
    several = [
        tastes.tastes_of(team_of(150, sure=(0.98,) * 3 + (0.6,) * 3, overlap=4, seed=seed).answers)
        for seed in range(20)
    ]
    assert sum(len(found.groups) > 1 for found in several) <= 2  # at 1 %: more than 2 of 20 once in 900


def test_one_taste_with_errors_stays_one_group() -> None:
    several = [tastes.tastes_of(team_of(150, sure=(0.8,) * 6, seed=seed).answers) for seed in range(20)]
    assert sum(len(found.groups) > 1 for found in several) <= 2
    assert several[0].groups[0].people
    assert several[0].partings == ()
    assert several[0].between.n == 0


def test_too_few_people_or_items_are_said_and_not_tested() -> None:
    team = Team("Ada", "Bob", "Cem")
    for name in ("Ada", "Bob", "Cem"):
        team.all_say(name, [1] * 50)
    found = tastes.tastes_of(team.answers)
    assert (found.p_value, len(found.groups)) == (None, 1)
    assert "3 people" in found.why_none
    few = tastes.tastes_of(team_of(30, sure=(1.0,) * 6).answers)
    assert "30 items" in few.why_none
    assert tastes.tastes_of(Team("Ada").answers).groups == ()


def test_many_people_are_split_as_few_are() -> None:
    """Fourteen are too many to try every split: climbing finds the one that was put in."""
    dice = random.Random(4)
    said = np.full((200, 14), -1, dtype=np.int64)
    for row in said:
        best, is_disputed = dice.randint(1, 2), dice.random() < 0.5
        for person in dice.sample(range(14), 5):
            row[person] = 3 - best if is_disputed and person % 2 else best
    votes = splits.Votes(tuple(range(200)), said)
    side = splits.best_split(votes, np.ones(200, dtype=bool), seed=1)
    assert len(set(side[::2])) == len(set(side[1::2])) == 1
    assert side[0] != side[1]


def test_pairs_within_and_between_are_counted_once() -> None:
    said = np.array([[1, 1, 2, -1], [1, 2, 2, 2]])
    side = np.array([[0, 0, 1, 1], [0, 0, 1, 1]])
    first, second = side == 0, side == 1
    for left, right, same, n in ((first, first, [1, 0], [1, 1]), (second, second, [0, 1], [0, 1]),
                                 (first, second, [0, 2], [2, 4])):  # fmt: skip
        found = splits._by_item(said, left, right)
        assert [part.tolist() for part in found] == [same, n]


def test_a_split_that_no_group_of_two_can_be_tried_on_has_no_p_value() -> None:
    votes = splits.Votes((1,), np.array([[1, 1, -1, -1]]))
    assert splits.p_value_of(votes, np.array([[0, 0, 1, 1]])) is None
