"""A row as its container gives it: the place to name in errors, the columns, or why there are none."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from services.formats.cleaning import clean
from services.formats.drafts import Fields
from services.formats.messages import kind_of

ROW_LIMIT = 64 * 2**20  # bytes or characters; a longer row is a mistake (a quote never closed, a binary file)
TOO_LONG = f"the row is longer than {ROW_LIMIT // 2**20} MB; preference rows are shorter"

_SMUGGLED = re.compile("[\udc80-\udcff]")  # how errors="surrogateescape" carries a byte that is not UTF-8


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A row, or the problem it has. `share` is how much of the file has been read, 0 to 1."""

    line: int  # 1-based: the line in text files, the row in a JSON array or Parquet
    share: float
    fields: Fields | None = None
    problem: str | None = None
    notes: tuple[str, ...] = ()


def make_row(line: int, share: float, value: Any) -> SourceRow:
    """A row from whatever the container held there, cleaned (cleaning.py)."""
    if not isinstance(value, dict):
        return SourceRow(line, share, problem=f"the row is {kind_of(value)}; it must be an object with named fields")
    notes: set[str] = set()
    try:
        fields = clean(value, notes)
    except RecursionError:
        return SourceRow(line, share, problem="the row is nested too deeply")
    return SourceRow(line, share, fields, notes=tuple(sorted(notes)))


def bad_byte(texts: Iterable[str]) -> str | None:
    """The problem with text that was read with errors="surrogateescape", if it has one."""
    for text in texts:
        found = None if text.isascii() else _SMUGGLED.search(text)
        if found:
            return f"not valid UTF-8: byte 0x{ord(found[0]) - 0xDC00:02x}; save the file as UTF-8"
    return None
