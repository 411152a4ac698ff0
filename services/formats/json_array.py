"""Rows of one big JSON array, element by element, without holding the array.

The standard decoder reads the element at the front of a buffer; when it stops at the buffer's end the element is not
whole yet and the buffer grows. A streaming parser (ijson) would do too, but it refuses what Python's `json.dump` itself
writes (NaN) and silently turns broken surrogates into question marks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from services.formats.problems import UnreadableFile
from services.formats.rows import ROW_LIMIT, TOO_LONG, SourceRow, bad_byte, make_row

CHUNK = 2**18  # characters
_DECODER = json.JSONDecoder(strict=False)
_SPACE = " \t\r\n"
_WORDS = ("true", "false", "null", "NaN", "Infinity", "-Infinity")
_NUMBER_TAIL = re.compile(r"\.|[eE][+-]?")  # the decoder reads the 1 of "1.", and stumbles over the rest
_NEAR_END = 16  # an error this close to the buffer's end may only mean that the rest is missing


def read_json_array(path: Path) -> Iterator[SourceRow]:
    """Every element of the array.

    Raises:
        UnreadableFile: the array itself is broken; where, by row.
    """
    size = max(path.stat().st_size, 1)
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        buffer = _Buffer(file)
        buffer.expect("[", 0)
        row_number = 0
        while not (buffer.peek() == "]" and row_number == 0):
            row_number += 1
            raw, value = buffer.element(row_number)
            share = min(1.0, buffer.n_read / size)
            problem = bad_byte([raw])
            yield SourceRow(row_number, share, problem=problem) if problem else make_row(row_number, share, value)
            if buffer.peek() == "]":
                break
            buffer.expect(",", row_number)
        buffer.expect("]", row_number)
        if buffer.peek():
            raise UnreadableFile(f"the JSON array ends after row {row_number}, but more text follows; remove it")


class _Buffer:
    """The part of the file that is being looked at: `text[at:]` is not yet used."""

    def __init__(self, file: TextIO) -> None:
        self.file, self.text, self.at = file, "", 0
        self.n_read = 0  # characters, which for progress is near enough to bytes
        self.is_all = False

    def grow(self) -> None:
        """Forgets what is used and reads as much again as is left, so that a long element is not tried too often."""
        left = self.text[self.at :]
        more = self.file.read(max(CHUNK, len(left)))
        self.n_read += len(more)
        self.text, self.at, self.is_all = left + more, 0, not more

    def peek(self) -> str:
        """The next character that is not space; "" at the end of the file."""
        while True:
            while self.at < len(self.text) and self.text[self.at] in _SPACE:
                self.at += 1
            if self.at < len(self.text) or self.is_all:
                return self.text[self.at : self.at + 1]
            self.grow()

    def expect(self, sign: str, row_number: int) -> None:
        """Steps over `sign`, or says that the array is broken here."""
        found = self.peek()
        if found != sign:
            where = "the file breaks off" if not found else f"{sign!r} is missing before {found!r}"
            raise UnreadableFile(f"broken JSON array: {where} after row {row_number}; repair it or export it anew")
        self.at += 1

    def element(self, row_number: int) -> tuple[str, Any]:
        """The next element: its text and its value."""
        self.peek()
        while True:
            try:
                value, end = _DECODER.raw_decode(self.text, self.at)
                if end < len(self.text) or self.is_all:  # a number at the very end may go on
                    raw, self.at = self.text[self.at : end], end
                    return raw, value
            except json.JSONDecodeError as error:
                if self.is_all or not self._may_be_unfinished(error):
                    where = "the file breaks off" if self._is_cut(error) else error.msg
                    raise UnreadableFile(
                        f"broken JSON array: {where} in row {row_number}; repair it or export it anew"
                    ) from None
            except (RecursionError, ValueError) as error:
                raise UnreadableFile(f"broken JSON array: row {row_number} cannot be read ({error})") from None
            if len(self.text) - self.at > ROW_LIMIT:
                raise UnreadableFile(f"row {row_number}: {TOO_LONG}")
            self.grow()

    def _may_be_unfinished(self, error: json.JSONDecodeError) -> bool:
        return self._is_cut(error) or error.pos >= len(self.text) - _NEAR_END

    def _is_cut(self, error: json.JSONDecodeError) -> bool:
        """Whether the text stops in the middle of something, rather than saying something wrong."""
        rest = self.text[error.pos :].rstrip(_SPACE)
        is_begun = any(word.startswith(rest) for word in _WORDS) or _NUMBER_TAIL.fullmatch(rest) is not None
        return is_begun or error.msg.startswith(("Unterminated string", "Invalid \\uXXXX"))
