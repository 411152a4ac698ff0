"""Where a run takes an item's domain from; part of its configuration.

    column   the item's own domain, as the file had it (the default)
    fixed    one domain for all
    router   what the strong model calls it under a router version; below the threshold, the criteria's default

A correction by hand comes before the router. Leaves out asking the model (routing.py).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from services.errors import Refused

By = Literal["column", "fixed", "router"]


@dataclass(frozen=True, slots=True)
class Routing:
    """domain: with "fixed". router_id and threshold (a probability): with "router". Raises Refused when they clash."""

    by: By = "column"
    domain: str | None = None
    router_id: int | None = None
    threshold: float = 0.0

    def __post_init__(self) -> None:
        if self.by not in ("column", "fixed", "router"):
            raise Refused(f"domains by {self.by!r}; choose column, fixed or router")
        if self.by == "fixed" and not (self.domain or "").strip():
            raise Refused("one domain for all items, but it has no name; name it")
        if self.by == "router" and self.router_id is None:
            raise Refused("domains by a router, but none is named; choose one")
        if not 0 <= self.threshold <= 1:
            raise Refused(f"the router's threshold is {self.threshold:g}; it is a probability, from 0 to 1")

    def to_json(self) -> dict[str, Any]:
        """As plain JSON, for a run's configuration."""
        return asdict(self)


BY_COLUMN = Routing()


def routing_of(configuration: dict[str, Any]) -> Routing:
    """A run's routing; runs from before routers took the item's own column."""
    found = configuration.get("routing")
    return BY_COLUMN if found is None else Routing(**found)
