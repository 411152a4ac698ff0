"""A benchmark in a terminal: its scores beside the baselines, then pairs, best of N and tau-b where they differ."""

from __future__ import annotations

from services.benchmarks.scores import BenchmarkReport
from ui.benchmarks.table import LEAD_SAID, MEASURES, cell, columns, has_many, lead_row, lines, measures
from ui.commands.terminal import print_table, say


def print_benchmark(report: BenchmarkReport) -> None:
    """Every figure with its n and 95 % interval."""
    shown = columns([report])
    rows = [(line.label, line.n, *map(cell, line.shares)) for line in lines(shown)]
    rows.append(lead_row(report))
    title = f"{report.title} ({report.measure}): %, with 95 % interval"
    print_table(title, ("", "n", *(column.title for column in shown)), rows)
    if has_many(report):
        title = f"Ranked by {shown[0].title}: pairs and best of N in %, Kendall's tau-b from -1 to 1"
        print_table(title, ("", "items", *MEASURES), measures(report.own))
    say(LEAD_SAID)
    left_out = "".join(f", {n} {why}" for why, n in report.left_out.items())
    say(f"{report.n} of {report.n_items} items count{left_out}.")
    for note in report.notes:
        say(f"{note[:1].upper()}{note[1:]}.")
