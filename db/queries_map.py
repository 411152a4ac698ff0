"""What a pair map reads: finished runs of a dataset with their configuration, and the rewards of many runs at once.

A map of M models has M x (M - 1) runs: every query here takes many of them, so that the number of queries does not grow
with the pairs. Leaves out what counts as right (services/pair_map/credits.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.tables import Dataset, Decision, Item, Run, Score

ROWS_AT_ONCE = 20_000
RUNS_AT_ONCE = 200  # SQLite takes some hundreds of parameters in one statement


class FinishedRun(NamedTuple):
    """A finished run and what it was made under."""

    run_id: int
    configuration: dict[str, Any]
    n_items: int
    n_computed: int
    n_cached: int
    elapsed_s: float


def finished_runs_under(session: Session, dataset_id: int, criteria_id: int) -> list[FinishedRun]:
    """Every finished run of the dataset under these criteria, the newest first; hidden ones too."""
    rows = session.execute(
        select(Run.run_id, Run.configuration, Run.n_items, Run.n_computed, Run.n_cached, Run.elapsed_s)
        .where(Run.dataset_id == dataset_id, Run.criteria_id == criteria_id, Run.status == "done")
        .order_by(Run.run_id.desc())
    )
    return [FinishedRun(*row) for row in rows]


def rewards_of_runs(session: Session, run_ids: Sequence[int]) -> Iterator[Sequence[tuple[int, int, float, float]]]:
    """(run_id, candidate_id, reward, reward per token) of all these runs, in batches."""
    for some in _batches(run_ids):
        wanted = select(Score.run_id, Score.candidate_id, Score.reward, Score.reward_per_token)
        yield from _rows(session, wanted.where(Score.run_id.in_(some)))


def side_logprobs_of_runs(
    session: Session, run_ids: Sequence[int], *, is_strong: bool
) -> Iterator[Sequence[tuple[int, int, float, int]]]:
    """(run_id, candidate_id, log-prob, tokens) of one side of all these runs, in batches."""
    columns = (Score.strong_logprob, Score.strong_tokens) if is_strong else (Score.weak_logprob, Score.weak_tokens)
    for some in _batches(run_ids):
        yield from _rows(session, select(Score.run_id, Score.candidate_id, *columns).where(Score.run_id.in_(some)))


def _batches(run_ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(run_ids), RUNS_AT_ONCE):
        yield run_ids[start : start + RUNS_AT_ONCE]


def _rows(session: Session, wanted: Any) -> Iterator[Sequence[Any]]:
    found = session.execute(wanted.execution_options(yield_per=ROWS_AT_ONCE))
    yield from found.partitions(ROWS_AT_ONCE)


def stamp_of(session: Session, dataset_id: int) -> tuple[int, ...]:
    """(finished runs, the newest of them, the newest decision, items) of the dataset."""
    runs = session.execute(
        select(func.count(), func.max(Run.run_id)).where(Run.dataset_id == dataset_id, Run.status == "done")
    ).one()
    decision = session.scalar(
        select(func.max(Decision.decision_id))
        .join(Item, Item.item_id == Decision.item_id)
        .where(Item.dataset_id == dataset_id)
    )
    n_items = session.scalar(select(Dataset.n_items).where(Dataset.dataset_id == dataset_id))
    return runs[0], runs[1] or 0, decision or 0, n_items or 0
