"""Looks: who is handed what, in which order, blind or not, once more or not."""

from __future__ import annotations

import pytest
from look_builders import Person, let_leases_run_out, looks_of, planned
from sqlalchemy import func, select

from bench.people_desk import write_weighed
from db.session import Sessions
from db.tables import Candidate, Decision, Item, Suggestion
from services.errors import NotFound, Refused
from services.looks.chance import is_blind, is_repeated
from services.looks.plans import extend_plan, get_plan
from services.looks.redraw import kept_draw
from services.looks.rows import PlanProgress, PlanRow
from services.looks.serve import get_look, next_look, reveal


def places(sessions: Sessions, plan: PlanRow) -> list[int]:
    with sessions() as session:
        return [one.item_id for one in kept_draw(session, plan.plan_id)]


def test_items_come_in_the_order_of_the_plan_and_each_once(fresh_db: Sessions) -> None:
    plan = planned(fresh_db, 8, overlap=1)
    person = Person(fresh_db, plan)
    assert [look.item_id for look in person.work(8)] == places(fresh_db, plan)
    assert person.look() is None
    assert person.progress() == PlanProgress(8, 8, 0, 8, 0, 0, 0)
    assert get_plan(fresh_db, plan.plan_id).n_decided == 8


def test_asking_again_gives_the_same_look_until_it_is_decided(fresh_db: Sessions) -> None:
    person = Person(fresh_db, planned(fresh_db, 4))
    look = person.must_look()
    assert person.must_look() == look
    assert (look.is_open, look.drawn_by, look.place, look.mode) == (True, "random", 0, "best")
    person.say(look)
    assert person.must_look().place == 1
    decided = get_look(fresh_db, look.look_id)
    assert (decided.closed_as, decided.leased_until) == ("decided", None)


def test_two_people_never_hold_one_slot_and_overlap_two_hands_each_item_to_two(fresh_db: Sessions) -> None:
    plan = planned(fresh_db, 6, overlap=2)
    ann, bob, cy = (Person(fresh_db, plan, name) for name in ("ann", "bob", "cy"))
    assert [one.must_look().place for one in (ann, bob, cy)] == [0, 0, 1]
    for person in (ann, bob, cy):
        while (look := person.look()) is not None:
            person.say(look)
    looks = looks_of(fresh_db, plan)
    by_item = {item: [one.annotator_id for one in looks if one.item_id == item] for item in places(fresh_db, plan)}
    assert all(len(people) == len(set(people)) == 2 for people in by_item.values())
    assert ann.progress().n_decided == 6


def test_with_no_overlap_given_everybody_sees_everything(fresh_db: Sessions) -> None:
    plan = planned(fresh_db, 5)
    for name in ("ann", "bob", "cy"):
        assert [look.place for look in Person(fresh_db, plan, name).work(5)] == [0, 1, 2, 3, 4]
    assert get_plan(fresh_db, plan.plan_id).n_decided == 5


def test_one_look_ahead_is_another_item_and_comes_next(fresh_db: Sessions) -> None:
    plan = planned(fresh_db, 5, overlap=1)
    person = Person(fresh_db, plan)
    first, ahead = person.must_look(), person.must_look(n_ahead=1)
    assert (first.place, ahead.place) == (0, 1)
    assert person.must_look(n_ahead=1) == ahead
    assert Person(fresh_db, plan, "bob").must_look().place == 2
    person.say(first)
    assert person.must_look() == ahead


def test_what_a_person_skipped_comes_back_at_the_end_and_to_nobody_else(fresh_db: Sessions) -> None:
    plan = planned(fresh_db, 4, overlap=1)
    ann = Person(fresh_db, plan)
    first = ann.must_look()
    ann.say(first, "skip")
    assert [look.place for look in ann.work(2)] == [1, 2]
    bob = Person(fresh_db, plan, "bob")
    bob.work(1)
    assert bob.look() is None
    assert ann.progress() == PlanProgress(4, 4, 0, 3, 1, 0, 0)
    back = ann.must_look()
    assert (back.look_id, back.place) == (first.look_id, 0)
    ann.say(back)
    assert ann.look() is None
    assert ann.progress().n_skipped_mine == 0


def test_skipping_again_goes_on_to_the_next_skipped_one(fresh_db: Sessions) -> None:
    person = Person(fresh_db, planned(fresh_db, 3, overlap=1))
    for _ in range(3):
        person.say(person.must_look(), "skip")
    found = []
    for _ in range(6):
        look = person.must_look()
        found.append(look.place)
        person.say(look, "skip")
    assert found == [0, 1, 2, 0, 1, 2]


