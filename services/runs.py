"""Runs: started, listed, cancelled, resumed, hidden, deleted.

A run here is a row and its configuration; weighing/run.py does the work and worker.py finds it. Imports no torch.
"""

from __future__ import annotations

import platform
from importlib import metadata
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from db.queries_runs import IN_HAND, left_behind, not_weighed_of, runs_with_names
from db.tables import Dataset, Decision, Run, utc_now
from scoring.conditioning import DEFAULT, Conditioning
from scoring.pairs import ModelPair
from scoring.processor import has_bfloat16
from services.criteria.store import CriteriaRow, get_criteria
from services.errors import DecisionsRestOnIt, NotFound, Refused
from services.pairs.catalogue import freeze_pair, get_pair, spec_of
from services.routing.choice import BY_COLUMN, Routing
from services.routing.store import get_router
from services.run_rows import STALE_AFTER_S, NotWeighedRow, RunRow, read_run, read_runs, silent_since

__all__ = [
    "STALE_AFTER_S", "NotWeighedRow", "RunRow", "delete_run", "get_run", "hide_run", "latest_run", "list_not_weighed",
    "list_runs", "request_cancel", "resume", "slow_line", "start_run",
]  # fmt: skip

RANK_BY = ("sum", "mean")
DTYPES = ("auto", "float32", "bfloat16", "float16")
SLOW = "This processor has no bfloat16 instructions: unless a GPU weighs, bfloat16 will be slow on it."
SOFTWARE = ("torch", "transformers", "tokenizers", "safetensors", "SQLAlchemy", "streamlit")


def start_run(
    sessions: sessionmaker[Session],
    *,
    dataset_id: int,
    pair: str | ModelPair,
    criteria_id: int,
    rank_by: str = "sum",
    count_end_of_turn: bool = True,
    dtype: str = "auto",
    min_candidates: int = 2,
    conditioning: Conditioning = DEFAULT,
    routing: Routing = BY_COLUMN,
) -> int:
    """Queue a run and return its run_id; a worker (or `weighing.weigh`) does the rest. A name is the catalogue's.

    Raises NotFound (dataset, pair, criteria) or Refused (dataset empty or still importing, unknown rank_by or dtype),
    each with the way out. Criteria that a closed pair was not trained on are taken: who chooses them is told
    (criteria_store.foreign_line).
    """
    _require_one_of("rank_by", rank_by, RANK_BY)
    _require_one_of("dtype", dtype, DTYPES)
    model_pair = pair if isinstance(pair, ModelPair) else get_pair(pair)
    criteria = get_criteria(sessions, criteria_id)
    configuration = configuration_of(
        model_pair, criteria, rank_by=rank_by, count_end_of_turn=count_end_of_turn, dtype=dtype,
        min_candidates=min_candidates, conditioning=conditioning, routing=routing,
    )  # fmt: skip
    if routing.router_id is not None:  # its number means nothing in another database
        router = get_router(sessions, routing.router_id)
        configuration["router"] = {"name": router.name, "version": router.version, "sha256": router.sha256}
    with sessions.begin() as session:
        run = Run(
            dataset_id=dataset_id,
            model_pair_id=freeze_pair(session, model_pair),
            criteria_id=criteria_id,
            configuration=configuration,
            software=software_versions(),
            n_items=_ready_items(session, dataset_id),
        )
        session.add(run)
        session.flush()
        return run.run_id


def configuration_of(
    pair: ModelPair,
    criteria: CriteriaRow,
    *,
    rank_by: str = "sum",
    count_end_of_turn: bool = True,
    dtype: str = "auto",
    min_candidates: int = 2,
    conditioning: Conditioning = DEFAULT,
    routing: Routing = BY_COLUMN,
) -> dict[str, Any]:
    """All that decides a run's numbers, as plain JSON; `models` is written beside it when the run begins.

    What is as it was before it could be chosen is left out, so that an older run still counts as the same.
    """
    chosen = {
        "conditioning": None if conditioning == DEFAULT else conditioning.to_json(),
        "routing": None if routing == BY_COLUMN else routing.to_json(),
    }
    return {
        "pair": spec_of(pair),
        "criteria": {"name": criteria.name, "version": criteria.version, "sha256": criteria.sha256},
        "rank_by": rank_by,
        "count_end_of_turn": count_end_of_turn,
        "dtype": dtype,
        "template": pair.template,
        "min_candidates": min_candidates,  # 1: a text of the world check, which is weighed but not ranked
    } | {name: value for name, value in chosen.items() if value is not None}


def slow_line(dtype: str) -> str | None:
    """One line to say before weighing in this dtype; nothing is refused because of it."""
    return SLOW if dtype == "bfloat16" and has_bfloat16() is False else None


