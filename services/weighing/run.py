"""One run, from where it stands to its end, in the calling thread.

Killed at any point it resumes: every batch is cached as soon as it is computed, every chunk of items is written in one
transaction, and batches are planned over whole chunks, so that a resumed run computes bit-identical batches.
Leaves out finding runs (worker.py), which items make a chunk (order.py), encoding and combining it
(chunk.py), and what is written (write.py).
"""

from __future__ import annotations

import logging
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session, sessionmaker

from scoring.errors import ScoringError
from scoring.protocol import ModelSource, OpenModel, TokenLogprobs
from services.errors import ServiceError
from services.noise import see_to_noise
from services.routing.runs import routed
from services.run_hold import RunCancelled, RunHold, RunLost, new_worker_name
from services.run_rows import RunRow, read_run
from services.weighing.chunk import PairView, combine_chunk, encode_both, fill_side
from services.weighing.encode import EncodedFor, ItemText, Side, SideView, encode_side, facts_of, side_view
from services.weighing.logprob_cache import KeepBatch
from services.weighing.order import chunk_bounds
from services.weighing.sides import both_at_once, can_compute_at_once
from services.weighing.write import chunk_texts, setup_of, write_results

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WeighProgress:
    """How far a run is, told after every pack and every chunk."""

    n_items: int
    n_done: int
    share: float  # of the work, 0 to 1
    n_computed: int
    n_cached: int
    rate: float | None  # responses a second, this sitting
    eta_s: float | None


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Items that are planned and written together, and where they lie in the work: shares of it, 0 to 1."""

    texts: list[ItemText]
    start: float
    end: float


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
        self.noise_sought: set[Side] = set()  # once a sitting, on the first chunk that has anything to weigh

    def run(self) -> None:
        strong, weak = self.setup.spec("strong"), self.setup.spec("weak")
        if fits_both(self.models, strong, weak):
            with self.models.open(strong) as strong_model, self.models.open(weak) as weak_model:
                pair = self._pair(self._strong_view(strong_model), weak_model)
                for chunk in self._chunks(0.0, 1.0):
                    models: dict[Side, OpenModel] = {"strong": strong_model, "weak": weak_model}
                    self._weigh_chunk(self._routed(chunk, strong_model), pair, models)
            return
        with self.models.open(strong) as strong_model:
            view = self._strong_view(strong_model)
            for chunk in self._chunks(0.0, 0.5):
                encoded = encode_side(self._routed(chunk, strong_model).texts, self.setup, view)
                self._fill(chunk, {"strong": encoded}, {"strong": strong_model})
        with self.models.open(weak) as weak_model:
            pair = self._pair(view, weak_model)
            for chunk in self._chunks(0.5, 1.0):
                self._weigh_chunk(chunk, pair, {"weak": weak_model})

    def _routed(self, chunk: _Chunk, strong_model: OpenModel) -> _Chunk:
        """The chunk under the domains that this run takes; they stand from here on, also for the weak model's turn."""
        self.hold.begin_stretch(chunk.start, chunk.start, n_texts=1)  # the share of the work is the weighing's
        return replace(chunk, texts=routed(self.hold, chunk.texts, strong_model, keep=self._keep))

    def _weigh_chunk(self, chunk: _Chunk, pair: PairView, models: Mapping[Side, OpenModel]) -> None:
        encoded = encode_both(chunk.texts, self.setup, pair)
        self._fill(chunk, {"strong": encoded.strong, "weak": encoded.weak}, models)
        write_results(self.hold, combine_chunk(self.hold.sessions, encoded, self.setup, pair))
        self._tell()

    def _fill(
        self, chunk: _Chunk, encoded: Mapping[Side, Sequence[EncodedFor]], models: Mapping[Side, OpenModel]
    ) -> None:
        """Cache a chunk's requests under the models at hand: side after side, or at once on two devices."""
        n_texts = sum(len(one.requests()) for side in models for one in encoded[side])
        self.hold.begin_stretch(chunk.start, chunk.end, n_texts=n_texts)
        works = [partial(self._fill_side, side, model, encoded[side]) for side, model in models.items()]
        if len(models) > 1 and can_compute_at_once(self.setup.pair, models["strong"], models["weak"]):
            both_at_once(*works, keep=self._keep)
        else:
            for work in works:
                work(self._keep)
        self.hold.end_stretch()

    def _fill_side(self, side: Side, model: OpenModel, encoded: Sequence[EncodedFor], keep: KeepBatch) -> None:
        self.hold.count_cached(fill_side(self.hold.sessions, model.engine, encoded, keep=keep).n_cached)
        requests = [request for one in encoded for request in one.requests()]
        if side in self.noise_sought or not requests:
            return
        self.noise_sought.add(side)
        noise = see_to_noise(self.hold.sessions, model, requests)
        if noise is not None:
            self.hold.record_noise(side, noise)

    def _keep(self, fingerprint: str, results: Mapping[str, TokenLogprobs]) -> None:
        self.hold.keep_batch(fingerprint, results)
        self._tell()

    def _chunks(self, start: float, end: float) -> Iterator[_Chunk]:
        """The chunks that are not settled yet, each whole: its packs are planned over all of its items."""
        n = self.hold.last_position + 1
        for first, last in chunk_bounds(self.hold.last_position):
            texts = chunk_texts(self.hold, first=first, last=last)
            if texts:
                self.hold.raise_if_cancelled()
                if self.stop is not None and self.stop.is_set():
                    raise _Stopped
                yield _Chunk(texts, start + (end - start) * first / n, start + (end - start) * (last + 1) / n)

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
        self.on_progress(
            WeighProgress(
                n_items=hold.n_items,
                n_done=counts["n_done"],
                share=hold.share_done,
                n_computed=counts["n_computed"],
                n_cached=counts["n_cached"],
                rate=hold.rate,
                eta_s=hold.eta_s,
            )
        )


def fits_both(models: ModelSource, strong: Any, weak: Any) -> bool:
    """Whether both models may be open at once; a source that does not say has room."""
    ask = getattr(models, "fits_both", None)
    return True if ask is None else bool(ask(strong, weak))
