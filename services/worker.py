"""The thread that weighs: queued runs, oldest first, and runs that a dead process left behind.

Started on demand; ends with the process. Models are opened only when there is a run to do, in this thread, so that a
page is up before torch is imported. Safe when several processes have one: a run is claimed atomically.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, sessionmaker

from db.queries_runs import claimable_run_id, settle_cancelled
from db.tables import utc_now
from scoring.errors import ScoringError
from scoring.protocol import ModelSource
from services.errors import NotFound, Refused
from services.run_hold import RunHold, new_worker_name
from services.run_rows import silent_since
from services.weighing.run import weigh

log = logging.getLogger(__name__)


class _NoModels(Exception):
    """This process cannot hold models."""


class RunWorker:
    """Keep one per process (ui/resources.py does)."""

    def __init__(
        self, sessions: sessionmaker[Session], models_factory: Callable[[], ModelSource], *, poll_s: float = 1.0
    ) -> None:
        self._sessions = sessions
        self._models_factory = models_factory
        self._poll_s = poll_s
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()

    def ensure_started(self) -> None:
        """Start the thread unless it is alive; cheap, so call it whenever a run was queued and at start-up."""
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._stop = threading.Event()
                self._thread = threading.Thread(target=self._work, args=(self._stop,), name="run-worker", daemon=True)
                self._thread.start()

    def stop(self, *, timeout_s: float = 30.0) -> None:
        """Put the run in hand back into the queue at its next chunk and end the thread. For tests and clean exits."""
        with self._lock:
            self._stop.set()
            if self._thread is not None:
                self._thread.join(timeout_s)

    def _work(self, stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                has_worked = self._take_one(stop)
            except DBAPIError as error:  # the database is away for a while: say so, look again
                log.warning("looking for runs failed: %s", error.orig)
                has_worked = False
            if not has_worked:
                stop.wait(self._poll_s)

    def _take_one(self, stop: threading.Event) -> bool:
        """Weigh the oldest run that waits; False when none does."""
        run_id = self._next_run()
        if run_id is None:
            return False
        try:
            models = self._models()
            weigh(self._sessions, models, run_id, stop=stop)
        except _NoModels as reason:
            self._fail(run_id, f"{reason}; see that the requirements are installed, then resume the run")
        except (Refused, NotFound):  # another worker was faster, or it was deleted in between
            log.info("run %s was taken or deleted meanwhile", run_id)
        return True

    def _models(self) -> ModelSource:
        try:
            return self._models_factory()
        except (ScoringError, ImportError) as error:
            raise _NoModels(str(error)) from error
        except Exception as error:  # whatever a device or a library does when it starts: the run says so, the log how
            log.exception("no models can be opened in this process")
            raise _NoModels(f"{type(error).__name__}: {error}") from error

    def _next_run(self) -> int | None:
        with self._sessions.begin() as session:
            settle_cancelled(session, now=utc_now(), silent_since=silent_since())
            return claimable_run_id(session, silent_since())

    def _fail(self, run_id: int, line: str) -> None:
        try:
            hold = RunHold.claim(self._sessions, run_id, worker=new_worker_name())
        except (Refused, NotFound):
            return
        hold.settle("failed", error=" ".join(line.split()))
