"""The cases, measured: `python -m bench.run [--case n8_p512] [--tools tare,rewardbench] [--runs 5] [--quick]`.

Writes bench/results/<case>.json, one file a case, the machine beside them, and the page anew (report.py). Tools that
are left out of a call keep nothing: a case's file is one interleaved measurement.
"""

import argparse
import json
import time
from dataclasses import asdict
from typing import Any

from bench import environments, machine, report
from bench.cases import CASES, Case, make_case
from bench.files import say, write
from bench.flops import count_work, flops_of
from bench.measure import Plan, measure_case
from bench.reference import exact_logprobs
from bench.tools import TOOLS
from bench.workers.pipe import MODELS

SHAPE = ("hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads",
         "head_dim", "vocab_size")  # fmt: skip


def main() -> None:
    """Measure the cases asked for, all by default."""
    given = _arguments()
    plan = Plan(runs=1, calibrate=False) if given.quick else Plan(given.runs, not given.no_calibration)
    about = {**machine.describe(), "matmul": machine.measured_rates()}
    write("machine", about)
    for name in given.case or CASES:
        case = make_case(name)
        started = time.monotonic()
        tools = _tools_of(case, given.tools)
        say(f"{case.name}: {case.title}; {', '.join(tools)}")
        result = measure_case(case, tools, plan, exact_logprobs(case), say)
        result |= {"targets": _targets(case), "work": work_of(case), "machine": about}
        write(case.name, result)
        say(f"  {time.monotonic() - started:.0f} s")
    report.main()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--case", action="append", help=f"one of {', '.join(CASES)}, or growth_N; repeatable")
    parser.add_argument("--tools", help=f"comma-separated, of {', '.join(TOOLS)}; the case's own by default")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--no-calibration", action="store_true", help="take each rival's first setting")
    parser.add_argument("--quick", action="store_true", help="one run, no calibration: a smoke test, not a figure")
    return parser.parse_args()


def _tools_of(case: Case, wanted: str | None) -> list[str]:
    """The case's tools, or those named; what has no environment yet is an error, not a gap."""
    names = wanted.split(",") if wanted else ["tare", *(rival.tool for rival in case.rivals)]
    for name in names:
        if name not in TOOLS:
            raise SystemExit(f"there is no tool {name!r}; there are {', '.join(TOOLS)}")
        if not environments.is_ready(TOOLS[name].environment):
            raise SystemExit(f"{name} is not installed; run: python -m bench.environments {TOOLS[name].environment}")
    return names


def _targets(case: Case) -> dict[str, Any]:
    return {
        rival.tool: {"at_least": rival.at_least, "memory_share": rival.memory_share, "fixed": dict(rival.fixed)}
        for rival in case.rivals
    }


def work_of(case: Case) -> dict[str, Any]:
    """Tokens and FLOPs of computing each distinct token once, under one model; the engine's own count beside ours."""
    from bench.workers.tare_worker import requests_of
    from scoring.engine.trie import distinct_tokens

    work = count_work(case.items)
    whole = json.loads((MODELS / case.models / "strong" / "config.json").read_text())
    config = {name: whole[name] for name in SHAPE}
    told = distinct_tokens(requests_of(case.items))
    return {**asdict(work), "flops": flops_of(work, config), "distinct_tokens_told": told, "config": config}


if __name__ == "__main__":
    main()
