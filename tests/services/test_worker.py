"""The worker thread: queued runs oldest first, runs left behind, nothing opened before there is work."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from service_builders import Gate, WatchedSource, let_time_pass, make_dataset, plain_items, queue_run, wait_until
from sqlalchemy import update

from db.session import Sessions
from db.tables import Run
from scoring.errors import ModelUnavailable
from scoring.protocol import ModelSource
from scoring.room import ModelRoom
from services.runs import get_run, list_runs
from services.worker import RunWorker


@pytest.fixture
def workers() -> Iterator[list[RunWorker]]:
    """Workers put in here are stopped at the end."""
    started: list[RunWorker] = []
    yield started
    for worker in started:
        worker.stop()


def test_models_are_not_asked_for_before_there_is_a_run(
    desk: Sessions, room: ModelRoom, workers: list[RunWorker]
) -> None:
    asked = threading.Event()

    def models() -> ModelSource:
        asked.set()
        return room

    worker = RunWorker(desk, models, poll_s=0.01)
    workers.append(worker)
    worker.ensure_started()
    assert not asked.wait(0.2)
    run_id = queue_run(desk, make_dataset(desk, plain_items(3)))
    wait_until(lambda: get_run(desk, run_id).status == "done")
    assert asked.is_set()


def test_queued_runs_are_weighed_oldest_first_and_a_failed_one_stops_nobody(
    desk: Sessions, room: ModelRoom, workers: list[RunWorker]
) -> None:
    dataset_id = make_dataset(desk, plain_items(3))
    first, second, third = (queue_run(desk, dataset_id, pair=pair) for pair in ("tiny", "missing", "other"))
    worker = RunWorker(desk, lambda: room, poll_s=0.01)
    workers.append(worker)
    worker.ensure_started()
    wait_until(lambda: get_run(desk, third).status == "done")
    rows = {row.run_id: row for row in list_runs(desk)}
    assert [rows[run_id].status for run_id in (first, second, third)] == ["done", "failed", "done"]
    started = [rows[run_id].started_at for run_id in (first, second, third)]
    assert started == sorted(started, key=str)


def test_a_run_left_behind_by_a_dead_process_is_taken_up_and_a_live_one_is_not(
    desk: Sessions, room: ModelRoom, workers: list[RunWorker]
) -> None:
    dataset_id = make_dataset(desk, plain_items(3))
    left_behind, alive = queue_run(desk, dataset_id), queue_run(desk, dataset_id)
    gate = Gate()
    slow = RunWorker(desk, lambda: WatchedSource(room, on_batch=gate.on_batch), poll_s=0.01)
    workers.append(slow)
    with desk.begin() as session:  # the first one is in a dead worker's hand
        session.execute(update(Run).where(Run.run_id == left_behind).values(status="running", worker="gone:1:1"))
    slow.ensure_started()
    assert gate.is_reached.wait(60)  # holds one of them
    quick = RunWorker(desk, lambda: room, poll_s=0.01)
    workers.append(quick)
    quick.ensure_started()
    wait_until(lambda: "done" in [get_run(desk, run_id).status for run_id in (left_behind, alive)])
    assert get_run(desk, left_behind).status == "running"  # in the slow worker's hand, and left there
    gate.open()
    wait_until(lambda: [row.status for row in list_runs(desk)] == ["done", "done"])


def test_a_run_whose_worker_died_while_cancelling_is_cancelled(
    desk: Sessions, room: ModelRoom, workers: list[RunWorker]
) -> None:
    run_id = queue_run(desk, make_dataset(desk, plain_items(3)))
    with desk.begin() as session:
        session.execute(update(Run).where(Run.run_id == run_id).values(status="cancelling", worker="gone:1:1"))
    let_time_pass(desk, run_id)
    worker = RunWorker(desk, lambda: room, poll_s=0.01)
    workers.append(worker)
    worker.ensure_started()
    wait_until(lambda: get_run(desk, run_id).status == "cancelled")


def test_several_workers_share_the_queue_and_each_run_is_weighed_once(
    desk: Sessions, room: ModelRoom, workers: list[RunWorker]
) -> None:
    runs = [queue_run(desk, make_dataset(desk, plain_items(6), name=str(n))) for n in range(6)]
    workers += [RunWorker(desk, lambda: room, poll_s=0.01) for _ in range(4)]
    for worker in workers:
        worker.ensure_started()
        worker.ensure_started()
    wait_until(lambda: all(get_run(desk, run_id).status == "done" for run_id in runs))
    assert [get_run(desk, run_id).n_done for run_id in runs] == [6] * 6


def test_stopping_puts_the_run_in_hand_back_into_the_queue(
    desk: Sessions, room: ModelRoom, workers: list[RunWorker]
) -> None:
    run_id = queue_run(desk, make_dataset(desk, plain_items(100)))
    gate = Gate(after=2)
    worker = RunWorker(desk, lambda: WatchedSource(room, on_batch=gate.on_batch), poll_s=0.01)
    worker.ensure_started()
    assert gate.is_reached.wait(60)
    stopper = threading.Thread(target=worker.stop)
    stopper.start()
    gate.open()
    stopper.join(60)
    assert get_run(desk, run_id).status == "queued"
    worker.ensure_started()  # it can begin again
    workers.append(worker)
    wait_until(lambda: get_run(desk, run_id).status == "done")
    assert get_run(desk, run_id).n_done == 100


@pytest.mark.parametrize("kind", [ModelUnavailable, ImportError, RuntimeError])
def test_a_process_that_cannot_hold_models_says_so_on_the_run(
    desk: Sessions, workers: list[RunWorker], kind: type[Exception]
) -> None:
    def no_models() -> ModelSource:
        raise kind("no room for models here")

    run_id = queue_run(desk, make_dataset(desk, plain_items(3)))
    worker = RunWorker(desk, no_models, poll_s=0.01)
    workers.append(worker)
    worker.ensure_started()
    wait_until(lambda: get_run(desk, run_id).status == "failed")
    assert "no room for models here" in (get_run(desk, run_id).error or "")
