"""Many people deciding at once under one plan: `python -m bench.people`.

Twenty people decide 2,000 items with overlap 2 through the services, every action a transaction of its own: ask for the
next look, load the one after, decide; now and then skip, undo, or give an item back. On SQLite and, where
TARE_TEST_POSTGRES_URL names a server, on PostgreSQL; in one process as the desk's server does, and in four.

    busy     nobody ever thinks: as many decisions as the machine can take, everybody waits for everybody
    reading  each person reads for about a second, as fast as people ever are

Counts what the database holds in the end against what the people were told. Writes bench/results/people.json, with the
waiting times in milliseconds, and the table of docs/plans.md. Leaves out screens (review_speed.py) and what the
decisions say.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import tempfile
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.orm import Session, sessionmaker

from bench import machine
from bench.files import say, write
from bench.people_count import Found, count
from bench.people_desk import write_weighed
from bench.people_table import write_page
from db.migrate import upgrade
from db.session import make_sessionmaker
from services.decisions import decide, undo
from services.looks import leases, serve
from services.looks.plans import make_plan
from services.looks.rows import LookRow

N_PEOPLE, N_ITEMS, OVERLAP = 20, 2_000, 2
SERVER = os.environ.get("TARE_TEST_POSTGRES_URL", "")
READING_S = 1.0


@dataclass(frozen=True, slots=True)
class Crowd:
    """Who decides what, and how they are spread over processes."""

    n_people: int = N_PEOPLE
    n_items: int = N_ITEMS
    overlap: int = OVERLAP
    n_processes: int = 1
    reading_s: float = 0.0
    is_whimsical: bool = True  # skips, undoes and gives back now and then
    decisions_each: int | None = None  # None: until the plan has nothing more


@dataclass
class Diary:
    """What one person was told, and how long they waited (seconds)."""

    n_kept: int = 0  # decisions and undos that were confirmed
    kept: dict[int, str] = field(default_factory=dict)  # item_id -> the verdict that counts, as this person knows it
    next_s: list[float] = field(default_factory=list)
    decide_s: list[float] = field(default_factory=list)


def main() -> None:
    """Every way of spreading, on every database there is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=N_ITEMS)
    asked = parser.parse_args()
    before = machine.describe()
    rows = []
    for kind in ("sqlite", "postgresql") if SERVER else ("sqlite",):
        for crowd in (
            Crowd(n_items=asked.items),
            Crowd(n_items=asked.items, n_processes=4),
            Crowd(n_items=asked.items, reading_s=READING_S, decisions_each=40),
        ):
            with a_database(kind) as url:
                row = {"database": kind, **asdict(crowd), **measure(url, crowd)}
            say(f"{row}")
            rows.append(row)
    write("people", {"machine": before, "crowds": rows})
    write_page(before, rows)


@contextmanager
def a_database(kind: str) -> Iterator[str]:
    """The URL of a migrated database for one measurement."""
    if kind == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            url = f"sqlite:///{Path(folder) / 'people.db'}"
            upgrade(url)
            yield url
        return
    name = f"tare_bench_{uuid.uuid4().hex[:12]}"
    server = make_url(SERVER).set(drivername="postgresql+psycopg")
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"'))
        url = server.set(database=name).render_as_string(hide_password=False)
        upgrade(url)
        yield url
        connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
    engine.dispose()


def measure(url: str, crowd: Crowd) -> dict[str, Any]:
    """What the crowd found, and how long it waited."""
    found, diaries, elapsed_s = work(url, crowd)
    decided = [took for diary in diaries for took in diary.decide_s]
    asked = [took for diary in diaries for took in diary.next_s]
    both = [a + b for diary in diaries for a, b in zip(diary.next_s, diary.decide_s, strict=False)]
    return {
        "elapsed_s": round(elapsed_s, 1),
        "decisions_per_s": round(len(decided) / elapsed_s, 1),
        "next_ms": _summary(asked),
        "decide_ms": _summary(decided),
        "next_and_decide_ms": _summary(both),
        **asdict(found),
    }


