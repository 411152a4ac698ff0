"""The `tare` command as a person or a script uses it: real processes, real files, the real demo pair."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

ROOT = Path(__file__).resolve().parents[1]
HEAD = 8  # items of the demo dataset that these tests weigh


class Shell:
    """Runs `tare` in a folder of its own, on one database."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.folder = folder
        self.environment = os.environ | {"TARE_DATABASE_URL": database_url, "COLUMNS": "200"}
        self.database_url = database_url

    def tare(self, *words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, str(ROOT / "cli.py"), *words],
            cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        assert done.returncode == code, done.stdout + done.stderr
        return done

    def json(self, *words: str) -> Any:
        return json.loads(self.tare(*words, "--json").stdout)

    def refusal(self, *words: str) -> str:
        """The one line of a command that cannot be done."""
        done = self.tare(*words, code=2)
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        assert "Traceback" not in done.stderr
        assert done.stdout == ""
        assert lines[-1].startswith("tare: ")
        return lines[-1]

    def change(self, statement: str) -> None:
        engine = create_engine(self.database_url)
        with engine.begin() as connection:
            connection.execute(text(statement))
        engine.dispose()

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        engine = create_engine(self.database_url)
        with engine.connect() as connection:
            found = [tuple(row) for row in connection.execute(text(query))]
        engine.dispose()
        return found


@pytest.fixture
def shell(fresh_url: str, tmp_path: Path) -> Shell:
    return Shell(tmp_path, fresh_url)


@pytest.fixture
def few_items(tmp_path: Path) -> Path:
    """The first items of the demo dataset as a file of its own."""
    lines = (ROOT / "demo" / "dataset.jsonl").read_text(encoding="utf-8").splitlines()[:HEAD]
    path = tmp_path / "few.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_import_weigh_evaluate_and_export_from_a_terminal(shell: Shell, few_items: Path) -> None:
    imported = shell.json("import", str(few_items), "--name", "few")
    assert (imported["n_items"], imported["n_bad"]) == (HEAD, 0)
    run = shell.json("weigh", "few", "--pair", "demo")
    assert (run["status"], run["n_done"], run["n_cached"]) == ("done", HEAD, 0)
    found = shell.json("evaluate", "few")
    keys = {"dataset", "run", "n", "accuracy", "interval", "by_domain", "by_subset", "baselines"}
    assert keys <= set(found)
    assert (found["dataset"], found["run"], found["n"]) == ("few", run["run_id"], HEAD)
    assert found["interval"][0] <= found["accuracy"] <= found["interval"][1]
    assert set(found["baselines"]) == {"weak", "strong", "longest", "shortest", "chance"}
    out = few_items.parent / "out.jsonl"
    assert shell.json("export", "few", "--format", "trl-standard", "--out", str(out))["n_rows"] == 0
    report = shell.json("export", "few", "--format", "trl-standard", "--only", "all", "--out", str(out))
    rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert report["n_rows"] == len(rows) == HEAD
    assert all(row["margin"] >= 0 and row["label_source"] == "suggestion" for row in rows)
    assert [row["status"] for row in shell.json("runs", "few")["runs"]] == ["done"]
    assert [row["name"] for row in shell.json("datasets")["datasets"]] == ["few"]


def test_several_models_weigh_in_one_pass_each_and_every_pair_is_a_run(shell: Shell, few_items: Path) -> None:
    shell.tare("import", str(few_items), "--name", "few")
    models = ["--models", "demo:strong", "--models", "demo:weak"]
    found = shell.json("weigh", "few", *models)
    assert [(run["strong"], run["weak"], run["status"]) for run in found["runs"]] == [
        ("demo:strong", "demo:weak", "done"),
        ("demo:weak", "demo:strong", "done"),
    ]
    assert all(model["n_computed"] == model["n_needed"] > 0 for model in found["models"].values())
    said = shell.tare("weigh", "few", *models).stdout
    assert "demo:strong: every pair of it was weighed before" in said
    assert "demo:weak over demo:strong" in said
    for wrong in ([], ["--pair", "demo", "--models", "demo:weak"]):
        assert "either --pair once or --models at least twice" in shell.refusal("weigh", "few", *wrong)
    assert "it takes two or more" in shell.refusal("weigh", "few", "--models", "demo:weak")


