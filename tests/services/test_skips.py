"""What somebody skipped and left behind goes to others, and nobody's look is ever counted twice for it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from look_builders import Person, looks_of, planned
from service_builders import item_ids
from sqlalchemy import func, select, update

from db.session import Sessions
from db.tables import Decision, utc_now
from db.tables_audit import Look, PlanItem
from services.errors import Refused
from services.labels import labels_of
from services.looks.plans import extend_plan
from services.looks.rows import PlanRow
from services.looks.serve import get_look


def let_time_pass(sessions: Sessions, plan: PlanRow) -> None:
    """Everything that was closed under the plan was closed longer ago than a lease lasts."""
    long_ago = utc_now() - timedelta(minutes=plan.lease_minutes + 1)
    with sessions.begin() as session:
        session.execute(
            update(Look).where(Look.plan_id == plan.plan_id, Look.closed_at.is_not(None)).values(closed_at=long_ago)
        )


def n_free(sessions: Sessions) -> list[int]:
    with sessions() as session:
        return list(session.scalars(select(PlanItem.n_free).order_by(PlanItem.place)))


def skipped_and_gone(sessions: Sessions, n_items: int = 1) -> tuple[Person, Person]:
    """Ann, who skipped everything and left, and bob, who did nothing yet."""
    plan = planned(sessions, n_items, overlap=1)
    ann = Person(sessions, plan)
    for _ in range(n_items):
        ann.say(ann.must_look(), "skip")
    let_time_pass(sessions, plan)
    return ann, Person(sessions, plan, "bob")


def test_what_somebody_skipped_and_left_is_decided_by_another(fresh_db: Sessions) -> None:
    ann, bob = skipped_and_gone(fresh_db)
    look = bob.must_look()
    assert (look.place, look.drawn_by, n_free(fresh_db)) == (0, "random", [0])
    bob.accept(look)
    assert (bob.look(), ann.look()) == (None, None)
    assert [one.closed_as for one in looks_of(fresh_db, ann.plan)] == ["skipped", "decided"]
    with fresh_db() as session:
        assert [label.source for label in labels_of(session, ann.plan.dataset_id).values()] == ["human"]


def test_as_long_as_they_are_at_work_what_they_skipped_waits_for_them(fresh_db: Sessions) -> None:
    plan = planned(fresh_db, 2, overlap=1)
    ann, bob = Person(fresh_db, plan), Person(fresh_db, plan, "bob")
    ann.say(ann.must_look(), "skip")
    let_time_pass(fresh_db, plan)
    other = ann.must_look()
    assert bob.look() is None, "ann has an item open"
    ann.say(other)
    assert bob.look() is None, "ann decided a moment ago"
    assert ann.must_look().place == 0


def test_who_comes_back_in_time_gets_it_and_the_other_does_not(fresh_db: Sessions) -> None:
    ann, bob = skipped_and_gone(fresh_db)
    ann.accept(ann.must_look())
    assert bob.look() is None
    assert n_free(fresh_db) == [0]


def test_deciding_what_another_has_by_now_is_refused_and_not_kept(fresh_db: Sessions) -> None:
    ann, bob = skipped_and_gone(fresh_db)
    mine = get_look(fresh_db, looks_of(fresh_db, ann.plan)[0].look_id)
    look = bob.must_look()
    with pytest.raises(Refused, match="another person has this item"):
        ann.accept(mine)
    assert ann.look() is None
    bob.give_back(look)
    assert ann.must_look().look_id == mine.look_id
    ann.accept(mine)
    assert n_free(fresh_db) == [0]
    with fresh_db() as session:
        assert session.scalar(select(func.count()).select_from(Decision)) == 2


def test_undoing_a_skip_that_another_has_by_now_leaves_the_item_with_them(fresh_db: Sessions) -> None:
    ann, bob = skipped_and_gone(fresh_db)
    look = bob.must_look()
    ann.undo()
    assert looks_of(fresh_db, ann.plan)[0].closed_as == "returned"
    bob.say(look)
    assert ann.look() is None
    assert n_free(fresh_db) == [0]


def test_a_skip_revised_back_by_undo_after_it_was_handed_on_opens_nothing_twice(fresh_db: Sessions) -> None:
    plan = planned(fresh_db, 1, overlap=1)
    ann, bob = Person(fresh_db, plan), Person(fresh_db, plan, "bob")
    look = ann.must_look()
    ann.accept(look)
    ann.say(look, "skip")
    let_time_pass(fresh_db, plan)
    theirs = bob.must_look()
    ann.undo()
    assert [one.closed_as for one in looks_of(fresh_db, plan)] == ["returned", None]
    bob.accept(theirs)
    assert n_free(fresh_db) == [0]


def test_two_who_both_skipped_it_get_it_in_turn(fresh_db: Sessions) -> None:
    ann, bob = skipped_and_gone(fresh_db, n_items=2)
    for _ in range(2):
        bob.say(bob.must_look(), "skip")
    assert ann.look() is None, "bob is at work"
    let_time_pass(fresh_db, ann.plan)
    assert {ann.work(1)[0].item_id, ann.work(1)[0].item_id} == {one.item_id for one in looks_of(fresh_db, ann.plan)}
    assert (ann.look(), bob.look(), n_free(fresh_db)) == (None, None, [0, 0])
    slots = [one.slot for one in looks_of(fresh_db, ann.plan)]
    assert sorted(slots, key=str) == [1, 1, None, None]


@pytest.mark.parametrize("overlap", [0, 1])
def test_an_item_chosen_before_it_was_drawn_is_counted_at_its_place_from_then_on(
    fresh_db: Sessions, overlap: int
) -> None:
    plan = planned(fresh_db, 2, n=1, overlap=overlap)
    ann, bob = Person(fresh_db, plan), Person(fresh_db, plan, "bob")
    drawn = ann.must_look().item_id
    (other,) = set(item_ids(fresh_db, plan.dataset_id)) - {drawn}
    look = ann.open(other)
    if not overlap:
        ann.say(look)
    extend_plan(fresh_db, plan.plan_id, n_more=1, by="boss")
    assert n_free(fresh_db)[1] == (0 if overlap else -2)
    if overlap:
        ann.give_back(look)
    else:
        ann.undo()
    assert n_free(fresh_db)[1] == (1 if overlap else -1)
    assert other in [one.item_id for one in bob.work(1 if overlap else 2)]
