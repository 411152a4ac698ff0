"""`tare weigh --models A --models B ...`: several models weighed in a terminal, and what became of every pair.

Leaves out the weighing (services/weighing/models.py).
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session, sessionmaker

from services import workplace
from services.routing.choice import BY_COLUMN, Routing
from services.weighing.models import ModelPass, WeighedModels, weigh_models
from ui.commands.terminal import give_up, print_json, print_table, progress, say, what_a_run_did

MODELS_HELP = "Instead of a pair, each with its own --models: a folder, a hub id, or PAIR:strong or PAIR:weak."


def weigh_several(
    sessions: sessionmaker[Session],
    dataset_id: int,
    names: Sequence[str],
    *,
    pair: str | None,
    criteria: str | None,
    rank_by: str,
    dtype: str,
    as_json: bool,
    routing: Routing = BY_COLUMN,
) -> None:
    """Weigh by every ordered pair of the models and say what came of it; exit code 2 when a run did not end."""
    if pair is not None or not names:
        give_up("give either --pair once or --models at least twice (--help lists what there is)")
    with progress() as show:
        weighed = weigh_models(
            sessions, workplace.model_room(), dataset_id=dataset_id, names=names, criteria=criteria, rank_by=rank_by,
            dtype=dtype, routing=routing, on_progress=show,
        )  # fmt: skip
    if as_json:
        print_json(weighed.to_json())
    else:
        _print(weighed)
    for row in weighed.rows:
        if row.status != "done":
            give_up(f"run {row.run_id}, {row.pair}, is {row.status}: {row.error or 'the same command goes on'}")


def _print(weighed: WeighedModels) -> None:
    for name, done in weighed.pass_by_model.items():
        say(_pass_line(name, done))
    lines = [(str(row.run_id), row.pair, row.status, row.error or what_a_run_did(row)) for row in weighed.rows]
    print_table("Runs", ("run", "pair", "status", "what it did"), lines)
    for (strong, weak), reason in weighed.left_out.items():
        say(f"No run of {strong} over {weak}: {reason}")


def _pass_line(name: str, done: ModelPass) -> str:
    if not done.n_needed:
        return f"{name}: every pair of it was weighed before."
    return f"{name}: {done.n_computed:,} of {done.n_needed:,} texts computed, the others were in the cache."