def software_versions() -> dict[str, Any]:
    """What is installed, read from the packages' metadata: importing torch would take seconds."""
    versions: dict[str, Any] = {"python": platform.python_version()}
    for package in SOFTWARE:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            versions[package] = None
    return versions


def list_runs(
    sessions: sessionmaker[Session], *, dataset_id: int | None = None, include_hidden: bool = False
) -> tuple[RunRow, ...]:
    """Runs, newest first."""
    wanted = runs_with_names().order_by(Run.run_id.desc())
    if dataset_id is not None:
        wanted = wanted.where(Run.dataset_id == dataset_id)
    if not include_hidden:
        wanted = wanted.where(Run.is_hidden.is_(False))
    return read_runs(sessions, wanted)


def get_run(sessions: sessionmaker[Session], run_id: int) -> RunRow:
    """That run as it stands, or NotFound."""
    return read_run(sessions, run_id)


def latest_run(sessions: sessionmaker[Session], dataset_id: int) -> RunRow | None:
    """The newest finished run of a dataset that is not hidden; else the newest with anything weighed; else None."""
    of_dataset = runs_with_names().where(Run.dataset_id == dataset_id, Run.is_hidden.is_(False), Run.n_done > 0)
    is_finished_first = (Run.status == "done").desc()
    rows = read_runs(sessions, of_dataset.order_by(is_finished_first, Run.run_id.desc()).limit(1))
    return rows[0] if rows else None


def list_not_weighed(sessions: sessionmaker[Session], run_id: int, *, limit: int = 200) -> tuple[NotWeighedRow, ...]:
    """The items this run could not rank, in file order."""
    with sessions() as session:
        return tuple(NotWeighedRow(*row) for row in not_weighed_of(session, run_id, limit=limit))


def request_cancel(sessions: sessionmaker[Session], run_id: int) -> RunRow:
    """Ask a run to stop: a queued one is cancelled at once, a running one between two batches; what is done stays."""
    this_run = Run.run_id == run_id
    with sessions.begin() as session:
        nobody_works = (Run.status == "queued") | left_behind(silent_since())
        session.execute(update(Run).where(this_run, nobody_works).values(status="cancelled", finished_at=utc_now()))
        session.execute(update(Run).where(this_run, Run.status == "running").values(status="cancelling"))
    return read_run(sessions, run_id)


def resume(sessions: sessionmaker[Session], run_id: int) -> RunRow:
    """Queue a cancelled, failed or interrupted run again; it goes on where it stopped. Refused for other states."""
    can_resume = Run.status.in_(("cancelled", "failed")) | left_behind(silent_since())
    with sessions.begin() as session:
        resumed = session.execute(
            update(Run).where(Run.run_id == run_id, can_resume).values(status="queued", error=None, worker=None)
        )
        is_resumed = resumed.rowcount == 1  # type: ignore[attr-defined]  # an UPDATE's result has it
    row = read_run(sessions, run_id)
    if not is_resumed:
        raise Refused(f"run {run_id} is {row.status}; only a cancelled, failed or interrupted run can be resumed")
    return row


def hide_run(sessions: sessionmaker[Session], run_id: int, *, is_hidden: bool = True) -> None:
    """Take a run out of the lists, or put it back; nothing is lost."""
    read_run(sessions, run_id)
    with sessions.begin() as session:
        session.execute(update(Run).where(Run.run_id == run_id).values(is_hidden=is_hidden))


def delete_run(sessions: sessionmaker[Session], run_id: int) -> None:
    """Delete a run with its scores (the log-prob cache stays).

    Raises DecisionsRestOnIt when a decision names it (then `hide_run`), Refused while it is being weighed.
    """
    row = read_run(sessions, run_id)
    if row.status in IN_HAND and not row.is_interrupted:
        raise Refused(f"run {run_id} is being weighed; cancel it first, then delete it")
    refusal = DecisionsRestOnIt(f"run {run_id} has decisions that rest on it and is kept; hide it instead")
    try:
        with sessions.begin() as session:
            if session.scalar(select(Decision.decision_id).where(Decision.run_id == run_id).limit(1)) is not None:
                raise refusal
            session.execute(delete(Run).where(Run.run_id == run_id))
    except IntegrityError:  # somebody decided in between
        raise refusal from None


def _require_one_of(what: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise Refused(f"{what} is {value!r}; it must be one of {', '.join(allowed)}")


def _ready_items(session: Session, dataset_id: int) -> int:
    dataset = session.get(Dataset, dataset_id)
    if dataset is None:
        raise NotFound(f"no dataset with number {dataset_id}; import one first")
    if dataset.state != "ready":
        raise Refused(f"dataset {dataset.name!r} is {dataset.state}; wait until the import is finished")
    if dataset.n_items == 0:
        raise Refused(f"dataset {dataset.name!r} has no item; import a file with at least one good row")
    return dataset.n_items
