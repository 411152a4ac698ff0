"""From key press to next item rendered on Review, in Chromium: `python -m bench.review_speed`.

Serves the desk on a dataset of 1,000 and one of 100,000 items (SQLite), presses Enter on one item after another as a
person would, and takes four times of each press, in milliseconds:

    rendered  the browser's own clock, from the key to the frame after the next item's prompt and responses stand
    rest      the same to the moment when the script behind the page is at rest (the next key is heard long before)
    server    from the frame that carries the press to the last one that answers it (the browser's network log)
    decided   deciding and reading the next item alone, without a screen, in this process

Writes bench/results/review_speed.json. Needs Chromium: `TARE_TEST_CHROMIUM`, else `chromium` on the PATH. Leaves out
how the dataset is made (review_desk.py) and how the page is watched (review_watch.py).
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session, sessionmaker

from bench import machine
from bench.files import say, write
from bench.review_desk import write_dataset
from bench.review_watch import served, watched
from services import workplace
from services.reviews import review as reviews

SIZES = (1_000, 100_000)
PRESSES = 100
PAUSE_S = 0.8  # between two presses: a person reads


def main() -> None:
    """Measure both sizes, largest last."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--presses", type=int, default=PRESSES)
    parser.add_argument("--sizes", type=int, nargs="*", default=SIZES)
    asked = parser.parse_args()
    before = machine.describe()
    found = {}
    for n_items in asked.sizes:
        with tempfile.TemporaryDirectory() as folder:
            found[str(n_items)] = measure(Path(folder), n_items, asked.presses)
        for kind, row in found[str(n_items)].items():
            say(f"{n_items} items, {kind}: {row}")
    write("review_speed", {"machine": before, "presses": asked.presses, "items": found})


def measure(folder: Path, n_items: int, presses: int) -> dict[str, Any]:
    """One size: the page, and deciding without a page."""
    url = f"sqlite:///{folder / 'review.db'}"
    sessions = workplace.open_sessions(url)
    began = time.monotonic()
    dataset_id, run_id = write_dataset(sessions, n_items)
    say(f"{n_items} items written in {time.monotonic() - began:.1f} s")
    times = {"decided": decide_without_a_screen(sessions, dataset_id, run_id, presses)}
    with served(url, folder) as address, watched(f"{address}/review?dataset=items+{n_items}&as=Ada") as page:
        for _ in range(presses):
            page.press("Enter")
            time.sleep(PAUSE_S)
        for name, values in page.times().items():
            times[name] = values
    sessions.kw["bind"].dispose()
    return {name: _summary(values) for name, values in times.items()}


def decide_without_a_screen(
    sessions: sessionmaker[Session], dataset_id: int, run_id: int, presses: int
) -> list[float]:
    """The same decisions through the services alone; milliseconds each."""
    item = reviews.load_item(sessions, dataset_id=dataset_id, annotator="Bea", run_id=run_id)
    found = []
    for _ in range(presses):
        assert_item = item
        if assert_item is None or assert_item.suggestion is None:
            break
        began = time.perf_counter()
        reviews.decide(
            sessions, item_id=assert_item.item_id, run_id=run_id, annotator="Bea", verdict_request="best",
            submission=uuid.uuid4().hex, chosen_candidate_id=assert_item.suggestion.best_candidate_id,
            display_order=assert_item.display_order,
        )  # fmt: skip
        reviews.progress(sessions, dataset_id=dataset_id, annotator="Bea")
        item = reviews.load_item(sessions, dataset_id=dataset_id, annotator="Bea", run_id=run_id)
        found.append((time.perf_counter() - began) * 1000)
    return found


def _summary(values: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(values, n=20)
    return {"n": len(values), "median": round(statistics.median(values), 1), "p95": round(cuts[18], 1)}


if __name__ == "__main__":
    main()
