"""Quiet tables: the datasets, and lists of what was left out and why. Pure HTML, every cell escaped and shown whole."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from services.datasets import DatasetRow
from ui.prose import safe
from ui.wording import day

DATASET_HEADS = ("Name", "Items", "Candidates", "Decided", "Runs", "Gold", "File", "Imported")


def table_html(
    heads: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: Collection[int] = (), days: Collection[int] = ()
) -> str:
    """A table; `numbers` are the columns that hold numbers and stand to the right, `days` those never broken."""
    kind_by_column = dict.fromkeys(numbers, ' class="t-n"') | dict.fromkeys(days, ' class="t-day"')
    kinds = [kind_by_column.get(column, "") for column in range(len(heads))]
    head = "".join(f'<th{kind} scope="col">{safe(name)}</th>' for kind, name in zip(kinds, heads, strict=True))
    body = "".join(f"<tr>{_cells(row, kinds)}</tr>" for row in rows)
    return f'<table class="t-rows"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def _cells(row: Sequence[str], kinds: Sequence[str]) -> str:
    return "".join(f'<td{kind} dir="auto">{safe(cell)}</td>' for kind, cell in zip(kinds, row, strict=True))


def dataset_table_html(rows: Sequence[DatasetRow]) -> str:
    """One line per dataset."""
    return table_html(DATASET_HEADS, map(_dataset, rows), numbers=range(1, 6), days=(7,))


def _dataset(row: DatasetRow) -> tuple[str, ...]:
    return (
        row.name,
        f"{row.n_items:,}",
        f"{row.n_candidates:,}",
        f"{row.n_decided:,}",
        f"{row.n_runs:,}",
        f"{row.n_gold:,}" if row.has_gold else "–",
        row.file_name or "–",
        day(row.created_at),
    )
