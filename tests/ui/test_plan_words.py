"""Plans in words: every order is said, and what is promised before looking is what the interval gives."""

from __future__ import annotations

import re

import pytest

from services.looks.rows import ALLOCATIONS, MODES, NAME_BY_ORDER, ORDERS, SAMPLES, STRATA
from ui.plans.words import (
    ALLOCATION_WORDS,
    MODE_WORDS,
    ORDER_WORDS,
    PROVES,
    PROVES_NOTHING,
    STRATA_WORDS,
    precision_line,
)


def test_every_choice_has_words() -> None:
    assert set(ORDER_WORDS) == set(PROVES) == set(NAME_BY_ORDER) == set(ORDERS)
    assert (set(STRATA_WORDS), set(ALLOCATION_WORDS), set(MODE_WORDS)) == (set(STRATA), set(ALLOCATIONS), set(MODES))


@pytest.mark.parametrize("order", ORDERS)
def test_only_samples_claim_to_prove_something(order: str) -> None:
    assert (PROVES_NOTHING in PROVES[order]) == (order not in SAMPLES)


@pytest.mark.parametrize(("n", "points"), [(100, 6), (200, 4), (1_000, 2), (4_000, 1)])
def test_the_foretold_precision_is_half_of_wilsons_interval_at_nine_in_ten(n: int, points: int) -> None:
    """Wald's half width by hand: 1.96 * sqrt(0.9 * 0.1 / n) = 0.588 / sqrt(n), Wilson's hardly differs."""
    assert abs(58.8 / n**0.5 - points) < 0.6
    assert re.search(rf"about {points} points? either way", precision_line(n))
