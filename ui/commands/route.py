"""`tare route`: a dataset's domains by a pair's strong model, in a terminal. Leaves out asking it."""

from __future__ import annotations

from typing import Annotated

import typer

from services import datasets as dataset_store
from services import workplace
from services.routing import dataset as routing
from services.routing.choice import DEFAULT_THRESHOLD
from services.routing.report import Accuracy, Confusion, RouterReport
from services.routing.store import BUILTIN
from ui.commands.terminal import print_json, print_table, progress, say, share_text
from ui.commands.words import DatasetName, JsonFlag

THRESHOLD_HELP = "Below this probability of its first choice an item goes to the default domain."
ROUTER_HELP = "The router's name; its latest version counts."


def route(
    dataset: DatasetName,
    pair: Annotated[str, typer.Option("--pair", help="Its strong model is asked; see `tare pairs`.")],
    router: Annotated[str, typer.Option("--router", help=ROUTER_HELP)] = BUILTIN,
    threshold: Annotated[float, typer.Option("--threshold", min=0, max=1, help=THRESHOLD_HELP)] = DEFAULT_THRESHOLD,
    as_json: JsonFlag = False,
) -> None:
    """Ask a pair's strong model which domain each item belongs to, and say how often that is right."""
    sessions = workplace.open_sessions()
    dataset_id = dataset_store.find_dataset(sessions, dataset).dataset_id
    router_id = routing.find_router(sessions, router).router_id
    with progress() as show:
        routed = routing.route_dataset(
            sessions, workplace.model_room(), dataset_id, pair=pair, router_id=router_id, threshold=threshold,
            on_progress=lambda n_done, n_items: show(f"Routing {dataset}", n_done, n_items),
        )  # fmt: skip
    if as_json:
        print_json(routed)
        return
    report = routed.report
    say(
        f"{report.n_routed} of {report.n_items} items routed by {routed.model} under {report.router} "
        f"v{report.version}: {routed.n_computed} log-probs computed, {routed.n_cached} from the cache."
    )
    _say_destinations(report)
    _say_accuracy("corrections by hand", report.against_corrections)
    _say_accuracy("the file's own column", report.against_column)


def _say_destinations(report: RouterReport) -> None:
    parts = [f"{domain or 'default'} {n}" for domain, n in report.n_by_domain.items()]
    say(f"Domains: {', '.join(parts) or 'none'}.")
    if report.n_below:
        say(f"  {report.n_below} below {report.threshold:g}: they take the criteria's default")
    if report.n_problems:
        say(f"  {report.n_problems} the model could not be asked about; Domains lists why")


def _say_accuracy(against: str, accuracy: Accuracy) -> None:
    if not accuracy.matrix.rows:
        say(f"Against {against}: nothing to compare with.")
        return
    sure = share_text(accuracy.right_if_sure)
    say(f"Against {against}: {share_text(accuracy.right)} right; of those sure enough {sure}.")
    if accuracy.n_unknown:
        say(f"  {accuracy.n_unknown} are in a domain that the router does not have, and are left out")
    _print_matrix(against, accuracy.matrix)


def _print_matrix(against: str, matrix: Confusion) -> None:
    lines = [(name, *map(str, counts)) for name, counts in zip(matrix.rows, matrix.counts, strict=True)]
    print_table(f"Rows: {against}; columns: the router", ("", *matrix.columns), lines)
