"""Weigh again in float32 what a run could not tell apart: the items whose margin is within its numeric noise.

The new run takes over everything else from the first in one go, weighs those items alone, and says so: its
configuration names the first run and its models. Decisions stay on the run they were made on. Leaves out what noise is
(scoring/noise.py) and the work (weighing/run.py).
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from db.queries_noise import take_over
from db.queries_routing import take_over_domains
from db.tables import Run, Suggestion
from services.errors import Refused
from services.run_rows import RunRow, read_run
from services.runs import list_runs, software_versions

EXACT = "float32"


def why_not_again(row: RunRow) -> str | None:
    """Why a run's items cannot be weighed again in float32, in one line for a person; None when they can."""
    pair, models = row.configuration.get("pair", {}), row.configuration.get("models", {})
    sides = ("strong", "weak")
    if row.status != "done":
        return "The run is not finished."
    if any((pair.get(side) or {}).get("url") for side in sides):
        return "A server weighs in its own precision."
    if all(models.get(side, {}).get("dtype") == EXACT for side in sides):
        return "It was weighed in float32 already."
    if row.noise_margin is None:
        return "Its numeric noise was not measured; weigh the dataset again first."
    if row.n_within_noise == 0:
        return "No item is within its numeric noise."
    return None


def start_again(sessions: sessionmaker[Session], run_id: int) -> int:
    """Queue a run that weighs the items within a run's noise again in float32; its run_id.

    Raises NotFound, or Refused with the reason (`why_not_again`), also while another such run is there.
    """
    row = read_run(sessions, run_id)
    reason = why_not_again(row)
    if reason is not None:
        raise Refused(f"run {run_id} is not weighed again: {reason}")
    for other in list_runs(sessions, dataset_id=row.dataset_id):
        if other.again_of == run_id and other.status not in ("failed", "cancelled"):
            raise Refused(f"run {other.run_id} weighs the items of run {run_id} again already; look at that one")
    with sessions.begin() as session:
        return _write(session, row, row.noise_margin or 0.0)


def _write(session: Session, row: RunRow, noise_margin: float) -> int:
    first = session.get_one(Run, row.run_id)
    run = Run(
        dataset_id=first.dataset_id,
        model_pair_id=first.model_pair_id,
        criteria_id=first.criteria_id,
        configuration=_configuration(row, noise_margin),
        software=software_versions(),
        n_items=first.n_items,
        n_done=first.n_done - row.n_within_noise,
        n_not_weighed=first.n_not_weighed,
        share_done=0.0,
    )
    session.add(run)
    session.flush()
    take_over(session, run_id=run.run_id, from_run_id=row.run_id, noise_margin=noise_margin)
    take_over_domains(session, run_id=run.run_id, from_run_id=row.run_id)  # of the items weighed again too
    outside = select(func.count()).where(Suggestion.run_id == run.run_id, Suggestion.is_out_of_world)
    run.n_out_of_world = session.scalar(outside) or 0
    return run.run_id


def _configuration(row: RunRow, noise_margin: float) -> dict[str, Any]:
    """The first run's, in float32, and what it takes over from where."""
    kept = {name: value for name, value in row.configuration.items() if name != "models"}
    again = {
        "run_id": row.run_id,
        "n_items": row.n_within_noise,
        "noise_margin": noise_margin,
        "models": row.configuration["models"],
    }
    return kept | {"dtype": EXACT, "again_of": again}