def test_who_reads_the_criteria_is_said_kept_and_shown_and_foreign_lines_are_told(
    shell: Shell, few_items: Path
) -> None:
    shell.tare("import", str(few_items), "--name", "few")
    bare = shell.json("weigh", "few", "--pair", "demo", "--criteria", "none")
    words = ["weigh", "few", "--pair", "demo", "--criteria", "helpful", "--read-by", "strong", "--exemplars", "turns"]
    done = shell.tare(*words, "--json")
    assert "The demo pair was trained on its own lines only" in " ".join(done.stderr.split())
    run = json.loads(done.stdout)
    assert run["configuration"]["conditioning"] == {"read_by": "strong", "exemplars": "turns"}
    n_responses = (bare["n_computed"] - HEAD) // 2  # beside each prompt, which the weak model is asked about too
    assert (run["n_computed"], run["n_cached"]) == (n_responses, n_responses + HEAD), "only the strong model works"
    said = " ".join(shell.tare("runs", "few").stdout.split())
    assert "criteria to the strong model only, exemplars as turns" in said
    assert "trained on its own" not in shell.tare("weigh", "few", "--pair", "demo", "--criteria", "demo").stderr


def test_a_profile_ranks_by_weighted_sets_and_says_what_each_is_worth(shell: Shell, few_items: Path) -> None:
    shell.tare("import", str(few_items), "--name", "few")
    words = ["profile", "few", "--pair", "demo", "--sets", "demo=1", "--sets", "safety:demo-safety=0.5"]
    found = shell.json(*words)
    assert (found["n_items"], found["accuracy"]["n"], len(found["ranked"])) == (HEAD, HEAD, HEAD)
    assert found["weights"] == ["demo=1", "safety:demo-safety=0.5"]
    assert set(found["by_set"]) == {"demo", "demo-safety"}
    said = " ".join(shell.tare(*words).stdout.split())
    assert "strong model alone" in said
    assert f"{HEAD} of {HEAD} items ranked; 0 texts computed" in said
    assert "no run's reward" in said
    assert "must be a number" in shell.refusal("profile", "few", "--pair", "demo", "--sets", "demo=much")
    assert "no criteria 'nobody'" in shell.refusal("profile", "few", "--pair", "demo", "--sets", "nobody")


def test_weighing_again_computes_nothing(shell: Shell, few_items: Path) -> None:
    shell.tare("import", str(few_items), "--name", "few")
    first = shell.json("weigh", "few", "--pair", "demo")
    again = shell.json("weigh", "few", "--pair", "demo")
    assert again["run_id"] != first["run_id"]
    assert (again["n_computed"], again["n_cached"]) == (0, first["n_computed"])


def test_what_bfloat16_cannot_tell_apart_is_weighed_again_in_float32(shell: Shell, few_items: Path) -> None:
    shell.tare("import", str(few_items), "--name", "few")
    first = shell.json("weigh", "few", "--pair", "demo", "--dtype", "bfloat16")
    models = first["configuration"]["models"]
    assert {models[side]["dtype"] for side in ("strong", "weak")} == {"bfloat16"}
    assert models["strong"]["noise"]["n"] == 16
    assert first["noise_margin"] > 0.01
    shell.change(f"UPDATE run SET noise_margin = 1000 WHERE run_id = {first['run_id']}")  # drowns every margin
    assert f"{HEAD} within numeric noise" in shell.tare("runs", "few").stdout
    assert shell.json("evaluate", "few")["n_within_noise"] == HEAD
    again = shell.json("again", str(first["run_id"]))
    assert (again["status"], again["n_done"], again["configuration"]["again_of"]["n_items"]) == ("done", HEAD, HEAD)
    assert again["configuration"]["models"]["weak"]["dtype"] == "float32"
    assert f"run {first['run_id']} again" in " ".join(shell.tare("runs", "few").stdout.split())
    assert "float32 already" in shell.refusal("again", str(again["run_id"]))
    assert "no run 999" in shell.refusal("again", "999")


