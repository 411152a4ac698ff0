"""Deciding and undoing: accept and override told apart, one decision per submission, nothing lost."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from service_builders import Reviewer, draft, item_ids, make_dataset, plain_items, queue_run
from sqlalchemy import func, select

from db.session import Sessions
from db.tables import Decision, Suggestion
from scoring.room import ModelRoom
from services.errors import NotFound, Refused
from services.reviews.review import NOTE_LIMIT, REASON_TAGS, ReviewItem, load_item, progress, undo
from services.weighing.run import weigh


@pytest.fixture
def weighed(desk: Sessions, room: ModelRoom) -> tuple[int, int]:
    """(dataset_id, run_id) of five weighed items of three candidates."""
    dataset_id = make_dataset(desk, plain_items(5))
    run_id = queue_run(desk, dataset_id)
    weigh(desk, room, run_id)
    return dataset_id, run_id


def test_choosing_the_suggested_best_is_an_accept_and_takes_its_ranking(
    desk: Sessions, weighed: tuple[int, int]
) -> None:
    dataset_id, run_id = weighed
    reviewer = Reviewer(desk, dataset_id)
    item = reviewer.look()
    assert item.suggestion is not None
    kept = reviewer.say(item.item_id, "best", run_id=run_id, chosen_candidate_id=item.suggestion.best_candidate_id)
    assert (kept.verdict, kept.ranking) == ("accept", item.suggestion.ranking)
    assert kept.suggested_candidate_id == item.suggestion.best_candidate_id


def test_choosing_another_is_an_override_and_keeps_the_suggestion_as_it_stood(
    desk: Sessions, weighed: tuple[int, int]
) -> None:
    dataset_id, run_id = weighed
    reviewer = Reviewer(desk, dataset_id)
    item = reviewer.look()
    last = item.candidates[-1].candidate_id
    kept = reviewer.say(item.item_id, "best", run_id=run_id, chosen_candidate_id=last)
    assert kept.verdict == "override"
    assert kept.ranking[0] == (last,)
    assert kept.suggestion["margin"] == item.suggestion.margin if item.suggestion else False
    rewards = {str(one.candidate_id): one.reward for one in item.candidates}
    assert kept.suggestion["rewards"] == rewards
    assert kept.suggestion["rank_by"] == "sum"


def test_choosing_either_of_a_tied_best_is_an_accept(desk: Sessions, room: ModelRoom) -> None:
    dataset_id = make_dataset(desk, [draft("tea", "cup", "cup")])
    run_id = queue_run(desk, dataset_id)
    weigh(desk, room, run_id)
    reviewer = Reviewer(desk, dataset_id)
    item = reviewer.look()
    for candidate in item.candidates:
        kept = reviewer.say(item.item_id, "best", run_id=run_id, chosen_candidate_id=candidate.candidate_id)
        assert kept.verdict == "accept"
        assert kept.chosen_candidate_id == candidate.candidate_id


def test_choosing_where_nothing_was_suggested_is_an_override_of_nothing(desk: Sessions, room: ModelRoom) -> None:
    dataset_id = make_dataset(desk, [draft("tea", "cup " * 300, "pot")])
    run_id = queue_run(desk, dataset_id)
    weigh(desk, room, run_id)
    reviewer = Reviewer(desk, dataset_id)
    item = reviewer.look()
    kept = reviewer.say(item.item_id, "best", run_id=run_id, chosen_candidate_id=item.candidates[0].candidate_id)
    assert (kept.verdict, kept.suggested_candidate_id) == ("override", None)
    assert kept.suggestion["not_weighed"]["reason"] == "too long"


@pytest.mark.parametrize("verdict", ["tie", "skip", "flag"])
def test_the_other_verdicts_choose_nobody(desk: Sessions, weighed: tuple[int, int], verdict: str) -> None:
    dataset_id, run_id = weighed
    item_id = item_ids(desk, dataset_id)[0]
    kept = Reviewer(desk, dataset_id).say(item_id, verdict, run_id=run_id)
    assert (kept.verdict, kept.chosen_candidate_id) == (verdict, None)
    assert kept.suggested_candidate_id is not None
    assert len(kept.ranking) == (1 if verdict == "tie" else 0)


def test_submitting_twice_keeps_one_decision_and_returns_it(desk: Sessions, weighed: tuple[int, int]) -> None:
    dataset_id, _ = weighed
    reviewer = Reviewer(desk, dataset_id)
    item_id = item_ids(desk, dataset_id)[0]
    once = reviewer.say(item_id, "tie", submission="one")
    again = reviewer.say(item_id, "skip", submission="one")
    assert again == once
    with desk() as session:
        assert session.scalar(select(func.count()).select_from(Decision)) == 1


def test_submitting_twice_at_the_same_moment_keeps_one_decision(desk: Sessions, weighed: tuple[int, int]) -> None:
    dataset_id, _ = weighed
    reviewer = Reviewer(desk, dataset_id)
    item_id = item_ids(desk, dataset_id)[0]
    barrier = threading.Barrier(6)

    def submit(_n: int) -> int:
        barrier.wait()
        kept: int = reviewer.say(item_id, "tie", submission="one").decision_id
        return kept

    with ThreadPoolExecutor(6) as pool:
        assert len(set(pool.map(submit, range(6)))) == 1


def test_a_token_of_another_decision_is_refused(desk: Sessions, weighed: tuple[int, int]) -> None:
    dataset_id, _ = weighed
    first, second = item_ids(desk, dataset_id)[:2]
    Reviewer(desk, dataset_id).say(first, submission="one")
    with pytest.raises(Refused, match="token was used"):
        Reviewer(desk, dataset_id).say(second, submission="one")
    with pytest.raises(Refused, match="token was used"):
        Reviewer(desk, dataset_id, name="bob").say(first, submission="one")


def test_several_people_deciding_at_once_lose_nothing(desk: Sessions) -> None:
    dataset_id = make_dataset(desk, plain_items(20))
    ids = item_ids(desk, dataset_id)

    def work(name: str) -> None:
        reviewer = Reviewer(desk, dataset_id, name=name)
        for item_id in ids:
            reviewer.say(item_id, submission=f"{name}{item_id}")

    names = ["ann", "bob", "cid", "dee"]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, names))
    assert [progress(desk, dataset_id=dataset_id, annotator=name).n_tie for name in names] == [20] * 4


@pytest.mark.parametrize(
    ("wrong", "line"),
    [
        ({"verdict": "perfect"}, "must be one of best"),
        ({"verdict": "best"}, "only 'best' names one"),
        ({"verdict": "tie", "chosen_candidate_id": 1}, "only 'best' names one"),
        ({"verdict": "best", "chosen_candidate_id": 10**6}, "is not one of item"),
        ({"reason_tags": ["ugly"]}, "'ugly' is not known"),
        ({"note": "x" * (NOTE_LIMIT + 1)}, "4001 characters; the limit is 4000"),
        ({"display_order": [1]}, "display order"),
        ({"submission": ""}, "submission"),
        ({"submission": "undo:1"}, "submission"),
        ({"elapsed_ms": -1}, "negative"),
    ],
)
def test_what_is_wrong_with_a_request_is_told_and_nothing_is_kept(
    desk: Sessions, weighed: tuple[int, int], wrong: dict[str, object], line: str
) -> None:
    dataset_id, _ = weighed
    reviewer = Reviewer(desk, dataset_id)
    with pytest.raises(Refused, match=line):
        reviewer.say(item_ids(desk, dataset_id)[0], **{"verdict": "tie", **wrong})  # type: ignore[arg-type]
    assert progress(desk, dataset_id=dataset_id, annotator="ann").n_decided == 0


def test_an_item_or_run_that_is_not_there_is_told(desk: Sessions, weighed: tuple[int, int]) -> None:
    dataset_id, run_id = weighed
    other = make_dataset(desk, plain_items(1), name="other")
    with pytest.raises(NotFound, match="no item"):
        Reviewer(desk, dataset_id).say(10**6)
    with pytest.raises(NotFound, match="is not one of this item's dataset"):
        Reviewer(desk, other).say(item_ids(desk, other)[0], run_id=run_id)


def test_a_note_of_the_full_length_and_odd_characters_is_kept(desk: Sessions, weighed: tuple[int, int]) -> None:
    dataset_id, _ = weighed
    note = "שלום 🍵\x00" + "x" * (NOTE_LIMIT - 7)
    kept = Reviewer(desk, dataset_id).say(item_ids(desk, dataset_id)[0], note=note, reason_tags=REASON_TAGS)
    assert len(kept.note) == NOTE_LIMIT
    assert "\x00" not in kept.note
    assert kept.reason_tags == REASON_TAGS


def shown(sessions: Sessions, dataset_id: int, item_id: int) -> ReviewItem:
    item = load_item(sessions, dataset_id=dataset_id, annotator="ann", item_id=item_id)
    assert item is not None
    return item


def test_undo_takes_back_the_latest_action_then_the_one_before(desk: Sessions, weighed: tuple[int, int]) -> None:
    dataset_id, _ = weighed
    first, second, *_ = item_ids(desk, dataset_id)
    reviewer = Reviewer(desk, dataset_id)
    reviewer.say(first, "tie")
    reviewer.say(second, "skip")
    undone = undo(desk, dataset_id=dataset_id, annotator="ann")
    assert undone is not None
    assert (undone.item_id, undone.undone_verdict, undone.restored) == (second, "skip", None)
    assert shown(desk, dataset_id, second).decision is None
    assert shown(desk, dataset_id, first).decision is not None
    again = undo(desk, dataset_id=dataset_id, annotator="ann")
    assert again is not None
    assert again.item_id == first
    assert undo(desk, dataset_id=dataset_id, annotator="ann") is None
    with desk() as session:
        assert session.scalar(select(func.count()).select_from(Decision)) == 4  # nothing is deleted


def test_undo_of_an_edit_restores_the_decision_before_it(desk: Sessions, weighed: tuple[int, int]) -> None:
    dataset_id, run_id = weighed
    item_id, other, *_ = item_ids(desk, dataset_id)
    reviewer = Reviewer(desk, dataset_id)
    item = reviewer.look(item_id)
    before = reviewer.say(
        item_id, "best", run_id=run_id, chosen_candidate_id=item.candidates[1].candidate_id, note="why",
        reason_tags=["style"], display_order=item.display_order, elapsed_ms=5,
    )  # fmt: skip
    reviewer.say(other, "flag")
    reviewer.say(item_id, "skip")
    undone = undo(desk, dataset_id=dataset_id, annotator="ann")
    assert undone is not None
    restored = shown(desk, dataset_id, item_id).decision
    assert restored == undone.restored
    assert restored is not None
    assert restored.decision_id != before.decision_id
    for field in ("verdict", "chosen_candidate_id", "ranking", "note", "reason_tags", "display_order", "suggestion"):
        assert getattr(restored, field) == getattr(before, field)
    following = undo(desk, dataset_id=dataset_id, annotator="ann")  # the restored copy is no action of its own
    assert following is not None
    assert following.item_id == other
    last = undo(desk, dataset_id=dataset_id, annotator="ann")
    assert last is not None
    assert (last.item_id, last.restored) == (item_id, None)
    assert shown(desk, dataset_id, item_id).decision is None


def test_deciding_after_an_undo_can_be_undone_again(desk: Sessions, weighed: tuple[int, int]) -> None:
    dataset_id, run_id = weighed
    item_id = item_ids(desk, dataset_id)[0]
    reviewer = Reviewer(desk, dataset_id)
    best = reviewer.look(item_id).candidates[0].candidate_id
    reviewer.say(item_id, "skip")
    undo(desk, dataset_id=dataset_id, annotator="ann")
    assert reviewer.say(item_id, "best", run_id=run_id, chosen_candidate_id=best).verdict == "accept"
    undone = undo(desk, dataset_id=dataset_id, annotator="ann")
    assert undone is not None
    assert (undone.undone_verdict, undone.restored) == ("accept", None)
    assert undo(desk, dataset_id=dataset_id, annotator="ann") is None


def test_undo_leaves_other_people_and_other_datasets_alone(desk: Sessions, weighed: tuple[int, int]) -> None:
    dataset_id, _ = weighed
    other_id = make_dataset(desk, plain_items(1), name="other")
    item_id, other_item = item_ids(desk, dataset_id)[0], item_ids(desk, other_id)[0]
    Reviewer(desk, dataset_id, name="bob").say(item_id)
    Reviewer(desk, other_id).say(other_item)
    assert undo(desk, dataset_id=dataset_id, annotator="ann") is None
    assert progress(desk, dataset_id=dataset_id, annotator="bob").n_decided == 1
    assert progress(desk, dataset_id=other_id, annotator="ann").n_decided == 1


def test_two_undos_at_the_same_moment_take_back_two_actions(desk: Sessions, weighed: tuple[int, int]) -> None:
    dataset_id, _ = weighed
    ids = item_ids(desk, dataset_id)
    for item_id in ids:
        Reviewer(desk, dataset_id).say(item_id)
    with ThreadPoolExecutor(3) as pool:
        undone = list(pool.map(lambda _: undo(desk, dataset_id=dataset_id, annotator="ann"), range(3)))
    assert {one.item_id for one in undone if one} == set(ids[2:])
    assert progress(desk, dataset_id=dataset_id, annotator="ann").n_decided == 2


def test_a_decision_outlives_a_later_change_of_the_suggestion(desk: Sessions, weighed: tuple[int, int]) -> None:
    dataset_id, run_id = weighed
    item_id = item_ids(desk, dataset_id)[0]
    reviewer = Reviewer(desk, dataset_id)
    kept = reviewer.say(item_id, "tie", run_id=run_id)
    with desk.begin() as session:
        session.get_one(Suggestion, (run_id, item_id)).margin = 99.0
    decision = reviewer.look(item_id).decision
    assert decision is not None
    assert decision.suggestion["margin"] == kept.suggestion["margin"] != 99.0
