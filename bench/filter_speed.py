"""How long filters and search take on a large dataset: `python -m bench.filter_speed [N] [DATABASE_URL]`.

Measures a whole screen of Review under a filter (the item, its neighbours, the next undecided one), a page of the
list, and the counts beside every value; the shortest of REPEATS. `first_ms` is the first screen under a new filter.
Results go to bench/results/filter_speed.json, by kind of database. The dataset is made up (filter_desk.py).
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from bench import filter_desk
from bench.files import RESULTS, say, write
from bench.machine import describe
from db.migrate import upgrade
from db.session import make_sessionmaker
from services.datasets import delete
from services.reviews.facets import facets
from services.reviews.filters import Filters
from services.reviews.item_list import list_items
from services.reviews.review import load_item

REPEATS = 7
PAGE = Path(__file__).resolve().parent.parent / "docs" / "finding.md"
MARK = "<!-- table: bench.filter_speed -->"
NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
COLUMNS = ("screen_ms", "first_ms", "list_ms", "counts_ms")
CASES = {
    "every item": None,
    "a word in nearly every item": Filters(words="ba"),
    "a word in one item of a hundred": Filters(words="dididi"),
    "a word in a few items": Filters(words="vyvyvyni"),
    "a beginning of three letters": Filters(words="bab"),
    "a phrase": Filters(words='"ba co"'),
    "domain": Filters(domains=("chat",)),
    "no domain": Filters(domains=(None,)),
    "lowest fifth of the margins": Filters(margin=(None, 2.0)),
    "overrides": Filters(verdicts=("override",)),
    "undecided": Filters(verdicts=("undecided",)),
    "one person's reasons": Filters(annotators=("Ada",), reasons=("style",)),
    "labels split or flagged": Filters(states=("split", "flagged")),
    "labels accepted unlooked": Filters(states=("auto",)),
    "source model": Filters(sources=("model-3",)),
    "badge": Filters(badges=("flip",)),
    "six things at once": Filters(
        words="ba", domains=("chat", "safety"), margin=(0.5, None), verdicts=("accept",), sources=("model-1",),
        states=("human", "split"),
    ),
}  # fmt: skip


def milliseconds(work: Callable[[], object]) -> float:
    """The shortest of REPEATS calls, after one that warms up: what it takes where nobody else is at work."""
    work()
    found = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        work()
        found.append(time.perf_counter() - start)
    return round(1000 * min(found), 1)


def measure(sessions: sessionmaker[Session], n_items: int) -> dict[str, Any]:
    """Everything that is measured on one database."""
    found: dict[str, Any] = {"n_items": n_items, "cases": {}}
    start = time.perf_counter()
    dataset_id = filter_desk.write_items(sessions, n_items)
    found["import_s"] = round(time.perf_counter() - start, 1)
    run_id = filter_desk.write_run(sessions, dataset_id, n_items)
    found["n_decisions"] = filter_desk.write_decisions(sessions, dataset_id, run_id)
    for name, filters in CASES.items():
        found["cases"][name] = case(sessions, dataset_id, run_id, filters)
        say(f"{name:34} {found['cases'][name]}")
    found["delete_s"] = _delete_seconds(sessions, n_items // 10)
    return found


def case(sessions: sessionmaker[Session], dataset_id: int, run_id: int, filters: Filters | None) -> dict[str, Any]:
    """One filter: how many items pass, and the times in ms."""

    def screen() -> object:
        return load_item(sessions, dataset_id=dataset_id, annotator="Dee", run_id=run_id, only=filters)

    at: dict[str, Any] = {"dataset_id": dataset_id, "run_id": run_id, "filters": filters}
    start = time.perf_counter()
    screen()
    first_ms = round(1000 * (time.perf_counter() - start), 1)
    return {
        "n": list_items(sessions, **at).n,
        "first_ms": first_ms,
        "screen_ms": milliseconds(screen),
        "list_ms": milliseconds(lambda: list_items(sessions, **at)),
        "counts_ms": milliseconds(lambda: facets(sessions, **at)),
    }


def _delete_seconds(sessions: sessionmaker[Session], n_items: int) -> float:
    """Deleting a dataset of a tenth of the size, whose words have to leave the index too."""
    dataset_id = filter_desk.write_items(sessions, n_items)
    start = time.perf_counter()
    delete(sessions, dataset_id)
    return round(time.perf_counter() - start, 2)


def main(n_items: int, url: str | None) -> None:
    with tempfile.TemporaryDirectory() as folder:
        sessions = make_sessionmaker(url or f"sqlite:///{folder}/filter.db")
        upgrade(sessions.engine)
        found = measure(sessions, n_items)
        kind = sessions.engine.dialect.name
        if kind == "sqlite":
            with sessions() as session:
                pages, size = (session.scalar(text(f"PRAGMA {name}")) for name in ("page_count", "page_size"))
            found["file_mb"] = round((pages or 0) * (size or 0) / 1e6)
        sessions.engine.dispose()
    kept = RESULTS / "filter_speed.json"
    known = json.loads(kept.read_text()) if kept.exists() else {}
    known[kind] = {**found, "machine": describe()}
    write("filter_speed", known)
    write_table(known)


def write_table(known: dict[str, Any]) -> None:
    """The results as a table in docs/finding.md, below its mark."""
    heads = " | ".join(f"{NAMES[kind]}: screen | first | list | counts" for kind in known)
    lines = [f"| filter | items | {heads} |", "|---|--:|" + "--:|" * 4 * len(known)]
    for name in CASES:
        cells = [found["cases"][name] for found in known.values()]
        times = " | ".join(f"{one[column]:.0f}" for one in cells for column in COLUMNS)
        lines.append(f"| {name} | {cells[0]['n']:,} | {times} |")
    for kind, found in known.items():
        machine = found["machine"]
        lines += ["", _about(NAMES[kind], found, machine)]
    page = PAGE.read_text().split(MARK)[0] + MARK + "\n\n" + "\n".join(lines) + "\n"
    PAGE.write_text(page)


def _about(name: str, found: dict[str, Any], machine: dict[str, Any]) -> str:
    where = f"{machine['cores']} cores of {machine['processor']} with a load of {machine['load_before']}"
    deleting = f"deleting {found['n_items'] // 10:,} others {found['delete_s']:.1f} s"
    return (
        f"{name}: milliseconds, the shortest of {REPEATS}, on {where}. Importing the {found['n_items']:,} items took "
        f"{found['import_s']:.0f} s, index included; {deleting}."
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000, sys.argv[2] if len(sys.argv) > 2 else None)
