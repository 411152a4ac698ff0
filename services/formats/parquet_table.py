"""Rows of a Parquet file, a small batch at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from services.formats.problems import UnreadableFile
from services.formats.rows import SourceRow, make_row

BATCH_ROWS = 64


def read_parquet_table(path: Path) -> Iterator[SourceRow]:
    """Every row, counted from 1.

    Raises:
        UnreadableFile: damaged, or written with something this version of pyarrow does not know.
    """
    import pyarrow as pa  # a tenth of a second: only those who import Parquet pay it
    from pyarrow import parquet

    row_number = 0
    try:
        with parquet.ParquetFile(path, pre_buffer=False) as file:
            n_rows = max(file.metadata.num_rows, 1)
            for batch in file.iter_batches(batch_size=BATCH_ROWS):
                for value in batch.to_pylist():
                    row_number += 1
                    yield make_row(row_number, row_number / n_rows, value)
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:  # the last two: bad UTF-8, a year 60,000
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise UnreadableFile(f"the Parquet file cannot be read after row {row_number}: {reason}") from None
