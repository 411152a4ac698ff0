"""Whose forward is next on a device: one at a time, and whoever a person is waiting for goes first.

A run computes pack by pack and takes a turn for each; work inside `urgent()` (a Live request) overtakes it at the next
pack and is not interrupted between its own: while an urgent block is open and active, ordinary work waits.
Imports no torch and knows no model.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

# Between two turns of one urgent block lie tokenizing and the database, not more. A block that is silent for longer
# (it downloads a model, say) holds nobody up.
LINGER_S = 0.5
_is_urgent: ContextVar[bool] = ContextVar("is_urgent", default=False)


class Turns:
    """The queue for one device. Not re-entrant: a thread that holds the turn must not ask for it again."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._is_taken = False
        self._urgent_waiting = 0

    @contextmanager
    def take(self) -> Iterator[None]:
        """Hold the device. Ordinary callers wait for urgent ones; among equals the order is the system's."""
        is_urgent = _is_urgent.get()
        with self._changed:
            self._urgent_waiting += is_urgent
            while self._is_taken or (not is_urgent and self._must_yield()):
                self._changed.wait(None if self._is_taken else LINGER_S / 10)
            self._urgent_waiting -= is_urgent
            self._is_taken = True
        try:
            yield
        finally:
            if is_urgent:
                _hurry.touch()
            with self._changed:
                self._is_taken = False
                self._changed.notify_all()

    def _must_yield(self) -> bool:
        return self._urgent_waiting > 0 or _hurry.is_active()


class _Hurry:
    """How many urgent blocks are open in this process, and when one last did something."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._n_open = 0
        self._last = 0.0

    def add(self, change: int) -> None:
        with self._lock:
            self._n_open += change
            self._last = time.monotonic()

    def touch(self) -> None:
        self.add(0)

    def is_active(self) -> bool:
        with self._lock:
            return self._n_open > 0 and time.monotonic() - self._last < LINGER_S


_hurry = _Hurry()
_by_device: dict[str, Turns] = {}
_registry = threading.Lock()


def turns_of(device: str) -> Turns:
    """The process's one queue for a device ("cpu", "cuda:0")."""
    with _registry:
        return _by_device.setdefault(device, Turns())


@contextmanager
def urgent() -> Iterator[None]:
    """Work inside goes before ordinary work: somebody looks at a screen and waits."""
    token = _is_urgent.set(True)
    _hurry.add(1)
    try:
        yield
    finally:
        _hurry.add(-1)
        _is_urgent.reset(token)
