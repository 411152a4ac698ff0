"""Real worker processes on a tiny model: pipe, clock, memory, interleaving and truth work together."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest

from bench.cases import SMALL_PAIR, Rival, make_case
from bench.measure import Plan, measure_case
from bench.models import folder_of, make_pair
from bench.processes import ROOT, SIDES, Worker, WorkerFailed
from bench.tools import TOOLS
from bench.workers.reference_worker import Reference

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", autouse=True)
def _models() -> None:
    make_pair(SMALL_PAIR)


@pytest.fixture(scope="module")
def measured() -> dict[str, Any]:
    """Tare and TRL on three items."""
    case = replace(make_case("growth_3"), checked_items=None, rivals=(Rival("trl", 1),), tried_pairs=2)
    folders = {side: folder_of(SMALL_PAIR, side) for side in SIDES}
    exact = {side: found.tokens for side, found in Reference(folders, {}).weigh(case.items, SIDES, {}).items()}
    return measure_case(case, ["tare", "trl"], Plan(runs=2), exact, lambda _line: None)


def test_both_tools_are_near_the_float64_loop_and_find_its_best_candidates(measured: dict[str, Any]) -> None:
    for tool in measured["tools"].values():
        assert len(tool["seconds"]) == 2
        assert tool["exactness"]["per_token"] <= 1e-4
        assert tool["exactness"]["same_best"] == tool["exactness"]["n_items"] == 3


def test_the_rival_computes_more_tokens_than_we_do_and_its_settings_were_tried(measured: dict[str, Any]) -> None:
    ours, its = measured["tools"]["tare"], measured["tools"]["trl"]
    assert ours["computed_tokens"] < its["computed_tokens"]
    assert [one["setting"]["batch"] for one in its["tried"]] == [1, 4]


def test_a_tool_that_cannot_run_is_one_line_and_not_an_end() -> None:
    broken = replace(TOOLS["trl"], name="broken", module="no_such_worker")
    with pytest.raises(WorkerFailed, match="no_such_worker"), Worker(broken, "growth_3", setting={}):
        pass


def test_the_gpu_script_runs_on_a_cpu_with_a_tiny_shape() -> None:
    command = [sys.executable, "-m", "bench.gpu", "--tiny", "--device", "cpu", "--dtype", "float32", "--runs", "1"]
    done = subprocess.run([*command, "--n", "4", "--out", "-"], cwd=ROOT, check=True, capture_output=True, text=True)
    found = json.loads(done.stdout)
    assert {one["shape"] for one in found["cases"]} == {"Llama-3.1-8B", "Mistral-7B"}
    for one in found["cases"]:
        assert one["tools"][0]["title"].startswith("Tare")
        assert all(tool["from_ours"] < 1e-3 for tool in one["tools"])
