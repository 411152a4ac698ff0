"""Numbers no database holds, metadata that is text inside text, quotes left open, pipes: told, never fatal."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from services.formats.problems import UnreadableFile
from services.imports.files import preview

TARE_ROW: dict[str, Any] = {"tare": 1, "messages": "p", "candidates": [{"text": "a"}, {"text": "b"}]}
BEST_OF_N: dict[str, Any] = {"prompt": "p", "responses": [{"text": "a", "score": 1}, {"text": "b", "score": 2}]}
TRL: dict[str, Any] = {"prompt": "p", "chosen": "a", "rejected": "b"}


def read(tmp_path: Path, *rows: Any) -> Any:
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return preview(path)


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        (BEST_OF_N, {**BEST_OF_N, "responses": [{"text": "a", "score": 10**400}, {"text": "b", "score": 1}]}),
        (TRL, {**TRL, "score_chosen": 10**400}),
        (TARE_ROW, {**TARE_ROW, "candidates": [{"text": "a", "gold_score": 10**400}, {"text": "b"}]}),
    ],
)
def test_a_number_beyond_every_float_is_a_bad_row(tmp_path: Path, good: dict[str, Any], bad: dict[str, Any]) -> None:
    counts = read(tmp_path, good, bad).counts
    assert [(row.line, "is a number of 1329 bits" in row.reason) for row in counts.bad_rows] == [(2, True)]
    assert counts.n_items == 1


@pytest.mark.parametrize("cell", ["", "nan", "1e999"])
def test_a_score_that_says_nothing_is_missing(tmp_path: Path, cell: str) -> None:
    """Tables write missing numbers as empty cells or "nan"; the pair itself is as good as ever."""
    path = tmp_path / "a.csv"
    path.write_text(f"prompt,chosen,rejected,score_chosen\np,a,b,{cell}\np,c,d,0.5\n", encoding="utf-8")
    items = preview(path).sample_items
    assert [[c.gold_score for c in item.candidates if c.gold_rank == 1] for item in items] == [[None], [0.5]]


def test_metadata_of_an_own_export_is_cleaned_like_any_other(tmp_path: Path) -> None:
    meta = json.dumps({"category": "x\ud800", "n": float("nan")})
    deep = {**TARE_ROW, "item": {"meta_json": "[" * 100_000}}
    found = read(tmp_path, {**TARE_ROW, "item": {"meta_json": meta}}, deep)
    (item,) = found.sample_items
    assert (item.domain, "n" in item.meta) == ("x\N{REPLACEMENT CHARACTER}", False)
    assert [(bad.line, bad.reason) for bad in found.counts.bad_rows] == [(2, "meta_json is nested too deeply")]


def test_a_quote_left_open_never_swallows_the_rows_after_it(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('prompt,chosen,rejected\np1,c1,r1\np2,c2,"r2\np3,c3,r3\np4,c4,r4\n', encoding="utf-8")
    with pytest.raises(UnreadableFile, match="line 3: unexpected end of data; is a quote opened and never closed"):
        preview(path)


def test_text_after_a_closing_quote_is_a_bad_row_and_the_rest_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('prompt,chosen,rejected\np1,"a "b" c",r1\np2,"say ""hi""",r2\n', encoding="utf-8")
    found = preview(path)
    assert [(bad.line, bad.reason[:28]) for bad in found.counts.bad_rows] == [(2, "text follows a closing quote")]
    assert [c.text for c in found.sample_items[0].candidates if c.gold_rank == 1] == ['say "hi"']


def test_a_parquet_file_with_text_that_is_not_utf_8_is_refused_with_one_line(tmp_path: Path) -> None:
    broken = pa.array([b"ok", b"\xff\xfe"], pa.binary()).cast(pa.string(), safe=False)
    table = pa.table({"prompt": broken, "chosen": ["a", "b"], "rejected": ["c", "d"]})
    parquet.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(UnreadableFile, match="the Parquet file cannot be read after row 0: 'utf-8' codec"):
        preview(tmp_path / "a.parquet")


def test_rows_of_another_shape_are_bad_rows_when_the_format_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps(BEST_OF_N), encoding="utf-8")
    (bad,) = preview(path, format="tare").counts.bad_rows
    assert (bad.line, bad.reason) == (1, "the prompt is missing")


def test_a_pipe_is_refused_because_it_cannot_be_read_twice(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.jsonl")
    with pytest.raises(UnreadableFile, match=r"'a\.jsonl' is a pipe or a device"):
        preview(tmp_path / "a.jsonl")
