"""What criteria, who reads them and where exemplars stand are worth on the demo's held-out items.

    python -m bench.conditioning            weighs them all, writes bench/results/conditioning.json and the page's table
    python -m bench.conditioning --page     writes the table of docs/criteria.md from that file again

Through the product's own path: import, run, cache, credit against gold. Every way is compared with no criteria item by
item. Leaves out the sets (conditioning_sets.py).
"""

import argparse
import json
import re
import tempfile
from dataclasses import asdict
from hashlib import sha256
from itertools import groupby
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session, sessionmaker

from bench.conditioning_sets import NONE, SEED, Way, exemplars, ways
from bench.files import RESULTS, say, write
from db.queries_evaluation import gold_rows
from scoring.pairs import PROJECT_ROOT
from services import workplace
from services.criteria.store import add_version
from services.imports.files import import_file
from services.runs import start_run
from services.statistics.bootstrap import paired_difference
from services.statistics.credits import credit, gold_best
from services.statistics.intervals import Share, share
from services.weighing.run import weigh

PAGE = PROJECT_ROOT / "docs" / "criteria.md"
BEGIN, END = "<!-- conditioning: python -m bench.conditioning -->", "<!-- /conditioning -->"
HELD_OUT = PROJECT_ROOT / "demo" / "holdout.jsonl"
READ_BY = {"both": "both", "strong": "strong only"}
PLACES = {"system": "system message", "turns": "earlier turns"}
Row = dict[str, Any]


def credits(sessions: sessionmaker[Session], run_id: int) -> dict[int, tuple[str, float]]:
    """(domain, credit of the run's best against gold) by item, for the items with gold that the run ranked."""
    found = {}
    with sessions() as session:
        for item_id, rows in groupby(gold_rows(session, run_id), key=lambda row: row.item_id):
            some = list(rows)
            gold = gold_best([row.gold_rank for row in some], [row.gold_score for row in some])
            if gold:
                found[item_id] = (some[0].domain or "", credit([row.reward for row in some], gold))
    return found


def measure(file: Path = HELD_OUT) -> Row:
    """Every way over the file, in a database of its own."""
    weights = _weights()
    with tempfile.TemporaryDirectory() as folder:
        sessions = workplace.open_sessions(f"sqlite:///{folder}/conditioning.db")
        try:
            dataset_id = import_file(sessions, file, name="held out").dataset_id
            models, rows, by_none = workplace.model_room(), [], dict[int, tuple[str, float]]()
            for way in ways():
                criteria = add_version(sessions, f"bench {way.title}", title="", body=way.body)
                run_id = start_run(
                    sessions, dataset_id=dataset_id, pair="demo", criteria_id=criteria.criteria_id,
                    conditioning=way.conditioning,
                )  # fmt: skip
                run = weigh(sessions, models, run_id)
                if run.status != "done" or run.n_not_weighed:
                    raise SystemExit(
                        f"{way.title}: run {run.status}, {run.n_not_weighed} items not weighed: {run.error}"
                    )
                found = credits(sessions, run_id)
                by_none = by_none or found
                rows.append(_row(way, found, by_none) | {"n_computed": run.n_computed, "seconds": run.elapsed_s})
                say(f"{way.title}, {way.conditioning}: {rows[-1]['accuracy']['value']:.1%}, {run.elapsed_s:.0f} s")
        finally:
            sessions.kw["bind"].dispose()
    if _weights() != weights:
        raise SystemExit("the demo's weights changed while they were measured; measure again")
    cases = {domain: [asdict(case) for case in some] for domain, some in exemplars().items()}
    return {"file": file.name, "weights": weights, "seed": SEED, "rows": rows, "exemplars": cases}


def _row(way: Way, found: dict[int, tuple[str, float]], by_none: dict[int, tuple[str, float]]) -> Row:
    values = [value for _, value in found.values()]
    difference = paired_difference(values, [by_none[item_id][1] for item_id in found])
    domains = sorted({domain for domain, _ in found.values()})
    parts = {name: [value for domain, value in found.values() if domain == name] for name in domains}
    return {
        "title": way.title,
        "n_exemplars": way.body.n_exemplars,
        **way.conditioning.to_json(),
        "accuracy": asdict(share(sum(values), len(values))),
        "by_domain": {name: asdict(share(sum(part), len(part))) for name, part in parts.items()},
        "over_none": asdict(difference),
    }


def _weights() -> dict[str, str]:
    """What was measured: sha256 of both models' weights."""
    return {
        side: sha256((PROJECT_ROOT / "demo" / side / "model.safetensors").read_bytes()).hexdigest()
        for side in ("strong", "weak")
    }


def table(result: Row) -> str:
    """The page's table, and what it rests on."""
    first = result["rows"][0]
    lines = [
        f"`demo/{result['file']}`, n = {first['accuracy']['n']} items, demo pair (strong weights "
        f"`{result['weights']['strong'][:12]}`), ranked by the sum, float32; Wilson intervals for shares, paired "
        "bootstrap (10,000 resamples of items) for differences.",
        "",
        "| criteria | read by | exemplars | right (95 % interval) | minus none (95 % interval) |",
        "|---|---|---|---|---|",
    ]
    lines += ["| " + " | ".join(_cells(row)) + " |" for row in result["rows"]]
    return "\n".join(lines)


def _cells(row: Row) -> list[str]:
    found, change = Share(**row["accuracy"]), row["over_none"]
    is_none = row["title"] == NONE
    points = f"{100 * change['value']:+.1f} ({100 * change['low']:+.1f} to {100 * change['high']:+.1f})"
    return [
        row["title"],
        "–" if is_none else READ_BY[row["read_by"]],
        PLACES[row["exemplars"]] if row["n_exemplars"] else "–",
        f"{100 * (found.value or 0):.1f} % ({100 * (found.low or 0):.1f}-{100 * (found.high or 0):.1f})",
        "" if is_none else points.replace("-", "−"),
    ]


def write_page(result: Row, page: Path = PAGE) -> None:
    """The table between its markers. Raises ValueError where the page has none."""
    text = page.read_text(encoding="utf-8")
    marked = re.compile(re.escape(BEGIN) + r".*?" + re.escape(END), re.DOTALL)
    if not marked.search(text):
        raise ValueError(f"{page.name} has no {BEGIN} … {END}; put both lines where the table is to stand")
    page.write_text(marked.sub(lambda _: f"{BEGIN}\n{table(result)}\n{END}", text), encoding="utf-8")


def main() -> None:
    """Measure, keep and write; or write alone."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--page", action="store_true", help="only write the table from the last results")
    if not parser.parse_args().page:
        write("conditioning", measure())
    write_page(json.loads((RESULTS / "conditioning.json").read_text()))


if __name__ == "__main__":
    main()
