"""Attention of packs on a CPU by oneDNN: each run over everything that it sees in one softmax, nothing to merge.

Takes the place of torch's flash attention, which computes by MKL, where products.py finds oneDNN faster and the
sequences are long enough to pay for more calls. The keys of what several runs share are laid out once for all of them.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from scoring.engine.kept_keys import KeptKeys
from scoring.engine.products import has_faster_onednn, linear

Source = tuple[int, int] | KeptKeys  # rows of the pack, or kept keys
# Scores a block, 4 MB: on a processor with 1 MB of cache a core and 32 MB shared, more or fewer were slower.
BLOCK_SCORES = 1024 * 1024
BLOCK_ROWS = 256  # of a run: more rows waste more of the triangle above the diagonal
# Scores a run and head from which this is faster than the flash kernel.
WORTHWHILE_SCORES = 48 * 1024


def is_worthwhile(query: Tensor, seen: Sequence[tuple[int, int]]) -> bool:
    """Whether to go this way. seen: (rows, keys above) of each run."""
    if query.device.type != "cpu" or query.dtype != torch.float32 or not has_faster_onednn():
        return False
    return sum(rows * (rows + above) for rows, above in seen) >= WORTHWHILE_SCORES * len(seen)


def attend_jointly(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    scale: float,
    runs: Sequence[tuple[int, int, tuple[Source, ...]]],
    layer: int,
    *,
    needed: Tensor | None = None,
) -> Tensor:
    """Each run over what lies above it and, causally, over itself. query (1, H, T, D), key and value (1, G, T, D).

    runs: first row, last row, and the sources above in the order of their positions.
    needed: (N,) rows that matter, ascending; None: all. What comes before a run's first of them stays 0.

    Returns (T, H, D).
    """
    heads, rows, size = query.shape[1:]
    shared = heads // key.shape[1]
    out = (query.new_empty if needed is None else query.new_zeros)(rows, heads, value.shape[-1])
    begins = [first if needed is None else _first_of(needed, first, last) for first, last, _ in runs]
    later = torch.full((BLOCK_ROWS, BLOCK_ROWS), -torch.inf, dtype=torch.float32).triu_(1)  # added to a block's scores
    for group in range(key.shape[1]):
        own = slice(group * shared, (group + 1) * shared)
        seen = _Seen(key, value, scale, group, layer, max(last - first for first, last, _ in runs))
        for (first, last, above), begin in zip(runs, begins, strict=True):
            n_above, length, at = 0, last - first, begin - first
            if at < length:
                seen.put(first, last, above)
                n_above = seen.n_above
            while at < length:
                fitting = BLOCK_SCORES // (shared * (n_above + at + BLOCK_ROWS))
                stop = min(at + max(32, min(BLOCK_ROWS, fitting)), length)
                block = query[0, own, first + at : first + stop].reshape(-1, size)  # (S x R, D)
                scores = linear(block, seen.keys[: n_above + stop])  # (S x R, K)
                scores.view(shared, stop - at, -1)[:, :, n_above + at :].add_(later[: stop - at, : stop - at])
                found = linear(scores.softmax(-1), seen.values[: n_above + stop].t())  # (S x R, D)
                out[first + at : first + stop, own] = found.view(shared, stop - at, -1).transpose(0, 1)
                at = stop
    return out


def _first_of(needed: Tensor, first: int, last: int) -> int:
    """The first row of first..last that is needed; `last` when none is."""
    place = int(torch.searchsorted(needed, first))
    return min(int(needed[place]), last) if place < len(needed) else last


class _Seen:
    """What a run sees, of one group of heads: keys (K, D), scaled, and values (K, D), the shared ones first.

    room: rows of the longest run.
    """

    def __init__(self, key: Tensor, value: Tensor, scale: float, group: int, layer: int, room: int) -> None:
        self._key, self._value, self._scale = key[0, group], value[0, group], scale
        self._group, self._layer, self._room = group, layer, room
        self._above: tuple[Source, ...] | None = None
        self.n_above = 0

    def put(self, first: int, last: int, above: tuple[Source, ...]) -> None:
        """Lay out the shared part, unless it is the one before, and the run's own rows after it."""
        if above != self._above:
            found = [self._of(source) for source in above]
            self.n_above = sum(len(keys) for keys, _ in found)
            self.keys = self._key.new_empty(self.n_above + self._room, self._key.shape[1])
            self.values = self._value.new_empty(self.n_above + self._room, self._value.shape[1])
            at = 0
            for keys, values in found:
                self._write(at, keys, values)
                at += len(keys)
            self._above = above
        self._write(self.n_above, self._key[first:last], self._value[first:last])

    def _of(self, source: Source) -> tuple[Tensor, Tensor]:
        if isinstance(source, KeptKeys):
            keys, values = source.layers[self._layer]
            return keys[0, self._group], values[0, self._group]
        return self._key[source[0] : source[1]], self._value[source[0] : source[1]]

    def _write(self, at: int, keys: Tensor, values: Tensor) -> None:
        torch.mul(keys, self._scale, out=self.keys[at : at + len(keys)])
        self.values[at : at + len(values)] = values
