"""Exact intervals for a finite population: every small case by enumeration, published values, unresolved looks."""

from __future__ import annotations

from math import comb

import pytest

from services.statistics.exact import chance_at_most, finite_interval


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [
        (81, 263, 0.2527, 0.3676),  # Newcombe 1998, table I, method 5
        (15, 148, 0.0578, 0.1617),
        (0, 20, 0.0000, 0.1684),
        (1, 29, 0.0009, 0.1776),
    ],
)
def test_without_a_population_it_gives_clopper_and_pearsons_published_values(
    successes: int, n: int, low: float, high: float
) -> None:
    found = finite_interval(successes, n)
    assert found.low == pytest.approx(low, abs=5e-5)
    assert found.high == pytest.approx(high, abs=5e-5)


@pytest.mark.parametrize(("population", "n"), [(12, 5), (12, 11), (17, 9), (25, 3), (30, 30)])
@pytest.mark.parametrize("level", [0.95, 0.8])
def test_every_small_population_is_covered_often_enough(population: int, n: int, level: float) -> None:
    for total in range(population + 1):
        chance = 0.0
        for seen in range(max(0, n - population + total), min(n, total) + 1):
            found = finite_interval(seen, n, population, level=level)
            if found.low - 1e-12 <= total / population <= found.high + 1e-12:  # type: ignore[operator]
                chance += comb(total, seen) * comb(population - total, n - seen) / comb(population, n)
        assert chance >= level - 1e-9


def test_no_end_can_be_moved_inward_without_losing_a_population_that_the_test_keeps() -> None:
    found = finite_interval(2, 10, 50)
    assert (found.low, found.high) == (2 / 50, 26 / 50)
    assert chance_at_most(2, 10, 50, 26) > 0.025 >= chance_at_most(2, 10, 50, 27)


def test_looking_at_everything_leaves_no_doubt() -> None:
    found = finite_interval(37, 40, 40)
    assert (found.low, found.value, found.high) == (37 / 40, 37 / 40, 37 / 40)


def test_a_finite_population_is_told_more_tightly_than_an_endless_one() -> None:
    assert (
        finite_interval(90, 100, 200).width
        < finite_interval(90, 100, 10**6).width
        < finite_interval(90, 100).width + 1e-3
    )


def test_unresolved_looks_count_at_worst_on_both_ends() -> None:
    found = finite_interval(80, 90, 500, unresolved=10)
    assert found.value == 80 / 90
    assert found.low == finite_interval(80, 100, 500).low
    assert found.high == finite_interval(90, 100, 500).high
    assert (found.n, found.n_unresolved) == (90, 10)


def test_without_a_look_nothing_is_said() -> None:
    found = finite_interval(0, 0, 100)
    assert (found.n, found.value, found.low, found.high) == (0, None, None, None)


def test_only_unresolved_looks_give_an_interval_but_no_value() -> None:
    found = finite_interval(0, 0, 100, unresolved=20)
    assert (found.value, found.low, found.high) == (None, 0.0, 1.0)


@pytest.mark.parametrize(("successes", "n", "unresolved", "population"), [(6, 5, 0, 10), (-1, 5, 0, 10), (1, 8, 3, 10)])
def test_counts_that_do_not_fit_are_refused(successes: int, n: int, unresolved: int, population: int) -> None:
    with pytest.raises(ValueError, match="looks"):
        finite_interval(successes, n, population, unresolved=unresolved)
