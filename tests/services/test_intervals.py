"""Intervals against published values, and at the edges where simple formulas lie."""

from __future__ import annotations

import pytest

from services.statistics.intervals import auc, share, wilson


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),  # Newcombe 1998, table I, method 3
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_gives_newcombes_published_values(successes: int, n: int, low: float, high: float) -> None:
    assert wilson(successes, n) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


def test_wilson_takes_shared_credit_and_mirrors() -> None:
    low, high = wilson(2.5, 10)
    mirrored = wilson(7.5, 10)
    assert mirrored == (pytest.approx(1 - high), pytest.approx(1 - low))


def test_all_or_none_right_reaches_the_edge_but_keeps_a_width() -> None:
    assert wilson(10, 10) == (pytest.approx(0.7225, abs=5e-5), 1.0)
    assert wilson(0, 10) == (0.0, pytest.approx(0.2775, abs=5e-5))


@pytest.mark.parametrize(("successes", "n"), [(1, 0), (-1, 5), (6, 5)])
def test_an_impossible_share_is_refused(successes: int, n: int) -> None:
    with pytest.raises(ValueError, match="successes"):
        wilson(successes, n)


def test_a_share_of_nothing_says_nothing() -> None:
    assert (share(0, 0).value, share(0, 0).low) == (None, None)


def test_auc_counts_pairs_and_half_of_ties() -> None:
    # (3 > 2, 3 > 1), (2 = 2, 2 > 1): 3.5 of 4
    assert auc([3, 2], [2, 1]).value == 3.5 / 4


def test_aucs_interval_mirrors_when_the_groups_change_places() -> None:
    inside, outside = [0.1, 0.4, 0.9, 0.7], [0.2, 0.3, 0.8]
    there, back = auc(inside, outside), auc(outside, inside)
    assert there.low is not None
    assert back.high is not None
    assert there.value is not None
    assert back.value == pytest.approx(1 - there.value)
    assert there.low < there.value < (there.high or 0)


def test_a_perfect_auc_keeps_a_width_that_shrinks_with_n() -> None:
    few, many = auc([1.0] * 10, [0.0] * 10), auc([1.0] * 100, [0.0] * 100)
    assert few.value == many.value == 1.0
    assert few.low is not None
    assert many.low is not None
    assert 0.6 < few.low < many.low < 1.0
    assert many.high == pytest.approx(1.0)


def test_aucs_interval_is_about_hanley_and_mcneils_in_the_middle() -> None:
    # 1982, formula 2 by hand at A = 0.75, m = n = 50: Q1 = 0.6, Q2 = 0.642857, s.e. = sqrt(0.1875 + 49 * 0.117857) / 50
    positives = [1.0] * 50
    negatives = [0.0] * 25 + [1.0] * 25
    found = auc(positives, negatives)
    assert found.value == 0.75
    standard_error = (0.1875 + 49 * (0.6 - 0.5625) + 49 * (0.642857142857 - 0.5625)) ** 0.5 / 50
    assert found.low is not None
    assert found.high is not None
    assert (found.high - found.low) / 2 == pytest.approx(1.96 * standard_error, rel=0.05)


def test_auc_of_an_empty_group_says_nothing() -> None:
    assert auc([], [1.0]).value is None
