"""Agreement between people, against published examples and by hand."""

from __future__ import annotations

import math
import random

import krippendorff
import numpy as np
import pytest
from people_cases import Team

from services.people.agreement import agreement_of, category, places
from services.people.alpha import Level, _coincidences, _counts, alpha, alphas_of
from services.people.two_people import kappa, mean_kappa, tau_b

GAP = None
OBSERVERS = (  # Krippendorff 2011, "Computing Krippendorff's alpha-reliability", section C: four observers, 12 units
    (1, 2, 3, 3, 2, 1, 4, 1, 2, GAP, GAP, GAP),
    (1, 2, 3, 3, 2, 2, 4, 1, 2, 5, GAP, 3),
    (GAP, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, GAP),
    (1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, GAP),
)
UNITS = {
    unit: [[value for value in said if value is not None]] for unit, said in enumerate(zip(*OBSERVERS, strict=True))
}
COHEN = ((88, 14, 18), (10, 40, 10), (2, 6, 12))  # Cohen 1960, table 1: .44 .07 .09 / .05 .20 .05 / .01 .03 .06 of 200


def cases(table: tuple[tuple[int, ...], ...]) -> tuple[list[int], list[int]]:
    both = [(a, b) for a, row in enumerate(table) for b, n in enumerate(row) for _ in range(n)]
    return [a for a, _ in both], [b for _, b in both]


@pytest.mark.parametrize(("level", "published"), [("nominal", 0.743), ("ordinal", 0.815)])
def test_alpha_is_krippendorffs_own_example(level: Level, published: float) -> None:
    found = alpha(UNITS, level)
    assert found.value is not None
    assert round(found.value, 3) == published
    assert found.n == 11, "the unit that one observer coded says nothing"
    assert found.low is not None
    assert found.high is not None
    assert found.low < found.value < found.high


@pytest.mark.parametrize("level", ["nominal", "ordinal"])
def test_the_alpha_that_is_resampled_is_the_packages_alpha(level: Level) -> None:
    dice = random.Random(3)
    for _ in range(20):
        units = [[float(dice.randrange(4)) for _ in range(dice.randint(2, 5))] for _ in range(15)]
        values = sorted({value for unit in units for value in unit})
        counts = [_counts([unit], values) for unit in units]
        ours = alphas_of(np.array([_coincidences(one) for one in counts]).sum(axis=0, keepdims=True), level)
        theirs = krippendorff.alpha(
            value_counts=np.concatenate(counts), value_domain=np.array(values), level_of_measurement=level
        )
        assert ours[0] == pytest.approx(theirs, abs=1e-12)


def test_kappa_is_cohens_own_example() -> None:
    found = kappa(*cases(COHEN))
    assert found.value is not None
    assert round(found.value, 3) == 0.492
    error = 0.05  # Fleiss, Cohen and Everitt 1969 give about that for this table
    assert found.low is not None
    assert found.high is not None
    assert abs((found.high - found.low) / 2 - 1.96 * error) < 0.02


def test_the_mean_kappa_of_one_pair_is_its_kappa() -> None:
    first, second = cases(COHEN)
    assert mean_kappa([(list(range(200)), first, second)]).value == pytest.approx(kappa(first, second).value)


def test_one_swap_of_three_gives_tau_one_third() -> None:
    assert tau_b((1, 2, 3), (1, 3, 2)) == pytest.approx(1 / 3)
    assert tau_b((1.5, 1.5, 3), (1, 2, 3)) == pytest.approx(2 / math.sqrt(2 * 3)), "tau-b with a tie: 2 / sqrt(2 * 3)"
    assert tau_b((2, 2, 2), (1, 2, 3)) is None, "one who ties everything has no order to compare"


def test_agreement_without_any_disagreement_has_a_width() -> None:
    team = Team("Ada", "Bob")
    for name in ("Ada", "Bob"):
        team.all_say(name, [1, 2, 1, 2, 1, 1, 2, 2, 1, 2])
    found = agreement_of(team.answers)
    for coefficient in (found.nominal, found.ordinal, found.kappa, found.tau, found.pairs[0].kappa, found.pairs[0].tau):
        assert (coefficient.n, coefficient.value, coefficient.high) == (10, 1.0, 1.0)
        assert coefficient.low == pytest.approx(1 - 2 * 0.27753, abs=1e-4)


