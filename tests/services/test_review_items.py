"""The review screen's reading: what is shown, in which order, and which item comes next."""

from __future__ import annotations

import pytest
from service_builders import Reviewer, WatchedSource, draft, item_ids, make_dataset, plain_items, queue_run
from sqlalchemy import update

from db.session import Sessions
from db.tables import Run
from scoring.room import ModelRoom
from services.errors import NotFound
from services.reviews.review import load_item, next_undecided, progress
from services.runs import hide_run
from services.weighing.run import weigh


def test_more_than_two_candidates_are_shown_by_rank_and_keep_their_letters(desk: Sessions, room: ModelRoom) -> None:
    dataset_id = make_dataset(desk, plain_items(8, k=4))
    weigh(desk, room, queue_run(desk, dataset_id))
    moved = 0
    for item_id in item_ids(desk, dataset_id):
        item = Reviewer(desk, dataset_id).look(item_id)
        assert [one.rank for one in item.candidates] == [1, 2, 3, 4]
        assert sorted(one.letter for one in item.candidates) == ["A", "B", "C", "D"]
        assert all(one.key == "ABCD".index(one.letter) + 1 for one in item.candidates)
        assert item.suggestion is not None
        assert item.suggestion.best_letter == item.candidates[0].letter
        rewards = [one.reward or 0.0 for one in item.candidates]
        assert item.suggestion.margin == pytest.approx(rewards[0] - rewards[1])
        moved += item.candidates[0].letter != "A"
    assert moved


def test_two_candidates_stay_in_file_order(desk: Sessions, room: ModelRoom) -> None:
    dataset_id = make_dataset(desk, plain_items(8, k=2))
    weigh(desk, room, queue_run(desk, dataset_id))
    items = [Reviewer(desk, dataset_id).look(item_id) for item_id in item_ids(desk, dataset_id)]
    assert all([one.letter for one in item.candidates] == ["A", "B"] for item in items)
    assert {item.suggestion.best_letter for item in items if item.suggestion} == {"A", "B"}


def test_an_item_that_was_not_weighed_says_why_and_shows_its_candidates_as_in_the_file(
    desk: Sessions, room: ModelRoom
) -> None:
    dataset_id = make_dataset(desk, [draft("tea", "cup " * 300, "pot", "leaf")])
    weigh(desk, room, queue_run(desk, dataset_id))
    item = Reviewer(desk, dataset_id).look()
    assert item.suggestion is None
    assert item.not_weighed is not None
    assert item.not_weighed[0] == "too long"
    assert [(one.letter, one.reward) for one in item.candidates] == [("A", None), ("B", None), ("C", None)]


def test_an_empty_candidate_comes_last_with_its_note(desk: Sessions, room: ModelRoom) -> None:
    dataset_id = make_dataset(desk, [draft("tea", "", "cup", "cup")])
    weigh(desk, room, queue_run(desk, dataset_id))
    item = Reviewer(desk, dataset_id).look()
    assert [one.letter for one in item.candidates] == ["B", "C", "A"]
    assert item.candidates[2].note is not None
    assert item.candidates[2].note.startswith("empty response")
    assert item.candidates[1].note == "identical candidates: same text as B"
    assert item.suggestion is not None
    assert len(item.suggestion.top_candidate_ids) == 2


def test_a_dataset_that_nothing_has_weighed_can_be_reviewed(desk: Sessions) -> None:
    dataset_id = make_dataset(desk, plain_items(2))
    item = Reviewer(desk, dataset_id).look()
    assert (item.run_id, item.suggestion, item.position, item.n_items) == (None, None, 0, 2)
    assert len(item.candidates) == 3


def test_the_latest_finished_run_is_shown_unless_it_is_hidden_or_another_is_asked_for(
    desk: Sessions, room: ModelRoom
) -> None:
    dataset_id = make_dataset(desk, plain_items(2))
    first, second, queued = (queue_run(desk, dataset_id) for _ in range(3))
    weigh(desk, room, first)
    weigh(desk, room, second)
    reviewer = Reviewer(desk, dataset_id)
    assert reviewer.look().run_id == second
    assert reviewer.look(run_id=first).run_id == first
    assert reviewer.look(run_id=queued).suggestion is None
    hide_run(desk, second)
    assert reviewer.look().run_id == first


def test_a_run_that_was_stopped_halfway_serves_until_there_is_a_finished_one(desk: Sessions, room: ModelRoom) -> None:
    dataset_id = make_dataset(desk, plain_items(2))
    run_id = queue_run(desk, dataset_id)
    weigh(desk, WatchedSource(room), run_id)
    with desk.begin() as session:
        session.execute(update(Run).values(status="cancelled"))
    assert Reviewer(desk, dataset_id).look().run_id == run_id


