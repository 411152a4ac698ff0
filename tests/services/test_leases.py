"""Leases: an item comes back when its time is over, and nobody's decision is kept on an item that others have."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from look_builders import Person, let_leases_run_out, looks_of, planned
from sqlalchemy import func, select

from db.session import Sessions
from db.tables import Decision, utc_now
from db.tables_audit import PlanItem
from services.errors import NotFound, Refused
from services.looks import leases
from services.looks.serve import HELD_AT_MOST, get_look


def n_free(sessions: Sessions) -> list[int]:
    with sessions() as session:
        return list(session.scalars(select(PlanItem.n_free).order_by(PlanItem.place)))


def n_decisions(sessions: Sessions) -> int:
    with sessions() as session:
        return session.scalar(select(func.count()).select_from(Decision)) or 0


def test_a_look_lasts_as_long_as_the_plan_says_and_renewing_begins_anew(fresh_db: Sessions) -> None:
    person = Person(fresh_db, planned(fresh_db, 2, lease_minutes=7))
    look = person.must_look()
    assert look.leased_until is not None
    assert (look.leased_until - look.opened_at).total_seconds() == 7 * 60
    renewed = leases.renew(fresh_db, look.look_id, annotator="ann")
    assert renewed.leased_until is not None
    assert renewed.leased_until > look.leased_until


def test_an_item_whose_time_is_over_goes_to_the_next_who_asks(fresh_db: Sessions) -> None:
    plan = planned(fresh_db, 3, overlap=1)
    ann, bob = Person(fresh_db, plan), Person(fresh_db, plan, "bob")
    look = ann.must_look()
    assert bob.must_look().place == 1
    let_leases_run_out(fresh_db, plan)
    cy = Person(fresh_db, plan, "cy")
    assert cy.must_look().place == 0
    assert get_look(fresh_db, look.look_id).closed_as == "expired"
    assert bob.must_look().place == 1
    assert n_free(fresh_db) == [0, 0, 1]


def test_a_late_decision_counts_as_long_as_nobody_else_has_the_item(fresh_db: Sessions) -> None:
    plan = planned(fresh_db, 3, overlap=1)
    ann = Person(fresh_db, plan)
    look = ann.must_look()
    let_leases_run_out(fresh_db, plan)
    ann.say(look)
    assert get_look(fresh_db, look.look_id).closed_as == "decided"
    other = ann.must_look()
    let_leases_run_out(fresh_db, plan)
    leases_are_swept(fresh_db, ann)
    ann.say(other)
    assert get_look(fresh_db, other.look_id).closed_as == "decided"
    assert n_free(fresh_db) == [0, 0, 1]


def leases_are_swept(sessions: Sessions, person: Person) -> None:
    """Somebody new asks for an item and gives it back, which lets go of everything that is overdue."""
    visitor = Person(sessions, person.plan, "visitor")
    visitor.give_back(visitor.must_look())


def test_a_late_decision_on_an_item_that_somebody_else_has_now_is_refused_and_not_kept(fresh_db: Sessions) -> None:
    plan = planned(fresh_db, 3, overlap=1)
    ann, bob = Person(fresh_db, plan), Person(fresh_db, plan, "bob")
    look = ann.must_look()
    let_leases_run_out(fresh_db, plan)
    assert bob.must_look().item_id == look.item_id
    with pytest.raises(Refused, match="another person has this item"):
        ann.say(look)
    with pytest.raises(Refused, match="another person has this item"):
        leases.renew(fresh_db, look.look_id, annotator="ann")
    assert n_decisions(fresh_db) == 0
    bob.say(bob.must_look())
    assert n_free(fresh_db) == [0, 1, 1]


def test_deciding_from_an_old_tab_counts_on_the_look_that_is_open_now(fresh_db: Sessions) -> None:
    plan = planned(fresh_db, 3, overlap=1)
    ann = Person(fresh_db, plan)
    old = ann.must_look()
    let_leases_run_out(fresh_db, plan)
    new = ann.must_look()
    assert (new.item_id, new.look_id == old.look_id) == (old.item_id, False)
    kept = ann.say(old)
    with fresh_db() as session:
        assert session.get_one(Decision, kept.decision_id).look_id == new.look_id
    assert [look.closed_as for look in looks_of(fresh_db, plan)] == ["expired", "decided"]
    assert n_free(fresh_db) == [0, 1, 1]


def test_what_is_given_back_is_free_at_once_and_its_place_comes_first_again(fresh_db: Sessions) -> None:
    plan = planned(fresh_db, 40, overlap=1)
    ann, bob = Person(fresh_db, plan), Person(fresh_db, plan, "bob")
    look = ann.must_look()
    bob.work(30)
    ann.give_back(look)
    ann.give_back(look)
    assert bob.must_look().place == 0
    assert get_look(fresh_db, look.look_id).closed_as == "returned"


@pytest.mark.parametrize("overlap", [0, 1])
def test_giving_back_what_one_skipped_before_leaves_it_skipped_and_ones_own(fresh_db: Sessions, overlap: int) -> None:
    plan = planned(fresh_db, 2, overlap=overlap)
    ann, bob = Person(fresh_db, plan), Person(fresh_db, plan, "bob")
    ann.say(ann.must_look(), "skip")
    ann.work(1)
    before = n_free(fresh_db)
    back = ann.must_look()
    assert ann.give_back(back).closed_as == "skipped"
    assert n_free(fresh_db) == before
    assert ann.must_look().look_id == back.look_id
    let_leases_run_out(fresh_db, plan)
    assert (bob.look() is None) == (overlap == 1)
    assert get_look(fresh_db, back.look_id).closed_as == "skipped"


def test_giving_back_a_decided_look_changes_nothing(fresh_db: Sessions) -> None:
    person = Person(fresh_db, planned(fresh_db, 2, overlap=1))
    look = person.must_look()
    person.say(look)
    assert person.give_back(look).closed_as == "decided"
    assert n_free(fresh_db) == [0, 1]


def test_nobody_touches_another_persons_look(fresh_db: Sessions) -> None:
    plan = planned(fresh_db, 2)
    look = Person(fresh_db, plan).must_look()
    bob = Person(fresh_db, plan, "bob")
    for forbidden in (
        lambda: bob.say(look),
        lambda: bob.give_back(look),
        lambda: leases.renew(fresh_db, look.look_id, annotator="bob"),
    ):
        with pytest.raises(NotFound, match="no look 1 of this person"):
            forbidden()
    assert n_decisions(fresh_db) == 0


def test_one_person_holds_a_few_looks_at_most_the_oldest_goes_back(fresh_db: Sessions) -> None:
    plan = planned(fresh_db, 20, overlap=1)
    person = Person(fresh_db, plan)
    held = [person.must_look(n_ahead=at) for at in range(HELD_AT_MOST)]
    one_more = person.must_look(after_place=HELD_AT_MOST - 1)
    assert one_more.place == HELD_AT_MOST
    assert get_look(fresh_db, held[0].look_id).closed_as == "returned"
    assert person.must_look() == held[1]


def test_a_look_cannot_end_in_a_word_nobody_knows(fresh_db: Sessions) -> None:
    look = Person(fresh_db, planned(fresh_db, 2)).must_look()
    with fresh_db.begin() as session, pytest.raises(Refused, match="cannot end as 'gone'"):
        leases.close(session, look.look_id, annotator_id=2, now=utc_now(), as_="gone")


def test_counts_of_visits_follow_decisions_undone_and_skipped_where_as_many_as_come_may_look(
    fresh_db: Sessions,
) -> None:
    plan = planned(fresh_db, 2)
    ann = Person(fresh_db, plan)
    ann.say(ann.must_look(), "skip")
    Person(fresh_db, plan, "bob").work(2)
    assert n_free(fresh_db) == [-3, -2]
    ann.work(1)
    ann.undo()
    assert n_free(fresh_db) == [-3, -2]
    ann.work(2)
    assert n_free(fresh_db) == [-3, -3]


def test_twelve_people_asking_at_the_same_moment_get_twelve_items(fresh_db: Sessions) -> None:
    plan = planned(fresh_db, 20, overlap=1)
    people = [Person(fresh_db, plan, f"p{at}") for at in range(12)]
    barrier = Barrier(12)

    def ask(person: Person) -> int:
        barrier.wait()
        return person.must_look().item_id

    with ThreadPoolExecutor(12) as pool:
        assert len(set(pool.map(ask, people))) == 12


def test_one_person_in_many_tabs_gets_one_look(fresh_db: Sessions) -> None:
    plan = planned(fresh_db, 20, overlap=2)
    barrier = Barrier(8)

    def ask(_tab: int) -> int:
        barrier.wait()
        return Person(fresh_db, plan).must_look().look_id

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(ask, range(8)))) == 1


def test_late_decisions_against_people_who_ask_end_in_one_decision_per_slot(fresh_db: Sessions) -> None:
    """Both want the same rows in their own order: nothing may wait for ever, and no slot may be used twice."""
    plan = planned(fresh_db, 30, overlap=1)
    people = [Person(fresh_db, plan, f"p{at}") for at in range(8)]
    late = [person.must_look() for person in people]
    let_leases_run_out(fresh_db, plan)
    barrier = Barrier(16)

    def say(at: int) -> int:
        barrier.wait()
        try:
            return people[at].say(late[at]).item_id
        except Refused:
            return -1

    def ask(at: int) -> int:
        barrier.wait()
        visitor = Person(fresh_db, plan, f"v{at}")
        look = visitor.must_look()
        return visitor.say(look).item_id

    with ThreadPoolExecutor(16) as pool:
        said, asked = pool.map(say, range(8)), pool.map(ask, range(8))
        items = [item for item in [*said, *asked] if item != -1]
    assert len(items) == len(set(items)) == n_decisions(fresh_db)
    assert len(items) >= 8
