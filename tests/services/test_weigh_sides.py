"""Strong and weak on two devices: at the same time, the same numbers, one clean end whatever happens on either side."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest
from service_builders import WatchedSource, make_dataset, plain_items, queue_run, scores_of
from sqlalchemy import delete, func, select

from db.session import Sessions
from db.tables import Logprob
from scoring.errors import EngineFailed
from scoring.protocol import LogprobRequest
from scoring.room import ModelRoom
from services.runs import get_run, request_cancel, resume
from services.weighing.logprob_cache import KeepBatch
from services.weighing.run import weigh
from services.weighing.sides import both_at_once

TWO = {"s": "cpu", "w": "cpu:1"}


class Meeting:
    """Holds a pack of each model until both models have one in hand: only then do they work at the same time."""

    def __init__(self) -> None:
        self.barrier = threading.Barrier(2)
        self.has_met = threading.Event()

    def on_batch(self, _ref: str, _requests: Sequence[LogprobRequest]) -> None:
        if not self.has_met.is_set():
            self.barrier.wait(30)
            self.has_met.set()


def test_both_models_work_at_the_same_time_and_give_the_numbers_of_one_after_the_other(
    desk: Sessions, room: ModelRoom
) -> None:
    alone = queue_run(desk, make_dataset(desk, plain_items(70), name="a"))
    row_alone = weigh(desk, room, alone)
    with desk.begin() as session:
        session.execute(delete(Logprob))
    beside = queue_run(desk, make_dataset(desk, plain_items(70), name="b"))
    meeting = Meeting()
    row = weigh(desk, WatchedSource(room, on_batch=meeting.on_batch, devices=TWO), beside)
    assert row.status == "done"
    assert meeting.has_met.is_set()
    assert scores_of(desk, beside) == scores_of(desk, alone)
    assert (row.n_computed, row.n_cached, row.n_done) == (row_alone.n_computed, row_alone.n_cached, 70)
    assert row.configuration["models"]["weak"]["device"] == "cpu:1"


def threads_of(desk: Sessions, room: ModelRoom, *, pair: str, devices: dict[str, str] | None = None) -> set[str]:
    """Names of the threads there were while a pair weighed."""
    seen: set[str] = set()

    def look(_ref: str, _requests: Sequence[LogprobRequest]) -> None:
        seen.update(thread.name for thread in threading.enumerate())

    run_id = queue_run(desk, make_dataset(desk, plain_items(9), name=pair), pair=pair)
    assert weigh(desk, WatchedSource(room, on_batch=look, devices=devices or {}), run_id).status == "done"
    return seen


def test_on_a_cpu_both_models_work_side_by_side_unless_they_are_one_in_memory(
    desk: Sessions, room: ModelRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    assert "weigh-beside" in threads_of(desk, room, pair="tiny")
    assert "weigh-beside" not in threads_of(desk, room, pair="same")
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    assert "weigh-beside" not in threads_of(desk, room, pair="swapped")


def test_on_one_gpu_the_models_take_turns_in_one_thread(desk: Sessions, room: ModelRoom) -> None:
    assert "weigh-beside" not in threads_of(desk, room, pair="tiny", devices={"s": "cuda:0", "w": "cuda:0"})


@pytest.mark.parametrize("failing", ["s", "w"])
def test_an_error_on_either_side_fails_the_run_in_one_line_and_loses_nothing(
    desk: Sessions, room: ModelRoom, failing: str
) -> None:
    run_id = queue_run(desk, make_dataset(desk, plain_items(60)))
    n_before = {"s": 0, "w": 0}

    def fail(ref: str, _requests: Sequence[LogprobRequest]) -> None:
        n_before[ref] += 1
        if ref == failing and n_before[ref] == 4:
            raise EngineFailed("3 of 9 log-probs are NaN")

    row = weigh(desk, WatchedSource(room, on_batch=fail, devices=TWO), run_id)
    assert (row.status, row.error) == ("failed", "3 of 9 log-probs are NaN")
    assert not [thread for thread in threading.enumerate() if thread.name == "weigh-beside"]
    resume(desk, run_id)
    done = weigh(desk, room, run_id)
    assert (done.status, done.n_done, done.n_computed) == ("done", 60, 360)
    with desk() as session:
        assert session.scalar(select(func.count()).select_from(Logprob)) == 360


def test_cancelling_stops_both_sides(desk: Sessions, room: ModelRoom) -> None:
    run_id = queue_run(desk, make_dataset(desk, plain_items(70)))
    n = {"s": 0, "w": 0}

    def cancel(ref: str, _requests: Sequence[LogprobRequest]) -> None:
        n[ref] += 1
        if min(n.values()) == 2:
            request_cancel(desk, run_id)

    assert weigh(desk, WatchedSource(room, on_batch=cancel, devices=TWO), run_id).status == "cancelled"
    assert not [thread for thread in threading.enumerate() if thread.name == "weigh-beside"]
    assert get_run(desk, run_id).n_done < 70


def test_ctrl_c_ends_the_other_side_too_and_is_passed_on() -> None:
    has_begun, is_over = threading.Event(), threading.Event()

    def here(_keep: object) -> None:
        has_begun.wait(30)
        raise KeyboardInterrupt

    def beside(keep: KeepBatch) -> None:
        while not is_over.is_set():
            keep("f", {})
            has_begun.set()

    watchdog = threading.Timer(30, is_over.set)
    watchdog.start()
    with pytest.raises(KeyboardInterrupt):
        both_at_once(here, beside, keep=lambda _fingerprint, _results: None)
    assert not is_over.is_set(), "the other side went on until the test ended it"
    watchdog.cancel()
