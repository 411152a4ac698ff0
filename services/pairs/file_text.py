"""A user's pairs.toml as text: cut into entries, one of them changed, everything else left to the letter.

    # the house's pairs             head
    [[pairs]]                       entry     changed key by key (tomlkit), its comments kept
    name = "mine"  # a note
                                    lead      from the first blank line on: belongs to the entry below
    # the next one
    [[pairs]]                       entry ... and what follows the last one is the tail

What was cut and what was changed is read back and compared. Leaves out writing the file (files.py).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomlkit

from services.errors import Refused

_HEADER = re.compile(r"[ \t]*\[\[[ \t]*pairs[ \t]*\]\][ \t]*(#.*)?")
_LINE = re.compile(r"[^\n]*\n|[^\n]+")  # what TOML takes for a line; str.splitlines knows more ends
_NO_PAIRS = re.compile(r"[ \t]*pairs[ \t]*=[ \t]*\[\s*\][ \t]*(#.*)?")


@dataclass(slots=True)
class CatalogueText:
    """The text in parts: the head, then a lead and an entry by turns, the tail; see the module's picture."""

    path: Path
    head: str
    leads: list[str]
    entries: list[str]
    tail: str
    newline: str

    @property
    def names(self) -> list[str]:
        return [str(_data(entry).get("name")) for entry in self.entries]

    @property
    def text(self) -> str:
        parts = [self.head, *(part for both in zip(self.leads, self.entries, strict=True) for part in both), self.tail]
        whole = "".join(parts)
        return whole if self.entries else f"{whole}pairs = []{self.newline}"

    def append(self, entry: Mapping[str, Any]) -> None:
        table = {key: value for key, value in entry.items() if value is not None}
        before = self.head + "".join(self.entries) + self.tail
        gap = "" if not before.strip() or before.endswith(2 * self.newline) else self.newline
        gap = gap if before.endswith("\n") else 2 * gap
        self.leads.append(self.tail + gap)
        self.entries.append(_block(tomlkit.dumps({"pairs": [table]}), self.newline))
        self.tail = ""

    def change(self, place: int, entry: Mapping[str, Any]) -> dict[str, Any]:
        """The entry with some keys changed or (None) left out, as it now reads."""
        document = tomlkit.parse(self.entries[place])
        table: Any = document["pairs"][0]
        wanted = _data(self.entries[place])
        for key, value in entry.items():
            if value is None:
                table.pop(key, None)
                wanted.pop(key, None)
            elif wanted.get(key) != value:
                table[key] = wanted[key] = value
        changed = _block(tomlkit.dumps(document), self.newline)
        if _data(changed) != wanted:
            raise Refused(f"entry {place + 1} of {self.path.name} has a form that is not changed here; edit the file")
        self.entries[place] = changed
        return wanted

    def remove(self, place: int) -> None:
        """With the comment that stands right above it, unless that begins the file."""
        del self.entries[place]
        lead = self.leads.pop(place)
        lines = _LINE.findall(lead)
        while lines and lines[-1].lstrip().startswith("#"):
            lines.pop()
        kept = "".join(lines).rstrip("\r\n")
        kept = f"{kept}{self.newline}" if kept else ""
        if place < len(self.leads):
            self.leads[place] = kept + self.leads[place]
        else:
            self.tail = kept + self.tail


def read_text(path: Path) -> CatalogueText:
    """Raises Refused for a file that is no catalogue, or one of a form that cannot be cut into entries."""
    try:
        text = path.read_bytes().decode("utf-8")
        data = tomllib.loads(text)
    except FileNotFoundError:
        return CatalogueText(path, "", [], [], "", "\n")
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Refused(f"{path} cannot be read as TOML ({error}); nothing was written: mend the file first") from error
    newline = "\r\n" if "\r\n" in text else "\n"
    lines = _LINE.findall(text)
    starts = [at for at, line in enumerate(lines) if _HEADER.fullmatch(line.rstrip("\r\n"))]
    if not data.get("pairs"):
        head = "".join(line for line in lines if not _NO_PAIRS.fullmatch(line.rstrip("\r\n")))
        return CatalogueText(path, head, [], [], "", newline)
    head, leads, entries = "".join(lines[: starts[0]] if starts else lines), [""], list[str]()
    for start, end in zip(starts, [*starts, len(lines)][1:], strict=True):
        own = _end_of_entry(lines[start:end])
        entries.append("".join(lines[start : start + own]))
        leads.append("".join(lines[start + own : end]))
    tail = leads.pop()
    if set(data) != {"pairs"} or [_data(entry) for entry in entries] != data["pairs"]:
        raise Refused(
            f"{path} does not hold [[pairs]] entries one after the other; nothing was written: edit it by hand"
        )
    return CatalogueText(path, head, leads, entries, tail, newline)


def _end_of_entry(lines: list[str]) -> int:
    """How many lines are the entry's: up to its last key, and comments right below that."""
    last = max(at for at, line in enumerate(lines) if line.strip() and not line.lstrip().startswith("#"))
    end = last + 1
    while end < len(lines) and lines[end].lstrip().startswith("#"):
        end += 1
    # A comment that goes on to the next entry without a blank line is that entry's.
    return last + 1 if end == len(lines) and end > last + 1 else end


def _data(entry: str) -> dict[str, Any]:
    """One entry's keys; empty when the text is not exactly one entry."""
    try:
        found = tomllib.loads(entry).get("pairs")
    except tomllib.TOMLDecodeError:
        return {}
    return dict(found[0]) if isinstance(found, list) and len(found) == 1 else {}


def _block(text: str, newline: str) -> str:
    """A written entry, ended by one line end, in the file's own kind of line ends."""
    return newline.join(text.strip().replace("\r\n", "\n").split("\n")) + newline
