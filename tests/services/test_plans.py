"""Plans: what is drawn, in which order, from which items, and that anybody can draw it again."""

from __future__ import annotations

from collections import Counter
from hashlib import sha256
from typing import Any

import pytest
from look_builders import Person, planned, weighed
from sqlalchemy import String, cast, literal, select, update

from bench.people_desk import write_weighed
from db.session import Sessions
from db.tables import Item, Run, Suggestion
from services.annotators import ADMIN, ensure_annotator, set_role
from services.audit.calibrate import calibration_of
from services.decisions import decide
from services.errors import NotFound, Refused
from services.looks.plans import close_plan, extend_plan, get_plan, list_plans, make_plan
from services.looks.redraw import kept_draw, redraw
from services.looks.rows import STRATA_LIMIT, PlanRow


def drawn(sessions: Sessions, plan: PlanRow) -> list[int]:
    with sessions() as session:
        return [one.item_id for one in kept_draw(session, plan.plan_id)]


def margins(sessions: Sessions, plan: PlanRow) -> list[float]:
    with sessions() as session:
        return [session.get_one(Suggestion, (plan.run_id, item_id)).margin for item_id in drawn(sessions, plan)]


def settle(sessions: Sessions, run_id: int, item_id: int, *, name: str = "ann", verdict: str = "tie") -> None:
    decide(
        sessions, item_id=item_id, run_id=run_id, annotator=name, verdict_request=verdict,
        submission=f"{name} {item_id}",
    )  # fmt: skip


def test_a_random_plan_takes_the_first_items_by_the_hash_of_seed_and_item(fresh_db: Sessions) -> None:
    dataset_id, run_id = weighed(fresh_db, 40)
    plan = make_plan(
        fresh_db, dataset_id=dataset_id, run_id=run_id, made_by="ann", order="random", n=12, seed="tea"
    )  # fmt: skip
    with fresh_db() as session:
        items = list(session.scalars(select(Item.item_id)))
    by_hand = sorted(items, key=lambda item_id: sha256(f"tea:{item_id}".encode()).hexdigest())
    assert drawn(fresh_db, plan) == by_hand[:12]
    assert (plan.n, plan.population, plan.n_population, plan.is_sample) == (12, {"": 40}, 40, True)


def test_what_people_settled_before_is_known_and_not_drawn_but_an_undone_or_split_item_is(fresh_db: Sessions) -> None:
    dataset_id, run_id = weighed(fresh_db, 10)
    with fresh_db() as session:
        items = list(session.scalars(select(Item.item_id).order_by(Item.position)))
    settle(fresh_db, run_id, items[0])
    settle(fresh_db, run_id, items[1], verdict="skip")
    settle(fresh_db, run_id, items[2], verdict="flag")
    plan = make_plan(fresh_db, dataset_id=dataset_id, run_id=run_id, made_by="ann", order="random")
    assert set(drawn(fresh_db, plan)) == set(items[1:])
    settle(fresh_db, run_id, items[5])
    assert set(drawn(fresh_db, plan)) == set(items[1:])
    with fresh_db() as session:
        assert redraw(session, plan.plan_id) == kept_draw(session, plan.plan_id)


@pytest.mark.parametrize("allocation", ["proportional", "equal"])
@pytest.mark.parametrize("strata", ["domain", "subset", "margin"])
def test_a_stratified_plan_drawn_bit_by_bit_can_be_drawn_again_from_its_seed(
    fresh_db: Sessions, strata: str, allocation: str
) -> None:
    plan = planned(fresh_db, 60, order="stratified", strata=strata, allocation=allocation, n=11)
    for n_more in (1, 7, 20):
        plan = extend_plan(fresh_db, plan.plan_id, n_more=n_more, by="boss")
    assert (plan.n, [n for n, _ in plan.draws]) == (39, [11, 1, 7, 20])
    with fresh_db() as session:
        kept = kept_draw(session, plan.plan_id)
        assert redraw(session, plan.plan_id) == kept
    assert len({one.item_id for one in kept}) == 39
    assert sum(plan.population.values()) == 60
    assert {one.stratum for one in kept} == set(plan.population)


def test_every_beginning_of_a_stratified_plan_holds_the_strata_in_their_shares(fresh_db: Sessions) -> None:
    plan = planned(fresh_db, 80, order="stratified", strata="margin", n=40)
    with fresh_db() as session:
        strata = [one.stratum for one in kept_draw(session, plan.plan_id)]
    for n in range(1, 41):
        counts = Counter(strata[:n])
        assert max(abs(counts[name] - n / 4) for name in plan.population) <= 2


