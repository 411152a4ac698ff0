"""Trials in threads: one at a time for each trial, stopped at a chunk, and a line where one ended early."""

from __future__ import annotations

import pytest
from service_builders import Gate, WatchedSource, make_dataset, plain_items, queue_run, wait_until, words

from db.session import Sessions
from scoring.criteria_body import CriteriaBody
from scoring.room import ModelRoom
from services.criteria.trying import TrialThreads
from services.trials.trial import read_trial, start_trial
from services.weighing.run import weigh

BODY = CriteriaBody("kind tea shop")


@pytest.fixture
def run_id(desk: Sessions, room: ModelRoom) -> int:
    """A finished run over twenty items."""
    run_id = queue_run(desk, make_dataset(desk, plain_items(20)))
    assert weigh(desk, room, run_id).status == "done"
    return run_id


def test_a_thread_weighs_a_trial_to_its_end(desk: Sessions, room: ModelRoom, run_id: int) -> None:
    threads = TrialThreads(desk, lambda: room)
    trial_id = start_trial(desk, run_id=run_id, body=BODY)
    threads.start(trial_id)
    wait_until(lambda: not threads.is_at_work(trial_id))
    found = read_trial(desk, trial_id)
    assert (found.is_finished, found.n_weighed, threads.problem(trial_id)) == (True, 20, "")


def test_a_trial_has_one_thread_at_a_time_and_stops_at_a_chunk(desk: Sessions, room: ModelRoom, run_id: int) -> None:
    gate = Gate()
    opened: list[int] = []

    def models() -> WatchedSource:
        opened.append(1)
        return WatchedSource(room, on_batch=gate.on_batch)

    threads = TrialThreads(desk, models)
    trial_id = start_trial(desk, run_id=run_id, body=BODY)
    threads.start(trial_id)
    assert gate.is_reached.wait(60)
    threads.start(trial_id)
    assert len(opened) == 1
    assert threads.is_at_work(trial_id)
    threads.stop(trial_id)
    gate.open()
    wait_until(lambda: not threads.is_at_work(trial_id))
    stopped = read_trial(desk, trial_id)
    assert not stopped.is_finished
    threads.start(trial_id)
    wait_until(lambda: read_trial(desk, trial_id).is_finished)


def test_criteria_that_fill_the_context_end_in_one_line_and_lose_nothing(
    desk: Sessions, room: ModelRoom, run_id: int
) -> None:
    threads = TrialThreads(desk, lambda: room)
    trial_id = start_trial(desk, run_id=run_id, body=CriteriaBody(words(1, 400)))
    threads.start(trial_id)
    wait_until(lambda: not threads.is_at_work(trial_id))
    assert "whose context limit is 256" in threads.problem(trial_id)
    assert "\n" not in threads.problem(trial_id)
    assert not read_trial(desk, trial_id).is_finished


def test_a_model_that_breaks_is_said_and_the_thread_ends(desk: Sessions, room: ModelRoom, run_id: int) -> None:
    def broken() -> ModelRoom:
        raise RuntimeError("no\nmodels here")

    threads = TrialThreads(desk, broken)
    trial_id = start_trial(desk, run_id=run_id, body=BODY)
    threads.start(trial_id)
    wait_until(lambda: not threads.is_at_work(trial_id))
    assert threads.problem(trial_id) == "RuntimeError: no models here; what was weighed is kept"
    assert threads.problem(999) == ""
    threads.stop(999)
