"""`tare report` and `tare verify`, from words typed to exit code: a report is believed only as long as it is true."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from audit_builders import Audited
from sqlalchemy import text

import cli

Command = Callable[..., "Told"]


@dataclass(frozen=True)
class Told:
    """What a command said, and how it ended."""

    code: int
    stdout: str
    stderr: str


@pytest.fixture
def tare(
    audited: Audited, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """The command line in a folder of its own, on the audited database; in this process: starting one takes seconds."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TARE_DATABASE_URL", f"sqlite:///{tmp_path / 'audited.db'}")

    def run(*words: str) -> Told:
        monkeypatch.setattr(sys, "argv", ["tare", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        return Told(int(ended.value.code or 0), said.out, said.err)

    return run


def test_a_report_is_written_and_verified(tare: Command, tmp_path: Path) -> None:
    told = tare("report", "set", "--out", "report.html", "--json", "report.json")
    assert (told.code, "The report is in report.html." in told.stdout) == (0, True)
    for file in ("report.json", "report.html"):
        told = tare("verify", file)
        assert told.code == 0
        assert "unchanged since it was given out: yes" in told.stdout
        assert told.stdout.rstrip().endswith("Verified.")
    found = json.loads(tare("verify", "report.html", "--json").stdout)
    assert (found["is_sound"], found["trouble"], found["differences"]) == (True, [], [])


def test_a_page_with_hostile_names_is_verified_too(tare: Command, audited: Audited) -> None:
    hostile = 'a\r\nb\x0bc</pre><script>alert(1)</script>\u202e<pre id="certificate">'
    with audited.sessions.begin() as session:
        session.execute(text("UPDATE criteria SET name = :name"), {"name": hostile})
        session.execute(text("UPDATE item SET domain = :name WHERE domain = 'chat'"), {"name": hostile})
    assert tare("report", "set", "--out", "report.html").code == 0
    assert tare("verify", "report.html").stdout.rstrip().endswith("Verified.")


def test_a_changed_report_is_not_believed(tare: Command, tmp_path: Path) -> None:
    tare("report", "set", "--out", "report.html", "--json", "report.json", "--names")
    page = tmp_path / "report.html"
    shown = page.read_text(encoding="utf-8")
    page.write_text(shown.replace("(95 % confidence)", "(99 % confidence)", 1), encoding="utf-8")
    told = tare("verify", "report.html")
    assert told.code == 2
    assert "the page is not the one that its certificate gives" in told.stderr
    whole = json.loads((tmp_path / "report.json").read_text())
    whole["certificate"]["counts"]["items"] = 1_000_000
    (tmp_path / "changed.json").write_text(json.dumps(whole))
    told = tare("verify", "changed.json")
    assert told.code == 2
    assert "the certificate was changed after it was given out" in told.stderr
    assert "figures that differ from the database: 1" in told.stderr
    assert "counts.items: the certificate says 1000000, the database 240" in told.stdout


def test_an_export_is_verified_by_its_first_row(tare: Command) -> None:
    tare("export", "set", "--out", "train.jsonl")
    assert tare("verify", "train.jsonl").stdout.rstrip().endswith("Verified.")
    tare("export", "set", "--out", "plain.jsonl", "--no-certificate")
    told = tare("verify", "plain.jsonl")
    assert told.code == 2
    assert "holds no certificate" in told.stderr
    assert tare("verify", "nowhere.json").code == 2
    assert "nothing to write" in tare("report", "set").stderr
