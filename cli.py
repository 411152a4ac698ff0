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
from typer._click.exceptions import ClickException, NoArgsIsHelpError  # typer is pinned, and has no public name for it

from services import datasets as dataset_store
from services import workplace
from services.demo import load_demo
from services.errors import ServiceError
from services.exports import export as exports
from services.imports import files as imports
from ui.commands import check as check_command
from ui.commands import evaluate as evaluate_command
from ui.commands import lists as list_commands
from ui.commands import map as map_command
from ui.commands import profile as profile_command
from ui.commands import report as report_command
from ui.commands import route as route_command
from ui.commands import trial as try_command
from ui.commands import verify as verify_command
from ui.commands import weigh as weigh_command
from ui.commands.terminal import give_up, notice, print_json, progress, say, what_a_run_did
from ui.commands.words import LAST_RUN, DatasetName, ExportFormat, JsonFlag, Only

app = typer.Typer(
    name="tare",
    help="The review desk for AI-made preference labels.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

INTERRUPTED = 130  # what typer returns after Ctrl+C


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
    files: Annotated[list[Path], typer.Argument(help="JSON, JSONL, CSV, TSV or Parquet.", show_default=False)],
    name: Annotated[str, typer.Option("--name", help="What the dataset will be called.", show_default=False)],
    format: Annotated[str | None, typer.Option("--format", help="Take it as this format; sniffed by default.")] = None,
    again: Annotated[bool, typer.Option("--again", help="Import a file that was imported before.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Import prompts and responses as a dataset; several files of one format make one."""
    sessions = workplace.open_sessions()
    title = f"Importing {files[0].name}" if len(files) == 1 else f"Importing {len(files)} files"
    with progress() as show:
        report = imports.import_files(
            sessions,
            files,
            name=name,
            format=format,
            allow_again=again,
            on_progress=lambda n_rows, share: show(title, n_rows, round(n_rows / max(share, 1e-9))),
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


app.command("weigh")(weigh_command.weigh)
app.command("again")(weigh_command.again)
app.command("route")(route_command.route)
app.command("evaluate")(evaluate_command.evaluate)
app.command("pairs")(list_commands.list_pairs)
app.command("check")(check_command.check)
app.command("datasets")(list_commands.list_datasets)
app.command("runs")(list_commands.list_runs)
app.command("try")(try_command.try_criteria)
app.command("profile")(profile_command.profile)
app.command("map")(map_command.map_models)
app.command("report")(report_command.report)
app.command("verify")(verify_command.verify)


@app.command("export")
def export(
    dataset: DatasetName,
    out_file: Annotated[Path, typer.Option("--out", help="Where to write.", show_default=False)],
    format: Annotated[ExportFormat, typer.Option("--format", help="What to write.")] = ExportFormat.CONVERSATIONAL,
    only: Annotated[Only, typer.Option("--only", help="Decided items, or all that were weighed.")] = Only.DECIDED,
    run: Annotated[int | None, typer.Option("--run", min=1, max=LAST_RUN, help="Take rewards from this run.")] = None,
    certificate: Annotated[bool, typer.Option(help="Name the certificate of the labels in every row.")] = True,
    as_json: JsonFlag = False,
) -> None:
    """Write decided items as training data."""
    sessions = workplace.open_sessions()
    dataset_id = dataset_store.find_dataset(sessions, dataset).dataset_id
    report = exports.export(
        sessions, dataset_id, format=format.value, out=out_file, only=only.value, run_id=run,
        has_certificate=certificate,
    )  # fmt: skip
    if as_json:
        print_json(report)
        return
    say(f"{report.n_rows} rows written to {out_file}.")
    for reason, count in report.left_out.items():
        say(f"  left out, {reason}: {count}")


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
