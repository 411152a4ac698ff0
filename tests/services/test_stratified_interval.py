"""Stratified intervals: no way of spreading the truth over the strata breaks them, by enumeration."""

from __future__ import annotations

from itertools import pairwise, product
from math import comb, prod

import numpy as np
import pytest
from scipy.stats import hypergeom

from services.statistics.exact import finite_interval
from services.statistics.stratified import (
    Draw,
    Method,
    Stratum,
    chance_of_so_few,
    least_mean,
    log_tails,
    method_for,
    most,
    stratified_interval,
)

DRAWS: list[tuple[Draw, ...]] = [
    ((3, 6), (2, 4)),  # proportional
    ((1, 7), (4, 5)),  # far from it
    ((1, 2), (1, 2), (1, 2), (1, 2)),  # many small strata: where a pooled hypergeometric would be wrong
    ((2, 5), (0, 3), (3, 4)),  # one that nobody looked at
    ((2, 2), (3, 8)),  # one that was looked at in full
]


def chance(found: tuple[int, ...], kinds: tuple[int, ...], draws: tuple[Draw, ...]) -> float:
    rows = zip(found, kinds, draws, strict=True)
    return prod(comb(k, x) * comb(size - k, n - x) / comb(size, n) for x, k, (n, size) in rows)


def every_find(kinds: tuple[int, ...], draws: tuple[Draw, ...]) -> list[tuple[int, ...]]:
    ranges = [range(max(0, k - size + n), min(n, k) + 1) for k, (n, size) in zip(kinds, draws, strict=True)]
    return list(product(*ranges))


@pytest.mark.parametrize("draws", DRAWS)
@pytest.mark.parametrize("method", ["pooled", "fisher"])
@pytest.mark.parametrize("alpha", [0.025, 0.15])
def test_the_most_of_a_kind_is_passed_by_the_truth_no_more_often_than_allowed(
    draws: tuple[Draw, ...], method: Method, alpha: float
) -> None:
    for kinds in product(*(range(size + 1) for _, size in draws)):
        missed = sum(
            chance(found, kinds, draws)
            for found in every_find(kinds, draws)
            if most(found, draws, alpha=alpha, method=method) < sum(kinds)
        )
        assert missed <= alpha + 1e-9


@pytest.mark.parametrize("draws", DRAWS)
@pytest.mark.parametrize("method", ["pooled", "fisher"])
def test_the_p_value_of_a_total_and_the_most_of_a_kind_agree(draws: tuple[Draw, ...], method: Method) -> None:
    found = tuple(n // 2 for n, _ in draws)
    top = most(found, draws, alpha=0.1, method=method)
    assert chance_of_so_few(found, draws, top, method=method) > 0.1
    if top < sum(size for _, size in draws) - sum(n for n, _ in draws) + sum(found):
        assert chance_of_so_few(found, draws, top + 1, method=method) <= 0.1


def test_one_stratum_is_the_exact_interval() -> None:
    found = stratified_interval([Stratum("all", 87, 95, 5, 1_000)])
    exact = finite_interval(87, 95, 1_000, unresolved=5)
    assert (found.low, found.high, found.method) == (exact.low, exact.high, exact.method)


def test_a_draw_by_size_costs_nearly_nothing_against_one_random_draw() -> None:
    strata = [Stratum("a", 180, 200, 0, 20_000), Stratum("b", 90, 100, 0, 10_000), Stratum("c", 45, 50, 0, 5_000)]
    assert stratified_interval(strata).width < 1.02 * finite_interval(315, 350, 35_000).width


def test_the_method_depends_on_the_allocation_and_not_on_what_was_seen() -> None:
    by_size = ((20, 200), (40, 400), (60, 600))
    equal = ((60, 100), (60, 1_000), (60, 20_000))
    assert method_for(by_size, level=0.95) == "pooled"
    assert method_for(equal, level=0.95) == "fisher"
    for seen in (0, 10, 60):
        strata = [Stratum("", min(seen, n), n, 0, size) for n, size in equal]
        assert "Fisher" in stratified_interval(strata).method


def test_the_least_mean_is_the_least_over_every_spread() -> None:
    draws = ((1, 4), (3, 5), (2, 2))
    for total in range(12):
        spreads = [ks for ks in product(range(5), range(6), range(3)) if sum(ks) == total]
        least = min(sum(k * n / size for k, (n, size) in zip(ks, draws, strict=True)) for ks in spreads)
        assert least_mean(draws, total) == pytest.approx(least)


@pytest.mark.parametrize(("seen", "n", "size"), [(0, 5, 40), (3, 20, 60), (19, 20, 21), (7, 30, 5_000)])
def test_tails_by_steps_are_scipys(seen: int, n: int, size: int) -> None:
    kinds = np.arange(seen, size - (n - seen) + 1)
    assert np.exp(log_tails(seen, n, size)) == pytest.approx(hypergeom.cdf(seen, size, kinds, n), rel=1e-7, abs=1e-13)


def test_what_is_known_beforehand_counts_as_it_is() -> None:
    alone = stratified_interval([Stratum("a", 45, 50, 0, 900)])
    with_census = stratified_interval([Stratum("a", 45, 50, 0, 900)], census=(60, 100))
    assert with_census.value == pytest.approx((60 + 0.9 * 900) / 1_000)
    assert with_census.low == pytest.approx((60 + alone.low * 900) / 1_000)  # type: ignore[operator]
    assert with_census.population == 1_000


def test_only_a_census_is_exact_and_nothing_at_all_says_nothing() -> None:
    everything = stratified_interval([], census=(9, 10))
    assert (everything.low, everything.value, everything.high) == (0.9, 0.9, 0.9)
    assert stratified_interval([Stratum("a", 0, 0, 0, 10)]).low is None


def test_a_stratum_nobody_looked_at_may_hold_anything() -> None:
    found = stratified_interval([Stratum("a", 50, 50, 0, 50), Stratum("b", 0, 0, 0, 50)])
    assert (found.low, found.high) == (0.5, 1.0)


def test_more_unresolved_looks_only_widen_the_interval() -> None:
    widths = []
    for lost in (0, 5, 10):
        strata = [Stratum("a", 40, 50 - lost, lost, 500), Stratum("b", 30, 35, 0, 400)]
        widths.append(stratified_interval(strata).width)
    assert all(narrow < wide for narrow, wide in pairwise(widths))
