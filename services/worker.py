"""The thread that weighs: queued runs, oldest first, and runs that a dead process left behind.

Started on demand; ends with the process. Models are opened only when there is a run to do, in this thread, so that a
page is up before torch is imported. Safe when several processes have one: a run is claimed atomically.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.orm import Session, sessionmaker

from scoring.protocol import ModelSource


class RunWorker:
    """Keep one per process (ui/resources.py does)."""

    def __init__(
        self, sessions: sessionmaker[Session], models_factory: Callable[[], ModelSource], *, poll_s: float = 1.0
    ) -> None:
        self._sessions = sessions
        self._models_factory = models_factory
        self._poll_s = poll_s

    def ensure_started(self) -> None:
        """Start the thread unless it is alive; cheap, so call it whenever a run was queued and at start-up."""
        raise NotImplementedError

    def stop(self, *, timeout_s: float = 30.0) -> None:
        """Let the run in hand be cancelled at its next batch, left queued for later, and end the thread. For tests."""
        raise NotImplementedError