def test_a_flag_is_counted_and_does_not_come_back(fresh_db: Sessions) -> None:
    person = Person(fresh_db, planned(fresh_db, 2))
    person.say(person.must_look(), "flag")
    person.work(1)
    assert person.look() is None
    assert person.progress().n_flagged == 1


def test_an_undone_decision_opens_its_look_again_for_the_same_person_only(fresh_db: Sessions) -> None:
    plan = planned(fresh_db, 3, overlap=1)
    ann, bob = Person(fresh_db, plan), Person(fresh_db, plan, "bob")
    first = ann.must_look()
    ann.say(first)
    ann.undo()
    assert bob.must_look().place == 1
    again = ann.must_look()
    assert (again.look_id, again.is_open) == (first.look_id, True)
    ann.say(again)
    assert ann.progress().n_decided == 1


def test_undoing_a_revision_leaves_the_look_decided(fresh_db: Sessions) -> None:
    person = Person(fresh_db, planned(fresh_db, 3, overlap=1))
    look = person.must_look()
    person.say(look)
    person.say(look, "skip")
    assert get_look(fresh_db, look.look_id).closed_as == "skipped"
    person.undo()
    assert get_look(fresh_db, look.look_id).closed_as == "decided"


def test_a_link_opens_an_item_out_of_turn_as_chosen_and_takes_its_slot(fresh_db: Sessions) -> None:
    plan = planned(fresh_db, 5, overlap=1)
    ann, bob = Person(fresh_db, plan), Person(fresh_db, plan, "bob")
    items = places(fresh_db, plan)
    chosen = ann.open(items[3])
    assert (chosen.drawn_by, chosen.place, ann.open(items[3])) == ("chosen", 3, chosen)
    with pytest.raises(Refused, match="another person has this item"):
        bob.open(items[3])
    ann.say(chosen)
    assert ann.open(items[3]).closed_as == "decided"
    assert [look.place for look in bob.work(4)] == [0, 1, 2, 4]
    assert bob.look() is None


def test_an_item_that_was_not_drawn_can_be_chosen_and_keeps_its_look_when_it_is_drawn_later(
    fresh_db: Sessions,
) -> None:
    plan = planned(fresh_db, 6, n=2, overlap=1)
    ann = Person(fresh_db, plan)
    with fresh_db() as session:
        outside = next(one for one in session.scalars(select(Item.item_id)) if one not in places(fresh_db, plan))
    look = ann.open(outside)
    assert (look.drawn_by, look.place) == ("chosen", None)
    ann.say(look)
    plan = extend_plan(fresh_db, plan.plan_id, n_more=4, by="boss")
    bob = Person(fresh_db, plan, "bob")
    assert outside in places(fresh_db, plan)
    assert outside not in [one.item_id for one in bob.work(5)]
    assert bob.look() is None


def test_an_item_or_look_that_is_not_there_is_named(fresh_db: Sessions) -> None:
    plan = planned(fresh_db, 2)
    planned_elsewhere = planned_in_another_set(fresh_db)
    person = Person(fresh_db, plan)
    with pytest.raises(NotFound, match="no item"):
        person.open(planned_elsewhere)
    with pytest.raises(NotFound, match="no look 99"):
        get_look(fresh_db, 99)
    for ask in (lambda: get_plan(fresh_db, 99), lambda: next_look(fresh_db, plan_id=99, annotator="ann")):
        with pytest.raises(NotFound, match="no plan 99"):
            ask()


def planned_in_another_set(sessions: Sessions) -> int:
    dataset_id, _ = write_weighed(sessions, 1, name="other")
    with sessions() as session:
        return session.scalars(select(Item.item_id).where(Item.dataset_id == dataset_id)).one()


def test_the_blind_share_veils_the_same_items_for_everybody_and_shuffles_for_each(fresh_db: Sessions) -> None:
    plan = planned(fresh_db, 40, k=4, blind_share=0.5)
    ann, bob = Person(fresh_db, plan).work(40), Person(fresh_db, plan, "bob").work(40)
    blind = {look.item_id for look in ann if look.is_blind}
    assert blind == {look.item_id for look in bob if look.is_blind}
    assert blind == {item for item in places(fresh_db, plan) if is_blind("seed", item, share=0.5)}
    assert 10 <= len(blind) <= 30
    differs = [one.display_order != other.display_order for one, other in zip(ann, bob, strict=True) if one.is_blind]
    assert sum(differs) > len(differs) / 2
    assert all(
        one.display_order == other.display_order for one, other in zip(ann, bob, strict=True) if not one.is_blind
    )


