"""The review screen at 100,000 items: every query begins at an index, so its time does not grow with the dataset."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median

import pytest
from service_builders import queue_run
from sqlalchemy import text

from db.session import Sessions
from db.tables import Run
from services.annotators import ensure_annotator
from services.decisions import latest_decisions
from services.reviews.ahead import Asked, load_ahead
from services.reviews.progress import tally_of
from services.reviews.review import decide, load_item, next_undecided, progress, undo
from services.runs import get_run

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
N_DECIDED = 500


def fill(sessions: Sessions, dataset_id: int, n_items: int, first_id: int) -> None:
    """A dataset of n items with two candidates and a finished run, written by the database itself."""
    numbers = f"WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {n_items - 1})"
    statements = [
        f"INSERT INTO dataset (dataset_id, name, file_name, sha256, format, statement, guidelines, state, n_items, "
        f"n_candidates, n_gold, created_at) VALUES ({dataset_id}, 'd{dataset_id}', '', '', '', '', '', 'ready', "
        f"{n_items}, {2 * n_items}, 0, '2026-01-01 00:00:00')",
        f"INSERT INTO item (item_id, dataset_id, position, messages, meta) {numbers} SELECT {first_id} + i, "
        f'{dataset_id}, i, \'[{{"role": "user", "content": "q"}}]\', \'{{}}\' FROM n',
        f"INSERT INTO candidate (item_id, position, text) {numbers} SELECT {first_id} + i, 0, 'a' FROM n",
        f"INSERT INTO candidate (item_id, position, text) {numbers} SELECT {first_id} + i, 1, 'b' FROM n",
        f"INSERT INTO decision (submission, item_id, annotator_id, verdict, ranking, reason_tags, note, is_blind, "
        f"display_order, suggestion, created_at) {numbers} SELECT 's' || ({first_id} + i), {first_id} + i, 1, 'tie', "
        f"'[]', '[]', '', 0, '[]', '{{}}', '2026-01-01 00:00:00' FROM n WHERE i < {N_DECIDED}",
    ]
    with sessions.begin() as session:
        for statement in statements:
            session.execute(text(statement))


def seconds(work: Callable[[], object], *, times: int = 15) -> float:
    """Of this thread's own work, the database's included: what other processes do meanwhile does not count."""
    work()
    found = []
    for _ in range(times):
        start = time.thread_time()
        work()
        found.append(time.thread_time() - start)
    return median(found)


def test_reading_deciding_and_undoing_take_the_same_time_at_a_hundred_times_the_items(desk: Sessions) -> None:
    ensure_annotator(desk, "ann")
    fill(desk, 1, 1_000, 1)
    fill(desk, 2, 100_000, 1_000_000)
    middle = {1: 1 + N_DECIDED, 2: 1_000_000 + 60_000}
    numbers = iter(range(10_000))

    def once(dataset_id: int) -> dict[str, Callable[[], object]]:
        item_id = middle[dataset_id]
        return {
            "load": lambda: load_item(desk, dataset_id=dataset_id, annotator="ann", item_id=item_id),
            "resume": lambda: load_item(desk, dataset_id=dataset_id, annotator="ann"),
            "next": lambda: next_undecided(desk, dataset_id=dataset_id, annotator="ann", after_item_id=item_id),
            "progress": lambda: progress(desk, dataset_id=dataset_id, annotator="ann"),
            "count": lambda: tally_of(desk, dataset_id=dataset_id, annotator="ann"),
            "ahead": lambda: load_ahead(desk, Asked(dataset_id, "ann", None), item_id),
            "skipped": lambda: load_item(desk, dataset_id=dataset_id, annotator="ann", queue="skipped"),
            "latest": lambda: latest_decisions(desk, dataset_id=dataset_id, annotator="ann"),
            "decide": lambda: decide(
                desk, item_id=item_id, run_id=None, annotator="ann", verdict_request="tie",
                submission=f"x{next(numbers)}",
            ),
            "undo": lambda: undo(desk, dataset_id=dataset_id, annotator="ann"),
        }  # fmt: skip

    small = {name: seconds(work) for name, work in once(1).items()}
    large = {name: seconds(work) for name, work in once(2).items()}
    slower = {name: large[name] / small[name] for name in small if large[name] > 3 * small[name] + 0.001}
    assert not slower, f"times slower at 100 x the items: {slower}; seconds: {large}"


@pytest.mark.parametrize("only", ["noise", "flip"])
def test_a_queue_of_items_with_a_badge_stays_quick_at_a_hundred_thousand_items(desk: Sessions, only: str) -> None:
    """One item in a thousand carries the badge; the worst place to ask is behind the last of them."""
    ensure_annotator(desk, "ann")
    fill(desk, 1, 100_000, 1)
    run_id = queue_run(desk, 1)
    with desk.begin() as session:
        run = session.get_one(Run, run_id)
        run.status, run.n_done, run.noise_margin = "done", 100_000, 0.5
        session.execute(
            text(
                "INSERT INTO suggestion (run_id, item_id, best_candidate_id, ranking, margin, is_length_flip, "
                f"is_out_of_world, notes) SELECT {run_id}, i.item_id, c.candidate_id, '[[' || c.candidate_id || ']]', "
                "CASE WHEN i.position % 1000 = 7 THEN 0.1 ELSE 5.0 END, i.position % 1000 = 7, 0, '[]' "
                "FROM item i JOIN candidate c ON c.item_id = i.item_id AND c.position = 0"
            )
        )
    last = 99_008
    took = {
        "begin": seconds(lambda: load_item(desk, dataset_id=1, annotator="ann", only=only), times=5),
        "last": seconds(lambda: load_item(desk, dataset_id=1, annotator="ann", item_id=last, only=only), times=5),
        "runs": seconds(lambda: get_run(desk, run_id), times=5),
    }
    assert max(took.values()) < 0.5, took


def test_a_hundred_thousand_labels_accepted_unlooked_slow_nobody_down(desk: Sessions) -> None:
    """They are decisions of somebody else: what one person reads and writes begins at that person's own."""
    ensure_annotator(desk, "ann")
    ensure_annotator(desk, "machine")
    fill(desk, 1, 100_000, 1)
    work: dict[str, Callable[[], object]] = {
        "load": lambda: load_item(desk, dataset_id=1, annotator="ann"),
        "count": lambda: tally_of(desk, dataset_id=1, annotator="ann"),
        "latest": lambda: latest_decisions(desk, dataset_id=1, annotator="ann"),
        "skipped": lambda: load_item(desk, dataset_id=1, annotator="ann", queue="skipped"),
    }
    before = {name: seconds(one) for name, one in work.items()}
    with desk.begin() as session:
        session.execute(
            text(
                "INSERT INTO decision (submission, item_id, annotator_id, verdict, ranking, reason_tags, note, "
                "is_blind, display_order, suggestion, created_at, kind, is_imported) SELECT 'auto' || item_id, "
                "item_id, 2, 'accept', '[]', '[]', '', 0, '[]', '{}', '2026-01-01 00:00:00', 'auto', 0 FROM item"
            )
        )
    after = {name: seconds(one) for name, one in work.items()}
    slower = {name: after[name] / before[name] for name in work if after[name] > 3 * before[name] + 0.001}
    assert not slower, f"times slower beside 100,000 labels accepted unlooked: {slower}; seconds: {after}"
