"""What real files have wrong with them: rows are listed with line and reason, files refused with one clear line."""

from __future__ import annotations

import gzip
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from services.formats.problems import UnreadableFile
from services.imports.files import preview

GOOD: dict[str, Any] = {"prompt": "p", "responses": ["a", "b"]}
REPLACED = "\N{REPLACEMENT CHARACTER}"


def read(tmp_path: Path, content: bytes, name: str = "a.jsonl") -> Any:
    (tmp_path / name).write_bytes(content)
    return preview(tmp_path / name)


def lines(*rows: Any) -> bytes:
    return b"".join(row + b"\n" if isinstance(row, bytes) else json.dumps(row).encode() + b"\n" for row in rows)


BAD_ROWS = {
    "not JSON": (b"{oops", "not JSON: Expecting property name enclosed in double quotes at character 2"),
    "not an object": (b"[1, 2]", "the row is a list; it must be an object with named fields"),
    "bad UTF-8": (b'{"prompt": "\xff"}', "not valid UTF-8: byte 0xff at 13; save the file as UTF-8"),
    "no prompt": ({"responses": ["a", "b"]}, "the prompt is missing"),
    "null prompt": ({**GOOD, "prompt": None}, "the prompt is missing"),
    "empty prompt": ({**GOOD, "prompt": " \n"}, "the prompt is empty"),
    "prompt of another kind": ({**GOOD, "prompt": 7}, "the prompt is a number; it must be text or a list of messages"),
    "one response": ({**GOOD, "responses": ["a"]}, "needs at least two candidates, has 1"),
    "nulls leave one": ({**GOOD, "responses": ["a", None]}, "needs at least two candidates, has 1"),
    "no list": ({**GOOD, "responses": "a"}, "responses is text; it must be a list"),
    "a number as response": ({**GOOD, "responses": ["a", 5]}, "response 2 is a number; it must be text"),
    "a bad rank": (
        {**GOOD, "responses": [{"text": "a", "rank": "best"}, "b"]},
        "rank of response 1 is text; it must be a number",
    ),
    "assistant speaks last": (
        {**GOOD, "prompt": [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}]},
        "the prompt ends in an assistant turn; it must end in a user turn",
    ),
    "unknown role": (
        {**GOOD, "prompt": [{"role": "tool", "content": "x"}]},
        "message 1 of the prompt has the role 'tool'; allowed are system, user and assistant",
    ),
    "late system message": (
        {**GOOD, "prompt": [{"role": "user", "content": "x"}, {"role": "system", "content": "y"}]},
        "message 2 of the prompt is a system message; only the first may be one",
    ),
    "system message alone": ({**GOOD, "prompt": [{"role": "system", "content": "x"}]}, "the prompt is empty"),
    "picture": (
        {**GOOD, "prompt": [{"role": "user", "content": [{"type": "image_url", "image_url": "x"}]}]},
        "message 1 of the prompt has a part that is not text; only text can be weighed",
    ),
    "long domain": ({**GOOD, "domain": "d" * 101}, "the domain has 101 characters; at most 100"),
    "nested too deeply": (b'{"prompt": ' + b"[" * 90_000 + b"]" * 90_000 + b"}", "the row is nested too deeply"),
    "nested rather deeply": (b'{"prompt": ' + b"[" * 80 + b"]" * 80 + b"}", "the row is nested too deeply"),
}


@pytest.mark.parametrize(("row", "reason"), BAD_ROWS.values(), ids=BAD_ROWS.keys())
def test_a_bad_row_is_listed_with_its_line_and_the_good_ones_are_kept(tmp_path: Path, row: Any, reason: str) -> None:
    counts = read(tmp_path, lines(GOOD, b"", row, GOOD)).counts
    assert [(bad.line, bad.reason) for bad in counts.bad_rows] == [(3, reason)]
    assert (counts.n_rows, counts.n_items, counts.n_bad) == (3, 2, 1)


@pytest.mark.parametrize("label", [0, 3, "A", 1.5, True])
def test_a_label_that_is_neither_1_nor_2_is_a_bad_row(tmp_path: Path, label: Any) -> None:
    row = {"input": "p", "output_1": "a", "output_2": "b", "label": 1}
    counts = read(tmp_path, lines(row, {**row, "label": label})).counts
    assert [(bad.line, bad.reason) for bad in counts.bad_rows] == [(2, f"label is {str(label)!r}; it must be 1 or 2")]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"prompt": "p", "chosen": "a", "rejected": None}, "rejected is missing"),
        ({"prompt": "p", "chosen": "a", "rejected": ["b"]}, "rejected is a list; it must be text"),
        ({"chosen": "a", "rejected": "b"}, "there is no prompt column, and chosen and rejected share no beginning"),
        ({"chosen": "a b", "rejected": "a b"}, "there is no prompt column, and chosen and rejected are the same text"),
        (
            {"chosen": [{"role": "assistant", "content": "a"}], "rejected": [{"role": "assistant", "content": "b"}]},
            "chosen and rejected begin with an assistant turn and there is no prompt",
        ),
        (
            {"prompt": "p", "chosen": "a", "rejected": "b", "score_chosen": "high"},
            "score_chosen is 'high'; it must be a number",
        ),
    ],
)
def test_a_bad_preference_row_says_what_is_wrong(tmp_path: Path, row: dict[str, Any], reason: str) -> None:
    good = {"prompt": "p", "chosen": "a", "rejected": "b"}
    (bad,) = read(tmp_path, lines(good, row)).counts.bad_rows
    assert bad.line == 2
    assert bad.reason.startswith(reason)


