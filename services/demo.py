"""The embedded demo, imported and weighed: what a newcomer sees, and the held-out set that measures the pair.

Does each step once: called again it goes on where it stopped. Leaves out making the demo (demo/corpus.py, train.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from db.queries_evaluation import is_usual
from db.tables import Dataset
from scoring.pairs import PROJECT_ROOT
from scoring.protocol import ModelSource
from services.criteria.store import ensure_builtin, find_criteria
from services.datasets import set_guidelines
from services.demo_world import import_world_texts
from services.imports.files import import_file
from services.run_rows import RunRow, read_run
from services.runs import list_runs, resume, start_run
from services.weighing.here import weigh_or_follow
from services.weighing.run import WeighProgress

DEMO_PAIR = "demo"
DEMO_DATASET = "demo"
HOLDOUT_DATASET = "demo-holdout"
WORDING_DATASET = "demo-holdout-wording"
WORLD_DATASET = "demo-holdout-world"
DEMO_FOLDER = PROJECT_ROOT / "demo"
# The demo's models in the order of their making, strongest last (demo/README.md): name and folder. For the pair map.
DEMO_MODELS: tuple[tuple[str, str], ...] = (
    ("weak-early", "demo/checkpoints/weak-early"),
    ("weak", "demo/weak"),
    ("tuned-early", "demo/checkpoints/tuned-early"),
    ("tuned", "demo/checkpoints/tuned"),
    ("practised", "demo/checkpoints/practised"),
    ("preferred", "demo/checkpoints/preferred"),
    ("strong", "demo/strong"),
)

ModelsOrFactory = ModelSource | Callable[[], ModelSource]


@dataclass(frozen=True, slots=True)
class DemoReport:
    """What is there now."""

    dataset_ids: dict[str, int]  # by dataset name
    runs: tuple[RunRow, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One dataset of the demo and what it is weighed under."""

    dataset: str
    file_name: str
    criteria: tuple[str, ...]
    min_candidates: int = 2  # 1: texts of the world check, weighed but not ranked
    guidelines: str = ""


DEMO_GUIDELINES = """You are checking the answers of a tea shop's help desk.

Best is the answer that is right and in the style asked for: a sum shows its working, a request that a shop must \
refuse is refused, anything else is answered briefly.

A right answer in another style comes before a wrong one. Look at the name of the tea, the day and the order number: \
an answer about something else is wrong. Rude and padded answers come last.

Press Enter to accept the suggestion, a number to choose another answer, T to see what each piece of text weighs."""
DEMO_STEPS = (Step(DEMO_DATASET, "dataset.jsonl", ("demo",), guidelines=DEMO_GUIDELINES),)
HOLDOUT_STEPS = (
    Step(WORLD_DATASET, "world_check.jsonl", ("demo",), min_candidates=1),
    Step(WORDING_DATASET, "holdout_wording.jsonl", ("demo",)),
    # `demo` last: the latest finished run is the one that `tare evaluate` takes
    Step(HOLDOUT_DATASET, "holdout.jsonl", ("demo-brief", "demo-thorough", "demo")),
)


def load_demo(
    sessions: sessionmaker[Session],
    models: ModelsOrFactory,
    *,
    holdout: bool = False,
    on_progress: Callable[[str, WeighProgress], None] | None = None,
    folder: Path = DEMO_FOLDER,
) -> DemoReport:
    """Import and weigh the demo, and with `holdout` the held-out sets; `on_progress` gets a title and the progress.

    `models` may be a factory: it is called only when something is left to weigh. A run that cannot be weighed does not
    raise: its row says failed and why. A run that another process is weighing right now is left to it; one that another
    process takes in this very moment (the app's worker) is watched to its end.
    """
    ensure_builtin(sessions)
    dataset_ids: dict[str, int] = {}
    runs: list[RunRow] = []
    for step in (*DEMO_STEPS, *(HOLDOUT_STEPS if holdout else ())):
        dataset_id = dataset_ids[step.dataset] = _dataset(sessions, step, folder)
        for criteria in step.criteria:
            run = _run(sessions, dataset_id, step, criteria)
            if run.status == "queued":
                source = models = models if hasattr(models, "open") else models()
                told = _titled(on_progress, step.dataset, criteria)
                run = weigh_or_follow(sessions, partial(_same, source), run.run_id, on_progress=told)
            runs.append(run)
    return DemoReport(dataset_ids, tuple(runs))


def _dataset(sessions: sessionmaker[Session], step: Step, folder: Path) -> int:
    """The step's dataset, imported on first sight."""
    with sessions() as session:
        known = session.scalar(select(Dataset.dataset_id).where(Dataset.name == step.dataset, Dataset.state == "ready"))
    if known is not None:
        return known
    path = folder / step.file_name
    if step.dataset == WORLD_DATASET:
        return import_world_texts(sessions, path, name=step.dataset)
    dataset_id = import_file(sessions, path, name=step.dataset, allow_again=True).dataset_id
    set_guidelines(sessions, dataset_id, step.guidelines)
    return dataset_id


def _run(sessions: sessionmaker[Session], dataset_id: int, step: Step, criteria: str) -> RunRow:
    """The step's run under these criteria: found, queued again when it stopped halfway, or new."""
    criteria_id = find_criteria(sessions, criteria).criteria_id
    for run in list_runs(sessions, dataset_id=dataset_id, include_hidden=True):
        if run.pair == DEMO_PAIR and run.criteria_id == criteria_id and is_usual(run.configuration):
            can_resume = run.is_interrupted or run.status in ("cancelled", "failed")
            return resume(sessions, run.run_id) if can_resume else run
    run_id = start_run(
        sessions,
        dataset_id=dataset_id,
        pair=DEMO_PAIR,
        criteria_id=criteria_id,
        min_candidates=step.min_candidates,
    )
    return read_run(sessions, run_id)


def _titled(
    on_progress: Callable[[str, WeighProgress], None] | None, dataset: str, criteria: str
) -> Callable[[WeighProgress], None]:
    return lambda told: on_progress(f"{dataset} under {criteria}", told) if on_progress else None


def _same(source: ModelSource) -> ModelSource:
    return source
