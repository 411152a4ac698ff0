"""Anchoring, position bias, fatigue, self-consistency and gold: what one person's answers say."""

from __future__ import annotations

import random

import pytest
from people_cases import Team

from services.people import anchoring, clusters, consistency, fatigue, gold, position


@pytest.mark.parametrize(
    ("shown", "blind", "low", "high"),
    [  # Newcombe 1998, "Interval estimation for the difference between independent proportions", table II, method 10
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((10, 10), (0, 20), 0.6791, 1.0000),
        ((5, 56), (0, 29), -0.0381, 0.1926),
    ],
)
def test_anchorings_interval_is_newcombes(
    shown: tuple[int, int], blind: tuple[int, int], low: float, high: float
) -> None:
    found = anchoring.of_counts(shown, blind)
    assert (found.low, found.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))
    assert found.value == pytest.approx(shown[0] / shown[1] - blind[0] / blind[1])


def test_anchoring_without_blind_looks_says_nothing() -> None:
    found = anchoring.of_counts((3, 4), (0, 0))
    assert (found.value, found.low, found.high, found.is_seen) == (None, None, None, False)
    with pytest.raises(ValueError, match="5 agreed of 4"):
        anchoring.of_counts((5, 4), (0, 0))


def test_anchoring_compares_within_plans() -> None:
    """A hard plan with many blind looks and an easy one with few: mixed together they would look like anchoring."""
    hard, easy = (
        (anchoring.Counts(20, 40), anchoring.Counts(80, 160)),
        (anchoring.Counts(144, 160), anchoring.Counts(36, 40)),
    )
    mixed = anchoring.of_counts((164, 200), (116, 200))
    found = anchoring.of_strata([hard, easy])
    assert mixed.is_seen
    assert mixed.value == pytest.approx(0.24)
    assert found.value == pytest.approx(0.0)
    assert not found.is_seen


def test_two_equal_plans_are_one_twice_as_large() -> None:
    plan = (anchoring.Counts(56, 70), anchoring.Counts(48, 80))
    both, once = anchoring.of_strata([plan, plan]), anchoring.of_counts((112, 140), (96, 160))
    assert (both.value, both.low, both.high) == pytest.approx((once.value, once.low, once.high))


def test_a_simulated_annotator_who_follows_a_quarter_of_the_suggestions_is_found_out() -> None:
    """Right about 70 % by themselves; of the other 30 % half are given up when the suggestion is seen: 15 points."""
    dice = random.Random(5)
    team = Team("Ada")
    for item in range(1, 1201):
        is_blind = dice.random() < 0.5
        agrees = dice.random() < 0.7 or (not is_blind and dice.random() < 0.5)
        team.says("Ada", item, 1 if agrees else 2, is_blind=is_blind)
    found = anchoring.anchoring_of(team.answers)
    assert found.overall.low is not None
    assert found.overall.high is not None
    assert 0.05 < found.overall.low < 0.15 < found.overall.high < 0.25
    assert [person.name for person, _ in found.by_person] == ["Ada"]


def test_anchoring_counts_first_answers_only() -> None:
    team = Team("Ada")
    team.says("Ada", 1, 2, is_blind=True)
    team.says("Ada", 1, 1)  # after the reveal
    team.takes_back("Ada", team.says("Ada", 2, 1))
    team.says("Ada", 2, 2)
    team.says("Ada", 3, None)
    team.says("Ada", 4, 1, plan_id=None, look_id=None)
    found = anchoring.anchoring_of(team.answers)
    assert (found.overall.blind.n, found.overall.blind.value) == (1, 0.0)
    assert (found.overall.shown.n, found.overall.shown.value) == (1, 1.0)
    assert found.n_without_choice == (1, 0)


def test_people_of_one_mind_on_an_item_count_as_one() -> None:
    pairs = [(item, item % 2 == 0) for item in range(20) for _ in range(2)]
    assert clusters.effective_counts(pairs) == clusters.Counts(10.0, 20.0)
    alone = [(item, item % 2 == 0) for item in range(20)]
    assert clusters.effective_counts(alone) == clusters.Counts(10.0, 20.0)
    assert clusters.clustered_share(pairs).low == clusters.clustered_share(alone).low
    assert clusters.clustered_share(pairs).n == 40, "what is shown is how many answers there were"
    everybody = clusters.effective_counts([(item, True) for item in range(10) for _ in range(3)])
    assert everybody == clusters.Counts(10.0, 10.0), "unanimity cannot tell people apart: the largest effect is taken"


def test_the_position_test_is_the_exact_binomial_one() -> None:
    found = position.of_places([(2, 0)] * 15 + [(2, 1)] * 5)
    assert found.p_value == pytest.approx(0.04138946533203125)  # R: binom.test(15, 20)$p.value
    assert (found.first.value, found.expected, found.by_place) == (0.75, 0.5, ((2, (15, 5)),))
    assert position.of_places([(4, 0)] * 7 + [(4, 2)] * 33).p_value == pytest.approx(
        0.3610884
    )  # binom.test(7, 40, 1/4)


def test_pairs_and_fours_are_tested_together() -> None:
    """2 pairs, 1 of four, all first: 1/2 * 1/2 * 1/4 = 1/16; as unlikely or more is only itself."""
    found = position.of_places([(2, 0), (2, 0), (4, 0)])
    assert found.p_value == pytest.approx(1 / 16)
    assert found.expected == pytest.approx((0.5 + 0.5 + 0.25) / 3)


