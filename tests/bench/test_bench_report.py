"""The page is made of what was measured, says what was missed, and what was not measured."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from bench.cases import n8_p512
from bench.environments import NAMES, PINS
from bench.exactness import compare
from bench.flops import count_work, flops_of
from bench.picture import growth_picture
from bench.report import page
from bench.tools import TOOLS

SHAPE = {
    "hidden_size": 512, "intermediate_size": 1408, "num_hidden_layers": 8, "num_attention_heads": 8,
    "num_key_value_heads": 4, "head_dim": 64, "vocab_size": 32000,
}  # fmt: skip
RATES = {
    "square": 1e11,
    "square_by_kernel": {"linear": 1e11},
    "own": dict.fromkeys(("q, o", "k, v", "gate, up", "down", "head"), 1e11),
}
MACHINE = {
    "processor": "A processor", "cores": 2, "vector_units": ["avx2"], "memory_gb": 8.0, "system": "Linux 6",
    "python": "3.11", "threads": 2, "measured_on": "2026-11-21", "matmul": RATES,
}  # fmt: skip


def tool(name: str, seconds: float, megabytes: int) -> dict[str, Any]:
    """What measure.py says of a tool."""
    return {
        "title": TOOLS[name].title, "about": {"torch": "2"}, "setting": {}, "tried": [], "tried_pairs": 0,
        "peak_bytes": megabytes * 1_000_000, "computed_tokens": 3134, "seconds": [seconds] * 5, "median_s": seconds,
        "quartiles_s": [seconds, seconds], "is_repeatable": True,
        "exactness": {"per_token": 1e-5, "per_response": 2e-4, "n_responses": 8, "same_best": 1, "n_items": 1},
    }  # fmt: skip


def measured(ours: float, its: float) -> dict[str, Any]:
    """A case in which the rival took `its` seconds."""
    case = n8_p512()
    work = count_work(case.items)
    return {
        "case": case.name, "title": case.title, "parts": 1, "machine": MACHINE,
        "tools": {"tare": tool("tare", ours, 100), "rewardbench": tool("rewardbench", its, 1000)},
        "targets": {"rewardbench": {"at_least": 4, "memory_share": 1 / 9, "fixed": {}}},
        "work": {**vars_of(work), "flops": flops_of(work, SHAPE), "config": SHAPE},
    }  # fmt: skip


def vars_of(work: Any) -> dict[str, int]:
    """Slots have no __dict__."""
    return {name: getattr(work, name) for name in work.__slots__}


def test_the_page_tells_a_figure_that_is_reached_and_one_that_is_missed() -> None:
    reached = page({"machine": MACHINE, "n8_p512": measured(1.0, 5.0)})
    assert "| **5.0x** | 4x | 100 | 1000 | 1/10.0 | 1/9 |" in reached
    missed = page({"machine": MACHINE, "n8_p512": measured(1.0, 3.0)})
    assert "| **3.0x** | 4x (missed) |" in missed


def test_the_page_says_what_was_not_measured() -> None:
    text = page({"machine": MACHINE, "n8_p512": measured(1.0, 5.0)})
    assert "Not measured: n32_p512, n8_p2048, pairs24, criteria50." in text
    assert "Figures of a GPU are still to come" in text
    assert re.search(r"## Growth\n\nNot measured", text)
    assert "|---" not in page({}), "no empty tables"


def test_fewer_than_five_runs_are_called_a_smoke_test() -> None:
    quick = measured(1.0, 5.0)
    quick["tools"]["tare"]["seconds"] = [1.0]
    assert "Smoke test only" in page({"machine": MACHINE, "n8_p512": quick})


def test_a_tool_that_failed_stands_in_the_table_with_its_reason() -> None:
    failed = measured(1.0, 5.0)
    failed["tools"]["rewardbench"] = {"failed": "rewardbench: its process ended: exit code -9"}
    assert "exit code -9" in page({"machine": MACHINE, "n8_p512": failed})


def test_a_gpu_that_was_measured_is_told() -> None:
    entry = {
        "title": "Tare (shared)", "responses_per_s": 100.0, "logical_per_s": 5e4, "computed_per_s": 2e4,
        "mfu": 0.61, "peak_gb": 17.0,
    }  # fmt: skip
    found = {"device": "cuda:0", "device_name": "A GPU", "cases": [{"shape": "X", "n": 8, "tools": [entry]}]}
    text = page({"machine": MACHINE, "gpu": found})
    assert "| X | 8 | Tare (shared) | 100.0 | 50,000 | 20,000 | 0.61 | 17.0 |" in text


def test_the_picture_has_a_point_for_every_size_in_both_panels() -> None:
    points = [{"distinct_tokens": 10**k, "median_s": 10.0**k / 1e4, "peak_bytes": 40_000_000} for k in (4, 5, 6)]
    assert growth_picture(points).count("<circle") == 6


def test_differences_are_the_largest_over_tokens_and_responses_and_the_best_is_the_rewards_best() -> None:
    exact = {"strong": [[-1.0, -2.0], [-3.0]], "weak": [[-2.0, -2.0], [-3.5]]}
    tokens = {"strong": [[-1.0, -2.25], [-3.0]], "weak": [[-2.0, -2.0], [-3.5]]}
    sums = {"strong": [-3.25, -3.0], "weak": [-4.0, -3.5]}
    found = compare(sums, tokens, exact, [2])
    assert (found.per_token, found.per_response, found.same_best) == (0.25, 0.25, 1)
    assert not found.holds()
    other = compare({"strong": [-4.0, -3.0], "weak": [-4.0, -3.5]}, {"strong": None, "weak": None}, exact, [2])
    assert (other.per_token, other.same_best) == (None, 0)


@pytest.mark.parametrize("name", NAMES)
def test_every_requirement_of_a_rival_is_pinned_and_torch_is_the_same_for_all(name: str) -> None:
    lines = [line for line in (PINS / f"{name}.txt").read_text().splitlines() if line and not line.startswith("#")]
    assert all("==" in line for line in lines)
    assert "torch==2.13.0" in lines


def test_the_page_in_the_repository_is_the_one_its_results_make() -> None:
    import json

    root = Path(__file__).parents[2]
    results = {path.stem: json.loads(path.read_text()) for path in sorted((root / "bench" / "results").glob("*.json"))}
    assert (root / "docs" / "benchmarks.md").read_text() == page(results)
