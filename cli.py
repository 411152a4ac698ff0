"""The `tare` command: the product's verbs for a terminal and for scripts.

Results go to stdout (`--json`: one object), progress and notices to stderr. Exit code 2 and one line on bad input.
Leaves out every rule and every layout: a command turns words into one call of `services` and hands on what comes back.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, sessionmaker
from typer._click.exceptions import ClickException, NoArgsIsHelpError  # typer is pinned, and has no public name for it

from services import datasets as dataset_store
from services import evaluation, exports, imports, precise, weigh_here, workplace
from services import runs as run_store
from services.catalogue_store import list_pairs
from services.demo import load_demo
from services.errors import ServiceError
from services.run_rows import RunRow
from ui.command_words import DType, ExportFormat, Only, RankBy
from ui.several_models import MODELS_HELP, weigh_several
from ui.terminal import (
    give_up,
    notice,
    print_evaluation,
    print_json,
    print_table,
    progress,
    say,
    what_a_run_did,
)

app = typer.Typer(
    name="tare",
    help="The review desk for AI-made preference labels.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

INTERRUPTED = 130  # what typer returns after Ctrl+C
LAST_RUN = 2**31 - 1  # the largest number either database can look for

JsonFlag = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]
DatasetName = Annotated[str, typer.Argument(help="The dataset's name.", show_default=False)]


def main() -> NoReturn:
    """Run a command; what a person can mend becomes one line on stderr and exit code 2."""
    try:
        code = app(standalone_mode=False)  # else typer draws a box of six lines around what is wrong
    except NoArgsIsHelpError as error:
        error.show()
        sys.exit(error.exit_code)
    except ClickException as error:
        give_up(f"{error.format_message()} (--help lists what there is)")
    except UnicodeEncodeError:
        give_up("an argument is not valid Unicode; check the terminal's encoding")
    except imports.SameFile as error:
        give_up(f"{error} (--again)")
    except (ServiceError, workplace.DatabaseUnavailable, workplace.ScoringError, OSError) as error:
        give_up(str(error))
    except DBAPIError as error:
        give_up(f"the database did not answer: {str(error.orig).splitlines()[0]}; check TARE_DATABASE_URL")
    if code == INTERRUPTED:
        give_up("stopped; what was done is kept, and the same command goes on from there", code=INTERRUPTED)
    sys.exit(0)


@app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help="JSON, JSONL, CSV, TSV or Parquet.", show_default=False)],
    name: Annotated[str, typer.Option("--name", help="What the dataset will be called.", show_default=False)],
    format: Annotated[str | None, typer.Option("--format", help="Take it as this format; sniffed by default.")] = None,
    again: Annotated[bool, typer.Option("--again", help="Import a file that was imported before.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Import a file of prompts and responses as a dataset."""
    sessions = workplace.open_sessions()
    with progress() as show:
        report = imports.import_file(
            sessions,
            file,
            name=name,
            format=format,
            allow_again=again,
            on_progress=lambda n_rows, share: show(f"Importing {file.name}", n_rows, round(n_rows / max(share, 1e-9))),
        )
    if as_json:
        print_json(report)
        return
    say(report.statement)
    say(f"{report.n_items} items with {report.n_candidates} candidates are now dataset {name!r}.")
    for kind, count in report.warnings.items():
        say(f"  {kind}: {count}")
    if report.n_bad:
        say(f"{report.n_bad} rows were left out:")
        for bad in report.bad_rows:
            say(f"  line {bad.line}: {bad.reason}")


@app.command("weigh")
def weigh(
    dataset: DatasetName,
    pair: Annotated[str | None, typer.Option("--pair", help="A pair of the catalogue; see `tare pairs`.")] = None,
    models: Annotated[list[str] | None, typer.Option("--models", help=MODELS_HELP)] = None,
    criteria: Annotated[str | None, typer.Option("--criteria", help="A criteria set by name.")] = None,
    rank_by: Annotated[RankBy, typer.Option("--rank-by", help="What ranks.")] = RankBy.SUM,
    dtype: Annotated[DType, typer.Option("--dtype", help="What the models compute in; auto suits the device.")] = (
        DType.AUTO
    ),
    as_json: JsonFlag = False,
) -> None:
    """Weigh every candidate of a dataset. Interrupted, the same command goes on where it stopped."""
    sessions = workplace.open_sessions()
    dataset_id = dataset_store.find_dataset(sessions, dataset).dataset_id
    slow = run_store.slow_line(dtype.value)
    if slow is not None:
        notice(slow)
    if pair is None or models:
        weigh_several(
            sessions, dataset_id, models or (), pair=pair, criteria=criteria, rank_by=rank_by.value, dtype=dtype.value,
            as_json=as_json,
        )  # fmt: skip
        return
    run_id = weigh_here.find_or_start(
        sessions, dataset_id=dataset_id, pair=pair, criteria=criteria, rank_by=rank_by.value, dtype=dtype.value
    )
    _see_to_its_end(sessions, run_id, title=f"Weighing {dataset}", as_json=as_json)


@app.command("again")
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


