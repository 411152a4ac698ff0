"""Weigh again, change the weak model only: through the service layer with a temporary database, counted and timed.

Writes bench/results/desk.json and the page anew.
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

STEPS = ("first", "again", "other_weak")


def summary(sittings: list[dict[str, Any]]) -> dict[str, Any]:
    """Median seconds by step, and its counts, which must be the same in every sitting."""
    found = {}
    for step in STEPS:
        steps = [sitting[step] for sitting in sittings]
        counts = {name: steps[0][name] for name in ("forwards", "tokens", "n_computed", "n_cached")}
        found[step] = {
            **counts,
            "seconds": [one["seconds"] for one in steps],
            "median_s": statistics.median(one["seconds"] for one in steps),
            "is_same_each_time": all(one[name] == counts[name] for one in steps for name in counts),
        }
    return found


def main() -> None:
    """Five sittings, or one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one sitting: a smoke test")
    repeats = 1 if parser.parse_args().quick else 5
    command = [sys.executable, "-m", "bench.workers.desk_worker", str(repeats)]
    done = subprocess.run(
        command, cwd=ROOT, env=environment_of(TOOLS["tare"]), check=True, stdout=subprocess.PIPE, text=True
    )
    sittings = json.loads(done.stdout)["sittings"]
    problems = [line for sitting in sittings for step in sitting.values() for line in step["problems"]]
    if problems:
        raise SystemExit(f"the desk could not weigh its item: {problems[0]}")
    found = summary(sittings)
    for step, one in found.items():
        say(f"desk {step}: {one['median_s']:.3f} s, {one['forwards']} forwards, {one['tokens']} tokens")
    write("desk", {"steps": found, "machine": machine.describe()})
    report.main()


if __name__ == "__main__":
    main()
