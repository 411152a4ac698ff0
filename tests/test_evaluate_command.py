"""`tare evaluate` on a benchmark's own files, as a person or a script uses it: a real process, the real demo pair."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from test_cli import Shell

TEAS = ("sencha", "gyokuro", "assam", "darjeeling", "oolong", "matcha", "keemun", "lapsang")


@pytest.fixture
def shell(fresh_url: str, tmp_path: Path) -> Shell:
    return Shell(tmp_path, fresh_url)


def write(path: Path, rows: list[dict[str, Any]]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def pair(number: int, label: int) -> dict[str, Any]:
    tea = TEAS[number % len(TEAS)]
    return {"input": f"Is {tea} a tea?", "output_1": f"Yes, {tea} is a tea.", "output_2": "No.", "label": label}


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_a_benchmark_of_several_files_is_told_by_subset(shell: Shell, tmp_path: Path) -> None:
    files = [
        write(tmp_path / "llmbar_natural.jsonl", [pair(n, 1) for n in range(4)]),
        write(tmp_path / "llmbar_gptout.jsonl", [pair(n, 2) for n in range(2)]),
    ]
    imported = shell.json("import", *files, "--name", "bar")
    assert (imported["n_items"], imported["format"]) == (6, "llmbar")
    shell.tare("weigh", "bar", "--pair", "demo")
    found = shell.json("evaluate", "bar")
    benchmark = found["benchmark"]
    assert (benchmark["benchmark"], benchmark["n"], benchmark["left_out"]) == ("llmbar", 6, {})
    own = benchmark["ways"]["sum"]
    assert {part["name"]: part["figures"]["n_items"] for part in own["slices"]} == {"natural": 4, "gptout": 2}
    assert own["scores"]["Score"]["value"] == found["accuracy"]
    assert set(benchmark["ways"]) == {"sum", "mean", "strong", "weak", "longest", "shortest", "chance"}
    said = shell.tare("evaluate", "bar").stdout
    assert "LLMBar (pairs in gold's order, a tie is half right)" in said
    assert "6 of 6 items count" in said


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_what_is_no_benchmark_is_counted_as_one_on_demand(shell: Shell, tmp_path: Path) -> None:
    rows = [{"prompt": f"Is {tea} a tea?", "chosen": "Yes.", "rejected": "No, a pot."} for tea in TEAS[:3]]
    shell.tare("import", write(tmp_path / "plain.jsonl", rows), "--name", "plain")
    shell.tare("weigh", "plain", "--pair", "demo")
    assert shell.json("evaluate", "plain")["benchmark"] is None
    told = shell.json("evaluate", "plain", "--as", "nectar")["benchmark"]
    assert (told["title"], told["ways"]["chance"]["whole"]["pairwise"]["value"]) == ("Nectar", 0.5)
    assert "no score: it takes all four sections" in shell.tare("evaluate", "plain", "--as", "rewardbench").stdout
    assert "'--as'" in shell.refusal("evaluate", "plain", "--as", "mine")


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_a_benchmark_of_which_nothing_counts_refuses_only_when_it_was_asked_for(shell: Shell, tmp_path: Path) -> None:
    rows = [{key: value for key, value in pair(n, 1).items() if key != "label"} for n in range(2)]
    shell.tare("import", write(tmp_path / "llmbar_natural.jsonl", rows), "--name", "bare")
    shell.tare("weigh", "bare", "--pair", "demo")
    done = shell.tare("evaluate", "bare", "--json")
    assert json.loads(done.stdout)["benchmark"] is None
    assert "no item of 'bare' counts for LLMBar: 2 without gold" in done.stderr
    assert "2 without gold" in shell.refusal("evaluate", "bare", "--as", "llmbar")