def test_the_way_through_the_items_leads_past_what_is_decided_and_wraps(desk: Sessions) -> None:
    dataset_id = make_dataset(desk, plain_items(5))
    ids = item_ids(desk, dataset_id)
    reviewer = Reviewer(desk, dataset_id)
    first = reviewer.look()
    assert (first.item_id, first.prev_item_id, first.next_item_id) == (ids[0], None, ids[1])
    reviewer.say(ids[0])
    reviewer.say(ids[2])
    at_one = reviewer.look(ids[1])
    assert (at_one.prev_item_id, at_one.next_item_id, at_one.next_undecided_id) == (ids[0], ids[2], ids[3])
    assert reviewer.look().item_id == ids[3]  # goes on after the latest decision
    reviewer.say(ids[3])
    reviewer.say(ids[4])
    assert reviewer.look().item_id == ids[1]  # wraps to what was left out
    assert reviewer.look(ids[1]).next_undecided_id is None
    reviewer.say(ids[1])
    assert reviewer.look().item_id == ids[0]  # all decided: from the top
    assert reviewer.look().next_undecided_id is None


def test_skipped_items_come_back_only_when_nothing_else_is_left(desk: Sessions) -> None:
    dataset_id = make_dataset(desk, plain_items(3))
    ids = item_ids(desk, dataset_id)
    reviewer = Reviewer(desk, dataset_id)
    reviewer.say(ids[0], "skip")
    assert next_undecided(desk, dataset_id=dataset_id, annotator="ann") == ids[1]
    reviewer.say(ids[1])
    assert next_undecided(desk, dataset_id=dataset_id, annotator="ann", after_item_id=ids[1]) == ids[2]
    reviewer.say(ids[2])
    assert next_undecided(desk, dataset_id=dataset_id, annotator="ann", after_item_id=ids[2]) == ids[0]
    reviewer.say(ids[0])
    assert next_undecided(desk, dataset_id=dataset_id, annotator="ann", after_item_id=ids[2]) is None


def test_what_one_annotator_decided_is_undecided_for_another(desk: Sessions) -> None:
    dataset_id = make_dataset(desk, plain_items(2))
    ids = item_ids(desk, dataset_id)
    Reviewer(desk, dataset_id, name="ann").say(ids[0])
    bob = Reviewer(desk, dataset_id, name="bob").look()
    assert (bob.item_id, bob.decision) == (ids[0], None)


def test_going_back_shows_what_was_decided(desk: Sessions) -> None:
    dataset_id = make_dataset(desk, plain_items(2))
    reviewer = Reviewer(desk, dataset_id)
    item = reviewer.look()
    chosen = item.candidates[2]
    reviewer.say(
        item.item_id, "best", chosen_candidate_id=chosen.candidate_id, reason_tags=["style", "too long"], note="n 🍵",
        display_order=item.display_order, elapsed_ms=1234,
    )  # fmt: skip
    shown = reviewer.look(item.item_id).decision
    assert shown is not None
    assert (shown.verdict, shown.chosen_letter, shown.note) == ("override", "C", "n 🍵")
    assert shown.reason_tags == ("style", "too long")
    assert (shown.display_order, shown.elapsed_ms) == (item.display_order, 1234)


def test_progress_counts_effective_decisions_by_verdict(desk: Sessions, room: ModelRoom) -> None:
    dataset_id = make_dataset(desk, plain_items(6))
    run_id = queue_run(desk, dataset_id)
    weigh(desk, room, run_id)
    ids = item_ids(desk, dataset_id)
    ann, bob = Reviewer(desk, dataset_id), Reviewer(desk, dataset_id, name="bob")
    shown = ann.look(ids[0])
    ann.say(ids[0], "best", run_id=run_id, chosen_candidate_id=shown.candidates[0].candidate_id)
    shown = ann.look(ids[1])
    ann.say(ids[1], "best", run_id=run_id, chosen_candidate_id=shown.candidates[1].candidate_id)
    ann.say(ids[2], "flag")
    ann.say(ids[2], "skip")  # an edit: counts once
    bob.say(ids[3])
    found = progress(desk, dataset_id=dataset_id, annotator="ann")
    assert (found.n_total, found.n_decided, found.n_left) == (6, 3, 3)
    assert (found.n_accept, found.n_override, found.n_tie, found.n_skip, found.n_flag) == (1, 1, 0, 1, 0)
    assert progress(desk, dataset_id=dataset_id, annotator="ann", run_id=run_id).n_decided == 2
    assert progress(desk, dataset_id=dataset_id, annotator="new here").n_decided == 0


def test_what_is_not_there_is_told_in_one_line(desk: Sessions) -> None:
    dataset_id = make_dataset(desk, plain_items(1))
    other = item_ids(desk, make_dataset(desk, plain_items(1), name="other"))[0]
    reviewer = Reviewer(desk, dataset_id)
    with pytest.raises(NotFound, match="in this dataset"):
        reviewer.look(other)
    with pytest.raises(NotFound, match="no run 99"):
        reviewer.look(run_id=99)
    with pytest.raises(NotFound, match="no dataset"):
        load_item(desk, dataset_id=99, annotator="ann")
    assert load_item(desk, dataset_id=make_dataset(desk, [], name="empty"), annotator="ann") is None
