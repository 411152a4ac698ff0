"""The 95 % intervals of the figures about people hold what is true: a small, seeded part of the benchmark."""

from __future__ import annotations

import pytest

from bench import people_intervals, tastes

N = 150
CASES = {case.name: case for case in people_intervals.cases()}
SLOW = ("20 items", "without", "tau", "mean kappa")
SMALL = [name for name in CASES if not any(part in name for part in SLOW)]


@pytest.mark.parametrize("name", SMALL)
def test_an_interval_holds_the_true_figure_as_often_as_it_says(name: str) -> None:
    """95 of 100 within what 150 draws can tell: fewer than 134 come by bad luck 1.4 times in 1,000."""
    found = people_intervals.cover(CASES[name], n=N, seed=1)
    assert found.n_held >= 134


def test_without_the_design_effect_intervals_are_too_narrow() -> None:
    (name,) = [name for name in CASES if name.startswith("anchoring, 5 people") and "without" in name]
    assert people_intervals.cover(CASES[name], n=N, seed=1).n_held < 134


def test_groups_are_found_where_they_are_and_not_where_they_are_not() -> None:
    one, two = (next(team for team in tastes.TEAMS if team.name.startswith(name)) for name in (
        "one taste, half careless", "two tastes on 40 %"))  # fmt: skip
    none, found = (tastes.measure(team, n_teams=10, seed=2) for team in (one, two))
    assert int(str(none["n_found"])) <= 1
    assert int(str(found["n_true"])) >= 8
