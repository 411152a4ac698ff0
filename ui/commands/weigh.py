"""`tare weigh` and `tare again`: a run seen to its end in a terminal.

Leaves out the weighing (services/weighing/here.py) and several models at once (several_models.py).
"""

from __future__ import annotations

from typing import Annotated

import typer
from sqlalchemy.orm import Session, sessionmaker

from services import datasets as dataset_store
from services import precise, workplace
from services import runs as run_store
from services.criteria import store as criteria_store
from services.criteria.conditioning_choice import DEFAULT, conditioning_of
from services.routing.choice import routing_from_words
from services.weighing import here as weigh_here
from ui.commands.several_models import MODELS_HELP, weigh_several
from ui.commands.terminal import give_up, notice, print_json, progress, say, what_a_run_did
from ui.commands.words import LAST_RUN, DatasetName, DType, Exemplars, JsonFlag, RankBy, ReadBy

DOMAINS_HELP = "Where an item's domain is from: column, fixed:NAME, or router[:NAME][:THRESHOLD]."


def weigh(
    dataset: DatasetName,
    pair: Annotated[str | None, typer.Option("--pair", help="A pair of the catalogue; see `tare pairs`.")] = None,
    models: Annotated[list[str] | None, typer.Option("--models", help=MODELS_HELP)] = None,
    criteria: Annotated[str | None, typer.Option("--criteria", help="A criteria set by name.")] = None,
    rank_by: Annotated[RankBy, typer.Option("--rank-by", help="What ranks.")] = RankBy.SUM,
    dtype: Annotated[DType, typer.Option("--dtype", help="What the models compute in; auto suits the device.")] = (
        DType.AUTO
    ),
    read_by: Annotated[ReadBy, typer.Option("--read-by", help="Which models read the criteria.")] = ReadBy.BOTH,
    exemplars: Annotated[
        Exemplars, typer.Option("--exemplars", help="In the system message, or as earlier turns.")
    ] = Exemplars.SYSTEM,
    domains: Annotated[str, typer.Option("--domains", help=DOMAINS_HELP)] = "column",
    as_json: JsonFlag = False,
) -> None:
    """Weigh every candidate of a dataset. Interrupted, the same command goes on where it stopped."""
    sessions = workplace.open_sessions()
    dataset_id = dataset_store.find_dataset(sessions, dataset).dataset_id
    slow = run_store.slow_line(dtype.value)
    if slow is not None:
        notice(slow)
    conditioning = conditioning_of({"conditioning": {"read_by": read_by.value, "exemplars": exemplars.value}})
    routing = routing_from_words(sessions, domains)
    if pair is None or models:
        if conditioning != DEFAULT:
            give_up("--read-by and --exemplars are for one pair; give --pair, without --models")
        weigh_several(
            sessions, dataset_id, models or (), pair=pair, criteria=criteria, rank_by=rank_by.value, dtype=dtype.value,
            routing=routing, as_json=as_json,
        )  # fmt: skip
        return
    if criteria is not None:
        foreign = criteria_store.foreign_line(pair, criteria_store.find_criteria(sessions, criteria).body)
        if foreign is not None:
            notice(foreign)
    run_id = weigh_here.find_or_start(
        sessions, dataset_id=dataset_id, pair=pair, criteria=criteria, rank_by=rank_by.value, dtype=dtype.value,
        conditioning=conditioning, routing=routing,
    )  # fmt: skip
    _see_to_its_end(sessions, run_id, title=f"Weighing {dataset}", as_json=as_json)


def again(
    run: Annotated[int, typer.Argument(min=1, max=LAST_RUN, help="A finished run's number.", show_default=False)],
    as_json: JsonFlag = False,
) -> None:
    """Weigh again in float32 the items that a run could not tell apart; a new run takes all others over from it."""
    sessions = workplace.open_sessions()
    run_id = weigh_here.find_or_start_again(sessions, run)
    _see_to_its_end(sessions, run_id, title=f"Run {run} in float32", as_json=as_json)


def _see_to_its_end(sessions: sessionmaker[Session], run_id: int, *, title: str, as_json: bool) -> None:
    with progress() as show:
        row = weigh_here.weigh_or_follow(
            sessions,
            workplace.model_room,
            run_id,
            on_progress=lambda p: show(title, round(p.share * p.n_items), p.n_items),
        )
    if as_json:
        print_json(row)
    if row.status == "failed":
        give_up(f"run {row.run_id} failed: {row.error}")
    if row.status == "cancelled":
        give_up(f"run {row.run_id} was cancelled at {row.n_done} of {row.n_items} items; the same command goes on")
    if not as_json:
        say(f"Run {row.run_id} is {row.status}: {what_a_run_did(row)}.")
        if row.n_within_noise and precise.why_not_again(row) is None:
            say(f"`tare again {row.run_id}` weighs those within numeric noise again in float32.")
