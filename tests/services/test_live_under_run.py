"""Live while a run goes on: it waits for one pack at most, the run stops for nothing else and keeps its numbers."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from service_builders import make_dataset, plain_items, queue_run, scores_of, wait_until, words
from sqlalchemy import delete

from db.session import Sessions
from db.tables import Logprob
from scoring.criteria import CriteriaBody
from scoring.engine import turns
from scoring.engine.turns import Turns
from scoring.pairs import ModelSpec
from scoring.protocol import OpenModel
from scoring.room import ModelRoom
from services.live.now import Message, sample_candidates, weigh_now
from services.runs import get_run
from services.weighing.run import weigh
from services.worker import RunWorker

NONE = CriteriaBody("")
PACK_S = 0.02  # a run's forward, held on the device


class Watch:
    """Every turn on a device, in order: ("run" | "live", "begins" | "ends"), and when a Live request asked."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.seen: list[str] = []
        real = Turns.take
        watch = self

        @contextmanager
        def take(device: Turns) -> Iterator[None]:
            is_run = threading.current_thread().name == "run-worker"
            with real(device):
                watch.seen.append("run begins" if is_run else "live")
                if is_run:
                    time.sleep(PACK_S)
                yield
                if is_run:
                    watch.seen.append("run ends")

        patch.setattr(Turns, "take", take)


class Asked:
    """The room, writing down when Live opens its first model."""

    def __init__(self, room: ModelRoom, watch: Watch) -> None:
        self.room, self.watch, self.has_asked = room, watch, False

    @contextmanager
    def open(self, spec: ModelSpec) -> Iterator[OpenModel]:
        if not self.has_asked:
            self.has_asked = True
            self.watch.seen.append("asks")
        with self.room.open(spec) as model:
            yield model


def test_a_live_request_waits_for_one_pack_of_a_run_at_most_and_the_run_ends_with_its_numbers(
    desk: Sessions, room: ModelRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "LINGER_S", 20.0)  # the rule is tested, not how fast this machine tokenizes
    items = plain_items(200)
    alone = queue_run(desk, make_dataset(desk, items, name="alone"))
    weigh(desk, room, alone)
    expected = scores_of(desk, alone)
    with desk.begin() as session:
        session.execute(delete(Logprob))
    watch = Watch(monkeypatch)
    run_id = queue_run(desk, make_dataset(desk, items, name="busy"))
    worker = RunWorker(desk, lambda: room, poll_s=0.01)
    worker.ensure_started()
    try:
        wait_until(lambda: "run ends" in watch.seen)
        for number in range(6):
            assert get_run(desk, run_id).status == "running"
            n_before = len(watch.seen)
            ask_live(desk, Asked(room, watch), number)
            during = watch.seen[n_before:]
            after_ask = during[during.index("asks") : len(during) - during[::-1].index("live")]
            assert "run begins" not in after_ask, during
            assert after_ask.count("run ends") <= 1, during  # the pack in hand
            assert "live" in after_ask
            wait_until(lambda n=len(watch.seen): "run begins" in watch.seen[n:] or is_done(desk, run_id))  # type: ignore[misc]
        wait_until(lambda: is_done(desk, run_id))
    finally:
        worker.stop()
    assert get_run(desk, run_id).status == "done"
    assert scores_of(desk, run_id) == expected


def is_done(desk: Sessions, run_id: int) -> bool:
    return get_run(desk, run_id).status == "done"


def ask_live(desk: Sessions, source: Asked, number: int) -> None:
    """A person at Live: weighs three responses, or has two written."""
    ask = [Message("user", words(900 + number, 3))]
    if number % 2:
        assert len(sample_candidates(source, pair="tiny", criteria=NONE, messages=ask, n=2, max_new_tokens=4)) == 2
        return
    responses = [words(5_000 + 10 * number + place, 6) for place in range(3)]
    assert weigh_now(desk, source, pair="tiny", criteria=NONE, messages=ask, responses=responses).n_computed == 6
