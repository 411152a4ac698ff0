"""The thread that weighs maps for the app: one map at a time, beside the worker of runs.

    start(job)      queued, or already under way: the same job is never there twice
    progress(job)   what it is doing, for whoever looks; kept in memory, because what is worth keeping (log-probs, runs)
                    is in the database: after a restart the same job goes on where it stopped
    stop(job)       at the next chunk

Models take turns with runs and with Live at every pack (scoring/engine/turns.py). Leaves out the weighing
(weighing/models.py).
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, sessionmaker

from scoring.errors import ScoringError
from scoring.protocol import ModelSource
from services.errors import ServiceError
from services.weighing.model_pass import Stopped
from services.weighing.models import WeighedModels, weigh_models

log = logging.getLogger(__name__)
State = Literal["waiting", "working", "done", "failed", "stopped"]
KEPT_JOBS = 50  # finished ones that are remembered for their last words


@dataclass(frozen=True, slots=True)
class MapJob:
    """A map to weigh."""

    dataset_id: int
    names: tuple[str, ...]
    criteria: str
    dtype: str = "auto"


@dataclass(frozen=True, slots=True)
class MapProgress:
    """How far a job is. step: of n_steps, one for each model and one for all pairs.

    error: one line; of a job that is done, what it left out and why.
    """

    state: State
    title: str = ""
    step: int = 0
    n_steps: int = 1
    n_done: int = 0
    n_items: int = 0
    elapsed_s: float = 0.0
    error: str = ""

    @property
    def share(self) -> float:
        """Of the steps, 0 to 1."""
        within = self.n_done / self.n_items if self.n_items else 0.0
        return min(1.0, (max(0, self.step - 1) + within) / self.n_steps) if self.step else 0.0

    @property
    def is_active(self) -> bool:
        """Whether there is something to wait for."""
        return self.state in ("waiting", "working")


@dataclass(slots=True)
class _Entry:
    progress: MapProgress
    stop: threading.Event = field(default_factory=threading.Event)
    began: float = 0.0
    titles: list[str] = field(default_factory=list)


class MapWorker:
    """Keep one per process and database (ui/resources.py does)."""

    def __init__(self, sessions: sessionmaker[Session], models_factory: Callable[[], ModelSource]) -> None:
        self._sessions = sessions
        self._models_factory = models_factory
        self._lock = threading.Lock()
        self._entries: dict[MapJob, _Entry] = {}
        self._waiting: list[MapJob] = []
        self._thread: threading.Thread | None = None

    def start(self, job: MapJob) -> None:
        """Queue the job unless it waits or runs already."""
        with self._lock:
            known = self._entries.get(job)
            if known is not None and known.progress.is_active:
                return
            self._entries.pop(job, None)
            self._entries[job] = _Entry(MapProgress("waiting", n_steps=len(job.names) + 1))
            self._waiting.append(job)
            self._forget_old()
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="map-worker", daemon=True)
                self._thread.start()

    def progress(self, job: MapJob) -> MapProgress | None:
        """How far it is; None for a job that this process knows nothing of."""
        with self._lock:
            entry = self._entries.get(job)
            if entry is None:
                return None
            elapsed_s = time.monotonic() - entry.began if entry.progress.state == "working" else 0.0
            return replace(entry.progress, elapsed_s=elapsed_s) if elapsed_s else entry.progress

    def latest(self, dataset_id: int) -> MapJob | None:
        """The job of a dataset that was asked for last, however it stands; None when this process knows none."""
        with self._lock:
            return next((job for job in reversed(self._entries) if job.dataset_id == dataset_id), None)

    def stop(self, job: MapJob) -> None:
        """Ask it to end; what was computed is kept."""
        with self._lock:
            entry = self._entries.get(job)
            if entry is not None:
                entry.stop.set()
                if job in self._waiting:
                    self._waiting.remove(job)
                    entry.progress = replace(entry.progress, state="stopped")

    def join(self, timeout_s: float = 60.0) -> None:
        """Wait until nothing is left to do. For tests and clean exits."""
        thread = self._thread
        if thread is not None:
            thread.join(timeout_s)

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._thread = None
                    return
                job = self._waiting.pop(0)
                entry = self._entries[job]
                entry.began = time.monotonic()
                entry.progress = replace(entry.progress, state="working")
            self._settle(entry, *self._weigh(job, entry))

    def _weigh(self, job: MapJob, entry: _Entry) -> tuple[State, str]:
        """How it ended, and what to say."""
        try:
            weighed = weigh_models(
                self._sessions, self._models_factory(), dataset_id=job.dataset_id, names=job.names,
                criteria=job.criteria, dtype=job.dtype, is_hidden=True, stop=entry.stop,
                on_progress=lambda title, done, of: self._tell(entry, title, done, of),
            )  # fmt: skip
        except Stopped as stopped:
            return "stopped", str(stopped)
        except (ScoringError, ServiceError, ImportError) as error:
            return "failed", str(error)
        except DBAPIError as error:
            return "failed", f"the database did not answer: {str(error.orig).splitlines()[0]}; try again"
        except Exception as error:  # a defect of ours: told on the page, traceback in the log, other maps go on
            log.exception("the map of dataset %s failed unexpectedly", job.dataset_id)
            return "failed", f"{type(error).__name__}: {error}; this is a defect of Tare, the log has the traceback"
        return _ending(weighed)

    def _tell(self, entry: _Entry, title: str, n_done: int, n_items: int) -> None:
        with self._lock:
            if title not in entry.titles:
                entry.titles.append(title)
            step = min(len(entry.titles), entry.progress.n_steps)
            entry.progress = replace(entry.progress, title=title, step=step, n_done=n_done, n_items=n_items)

    def _settle(self, entry: _Entry, state: State, words: str) -> None:
        with self._lock:
            entry.progress = replace(entry.progress, state=state, error=" ".join(words.split()))

    def _forget_old(self) -> None:
        over = [job for job, entry in self._entries.items() if not entry.progress.is_active]
        for job in over[: max(0, len(over) - KEPT_JOBS)]:
            del self._entries[job]


def _ending(weighed: WeighedModels) -> tuple[State, str]:
    bad = next((row for row in weighed.rows if row.status != "done"), None)
    if bad is not None:
        return "failed", f"run {bad.run_id}, {bad.pair}, is {bad.status}: {bad.error or 'weigh again to go on'}"
    return "done", _left_out(weighed)


def _left_out(weighed: WeighedModels) -> str:
    """Why some pairs have no run: one line for the first strong model that can be none."""
    (strong, _), reason = next(iter(weighed.left_out.items()), (("", ""), ""))
    n = sum(pair[0] == strong for pair in weighed.left_out)
    return f"{strong} over {n} of the others is left out: {reason}" if strong else ""
