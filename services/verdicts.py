"""What a person's ranking says about a suggestion: accept or override, told by comparing and by nothing else. Pure.

    ranking     places of candidate ids, best first, ties together: ((7,), (5, 6)); a candidate not in it: nothing said
    accept      the first place lies in the suggested first place, and no pair that the person orders, strictly or as a
                tie, stands otherwise in the suggestion
    override    everything else that prefers something, and every preference where nothing was suggested
    tie         one place only: no candidate is preferred to another

A tie in the suggestion orders nothing, so nothing said about that pair is against it. Best alone orders it before each
other candidate and leaves those unordered. Leaves out storing (services/decisions.py).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import combinations

from services.errors import Refused

STRENGTH_LIMIT = 3
Ranking = Sequence[Sequence[int]]


def verdict_of_best(chosen: int, suggested: Ranking) -> str:
    """The verdict when only the best was named.

    >>> verdict_of_best(6, [[5, 6], [7]]), verdict_of_best(7, [[5, 6], [7]])
    ('accept', 'override')
    """
    return "accept" if suggested and chosen in suggested[0] else "override"


def verdict_of_ranking(ranking: Ranking, suggested: Ranking) -> str:
    """The verdict on a ranking, full or partial; `suggested` is empty where nothing was suggested.

    >>> verdict_of_ranking([[5], [6]], [[5], [7], [6]]), verdict_of_ranking([[5], [6], [7]], [[5], [7], [6]])
    ('accept', 'override')
    """
    if len(ranking) == 1:
        return "tie"
    is_first = bool(suggested) and set(ranking[0]) <= set(suggested[0])
    return "accept" if is_first and not contradicts(ranking, suggested) else "override"


def contradicts(ranking: Ranking, suggested: Ranking) -> bool:
    """Whether a pair that `ranking` orders, strictly or as a tie, stands otherwise in `suggested`."""
    place = {candidate_id: n for n, group in enumerate(suggested) for candidate_id in group}
    said = [(n, candidate_id) for n, group in enumerate(ranking) for candidate_id in group if candidate_id in place]
    return any(
        place[one] != place[other] and (n == m or place[one] > place[other])
        for (n, one), (m, other) in combinations(said, 2)
    )


def chosen_of(ranking: Ranking) -> int | None:
    """The best of a ranking; None where its first place is shared."""
    return ranking[0][0] if ranking and len(ranking[0]) == 1 else None


def sound_ranking(ranking: Ranking, candidate_ids: Collection[int]) -> list[list[int]]:
    """The ranking as it is stored.

    Raises Refused: a candidate of another item, one named twice, an empty place, fewer than two candidates, or one
    place only that leaves some out (whether those are better was not said, so it is no tie of all).
    """
    places = [list(group) for group in ranking]
    named = [candidate_id for group in places for candidate_id in group]
    stranger = next((candidate_id for candidate_id in named if candidate_id not in candidate_ids), None)
    if stranger is not None:
        raise Refused(f"the ranking names candidate {stranger!r}, which is not one of this item; reload the page")
    if len(set(named)) < len(named) or not all(places):
        raise Refused("the ranking names a candidate twice or has an empty place; name each once at most")
    if len(named) < 2:
        raise Refused(f"the ranking has {len(named)} of {len(candidate_ids)} candidates; rank two at least")
    if len(places) == 1 and len(named) < len(candidate_ids):  # kept as a tie it would say that none is the best
        raise Refused(f"the ranking ties {len(named)} of {len(candidate_ids)} candidates and ends; rank one place more")
    return places


def require_strength(strength: int | None, candidate_ids: Sequence[int], ranking: Ranking) -> None:
    """Refused unless the strength says the same as the ranking of a pair.

    Args:
        strength: -3..3, as HelpSteer2-preference has it: negative, the first candidate in file order is better.
        candidate_ids: in file order.
        ranking: empty where nothing was preferred (a skip, a flag).
    """
    if strength is None:
        return
    if not -STRENGTH_LIMIT <= strength <= STRENGTH_LIMIT:
        raise Refused(f"the strength is {strength}; it must lie between -{STRENGTH_LIMIT} and {STRENGTH_LIMIT}")
    if len(candidate_ids) != 2 or not ranking:
        raise Refused("a strength says how much better one of two is; it goes with a choice between two candidates")
    better = 0 if len(ranking) == 1 else -1 if ranking[0][0] == candidate_ids[0] else 1
    if (strength > 0) - (strength < 0) != better:
        side = {-1: "the first is better", 0: "they tie", 1: "the second is better"}
        raise Refused(f"strength {strength} says that {side[(strength > 0) - (strength < 0)]}, but {side[better]}")
