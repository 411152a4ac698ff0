"""Numbers as compact bytes for the database: float32 log-probs and int32 spans, little-endian, compressed.

float32 in, the same float32 out, so that a total computed from the cache is the total computed at first.
"""

from __future__ import annotations

import sys
import zlib
from array import array
from collections.abc import Sequence
from typing import TypeVar

LEVEL = 6


def pack_floats(values: Sequence[float]) -> bytes:
    """float32 values as bytes."""
    return _pack(array("f", values))


def unpack_floats(packed: bytes) -> tuple[float, ...]:
    """The float32 values back."""
    return tuple(_unpack(array("f"), packed))


def pack_spans(spans: Sequence[tuple[int, int]]) -> bytes:
    """(start, end) pairs as bytes."""
    return _pack(array("i", [edge for span in spans for edge in span]))


def unpack_spans(packed: bytes) -> tuple[tuple[int, int], ...]:
    """The (start, end) pairs back."""
    edges = _unpack(array("i"), packed)
    return tuple(zip(edges[::2], edges[1::2], strict=True))


Numbers = TypeVar("Numbers", "array[int]", "array[float]")


def _pack(numbers: array[float] | array[int]) -> bytes:
    if sys.byteorder == "big":
        numbers.byteswap()
    return zlib.compress(numbers.tobytes(), LEVEL)


def _unpack(empty: Numbers, packed: bytes) -> Numbers:
    empty.frombytes(zlib.decompress(packed))
    if sys.byteorder == "big":
        empty.byteswap()
    return empty
