"""Queues of undecided, skipped and flagged items; counts that move on; the next item loaded ahead."""

from __future__ import annotations

import random

import pytest
from look_builders import Person, planned
from service_builders import Reviewer, item_ids, make_dataset, plain_items
from sqlalchemy import delete

from db.session import Sessions
from db.tables import Candidate, Item
from services.decisions import undo
from services.errors import NotFound
from services.reviews import progress as tallies
from services.reviews.ahead import Asked, load_ahead, still_stands
from services.reviews.filters import Filters
from services.reviews.progress import tally_of
from services.reviews.review import load_item, progress


def filled(desk: Sessions, n: int = 8) -> tuple[int, list[int], Reviewer]:
    dataset_id = make_dataset(desk, plain_items(n))
    return dataset_id, item_ids(desk, dataset_id), Reviewer(desk, dataset_id)


def walk(desk: Sessions, dataset_id: int, queue: str | None) -> list[int]:
    """The items of a queue as one goes through it without deciding."""
    found: list[int] = []
    item = load_item(desk, dataset_id=dataset_id, annotator="ann", queue=queue)
    while item is not None and item.item_id not in found:
        found.append(item.item_id)
        following = item.next_undecided_id
        item = None if following is None else load_item(
            desk, dataset_id=dataset_id, annotator="ann", queue=queue, item_id=following
        )  # fmt: skip
    return found


def test_each_queue_holds_its_own_items_and_no_others(desk: Sessions) -> None:
    dataset_id, ids, ann = filled(desk)
    for place, verdict in ((0, "tie"), (1, "skip"), (3, "flag"), (4, "skip"), (6, "flag")):
        ann.say(ids[place], verdict)
    Reviewer(desk, dataset_id, name="bea").say(ids[2], "skip")
    assert sorted(walk(desk, dataset_id, "skipped")) == [ids[1], ids[4]]
    assert sorted(walk(desk, dataset_id, "flagged")) == [ids[3], ids[6]]
    assert sorted(walk(desk, dataset_id, "undecided")) == [ids[2], ids[5], ids[7]]
    assert sorted(walk(desk, dataset_id, None)) == [ids[2], ids[5], ids[7]], "then the skipped ones"


def test_a_queue_follows_what_counts_now(desk: Sessions) -> None:
    dataset_id, ids, ann = filled(desk)
    ann.say(ids[1], "skip")
    ann.say(ids[4], "skip")
    ann.say(ids[1], "tie")
    assert walk(desk, dataset_id, "skipped") == [ids[4]]
    undo(desk, dataset_id=dataset_id, annotator="ann")
    assert sorted(walk(desk, dataset_id, "skipped")) == [ids[1], ids[4]]
    undo(desk, dataset_id=dataset_id, annotator="ann")
    assert walk(desk, dataset_id, "skipped") == [ids[1]]


def test_an_empty_queue_has_no_item(desk: Sessions) -> None:
    dataset_id, ids, ann = filled(desk, 3)
    assert load_item(desk, dataset_id=dataset_id, annotator="ann", queue="flagged") is None
    assert load_item(desk, dataset_id=dataset_id, annotator="nobody yet", queue="skipped") is None
    for item_id in ids:
        ann.say(item_id)
    assert load_item(desk, dataset_id=dataset_id, annotator="ann", queue="undecided") is None
    assert load_item(desk, dataset_id=dataset_id, annotator="ann") is not None, "without a queue it begins again"


def test_the_only_skipped_item_is_found_when_it_was_skipped_last(desk: Sessions) -> None:
    dataset_id, ids, ann = filled(desk, 3)
    ann.say(ids[1], "skip")
    assert walk(desk, dataset_id, "skipped") == [ids[1]]


def test_a_queue_keeps_to_the_items_of_its_plan(desk: Sessions) -> None:
    plan = planned(desk, 20, n=5)
    ann = Reviewer(desk, plan.dataset_id)
    person = Person(desk, plan)
    look = person.must_look()
    person.say(look, "skip")
    outside = next(one for one in item_ids(desk, plan.dataset_id) if one not in _drawn(desk, plan.plan_id))
    ann.say(outside, "skip", run_id=plan.run_id)
    found = load_item(desk, dataset_id=plan.dataset_id, annotator="ann", queue="skipped", plan_id=plan.plan_id)
    assert found is not None
    assert (found.item_id, found.next_undecided_id) == (look.item_id, None)


def _drawn(desk: Sessions, plan_id: int) -> set[int]:
    from services.looks.redraw import kept_draw

    with desk() as session:
        return {one.item_id for one in kept_draw(session, plan_id)}


