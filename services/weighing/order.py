"""The chunks of a run: which positions are planned and written together, and what share of the work they are.

The first are small, so that there is something to review soon; later ones are large, because an engine packs better
and keeps shared criteria across the items of a chunk. They follow from the positions alone: a resumed run forms the
same chunks, so the same packs, so the same bits.
"""

from __future__ import annotations

from collections.abc import Iterator

FIRST_ITEMS = 8
CHUNK_ITEMS = 64


def chunk_bounds(last_position: int) -> Iterator[tuple[int, int]]:
    """First and last position of every chunk: 8 items, 16, 32, then 64 at a time.

    >>> list(chunk_bounds(99))
    [(0, 7), (8, 23), (24, 55), (56, 99)]
    """
    first, size = 0, FIRST_ITEMS
    while first <= last_position:
        yield first, min(first + size - 1, last_position)
        first, size = first + size, min(2 * size, CHUNK_ITEMS)
