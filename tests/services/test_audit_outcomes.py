"""Outcomes of a sample: what counts, what waits, what was known before, and accuracy over all of it."""

from __future__ import annotations

import pytest
from audit_builders import Audited, audited_set, drawn, look_at, say

from db.session import Sessions
from services.audit.accuracy import accuracy_of
from services.audit.outcomes import run_outcomes, sample_outcomes
from services.decisions import undo
from services.errors import Refused
from services.looks.plans import extend_plan, make_plan

SQLITE = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)  # where PostgreSQL could do no other


@pytest.fixture
def audited(fresh_db: Sessions) -> Audited:
    """Forty pairs, margins 0 to 39, every other one of the domain chat."""
    return audited_set(fresh_db, list(range(40)), domains=["chat", "sums"] * 20)


def sample(audited: Audited, n: int = 10, **more: object) -> int:
    plan = make_plan(
        audited.sessions, dataset_id=audited.dataset_id, run_id=audited.run_id, made_by="Ada",
        **{"order": "random", "seed": "s", "n": n, **more},  # type: ignore[arg-type]
    )  # fmt: skip
    return plan.plan_id


@SQLITE
def test_only_the_places_up_to_the_first_gap_count(audited: Audited) -> None:
    plan_id = sample(audited)
    places = look_at(audited, plan_id, 6, lambda place: "wrong" if place < 20 else "right")
    undone = undo(audited.sessions, dataset_id=audited.dataset_id, annotator="Ada")
    assert undone is not None
    say(audited, next(one for one in range(40) if one not in places), "right")
    found = sample_outcomes(audited.sessions, plan_id)
    assert [audited.place(one.item_id) for one in found.counted] == places[:5]
    assert [one.agrees for one in found.counted] == [place >= 20 for place in places[:5]]
    assert all(one.how == "drawn" for one in found.counted)


def test_a_decision_beyond_a_gap_counts_once_the_gap_is_closed(audited: Audited) -> None:
    plan_id = sample(audited)
    order = drawn(audited, plan_id)
    say(audited, order[0], "right")
    say(audited, order[2], "wrong")
    found = sample_outcomes(audited.sessions, plan_id)
    assert ([one.place for one in found.counted], found.n_beyond) == ([0], 1)
    say(audited, order[1], "skip")
    found = sample_outcomes(audited.sessions, plan_id)
    assert [one.agrees for one in found.counted] == [True, None, False]
    assert {one.how for one in found.counted} == {"otherwise"}
    assert found.n_beyond == 0


def test_what_was_settled_before_the_draw_is_a_census_and_never_drawn(audited: Audited) -> None:
    for place in range(10):
        say(audited, place, "wrong" if place < 4 else "right")
    say(audited, 10, "skip")
    plan_id = sample(audited, n=30)
    places = look_at(audited, plan_id, 30, lambda _: "right")
    assert not set(places) & set(range(10))
    found = sample_outcomes(audited.sessions, plan_id)
    assert (found.census.n, found.census.n_agree, len(found.population.item_ids)) == (10, 6, 30)
    accuracy = accuracy_of(audited.sessions, plan_id)
    assert accuracy.exact.value == pytest.approx(36 / 40)
    assert (accuracy.exact.low, accuracy.exact.high) == (36 / 40, 36 / 40)  # everything is known


@SQLITE
def test_a_tie_and_another_choice_are_disagreement_and_flags_and_splits_are_unresolved(audited: Audited) -> None:
    plan_id = sample(audited, n=5)
    words = iter(["right", "tie", "wrong", "flag", "right"])
    places = look_at(audited, plan_id, 5, lambda _: next(words))
    say(audited, places[4], "wrong", by="Grace")
    found = sample_outcomes(audited.sessions, plan_id)
    assert [one.agrees for one in found.counted] == [True, False, False, None, None]