@pytest.mark.parametrize("k", [2, 4])
def test_an_item_that_is_not_blind_is_shown_as_review_shows_it(fresh_db: Sessions, k: int) -> None:
    plan = planned(fresh_db, 3, k=k)
    look = Person(fresh_db, plan).must_look()
    with fresh_db() as session:
        ranking = session.get_one(Suggestion, (plan.run_id, look.item_id)).ranking
        in_file = session.scalars(
            select(Candidate.candidate_id).where(Candidate.item_id == look.item_id).order_by(Candidate.position)
        ).all()
    assert list(look.display_order) == (list(in_file) if k == 2 else [one for group in ranking for one in group])


def test_a_blind_look_is_revealed_after_the_decision_and_not_before(fresh_db: Sessions) -> None:
    person = Person(fresh_db, planned(fresh_db, 3, blind_share=1.0))
    look = person.must_look()
    assert not look.is_revealed
    with pytest.raises(Refused, match="is not decided"):
        reveal(fresh_db, look.look_id)
    person.say(look, "skip")
    with pytest.raises(Refused, match="is not decided"):
        reveal(fresh_db, look.look_id)
    person.say(look)
    assert reveal(fresh_db, look.look_id).is_revealed
    assert reveal(fresh_db, look.look_id) == get_look(fresh_db, look.look_id)
    with fresh_db() as session:
        assert session.scalars(select(Decision.is_blind).order_by(Decision.decision_id)).all() == [True, True]
    person.say(look)
    with fresh_db() as session:
        latest = session.scalars(select(Decision).order_by(Decision.decision_id.desc()).limit(1)).one()
    assert not latest.is_blind


def test_some_items_come_once_more_after_twenty_others_and_never_make_a_label(fresh_db: Sessions) -> None:
    plan = planned(fresh_db, 60, k=3, repeat_share=0.3, blind_share=1.0, overlap=1)
    person = Person(fresh_db, plan)
    looks = []
    while (look := person.look()) is not None:
        person.say(look)
        looks.append(look)
    repeats = [look for look in looks if look.is_repeat]
    annotator_id = looks_of(fresh_db, plan)[0].annotator_id
    due = {item for item in places(fresh_db, plan) if is_repeated("seed", item, annotator_id, share=0.3)}
    at = [look.item_id for look in looks]
    gaps = {look.item_id: len(at) - 1 - at[::-1].index(look.item_id) - at.index(look.item_id) for look in repeats}
    assert {look.item_id for look in repeats} <= due
    assert len(repeats) >= len(due) - 3  # those decided last have too few others behind them
    assert all(gap > 5 for gap in gaps.values())
    assert all(gaps[look.item_id] > 20 for look in repeats[: len(repeats) // 3])
    assert {look.drawn_by for look in repeats} == {"repeat"}
    with fresh_db() as session:
        kinds = dict(session.execute(select(Decision.kind, func.count()).group_by(Decision.kind)).all())
    assert kinds == {"label": 60, "repeat": len(repeats)}
    assert person.progress().n_mine == 60


def test_a_repeat_whose_lease_ran_out_waits_for_its_person(fresh_db: Sessions) -> None:
    plan = planned(fresh_db, 30, repeat_share=1.0, overlap=1)
    person = Person(fresh_db, plan)
    while not (look := person.must_look()).is_repeat:
        person.say(look)
    let_leases_run_out(fresh_db, plan)
    assert not Person(fresh_db, plan, "bob").must_look().is_repeat
    again = person.must_look()
    assert (again.look_id, again.is_repeat) == (look.look_id, True)


def test_a_filter_keeps_to_its_items_and_loses_no_others(fresh_db: Sessions) -> None:
    plan = planned(fresh_db, 12, overlap=1)
    person = Person(fresh_db, plan)
    items = places(fresh_db, plan)
    wanted = {items[at] for at in (7, 3, 9)}
    among = select(Item.item_id).where(Item.item_id.in_(wanted))
    first = person.must_look()
    found = []
    while (look := person.look(among=among)) is not None:
        person.say(look)
        found.append(look.place)
    assert found == [3, 7, 9]
    assert person.must_look() == first
    assert [look.place for look in person.work(9)] == [0, 1, 2, 4, 5, 6, 8, 10, 11]


def test_looking_behind_a_place_goes_on_there_and_then_from_the_beginning(fresh_db: Sessions) -> None:
    person = Person(fresh_db, planned(fresh_db, 6, overlap=1))
    assert person.must_look(after_place=3).place == 4
    assert person.must_look(after_place=4).place == 5
    assert person.must_look(after_place=5).place == 0
