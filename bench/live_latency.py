"""How long Live waits while a run is at work: `python -m bench.live_latency`.

Weighs the demo's held-out set with the demo pair in a worker thread, as the app does, and asks Live meanwhile; before
and after, the same requests with nothing else going on. Every request has texts of its own, so nothing is cached.
Prints one JSON object: latencies in milliseconds, how long one pack of the run holds the device, and how long writes
wait for the database. Leaves out speed of weighing (run.py).
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session, sessionmaker

from scoring.criteria import builtin_criteria
from scoring.engine.turns import Turns
from scoring.protocol import ModelSource
from services import workplace
from services.criteria.store import find_criteria
from services.imports.files import import_file
from services.live.now import Message, weigh_now
from services.runs import get_run, start_run
from services.worker import RunWorker

HOLDOUT = Path(__file__).resolve().parents[1] / "demo" / "holdout.jsonl"
REQUESTS = 40
PAUSE_S = 0.15  # between two requests: a person reads


class Held:
    """How long each turn of the run held the device, in seconds."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        real, held = Turns.take, self.seconds

        @contextmanager
        def take(turns: Turns) -> Iterator[None]:
            with real(turns):
                started = time.monotonic()
                yield
                if threading.current_thread().name == "run-worker":
                    held.append(time.monotonic() - started)

        Turns.take = take  # type: ignore[method-assign, assignment]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=REQUESTS)
    asked = parser.parse_args()
    held = Held()
    with tempfile.TemporaryDirectory() as folder:
        sessions = workplace.open_sessions(f"sqlite:///{folder}/latency.db")
        room = workplace.model_room()
        _ask(sessions, room, 0)  # loads the models
        before = [_ask(sessions, room, 1 + n) for n in range(asked.requests)]
        during, writes = _under_a_run(sessions, room, asked.requests)
        after = [_ask(sessions, room, 20_000 + n) for n in range(asked.requests)]
        sessions.kw["bind"].dispose()
    print(json.dumps({
        "idle_ms": _summary(before + after), "under_a_run_ms": _summary(during),
        "pack_of_the_run_ms": _summary(held.seconds), "write_of_one_row_under_a_run_ms": _summary(writes),
    }, indent=2))  # fmt: skip


def _under_a_run(
    sessions: sessionmaker[Session], room: ModelSource, n_requests: int
) -> tuple[list[float], list[float]]:
    dataset_id = import_file(sessions, HOLDOUT, name="holdout").dataset_id
    criteria_id = find_criteria(sessions, "demo").criteria_id
    run_id = start_run(sessions, dataset_id=dataset_id, pair="demo", criteria_id=criteria_id)
    worker = RunWorker(sessions, lambda: room, poll_s=0.01)
    worker.ensure_started()
    while get_run(sessions, run_id).n_computed == 0:
        time.sleep(0.01)
    latencies, writes = [], []
    for number in range(n_requests):
        latencies.append(_ask(sessions, room, 10_000 + number))
        writes.append(_write(sessions))
        time.sleep(PAUSE_S)
        if get_run(sessions, run_id).status != "running":
            break
    worker.stop()
    return latencies, writes


def _ask(sessions: sessionmaker[Session], room: ModelSource, number: int) -> float:
    """Seconds until a Live request with four responses has its ranking."""
    started = time.monotonic()
    weigh_now(
        sessions, room, pair="demo", criteria=builtin_criteria()["demo"].body,
        messages=[Message("user", f"How much are {number} tins of sencha at 7.50 each?")],
        responses=[f"{number} tins at 7.50 each come to {7.5 * number + place:.2f}." for place in range(4)],
    )  # fmt: skip
    return time.monotonic() - started


def _write(sessions: sessionmaker[Session]) -> float:
    """Seconds that a decision would wait for the database: an empty writing transaction."""
    started = time.monotonic()
    with sessions.begin() as session:
        session.connection()
    return time.monotonic() - started


def _summary(seconds: list[float]) -> dict[str, Any]:
    ordered = sorted(1000 * value for value in seconds)
    if not ordered:
        return {"n": 0}
    return {
        "n": len(ordered), "median": round(statistics.median(ordered), 1),
        "p90": round(ordered[int(0.9 * (len(ordered) - 1))], 1), "max": round(ordered[-1], 1),
    }  # fmt: skip


if __name__ == "__main__":
    main()
