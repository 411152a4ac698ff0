"""The growth curve: time and memory against distinct tokens from 100 to 10,000 items, each size in a fresh process.

Writes bench/results/growth.json and the page anew. Drawing is picture.py's part.
"""

import argparse
import json
import statistics
import subprocess
import sys
from typing import Any

from bench import machine, report
from bench.files import say, write
from bench.processes import ROOT
from bench.tools import TOOLS, environment_of

SIZES = (100, 300, 1000, 3000, 10_000)
REPEATS = {100: 5, 300: 5, 1000: 3, 3000: 3, 10_000: 1}


def measure(n: int, repeats: int) -> dict[str, Any]:
    """One size."""
    command = [sys.executable, "-m", "bench.workers.growth_worker", str(n), str(repeats)]
    done = subprocess.run(
        command, cwd=ROOT, env=environment_of(TOOLS["tare"]), check=True, stdout=subprocess.PIPE, text=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return {**found, "median_s": statistics.median(found["seconds"])}


def fit(points: list[dict[str, Any]]) -> dict[str, float]:
    """Slope of log time over log distinct tokens (1: linear), and the spread of tokens a second."""
    rates = [point["distinct_tokens"] / point["median_s"] for point in points]
    if len(points) < 2:
        return {"slope": float("nan"), "slowest": rates[0], "fastest": rates[0]}
    from math import log

    xs = [log(point["distinct_tokens"]) for point in points]
    ys = [log(point["median_s"]) for point in points]
    slope, _ = statistics.linear_regression(xs, ys)
    return {"slope": slope, "slowest": min(rates), "fastest": max(rates)}


def main() -> None:
    """Measure every size, smallest first."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="100 and 300 items, once: a smoke test")
    quick = parser.parse_args().quick
    points = []
    for n in SIZES[:2] if quick else SIZES:
        points.append(measure(n, 1 if quick else REPEATS[n]))
        point = points[-1]
        say(f"growth {n}: {point['median_s']:.2f} s, {point['distinct_tokens']} distinct tokens, {point['engine']}")
    write("growth", {"points": points, "fit": fit(points), "machine": machine.describe()})
    report.main()


if __name__ == "__main__":
    main()
