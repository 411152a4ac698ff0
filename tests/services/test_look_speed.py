"""Handing out at 100,000 items: every query begins at an index and stops early, so its time does not grow."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median

import pytest
from sqlalchemy import text

from bench.people_desk import write_weighed
from db.session import Sessions
from services.annotators import ensure_annotator
from services.decisions import decide
from services.looks import leases, plans, serve

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
SMALL, LARGE = 500, 100_000
TIMES = 12


def grow(sessions: Sessions, plan_id: int, dataset_id: int, run_id: int, annotator_id: int) -> None:
    """The dataset and its plan grown to LARGE by the database itself; the person has looked at the first half."""
    n = f"WITH RECURSIVE n(i) AS (SELECT {SMALL} UNION ALL SELECT i + 1 FROM n WHERE i < {LARGE - 1})"
    first = 1_000_000
    now = "'2026-01-01 00:00:00'"
    statements = [
        f"INSERT INTO item (item_id, dataset_id, position, messages, meta) {n} SELECT {first} + i, {dataset_id}, i, "
        "'[]', '{}' FROM n",
        f"INSERT INTO candidate (candidate_id, item_id, position, text) {n} SELECT {first} + i, {first} + i, 0, 'a' "
        "FROM n",
        f"INSERT INTO plan_item (plan_id, place, item_id, n_free) {n} SELECT {plan_id}, i, {first} + i, -1 FROM n",
        f"INSERT INTO look (plan_id, dataset_id, run_id, item_id, annotator_id, drawn_by, place, is_blind, is_repeat, "
        f"display_order, opened_at, closed_at, closed_as, leased_until) SELECT {plan_id}, {dataset_id}, {run_id}, "
        f"item_id, {annotator_id}, 'random', place, 0, 0, '[]', {now}, {now}, 'decided', {now} FROM plan_item "
        f"WHERE plan_id = {plan_id} AND place < {LARGE // 2}",
        f"UPDATE plan SET configuration = json_set(configuration, '$.n', {LARGE}) WHERE plan_id = {plan_id}",
    ]
    with sessions.begin() as session:
        for statement in statements:
            session.execute(text(statement))


def seconds(work: Callable[[], object]) -> float:
    """Of this thread's own work, the database's included: what other processes do meanwhile does not count."""
    work()
    found = []
    for _ in range(TIMES):
        start = time.thread_time()
        work()
        found.append(time.thread_time() - start)
    return median(found)


def test_asking_deciding_and_counting_take_the_same_time_at_two_hundred_times_the_items(fresh_db: Sessions) -> None:
    numbers = iter(range(10_000))

    def turn(plan_id: int, run_id: int) -> dict[str, Callable[[], object]]:
        def ask() -> None:
            look = serve.next_look(fresh_db, plan_id=plan_id, annotator="ann", n_ahead=0)
            assert look is not None
            leases.give_back(fresh_db, look.look_id, annotator="ann")

        def go_through() -> None:
            look = serve.next_look(fresh_db, plan_id=plan_id, annotator="ann")
            assert look is not None
            decide(
                fresh_db, item_id=look.item_id, run_id=run_id, annotator="ann", verdict_request="tie",
                submission=f"s{next(numbers)}", look_id=look.look_id,
            )  # fmt: skip

        return {"ask": ask, "ask and decide": go_through}

    person = ensure_annotator(fresh_db, "ann")
    times = []
    for name in ("small", "large"):
        dataset_id, runs = write_weighed(fresh_db, SMALL, name=name)
        plan = plans.make_plan(
            fresh_db, dataset_id=dataset_id, run_id=runs[0], made_by="ann", order="random", repeat_share=0.1
        )  # fmt: skip
        if name == "large":
            grow(fresh_db, plan.plan_id, dataset_id, runs[0], person.annotator_id)
        times.append({what: seconds(work) for what, work in turn(plan.plan_id, runs[0]).items()})
    small, large = times
    slower = {what: large[what] / small[what] for what in small if large[what] > 3 * small[what] + 0.001}
    assert not slower, f"times slower at 200 x the items: {slower}; seconds: {large}"
