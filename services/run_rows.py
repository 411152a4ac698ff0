"""What a run looks like to a screen or the command line: frozen rows, read in one query each.

Leaves out starting and stopping (runs.py) and the work itself (weighing.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

STALE_AFTER_S = 15.0  # a running run whose worker has been silent this long was left behind


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run as it stands."""

    run_id: int
    dataset_id: int
    dataset: str
    pair: str
    criteria_id: int
    criteria: str
    criteria_version: int
    status: str  # queued | running | cancelling | cancelled | done | failed
    is_interrupted: bool  # running or cancelling, but its worker has been silent for STALE_AFTER_S
    is_hidden: bool
    rank_by: str  # sum | mean
    n_items: int
    n_done: int  # weighed or told apart as not weighable
    n_not_weighed: int
    n_out_of_world: int
    n_computed: int  # responses that went through a model, both models counted
    n_cached: int  # responses found in the log-prob cache
    n_decisions: int  # decisions that rest on this run
    rate: float | None  # responses a second through the models, this sitting
    elapsed_s: float  # working time, over all resumptions
    eta_s: float | None  # while it runs and something is done
    error: str | None  # one line
    configuration: dict[str, Any]
    software: dict[str, Any]
    worker: str | None  # host:pid:number of the process it belongs to, while it runs
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @property
    def progress(self) -> float:
        """Share done, 0 to 1."""
        return self.n_done / self.n_items if self.n_items else 1.0


@dataclass(frozen=True, slots=True)
class NotWeighedRow:
    """An item that a run could not rank, and why."""

    item_id: int
    position: int
    reason: str
    detail: str
