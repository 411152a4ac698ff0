"""Asynchronous work for a caller that is not: an event loop in a thread of its own, results as they come.

Closing the iterator cancels the work, which closes its connections, and waits for the thread: nothing stays behind.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable, Coroutine, Generator, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any, TypeVar

Result = TypeVar("Result")
Emit = Callable[[Result], None]
# After a cancellation only closing sockets is left to do, and perhaps a look-up of a host's name.
JOIN_S = 5.0


@dataclass(frozen=True, slots=True)
class _End:
    error: BaseException | None


def emitted(work: Callable[[Emit[Result]], Coroutine[Any, Any, None]]) -> Generator[list[Result], None, None]:
    """What `work` emits, in lists of all that is there whenever the caller looks. Raises what `work` raises.

    The work sees the caller's context variables (is somebody waiting at a screen?).
    """
    box: SimpleQueue[Result | _End] = SimpleQueue()
    running: list[tuple[asyncio.AbstractEventLoop, asyncio.Task[None]]] = []
    is_running = threading.Event()

    async def main() -> None:
        task = asyncio.current_task()
        if task is not None:
            running.append((asyncio.get_running_loop(), task))
        is_running.set()
        await work(box.put)

    def live() -> None:
        error: BaseException | None = None
        try:
            asyncio.run(main())
        except BaseException as raised:  # handed to the caller, whatever it is
            error = raised
        finally:
            is_running.set()
            box.put(_End(error))

    thread = threading.Thread(target=contextvars.copy_context().run, args=(live,), name="tare-server", daemon=True)
    thread.start()
    try:
        yield from _batches(box)
    finally:
        is_running.wait(JOIN_S)
        for loop, task in running:
            with suppress(RuntimeError):  # the loop is closed: the work is over
                loop.call_soon_threadsafe(task.cancel)
        thread.join(JOIN_S)


def _batches(box: SimpleQueue[Result | _End]) -> Iterator[list[Result]]:
    while True:
        got = [box.get()]
        while not box.empty():  # nobody else takes from the box
            got.append(box.get())
        results = [one for one in got if not isinstance(one, _End)]
        if results:
            yield results
        ends = [one for one in got if isinstance(one, _End)]
        if ends:
            if ends[0].error is not None:
                raise ends[0].error
            return


def result_of(work: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
    """The one result of a coroutine."""

    async def once(emit: Emit[Result]) -> None:
        emit(await work())

    with closing(emitted(once)) as batches:
        found = [result for batch in batches for result in batch]
    return found[0]
