"""From key press to next item rendered on Review, in Chromium: `python -m bench.review_speed`.

Serves the desk on a dataset of 1,000 and one of 100,000 items (SQLite), presses Enter on one item after another as a
person would, in file order and under a plan of 1,000 random items with overlap 2, and takes times of each press, in
milliseconds:

    rendered  the browser's own clock, from the key to the frame after the next item's prompt and responses stand
    rest      the same to the moment when the script behind the page is at rest (the next key is heard long before)
    server    from the frame that carries the press to the last one that answers it (the browser's network log)
    decided   deciding, counting and reading the next item alone, without a screen, in this process

Writes bench/results/review_speed.json and the table in docs/review.md. Needs Chromium: `TARE_TEST_CHROMIUM`, else
`chromium` on the PATH. Leaves out how the dataset is made (review_desk.py) and how the page is watched
(review_watch.py).
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
from bench.processes import ROOT
from bench.review_desk import write_dataset
from bench.review_watch import served, watched
from services import workplace
from services.looks.plans import make_plan
from services.reviews import review as reviews
from services.reviews.progress import tally_of

SIZES = (1_000, 100_000)
PRESSES = 100
BEGIN = "<!-- review-speed: written by python -m bench.review_speed -->"
END = "<!-- /review-speed -->"
WARM_UP = 5  # presses that are not counted
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
    what = {"machine": before, "load_after": machine.describe()["load_before"], "items": found}
    write("review_speed", what)
    page = ROOT / "docs" / "review.md"
    page.write_text(with_table(page.read_text(encoding="utf-8"), what), encoding="utf-8")


def measure(folder: Path, n_items: int, presses: int) -> dict[str, Any]:
    """One size: the page, and deciding without a page."""
    url = f"sqlite:///{folder / 'review.db'}"
    sessions = workplace.open_sessions(url)
    began = time.monotonic()
    dataset_id, run_id = write_dataset(sessions, n_items)
    say(f"{n_items} items written in {time.monotonic() - began:.1f} s")
    plan = make_plan(
        sessions, dataset_id=dataset_id, run_id=run_id, made_by="Ada", order="random", n=1_000, seed="bench", overlap=2
    )
    times = {"services": {"decided": decide_without_a_screen(sessions, dataset_id, run_id, presses)}}
    with served(url, folder) as address:
        link = f"{address}/review?dataset=items+{n_items}&as=Ada"
        times["file order"] = on_the_page(link, presses)
        times["plan"] = on_the_page(f"{link}&plan={plan.plan_id}", presses)
    sessions.kw["bind"].dispose()
    return {kind: {name: _summary(values) for name, values in found.items()} for kind, found in times.items()}


def on_the_page(link: str, presses: int) -> dict[str, list[float]]:
    """Milliseconds of each press; the first few, while the process is still importing, are left out."""
    with watched(link) as page:
        for _ in range(WARM_UP + presses):
            page.press("Enter")
            time.sleep(PAUSE_S)
        return {name: values[WARM_UP:] for name, values in page.times().items()}


def decide_without_a_screen(sessions: sessionmaker[Session], dataset_id: int, run_id: int, presses: int) -> list[float]:
    """The same decisions through the services alone; milliseconds each."""
    asked: dict[str, Any] = {"dataset_id": dataset_id, "annotator": "Bea"}
    item = reviews.load_item(sessions, **asked, run_id=run_id)
    tally = tally_of(sessions, **asked)
    found: list[float] = []
    while item is not None and item.suggestion is not None and len(found) < presses:
        began = time.perf_counter()
        reviews.decide(
            sessions, item_id=item.item_id, run_id=run_id, annotator="Bea", verdict_request="best",
            submission=uuid.uuid4().hex, chosen_candidate_id=item.suggestion.best_candidate_id,
            display_order=item.display_order,
        )  # fmt: skip
        tally = tally_of(sessions, **asked, since=tally)
        item = reviews.load_item(sessions, **asked, run_id=run_id, item_id=item.next_undecided_id)
        found.append((time.perf_counter() - began) * 1000)
    return found


def with_table(page: str, what: dict[str, Any]) -> str:
    """The page with the table between its marks written anew."""
    head, rest = page.split(BEGIN, 1)
    return f"{head}{BEGIN}\n\n{table(what)}\n\n{END}{rest.split(END, 1)[1]}"


def table(what: dict[str, Any]) -> str:
    """A line for each size and way through it."""
    about = what["machine"]
    lines = ["| items | way | rendered | at rest | server | services |", "|---|---|---|---|---|---|"]
    for n_items, kinds in what["items"].items():
        services = _cell(kinds["services"]["decided"])
        for way in ("file order", "plan"):
            cells = [_cell(kinds[way][name]) for name in ("rendered", "rest", "server")]
            lines.append(f"| {int(n_items):,} | {way} | {' | '.join(cells)} | {services} |")
    n = kinds["plan"]["rendered"]["n"]
    lines += ["", f"{n} presses each, {about['measured_on']}, {about['processor']}, {about['cores']} cores, load "
              f"{about['load_before']} before and {what['load_after']} after."]  # fmt: skip
    return "\n".join(lines)


def _cell(found: dict[str, float]) -> str:
    return f"{found['median']:.0f} / {found['p95']:.0f}"


def _summary(values: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(values, n=20)
    return {"n": len(values), "median": round(statistics.median(values), 1), "p95": round(cuts[18], 1)}


if __name__ == "__main__":
    main()
