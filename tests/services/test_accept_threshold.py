"""The threshold for labels accepted unlooked: what is tested, in which order, and when nothing may be accepted."""

from __future__ import annotations

import numpy as np
import pytest

from services.statistics.exact import chance_at_most
from services.statistics.threshold import Search, find, find_by_domain


def falling_errors(n: int, *, seed: int = 0) -> tuple[list[float], list[int]]:
    """Margins evenly from 0 to 1; errors only among the lower ones, half of them."""
    generator = np.random.default_rng(seed)
    margins = np.linspace(0, 1, n)
    return margins.tolist(), ((margins < 0.4) & (generator.random(n) < 0.5)).astype(int).tolist()


def looked_at(n_population: int, n: int, *, seed: int = 0) -> tuple[list[float], list[int], list[float]]:
    margins, errors = falling_errors(n_population, seed=seed)
    places = np.random.default_rng(seed + 1).choice(n_population, n, replace=False)
    return [margins[place] for place in places], [errors[place] for place in places], margins


def test_the_threshold_stands_near_where_errors_begin_and_keeps_its_promise() -> None:
    margins, errs, population = looked_at(20_000, 600)
    found = find(margins, errs, population, target=0.05)
    assert found.chosen is not None
    assert 0.3 < found.chosen.threshold < 0.45
    assert found.reason == ""


def test_steps_go_down_until_the_first_that_fails_and_later_ones_are_only_shown() -> None:
    margins, errs, population = looked_at(20_000, 600)
    path = find(margins, errs, population, target=0.05).path
    thresholds = [step.threshold for step in path]
    assert thresholds == sorted(thresholds, reverse=True)
    first_failed = next(place for place, step in enumerate(path) if not step.passed)
    assert all(step.was_tested for step in path[: first_failed + 1])
    assert not any(step.was_tested or step.passed for step in path[first_failed + 1 :])


def test_thresholds_do_not_move_with_the_outcomes() -> None:
    margins, errs, population = looked_at(5_000, 400)
    turned = [1 - err for err in errs]
    steps = [[step.threshold for step in find(margins, one, population, target=0.1).path] for one in (errs, turned)]
    assert steps[0] == steps[1]


def test_each_p_value_is_the_exact_tail_of_one_error_too_many_among_the_unlooked() -> None:
    margins, errs, population = looked_at(2_000, 300)
    for step in find(margins, errs, population, target=0.1).path:
        too_many = int(0.1 * step.n_unlooked) + 1
        assert step.p_value == pytest.approx(chance_at_most(step.n_errors, step.n_looks, step.n_labels, too_many))


def test_an_unresolved_look_is_an_error() -> None:
    margins, errs, population = looked_at(5_000, 400)
    unknown = [None if err else 0 for err in errs]
    assert find(margins, unknown, population, target=0.1) == find(margins, errs, population, target=0.1)


def test_looks_taken_otherwise_leave_fewer_labels_and_never_make_it_easier() -> None:
    margins, errs, population = looked_at(5_000, 400)
    rest = sorted(set(population) - set(margins), reverse=True)
    plain = find(margins, errs, population, target=0.1)
    beside = find(margins, errs, population, target=0.1, looked_otherwise=rest[:1_500])
    for before, after in zip(plain.path, beside.path, strict=False):
        if before.threshold == after.threshold:
            assert after.n_unlooked < before.n_unlooked
            assert (after.n_looks, after.n_errors) == (before.n_looks, before.n_errors)
            assert after.p_value >= before.p_value


def test_too_few_looks_are_said_to_be_too_few() -> None:
    found = find([1.0] * 40, [0] * 40, [1.0] * 1_000, target=0.05)
    assert (found.chosen, found.path) == (None, ())
    assert "40 random looks cannot show 5 % errors; it takes at least" in found.reason


def test_errors_at_the_largest_margins_end_it_with_a_reason() -> None:
    generator = np.random.default_rng(0)
    population = np.linspace(0, 1, 5_000).tolist()
    margins = generator.choice(population, 500, replace=False).tolist()
    found = find(margins, [1] * 500, population, target=0.1)
    assert found.chosen is None
    assert "already at margin" in found.reason


def test_equal_margins_stand_or_fall_together() -> None:
    found = find([2.0] * 200 + [1.0] * 200, [0] * 200 + [1] * 200, [2.0] * 5_000 + [1.0] * 5_000, target=0.05)
    assert [step.threshold for step in found.path] == [2.0, 1.0]
    assert found.chosen is not None
    assert (found.chosen.threshold, found.chosen.n_labels, found.chosen.n_unlooked) == (2.0, 5_000, 4_800)


def test_everything_looked_at_leaves_nothing_to_accept() -> None:
    population = np.linspace(0, 1, 300).tolist()
    found = find(population, [0] * 300, population, target=0.05)
    assert found.chosen is None


def test_domains_share_the_chance_of_a_broken_promise() -> None:
    margins, errs, population = looked_at(8_000, 800)
    domains = ["a" if place % 2 else "b" for place in range(len(population))]
    domain_by_margin = dict(zip(population, domains, strict=True))
    found = find_by_domain(
        margins,
        errs,
        population,
        domains=[domain_by_margin[m] for m in margins],
        population_domains=domains,
        target=0.1,
    )
    assert set(found) == {"a", "b"}
    assert all(search.level == pytest.approx(0.975) for search in found.values())
    assert sum(search.n_looks for search in found.values()) == 800


def strata_search(
    strata: list[str], of_all: list[str], margins: list[float], errs: list[int], every: list[float]
) -> Search:
    return find(margins, errs, every, target=0.1, strata=strata, population_strata=of_all)


def test_a_stratified_draw_is_never_trusted_more_than_its_strata_allow() -> None:
    margins, errs, population = looked_at(6_000, 600)
    one = strata_search(["all"] * 600, ["all"] * 6_000, margins, errs, population)
    assert one == find(margins, errs, population, target=0.1)
    by_margin = strata_search(
        [str(int(m * 3)) for m in margins], [str(int(m * 3)) for m in population], margins, errs, population
    )
    for alone, divided in zip(one.path, by_margin.path, strict=True):
        assert divided.p_value >= alone.p_value * 0.5
    assert by_margin.chosen is not None


@pytest.mark.parametrize(
    ("errs", "population", "target"), [([0], [1.0, 2.0], 0.1), ([0, 0], [1.0], 0.1), ([0, 0], [1.0, 2.0], 1.5)]
)
def test_what_does_not_fit_together_is_refused(errs: list[int], population: list[float], target: float) -> None:
    with pytest.raises(ValueError, match=r"looks|target"):
        find([1.0, 2.0], errs, population, target=target)
