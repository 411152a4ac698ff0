"""Keys and values of prefixes: kept while a plan needs them, and some of them for the items that come later.

What is kept for later is content-addressed: it is found again only for the very same tokens, cut at the same places.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field

from torch import Tensor


@dataclass(eq=False, slots=True)
class KeptKeys:
    """Of one edge: each layer's keys and values (1, G, T, D), and the last state (H,), which predicts what follows."""

    layers: list[tuple[Tensor, Tensor]] = field(default_factory=list)
    last_hidden: Tensor | None = None

    def add_layer(self, key: Tensor, value: Tensor) -> None:
        """Take a layer's keys and values; copied, because they may be views of something larger."""
        self.layers.append((key.contiguous().clone(), value.contiguous().clone()))

    def settle(self, hidden: Tensor) -> None:
        """Take the last of the edge's states (T, H)."""
        self.last_hidden = hidden[-1].clone()

    @property
    def n_bytes(self) -> int:
        """Memory held by the keys and values."""
        return sum(part.numel() * part.element_size() for layer in self.layers for part in layer)


class LastingKeys:
    """What later calls may share, by content; the least recently used goes first. Any thread may ask."""

    def __init__(self, budget_bytes: int) -> None:
        self._budget = budget_bytes
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, KeptKeys] = OrderedDict()
        self._bytes = 0

    def get(self, key: str) -> KeptKeys | None:
        """What was kept under this content, if it still is."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def put(self, key: str, keys: KeptKeys) -> None:
        """Keep it, in place of what was not used for longest; not at all when it alone is over the budget."""
        with self._lock:
            if key in self._kept or keys.n_bytes > self._budget:
                return
            self._kept[key] = keys
            self._bytes += keys.n_bytes
            while self._bytes > self._budget:
                _, dropped = self._kept.popitem(last=False)
                self._bytes -= dropped.n_bytes

    def clear(self) -> None:
        """Forget everything; what a plan holds at this moment stays its own."""
        with self._lock:
            self._kept.clear()
            self._bytes = 0