@SQLITE
def test_unresolved_looks_widen_the_interval_at_both_ends(audited: Audited) -> None:
    plan_id = sample(audited, n=20)
    words = iter(["right"] * 15 + ["wrong"] * 2 + ["flag"] * 3)
    look_at(audited, plan_id, 20, lambda _: next(words))
    found = accuracy_of(audited.sessions, plan_id)
    assert (found.n_counted, found.n_agree, found.n_unresolved) == (20, 15, 3)
    assert found.exact.value == pytest.approx(15 / 17)
    assert found.exact.low is not None
    assert found.exact.low <= 15 / 20
    assert found.exact.high is not None
    assert found.exact.high >= 18 / 20


def test_blind_accuracy_rests_on_first_blind_decisions_alone(audited: Audited) -> None:
    plan_id = sample(audited, n=40, blind_share=0.5)
    look_at(audited, plan_id, 40, lambda place: "wrong" if place % 4 == 0 else "right")
    found = sample_outcomes(audited.sessions, plan_id)
    blind = [one for one in found.counted if one.is_blind]
    assert 10 <= len(blind) <= 30
    assert [one.blind_agrees for one in blind] == [one.agrees for one in blind]
    assert all(one.blind_agrees is None for one in found.counted if not one.is_blind)
    say(audited, audited.place(blind[0].item_id), "tie")  # a revision, no longer blind
    again = {one.item_id: one for one in sample_outcomes(audited.sessions, plan_id).counted}[blind[0].item_id]
    assert (again.agrees, again.blind_agrees) == (False, blind[0].blind_agrees)
    accuracy = accuracy_of(audited.sessions, plan_id)
    assert (accuracy.blind.n, accuracy.blind.population) == (len(blind), 40)


@SQLITE
def test_accuracy_by_domain_adds_up_and_knows_its_own_population(audited: Audited) -> None:
    say(audited, 0, "wrong")
    plan_id = sample(audited, n=39)
    look_at(audited, plan_id, 39, lambda place: "right" if place % 2 else "wrong")
    by_domain = dict(accuracy_of(audited.sessions, plan_id).by_domain)
    assert by_domain["chat"].value == 0.0
    assert by_domain["sums"].value == 1.0
    assert (by_domain["chat"].population, by_domain["sums"].population) == (20, 20)


@SQLITE
def test_strata_are_weighed_by_their_size_however_many_looks_each_has(fresh_db: Sessions) -> None:
    audited = audited_set(fresh_db, [1.0] * 40, domains=["big"] * 36 + ["small"] * 4)
    plan_id = sample(audited, n=8, order="stratified", strata="domain", allocation="equal")
    look_at(audited, plan_id, 8, lambda place: "wrong" if place >= 36 else "right")
    found = accuracy_of(audited.sessions, plan_id)
    assert found.exact.value == pytest.approx(0.9)
    assert [name for name, _ in found.by_stratum] == ["big", "small"]
    assert dict(found.by_stratum)["small"].value == 0.0


@SQLITE
def test_more_drawn_later_counts_in_the_same_sample(audited: Audited) -> None:
    plan_id = sample(audited, n=5)
    look_at(audited, plan_id, 9, lambda _: "right")
    assert accuracy_of(audited.sessions, plan_id).n_counted == 5
    extend_plan(audited.sessions, plan_id, n_more=5, by="Ada")
    look_at(audited, plan_id, 9, lambda _: "right")
    assert accuracy_of(audited.sessions, plan_id).n_counted == 10


@SQLITE
def test_a_plan_that_goes_where_it_is_uncertain_proves_nothing_and_says_so(audited: Audited) -> None:
    plan_id = sample(audited, order="margin")
    with pytest.raises(Refused, match="shows nothing about items that were not drawn"):
        sample_outcomes(audited.sessions, plan_id)


def test_run_outcomes_are_all_that_people_settled_however_drawn(audited: Audited) -> None:
    say(audited, 3, "right")
    say(audited, 5, "tie")
    say(audited, 7, "skip")
    found = run_outcomes(audited.sessions, audited.run_id, dataset_id=audited.dataset_id)
    assert [(audited.place(one.item_id), one.margin, one.agrees) for one in found] == [(3, 3.0, True), (5, 5.0, False)]
