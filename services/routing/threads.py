"""Datasets being routed in this process, one thread each: started from a screen, watched by it.

A thread that dies with its process loses nothing: every chunk's guesses are kept, and the next start goes on. Leaves
out the routing (dataset.py) and the screen.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, sessionmaker

from scoring.errors import ScoringError
from scoring.protocol import ModelSource
from services.errors import ServiceError
from services.routing.dataset import route_dataset

log = logging.getLogger(__name__)
KEPT = "what was routed is kept"


@dataclass(frozen=True, slots=True)
class RoutingTask:
    """Which dataset is routed by which pair's strong model under which router."""

    dataset_id: int
    router_id: int
    pair: str


@dataclass(frozen=True, slots=True)
class RoutingProgress:
    """How far a task is. problem: why it ended early, in one line."""

    is_at_work: bool = True
    n_done: int = 0
    n_items: int = 0
    n_computed: int | None = None  # log-probs that went through the model, once it is over
    problem: str = ""


@dataclass(slots=True)
class _AtWork:
    progress: RoutingProgress = field(default_factory=RoutingProgress)
    stop: threading.Event = field(default_factory=threading.Event)
    thread: threading.Thread | None = None


class RoutingThreads:
    """Keep one per process (ui/resources.py does). Models are opened in the thread, never by the screen."""

    def __init__(self, sessions: sessionmaker[Session], models_factory: Callable[[], ModelSource]) -> None:
        self._sessions = sessions
        self._models_factory = models_factory
        self._lock = threading.Lock()
        self._by_task: dict[RoutingTask, _AtWork] = {}

    def start(self, task: RoutingTask) -> None:
        """Route what is left, unless a thread of this process does already."""
        with self._lock:
            known = self._by_task.get(task)
            if known is not None and known.progress.is_at_work:
                return
            mine = self._by_task[task] = _AtWork()
            mine.thread = threading.Thread(target=self._work, args=(task, mine), name="routing", daemon=True)
            mine.thread.start()

    def stop(self, task: RoutingTask, *, timeout_s: float = 0.0) -> None:
        """Let it end at its next chunk; what is routed is kept."""
        with self._lock:
            known = self._by_task.get(task)
        if known is not None and known.thread is not None:
            known.stop.set()
            known.thread.join(timeout_s)

    def progress(self, task: RoutingTask) -> RoutingProgress | None:
        """How far it is; None when this process was never asked for it."""
        with self._lock:
            known = self._by_task.get(task)
            return None if known is None else known.progress

    def _work(self, task: RoutingTask, mine: _AtWork) -> None:
        def told(n_done: int, n_items: int) -> None:
            mine.progress = replace(mine.progress, n_done=n_done, n_items=n_items)

        try:
            done = route_dataset(
                self._sessions, self._models_factory(), task.dataset_id, pair=task.pair, router_id=task.router_id,
                on_progress=told, stop=mine.stop,
            )  # fmt: skip
            mine.progress = replace(mine.progress, is_at_work=False, n_computed=done.n_computed)
        except (ScoringError, ServiceError) as error:
            mine.progress = replace(mine.progress, is_at_work=False, problem=str(error))
        except DBAPIError as error:
            log.exception("routing dataset %s: the database failed", task.dataset_id)
            line = f"the database did not answer ({type(error.orig).__name__}); {KEPT}"
            mine.progress = replace(mine.progress, is_at_work=False, problem=line)
        except Exception as error:  # a thread has nobody above it: said on the screen, and in the log with its trace
            log.exception("routing dataset %s failed", task.dataset_id)
            line = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}; {KEPT}"
            mine.progress = replace(mine.progress, is_at_work=False, problem=line)
