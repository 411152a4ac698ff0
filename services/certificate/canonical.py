"""One text for one value, and hashes of it.

Canonical JSON here is: keys sorted, no white space, UTF-8 as it is, finite numbers only. Numbers that were computed are
rounded to DIGITS significant digits before they go into a certificate, so that another processor's last bit is no
difference. Leaves out what is hashed (evidence.py).
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

DIGITS = 10
LINK_ROWS = 1_000  # rows between two links of a chain that are written down

Json = Any  # dict with text keys, list, text, int, float, bool or None


def canonical(value: Json) -> str:
    """The value's one text. Raises ValueError for a number that is not finite.

    >>> canonical({"b": 1.0, "a": [None, "é"]})
    '{"a":[null,"é"],"b":1.0}'
    """
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def sha256_of(value: Json) -> str:
    """SHA-256 of the canonical text, in hex."""
    return hashlib.sha256(canonical(value).encode("utf-8", "surrogatepass")).hexdigest()


def rounded(value: Json) -> Json:
    """The value with every float at DIGITS significant digits; tuples become lists, what is not finite None.

    >>> rounded({"share": 0.1 + 0.2, "n": 3})
    {'share': 0.3, 'n': 3}
    """
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): rounded(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(part) for part in value]
    return value


@dataclass(frozen=True, slots=True)
class Chain:
    """Rows hashed one after the other: each hash covers its row and the hash before it.

    `links` are (number of the last row, hash) after every LINK_ROWS rows: they tell where two chains part.
    """

    n: int
    first: int | None  # number of the first row
    last: int | None
    sha256: str
    links: tuple[tuple[int, str], ...]


def chain_of(rows: Iterable[tuple[int, Json]], *, link_rows: int = LINK_ROWS) -> Chain:
    """The chain over (number, row) in the order given."""
    head, n = "0" * 64, 0
    first: int | None = None
    last: int | None = None
    links: list[tuple[int, str]] = []
    for number, row in rows:
        head = hashlib.sha256(f"{head}{canonical(row)}".encode("utf-8", "surrogatepass")).hexdigest()
        first, last, n = number if first is None else first, number, n + 1
        if n % link_rows == 0:
            links.append((number, head))
    return Chain(n, first, last, head, tuple(links))