def test_tables_for_people_say_what_was_found(shell: Shell, few_items: Path) -> None:
    said = shell.tare("import", str(few_items), "--name", "few").stdout
    assert f"{HEAD} items" in said
    shell.tare("weigh", "few", "--pair", "demo")
    assert "chance" in shell.tare("evaluate", "few").stdout
    assert f"{HEAD} of {HEAD} items weighed" in shell.tare("runs", "few").stdout
    assert "zephyr-7b" in shell.tare("pairs").stdout


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_bad_input_ends_with_one_line_and_exit_code_2(shell: Shell, few_items: Path, tmp_path: Path) -> None:
    shell.tare("import", str(few_items), "--name", "few")
    assert "no dataset 'nope'" in shell.refusal("weigh", "nope", "--pair", "demo")
    assert "no model pair 'nope'" in shell.refusal("weigh", "few", "--pair", "nope")
    assert "no criteria 'nope'" in shell.refusal("weigh", "few", "--pair", "demo", "--criteria", "nope")
    assert "--read-by and --exemplars are for one pair" in shell.refusal(
        "weigh", "few", "--models", "demo:strong", "--models", "demo:weak", "--read-by", "strong"
    )
    assert "nope.json" in shell.refusal("import", "nope.json", "--name", "x")
    assert "--again" in shell.refusal("import", str(few_items), "--name", "x")
    assert "no run" in shell.refusal("evaluate", "few").lower() or "weigh" in shell.refusal("evaluate", "few")
    out = tmp_path / "no" / "such" / "folder" / "x.jsonl"
    assert str(out.parent) in shell.refusal("export", "few", "--only", "all", "--out", str(out)).replace("\n", "")
    shell.environment["TARE_DATABASE_URL"] = "mysql://me:secret@host/x"
    assert "secret" not in shell.refusal("datasets")


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("evaluate",), "Missing argument 'dataset'"),
        (("evaluate", "x", "--run", "9" * 20), "'--run'"),
        (("evaluate", "\udcff"), "not valid Unicode"),
        (("export", "x", "--format", "foo", "--out", "y"), "'foo' is not one of"),
        (("nope",), "No such command 'nope'"),
    ],
)
def test_a_mistyped_command_ends_with_one_line(shell: Shell, words: tuple[str, ...], said: str) -> None:
    assert said in shell.refusal(*words)
    assert len(shell.tare(*words, code=2).stderr.splitlines()) == 1


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_ctrl_c_keeps_what_is_done_and_says_so(shell: Shell, tmp_path: Path) -> None:
    shell.tare("import", str(ROOT / "demo" / "dataset.jsonl"), "--name", "all")
    command = [sys.executable, str(ROOT / "cli.py"), "weigh", "all", "--pair", "demo"]
    child = subprocess.Popen(command, cwd=tmp_path, env=shell.environment, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and shell.rows("SELECT count(*) FROM logprob") < [(10,)]:
        time.sleep(0.02)
    child.send_signal(signal.SIGINT)
    said = child.communicate(timeout=120)[1]
    assert "Traceback" not in said
    assert said.splitlines()[-1].startswith("tare: stopped; what was done is kept")
    assert child.returncode == 130
    assert shell.rows("SELECT status FROM run") == [("cancelled",)]


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_a_model_that_cannot_be_had_fails_the_run_with_one_line(shell: Shell, few_items: Path, tmp_path: Path) -> None:
    (tmp_path / "pairs.toml").write_text(
        '[[pairs]]\nname = "gone"\ntitle = "Gone"\nstrong = "gone/strong"\nweak = "gone/weak"\nparameters = "?"\n'
        'context = 512\nlicence = "?"\nmemory_gb = 0.1\n',
        encoding="utf-8",
    )
    shell.environment["HF_HUB_OFFLINE"] = "1"
    shell.tare("import", str(few_items), "--name", "few")
    line = shell.refusal("weigh", "few", "--pair", "gone")
    assert "gone/strong" in line
    assert [row["status"] for row in shell.json("runs", "few")["runs"]] == ["failed"]
    assert shell.json("weigh", "few", "--pair", "demo")["status"] == "done"


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_a_killed_command_goes_on_where_it_stopped(shell: Shell, tmp_path: Path) -> None:
    """kill -9 in mid-run; the same command at once takes up the same run and computes only what is missing."""
    shell.tare("import", str(ROOT / "demo" / "dataset.jsonl"), "--name", "all")
    command = [sys.executable, str(ROOT / "cli.py"), "weigh", "all", "--pair", "demo"]
    child = subprocess.Popen(command, cwd=tmp_path, env=shell.environment, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and shell.rows("SELECT count(*) FROM logprob") < [(40,)]:
        time.sleep(0.02)
    child.send_signal(signal.SIGKILL)
    child.wait()
    cached = shell.rows("SELECT count(*) FROM logprob")[0][0]
    finished = shell.json("weigh", "all", "--pair", "demo")
    assert (finished["run_id"], finished["status"], finished["n_done"]) == (1, "done", 60)
    n_rows = shell.rows("SELECT count(*) FROM logprob")[0][0]
    assert finished["n_computed"] == n_rows, "no finished batch was computed again"
    assert 40 <= cached < n_rows
    assert shell.rows("SELECT count(*) FROM suggestion") == [(60,)]