def test_only_the_first_200_bad_rows_are_listed_and_all_are_counted(tmp_path: Path) -> None:
    counts = read(tmp_path, lines(GOOD, *[b"{"] * 250)).counts
    assert (len(counts.bad_rows), counts.n_bad) == (200, 250)


def test_what_databases_refuse_is_replaced_and_counted(tmp_path: Path) -> None:
    row = b'{"prompt": "a\\u0000b", "responses": ["\\ud83d x", "y\\u0000"], "note": ["\\udc00"]}'
    found = read(tmp_path, lines(row, GOOD))
    item = found.sample_items[0]
    assert item.messages[0]["content"] == f"a{REPLACED}b"
    assert [c.text for c in item.candidates] == [f"{REPLACED} x", f"y{REPLACED}"]
    assert item.meta == {"note": [REPLACED]}
    assert found.counts.warnings == {
        "items with NUL characters (replaced by \ufffd)": 1,
        "items with broken surrogates (replaced by \ufffd)": 1,
        "items without a gold label": 2,
    }


def test_nan_and_infinity_are_read_as_missing(tmp_path: Path) -> None:
    row = b'{"prompt": "p", "responses": ["a", NaN, "b"], "temperature": Infinity}'
    found = read(tmp_path, lines(row))
    assert [c.text for c in found.sample_items[0].candidates] == ["a", "b"]
    assert found.sample_items[0].meta == {"temperature": None}
    assert found.counts.warnings["items with missing responses (left out)"] == 1
    assert found.counts.warnings["items with NaN or infinite numbers (read as missing)"] == 1


def test_empty_and_identical_responses_are_kept_and_counted(tmp_path: Path) -> None:
    found = read(tmp_path, lines({**GOOD, "responses": ["", "a", "a"]}))
    assert [c.text for c in found.sample_items[0].candidates] == ["", "a", "a"]
    assert found.counts.warnings["items with an empty response (kept)"] == 1
    assert found.counts.warnings["items with identical responses (kept)"] == 1


def test_texts_of_every_script_and_length_come_through_unchanged(tmp_path: Path) -> None:
    texts = [
        "\N{FAMILY} \U0001f468\u200d\U0001f469\u200d\U0001f467 e\u0301",
        "\u202bשלום عليكم\u202c",
        "x\u2028y",
        "é" * 50_000,
    ]
    found = read(tmp_path, json.dumps({**GOOD, "responses": texts}, ensure_ascii=False).encode())
    assert [c.text for c in found.sample_items[0].candidates] == texts
    assert len(texts[3].encode()) == 100_000


@pytest.mark.parametrize("name", ["a.jsonl", "a.json", "a.csv"])
def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(tmp_path: Path, name: str) -> None:
    p, q = b'{"prompt": "p", "responses": ["a", "b"]}', b'{"prompt": "q", "responses": ["a", "b"]}'
    contents = {
        "a.jsonl": p + b"\r\n\r\n" + q + b"\r\n",
        "a.json": b"[\r\n" + p + b",\r\n" + q + b"\r\n]\r\n",
        "a.csv": b"prompt,response_1,response_2\r\np,a,b\r\nq,a,b\r\n",
    }
    found = read(tmp_path, b"\xef\xbb\xbf" + contents[name], name)
    assert [item.messages[0]["content"] for item in found.sample_items] == ["p", "q"]
    assert [c.text for c in found.sample_items[0].candidates] == ["a", "b"]


def test_a_bad_byte_spoils_one_row_of_an_array_or_a_table(tmp_path: Path) -> None:
    array = b'[{"prompt": "p", "responses": ["a", "b"]}, {"prompt": "\xe9", "responses": ["a", "b"]}]'
    (bad,) = read(tmp_path, array, "a.json").counts.bad_rows
    assert (bad.line, bad.reason) == (2, "not valid UTF-8: byte 0xe9; save the file as UTF-8")
    csv_text = b"prompt,response_1,response_2\nx,a,b\n\xe9,a,b\n"
    (bad,) = read(tmp_path, csv_text, "a.csv").counts.bad_rows
    assert (bad.line, bad.reason) == (3, "not valid UTF-8: byte 0xe9; save the file as UTF-8")


