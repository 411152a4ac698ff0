"""The simulation of the audit: every interval and promise of services/statistics, many times over, on made-up datasets.

    python -m bench.audit_simulation               2,000 repetitions of every case, on two processes: about half an hour
    python -m bench.audit_simulation --table       only the table of docs/audit.md, from what was kept

Seeded: the same repetitions each time, whatever the number of processes. Results go to
bench/results/audit_simulation.json and, as tables, into docs/audit.md between its two marks. Leaves out what a case is
(audit_*_cases.py).
"""

from __future__ import annotations

import argparse
import json
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from bench import audit_calibration_cases, audit_interval_cases, audit_threshold_cases
from bench.audit_interval_cases import Case
from bench.files import RESULTS, say, write
from services.statistics.intervals import wilson

REPETITIONS = 2_000
CHUNK = 100  # repetitions that share a generator
SEED = 20_261_122
NAME = "audit_simulation"
PAGE = RESULTS.parents[1] / "docs" / "audit.md"
START, END = "<!-- simulation: begin -->", "<!-- simulation: end -->"
ACCEPTED, ANCHORING, LIMITS = audit_threshold_cases.GROUP, "anchoring", "limits: not promised"


@dataclass(frozen=True, slots=True)
class Tally:
    """A chunk of repetitions, added up."""

    n: int
    n_held: int
    size: float  # summed
    n_given: int
    n_naive: int
    n_naive_held: int


@cache
def all_cases() -> tuple[Case, ...]:
    """Every case, in the order of the table."""
    return (*audit_interval_cases.cases(), *audit_calibration_cases.cases(), *audit_threshold_cases.cases())


def run_chunk(place: int, chunk: int, n: int = CHUNK) -> Tally:
    """`n` repetitions of one case."""
    generator = np.random.default_rng([SEED, place, chunk])
    trials = [all_cases()[place].trial(generator) for _ in range(n)]
    naive = [trial.naive_held for trial in trials if trial.naive_held is not None]
    return Tally(
        n,
        sum(trial.held for trial in trials),
        sum(trial.size for trial in trials),
        sum(trial.is_given for trial in trials),
        len(naive),
        sum(naive),
    )


def row(case: Case, tallies: list[Tally]) -> dict[str, Any]:
    """One case's line of the results."""
    n, held = sum(t.n for t in tallies), sum(t.n_held for t in tallies)
    n_naive, naive_held = sum(t.n_naive for t in tallies), sum(t.n_naive_held for t in tallies)
    low, high = wilson(held, n)
    return {
        "group": case.group,
        "name": case.name,
        "repetitions": n,
        "held": held / n,
        "held_low": low,
        "held_high": high,
        "mean_size": sum(t.size for t in tallies) / n,
        "given": sum(t.n_given for t in tallies) / n,
        "naive": case.naive,
        "naive_held": naive_held / n_naive if n_naive and case.naive else None,
    }


def table(rows: list[dict[str, Any]]) -> str:
    """The results as Markdown: one table of intervals, one of promises, one of what is not promised."""
    parts = [
        (
            "Coverage of the 95 % intervals",
            [r for r in rows if r["group"] not in (ACCEPTED, LIMITS, ANCHORING)],
            "width",
        ),
        ("Anchoring recovered", [r for r in rows if r["group"] == ANCHORING], "mean estimate"),
        (
            "Labels accepted unlooked: how often the promise was broken",
            [r for r in rows if r["group"] == ACCEPTED],
            "accepted",
        ),
        ("Where nothing is promised, and why: coverage lost", [r for r in rows if r["group"] == LIMITS], "width"),
    ]
    return "\n\n".join(f"### {title}\n\n{_lines(chosen, size)}" for title, chosen, size in parts)


def _lines(rows: list[dict[str, Any]], size: str) -> str:
    broken = size == "accepted"
    lines = [f"| case | {'broken' if broken else 'covered'} | {size} | the plain way |", "|---|---|---|---|"]
    for one in rows:
        values = (one["held"], one["held_low"], one["held_high"])
        share, low, high = values if not broken else (1 - values[0], 1 - values[2], 1 - values[1])
        naive = ""
        if one["naive_held"] is not None:
            naive = f"{one['naive']}: {1 - one['naive_held'] if broken else one['naive_held']:.1%}"
        name = one["name"] if broken or one["group"] in (LIMITS, ANCHORING) else f"{one['group']}: {one['name']}"
        if broken or one["group"] == audit_interval_cases.POWERED:
            name += f" ({'found' if broken else 'used'} in {one['given']:.0%})"
        lines.append(f"| {name} | {share:.1%} ({low:.1%} to {high:.1%}) | {one['mean_size']:.3f} | {naive} |")
    return "\n".join(lines)


def write_page(rows: list[dict[str, Any]], n: int) -> None:
    """Puts the table into docs/audit.md between the two marks."""
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(START)
    after = rest.split(END)[1]
    said = f"{n:,} repetitions of each case, seed {SEED}; in brackets the 95 % interval of what was counted (Wilson)."
    PAGE.write_text(f"{before}{START}\n{said}\n\n{table(rows)}\n{END}{after}", encoding="utf-8")


def simulate(repetitions: int, processes: int) -> list[dict[str, Any]]:
    """Every case; slow ones first would be quicker, the table's order is clearer."""
    chunks = [(place, chunk) for place in range(len(all_cases())) for chunk in range(repetitions // CHUNK)]
    tallies: dict[int, list[Tally]] = {place: [] for place in range(len(all_cases()))}
    with ProcessPoolExecutor(processes) as pool:
        for (place, _), tally in zip(chunks, pool.map(run_chunk, *zip(*chunks, strict=True)), strict=True):
            tallies[place].append(tally)
            if len(tallies[place]) == repetitions // CHUNK:
                found = row(all_cases()[place], tallies[place])
                say(f"{found['group']}: {found['name']}: held {found['held']:.4f}, size {found['mean_size']:.3f}")
    return [row(case, tallies[place]) for place, case in enumerate(all_cases())]


def main() -> None:
    """Simulate, keep, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=REPETITIONS)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--table", action="store_true", help="write the table anew from the results kept")
    asked = parser.parse_args()
    if not asked.table:
        found = simulate(asked.repetitions, asked.processes)
        write(NAME, {"seed": SEED, "repetitions": asked.repetitions, "cases": found})
    kept = json.loads((RESULTS / f"{NAME}.json").read_text(encoding="utf-8"))
    write_page(kept["cases"], kept["repetitions"])


if __name__ == "__main__":
    main()
