"""The embedded demo, imported and weighed: what a newcomer sees, and the held-out set that measures the pair.

Does each step once: called again it goes on where it stopped. Leaves out making the demo (demo/corpus.py, train.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.orm import Session, sessionmaker

from scoring.protocol import ModelSource
from services.run_rows import RunRow
from services.weighing import WeighProgress

DEMO_DATASET = "demo"
HOLDOUT_DATASET = "demo-holdout"
WORDING_DATASET = "demo-holdout-wording"
WORLD_DATASET = "demo-holdout-world"


@dataclass(frozen=True, slots=True)
class DemoReport:
    """What is there now."""

    dataset_ids: dict[str, int]  # by dataset name
    runs: tuple[RunRow, ...]


def load_demo(
    sessions: sessionmaker[Session],
    models: ModelSource | Callable[[], ModelSource],
    *,
    holdout: bool = False,
    on_progress: Callable[[str, WeighProgress], None] | None = None,
) -> DemoReport:
    """Import and weigh the demo, and with `holdout` the held-out sets; `on_progress` gets a title and the progress.

    `models` may be a factory: it is called only when something is left to weigh.
    """
    raise NotImplementedError
