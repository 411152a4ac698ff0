"""Weighing for a caller that waits: which run the same words take up, and what becomes of it when others come in."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import pytest
from service_builders import WatchedSource, let_time_pass, make_dataset, plain_items, queue_run
from sqlalchemy import update

from db.session import Sessions
from db.tables import Run, utc_now
from scoring.protocol import LogprobRequest
from scoring.room import ModelRoom
from services.live.now import Message, send_to_dataset
from services.run_rows import RunRow
from services.runs import get_run, request_cancel
from services.weighing.here import find_or_start, weigh_or_follow
from services.weighing.run import WeighProgress, weigh


def nothing(_told: WeighProgress) -> None:
    """For a caller without a bar."""


def put(desk: Sessions, run_id: int, **values: object) -> None:
    with desk.begin() as session:
        session.execute(update(Run).where(Run.run_id == run_id).values(**values))


def in_another_hand(desk: Sessions, run_id: int, status: str = "running") -> None:
    put(desk, run_id, status=status, worker="elsewhere:1:1", heartbeat_at=utc_now())


def settled_by_another(desk: Sessions, run_id: int, what: Callable[[], None], room: ModelRoom) -> RunRow:
    """Follow a run in another hand; a moment later `what` happens to it."""
    timer = threading.Timer(0.2, what)
    timer.start()
    try:
        return weigh_or_follow(desk, lambda: room, run_id, on_progress=nothing)
    finally:
        timer.join()


def test_items_appended_before_a_run_was_taken_up_belong_to_the_next_run(desk: Sessions, room: ModelRoom) -> None:
    run_id = queue_run(desk, make_dataset(desk, plain_items(3), name="growing"))
    send_to_dataset(desk, "growing", messages=[Message("user", "more tea?")], candidates=["yes", "no"])
    row = weigh(desk, room, run_id)
    assert (row.status, row.n_items, row.n_done) == ("done", 3, 3)


def test_a_resumed_run_keeps_to_the_items_it_began_with(desk: Sessions, room: ModelRoom) -> None:
    run_id = queue_run(desk, make_dataset(desk, plain_items(20), name="growing"))

    def cancel(_ref: str, _requests: Sequence[LogprobRequest]) -> None:
        request_cancel(desk, run_id)

    assert weigh(desk, WatchedSource(room, on_batch=cancel), run_id).status == "cancelled"
    for word in ("one", "two"):
        send_to_dataset(desk, "growing", messages=[Message("user", word)], candidates=["yes", "no"])
    put(desk, run_id, status="queued")
    row = weigh(desk, room, run_id)
    assert (row.status, row.n_items, row.n_done, row.progress) == ("done", 20, 20, 1.0)


def test_the_same_words_take_up_the_unfinished_run_while_the_dataset_has_not_grown(desk: Sessions) -> None:
    dataset_id = make_dataset(desk, plain_items(3), name="growing")
    begun = find_or_start(desk, dataset_id=dataset_id, pair="tiny")
    put(desk, begun, status="cancelled")
    assert find_or_start(desk, dataset_id=dataset_id, pair="tiny") == begun
    assert get_run(desk, begun).status == "queued"
    send_to_dataset(desk, "growing", messages=[Message("user", "more tea?")], candidates=["yes", "no"])
    later = find_or_start(desk, dataset_id=dataset_id, pair="tiny")
    assert (later != begun, get_run(desk, later).n_items) == (True, 4)


@pytest.mark.parametrize("other", [{"count_end_of_turn": False}, {"dtype": "bfloat16"}, {"min_candidates": 1}])
def test_a_run_made_under_other_settings_is_not_taken_up(desk: Sessions, other: dict[str, object]) -> None:
    dataset_id = make_dataset(desk, plain_items(3))
    begun = queue_run(desk, dataset_id, **other)
    assert find_or_start(desk, dataset_id=dataset_id, pair="tiny") != begun


def test_a_cancel_that_nobody_obeyed_does_not_stop_the_same_words(desk: Sessions, room: ModelRoom) -> None:
    dataset_id = make_dataset(desk, plain_items(3))
    run_id = find_or_start(desk, dataset_id=dataset_id, pair="tiny")
    in_another_hand(desk, run_id, "cancelling")
    let_time_pass(desk, run_id)
    assert find_or_start(desk, dataset_id=dataset_id, pair="tiny") == run_id
    assert weigh_or_follow(desk, lambda: room, run_id, on_progress=nothing).status == "done"


def test_a_followed_run_is_taken_over_when_its_worker_dies_or_puts_it_back(desk: Sessions, room: ModelRoom) -> None:
    dataset_id = make_dataset(desk, plain_items(3))
    run_id = find_or_start(desk, dataset_id=dataset_id, pair="tiny")
    in_another_hand(desk, run_id)
    assert settled_by_another(desk, run_id, lambda: let_time_pass(desk, run_id), room).status == "done"
    second = queue_run(desk, dataset_id)
    in_another_hand(desk, second)
    assert settled_by_another(desk, second, lambda: put(desk, second, status="queued"), room).n_done == 3


def test_a_followed_run_that_somebody_cancels_ends_as_cancelled(desk: Sessions, room: ModelRoom) -> None:
    run_id = queue_run(desk, make_dataset(desk, plain_items(3)))
    in_another_hand(desk, run_id)
    row = settled_by_another(desk, run_id, lambda: put(desk, run_id, status="cancelled"), room)
    assert (row.status, row.n_done) == ("cancelled", 0)
