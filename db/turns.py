"""Who writes next: threads of one process take turns, first come, first served.

SQLite has one write lock and makes those who wait for it sleep and try again, for longer and longer: under twenty
people some wait for seconds while others pass. In a queue everybody waits about as long. Between processes SQLite's
own waiting remains. Leaves out the transactions themselves (session.py).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Lock


class Turns:
    """A lock that is handed to whoever has waited longest.

        with turns.mine(timeout_s=10): ...

    After `timeout_s` the block runs without the turn: SQLite then says itself that the database is locked.
    """

    def __init__(self) -> None:
        self._guard = Lock()
        self._waiting: deque[Event] = deque()
        self._is_taken = False

    @contextmanager
    def mine(self, *, timeout_s: float) -> Iterator[None]:
        """Runs the block when it is this thread's turn."""
        is_mine = self._take(timeout_s)
        try:
            yield
        finally:
            if is_mine:
                self._hand_over()

    def _take(self, timeout_s: float) -> bool:
        with self._guard:
            if not self._is_taken:
                self._is_taken = True
                return True
            called = Event()
            self._waiting.append(called)
        if called.wait(timeout_s):
            return True
        with self._guard:
            if called.is_set():  # handed over at the last moment
                return True
            self._waiting.remove(called)
            return False

    def _hand_over(self) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._is_taken = False
