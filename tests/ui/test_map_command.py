"""`tare map` in a terminal: the stored map as tables and as JSON, the page, and bad words told in a line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from map_builders import graded, write_map

import cli
from services.errors import Refused
from ui.commands.map import numbers_by_name

if TYPE_CHECKING:
    from db.session import Sessions

SKILLS = {"m/a": 0.0, "m/b": 0.8, "m/c": 1.6, "m/d": 2.4}
MODELS = [word for name in SKILLS for word in ("--models", name)]


@pytest.fixture
def mapped(fresh_db: Sessions, fresh_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A dataset of 30 items that four models were mapped on; its name."""
    monkeypatch.setenv("TARE_DATABASE_URL", fresh_url)
    monkeypatch.setenv("COLUMNS", "160")
    logprobs, gold = graded(30, SKILLS)
    write_map(fresh_db, logprobs, gold=gold, left_out=[("m/a", "m/d")])
    return "mapped"


def tare(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    """Run the command in this process; its exit code."""
    monkeypatch.setattr("sys.argv", ["tare", *words])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return int(ended.value.code or 0)


def test_a_stored_map_is_printed_with_intervals_baselines_and_its_correlation(
    mapped: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tare(monkeypatch, "map", mapped, *MODELS, "--stored") == 0
    told = capsys.readouterr().out
    for words in (
        "mapped, criteria none: each model alone, n = 30", "Pairs by sum, n = 30", "m/d over m/a", "the best",
        "picking at random: 50.0% (33.2% to 66.8%, n=30)", "30 of 30 items count",
        "Gap against accuracy: Pearson +", "11 pairs of 4 models", "Not on the map: m/a over m/d",
    ):  # fmt: skip
        assert words in told, words


def test_as_json_the_map_is_one_object(
    mapped: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tare(monkeypatch, "map", mapped, *MODELS, "--stored", "--json", "--performance", "m/a=1") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["weighed"] is None
    assert found["map"]["n_given"] == 1
    assert len(found["map"]["pairs"]) == 11
    assert found["map"]["pairs"][0]["accuracy"].keys() == {"n", "value", "low", "high"}
    assert found["map"]["pearson"]["low"] <= found["map"]["pearson"]["value"] <= found["map"]["pearson"]["high"]
    assert len(found["pick"]["ranked"]) == 11
    assert found["pick"]["ranked"][0]["behind"] is None


def test_the_map_is_written_as_a_page(
    mapped: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    page = tmp_path / "map.html"
    assert tare(monkeypatch, "map", mapped, *MODELS, "--stored", "--out", str(page)) == 0
    assert f"The map is in {page}." in capsys.readouterr().out
    written = page.read_text(encoding="utf-8")
    assert "m/d over m/a" in written
    assert "plotly" in written


def test_bad_words_are_told_in_a_line_before_anything_is_weighed(
    mapped: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for words, expected in (
        (["map", mapped, "--models", "m/a"], "it takes two or more"),
        (["map", "nowhere", *MODELS], "nowhere"),
        (["map", mapped, *MODELS, "--performance", "m/a"], "write it as NAME=NUMBER"),
        (["map", mapped, *MODELS, "--stored", "--performance", "m/z=1"], "none of the models"),
        (["map", mapped, *MODELS, "--out", str(tmp_path / "no" / "map.html")], "no folder"),
        (["map", mapped, *MODELS, "--criteria", "nothing"], "nothing"),
    ):
        assert tare(monkeypatch, *words) == 2
        told = capsys.readouterr()
        assert told.out == ""
        assert expected in told.err
        assert "Traceback" not in told.err


def test_numbers_of_models_may_have_names_with_signs_of_equality() -> None:
    assert numbers_by_name(["a=1", "b=c=2.5", "d=-3e2"]) == {"a": 1.0, "b=c": 2.5, "d": -300.0}
    for bad in ("a", "=1", "a=x", "a=nan"):
        with pytest.raises(Refused, match="NAME=NUMBER"):
            numbers_by_name([bad])