def work(url: str, crowd: Crowd) -> tuple[Found, list[Diary], float]:
    """Everybody at work at once; what the database holds then, what each was told, and how long it took."""
    sessions = make_sessionmaker(url)
    dataset_id, runs = write_weighed(sessions, crowd.n_items, k=3)
    plan = make_plan(
        sessions, dataset_id=dataset_id, run_id=runs[0], made_by="boss", order="random", overlap=crowd.overlap,
        blind_share=0.3,
    )  # fmt: skip
    names = [f"person {at:02}" for at in range(crowd.n_people)]
    shares = [names[at :: crowd.n_processes] for at in range(crowd.n_processes)]
    began = time.perf_counter()
    if crowd.n_processes == 1:
        diaries = _together(url, plan.plan_id, shares[0], crowd)
    else:
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(crowd.n_processes, mp_context=context) as pool:
            jobs = [pool.submit(_together, url, plan.plan_id, share, crowd) for share in shares]
            diaries = [diary for job in jobs for diary in job.result()]
    elapsed_s = time.perf_counter() - began
    told: dict[int, list[str]] = {}
    for diary in diaries:
        for item_id, verdict in diary.kept.items():
            told.setdefault(item_id, []).append(verdict)
    found = count(sessions, plan.plan_id, told, n_kept=sum(diary.n_kept for diary in diaries))
    sessions.engine.dispose()
    return found, diaries, elapsed_s


def _together(url: str, plan_id: int, names: list[str], crowd: Crowd) -> list[Diary]:
    """Some of the people, each in a thread of this process, on one engine as in the desk's server."""
    sessions = make_sessionmaker(url)
    with ThreadPoolExecutor(len(names)) as pool:
        diaries = list(pool.map(lambda name: _one_person(sessions, plan_id, name, crowd), names))
    sessions.engine.dispose()
    return diaries


def _one_person(sessions: sessionmaker[Session], plan_id: int, name: str, crowd: Crowd) -> Diary:
    diary = Diary()
    whim = random.Random(name)
    while crowd.decisions_each is None or len(diary.decide_s) < crowd.decisions_each:
        began = time.perf_counter()
        look = serve.next_look(sessions, plan_id=plan_id, annotator=name)
        diary.next_s.append(time.perf_counter() - began)
        if look is None:
            return diary
        if crowd.reading_s:
            time.sleep(whim.uniform(0.5, 1.5) * crowd.reading_s)
        if crowd.is_whimsical and whim.random() < 0.02:
            leases.give_back(sessions, look.look_id, annotator=name)
            diary.next_s.pop()
            continue
        _decide(sessions, look, name, diary, whim if crowd.is_whimsical else None)
    return diary


def _decide(
    sessions: sessionmaker[Session], look: LookRow, name: str, diary: Diary, whim: random.Random | None
) -> None:
    """A best, a tie or a skip; sometimes taken back at once, so that the same item comes again."""
    chance = 1.0 if whim is None else whim.random()
    request = "skip" if chance < 0.02 else "tie" if chance < 0.1 else "best"
    with sessions() as session:
        run_id, dataset_id = _run_of(session, look)
    began = time.perf_counter()
    kept = decide(
        sessions, item_id=look.item_id, run_id=run_id, annotator=name, verdict_request=request, look_id=look.look_id,
        chosen_candidate_id=look.display_order[0] if request == "best" else None, display_order=look.display_order,
        submission=uuid.uuid4().hex, elapsed_ms=1000,
    )  # fmt: skip
    diary.decide_s.append(time.perf_counter() - began)
    diary.n_kept += 1
    diary.kept[look.item_id] = kept.verdict
    if whim is not None and whim.random() < 0.02:
        undone = undo(sessions, dataset_id=dataset_id, annotator=name)
        diary.n_kept += undone is not None
        if undone is not None and undone.restored is None:
            diary.kept.pop(undone.item_id, None)
        elif undone is not None and undone.restored is not None:
            diary.kept[undone.item_id] = undone.restored.verdict


def _run_of(session: Session, look: LookRow) -> tuple[int, int]:
    row = session.execute(text("SELECT run_id, dataset_id FROM plan WHERE plan_id = :plan"), {"plan": look.plan_id})
    found = row.one()
    return found.run_id, found.dataset_id


def _summary(seconds: list[float]) -> dict[str, float]:
    """Milliseconds, and how many."""
    if not seconds:
        return {"n": 0}
    median, p95, worst = (1000 * float(value) for value in np.quantile(seconds, [0.5, 0.95, 1.0]))
    return {"n": len(seconds), "median": round(median, 1), "p95": round(p95, 1), "max": round(worst, 1)}


if __name__ == "__main__":
    main()
