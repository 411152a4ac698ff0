"""Uploaded files as files on disk, because an import reads a path: written once in pieces, removed when done with.

The folder belongs to this process and goes with it; a file whose visitor closed the window is swept up by the next.
"""

from __future__ import annotations

import re
import shutil
import tempfile
import time
from pathlib import Path
from typing import BinaryIO, Protocol

import streamlit as st

PIECE_BYTES = 2**20
KEPT_S = 6 * 3600.0  # an upload nobody imported by then was given up
_UNSAFE = re.compile(r"[^A-Za-z0-9-]")


class Upload(Protocol):
    """What Streamlit's uploader gives."""

    file_id: str
    name: str

    def seek(self, offset: int) -> int: ...


@st.cache_resource(show_spinner=False)
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="tare-uploads-")


def stored(upload: Upload, stream: BinaryIO) -> Path:
    """The upload as a file; the same upload is written once. Its own name plays no part in the path."""
    folder = Path(_folder().name)
    path = folder / _UNSAFE.sub("_", upload.file_id)[:100]
    if not path.exists():
        _sweep(folder)
        part = path.with_suffix(".part")
        stream.seek(0)
        with part.open("wb") as file:
            shutil.copyfileobj(stream, file, PIECE_BYTES)
        part.replace(path)
    return path


def remove(path: Path) -> None:
    """Done with it."""
    path.unlink(missing_ok=True)


def _sweep(folder: Path) -> None:
    oldest = time.time() - KEPT_S
    for path in folder.iterdir():
        if path.stat().st_mtime < oldest:
            path.unlink(missing_ok=True)


def name_from_file(file_name: str) -> str:
    """A dataset name out of a file name.

    >>> name_from_file("LLMBar natural.v2.jsonl"), name_from_file(".json")
    ('LLMBar natural.v2', 'dataset')
    """
    stem = re.sub(r"\.(jsonl?|ndjson|csv|tsv|parquet|txt)$", "", file_name.strip(), flags=re.IGNORECASE)
    seen = "".join(sign if sign.isprintable() else " " for sign in stem)
    return " ".join(seen.split())[:100].strip(" .") or "dataset"
