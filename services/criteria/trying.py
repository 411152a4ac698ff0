"""Trials at work in this process, one thread each: started from a screen, watched through the database.

A thread that dies with its process leaves a trial that goes on from its last chunk when it is started again. Leaves out
the weighing (trials/trial.py) and the screen.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, sessionmaker

from scoring.errors import ScoringError
from scoring.protocol import ModelSource
from services.errors import ServiceError
from services.trials.trial import advance

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _AtWork:
    thread: threading.Thread
    stop: threading.Event
    problem: str = ""


class TrialThreads:
    """Keep one per process (ui/resources.py does). Models are opened in the thread, never by the screen."""

    def __init__(self, sessions: sessionmaker[Session], models_factory: Callable[[], ModelSource]) -> None:
        self._sessions = sessions
        self._models_factory = models_factory
        self._lock = threading.Lock()
        self._by_trial: dict[int, _AtWork] = {}

    def start(self, trial_id: int) -> None:
        """Weigh what is left of a trial, unless a thread of this process does already."""
        with self._lock:
            known = self._by_trial.get(trial_id)
            if known is not None and known.thread.is_alive():
                return
            thread = threading.Thread(target=self._work, args=(trial_id,), name=f"trial-{trial_id}", daemon=True)
            self._by_trial[trial_id] = _AtWork(thread, threading.Event())
            thread.start()

    def stop(self, trial_id: int, *, timeout_s: float = 0.0) -> None:
        """Let it end at its next chunk; what is weighed is kept."""
        with self._lock:
            known = self._by_trial.get(trial_id)
        if known is not None:
            known.stop.set()
            known.thread.join(timeout_s)

    def is_at_work(self, trial_id: int) -> bool:
        """Whether a thread of this process is weighing it."""
        with self._lock:
            known = self._by_trial.get(trial_id)
            return known is not None and known.thread.is_alive()

    def problem(self, trial_id: int) -> str:
        """Why its last thread ended early, in one line; "" when it did not."""
        with self._lock:
            known = self._by_trial.get(trial_id)
            return "" if known is None else known.problem

    def _work(self, trial_id: int) -> None:
        with self._lock:
            mine = self._by_trial[trial_id]
        try:
            advance(self._sessions, self._models_factory(), trial_id, stop=mine.stop)
        except (ScoringError, ServiceError) as error:
            mine.problem = str(error)
        except DBAPIError as error:
            log.exception("trial %s: the database failed", trial_id)
            mine.problem = f"the database did not answer ({type(error.orig).__name__}); what was weighed is kept"
        except Exception as error:  # a thread has nobody above it: said on the screen, and in the log with its trace
            log.exception("trial %s failed", trial_id)
            mine.problem = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}; what was weighed is kept"
