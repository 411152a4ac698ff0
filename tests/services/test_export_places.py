"""Where an export may go: a link's target, a pipe or a device are written to, never replaced."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest
from export_cases import write_cases

from db.session import Sessions
from services.exports.export import CannotWrite, export

N_ROWS = 11


def test_a_pipe_is_written_to_and_stays_a_pipe(fresh_db: Sessions, tmp_path: Path) -> None:
    """As /dev/null and /dev/stdout are: a file put in their place would break the machine for everybody."""
    dataset_id, _ = write_cases(fresh_db)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()), daemon=True)
    reader.start()
    export(fresh_db, dataset_id, format="jsonl", out=pipe)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    reader.join(10)
    assert len(read[0].splitlines()) == N_ROWS


def test_a_link_stays_a_link_and_its_target_is_written(fresh_db: Sessions, tmp_path: Path) -> None:
    dataset_id, _ = write_cases(fresh_db)
    (tmp_path / "there").mkdir()
    (tmp_path / "link.jsonl").symlink_to(tmp_path / "there" / "out.jsonl")
    export(fresh_db, dataset_id, format="jsonl", out=tmp_path / "link.jsonl")
    assert (tmp_path / "link.jsonl").is_symlink()
    assert len((tmp_path / "there" / "out.jsonl").read_text().splitlines()) == N_ROWS


def test_a_name_too_long_is_one_clear_line(fresh_db: Sessions, tmp_path: Path) -> None:
    dataset_id, _ = write_cases(fresh_db)
    with pytest.raises(CannotWrite, match="cannot be written: File name too long; choose another place"):
        export(fresh_db, dataset_id, format="jsonl", out=tmp_path / ("x" * 254))
