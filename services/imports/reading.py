"""From a path to items: what the file is, then one outcome for each row, an item or the reason why there is none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from services.formats.containers import Container, find_container
from services.formats.drafts import Fields, ItemDraft
from services.formats.problems import BadRow, UnreadableFile
from services.formats.shapes import Shape, find_shape, shape_named
from services.formats.subset_names import put_subset, subset_named

SNIFFED_ROWS = 50  # the shape is told from the first rows that can be read


@dataclass(frozen=True, slots=True)
class Source:
    """A file of which it is known how to read it."""

    path: Path
    container: Container
    shape: Shape
    first: Fields
    name: str  # what the person calls it
    subset: str | None = None  # the subset that the file's name tells, where only the name does

    def statement(self, n_rows: int, sizes: tuple[int, int]) -> str:
        """What was understood, in words: "LLMBar: JSON array of 100 rows, label 1 or 2 names the better ...".

        `sizes` are the fewest and the most responses of an item.
        """
        rows = f"{n_rows:,} row" if n_rows == 1 else f"{n_rows:,} rows"
        fewest, most = sizes
        explained = self.shape.explain(self.first).replace(
            "{n}", str(most) if fewest == most else f"{fewest} to {most}"
        )
        return f"{self.shape.title}: {self.container.title} of {rows}, {explained}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one row: an item, or the reason. `share` is how much of the file is read, 0 to 1."""

    line: int
    share: float
    item: ItemDraft | None
    reason: str


def open_source(path: Path, name: str, format: str | None = None) -> Source:
    """Looks at the beginning of the file; `name` is what the person calls it, `format` a name in FORMATS or None.

    Raises:
        UnreadableFile: no such file, no table of rows, no readable row among the first.
        UnknownFormat: no such format, or rows of no known shape.
    """
    wanted = shape_named(format) if format else None
    container = find_container(path, name)
    rows = list(islice(container.read(path), SNIFFED_ROWS))
    subset = subset_named(f"{path.parent.name}/{name}")
    readable = [put_subset(row.fields, subset) for row in rows if row.fields is not None]
    if not readable:
        first = f"; line {rows[0].line}: {rows[0].problem}" if rows else ""
        raise UnreadableFile(f"{name!r} has no row that can be read{first}")
    shape = wanted or find_shape(readable)
    typical = next((fields for fields in readable if shape.matches(fields)), readable[0])
    return Source(path, container, shape, typical, name, subset)


def read_items(source: Source) -> Iterator[Outcome]:
    """Every row of the file, in order; memory holds one row.

    Raises:
        UnreadableFile: the file breaks off, or is damaged further on.
    """
    for row in source.container.read(source.path):
        if row.fields is None:
            yield Outcome(row.line, row.share, None, row.problem or "the row cannot be read")
            continue
        try:
            item = source.shape.parse(put_subset(row.fields, source.subset))
        except BadRow as problem:
            yield Outcome(row.line, row.share, None, str(problem))
            continue
        notes = (*row.notes, *item.notes)
        yield Outcome(row.line, row.share, replace(item, line=row.line, notes=tuple(dict.fromkeys(notes))), "")
