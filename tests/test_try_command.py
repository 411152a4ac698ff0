"""`tare try` as a person uses it: real processes, the real demo pair, a draft in a file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from test_cli import ROOT, Shell

HEAD = 8  # items of the demo dataset that these tests weigh
on_sqlite_only = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


@pytest.fixture
def shell(fresh_url: str, tmp_path: Path) -> Shell:
    """A terminal in which the first items of the demo are weighed under the demo's own criteria."""
    lines = (ROOT / "demo" / "dataset.jsonl").read_text(encoding="utf-8").splitlines()[:HEAD]
    (tmp_path / "few.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    shell = Shell(tmp_path, fresh_url)
    shell.tare("import", "few.jsonl", "--name", "few")
    shell.tare("weigh", "few", "--pair", "demo")
    return shell


def test_a_draft_in_a_file_is_tried_and_its_ledger_told(shell: Shell) -> None:
    draft = {"default": {"instruction": "Be thorough."}, "domains": {"reasoning": {"instruction": "Show the working."}}}
    (shell.folder / "draft.json").write_text(json.dumps(draft), encoding="utf-8")
    report = shell.json("try", "few", "--run", "1", "--criteria", "draft.json", "--only", "gold")
    assert (report["n_items"], report["n_weighed"], report["is_finished"]) == (HEAD, HEAD, True)
    assert report["before"]["n"] == report["after"]["n"] == report["change"]["n"] == HEAD
    assert report["n_computed_strong"] > 0 < report["n_computed_weak"]
    assert report["n_fixes"] == sum(flip["kind"] == "fix" for flip in report["flips"])
    moved = report["after"]["value"] - report["before"]["value"]
    assert report["change"]["value"] == pytest.approx(moved)
    told = shell.tare("try", "few", "--criteria", "draft.json", "--only", "gold").stdout
    assert "Right before: " in told
    assert f"n={HEAD})" in told
    assert f"{report['n_fixes']} fixes, {report['n_regressions']} regressions" in told


@on_sqlite_only
def test_the_run_s_own_criteria_change_nothing_and_compute_nothing(shell: Shell) -> None:
    told = shell.tare("try", "few", "--criteria", "demo", "-n", "5").stdout
    assert "0 of 5 items change their best" in told
    assert "Computed 0 texts under the strong and 0 under the weak model." in told


@on_sqlite_only
def test_what_cannot_be_tried_is_told_in_one_line(shell: Shell) -> None:
    def refusal(criteria: str, *more: str) -> str:
        return shell.refusal("try", "few", "--criteria", criteria, *more)

    (shell.folder / "bad.json").write_text(
        '{"default": {"instruction": "x", "exemplars": [{"prompt": "p", "good": "g"}]}}', encoding="utf-8"
    )
    (shell.folder / "latin.json").write_bytes('{"default": {"instruction": "é"}}'.encode("latin-1"))
    assert "default, exemplar 1 has no bad text" in refusal("bad.json")
    assert "is not UTF-8 text" in refusal("latin.json")
    assert "there is no file 'nowhere.json'" in refusal("nowhere.json")
    assert "no criteria 'nobody'" in refusal("nobody")
    assert "nobody has chosen a best candidate" in refusal("demo", "--only", "decided")
    assert "no run 99" in refusal("demo", "--run", "99")
