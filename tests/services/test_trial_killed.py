"""kill -9 in the middle of a trial: what is kept stays, the rest is weighed once, the end is the undisturbed one."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from service_builders import WatchedSource, make_dataset, plain_items, queue_run, wait_until
from sqlalchemy import func, select

from db.migrate import upgrade
from db.session import Sessions, make_sessionmaker
from db.tables import Logprob
from db.tables_criteria import Trial
from scoring.criteria_body import CriteriaBody
from scoring.protocol import LogprobRequest
from scoring.room import ModelRoom
from services.criteria.store import ensure_builtin
from services.trials.trial import advance, start_trial
from services.weighing.run import weigh

N_ITEMS = 60
DRAFT = CriteriaBody("kind tea shop")
fork = multiprocessing.get_context("fork")


def _slowly(_ref: str, _requests: Sequence[LogprobRequest]) -> None:
    time.sleep(0.01)  # as a bigger model would: otherwise all is over before the parent looks


def _advance_in_child(url: str, room: ModelRoom, trial_id: int) -> None:
    advance(make_sessionmaker(url), WatchedSource(room, on_batch=_slowly), trial_id)
    os._exit(0)


def begun(sessions: Sessions, room: ModelRoom) -> int:
    run_id = queue_run(sessions, make_dataset(sessions, plain_items(N_ITEMS)))
    weigh(sessions, room, run_id)
    return start_trial(sessions, run_id=run_id, body=DRAFT)


def results_of(sessions: Sessions, trial_id: int) -> dict[str, Any]:
    with sessions() as session:
        return dict(session.get_one(Trial, trial_id).results)


def n_cached(sessions: Sessions) -> int:
    with sessions() as session:
        return session.scalar(select(func.count()).select_from(Logprob)) or 0


@pytest.mark.parametrize("seed", [1, 2])
def test_a_killed_trial_ends_as_if_nobody_had_killed_it(
    fresh_url: str, tmp_path: Path, room: ModelRoom, seed: int
) -> None:
    sessions = make_sessionmaker(fresh_url)
    ensure_builtin(sessions)
    trial_id = begun(sessions, room)
    n_before, n_kills, moment = n_cached(sessions), 0, random.Random(seed)
    for _ in range(3):
        child = fork.Process(target=_advance_in_child, args=(fresh_url, room, trial_id))
        reached = n_cached(sessions) + moment.randint(1, 60)
        sessions.engine.dispose()
        child.start()
        wait_until(lambda: n_cached(sessions) >= reached or not child.is_alive())  # noqa: B023
        if child.is_alive():
            n_kills += 1
            os.kill(child.pid or 0, signal.SIGKILL)
        child.join()
    rest = WatchedSource(room)
    kept = results_of(sessions, trial_id)
    n_there = n_cached(sessions) - n_before
    report = advance(sessions, rest, trial_id)
    assert n_kills > 0
    assert report.is_finished
    assert sum(rest.computed.values()) == 6 * N_ITEMS - n_there
    finished = results_of(sessions, trial_id)
    assert {item_id: finished[item_id] for item_id in kept} == kept
    assert finished == undisturbed(tmp_path, room)
    sessions.engine.dispose()


def undisturbed(tmp_path: Path, room: ModelRoom) -> dict[str, Any]:
    url = f"sqlite:///{tmp_path / 'undisturbed.db'}"
    upgrade(url)
    sessions = make_sessionmaker(url)
    ensure_builtin(sessions)
    trial_id = begun(sessions, room)
    advance(sessions, room, trial_id)
    found = results_of(sessions, trial_id)
    sessions.engine.dispose()
    return found
