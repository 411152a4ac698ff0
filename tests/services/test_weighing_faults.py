"""Runs that go wrong: missing models, broken forwards, defects, two workers, weights that changed. Nothing is lost."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress

import pytest
from service_builders import (
    Gate,
    WatchedSource,
    let_time_pass,
    make_dataset,
    plain_items,
    queue_run,
    scores_of,
    wait_until,
)

from db.session import Sessions
from scoring.errors import EngineFailed
from scoring.pairs import ModelSpec
from scoring.protocol import LogprobRequest
from scoring.room import ModelRoom
from services.errors import Refused
from services.run_rows import RunRow
from services.runs import get_run, request_cancel, resume
from services.weighing.run import weigh


def test_a_model_that_cannot_be_had_fails_its_run_with_one_line_and_harms_nothing(
    desk: Sessions, room: ModelRoom
) -> None:
    dataset_id = make_dataset(desk, plain_items(3))
    good, bad, after = (queue_run(desk, dataset_id, pair=pair) for pair in ("tiny", "missing", "tiny"))
    weigh(desk, room, good)
    numbers = scores_of(desk, good)
    failed = weigh(desk, room, bad)
    assert failed.status == "failed"
    assert failed.error is not None
    assert "nowhere" in failed.error
    assert "\n" not in failed.error
    assert weigh(desk, room, after).status == "done"
    assert scores_of(desk, good) == numbers


def test_a_forward_that_breaks_fails_the_run_and_resuming_computes_only_the_rest(
    desk: Sessions, room: ModelRoom
) -> None:
    run_id = queue_run(desk, make_dataset(desk, plain_items(40)))
    left = [3]

    def break_later(_ref: str, _requests: Sequence[LogprobRequest]) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise EngineFailed("the device fell off; plug it in and resume")

    failed = weigh(desk, WatchedSource(room, on_batch=break_later), run_id)
    assert (failed.status, failed.error) == ("failed", "the device fell off; plug it in and resume")
    resume(desk, run_id)
    done = weigh(desk, room, run_id)
    assert (done.status, done.error, done.n_computed) == ("done", None, 240)


def test_a_defect_is_told_on_the_run_with_its_type_and_line(
    desk: Sessions, room: ModelRoom, caplog: pytest.LogCaptureFixture
) -> None:
    def break_now(_ref: str, _requests: Sequence[LogprobRequest]) -> None:
        raise ZeroDivisionError("no tea left")

    row = weigh(desk, WatchedSource(room, on_batch=break_now), queue_run(desk, make_dataset(desk, plain_items(2))))
    assert row.status == "failed"
    assert row.error is not None
    assert row.error.startswith("ZeroDivisionError: no tea left (test_weighing_faults.py:")
    assert "Traceback" in caplog.text


def test_a_run_in_somebodys_hand_cannot_be_weighed_twice(desk: Sessions, room: ModelRoom) -> None:
    run_id = queue_run(desk, make_dataset(desk, plain_items(3)))
    gate = Gate()
    thread = threading.Thread(target=weigh, args=(desk, WatchedSource(room, on_batch=gate.on_batch), run_id))
    thread.start()
    assert gate.is_reached.wait(60)
    with pytest.raises(Refused, match="is running by"):
        weigh(desk, room, run_id)
    gate.open()
    thread.join(60)
    with pytest.raises(Refused, match="is done"):
        weigh(desk, room, run_id)


def take_over(desk: Sessions, room: ModelRoom, run_id: int) -> RunRow:
    """Weigh a run whose worker sleeps, as soon as its last signs of life (a beat, the other side's pack) are over."""
    for _ in range(100):
        let_time_pass(desk, run_id)
        with suppress(Refused):
            return weigh(desk, room, run_id)
    raise AssertionError("the sleeper never slept")


def test_a_worker_that_slept_too_long_writes_nothing_into_the_run_that_was_taken_over(
    desk: Sessions, room: ModelRoom
) -> None:
    dataset_id = make_dataset(desk, plain_items(40))
    run_id = queue_run(desk, dataset_id)
    gate = Gate(after=1)
    sleeper = threading.Thread(target=weigh, args=(desk, WatchedSource(room, on_batch=gate.on_batch), run_id))
    sleeper.start()
    assert gate.is_reached.wait(60)
    taken = take_over(desk, room, run_id)
    assert taken.status == "done"
    numbers = scores_of(desk, run_id)
    gate.open()
    sleeper.join(60)
    after = get_run(desk, run_id)
    assert (after.status, after.n_computed, after.n_done) == ("done", taken.n_computed, 40)
    assert scores_of(desk, run_id) == numbers


def test_a_long_batch_does_not_let_the_run_look_left_behind(
    desk: Sessions, room: ModelRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.run_hold.HEARTBEAT_S", 0.05)
    run_id = queue_run(desk, make_dataset(desk, plain_items(3)))
    gate = Gate()
    thread = threading.Thread(target=weigh, args=(desk, WatchedSource(room, on_batch=gate.on_batch), run_id))
    thread.start()
    assert gate.is_reached.wait(60)
    let_time_pass(desk, run_id)
    wait_until(lambda: not get_run(desk, run_id).is_interrupted, timeout_s=5)
    gate.open()
    thread.join(60)


def test_weights_that_changed_under_a_half_done_run_fail_it(desk: Sessions, room: ModelRoom) -> None:
    run_id = queue_run(desk, make_dataset(desk, plain_items(70)))
    gate = Gate(after=6)
    thread = threading.Thread(target=weigh, args=(desk, WatchedSource(room, on_batch=gate.on_batch), run_id))
    thread.start()
    assert gate.is_reached.wait(60)
    request_cancel(desk, run_id)
    gate.open()
    thread.join(60)
    resume(desk, run_id)

    class OtherWeights(WatchedSource):
        def open(self, spec: ModelSpec):  # type: ignore[no-untyped-def]
            return super().open(ModelSpec(spec.ref.removesuffix("/w") + "/o") if spec.ref.endswith("/w") else spec)

    row = weigh(desk, OtherWeights(room), run_id)
    assert row.status == "failed"
    assert row.error is not None
    assert "start a new run" in row.error
