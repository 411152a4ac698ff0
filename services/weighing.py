"""One run, from where it stands to its end, in the calling thread.

Killed at any point it resumes: every batch is cached as soon as it is computed, every chunk of items is written in one
transaction, and batches are planned over whole chunks, so that a resumed run computes bit-identical batches.
Leaves out finding runs (worker.py), encoding and combining a chunk (weigh_chunk.py), and queues.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.orm import Session, sessionmaker

from scoring.protocol import ModelSource
from services.run_rows import RunRow


@dataclass(frozen=True, slots=True)
class WeighProgress:
    """How far a run is, told after every chunk."""

    n_items: int
    n_done: int
    n_computed: int
    n_cached: int
    rate: float | None  # responses a second, this sitting
    eta_s: float | None


def weigh(
    sessions: sessionmaker[Session],
    models: ModelSource,
    run_id: int,
    *,
    on_progress: Callable[[WeighProgress], None] | None = None,
    worker_name: str | None = None,
) -> RunRow:
    """Weigh a run to its end and return its row: done, cancelled, or failed with one line.

    Raises NotFound, or Refused when another process is weighing it or it is already done. A model that cannot be had
    does not raise: the run is marked failed with that line.
    """
    raise NotImplementedError
