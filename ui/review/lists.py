"""What there is to choose from: datasets, their runs and plans, read now and then rather than at every key.

Counting decisions for these lists takes a tenth of a second once there are a hundred thousand, and they hardly change
while somebody decides. They are read anew when one comes from another page, when the address names something that is
not among them, every few seconds, and always while a run is at work.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import streamlit as st

from services import datasets, runs
from services.datasets import DatasetRow
from services.looks import plans
from services.looks.rows import PlanRow
from services.run_rows import RunRow
from ui import frame
from ui.pickers import find_dataset

if TYPE_CHECKING:
    from sqlalchemy.orm import Session, sessionmaker

KEPT = "review_lists"  # session key: name of a list -> (what it is of, monotonic time, rows)
KEPT_S = 10.0
Row = TypeVar("Row")


def new_visit() -> None:
    """First thing on the page: somebody who comes from elsewhere gets everything anew (their pickers are gone)."""
    if "review_dataset" not in st.session_state:
        st.session_state.pop(KEPT, None)


def datasets_at_hand(sessions: sessionmaker[Session]) -> tuple[DatasetRow, ...]:
    """Every dataset, newest first."""
    wanted = frame.chosen(frame.DATASET)

    def is_good(rows: Sequence[DatasetRow]) -> bool:
        return bool(rows) and (wanted is None or find_dataset(rows, wanted) is not None)

    return _kept("datasets", None, lambda: datasets.list_datasets(sessions), is_good)


def runs_at_hand(sessions: sessionmaker[Session], dataset_id: int) -> tuple[tuple[RunRow, ...], RunRow | None]:
    """The dataset's runs, newest first, and the one that serves when nobody chose."""
    wanted = frame.chosen(frame.RUN)

    def is_good(found: Sequence[Any]) -> bool:
        rows = found[0]
        is_known = wanted is None or any(str(row.run_id) == wanted for row in rows)
        return bool(rows) and is_known and all(row.status in ("done", "failed", "cancelled") for row in rows)

    def read() -> tuple[Any, ...]:
        return runs.list_runs(sessions, dataset_id=dataset_id), runs.latest_run(sessions, dataset_id)

    rows, latest = _kept("runs", dataset_id, read, is_good)
    return rows, latest


def plans_at_hand(sessions: sessionmaker[Session], dataset_id: int) -> tuple[PlanRow, ...]:
    """The dataset's plans, newest first, closed ones among them."""
    wanted = st.query_params.get(frame.PLAN)

    def is_good(rows: Sequence[PlanRow]) -> bool:
        return not wanted or any(str(row.plan_id) == wanted for row in rows)

    return _kept(
        "plans", dataset_id, lambda: plans.list_plans(sessions, dataset_id=dataset_id, with_closed=True), is_good
    )


def _kept(
    name: str, of: int | None, read: Callable[[], tuple[Row, ...]], is_good: Callable[[Sequence[Row]], bool]
) -> tuple[Row, ...]:
    kept = st.session_state.setdefault(KEPT, {})
    found = kept.get(name)
    if found is not None and found[0] == of and time.monotonic() - found[1] < KEPT_S and is_good(found[2]):
        return tuple(found[2])
    rows = read()
    kept[name] = (of, time.monotonic(), rows)
    return rows
