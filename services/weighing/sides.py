"""Strong and weak at the same time, each on its own device, or each on half of a CPU's cores: two threads, one end.

Writing stays one at a time (RunHold has a lock), computing does not. Whichever side stops first, by an error or because
the run was cancelled, stops the other after its pack in hand; what both computed is kept.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping

from scoring.engine.turns import Together
from scoring.pairs import ModelPair
from scoring.protocol import OpenModel, TokenLogprobs
from services.weighing.logprob_cache import KeepBatch

Work = Callable[[KeepBatch], None]


def can_compute_at_once(pair: ModelPair, strong: OpenModel, weak: OpenModel) -> bool:
    """Whether neither has to wait for the other: two devices, or a CPU with a core for each of two models.

    An adapter and its base are one model in memory, and so are two adapters of one base.
    """
    if strong.device != weak.device:
        return True
    is_one = strong.engine is weak.engine or (pair.strong.ref, pair.strong.revision) == (
        pair.weak.ref,
        pair.weak.revision,
    )
    return strong.device == "cpu" and not is_one and (os.cpu_count() or 1) > 1


class _OtherStopped(Exception):
    """The other side ended early, so this one need not go on."""


def both_at_once(here: Work, beside: Work, *, keep: KeepBatch) -> None:
    """Do `here` in this thread and `beside` in another, each with a `keep` that also stops it when the other stopped.

    Raises what the first of them raised, when both are at rest.
    """
    is_over, together = threading.Event(), Together()
    raised: list[BaseException] = []

    def keep_or_stop(fingerprint: str, results: Mapping[str, TokenLogprobs]) -> None:
        keep(fingerprint, results)
        if is_over.is_set():
            raise _OtherStopped

    def do(work: Work) -> None:
        try:
            with together.work():
                work(keep_or_stop)
        except _OtherStopped:
            pass
        except BaseException as error:  # Ctrl+C too: it is raised again below, when both are at rest
            raised.append(error)
            is_over.set()

    thread = threading.Thread(target=do, args=(beside,), name="weigh-beside", daemon=True)
    thread.start()
    do(here)
    _join(thread, is_over, raised)
    if raised:
        raise raised[0]


def _join(thread: threading.Thread, is_over: threading.Event, raised: list[BaseException]) -> None:
    """Wait for the other side; Ctrl+C meanwhile ends it after its pack in hand."""
    while thread.is_alive():
        try:
            thread.join()
        except KeyboardInterrupt as interrupt:
            raised.append(interrupt)
            is_over.set()
