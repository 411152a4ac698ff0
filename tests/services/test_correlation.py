"""Correlations against worked values, laws that hold for all of them, and simulated maps."""

from __future__ import annotations

import math
from itertools import permutations

import numpy as np
import pytest

from services.statistics.correlation import _weighted, kendall_tau_b, mean_ranks, over_models, pearson, spearman


def test_pearson_of_seven_points_and_fishers_interval() -> None:
    """r = -0.8285 (scipy's own example); atanh(r) = -1.1833, standard error 1 / sqrt(4)."""
    found = pearson([1, 2, 3, 4, 5, 6, 7], [10, 9, 2.5, 6, 4, 3, 2])
    assert found.n == 7
    assert found.value == pytest.approx(-0.8285038835884279)
    assert found.low == pytest.approx(math.tanh(math.atanh(-0.8285038835884279) - 1.959963984540054 / 2))
    assert (found.low, found.high) == (pytest.approx(-0.9740, abs=2e-4), pytest.approx(-0.2006, abs=2e-3))


def test_spearman_with_a_tie() -> None:
    """Ranks 1 2 3 4 5 against 1 2 3.5 5 3.5: scipy's own example, 0.82078."""
    assert spearman([1, 2, 3, 4, 5], [5, 6, 7, 8, 7]).value == pytest.approx(0.8207826816681233)


def test_kendalls_tau_b_with_ties_on_both_sides() -> None:
    """Pairs: 2 agree, 6 disagree of 8 untied in x and 9 in y: -4 / sqrt(72) (scipy's own example)."""
    assert kendall_tau_b([12, 2, 1, 12, 2], [1, 4, 7, 1, 0]).value == pytest.approx(-4 / math.sqrt(72))


def test_kendalls_tau_b_counts_pairs_by_hand() -> None:
    """1 2 3 against 1 3 2: two pairs agree, one does not: 1/3."""
    assert kendall_tau_b([1, 2, 3], [1, 3, 2]).value == pytest.approx(1 / 3)


@pytest.mark.parametrize("way", [pearson, spearman, kendall_tau_b])
def test_turning_one_side_round_turns_value_and_interval_round(way: object) -> None:
    x, y = [1.0, 2.0, 4.0, 8.0, 9.0, 3.0], [2.0, 1.0, 5.0, 4.0, 9.0, 3.0]
    up, down = way(x, y), way(x, [-value for value in y])  # type: ignore[operator]
    assert up.value == pytest.approx(-down.value)
    assert (up.low, up.high) == (pytest.approx(-down.high), pytest.approx(-down.low))
    assert up.low < up.value < up.high


@pytest.mark.parametrize("way", [pearson, spearman, kendall_tau_b])
def test_too_little_to_say_has_no_value_or_no_interval(way: object) -> None:
    assert way([], []).value is None  # type: ignore[operator]
    assert way([1.0, 2.0, 3.0], [5.0, 5.0, 5.0]).value is None  # type: ignore[operator]
    short = way([1.0, 2.0, 3.0], [1.0, 2.0, 3.0])  # type: ignore[operator]
    assert short.value == pytest.approx(1.0)
    assert short.low is None


def test_bad_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="2 values against 1"):
        pearson([1, 2], [1])
    with pytest.raises(ValueError, match="finite"):
        spearman([1, math.nan], [1, 2])


def test_a_point_that_counts_twice_is_a_point_given_twice() -> None:
    x, y = np.array([1.0, 2.0, 3.0, 5.0, 3.0]), np.array([2.0, 1.0, 4.0, 4.0, 7.0])
    weights = np.array([[2.0, 1.0, 0.0, 3.0, 1.0], [1.0, 1.0, 1.0, 1.0, 1.0]])
    for kind, way in (("pearson", pearson), ("spearman", spearman)):
        found = _weighted(x, y, weights, kind)  # type: ignore[arg-type]
        for row, value in zip(weights, found, strict=True):
            repeated = row.astype(int)
            assert value == pytest.approx(way(np.repeat(x, repeated).tolist(), np.repeat(y, repeated).tolist()).value)


def test_ranks_of_equal_values_are_the_mean_of_their_places() -> None:
    assert mean_ranks(np.array([3.0, 1.0, 3.0, 3.0])).tolist() == [3.0, 1.0, 3.0, 3.0]


def made_map(n: int, *, slope: float, noise: float, seed: int) -> tuple[list[float], np.ndarray]:
    """Performances, and accuracies that follow the gap; a pair turned round has the mirrored accuracy."""
    generator = np.random.default_rng(seed)
    levels = generator.uniform(0.4, 0.8, n)
    own = generator.normal(0, noise, n)  # what a model does to all of its pairs: they are not independent
    accuracy = 0.5 + slope * (levels[:, None] - levels[None, :]) + own[:, None] - own[None, :]
    return levels.tolist(), accuracy


def test_a_map_that_follows_its_gaps_has_an_interval_above_zero() -> None:
    levels, accuracy = made_map(7, slope=1.0, noise=0.01, seed=1)
    for kind in ("pearson", "spearman"):
        found = over_models(levels, accuracy, kind)
        assert (found.n_pairs, found.n_models) == (42, 7)
        assert found.low is not None
        assert found.low > 0.8
        assert found.p_value is not None
        assert found.p_value < 0.01


def test_pairs_share_their_models_so_the_interval_is_wider_than_if_they_did_not() -> None:
    levels, accuracy = made_map(8, slope=0.5, noise=0.08, seed=4)
    found = over_models(levels, accuracy, "pearson")
    naive = found.as_if_independent
    assert found.value == naive.value
    assert None not in (found.low, found.high, naive.low, naive.high)
    assert found.high - found.low > 1.5 * (naive.high - naive.low)  # type: ignore[operator]


def test_spearmans_p_value_is_the_share_of_all_orders_that_correlate_as_strongly() -> None:
    """Against each order's own correlation, one by one: 5! = 120 of them."""
    levels, accuracy = made_map(5, slope=0.05, noise=0.05, seed=13)
    found = over_models(levels, accuracy, "spearman")
    strong, weak = np.nonzero(~np.eye(5, dtype=bool))
    values = accuracy[strong, weak].tolist()
    each = []
    for order in permutations(range(5)):
        handed = np.array(levels)[list(order)]
        each.append(spearman(np.round(handed[strong] - handed[weak], 12).tolist(), values).value)
    assert found.p_value == sum(one >= each[0] - 1e-9 for one in each) / 120  # type: ignore[operator]


def test_maps_without_any_law_are_seldom_called_lawful() -> None:
    """200 maps of 6 models whose accuracies know nothing of the performances: about 5 % below p = 0.05."""
    p_values = [over_models(*made_map(6, slope=0.0, noise=0.05, seed=seed), "pearson").p_value for seed in range(200)]
    assert sum(p is not None and p <= 0.05 for p in p_values) / 200 <= 0.09


def test_three_models_have_a_value_and_no_interval() -> None:
    found = over_models([0.5, 0.6, 0.7], [[0, 0.4, 0.3], [0.6, 0, 0.4], [0.7, 0.6, 0]], "pearson")
    assert found.value is not None
    assert (found.low, found.high, found.p_value) == (None, None, None)


def test_pairs_that_were_not_measured_are_left_out() -> None:
    levels, accuracy = made_map(6, slope=1.0, noise=0.01, seed=2)
    accuracy[0, :] = math.nan
    found = over_models(levels, accuracy, "spearman")
    assert found.n_pairs == 25
    assert found.value is not None
