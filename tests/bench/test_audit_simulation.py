"""A small version of the audit's simulation, and what was kept of the large one."""

from __future__ import annotations

import json

import pytest

from bench.audit_simulation import ACCEPTED, ANCHORING, LIMITS, NAME, PAGE, all_cases, run_chunk, table
from bench.files import RESULTS

REPETITIONS = 200
INTERVALS = (
    "20 of 200 items, 70 % agree",
    "50 of 100,000, 98 %",
    "400 of 100,000, 87 %",
    "300 of 5,000, errors unresolved six times as often",
    "200 random looks, 300 uncertainty-first beside them",
    "40 domains of about 37, 100 looks by size",
    "5 margin bands, 60 looks each",
    "2 domains of 600 items, 90 looks; 100 known; unresolved",
    "Balance score, 200 decisions",
    "ECE, 200 decisions, over-confident",
    "follows what is shown 20% of the time, 300 looks, 30 % blind",
)
PROMISES = (
    "5.05 % wrong at every margin, 400 of 10,000, target 5 %",
    "never sure, 300 of 1,000, target 10 %",
    "5.05 % wrong, 400 random, 400 uncertainty-first beside",
)


def place_of(name: str) -> int:
    return next(place for place, case in enumerate(all_cases()) if case.name == name)


@pytest.mark.parametrize("name", INTERVALS)
def test_an_interval_covers_in_most_of_two_hundred_draws(name: str) -> None:
    tally = run_chunk(place_of(name), 0, REPETITIONS)
    assert tally.n_held / tally.n >= 0.90  # 95 % less three standard errors


@pytest.mark.parametrize("name", PROMISES)
def test_a_promise_is_broken_in_few_of_two_hundred_draws_where_the_best_threshold_breaks_many(name: str) -> None:
    tally = run_chunk(place_of(name), 0, REPETITIONS)
    assert 1 - tally.n_held / tally.n <= 0.10  # 5 % and three standard errors
    assert tally.n_naive_held < tally.n_held


def test_counting_the_uncertain_ones_as_if_they_were_drawn_at_random_misses() -> None:
    tally = run_chunk(place_of("200 random looks, 300 uncertainty-first beside them"), 0, 50)
    assert tally.n_naive_held / tally.n_naive < 0.2


def test_the_same_chunk_gives_the_same_numbers() -> None:
    place = place_of("4 domains, 50 looks each")
    assert run_chunk(place, 3, 20) == run_chunk(place, 3, 20)


def test_what_was_kept_holds_what_the_documentation_claims() -> None:
    kept = json.loads((RESULTS / f"{NAME}.json").read_text(encoding="utf-8"))
    assert kept["repetitions"] >= 2_000
    assert [(row["group"], row["name"]) for row in kept["cases"]] == [(case.group, case.name) for case in all_cases()]
    for row in kept["cases"]:
        if row["group"] != LIMITS:
            assert row["held"] >= (0.95 if row["group"] == ACCEPTED else 0.94), row["name"]
    assert sum(row["group"] == ANCHORING for row in kept["cases"]) == 3


def test_the_table_in_the_documentation_is_that_of_the_results() -> None:
    kept = json.loads((RESULTS / f"{NAME}.json").read_text(encoding="utf-8"))
    assert table(kept["cases"]) in PAGE.read_text(encoding="utf-8")
