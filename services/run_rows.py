"""What a run looks like to a screen or the command line: frozen rows, read in one query each.

Leaves out starting and stopping (runs.py) and the work itself (weighing/run.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select
from sqlalchemy.orm import Session, sessionmaker

from db.queries_runs import IN_HAND, runs_with_names
from db.tables import Run, utc_now
from services.errors import NotFound

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
    n_within_noise: int  # items whose margin is below `noise_margin`
    n_computed: int  # texts that went through a model: responses under each model, and prompts the world rule asks for
    n_cached: int  # texts found in the log-prob cache
    n_decisions: int  # decisions that rest on this run
    noise_margin: float | None  # a margin below it is numeric noise; nats or nats per token; None: not measured
    progress: float  # share of the work that is done, 0 to 1; moves with every pack
    rate: float | None  # texts a second through the models, this sitting
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
    def again_of(self) -> int | None:
        """The run of which this one weighs the items within noise again; None for an ordinary run."""
        known = self.configuration.get("again_of")
        return known["run_id"] if isinstance(known, dict) else None


@dataclass(frozen=True, slots=True)
class NotWeighedRow:
    """An item that a run could not rank, and why."""

    item_id: int
    position: int
    reason: str
    detail: str


def silent_since() -> datetime:
    """A worker not heard of since this time is taken for dead. Hosts that share a database share its clock's truth."""
    return utc_now() - timedelta(seconds=STALE_AFTER_S)


def read_run(sessions: sessionmaker[Session], run_id: int) -> RunRow:
    """That run as it stands, or NotFound."""
    rows = read_runs(sessions, runs_with_names().where(Run.run_id == run_id))
    if not rows:
        raise NotFound(f"no run {run_id}; it may have been deleted")
    return rows[0]


def read_runs(sessions: sessionmaker[Session], wanted: Select[Any]) -> tuple[RunRow, ...]:
    """The rows of a `runs_with_names` selection."""
    with sessions() as session:
        return tuple(_row(*found) for found in session.execute(wanted))


def _row(
    run: Run, dataset: str, pair: str, criteria: str, criteria_version: int, n_decisions: int, n_within_noise: int
) -> RunRow:
    in_hand = run.status in IN_HAND
    share = _share(run)
    return RunRow(
        run_id=run.run_id,
        dataset_id=run.dataset_id,
        dataset=dataset,
        pair=pair,
        criteria_id=run.criteria_id,
        criteria=criteria,
        criteria_version=criteria_version,
        status=run.status,
        is_interrupted=in_hand and (run.heartbeat_at is None or run.heartbeat_at < silent_since()),
        is_hidden=run.is_hidden,
        rank_by=run.configuration.get("rank_by", "sum"),
        n_items=run.n_items,
        n_done=run.n_done,
        n_not_weighed=run.n_not_weighed,
        n_out_of_world=run.n_out_of_world,
        n_within_noise=n_within_noise,
        n_computed=run.n_computed,
        n_cached=run.n_cached,
        n_decisions=n_decisions,
        noise_margin=run.noise_margin,
        progress=share,
        rate=run.responses_per_s,
        elapsed_s=run.elapsed_s,
        eta_s=run.elapsed_s / share * (1 - share) if in_hand and share > 0 else None,
        error=run.error,
        configuration=run.configuration,
        software=run.software,
        worker=run.worker if in_hand else None,
        created_at=run.created_at,
        started_at=run.started_at,
        finished_at=run.finished_at,
    )


def _share(run: Run) -> float:
    """Of the work; by items for a run from before packs were counted."""
    if run.status == "done" or not run.n_items:
        return 1.0
    return run.n_done / run.n_items if run.share_done is None else run.share_done