def test_only_shuffled_looks_with_a_choice_tell_of_position() -> None:
    team = Team("Ada", "Bob")
    team.says("Ada", 1, 2, is_blind=True, display_order=(12, 11))
    team.says("Ada", 2, 1, is_blind=True, display_order=(22, 21))
    team.says("Ada", 3, 0, is_blind=True)
    team.says("Bob", 4, 1)
    found = position.position_of(team.answers)
    assert found.overall.by_place == ((2, (1, 1)),)
    assert [person.name for person, _ in found.by_person] == ["Ada"]
    assert position.position_of(Team("Ada").answers).overall.p_value is None


def test_a_pause_of_more_than_half_an_hour_ends_a_sitting() -> None:
    team = Team("Ada")
    rows = [team.says("Ada", item, 1, after_s=s) for item, s in enumerate((1, 1800, 1801, 5), start=1)]
    assert [[one.item_id for one in together] for together in fatigue.sittings(rows)] == [[1, 2], [3, 4]]
    found = fatigue.fatigue_of(team.answers).overall
    assert (found.n_sittings, found.longest) == (2, 2)


def test_the_trend_is_the_slope_within_sittings() -> None:
    """Each sitting falls by 0.3 per 100; the longer sittings stand higher, which is no trend."""
    points = [(s, number, s - 0.003 * number) for s in (1, 2, 3) for number in range(1, 20 * s)]
    found = fatigue.trend(points)
    assert (found.value, found.low, found.high) == pytest.approx((-0.3, -0.3, -0.3))
    assert fatigue.trend(points[:3]).low is None, "too few to tell"
    assert fatigue.trend([(1, n, 1.0) for n in range(1, 50)]).low is None, "no spread, no interval"


def test_a_tired_annotator_who_gets_faster_is_seen_and_a_steady_one_is_not() -> None:
    dice = random.Random(2)
    team = Team("Tired", "Steady")
    for item in range(1, 301):
        agrees = dice.random() < 0.6 + 0.4 * item / 300
        team.says("Tired", item, 1 if agrees else 2, elapsed_ms=int(9_000 * 0.997**item * dice.uniform(0.7, 1.4)))
        team.says("Steady", item, 1 if dice.random() < 0.8 else 2, elapsed_ms=int(9_000 * dice.uniform(0.7, 1.4)))
    by_name = {person.name: found for person, found in fatigue.fatigue_of(team.answers).by_person}
    assert by_name["Tired"].agreement.is_seen
    assert (by_name["Tired"].agreement.value or 0) > 0.05
    assert by_name["Tired"].speed.is_seen
    assert -0.35 < (by_name["Tired"].speed.value or 0) < -0.2
    assert not by_name["Steady"].agreement.is_seen
    assert not by_name["Steady"].speed.is_seen
    assert by_name["Tired"].is_random
    assert by_name["Tired"].blocks[0].seconds.n == 5


def test_items_in_an_order_of_their_own_are_left_out_of_fatigue_when_enough_were_drawn_at_random() -> None:
    team = Team("Ada")
    for item in range(1, 81):
        team.says("Ada", item, 1, drawn_by="random" if item % 2 else "margin")
    assert fatigue.fatigue_of(team.answers).overall.agreement.n == 40
    alone = Team("Ada")
    alone.all_say("Ada", [1] * 10, drawn_by="file")
    found = fatigue.fatigue_of(alone.answers).overall
    assert not found.is_random
    assert found.agreement.n == 10


def test_the_median_has_the_interval_of_order_statistics() -> None:
    found = fatigue.median([float(value) for value in range(1, 11)])
    assert (found.value, found.low, found.high) == (5.5, 2.0, 9.0)  # P(2 <= Bin(10, 1/2) <= 8) = 97.9 %
    assert fatigue.median([1.0] * 5).low is None


def test_a_repeat_is_compared_with_what_stood_before() -> None:
    team = Team("Ada")
    team.all_say("Ada", [1, 2, 1, 0])
    team.says("Ada", 2, 1)  # revised before it came again
    for item, place in ((1, 1), (2, 1), (3, 2), (4, 0)):
        team.says("Ada", item, place, is_repeat=True, look_id=5_000 + item)
    team.undone.add(team.says("Ada", 3, 1, is_repeat=True, look_id=9_000).decision_id)
    found = consistency.consistency_of(team.answers).overall
    assert (found.same.n, found.same.value, found.changed) == (4, 0.75, (3,))
    assert [row.item_id for row in team.answers.effective] == [1, 2, 3, 4], "repeats never become labels"


def test_gold_judges_what_counts_now_and_the_suggestion_beside_it() -> None:
    team = Team("Ada", "Bob", gold=2)
    team.all_say("Ada", [2, 2, 0, None], suggested=1)
    team.says("Ada", 1, 1)
    team.says("Bob", 1, 2, suggested=2, is_blind=True)
    found = gold.gold_of(team.answers)
    by_name = {person.name: own for person, own in found.by_person}
    assert (by_name["Ada"].right.n, by_name["Ada"].n_ties) == (3, 1)
    assert by_name["Ada"].right.value == pytest.approx(1 / 3)
    assert by_name["Ada"].suggestion.value == 0.0
    assert by_name["Bob"].suggestion.value == 1.0
    assert (by_name["Bob"].blind.n, by_name["Ada"].blind.n) == (1, 0)
    assert gold.gold_of(Team("Ada").answers).overall.right.n == 0
