"""Accept or override: every ranking of three candidates against every suggestion, judged by a slower rule."""

from __future__ import annotations

from itertools import combinations, permutations, product

import pytest

from services.errors import Refused
from services.verdicts import (
    chosen_of,
    contradicts,
    require_strength,
    sound_ranking,
    verdict_of_best,
    verdict_of_ranking,
)

Ranking = tuple[tuple[int, ...], ...]


def weak_orders(members: tuple[int, ...]) -> set[Ranking]:
    """Every way of putting these in places, ties together: 1, 3 and 13 of one, two and three."""
    found = set()
    for levels in product(range(len(members)), repeat=len(members)):
        if set(levels) == set(range(max(levels) + 1)):
            groups = [[] for _ in range(max(levels) + 1)]  # type: list[list[int]]
            for member, level in zip(members, levels, strict=True):
                groups[level].append(member)
            found.add(tuple(tuple(group) for group in groups))
    return found


def order(ranking: Ranking, one: int, other: int) -> int | None:
    """-1 where `one` stands before `other`, 1 after, 0 beside it, None where one of them is not in it."""
    place = {member: n for n, group in enumerate(ranking) for member in group}
    if one not in place or other not in place:
        return None
    return (place[one] > place[other]) - (place[one] < place[other])


def accepts(ranking: Ranking, suggested: Ranking) -> bool:
    """The rule in words: the first place was suggested, and no ordered pair stands otherwise."""
    for one, other in permutations((1, 2, 3), 2):
        said, meant = order(ranking, one, other), order(suggested, one, other)
        if said is not None and meant not in (None, 0) and said != meant:
            return False
    return all(member in suggested[0] for member in ranking[0])


RANKINGS = sorted(r for size in (2, 3) for some in combinations((1, 2, 3), size) for r in weak_orders(some))
SUGGESTIONS = sorted(weak_orders((1, 2, 3)) | weak_orders((1, 2)))


def test_there_are_as_many_rankings_as_there_should_be() -> None:
    assert len(weak_orders((1, 2, 3))) == 13
    assert len(RANKINGS) == 13 + 3 * 3


@pytest.mark.parametrize("suggested", SUGGESTIONS)
def test_every_ranking_of_three_gets_the_verdict_of_the_rule(suggested: Ranking) -> None:
    for ranking in RANKINGS:
        wanted = "tie" if len(ranking) == 1 else "accept" if accepts(ranking, suggested) else "override"
        assert verdict_of_ranking(ranking, suggested) == wanted, ranking


@pytest.mark.parametrize("suggested", [s for s in SUGGESTIONS if len(s) > 1])
def test_the_suggested_ranking_typed_by_hand_is_an_accept(suggested: Ranking) -> None:
    assert verdict_of_ranking(suggested, suggested) == "accept"
    assert not contradicts(suggested, suggested)


@pytest.mark.parametrize("suggested", SUGGESTIONS)
def test_naming_the_best_alone_agrees_with_ranking_it_before_each_other_one(suggested: Ranking) -> None:
    for best in (1, 2, 3):
        said = [((best,), (other,)) for other in (1, 2, 3) if other != best]
        wanted = "accept" if all(accepts(pair, suggested) for pair in said) else "override"
        assert verdict_of_best(best, suggested) == wanted


def test_where_nothing_was_suggested_every_preference_is_an_override() -> None:
    assert verdict_of_best(1, ()) == verdict_of_ranking(((1,), (2,)), ()) == "override"
    assert verdict_of_ranking(((1, 2),), ()) == "tie"


def test_a_first_place_above_what_was_suggested_is_an_override_though_it_left_that_one_out() -> None:
    assert not contradicts(((2,), (3,)), ((1,), (2,), (3,)))
    assert verdict_of_ranking(((2,), (3,)), ((1,), (2,), (3,))) == "override"


def test_the_best_of_a_ranking_is_alone_in_the_first_place() -> None:
    assert chosen_of([[5], [6, 7]]) == 5
    assert chosen_of([[5, 6], [7]]) is None


@pytest.mark.parametrize(
    ("ranking", "complaint"),
    [
        ([[1], [9]], "candidate 9, which is not one of this item"),
        ([[1], [2, 1]], "twice"),
        ([[1], [], [2]], "empty place"),
        ([[1]], "has 1 of 3 candidates; rank two at least"),
        ([], "has 0 of 3 candidates"),
        ([[1, 2]], "ties 2 of 3 candidates and ends; rank one place more"),
    ],
)
def test_a_ranking_that_says_nothing_sensible_is_refused(ranking: list[list[int]], complaint: str) -> None:
    with pytest.raises(Refused, match=complaint):
        sound_ranking(ranking, (1, 2, 3))


@pytest.mark.parametrize(
    ("strength", "ranking", "is_right"),
    [
        (-3, [[1], [2]], True), (-1, [[1], [2]], True), (3, [[2], [1]], True), (0, [[1, 2]], True),
        (1, [[1], [2]], False), (-1, [[2], [1]], False), (0, [[1], [2]], False), (2, [[1, 2]], False),
        (4, [[2], [1]], False), (1, [], False), (None, [], True),
    ],
)  # fmt: skip
def test_a_strength_says_the_same_as_the_choice(strength: int | None, ranking: list[list[int]], is_right: bool) -> None:
    if is_right:
        require_strength(strength, [1, 2], ranking)
    else:
        with pytest.raises(Refused, match="strength"):
            require_strength(strength, [1, 2], ranking)


def test_a_strength_needs_a_pair() -> None:
    with pytest.raises(Refused, match="a choice between two candidates"):
        require_strength(-1, [1, 2, 3], [[1], [2, 3]])
