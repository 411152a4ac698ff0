"""Whose forward is next on a device: one at a time, and whoever a person is waiting for goes first.

A run computes pack by pack and takes a turn for each; work inside `urgent()` (a Live request) overtakes it at the next
pack and is not interrupted between its own: while an urgent block is open and active, ordinary work waits.

    run    [pack][pack]                        [pack][pack]
    Live           asks [strong]..[weak] shown
                         one pack at most lies between asking and the first forward

Among equals first come, first served. On a CPU the two models of a pair may hold the turn together, each with half of
the cores (`Together`). Imports no torch and knows no model; a turn is never taken away from its holder.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

# Between two turns of one urgent block lie tokenizing and the database, not more. A block that is silent for longer
# (it downloads a model, say) holds nobody up.
LINGER_S = 0.5
# Ordinary work that has waited this long gets one turn: a room full of people at Live slows a run and never stops it.
PATIENCE_S = 30.0


@dataclass(eq=False, slots=True)
class _Ticket:
    """Somebody in a queue, and since when (monotonic seconds)."""

    together: Together | None
    since: float = field(default_factory=time.monotonic)


@dataclass(eq=False, slots=True)
class Together:
    """Two works, each in its own thread and on its own model, that may hold a device at the same time.

    Use `with together.work():` in both threads. Two forwards side by side, each on half of the cores, take less time
    than one after the other on all of them: threads that share a forward wait for each other at every step.
    """

    n: int = 2
    usual_threads: int | None = None  # torch's setting before either changed it
    lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def work(self) -> Iterator[None]:
        """Work inside shares its turns with the other work. Holds for the calling thread."""
        token = _together.set(self)
        try:
            yield
        finally:
            _together.reset(token)


@dataclass(eq=False, slots=True)
class _Block:
    """An open `urgent()`: when it last did something, and on which devices it has worked."""

    last: float = field(default_factory=time.monotonic)
    used: set[Turns] = field(default_factory=set)


class Turns:
    """The queue for one device. Not re-entrant: a thread that holds the turn must not ask for it again."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._holders: list[_Ticket] = []
        self._urgent: deque[_Ticket] = deque()
        self._ordinary: deque[_Ticket] = deque()

    @contextmanager
    def take(self) -> Iterator[None]:
        """Hold the device. Ordinary callers wait for urgent ones; who is interrupted while waiting leaves the queue."""
        block = _block.get()
        queue = self._ordinary if block is None else self._urgent
        ticket = _Ticket(_together.get())
        try:
            with self._changed:
                queue.append(ticket)
                while not self._is_next(ticket):
                    self._changed.wait(None if self._holders else LINGER_S / 10)
                queue.remove(ticket)
                self._holders.append(ticket)
                self._changed.notify_all()  # whoever may hold it together with this one
            if block is not None:
                _touch(block, self)
            yield
        finally:
            if block is not None:
                _touch(block, self)
            with self._changed:
                for held in (self._holders, queue):
                    if ticket in held:
                        held.remove(ticket)
                self._changed.notify_all()

    def must_hold_back(self) -> bool:
        """Whether ordinary work that takes no turn (a server works on many requests at once) begins nothing new now."""
        return _block.get() is None and _is_hurried(self)

    def touch(self) -> None:
        """Say that the caller's urgent block, if there is one, is at work here although it takes no turn."""
        block = _block.get()
        if block is not None:
            _touch(block, self)

    def _is_next(self, ticket: _Ticket) -> bool:
        if any(ticket.together is None or held.together is not ticket.together for held in self._holders):
            return False
        first = self._ordinary[0] if self._ordinary else None
        is_due = first is not None and time.monotonic() - first.since > PATIENCE_S
        if ticket is first:
            return is_due or not (self._urgent or _is_hurried(self))
        return not is_due and bool(self._urgent) and ticket is self._urgent[0]

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()


_block: ContextVar[_Block | None] = ContextVar("urgent_block", default=None)
_together: ContextVar[Together | None] = ContextVar("together", default=None)
_open: set[_Block] = set()
_blocks = threading.Lock()
_by_device: dict[str, Turns] = {}
_registry = threading.Lock()


def together_now() -> Together | None:
    """What the calling thread's work shares its turns with, if anything."""
    return _together.get()


def turns_of(device: str) -> Turns:
    """The process's one queue for a device ("cpu", "cuda:0")."""
    with _registry:
        return _by_device.setdefault(device, Turns())


@contextmanager
def urgent() -> Iterator[None]:
    """Work inside goes before ordinary work: somebody looks at a screen and waits. Holds for the calling thread."""
    if _block.get() is not None:
        yield
        return
    block = _Block()
    with _blocks:
        _open.add(block)
    token = _block.set(block)
    try:
        yield
    finally:
        _block.reset(token)
        with _blocks:
            _open.discard(block)
        with _registry:
            waiting = {*_by_device.values(), *block.used}
        for turns in waiting:
            turns._wake()


def _touch(block: _Block, turns: Turns) -> None:
    with _blocks:
        block.last = time.monotonic()
        block.used.add(turns)


def _is_hurried(turns: Turns) -> bool:
    """Whether an urgent block that works on this device, or has not said on which, did something a moment ago."""
    now = time.monotonic()
    with _blocks:
        return any(now - block.last < LINGER_S and (not block.used or turns in block.used) for block in _open)