def test_drawing_more_of_a_random_plan_is_as_if_more_had_been_drawn_at_once(fresh_db: Sessions) -> None:
    dataset_id, run_id = weighed(fresh_db, 30)
    asked: dict[str, Any] = {"dataset_id": dataset_id, "run_id": run_id, "made_by": "ann", "order": "random"}
    little = make_plan(fresh_db, **asked, n=5, seed="s")
    more = extend_plan(fresh_db, little.plan_id, n_more=10, by="ann")
    assert drawn(fresh_db, more) == drawn(fresh_db, make_plan(fresh_db, **asked, n=15, seed="s"))
    assert extend_plan(fresh_db, little.plan_id, n_more=100, by="ann").n == 30
    with pytest.raises(Refused, match="nothing is left to draw"):
        extend_plan(fresh_db, little.plan_id, n_more=1, by="ann")


def test_the_smallest_margins_come_first_and_flips_are_only_those_that_length_flips(fresh_db: Sessions) -> None:
    plan = planned(fresh_db, 40, order="margin", n=15)
    found = margins(fresh_db, plan)
    assert found == sorted(found)
    assert len(found) == 15
    with fresh_db() as session:
        rows = session.scalars(select(Suggestion.margin).where(Suggestion.run_id == plan.run_id)).all()
        flips = [row for row in rows if row < 0.5]  # how the desk was written
    flip = make_plan(fresh_db, dataset_id=plan.dataset_id, run_id=plan.run_id, made_by="ann", order="flip")
    assert margins(fresh_db, flip) == sorted(flips)
    assert flip.population == {"": len(flips)}
    with fresh_db() as session, pytest.raises(Refused, match="no sample"):
        redraw(session, flip.plan_id)


def test_drawing_more_of_a_targeted_plan_goes_on_with_what_was_not_drawn(fresh_db: Sessions) -> None:
    plan = planned(fresh_db, 20, order="margin", n=6)
    plan = extend_plan(fresh_db, plan.plan_id, n_more=6, by="boss")
    found = margins(fresh_db, plan)
    assert (found, len(found)) == (sorted(found), 12)


def test_a_change_plan_holds_the_items_for_which_the_other_run_suggests_another_best(fresh_db: Sessions) -> None:
    dataset_id, (first, second) = write_weighed(fresh_db, 40, k=3, n_runs=2)
    plan = make_plan(
        fresh_db, dataset_id=dataset_id, run_id=first, made_by="ann", order="change", other_run_id=second
    )  # fmt: skip
    with fresh_db() as session:
        best = {
            run_id: dict(
                session.execute(
                    select(Suggestion.item_id, Suggestion.best_candidate_id).where(Suggestion.run_id == run_id)
                ).all()
            )
            for run_id in (first, second)
        }  # fmt: skip
    assert set(drawn(fresh_db, plan)) == {one for one in best[first] if best[first][one] != best[second][one]}
    assert 0 < plan.n < 40


def test_disagree_holds_what_people_chose_differently_however_it_was_settled_by_plurality(fresh_db: Sessions) -> None:
    dataset_id, run_id = weighed(fresh_db, 6)
    with fresh_db() as session:
        items = session.scalars(select(Item.item_id).order_by(Item.position)).all()
        best = {row.item_id: row.best_candidate_id for row in session.scalars(select(Suggestion))}
    for name in ("ann", "bob", "cy"):
        settle(fresh_db, run_id, items[0], name=name)
    settle(fresh_db, run_id, items[1], name="ann")
    for item in (items[1], items[2]):
        decide(
            fresh_db, item_id=item, run_id=run_id, annotator="bob", verdict_request="best", submission=f"b{item}",
            chosen_candidate_id=best[item],
        )  # fmt: skip
    for name in ("ann", "cy"):
        settle(fresh_db, run_id, items[2], name=name)
    plan = make_plan(fresh_db, dataset_id=dataset_id, run_id=run_id, made_by="ann", order="disagree")
    assert drawn(fresh_db, plan) == [items[1], items[2]]


def test_without_calibration_uncertainty_says_what_to_do_first(fresh_db: Sessions) -> None:
    with pytest.raises(Refused, match="too few decided items"):
        planned(fresh_db, 5, order="uncertainty")


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_the_least_sure_come_first_once_enough_is_decided(fresh_db: Sessions) -> None:
    """People agree where the margin is large, and with half where it is small: confidence rises with the margin."""
    plan = planned(fresh_db, 120, n=80)
    person = Person(fresh_db, plan)
    for at in range(80):
        look = person.must_look()
        with fresh_db() as session:
            margin = session.get_one(Suggestion, (plan.run_id, look.item_id)).margin
        if margin > 2 or at % 2:
            person.accept(look)
        else:
            person.say(look)
    unsure = make_plan(fresh_db, dataset_id=plan.dataset_id, run_id=plan.run_id, made_by="ann", order="uncertainty")
    calibration = calibration_of(fresh_db, plan.run_id)
    assert calibration is not None
    with fresh_db() as session:
        domains = {one.item_id: one.domain for one in session.scalars(select(Item))}
    found = drawn(fresh_db, unsure)
    sure = calibration.probabilities(margins(fresh_db, unsure), [domains[item] for item in found])
    assert sure == sorted(sure)
    assert sure[0] < sure[-1]
    assert set(found).isdisjoint(drawn(fresh_db, plan))
    assert not unsure.is_sample


