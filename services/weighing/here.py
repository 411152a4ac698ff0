"""Weighing for a caller that waits: take up the run begun with the same words, or start one, and see it to its end.

What the command line needs beyond runs.py and run.py. The app's worker thread (worker.py) may be faster in taking
the run; then this follows it to its end instead.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session, sessionmaker

from db.queries_runs import IN_HAND
from db.tables import Run
from scoring.conditioning import DEFAULT, Conditioning
from scoring.pairs import ModelPair
from scoring.protocol import ModelSource
from services.criteria.store import CriteriaRow, find_criteria
from services.datasets import get as get_dataset
from services.errors import Refused
from services.pairs.catalogue import get_pair
from services.precise import start_again
from services.routing.choice import BY_COLUMN, Routing
from services.run_rows import RunRow
from services.runs import configuration_of, get_run, list_runs, request_cancel, resume, start_run
from services.weighing.run import WeighProgress, weigh

POLL_S = 0.5
NO_CRITERIA = "none"


def find_or_start(
    sessions: sessionmaker[Session],
    *,
    dataset_id: int,
    pair: str | ModelPair,
    criteria: str | None = None,
    rank_by: str = "sum",
    dtype: str = "auto",
    conditioning: Conditioning = DEFAULT,
    routing: Routing = BY_COLUMN,
    known: Sequence[RunRow] | None = None,
) -> int:
    """The unfinished run of exactly these settings, made ready to go on, or a new one; its run_id.

    Without criteria: the pair's own set for a pair with a closed list, else none. `known`: the dataset's runs, for a
    caller that asks many times. Raises NotFound or Refused.
    """
    pair = pair if isinstance(pair, ModelPair) else get_pair(pair)
    chosen = find_criteria(sessions, criteria or _default_criteria(pair))
    wanted = configuration_of(pair, chosen, rank_by=rank_by, dtype=dtype, conditioning=conditioning, routing=routing)
    n_items = get_dataset(sessions, dataset_id).n_items
    for row in list_runs(sessions, dataset_id=dataset_id) if known is None else known:
        is_whole = row.n_items == n_items  # a run keeps to the items it began with
        if row.status != "done" and is_whole and row.again_of is None and is_same(row, wanted, criteria=chosen):
            _make_ready(sessions, row)
            return row.run_id
    return start_run(
        sessions, dataset_id=dataset_id, pair=pair, criteria_id=chosen.criteria_id, rank_by=rank_by, dtype=dtype,
        conditioning=conditioning, routing=routing,
    )  # fmt: skip


def find_or_start_again(sessions: sessionmaker[Session], run_id: int) -> int:
    """The unfinished run that weighs a run's items within noise again, made ready to go on, or a new one.

    Raises NotFound or Refused.
    """
    for row in list_runs(sessions, dataset_id=get_run(sessions, run_id).dataset_id):
        if row.again_of == run_id and row.status != "done":
            _make_ready(sessions, row)
            return row.run_id
    return start_again(sessions, run_id)


def weigh_or_follow(
    sessions: sessionmaker[Session],
    models: Callable[[], ModelSource],
    run_id: int,
    *,
    on_progress: Callable[[WeighProgress], None],
) -> RunRow:
    """Weigh the run here, or watch it while another process does, and take it over when that one stops halfway.

    Returns its row at the end: done, failed or cancelled.
    """
    source = models()
    while True:
        try:
            return weigh(sessions, source, run_id, on_progress=on_progress)
        except Refused:
            row = _follow(sessions, run_id, on_progress)
        if row.status == "cancelling":  # its worker died before it could obey
            return request_cancel(sessions, run_id)
        if row.status not in ("queued", "running"):
            return row


def _follow(sessions: sessionmaker[Session], run_id: int, on_progress: Callable[[WeighProgress], None]) -> RunRow:
    """Watch until nobody works on the run any more."""
    while (row := get_run(sessions, run_id)).status in IN_HAND and not row.is_interrupted:
        told = WeighProgress(row.n_items, row.n_done, row.progress, row.n_computed, row.n_cached, row.rate, row.eta_s)
        on_progress(told)
        time.sleep(POLL_S)
    return row


def _default_criteria(pair: ModelPair) -> str:
    return pair.name if pair.criteria == "closed" else NO_CRITERIA


def is_same(row: RunRow, wanted: dict[str, Any], *, criteria: CriteriaRow) -> bool:
    """Whether a run was made under exactly the configuration wanted (`configuration_of`) and these criteria."""
    decided = {*wanted, "conditioning", "routing"}  # a begun run has its models written in beside
    stored = {name: value for name, value in row.configuration.items() if name in decided}
    return stored == wanted and row.criteria_id == criteria.criteria_id


def _make_ready(sessions: sessionmaker[Session], row: RunRow) -> None:
    _release_if_dead(sessions, row)
    if row.status in ("cancelled", "failed") or row.is_interrupted:
        with suppress(Refused):  # somebody else was faster; weigh_or_follow watches
            resume(sessions, row.run_id)


def _release_if_dead(sessions: sessionmaker[Session], row: RunRow) -> None:
    """A run of a process of this machine that is gone need not wait for its heartbeat to grow old."""
    host, _, rest = (row.worker or "").rpartition(":")[0].rpartition(":")
    if row.status not in IN_HAND or host != socket.gethostname() or _is_alive(int(rest)):
        return
    with sessions.begin() as session:
        mine = update(Run).where(Run.run_id == row.run_id, Run.worker == row.worker)
        session.execute(mine.values(heartbeat_at=None, status="running"))


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
