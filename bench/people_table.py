"""The table of docs/plans.md, from bench/results/people.json. Leaves out measuring (people.py)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bench.files import RESULTS

PAGE = RESULTS.parents[1] / "docs" / "plans.md"
BEGIN, END = "<!-- people: written by python -m bench.people -->", "<!-- /people -->"
WRONG = ("n_over", "n_under", "n_lost", "n_doubled", "n_slots_wrong")
HEADS = (
    "database", "processes", "people read for", "decisions", "a second", "items done", "lost, doubled, over, under",
    "next p95, ms", "decide p95, ms", "both p95, ms",
)  # fmt: skip


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Markdown, one line for each crowd."""
    lines = ["| " + " | ".join(HEADS) + " |", "|" + "---|" * len(HEADS)]
    return "\n".join([*lines, *(f"| {' | '.join(_cells(row))} |" for row in rows)])


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        "SQLite" if row["database"] == "sqlite" else "PostgreSQL",
        f"{row['n_processes']}",
        f"{row['reading_s']:g} s" if row["reading_s"] else "no time at all",
        f"{row['n_decisions']:,}",
        f"{row['decisions_per_s']:.0f}",
        f"{row['n_full']:,} of {row['n_items']:,}",
        f"{sum(row[name] for name in WRONG)}",
        *(f"{row[name]['p95']:.0f}" for name in ("next_ms", "decide_ms", "next_and_decide_ms")),
    )


def where(machine: Mapping[str, Any]) -> str:
    """On what it was measured, and how busy that was with other work."""
    return (
        f"Measured on {machine['measured_on']}, {machine['processor']}, {machine['cores']} cores; load before it "
        f"began: {machine['load_before']:.1f} (a quiet machine has less than 1)."
    )


def write_page(machine: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> None:
    """Puts the table between its two marks."""
    page = PAGE.read_text(encoding="utf-8")
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    PAGE.write_text(f"{before}{BEGIN}\n\n{table(rows)}\n\n{where(machine)}\n\n{END}{after}", encoding="utf-8")
