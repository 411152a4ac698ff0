"""Resampled intervals against worked values, known laws and simulated truth."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest

from services.statistics.bootstrap import Difference, mean_interval, paired_difference, resampled_means

MICE = [94.0, 197.0, 16.0, 38.0, 99.0, 141.0, 23.0]  # treated mice, Efron and Tibshirani 1993, table 2.1


def test_the_mean_of_the_treated_mice_has_the_standard_error_of_the_book() -> None:
    means = resampled_means(np.array(MICE), seed=1, n_resamples=20_000)
    assert means.mean() == pytest.approx(86.857, abs=1.0)
    assert means.std() == pytest.approx(23.36, rel=0.03)  # the book's ideal bootstrap standard error


def test_an_interval_of_right_skewed_values_reaches_further_up_than_down() -> None:
    found = mean_interval(MICE)
    assert found.n == 7
    assert found.value == pytest.approx(86.857, abs=0.001)
    assert found.value is not None
    assert found.low is not None
    assert found.high is not None
    assert found.high - found.value > found.value - found.low > 0


def test_few_values_drawn_by_their_counts_spread_as_items_drawn_one_by_one() -> None:
    credits = np.array([0.0] * 40 + [0.5] * 10 + [1.0] * 50)
    means = resampled_means(credits, seed=0, n_resamples=50_000)
    assert means.std() == pytest.approx(credits.std() / math.sqrt(len(credits)), rel=0.02)


def test_the_difference_is_that_of_the_means_and_the_same_for_the_same_seed() -> None:
    a, b = [1.0, 1.0, 0.0, 1.0, 0.5] * 8, [0.0, 1.0, 0.0, 1.0, 0.0] * 8
    found = paired_difference(a, b)
    assert found.value == pytest.approx(0.3)
    assert found == paired_difference(a, b)
    back = paired_difference(b, a)
    assert back.value == pytest.approx(-0.3)
    assert back.p_value == found.p_value


def test_the_same_numbers_both_ways_differ_by_nothing() -> None:
    assert paired_difference([0.1, 0.9, 0.4], [0.1, 0.9, 0.4]) == Difference(3, 0.0, 0.0, 0.0, 1.0)
    assert paired_difference([0.1, 0.9, 0.4], [0.1, 0.9, 0.4]).is_noise


def test_right_and_wrong_on_few_items_have_the_p_value_of_mcnemars_exact_test() -> None:
    """9 items only a has right, 1 only b: 2 * (1 + 10) / 2^10."""
    a = [1.0] * 9 + [0.0] + [1.0] * 20
    b = [0.0] * 9 + [1.0] + [1.0] * 20
    assert paired_difference(a, b).p_value == pytest.approx(22 / 1024)


def test_many_items_have_the_p_value_of_mcnemars_exact_test_up_to_sampling() -> None:
    """60 against 40 discordant items: 2 * P(X >= 60), X ~ Binomial(100, 1/2)."""
    exact = 2 * sum(math.comb(100, k) for k in range(60, 101)) / 2**100
    a, b = [1.0] * 60 + [0.0] * 40, [0.0] * 60 + [1.0] * 40
    assert paired_difference(a, b).p_value == pytest.approx(exact, abs=0.006)


def test_three_items_never_show_a_difference() -> None:
    """No spread, so the interval is a point; that signs fall alike by chance in one of four is what counts."""
    found = paired_difference([1.0, 1.0, 1.0], [0.0, 0.0, 0.0])
    assert (found.low, found.high, found.p_value) == (1.0, 1.0, 0.25)
    assert found.is_noise


def test_no_items_say_nothing_and_one_item_has_no_interval() -> None:
    assert paired_difference([], []) == Difference(0, None, None, None, None)
    assert paired_difference([], []).is_noise
    assert (mean_interval([]).value, mean_interval([3.0]).value, mean_interval([3.0]).low) == (None, 3.0, None)
    assert paired_difference([1.0], [0.0]).is_noise


def test_a_clear_difference_is_not_noise() -> None:
    a, b = [1.0] * 80 + [0.0] * 20, [1.0] * 50 + [0.0] * 50
    found = paired_difference(a, b)
    assert found.low is not None
    assert found.low > 0
    assert not found.is_noise


@pytest.mark.parametrize("bad", [[math.nan], [math.inf]])
def test_numbers_that_are_none_are_refused(bad: list[float]) -> None:
    with pytest.raises(ValueError, match="finite"):
        mean_interval(bad)


def test_lists_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match="2 values against 1"):
        paired_difference([1.0, 2.0], [1.0])


@pytest.mark.parametrize("kind", ["credits", "skewed"])
def test_intervals_hold_the_truth_about_as_often_as_they_say(kind: str) -> None:
    """400 samples of 60 items; 95 % would be 380, and the bootstrap is known to fall a little short."""
    generator = np.random.default_rng(7)
    truth = 0.7 if kind == "credits" else 1.0
    hits = 0
    for trial in range(400):
        sample = generator.random(60) < truth if kind == "credits" else generator.exponential(truth, 60)
        found = mean_interval(sample.astype(float).tolist(), seed=trial, n_resamples=1_000)
        assert found.low is not None
        assert found.high is not None
        hits += found.low <= truth <= found.high
    assert 0.91 <= hits / 400 <= 0.98


def test_without_a_difference_five_percent_at_most_are_called_one() -> None:
    generator = np.random.default_rng(3)
    called = 0
    for trial in range(400):
        a, b = (generator.random((2, 50)) < 0.6).astype(float)
        called += not paired_difference(a.tolist(), b.tolist(), seed=trial, n_resamples=1_000).is_noise
    assert called / 400 <= 0.07


def test_ten_thousand_resamples_of_thousands_of_items_take_under_a_second() -> None:
    generator = np.random.default_rng(0)
    a, b = generator.normal(size=(2, 3_000))
    began = time.process_time()
    paired_difference(a.tolist(), b.tolist())
    assert time.process_time() - began < 2.0  # 0.3 s on a desk machine; room for a busy one