@app.command("evaluate")
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


@app.command("export")
def export(
    dataset: DatasetName,
    out_file: Annotated[Path, typer.Option("--out", help="Where to write.", show_default=False)],
    format: Annotated[ExportFormat, typer.Option("--format", help="What to write.")] = ExportFormat.CONVERSATIONAL,
    only: Annotated[Only, typer.Option("--only", help="Decided items, or all that were weighed.")] = Only.DECIDED,
    run: Annotated[int | None, typer.Option("--run", min=1, max=LAST_RUN, help="Take rewards from this run.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Write decided items as training data."""
    sessions = workplace.open_sessions()
    dataset_id = dataset_store.find_dataset(sessions, dataset).dataset_id
    report = exports.export(sessions, dataset_id, format=format.value, out=out_file, only=only.value, run_id=run)
    if as_json:
        print_json(report)
        return
    say(f"{report.n_rows} rows written to {out_file}.")
    for reason, count in report.left_out.items():
        say(f"  left out, {reason}: {count}")


@app.command("pairs")
def pairs(as_json: JsonFlag = False) -> None:
    """The catalogue of model pairs."""
    rows = list_pairs()
    if as_json:
        print_json({"pairs": rows})
        return
    lines = [
        (r.name, f"{r.strong} over {r.weak}", r.parameters, f"{r.context:,}", f"{r.memory_gb:g} GB", r.licence)
        for r in rows
    ]
    print_table("Model pairs", ("name", "strong over weak", "parameters", "context", "memory", "licence"), lines)


@app.command("datasets")
def datasets(as_json: JsonFlag = False) -> None:
    """The datasets of this database."""
    rows = dataset_store.list_datasets(workplace.open_sessions())
    if as_json:
        print_json({"datasets": rows})
        return
    lines = [(r.name, str(r.n_items), str(r.n_candidates), str(r.n_decided), r.file_name) for r in rows]
    print_table("Datasets", ("name", "items", "candidates", "decided", "file"), lines)


@app.command("runs")
def runs(dataset: DatasetName, as_json: JsonFlag = False) -> None:
    """The runs of a dataset, newest first, and what the newest could not weigh."""
    sessions = workplace.open_sessions()
    rows = run_store.list_runs(sessions, dataset_id=dataset_store.find_dataset(sessions, dataset).dataset_id)
    if as_json:
        print_json({"dataset": dataset, "runs": rows})
        return
    lines = [(str(r.run_id), r.pair, _versioned(r), r.rank_by, _status(r), r.error or what_a_run_did(r)) for r in rows]
    print_table(f"Runs of {dataset}", ("run", "pair", "criteria", "by", "status", "what it did"), lines)
    for row in rows[:1]:
        for left in run_store.list_not_weighed(sessions, row.run_id, limit=20):
            say(f"  run {row.run_id}, item {left.position + 1}: {left.reason}: {left.detail}")


def _status(run: RunRow) -> str:
    return run.status if run.again_of is None else f"{run.status}, run {run.again_of} again in float32"


def _versioned(run: RunRow) -> str:
    return f"{run.criteria} v{run.criteria_version}"


@app.command("demo")
def demo(
    holdout: Annotated[bool, typer.Option("--holdout", help="Also the held-out set, as dataset demo-holdout.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Import and weigh the demo dataset with the embedded pair."""
    sessions = workplace.open_sessions()
    with progress() as show:
        report = load_demo(
            sessions,
            workplace.model_room,
            holdout=holdout,
            on_progress=lambda title, p: show(title, round(p.share * p.n_items), p.n_items),
        )
    for row in report.runs:
        if row.status == "failed":
            give_up(f"the demo's run {row.run_id} failed: {row.error}")
    if as_json:
        print_json(report)
        return
    for row in report.runs:
        say(f"{row.dataset}, criteria {row.criteria}: run {row.run_id} is {row.status}: {what_a_run_did(row)}.")


@app.command("serve")
def serve(
    port: Annotated[int, typer.Option("--port", help="Where to listen.")] = 8501,
    host: Annotated[str, typer.Option("--host", help="127.0.0.1 keeps it on this machine.")] = "127.0.0.1",
    with_demo: Annotated[bool, typer.Option("--demo/--no-demo", help="Fill a new database with the demo.")] = True,
) -> None:
    """Serve the desk in the browser. A new database gets the demo first."""
    is_new = not dataset_store.list_datasets(workplace.open_sessions())
    if is_new and with_demo:
        notice("A new database: importing and weighing the demo.")
        demo(holdout=False, as_json=False)
    notice(f"Tare is on http://{'localhost' if host == '127.0.0.1' else host}:{port} (Ctrl+C ends it; all is kept).")
    script = str(Path(__file__).resolve().parent / "app.py")
    command = [sys.executable, "-m", "streamlit", "run", script, f"--server.port={port}", f"--server.address={host}"]
    # Takes this process's place, so that a signal to `tare serve` reaches the server itself.
    os.execve(sys.executable, command, os.environ | {"TARE_DATABASE_URL": workplace.database_url()})


if __name__ == "__main__":
    main()
