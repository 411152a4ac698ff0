"""Calibration: known curves are found again, scores are those worked by hand, intervals hold what they should."""

from __future__ import annotations

import numpy as np
import pytest

from services.statistics.calibration import Calibration, fit, score
from services.statistics.curves import METHODS, Method, fit_curve, fit_isotonic, fit_logistic, folds, held_out


def decided(n: int, *, seed: int = 0, slope: float = 1.0, start: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    margins = generator.gamma(1.5, 1.0, n)
    chance = 1 / (1 + np.exp(-(start + slope * margins)))
    return margins, (generator.random(n) < chance).astype(np.int64)


def fitted(n: int, **shape: float) -> Calibration:
    found = fit(*decided(n, **shape))  # type: ignore[arg-type]
    assert found is not None
    return found


def test_a_logistic_truth_is_found_again() -> None:
    found = fitted(20_000, start=-0.5, slope=1.2)
    for margin in (0.2, 1.0, 2.5):
        truth = 1 / (1 + np.exp(-(-0.5 + 1.2 * margin)))
        assert found.probability(margin) == pytest.approx(truth, abs=0.03)


@pytest.mark.parametrize("method", METHODS)
def test_no_curve_is_ever_certain(method: Method) -> None:
    margins, agrees = np.arange(60.0), (np.arange(60) >= 30).astype(np.float64)
    said = fit_curve(method, margins, agrees).at(np.array([-1e6, 0.0, 59.0, 1e6]))
    assert np.all((said >= 0) & (said <= 1))
    assert 0 < said[1] < 0.05 < 0.95 < said[2] < 1


def test_the_isotonic_curve_never_falls_and_pools_violators() -> None:
    curve = fit_isotonic(np.array([1.0, 2.0, 3.0, 4.0]), np.array([0.0, 1.0, 0.0, 1.0]))
    low, high = 1 / 4, 3 / 4  # Platt's softened outcomes of two against two
    assert curve.at(np.array([0.0, 1.0, 2.0, 3.0, 4.0, 9.0])).tolist() == [low, low, 0.5, 0.5, high, high]


def test_platts_curve_through_two_groups_goes_through_their_softened_shares() -> None:
    margins = np.repeat([0.0, 1.0], 1_000)
    agrees = np.concatenate([np.repeat([1.0, 0.0], [300, 700]), np.repeat([1.0, 0.0], [900, 100])])
    said = fit_logistic(margins, agrees).at(np.array([0.0, 1.0]))
    assert said == pytest.approx([0.3, 0.9], abs=2e-3)


def test_the_curve_with_the_lowest_cross_validated_brier_is_chosen() -> None:
    found = fitted(400).overall
    assert found.brier_by_method[found.method] == min(found.brier_by_method.values())
    assert found.brier.value == pytest.approx(found.brier_by_method[found.method])
    assert found.brier.low < found.brier.value < found.brier.high


def test_no_decision_is_scored_by_a_curve_that_saw_it() -> None:
    margins, agrees = decided(50)
    fold = folds(agrees.astype(float), n_folds=5, seed=0)
    before = held_out("isotonic", margins, agrees.astype(float), fold)
    turned = agrees.astype(float)
    turned[fold == 2] = 1 - turned[fold == 2]
    after = held_out("isotonic", margins, turned, fold)
    assert before[fold == 2].tolist() == after[fold == 2].tolist()
    assert before[fold != 2].tolist() != after[fold != 2].tolist()


def test_folds_share_out_both_outcomes() -> None:
    agrees = np.repeat([1.0, 0.0], [40, 10])
    fold = folds(agrees, n_folds=5, seed=3)
    assert np.bincount(fold[agrees == 0]).tolist() == [2] * 5
    assert np.bincount(fold).tolist() == [10] * 5


def test_scores_are_those_worked_by_hand() -> None:
    said = np.repeat([0.6, 0.9], [20, 20])
    agreed = np.concatenate([np.repeat([1.0, 0.0], [15, 5]), np.repeat([1.0, 0.0], [16, 4])])
    found = score(said, agreed, said)
    assert found.brier.value == pytest.approx((15 * 0.16 + 5 * 0.36 + 16 * 0.01 + 4 * 0.81) / 40)
    assert found.ece.value == pytest.approx((20 * 0.15 + 20 * 0.1) / 40)
    assert found.balance.value == pytest.approx(0.75 - 31 / 40)
    assert [(one.confidence, one.agreed.value, one.agreed.n) for one in found.bins] == [
        (pytest.approx(0.6), 0.75, 20),
        (pytest.approx(0.9), 0.8, 20),
    ]


def test_raw_rewards_that_claim_too_much_are_called_over_confident() -> None:
    margins, agrees = decided(2_000, slope=0.1)
    found = fit(5 * margins, agrees)
    assert found is not None
    assert found.overall.raw.balance.low > 0.2
    assert abs(found.overall.balance.value) < 0.02
    assert found.overall.raw.ece.low > found.overall.ece.high


def test_the_probability_lies_in_its_interval_and_more_decisions_narrow_it() -> None:
    few, many = fitted(60), fitted(6_000)
    for margin in (0.0, 0.5, 2.0, 50.0):
        widths = []
        for found in (few, many):
            low, high = found.interval(margin)
            assert 0 <= low <= found.probability(margin) <= high <= 1
            widths.append(high - low)
        assert widths[1] < widths[0]


def test_a_margin_beyond_every_decision_has_no_upper_limit_but_one() -> None:
    assert fitted(300).interval(1e9)[1] == 1.0
    assert fitted(300).interval(-1e9)[0] == 0.0


def test_a_domain_has_its_own_curve_when_it_has_decisions_enough() -> None:
    margins, agrees = decided(300)
    other, wrong = decided(120, seed=1, slope=-1.0)
    few, right = decided(49, seed=2)
    domains = ["chat"] * 300 + ["code"] * 120 + ["law"] * 49
    found = fit(np.concatenate([margins, other, few]), np.concatenate([agrees, wrong, right]), domains=domains)
    assert found is not None
    assert set(found.by_domain) == {"chat", "code"}
    assert found.curve("law") is found.overall
    assert found.probability(2.0, "code") < 0.4 < 0.7 < found.probability(2.0, "chat")
    assert found.probabilities([2.0, 2.0], ["code", None]) == [
        pytest.approx(found.probability(2.0, "code")),
        pytest.approx(found.probability(2.0)),
    ]


@pytest.mark.parametrize(("n", "n_agreed"), [(29, 15), (60, 60), (60, 0)])
def test_too_few_decisions_or_one_outcome_give_no_calibration(n: int, n_agreed: int) -> None:
    assert fit(np.arange(float(n)), np.repeat([1, 0], [n_agreed, n - n_agreed])) is None


@pytest.mark.parametrize(("margins", "agrees"), [([1.0], [1, 0]), ([1.0, float("nan")], [1, 0]), ([1.0, 2.0], [1, 2])])
def test_what_is_no_decision_is_refused(margins: list[float], agrees: list[int]) -> None:
    with pytest.raises(ValueError, match=r"calibration needs|leave out"):
        fit(margins, agrees)
