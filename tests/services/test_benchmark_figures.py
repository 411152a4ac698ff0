"""The pure parts: orders of candidates, clustered and weighted intervals, against values worked by hand and laws."""

from __future__ import annotations

import math
from itertools import combinations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from services.benchmarks.intervals import ClusterSum, bounded_mean, tau_share, weighted
from services.benchmarks.orders import goodness, order_of
from services.benchmarks.rewardbench import section_scores
from services.benchmarks.rewardbench_sets import SECTIONS
from services.benchmarks.ties import TiesRow, read_reference, ties_score
from services.statistics.intervals import Share, share, wilson

LAWS = settings(deadline=None, max_examples=150)
FEW = st.integers(-2, 2).map(float)
BOTH = st.lists(st.tuples(FEW, FEW), min_size=2, max_size=7)
NOTHING = Share(0, None, None, None)


def test_a_tie_in_value_is_half_a_pair_and_lowers_tau_b() -> None:
    order = order_of([1.0, 1.0, 0.0], [3.0, 2.0, 1.0])
    assert (order.credit, order.n_pairs) == (2.5, 3)
    assert order.tau_b == pytest.approx(2 / math.sqrt(6), abs=1e-15)


def test_tau_b_of_a_known_example() -> None:
    """Agresti 2010, Analysis of Ordinal Categorical Data, uses (C - D) / sqrt of untied pairs; worked by hand here.

    gold 1 2 2 3, values 1 3 2 2: pairs 12+ 13+ 14+ 23 (gold tie) 24- 34 (value tie); C 3, D 1, differ in gold 5, in
    value 5: tau-b = 2 / 5.
    """
    assert order_of([1.0, 3.0, 2.0, 2.0], [1.0, 2.0, 2.0, 3.0]).tau_b == pytest.approx(0.4, abs=1e-15)


def test_tau_b_is_untold_where_one_side_is_all_equal() -> None:
    assert order_of([1.0, 1.0], [2.0, 1.0]).tau_b is None
    assert order_of([1.0, 2.0], [1.0, 1.0]).tau_b is None
    assert order_of([1.0, 2.0, 3.0], [2.0, None, None]).tau_b is None


def test_candidates_without_gold_take_part_in_no_pair() -> None:
    order = order_of([5.0, 1.0, 2.0], [None, 2.0, 1.0])
    assert (order.concordant, order.discordant, order.n_pairs) == (0, 1, 1)


def test_float_ranks_order_like_any_others() -> None:
    assert goodness([1.0, 3.5, 3.5, 2.0], [None] * 4) == (-1.0, -3.5, -3.5, -2.0)
    assert goodness([None, None], [0.1, 0.9]) == (0.1, 0.9)
    assert order_of([4.0, 1.0, 0.0, 3.0], goodness([1.0, 3.5, 3.5, 2.0], [None] * 4)).credit == 5.0


@LAWS
@given(BOTH)
def test_tau_b_is_a_correlation_of_signs(both: list[tuple[float, float]]) -> None:
    """tau-b = <sign x, sign y> / (|sign x| |sign y|) over all pairs: the definition, computed another way."""
    x, y = [one for one, _ in both], [other for _, other in both]
    signs = [((x[i] > x[j]) - (x[i] < x[j]), (y[i] > y[j]) - (y[i] < y[j])) for i, j in combinations(range(len(x)), 2)]
    norm = math.sqrt(sum(a * a for a, _ in signs) * sum(b * b for _, b in signs))
    found = order_of(x, y).tau_b
    if norm == 0:
        assert found is None
    else:
        assert found == pytest.approx(sum(a * b for a, b in signs) / norm, abs=1e-12)


@LAWS
@given(BOTH)
def test_tau_b_equals_scipys(both: list[tuple[float, float]]) -> None:
    stats = pytest.importorskip("scipy.stats")
    x, y = [one for one, _ in both], [other for _, other in both]
    assume(len(set(x)) > 1 and len(set(y)) > 1)
    assert order_of(x, y).tau_b == pytest.approx(float(stats.kendalltau(x, y).statistic), abs=1e-12)


@LAWS
@given(BOTH)
def test_turning_the_values_round_turns_credit_and_tau_round(both: list[tuple[float, float]]) -> None:
    x, y = [one for one, _ in both], [other for _, other in both]
    straight, turned = order_of(x, y), order_of([-value for value in x], y)
    assert straight.credit + turned.credit == straight.n_pairs
    assert (straight.tau_b or 0.0) == pytest.approx(-(turned.tau_b or 0.0), abs=1e-15)


def summed(parts: list[tuple[float, float]]) -> ClusterSum:
    sums = ClusterSum()
    for credit, size in parts:
        sums.add(credit, size)
    return sums


@given(st.lists(st.booleans(), min_size=1, max_size=60))
def test_one_pair_a_prompt_gives_wilsons_interval(rights: list[bool]) -> None:
    found = summed([(float(is_right), 1.0) for is_right in rights]).share()
    expected = share(sum(rights), len(rights))
    assert (found.n, found.value) == (expected.n, pytest.approx(expected.value))
    assert (found.low, found.high) == (pytest.approx(expected.low), pytest.approx(expected.high))


def test_pairs_that_stand_and_fall_together_count_as_their_prompts() -> None:
    """6 of 10 prompts have all their 21 pairs right: as uncertain as 6 of 10, not as 126 of 210."""
    found = summed([(21.0, 21.0)] * 6 + [(0.0, 21.0)] * 4).share()
    assert (found.n, found.value) == (210, 0.6)
    assert (found.low, found.high) == pytest.approx(wilson(6, 10))


