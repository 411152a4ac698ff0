"""kill -9 at any point: a resumed run ends with the very numbers of an undisturbed one, and no batch is computed twice.

The child is a real process (forked, so that loading torch is not what is timed) with an engine and sessions of its own.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from service_builders import (
    WatchedSource,
    let_time_pass,
    make_dataset,
    plain_items,
    queue_run,
    scores_of,
    wait_until,
)
from sqlalchemy import func, select

from db.migrate import upgrade
from db.session import Sessions, make_sessionmaker
from db.tables import Logprob, NotWeighed, Suggestion
from scoring.pairs import ModelSpec
from scoring.protocol import LogprobRequest
from scoring.room import ModelRoom
from services.criteria.store import ensure_builtin
from services.runs import get_run, resume
from services.weighing.run import weigh

N_ITEMS = 100
N_TEXTS = N_ITEMS * 3 * 2 + N_ITEMS  # three responses under two models, and the prompt under the weak one
fork = multiprocessing.get_context("fork")


def _slowly(_ref: str, _requests: Sequence[LogprobRequest]) -> None:
    time.sleep(0.01)  # as a bigger model would: otherwise all is over before the parent looks


def _weigh_in_child(url: str, room: ModelRoom, run_id: int) -> None:
    sessions = make_sessionmaker(url)
    weigh(sessions, WatchedSource(room, on_batch=_slowly), run_id)
    os._exit(0)


def undisturbed(tmp_path: Path, room: ModelRoom) -> dict[tuple[int, int], tuple[object, ...]]:
    url = f"sqlite:///{tmp_path / 'undisturbed.db'}"
    upgrade(url)
    sessions = make_sessionmaker(url)
    ensure_builtin(sessions)
    run_id = queue_run(sessions, make_dataset(sessions, plain_items(N_ITEMS)), pair="worldly")
    weigh(sessions, room, run_id)
    numbers = scores_of(sessions, run_id)
    sessions.engine.dispose()
    return numbers


@pytest.mark.parametrize("seed", [1, 2])
def test_a_run_killed_again_and_again_ends_with_the_same_numbers_and_computes_nothing_twice(
    desk: Sessions, fresh_url: str, room: ModelRoom, tiny_models: Path, tmp_path: Path, seed: int
) -> None:
    for name in "sw":  # loaded before the fork, for the child to find
        with room.open(ModelSpec(str(tiny_models / name))):
            pass
    run_id = queue_run(desk, make_dataset(desk, plain_items(N_ITEMS)), pair="worldly")
    picks = random.Random(seed)
    points = sorted(picks.sample(range(1, N_TEXTS), 5))
    n_killed = 0
    for point in points:
        desk.engine.dispose()  # a connection must not be shared with a forked child
        child = fork.Process(target=_weigh_in_child, args=(fresh_url, room, run_id))
        child.start()
        wait_until(lambda: get_run(desk, run_id).n_computed >= point or not child.is_alive())  # noqa: B023
        time.sleep(picks.uniform(0, 0.02))
        if child.is_alive() and child.pid is not None:
            os.kill(child.pid, signal.SIGKILL)
            n_killed += 1
        child.join()
        if get_run(desk, run_id).status == "done":
            break
        assert get_run(desk, run_id).status == "running"  # nobody was there to say otherwise
        let_time_pass(desk, run_id)
        assert get_run(desk, run_id).is_interrupted
    assert n_killed >= 2
    if get_run(desk, run_id).status != "done":
        resume(desk, run_id)
        weigh(desk, room, run_id)
    row = get_run(desk, run_id)
    assert (row.status, row.n_done) == ("done", N_ITEMS)
    assert scores_of(desk, run_id) == undisturbed(tmp_path, room)
    with desk() as session:
        n_settled = session.scalar(select(func.count()).select_from(Suggestion)) or 0
        n_settled += session.scalar(select(func.count()).select_from(NotWeighed)) or 0
        n_kept = session.scalar(select(func.count()).select_from(Logprob))
    assert n_settled == N_ITEMS
    assert row.n_computed == n_kept  # each kept once, each computed once: no finished batch ran again
