"""`tare check` as a person or a script uses it: the facts on stdout, one line and exit code 2 when something stops."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def tare(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    alone = {"COLUMNS": "200", "HF_HUB_OFFLINE": "1", "HF_HOME": str(folder), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(ROOT / "cli.py"), "check", *words]
    return subprocess.run(command, cwd=folder, env=os.environ | alone, capture_output=True, text=True, check=False)


def test_the_demo_pair_passes_with_its_facts_side_by_side(tmp_path: Path) -> None:
    done = tare(tmp_path, "demo")
    assert (done.returncode, done.stderr.strip()) == (0, "Nothing stands in the way.")
    assert "Pair demo" in done.stdout
    assert ["Context", "4,096", "tokens", "4,096", "tokens"] in [line.split() for line in done.stdout.splitlines()]
    assert "Both split text the same way." in done.stdout
    assert not list(tmp_path.iterdir()), "a check leaves nothing behind, no database either"


def test_a_pair_that_cannot_be_had_ends_with_code_2_and_says_what_to_do(tmp_path: Path) -> None:
    done = tare(tmp_path, "smollm2-135m")
    assert done.returncode == 2
    assert done.stderr.strip() == "tare: 2 things to mend before this pair can weigh."
    said = [line for line in done.stdout.splitlines() if "stops it" in line]
    assert len(said) == 2
    assert all("not downloaded yet and the hub cannot be reached; go online once" in line for line in said)


def test_two_models_are_checked_without_a_pair_and_as_json(tmp_path: Path) -> None:
    done = tare(tmp_path, "--strong", "demo:strong", "--weak", "demo/nowhere", "--json")
    assert done.returncode == 2
    found = json.loads(done.stdout)
    assert found["strong"]["context"] == 4096
    assert [one["side"] for one in found["problems"] if one["severity"] == "stops"] == ["weak"]


@pytest.mark.parametrize("words", [(), ("demo", "--strong", "demo/strong"), ("--weak", "demo/weak")])
def test_half_a_question_is_refused(words: tuple[str, ...], tmp_path: Path) -> None:
    done = tare(tmp_path, *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert "name one pair of the catalogue, or give both --strong and --weak" in done.stderr
