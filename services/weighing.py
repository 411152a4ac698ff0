"""One run, from where it stands to its end, in the calling thread.

Killed at any point it resumes: every batch is cached as soon as it is computed, every chunk of items is written in one
transaction, and batches are planned over whole chunks, so that a resumed run computes bit-identical batches.
Leaves out finding runs (worker.py), encoding and combining a chunk (weigh_chunk.py), what is written (weigh_write.py).
"""

from __future__ import annotations

import logging
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session, sessionmaker

from scoring.errors import ScoringError
from scoring.protocol import LogprobEngine, ModelSource, OpenModel
from services.errors import ServiceError
from services.run_hold import RunCancelled, RunHold, RunLost, new_worker_name
from services.run_rows import RunRow, read_run
from services.weigh_chunk import PairView, combine_chunk, encode_both, fill_side
from services.weigh_encode import EncodedFor, ItemText, SideView, encode_side, facts_of, side_view
from services.weigh_write import chunk_texts, setup_of, write_results

CHUNK_ITEMS = 16  # positions a chunk: what is planned, and what is written, together
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WeighProgress:
    """How far a run is, told after every chunk."""

    n_items: int
    n_done: int
    n_computed: int
    n_cached: int
    rate: float | None  # responses a second, this sitting
    eta_s: float | None


class _Stopped(Exception):
    """The process is ending; the run goes back into the queue."""


def weigh(
    sessions: sessionmaker[Session],
    models: ModelSource,
    run_id: int,
    *,
    on_progress: Callable[[WeighProgress], None] | None = None,
    worker_name: str | None = None,
    stop: threading.Event | None = None,
) -> RunRow:
    """Weigh a run to its end and return its row: done, cancelled, or failed with one line.

    Raises NotFound, or Refused when another process is weighing it or it is already done. A model that cannot be had
    does not raise: the run is marked failed with that line. When `stop` gets set the run is put back into the queue.
    """
    hold = RunHold.claim(sessions, run_id, worker=worker_name or new_worker_name())
    try:
        with hold.beating():
            _Weighing(hold, models, on_progress, stop).run()
        hold.settle("done")
    except RunCancelled:
        hold.settle("cancelled")
    except _Stopped:
        hold.settle("queued")
    except RunLost as lost:
        log.warning("%s; what was computed is kept", lost)
    except (ScoringError, ServiceError) as error:
        hold.settle("failed", error=" ".join(str(error).split()))
    except KeyboardInterrupt:
        hold.settle("cancelled")
        raise
    except Exception as error:  # a defect of ours: told on the run, traceback in the log, other runs go on
        log.exception("run %s failed unexpectedly", run_id)
        hold.settle("failed", error=_line_of(error))
    return read_run(sessions, run_id)


def _line_of(error: Exception) -> str:
    """KeyError: 'x' (file.py:12); the full traceback is in the log."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    first_line = (str(error).splitlines() or [""])[0]
    return f"{type(error).__name__}: {first_line}{place}; this is a defect of Tare, the log has the traceback"


class _Weighing:
    """The work on a held run. One pass while both models fit in memory, else strong over everything, then weak."""

    def __init__(
        self,
        hold: RunHold,
        models: ModelSource,
        on_progress: Callable[[WeighProgress], None] | None,
        stop: threading.Event | None,
    ) -> None:
        self.hold = hold
        self.models = models
        self.on_progress = on_progress
        self.stop = stop
        self.setup = setup_of(hold.sessions, hold.configuration, criteria_id=hold.criteria_id)

    def run(self) -> None:
        strong, weak = self.setup.spec("strong"), self.setup.spec("weak")
        if fits_both(self.models, strong, weak):
            with self.models.open(strong) as strong_model, self.models.open(weak) as weak_model:
                pair = self._pair(self._strong_view(strong_model), weak_model)
                for texts in self._chunks():
                    self._weigh_chunk(texts, pair, weak_model.engine, strong=strong_model.engine)
            return
        with self.models.open(strong) as strong_model:
            view = self._strong_view(strong_model)
            for texts in self._chunks():
                self._fill(strong_model.engine, encode_side(texts, self.setup, view))
        with self.models.open(weak) as weak_model:
            pair = self._pair(view, weak_model)
            for texts in self._chunks():
                self._weigh_chunk(texts, pair, weak_model.engine, strong=None)

    def _weigh_chunk(
        self, texts: list[ItemText], pair: PairView, weak: LogprobEngine, *, strong: LogprobEngine | None
    ) -> None:
        chunk = encode_both(texts, self.setup, pair)
        if strong is not None:
            self._fill(strong, chunk.strong)
        self._fill(weak, chunk.weak)
        write_results(self.hold, combine_chunk(self.hold.sessions, chunk, self.setup, pair))
        self._tell()

    def _fill(self, engine: LogprobEngine, encoded: Sequence[EncodedFor]) -> None:
        """Cache one model's requests of a chunk; those found are counted in memory until the next write."""
        hold = self.hold
        filled = fill_side(hold.sessions, engine, encoded, keep=hold.keep_batch)
        hold.counts = {**hold.counts, "n_cached": hold.counts["n_cached"] + filled.n_cached}

    def _chunks(self) -> Iterator[list[ItemText]]:
        """The chunks that are not settled yet, each whole: its batches are planned over all of its items."""
        for first in range(0, self.hold.last_position + 1, CHUNK_ITEMS):
            last = min(first + CHUNK_ITEMS - 1, self.hold.last_position)
            texts = chunk_texts(self.hold, first=first, last=last)
            if texts:
                self.hold.raise_if_cancelled()
                if self.stop is not None and self.stop.is_set():
                    raise _Stopped
                yield texts

    def _strong_view(self, model: OpenModel) -> SideView:
        facts = facts_of(model)
        self.hold.record_model("strong", facts.description)
        return side_view(self.setup, "strong", facts, strong=facts)

    def _pair(self, strong: SideView, weak_model: OpenModel) -> PairView:
        facts = facts_of(weak_model)
        self.hold.record_model("weak", facts.description)
        return PairView(strong, side_view(self.setup, "weak", facts, strong=strong.facts))

    def _tell(self) -> None:
        if self.on_progress is None:
            return
        hold, counts = self.hold, self.hold.counts
        eta_s = hold.elapsed_s / counts["n_done"] * (hold.n_items - counts["n_done"]) if counts["n_done"] else None
        told = WeighProgress(hold.n_items, counts["n_done"], counts["n_computed"], counts["n_cached"], hold.rate, eta_s)
        self.on_progress(told)


def fits_both(models: ModelSource, strong: Any, weak: Any) -> bool:
    """Whether both models may be open at once; a source that does not say has room."""
    ask = getattr(models, "fits_both", None)
    return True if ask is None else bool(ask(strong, weak))
