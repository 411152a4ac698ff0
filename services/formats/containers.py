"""What kind of file holds the rows: told by its content, not by its name."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from services.formats.csv_table import DELIMITERS, read_csv_table
from services.formats.json_array import read_json_array
from services.formats.json_lines import BOM, read_json_lines, read_line
from services.formats.parquet_table import read_parquet_table
from services.formats.problems import UnreadableFile
from services.formats.rows import SourceRow

HEAD_BYTES = 2**18
PAIR_COLUMNS = ("chosen", "rejected", "input", "output_1", "output_2")
KNOWN_COLUMNS = frozenset({"prompt", "messages", "responses", "response_1", "response_2", *PAIR_COLUMNS})
PACKED = {
    b"PK\x03\x04": "a zip archive or an Excel workbook; unpack it, or save the sheet as CSV",
    b"\x1f\x8b": "gzip-compressed; unpack it first",
    b"BZh": "bzip2-compressed; unpack it first",
    b"\xfd7zXZ": "xz-compressed; unpack it first",
    b"\x28\xb5\x2f\xfd": "zstd-compressed; unpack it first",
    b"\xff\xfe": "UTF-16 text; save it as UTF-8",
    b"\xfe\xff": "UTF-16 text; save it as UTF-8",
    b"SQLite format 3": "a SQLite database; export its rows as JSONL or CSV",
    b"%PDF": "a PDF document; preference rows come as JSONL, JSON, CSV or Parquet",
}


@dataclass(frozen=True, slots=True)
class Container:
    """A kind of file and how its rows are read."""

    title: str
    read: Callable[[Path], Iterator[SourceRow]]


def find_container(path: Path, name: str) -> Container:
    """The container of the file's rows; `name` is what the person calls the file.

    Raises:
        UnreadableFile: missing, a folder, not readable, empty, packed, or no table of rows.
    """
    head = _read_head(path, name)
    if head.startswith(b"PAR1"):
        return Container("Parquet", read_parquet_table)
    for magic, what in PACKED.items():
        if head.startswith(magic):
            raise UnreadableFile(f"{name!r} is {what}")
    text = head.removeprefix(BOM).lstrip()
    if text.startswith(b"{") or _has_json_line(head, name):
        return _json_lines_or_object(head, name)
    if text.startswith(b"["):
        return Container("JSON array", read_json_array)
    return _find_table(head, name)


def _read_head(path: Path, name: str) -> bytes:
    try:
        if path.is_dir():
            raise UnreadableFile(f"{name!r} is a folder; name the file in it")
        if path.exists() and not path.is_file():
            raise UnreadableFile(f"{name!r} is a pipe or a device, and an import reads twice; save it as a file first")
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except FileNotFoundError:
        raise UnreadableFile(f"there is no file {name!r}; check the path") from None
    except OSError as error:
        raise UnreadableFile(f"{name!r} cannot be read: {error.strerror or error}; check its permissions") from None
    if not head.removeprefix(BOM).strip():
        raise UnreadableFile(f"{name!r} is empty; a file has at least one row with a prompt and two responses")
    return head


def _has_json_line(head: bytes, name: str) -> bool:
    """Whether a file that calls itself JSONL has a line that is an object, whatever its first line is."""
    if not name.lower().endswith((".jsonl", ".ndjson")):
        return False
    return any(bool(read_line(line, 0, 0.0).fields) for line in head.splitlines())


def _json_lines_or_object(head: bytes, name: str) -> Container:
    """JSONL, unless the file is one object spread over lines."""
    lines = [line for line in head.removeprefix(BOM).splitlines() if line.strip()]
    if len(lines) > 1 and not any(line.startswith(b"{") and read_line(line, 0, 0.0).fields for line in lines):
        raise UnreadableFile(
            f"{name!r} is one JSON object over several lines; give an array of rows, or one object a line (JSONL)"
        )
    return Container("JSONL", read_json_lines)


def _find_table(head: bytes, name: str) -> Container:
    first = head.removeprefix(BOM).lstrip(b"\r\n").splitlines()[0].decode("utf-8", errors="replace")
    found = {sign: len(KNOWN_COLUMNS & _columns(first, sign)) for sign in DELIMITERS}
    delimiter = max(found, key=lambda sign: found[sign])
    if found[delimiter]:
        title = "TSV table" if delimiter == "\t" else "CSV table"
        return Container(title, partial(read_csv_table, delimiter=delimiter))
    shown = first[:40].encode("ascii", errors="replace").decode()
    raise UnreadableFile(
        f"{name!r} is neither JSON, JSONL, Parquet nor a table with known columns; it begins with {shown!r}. "
        "A table needs prompt, chosen, rejected, or prompt, response_1, response_2, or input, output_1, output_2"
    )


def _columns(header: str, delimiter: str) -> set[str]:
    return {cell.strip().lower() for cell in next(csv.reader([header], delimiter=delimiter), [])}
