"""`tare evaluate`: a run against gold, in a terminal. Leaves out the counting (services/evaluation.py)."""

from __future__ import annotations

from typing import Annotated

import typer

from services import datasets as dataset_store
from services import evaluation, workplace
from ui.command_words import LAST_RUN, DatasetName, JsonFlag
from ui.terminal import print_evaluation, print_json


def evaluate(
    dataset: DatasetName,
    run: Annotated[
        int | None, typer.Option("--run", min=1, max=LAST_RUN, help="A run's number; the latest by default.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """How often the run's best candidate is the gold best, with n and 95 % intervals."""
    sessions = workplace.open_sessions()
    report = evaluation.evaluate(sessions, dataset_store.find_dataset(sessions, dataset).dataset_id, run)
    if as_json:
        print_json(report.to_json())
    else:
        print_evaluation(report)
