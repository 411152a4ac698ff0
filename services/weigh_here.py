"""Weighing for a caller that waits: take up the run begun with the same words, or start one, and see it to its end.

What the command line needs beyond runs.py and weighing.py. The app's worker thread (worker.py) may be faster in taking
the run; then this follows it to its end instead.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable

from sqlalchemy import update
from sqlalchemy.orm import Session, sessionmaker

from db.queries_runs import IN_HAND
from db.tables import Run
from scoring.protocol import ModelSource
from services.catalogue_store import get_pair, spec_of
from services.criteria_store import CriteriaRow, find_criteria
from services.errors import Refused
from services.run_rows import RunRow
from services.runs import get_run, list_runs, resume, start_run
from services.weighing import WeighProgress, weigh

POLL_S = 0.5
NO_CRITERIA = "none"


def find_or_start(
    sessions: sessionmaker[Session], *, dataset_id: int, pair: str, criteria: str | None = None, rank_by: str = "sum"
) -> int:
    """The unfinished run of exactly these settings, made ready to go on, or a new one; its run_id.

    Without criteria: the pair's own set for a pair with a closed list, else none. Raises NotFound or Refused.
    """
    chosen = find_criteria(sessions, criteria or _default_criteria(pair))
    for row in list_runs(sessions, dataset_id=dataset_id):
        if row.status != "done" and _is_same(row, pair=pair, criteria=chosen, rank_by=rank_by):
            _release_if_dead(sessions, row)
            if row.status in ("cancelled", "failed"):
                resume(sessions, row.run_id)
            return row.run_id
    return start_run(sessions, dataset_id=dataset_id, pair=pair, criteria_id=chosen.criteria_id, rank_by=rank_by)


def weigh_or_follow(
    sessions: sessionmaker[Session],
    models: Callable[[], ModelSource],
    run_id: int,
    *,
    on_progress: Callable[[WeighProgress], None],
) -> RunRow:
    """Weigh the run here, or watch it while another process does. Returns its row at the end."""
    try:
        return weigh(sessions, models(), run_id, on_progress=on_progress)
    except Refused:
        if get_run(sessions, run_id).status in ("cancelled", "failed"):
            raise
    while (row := get_run(sessions, run_id)).status in ("queued", "running", "cancelling") and not row.is_interrupted:
        on_progress(WeighProgress(row.n_items, row.n_done, row.n_computed, row.n_cached, row.rate, row.eta_s))
        time.sleep(POLL_S)
    return row


def _default_criteria(pair: str) -> str:
    return pair if get_pair(pair).criteria == "closed" else NO_CRITERIA


def _is_same(row: RunRow, *, pair: str, criteria: CriteriaRow, rank_by: str) -> bool:
    is_same_pair = row.configuration.get("pair") == spec_of(get_pair(pair))
    return is_same_pair and row.criteria_id == criteria.criteria_id and row.rank_by == rank_by


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