def test_a_file_that_puts_the_better_one_first_does_not_make_agreement_look_like_chance() -> None:
    """19 of 20 times both say the first of the file: by letters, alpha would be negative."""
    team = Team("Ada", "Bob")
    team.all_say("Ada", [1] * 20)
    team.all_say("Bob", [1] * 19 + [2])
    found = agreement_of(team.answers)
    letters = krippendorff.alpha([[1] * 20, [1] * 19 + [2]], level_of_measurement="nominal")
    assert letters == pytest.approx(0.0)
    assert found.nominal.value is not None
    assert found.nominal.value > 0.8
    assert found.same.value == 0.95
    assert found.same.n == 20


def test_the_turn_of_an_item_is_the_same_for_everybody_and_keeps_choices_apart() -> None:
    team = Team("Ada", "Bob", n_candidates=4)
    rows = [team.says("Ada", 7, place) for place in (0, 1, 2, 3, 4)]
    item = team.answers.items[7]
    assert sorted(category(item, row) for row in rows) == [0, 1, 2, 3, 4]
    assert category(item, rows[2]) == category(item, team.says("Bob", 7, 2))


def test_places_of_rankings_ties_partial_rankings_and_single_choices() -> None:
    team = Team("Ada", n_candidates=4)
    chosen = team.says("Ada", 1, 2)
    answered = team.answers.items[1]
    assert places(answered, chosen) == [3.0, 1.0, 3.0, 3.0], "a choice stands before the rest, which is level"
    assert places(answered, team.says("Ada", 1, 0)) == [2.5] * 4
    full = team.says("Ada", 1, 2, ranking=((12,), (11, 14), (13,)))
    assert places(answered, full) == [2.5, 1.0, 4.0, 2.5]
    assert places(answered, team.says("Ada", 1, 2, ranking=((12,), (13,)))) == [None, 1.0, 2.0, None], "not said"
    assert chosen.choice == 12


def test_only_blind_first_answers_are_compared_when_asked_for() -> None:
    team = Team("Ada", "Bob")
    for name in ("Ada", "Bob"):
        team.all_say(name, [1, 1, 2], is_blind=True)
        team.says(name, 3, 1)  # changed once the suggestion was seen
        team.says(name, 4, 1)
    team.says("Bob", 2, 2)
    assert agreement_of(team.answers, is_blind_only=True).same.n == 3
    assert agreement_of(team.answers, is_blind_only=True).same.value == 1.0
    everything = agreement_of(team.answers).same
    assert (everything.n, everything.value) == (4, 0.75)


def test_strength_is_compared_as_an_order_whichever_side_comes_first() -> None:
    mirrored = []
    for sign in (1, -1):
        team = Team("Ada", "Bob")
        for item, (ada, bob) in enumerate([(3, 2), (-1, -2), (0, 1), (2, 2), (-3, -3), (1, -1)], start=1):
            team.says("Ada", item, 1, strength=sign * ada)
            team.says("Bob", item, 1, strength=sign * bob)
        mirrored.append(agreement_of(team.answers).strength.value)
    assert mirrored[0] == pytest.approx(mirrored[1])
    assert mirrored[0] is not None
    assert 0.6 < mirrored[0] < 1


def test_answers_at_random_agree_as_chance_has_it() -> None:
    dice = random.Random(11)
    team = Team("Ada", "Bob", "Cem", n_candidates=3)
    for name in ("Ada", "Bob", "Cem"):
        team.all_say(name, [dice.randint(1, 3) for _ in range(300)])
    found = agreement_of(team.answers)
    for coefficient in (found.nominal, found.ordinal, found.kappa, found.tau):
        assert coefficient.low is not None
        assert coefficient.high is not None
        assert coefficient.low < 0 < coefficient.high
    assert len(found.pairs) == 3
    assert found.n_people == 3


def test_people_who_share_no_item_are_no_pair() -> None:
    team = Team("Ada", "Bob", "Cem")
    team.all_say("Ada", [1, 2])
    team.all_say("Bob", [1, 2])
    team.says("Cem", 9, 1)
    found = agreement_of(team.answers)
    assert [(pair.first.name, pair.second.name) for pair in found.pairs] == [("Ada", "Bob")]
    assert (found.n_items, found.n_people) == (2, 2)
    nothing = agreement_of(Team("Ada").answers)
    assert nothing.same.n == 0
    assert nothing.nominal.value is None
    assert nothing.kappa.value is None
