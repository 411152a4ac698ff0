"""Values that every database and every JSON reader can hold: no NUL, no broken surrogates, no NaN, no odd types."""

from __future__ import annotations

import math
import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

NUL = "items with NUL characters (replaced by \N{REPLACEMENT CHARACTER})"
SURROGATE = "items with broken surrogates (replaced by \N{REPLACEMENT CHARACTER})"
NAN = "items with NaN or infinite numbers (read as missing)"
BYTES = "items with binary values (left out)"

_SURROGATE = re.compile("[\ud800-\udfff]")
_DEPTH_LIMIT = 50


def clean(value: Any, notes: set[str], depth: int = 0) -> Any:
    """The value as plain JSON: what had to be changed is added to `notes`.

    PostgreSQL refuses NUL and lone surrogates in text and NaN in JSON; SQLite would keep them, and then the same data
    would differ between the two.

    Raises:
        RecursionError: nested deeper than 50 levels.
    """
    if depth > _DEPTH_LIMIT:
        raise RecursionError
    if isinstance(value, str):
        return _clean_text(value, notes)
    if isinstance(value, dict):
        return {_clean_text(str(key), notes): clean(part, notes, depth + 1) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [clean(part, notes, depth + 1) for part in value]
    return _clean_scalar(value, notes)


def _clean_text(text: str, notes: set[str]) -> str:
    if "\x00" in text:
        notes.add(NUL)
        text = text.replace("\x00", "\N{REPLACEMENT CHARACTER}")
    if not text.isascii() and _SURROGATE.search(text):
        notes.add(SURROGATE)
        text = _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text)
    return text


def _clean_scalar(value: Any, notes: set[str]) -> Any:
    if isinstance(value, Decimal):
        value = float(value)
    if isinstance(value, float) and not math.isfinite(value):
        notes.add(NAN)
        return None
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, (bytes, bytearray, memoryview)):
        notes.add(BYTES)
        return None
    return _clean_text(str(value), notes)
