"""The planner of looks: what it promises is what the interval then has."""

from __future__ import annotations

import pytest

from services.statistics.exact import finite_interval
from services.statistics.planner import looks_needed, looks_without_error


@pytest.mark.parametrize("share", [0.5, 0.87, 0.99])
@pytest.mark.parametrize("population", [400, 100_000])
def test_the_interval_is_as_narrow_as_was_asked_and_not_much_sooner(share: float, population: int) -> None:
    n = looks_needed(0.06, share=share, population=population, n_so_far=50).n
    assert finite_interval(round(share * n), n, population).width <= 0.06
    fewer = int(n * 0.9)
    assert finite_interval(round(share * fewer), fewer, population).width > 0.06


def test_looks_taken_are_not_asked_for_again() -> None:
    cost = looks_needed(0.1, share=0.9, population=5_000, n_so_far=100)
    assert cost.n_more == cost.n - 100
    assert looks_needed(0.1, share=0.9, population=5_000, n_so_far=4_000).n_more == 0


def test_a_less_kind_share_costs_no_less() -> None:
    cost = looks_needed(0.06, share=0.95, population=100_000, n_so_far=60)
    assert cost.n_more_at_most > cost.n_more


def test_before_the_first_look_the_dearest_share_is_taken() -> None:
    assert (
        looks_needed(0.1, share=None, population=10_000).n
        == looks_needed(0.1, share=0.5, population=10_000, n_so_far=10).n
    )


def test_items_that_are_known_make_it_cheaper() -> None:
    plain = looks_needed(0.05, share=0.8, population=1_000, n_so_far=50)
    assert looks_needed(0.05, share=0.8, population=1_000, n_so_far=50, n_known=1_000).n < plain.n
    assert looks_needed(0.05, share=0.8, population=10, n_so_far=5, n_known=990).n_more == 0


def test_fifty_nine_looks_without_error_show_five_percent() -> None:
    assert looks_without_error(0.05) == 59
    assert looks_without_error(0.05, population=10**6) == 59
    assert looks_without_error(0.05, population=500) == 54
    assert looks_without_error(0.01) == 299


@pytest.mark.parametrize("width", [0.0, 1.0, -0.1, 6.0])
def test_a_width_that_is_no_share_is_refused(width: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        looks_needed(width, share=0.9, population=100)