BAD: list[tuple[dict[str, Any], str]] = [
    ({"order": "best"}, "the order is 'best'; it must be one of random, stratified"),
    ({"mode": "x"}, "the mode is 'x'"),
    ({"order": "stratified"}, "'stratified' takes one of domain, subset, margin"),
    ({"strata": "domain"}, "'stratified' takes one of"),
    ({"order": "change"}, "only 'change' takes one"),
    ({"blind_share": 1.5}, "the blind share is 1.5; it must be 0 to 1"),
    ({"repeat_share": float("nan")}, "the repeat share is nan"),
    ({"overlap": -1}, "the overlap is -1; it must be 0 to 50"),
    ({"lease_minutes": 0}, "the lease in minutes is 0"),
    ({"seed": ""}, "the number of characters in the seed is 0"),
    ({"n": 0}, "0 items cannot be drawn"),
    ({"name": "x" * 101}, "the number of characters in the name is 101"),
]


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("more", "line"), BAD, ids=[str(more)[:40] for more, _ in BAD])
def test_a_plan_that_makes_no_sense_is_refused_in_one_line(fresh_db: Sessions, more: dict[str, Any], line: str) -> None:
    with pytest.raises(Refused, match=line):
        planned(fresh_db, 3, **more)


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_more_groups_than_anybody_can_read_are_refused(fresh_db: Sessions) -> None:
    dataset_id, run_id = weighed(fresh_db, STRATA_LIMIT + 1)
    with fresh_db.begin() as session:
        session.execute(update(Item).values(subset=literal("part ") + cast(Item.position, String)))
    with pytest.raises(Refused, match="subset has 501 values; groups can be at most 500"):
        make_plan(
            fresh_db, dataset_id=dataset_id, run_id=run_id, made_by="ann", order="stratified", strata="subset"
        )  # fmt: skip


def test_a_sample_waits_for_its_run_to_be_done(fresh_db: Sessions) -> None:
    dataset_id, run_id = weighed(fresh_db, 5)
    with fresh_db.begin() as session:
        session.execute(update(Run).values(status="running"))
    asked: dict[str, Any] = {"dataset_id": dataset_id, "run_id": run_id, "made_by": "ann"}
    with pytest.raises(Refused, match="is running; a sample needs a run that is done"):
        make_plan(fresh_db, **asked, order="random")
    assert make_plan(fresh_db, **asked, order="margin").n == 5
    with pytest.raises(NotFound, match="no run 99"):
        make_plan(fresh_db, **asked | {"run_id": 99}, order="margin")


def test_only_an_admin_makes_extends_and_closes_plans_once_there_is_one(fresh_db: Sessions) -> None:
    plan = planned(fresh_db, 5, n=2)
    ensure_annotator(fresh_db, "boss")
    set_role(fresh_db, name="boss", role=ADMIN, by="boss")
    for forbidden in (
        lambda: make_plan(
            fresh_db, dataset_id=plan.dataset_id, run_id=plan.run_id, made_by="ann", order="margin"
        ),
        lambda: extend_plan(fresh_db, plan.plan_id, n_more=1, by="ann"),
        lambda: close_plan(fresh_db, plan.plan_id, by="ann"),
    ):  # fmt: skip
        with pytest.raises(Refused, match="'ann' may not make plans"):
            forbidden()
    assert extend_plan(fresh_db, plan.plan_id, n_more=1, by="boss").n == 3


def test_a_closed_plan_hands_out_nothing_new_but_takes_the_decision_that_was_open(fresh_db: Sessions) -> None:
    plan = planned(fresh_db, 5)
    person = Person(fresh_db, plan)
    look = person.must_look()
    closed = close_plan(fresh_db, plan.plan_id, by="boss")
    assert closed.closed_at is not None
    assert close_plan(fresh_db, plan.plan_id, by="boss").closed_at == closed.closed_at
    assert person.must_look() == look
    person.say(look)
    assert person.look() is None
    assert get_plan(fresh_db, plan.plan_id).n_decided == 1
    assert list_plans(fresh_db, dataset_id=plan.dataset_id) == ()
    assert [row.plan_id for row in list_plans(fresh_db, dataset_id=plan.dataset_id, with_closed=True)] == [plan.plan_id]
    with pytest.raises(Refused, match="is closed"):
        extend_plan(fresh_db, plan.plan_id, n_more=1, by="boss")
