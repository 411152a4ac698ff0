"""Rows of a CSV or TSV file with a header. Cells of list columns that hold JSON are read as JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from services.formats.problems import UnreadableFile
from services.formats.rows import ROW_LIMIT, SourceRow, bad_byte, make_row

LIST_COLUMNS = ("prompt", "messages", "chosen", "rejected", "responses")
DELIMITERS = (",", "\t", ";")


def read_csv_table(path: Path, delimiter: str) -> Iterator[SourceRow]:
    """Every record; its line is where it begins (cells may hold line ends).

    Raises:
        UnreadableFile: no header, two columns of one name, a quote that is never closed.
    """
    csv.field_size_limit(max(csv.field_size_limit(), ROW_LIMIT))  # the default refuses cells over 128 kB
    size = max(path.stat().st_size, 1)
    with path.open("rb") as binary:
        file = io.TextIOWrapper(binary, encoding="utf-8-sig", errors="surrogateescape", newline="")
        # strict: read loosely, a quote that is never closed would swallow every row after it as one response
        reader = csv.reader(file, delimiter=delimiter, strict=True)
        try:
            header = read_header(next(reader, []))
        except csv.Error as error:
            raise _never_closed(1, error) from None
        while True:
            line = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                if "expected after" not in str(error):
                    raise _never_closed(line, error) from None
                problem = "text follows a closing quote; inside quotes a quote is written twice"
                yield SourceRow(line, min(1.0, binary.tell() / size), problem=problem)
                continue
            if cells:
                yield _read_record(header, cells, line, min(1.0, binary.tell() / size))


def _never_closed(line: int, error: csv.Error) -> UnreadableFile:
    return UnreadableFile(f"line {line}: {error}; is a quote opened and never closed?")


def read_header(cells: list[str]) -> list[str]:
    """Column names in lower case; a column without a name is called by its number.

    Raises:
        UnreadableFile: two columns of one name.
    """
    names = [cell.strip().lower() or f"column {n}" for n, cell in enumerate(cells, 1)]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UnreadableFile(f"the header names {twice[0]!r} more than once; give each column its own name")
    return names


def _read_record(header: list[str], cells: list[str], line: int, share: float) -> SourceRow:
    problem = bad_byte(cells)
    if not problem and len(cells) != len(header):
        problem = f"the record has {len(cells)} cells, the header {len(header)}"
    if problem:
        return SourceRow(line, share, problem=problem)
    return make_row(line, share, {name: _read_cell(name, cell) for name, cell in zip(header, cells, strict=True)})


def _read_cell(name: str, cell: str) -> Any:
    if name not in LIST_COLUMNS or not cell.startswith("["):
        return cell
    try:
        value = json.loads(cell, strict=False)
    except (ValueError, RecursionError):
        return cell
    is_list_of_parts = name == "responses" or (bool(value) and all(isinstance(part, dict) for part in value))
    return value if is_list_of_parts else cell
