"""`tare pairs`, `tare datasets` and `tare runs`: what there is, as tables in a terminal."""

from __future__ import annotations

from services import datasets as dataset_store
from services import runs as run_store
from services import workplace
from services.pairs.catalogue import list_pairs as read_pairs
from services.run_rows import RunRow
from ui.commands.terminal import print_json, print_table, say, what_a_run_did
from ui.commands.words import DatasetName, JsonFlag
from ui.runs.conditioning_words import reading_marks


def list_pairs(as_json: JsonFlag = False) -> None:
    """The catalogue of model pairs."""
    rows = read_pairs()
    if as_json:
        print_json({"pairs": rows})
        return
    lines = [
        (r.name, f"{r.strong} over {r.weak}", r.parameters, f"{r.context:,}", f"{r.memory_gb:g} GB", r.licence)
        for r in rows
    ]
    print_table("Model pairs", ("name", "strong over weak", "parameters", "context", "memory", "licence"), lines)


def list_datasets(as_json: JsonFlag = False) -> None:
    """The datasets of this database."""
    rows = dataset_store.list_datasets(workplace.open_sessions())
    if as_json:
        print_json({"datasets": rows})
        return
    lines = [(r.name, str(r.n_items), str(r.n_candidates), str(r.n_decided), r.file_name) for r in rows]
    print_table("Datasets", ("name", "items", "candidates", "decided", "file"), lines)


def list_runs(dataset: DatasetName, as_json: JsonFlag = False) -> None:
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
    return ", ".join([f"{run.criteria} v{run.criteria_version}", *reading_marks(run.configuration)])
