"""Runs: started, listed, cancelled, resumed, hidden, deleted.

A run here is a row and its configuration; weighing.py does the work and worker.py finds it. Imports no torch.
"""

from __future__ import annotations

from sqlalchemy.orm import Session, sessionmaker

from services.run_rows import STALE_AFTER_S, NotWeighedRow, RunRow

__all__ = [
    "STALE_AFTER_S", "NotWeighedRow", "RunRow", "delete_run", "get_run", "hide_run", "latest_run", "list_not_weighed",
    "list_runs", "request_cancel", "resume", "start_run",
]  # fmt: skip


def start_run(
    sessions: sessionmaker[Session],
    *,
    dataset_id: int,
    pair: str,
    criteria_id: int,
    rank_by: str = "sum",
    count_end_of_turn: bool = True,
    dtype: str = "auto",
) -> int:
    """Queue a run and return its run_id; a worker (or `weighing.weigh`) does the rest.

    Raises NotFound (dataset, pair, criteria) or Refused (dataset empty or still importing, criteria that a closed
    pair was not trained on, unknown rank_by or dtype), each with the way out.
    """
    raise NotImplementedError


def list_runs(
    sessions: sessionmaker[Session], *, dataset_id: int | None = None, include_hidden: bool = False
) -> tuple[RunRow, ...]:
    """Runs, newest first."""
    raise NotImplementedError


def get_run(sessions: sessionmaker[Session], run_id: int) -> RunRow:
    """That run as it stands, or NotFound."""
    raise NotImplementedError


def latest_run(sessions: sessionmaker[Session], dataset_id: int) -> RunRow | None:
    """The newest finished run of a dataset that is not hidden; else the newest with anything weighed; else None."""
    raise NotImplementedError


def list_not_weighed(sessions: sessionmaker[Session], run_id: int, *, limit: int = 200) -> tuple[NotWeighedRow, ...]:
    """The items this run could not rank, in file order."""
    raise NotImplementedError


def request_cancel(sessions: sessionmaker[Session], run_id: int) -> RunRow:
    """Ask a run to stop: a queued one is cancelled at once, a running one between two batches; what is done stays."""
    raise NotImplementedError


def resume(sessions: sessionmaker[Session], run_id: int) -> RunRow:
    """Queue a cancelled, failed or interrupted run again; it goes on where it stopped. Refused for other states."""
    raise NotImplementedError


def hide_run(sessions: sessionmaker[Session], run_id: int, *, is_hidden: bool = True) -> None:
    """Take a run out of the lists, or put it back; nothing is lost."""
    raise NotImplementedError


def delete_run(sessions: sessionmaker[Session], run_id: int) -> None:
    """Delete a run with its scores (the log-prob cache stays).

    Raises DecisionsRestOnIt when a decision names it (then `hide_run`), Refused while it is being weighed.
    """
    raise NotImplementedError
