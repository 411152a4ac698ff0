"""`tare try`: a draft of criteria weighed on some items beside a run, and the ledger of what would change.

Leaves out the weighing and the counting (services/trials/trial.py).
"""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from typing import Annotated, Any

import typer

from services import datasets as dataset_store
from services import runs as run_store
from services import workplace
from services.criteria.conditioning_choice import Conditioning, conditioning_of
from services.criteria.files import read_criteria
from services.errors import Refused
from services.run_rows import RunRow
from services.trials import trial as trials
from services.trials.trial import Flip, TrialReport
from ui.commands.terminal import notice, print_json, print_table, progress, say, share_text
from ui.commands.words import LAST_RUN, DatasetName, Exemplars, JsonFlag, ReadBy

SHOWN = 20  # flips and problems in the terminal; --json has them all
EXCERPT = 60  # characters of a prompt
KIND = {"fix": "fix", "regression": "regression", "other": "other wrong one", "unjudged": "unjudged"}


class OnlyTried(StrEnum):
    """Which items `tare try` samples."""

    DECIDED = "decided"
    GOLD = "gold"
    ANY = "any"


def try_criteria(
    dataset: DatasetName,
    criteria: Annotated[str, typer.Option("--criteria", help="A JSON file, or a set's name.", show_default=False)],
    run: Annotated[
        int | None, typer.Option("--run", min=1, max=LAST_RUN, help="Beside this run; the latest by default.")
    ] = None,
    only: Annotated[OnlyTried, typer.Option("--only", help="Which items: decided, with gold, or any.")] = OnlyTried.ANY,
    n: Annotated[int, typer.Option("-n", min=1, max=LAST_RUN, help="How many items.")] = 100,
    read_by: Annotated[
        ReadBy | None, typer.Option("--read-by", help="Which models read the criteria; as the run.")
    ] = None,
    exemplars: Annotated[
        Exemplars | None, typer.Option("--exemplars", help="In the system message or as earlier turns; as the run.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """What would change under these criteria: flips towards people's decisions or gold, and flips away."""
    sessions = workplace.open_sessions()
    beside = _run(sessions, dataset, run)
    body = read_criteria(sessions, criteria)
    conditioning = _conditioning(beside, read_by, exemplars)
    trial_id = trials.start_trial(
        sessions, run_id=beside.run_id, body=body, n=n, only=only.value, conditioning=conditioning
    )
    with progress() as show:
        report = trials.advance(
            sessions,
            workplace.model_room(),
            trial_id,
            on_progress=lambda n_done, n_items: show(f"Trying {criteria}", n_done, n_items),
        )
    if as_json:
        print_json(to_json(report))
    else:
        _print(report, title=f"{dataset}: {criteria} beside run {beside.run_id} ({beside.criteria})")


def to_json(report: TrialReport) -> dict[str, Any]:
    """The one object that `tare try --json` prints."""
    counts = {"n_fixes": report.n_fixes, "n_regressions": report.n_regressions}
    return asdict(report) | counts


def _run(sessions: Any, dataset: str, run_id: int | None) -> RunRow:
    dataset_id = dataset_store.find_dataset(sessions, dataset).dataset_id
    row = run_store.latest_run(sessions, dataset_id) if run_id is None else run_store.get_run(sessions, run_id)
    if row is None:
        raise Refused(f"no run of {dataset!r} is finished; `tare weigh {dataset}` first")
    if row.dataset_id != dataset_id:
        raise Refused(f"run {row.run_id} is of dataset {row.dataset!r}, not of {dataset!r}; `tare runs` lists them")
    return row


def _conditioning(run: RunRow, read_by: ReadBy | None, exemplars: Exemplars | None) -> Conditioning | None:
    """As the run, but for what was asked otherwise."""
    if read_by is None and exemplars is None:
        return None
    stored = conditioning_of(run.configuration).to_json()
    asked = {"read_by": read_by, "exemplars": exemplars}
    return conditioning_of({"conditioning": stored | {name: one.value for name, one in asked.items() if one}})


def _print(report: TrialReport, *, title: str) -> None:
    unit = "nats" if report.rank_by == "sum" else "nats per token"
    rows = [
        (str(flip.position + 1), _kind(flip), f"{flip.before} to {flip.after}", flip.right or "-",
         f"{flip.margin_before:.2f}", f"{flip.margin_after:.2f}", _excerpt(flip.prompt))
        for flip in report.flips[:SHOWN]
    ]  # fmt: skip
    columns = ("item", "", "best", "right", "margin", "draft's", "prompt")
    print_table(f"{title}; margins in {unit}", columns, rows)
    if len(report.flips) > SHOWN:
        say(f"  and {len(report.flips) - SHOWN} more (--json lists all)")
    say(
        f"{len(report.flips)} of {report.n_weighed - report.n_problems} items change their best: "
        f"{report.n_fixes} fixes, {report.n_regressions} regressions, {report.others} from one wrong to another, "
        f"{report.unjudged} that nobody has judged; {report.n_within_noise} within numeric noise."
    )
    say(f"Right before: {share_text(report.before)}; under the draft: {share_text(report.after)}.")
    say(_change(report))
    for problem in report.problems[:SHOWN]:
        say(f"  not compared, item {problem.position + 1}: {problem.reason}: {problem.detail}")
    if len(report.problems) > SHOWN:
        say(f"  and {len(report.problems) - SHOWN} more")
    say(
        f"Computed {report.n_computed_strong} texts under the strong and {report.n_computed_weak} under the weak model."
    )
    if report.notice:
        notice(report.notice)


def _kind(flip: Flip) -> str:
    by = {"decision": " (decided)", "gold": " (gold)", None: ""}[flip.truth]
    return f"{KIND[flip.kind]}{by}{', noise' if flip.is_within_noise else ''}"


def _change(report: TrialReport) -> str:
    change = report.change
    if change.value is None:
        return "No item tried has a decision or gold, so nothing says which way is right."
    if change.low is None or change.high is None or change.p_value is None:
        return f"Change: {100 * change.value:+.1f} points on {change.n} item; more items give an interval."
    verdict = "may be chance" if change.is_noise else "is more than chance"
    interval = f"95 % {100 * change.low:+.1f} to {100 * change.high:+.1f}"
    if change.low == change.high:  # resampling items that are all alike gives a point, however few they are
        interval = "every item alike, so no interval"
    return (
        f"Change: {100 * change.value:+.1f} points ({interval}, n={change.n}, p={change.p_value:.3f}), which {verdict}."
    )


def _excerpt(prompt: str) -> str:
    line = " ".join(prompt.split())
    return line if len(line) <= EXCERPT else f"{line[: EXCERPT - 1]}…"