@pytest.mark.parametrize("seed", range(6))
def test_a_tally_that_moves_on_equals_a_fresh_count(desk: Sessions, seed: int) -> None:
    """Whatever is decided, revised and taken back in between, in whatever portions it is counted."""
    dice = random.Random(seed)
    dataset_id, ids, _ = filled(desk, 7)
    others: list[int] = []
    if seed % 2:
        others = item_ids(desk, make_dataset(desk, plain_items(3), name="other"))
    tally = tally_of(desk, dataset_id=dataset_id, annotator="ann")
    for _ in range(30):
        if dice.random() < 0.25:
            undo(desk, dataset_id=dataset_id, annotator="ann")
        else:
            Reviewer(desk, dataset_id, name=dice.choice(["ann", "ann", "bea"])).say(
                dice.choice([*ids, *others]), dice.choice(["tie", "skip", "flag"])
            )
        if dice.random() < 0.5:
            tally = tally_of(desk, dataset_id=dataset_id, annotator="ann", since=tally)
            assert tally.progress == progress(desk, dataset_id=dataset_id, annotator="ann")
            assert tally == tally_of(desk, dataset_id=dataset_id, annotator="ann")


def test_a_tally_of_much_that_is_new_counts_anew(desk: Sessions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tallies, "COUNT_ANEW_FROM", 3)
    dataset_id, ids, ann = filled(desk)
    tally = tally_of(desk, dataset_id=dataset_id, annotator="ann")
    for item_id in ids:
        ann.say(item_id, "skip")
    assert tally_of(desk, dataset_id=dataset_id, annotator="ann", since=tally).progress.n_skip == len(ids)


def test_a_tally_of_somebody_else_is_not_gone_on_with(desk: Sessions) -> None:
    dataset_id, ids, ann = filled(desk)
    ann.say(ids[0])
    tally = tally_of(desk, dataset_id=dataset_id, annotator="ann")
    assert tally_of(desk, dataset_id=dataset_id, annotator="bea", since=tally).progress.n_decided == 0
    with pytest.raises(NotFound, match="no dataset with number 999"):
        tally_of(desk, dataset_id=999, annotator="ann", since=tally)


def test_an_item_loaded_ahead_is_the_one_that_is_loaded_when_it_is_asked_for(desk: Sessions) -> None:
    dataset_id, ids, ann = filled(desk)
    asked = Asked(dataset_id, "ann", None)
    ahead = load_ahead(desk, asked, ids[1])
    assert ahead is not None
    ann.say(ids[0])
    assert still_stands(desk, ahead, asked, ids[1])
    assert ahead.item == load_item(desk, dataset_id=dataset_id, annotator="ann", item_id=ids[1])


def test_an_item_loaded_ahead_falls_when_something_about_it_changed(desk: Sessions) -> None:
    dataset_id, ids, ann = filled(desk)
    asked = Asked(dataset_id, "ann", None)
    on_itself, on_next = load_ahead(desk, asked, ids[1]), load_ahead(desk, asked, ids[3])
    assert on_itself is not None
    assert on_next is not None
    ann.say(ids[1])
    assert not still_stands(desk, on_itself, asked, ids[1]), "decided in another tab meanwhile"
    ann.say(ids[4])
    assert not still_stands(desk, on_next, asked, ids[3]), "the item after it is decided"
    Reviewer(desk, dataset_id, name="bea").say(ids[6])
    stays = load_ahead(desk, asked, ids[5])
    assert stays is not None
    Reviewer(desk, dataset_id, name="bea").say(ids[5])
    assert still_stands(desk, stays, asked, ids[5]), "what others decide is not shown"


def test_an_item_loaded_ahead_serves_nothing_else_than_it_was_loaded_for(desk: Sessions) -> None:
    dataset_id, ids, _ = filled(desk)
    asked = Asked(dataset_id, "ann", None)
    ahead = load_ahead(desk, asked, ids[1])
    assert ahead is not None
    assert not still_stands(desk, ahead, asked, ids[2])
    assert not still_stands(desk, ahead, Asked(dataset_id, "bea", None), ids[1])
    assert not still_stands(desk, ahead, Asked(dataset_id, "ann", None, queue="skipped"), ids[1])


def test_under_a_filter_that_decisions_move_nothing_is_loaded_ahead() -> None:
    assert Asked(1, "ann", 1, Filters(words="tea", badges=("flip",))).is_steady
    assert not Asked(1, "ann", 1, Filters(verdicts=("override",))).is_steady
    assert not Asked(1, "ann", 1, Filters(states=("undecided",))).is_steady


def test_a_deleted_item_does_not_stand(desk: Sessions) -> None:
    dataset_id, ids, _ = filled(desk)
    asked = Asked(dataset_id, "ann", None)
    ahead = load_ahead(desk, asked, ids[1])
    assert ahead is not None
    with desk.begin() as session:
        session.execute(delete(Candidate).where(Candidate.item_id == ids[1]))
        session.execute(delete(Item).where(Item.item_id == ids[1]))
    assert not still_stands(desk, ahead, asked, ids[1])
