"""The prediction-powered interval: when it may be used, what it gains, and that worthless confidence gains nothing."""

from __future__ import annotations

import numpy as np
import pytest

from services.statistics.exact import Bound, finite_interval
from services.statistics.prediction_powered import FEWEST_OF_EACH, Prediction, cross_fitted, interval, pick

POPULATION = 5_000


def telling(n: int, *, seed: int = 0) -> tuple[np.ndarray, list[int | None], np.ndarray, float]:
    """Looks at a population whose margins say nearly all: (margins, outcomes, everybody's margins, true share)."""
    generator = np.random.default_rng(seed)
    everything = generator.gamma(1.5, 1.0, POPULATION)
    agrees = (generator.random(POPULATION) < 1 / (1 + np.exp(1 - 3 * everything))).astype(int)
    looks = generator.choice(POPULATION, n, replace=False)
    return everything[looks], agrees[looks].tolist(), everything, float(agrees.mean())


def powered(n: int, **more: object) -> tuple[Bound, Bound, float]:
    margins, agrees, everything, truth = telling(n)
    found = interval(agrees, cross_fitted(margins, agrees, everything), population=POPULATION, **more)  # type: ignore[arg-type]
    assert found is not None
    return found, finite_interval(sum(one or 0 for one in agrees), n, POPULATION), truth


def test_telling_margins_make_it_tighter_and_it_is_picked() -> None:
    found, exact, truth = powered(400)
    assert found.width < 0.92 * exact.width
    assert pick(exact, found) is found
    assert found.low < truth < found.high  # type: ignore[operator]


def test_with_few_errors_it_is_not_given() -> None:
    margins = np.linspace(0, 1, 300)
    agrees: list[int | None] = [0] * (FEWEST_OF_EACH - 1) + [1] * (300 - FEWEST_OF_EACH + 1)
    assert cross_fitted(margins, agrees, np.linspace(0, 1, 4_000)) is None
    assert interval(agrees, Prediction((0.9,) * 300, 0.9), population=4_000) is None
    exact = finite_interval(281, 300, 4_000)
    assert pick(exact, None) is exact


def test_confidence_that_says_nothing_changes_nothing() -> None:
    agrees: list[int | None] = [1] * 150 + [0] * 50
    found = interval(agrees, Prediction((0.7,) * 200, 0.3), population=10_000)
    assert found is not None
    assert found.value == pytest.approx(0.75)  # lambda is 0: a mean of all that lies elsewhere is not believed
    assert found.width >= 0.97 * finite_interval(150, 200, 10_000).width


def test_confidence_that_is_right_moves_the_estimate_to_what_all_items_say() -> None:
    agrees: list[int | None] = [1] * 150 + [0] * 50
    said = tuple(0.99 if one else 0.01 for one in agrees)
    found = interval(agrees, Prediction(said, 0.60), population=10_000)
    assert found is not None
    assert found.value == pytest.approx(0.60, abs=0.02)


def test_unresolved_looks_widen_it_on_both_ends() -> None:
    margins, agrees, everything, _ = telling(400)
    fewer = [None if place % 12 == 0 else one for place, one in enumerate(agrees)]
    whole = interval(agrees, cross_fitted(margins, agrees, everything), population=POPULATION)
    lost = interval(fewer, cross_fitted(margins, fewer, everything), population=POPULATION)
    assert whole is not None
    assert lost is not None
    assert lost.n_unresolved == sum(one is None for one in fewer)
    assert lost.low < whole.low < whole.high < lost.high  # type: ignore[operator]


def test_what_is_known_beforehand_counts_as_it_is() -> None:
    alone, _, _ = powered(400)
    known, _, _ = powered(400, census=(5_000, 5_000))
    assert known.low == pytest.approx((1 + alone.low) / 2)  # type: ignore[operator]
    assert known.population == 10_000


def test_one_stratum_is_no_strata() -> None:
    alone, _, _ = powered(400)
    named, _, _ = powered(400, strata=["a"] * 400, stratum_population={"a": POPULATION})
    assert (named.low, named.high) == (alone.low, alone.high)


def test_a_stratum_with_one_look_has_no_spread_to_go_by() -> None:
    margins, agrees, everything, _ = telling(400)
    said = cross_fitted(margins, agrees, everything)
    strata = ["a"] * 399 + ["b"]
    assert (
        interval(agrees, said, population=POPULATION, strata=strata, stratum_population={"a": 4_000, "b": 1_000})
        is None
    )


def test_unequal_strata_are_weighed_by_their_size() -> None:
    agrees: list[int | None] = [1] * 50 + [0] * 50 + [1] * 90 + [0] * 10
    found = interval(
        agrees,
        Prediction((0.5,) * 200, 0.5),
        population=10_000,
        strata=["small"] * 100 + ["large"] * 100,
        stratum_population={"small": 1_000, "large": 9_000},
    )
    assert found is not None
    assert found.value == pytest.approx(0.1 * 0.5 + 0.9 * 0.9)


def test_lengths_that_differ_are_refused() -> None:
    with pytest.raises(ValueError, match="one of each for every look"):
        interval([1, 0] * 50, Prediction((0.5,), 0.5), population=1_000)