def test_a_record_with_other_cells_than_the_header_is_a_bad_row_at_its_first_line(tmp_path: Path) -> None:
    text = b'prompt,response_1,response_2\n"two\nlines",a,b\nx,a\ny,a,b,c\n'
    counts = read(tmp_path, text, "a.csv").counts
    assert [(bad.line, bad.reason) for bad in counts.bad_rows] == [
        (4, "the record has 2 cells, the header 3"),
        (5, "the record has 4 cells, the header 3"),
    ]
    assert counts.n_items == 1


def test_an_array_survives_nan_huge_integers_and_elements_longer_than_a_chunk(tmp_path: Path) -> None:
    row = {"prompt": "p", "responses": ["a", "b" * 600_000], "n": 10**40}
    content = f"[{json.dumps(row)}, {json.dumps({**row, 'x': float('nan')})}, 12]".encode()
    counts = read(tmp_path, content, "a.json").counts
    assert counts.n_items == 2
    assert [(bad.line, bad.reason[:20]) for bad in counts.bad_rows] == [(3, "the row is a number;")]


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (b"", "a.json", "'a.json' is empty"),
        (b"\xef\xbb\xbf \n", "a.json", "'a.json' is empty"),
        (b"[]", "a.json", "'a.json' has no row that can be read"),
        (b'[{"prompt": "p", "responses": ["a", "b"]}, {"pro', "a.json", "the file breaks off in row 2"),
        (b'[{"prompt": "p", "responses": ["a", "b"]}', "a.json", "the file breaks off after row 1"),
        (b'[{"prompt": "p"} {"prompt": "p"}]', "a.json", "',' is missing before '{' after row 1"),
        (b'[{"prompt": oops, "responses": []}]', "a.json", "Expecting value in row 1"),
        (b'[{"prompt": "p"}] and more', "a.json", "more text follows"),
        (b'{\n "data": [\n {"prompt": "p"}\n ]\n}\n', "a.json", "one JSON object over several lines"),
        (b'{"a": 1}\n', "a.jsonl", "the rows have the columns 'a'; needed are prompt and responses"),
        (b"{broken\n", "a.jsonl", "has no row that can be read; line 1: not JSON"),
        (b"Dear diary, today\nnothing happened\n", "a.txt", "is neither JSON, JSONL, Parquet nor a table"),
        (b"prompt,prompt,responses\n1,2,3\n", "a.csv", "the header names 'prompt' more than once"),
        (b"a,b\n1,2\n", "a.csv", "is neither JSON, JSONL, Parquet nor a table"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "a.jsonl", "is neither JSON, JSONL, Parquet nor a table"),
        ("prompt".encode("utf-16"), "a.csv", "UTF-16 text; save it as UTF-8"),
        (gzip.compress(b"{}", mtime=0), "a.jsonl.gz", "gzip-compressed; unpack it first"),
        (b"PAR1 not really", "a.parquet", "the Parquet file cannot be read"),
    ],
)
def test_a_file_of_no_use_is_refused_with_one_clear_line(tmp_path: Path, content: bytes, name: str, said: str) -> None:
    with pytest.raises(UnreadableFile) as refusal:
        read(tmp_path, content, name)
    assert said in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_zip_a_folder_and_a_missing_file_are_refused_by_name(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.jsonl", "{}")
    with pytest.raises(UnreadableFile, match=r"'a\.zip' is a zip archive or an Excel workbook; unpack it"):
        preview(tmp_path / "a.zip")
    with pytest.raises(UnreadableFile, match="is a folder; name the file in it"):
        preview(tmp_path)
    with pytest.raises(UnreadableFile, match=r"there is no file 'b\.json'"):
        preview(tmp_path / "b.json")


def test_a_file_that_cannot_be_opened_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.json").symlink_to(tmp_path / "b.json")
    (tmp_path / "b.json").symlink_to(tmp_path / "a.json")
    with pytest.raises(UnreadableFile, match=r"'a\.json' cannot be read: Too many levels of symbolic links"):
        preview(tmp_path / "a.json")


def test_a_quote_that_is_never_closed_does_not_eat_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import csv

    monkeypatch.setattr("services.formats.csv_table.ROW_LIMIT", 200_000)
    before = csv.field_size_limit(200_000)
    try:
        with pytest.raises(UnreadableFile, match="is a quote opened and never closed"):
            read(tmp_path, b'prompt,response_1,response_2\nx,a,"b\n' + b"y,a,b\n" * 50_000, "a.csv")
    finally:
        csv.field_size_limit(before)


def test_a_line_without_end_is_a_bad_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.formats.json_lines.ROW_LIMIT", 1_000)
    counts = read(tmp_path, lines(GOOD, {**GOOD, "prompt": "x" * 5_000}, GOOD)).counts
    assert [(bad.line, bad.reason[:26]) for bad in counts.bad_rows] == [(2, "the row is longer than 64 ")]
    assert counts.n_items == 2