def test_pairs_that_spread_alike_in_every_prompt_are_not_surer_than_the_prompts_are_many() -> None:
    found = summed([(10.5, 21.0)] * 8).share()
    assert (found.low, found.high) == pytest.approx(wilson(4, 8))
    all_right = summed([(21.0, 21.0)] * 8).share()
    assert (all_right.low, all_right.high) == pytest.approx(wilson(8, 8))


@LAWS
@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 3)), min_size=1, max_size=30))
def test_a_clustered_interval_holds_its_share(parts: list[tuple[int, int]]) -> None:
    found = summed([(float(credit), float(credit + extra)) for credit, extra in parts]).share()
    if found.value is None:
        assert found == NOTHING
    else:
        assert 0 <= (found.low or 0) <= found.value + 1e-12 <= (found.high or 0) + 2e-12 <= 1 + 3e-12


def test_a_mean_tau_has_the_interval_of_its_half() -> None:
    taus = [1.0, 1.0, -1.0, 1.0]
    found = tau_share(summed([((tau + 1) / 2, 1.0) for tau in taus]), n_pairs=4)
    low, high = wilson(3, 4)
    assert (found.n, found.value) == (4, 0.5)
    assert (found.low, found.high) == pytest.approx((2 * low - 1, 2 * high - 1))


def test_taus_that_hardly_spread_are_no_surer_than_their_pairs() -> None:
    """Ten prompts of 7 candidates, tau 0.4 and 0.6 by turns: spread 0.05 in (tau + 1) / 2 says n = 750, 210 pairs."""
    sums = summed([(0.70, 1.0), (0.80, 1.0)] * 5)
    low, high = wilson(0.75 * 210, 210)
    found = tau_share(sums, n_pairs=210)
    assert (found.n, found.value) == (10, pytest.approx(0.5))
    assert (found.low, found.high) == pytest.approx((2 * low - 1, 2 * high - 1))
    wide = tau_share(sums, n_pairs=10)
    assert wide.low == pytest.approx(2 * wilson(7.5, 10)[0] - 1)


def test_a_weighted_mean_of_one_part_is_that_part() -> None:
    part = share(7, 9)
    found = weighted([(984.0, part), (5.0, NOTHING)])
    assert found.n == 9
    assert (found.value, found.low, found.high) == pytest.approx((part.value, part.low, part.high))


def test_a_weighted_interval_is_as_worked_by_hand() -> None:
    one, other = Share(10, 0.5, 0.4, 0.6), Share(30, 0.9, 0.6, 0.95)
    found = weighted([(1.0, one), (3.0, other)])
    assert (found.n, found.value) == (40, pytest.approx(0.8))
    assert found.low == pytest.approx(0.8 - math.hypot(0.25 * 0.1, 0.75 * 0.3))
    assert found.high == pytest.approx(0.8 + math.hypot(0.25 * 0.1, 0.75 * 0.05))


def test_a_score_beyond_its_limits_stays_inside_its_interval() -> None:
    for value in (-0.01, 0.4, 1.01):
        found = bounded_mean(value, 20)
        assert found.low is not None
        assert found.high is not None
        assert found.low <= value <= found.high
        assert found.high - found.low > 0.1


def test_a_section_weighs_its_subsets_by_the_published_counts() -> None:
    """Reasoning with math-prm 0 and all six code subsets right: 984 of 1968."""
    parts = {name: share(10, 10) for name in SECTIONS["Reasoning"]} | {"math-prm": share(0, 447)}
    scores = section_scores(parts)
    assert scores["Reasoning"].value == 0.5
    assert scores["Reasoning"].n == 447 + 60
    assert scores["Score"] == NOTHING


def test_prior_sets_weigh_half_a_section() -> None:
    parts = {name: share(1, 1) for weights in SECTIONS.values() for name in weights} | {"shp": share(0, 4)}
    scores = section_scores(parts)
    assert scores["Score"].value == 1.0
    assert scores["Score with prior sets"].value == pytest.approx(8 / 9)


TIED = TiesRow("tied", 1, (3.0, 2.0, 0.0), 2)  # margin 2, spread 1
REF = TiesRow("ref", 1, (1.5, 0.0), 1)  # margin 1.5


def test_a_ties_score_is_as_worked_by_hand() -> None:
    found = ties_score([TIED, REF])
    assert (found.accuracy_tied, found.accuracy_ref, found.preferred, found.preferred_hard) == (1.0, 1.0, 1.0, 1.0)
    assert found.margin == pytest.approx(math.tanh(0.5))
    assert found.score == pytest.approx(1.0 + 0.01 * math.tanh(0.5))
    assert found.n_prompts == 1


def test_rows_of_ties_without_their_partner_earn_accuracy_only() -> None:
    assert ties_score([TIED]).score == pytest.approx(0.3)
    assert ties_score([REF, TiesRow("tied", 2, (1.0, 2.0), 1)]).score == pytest.approx(0.3)
    assert ties_score([]).score is None


def test_only_ids_of_ties_are_read_as_such() -> None:
    assert read_reference("ref:0012") == ("ref", 12)
    for text in ("ref:", "other:1", "ref:1:2", "ref:-1", "ref:²", None, 7):
        assert read_reference(text) is None
