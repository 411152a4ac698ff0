"""Rows of a JSONL file: one JSON object a line. A line that cannot be read is a bad row and the next one goes on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from services.formats.rows import ROW_LIMIT, TOO_LONG, SourceRow, make_row

BOM = b"\xef\xbb\xbf"


def read_json_lines(path: Path) -> Iterator[SourceRow]:
    """Every line that is not blank; memory holds one line."""
    size = max(path.stat().st_size, 1)
    with path.open("rb") as file:
        line_number = done = 0
        while line := file.readline(ROW_LIMIT):
            line_number += 1
            done += len(line)
            if len(line) == ROW_LIMIT and not line.endswith(b"\n"):
                done += _skip_line(file)
                yield SourceRow(line_number, done / size, problem=TOO_LONG)
                continue
            text = line.removeprefix(BOM) if line_number == 1 else line
            if text.strip():
                yield read_line(text, line_number, done / size)


def read_line(line: bytes, line_number: int, share: float) -> SourceRow:
    """One line as a row, or with its problem."""
    try:
        return make_row(line_number, share, json.loads(line.decode("utf-8"), strict=False))
    except UnicodeDecodeError as error:
        problem = f"not valid UTF-8: byte 0x{line[error.start]:02x} at {error.start + 1}; save the file as UTF-8"
    except json.JSONDecodeError as error:
        problem = f"not JSON: {error.msg} at character {error.colno}"
    except (RecursionError, ValueError) as error:  # ValueError: an integer of thousands of digits
        problem = "the row is nested too deeply" if isinstance(error, RecursionError) else f"not JSON: {error}"
    return SourceRow(line_number, share, problem=problem)


def _skip_line(file: BinaryIO) -> int:
    """Reads to the end of the line without keeping it; returns how many bytes that were."""
    skipped = 0
    while part := file.readline(2**20):
        skipped += len(part)
        if part.endswith(b"\n"):
            break
    return skipped
