"""`tare report` and `tare verify` in real processes: a report is believed only as long as it is true."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from certified_audit import write_audited
from test_cli import Shell

from db.session import make_sessionmaker

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


@pytest.fixture
def shell(fresh_url: str, tmp_path: Path) -> Shell:
    """A terminal at an audited dataset named `set`."""
    sessions = make_sessionmaker(fresh_url)
    write_audited(sessions)
    sessions.engine.dispose()
    return Shell(tmp_path, fresh_url)


def test_a_report_is_written_and_verified_and_a_changed_one_is_not_believed(shell: Shell) -> None:
    told = shell.tare("report", "set", "--out", "report.html", "--json", "report.json").stdout
    assert "The report is in report.html." in told
    told = shell.tare("verify", "report.json").stdout
    assert "unchanged since it was given out: yes" in told
    assert told.rstrip().endswith("Verified.")
    found = shell.json("verify", "report.html")
    assert (found["is_sound"], found["trouble"], found["differences"]) == (True, [], [])
    page = shell.folder / "report.html"
    shown = page.read_text(encoding="utf-8")
    page.write_text(shown.replace("(95 % confidence)", "(99 % confidence)", 1), encoding="utf-8")
    line = shell.tare("verify", "report.html", code=2).stderr
    assert "the page is not the one that its certificate gives" in line
    whole = json.loads((shell.folder / "report.json").read_text())
    whole["certificate"]["counts"]["items"] = 1_000_000
    (shell.folder / "changed.json").write_text(json.dumps(whole))
    told = shell.tare("verify", "changed.json", code=2)
    assert "the certificate was changed after it was given out" in told.stderr
    assert "figures that differ from the database: 1" in told.stderr
    assert "counts.items: the certificate says 1000000, the database 240" in told.stdout


def test_an_export_is_verified_by_its_first_row(shell: Shell) -> None:
    shell.tare("export", "set", "--out", "train.jsonl")
    assert shell.tare("verify", "train.jsonl").stdout.rstrip().endswith("Verified.")
    shell.tare("export", "set", "--out", "plain.jsonl", "--no-certificate")
    assert "holds no certificate" in shell.tare("verify", "plain.jsonl", code=2).stderr
