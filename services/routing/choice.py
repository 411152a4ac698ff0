"""Where a run takes an item's domain from; part of its configuration.

    column   the item's own domain, as the file had it (the default)
    fixed    one domain for all
    router   what the strong model calls it under a router version; below the threshold, the criteria's default

A correction by hand comes before the router. Leaves out asking the model (dataset.py).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from sqlalchemy.orm import Session, sessionmaker

from services.errors import Refused
from services.routing.store import BUILTIN, find_router
from services.version_store import NAME_LIMIT

DEFAULT_THRESHOLD = 0.5  # the first choice is likelier than all others together
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
        if self.by == "fixed":
            self._check_domain()
        if self.by == "router" and self.router_id is None:
            raise Refused("domains by a router, but none is named; choose one")
        if not 0 <= self.threshold <= 1:
            raise Refused(f"the router's threshold is {self.threshold:g}; it is a probability, from 0 to 1")

    def _check_domain(self) -> None:
        """A name that matches the criteria's whatever blanks were typed, and that is not too long to be kept."""
        name = (self.domain or "").strip()
        if not name:
            raise Refused("one domain for all items, but it has no name; name it")
        if len(name) > NAME_LIMIT:
            raise Refused(f"the domain {name[:30]!r}… has {len(name)} characters; the limit is {NAME_LIMIT}")
        object.__setattr__(self, "domain", name)

    def to_json(self) -> dict[str, Any]:
        """As plain JSON, for a run's configuration."""
        return asdict(self)


BY_COLUMN = Routing()


def routing_of(configuration: dict[str, Any]) -> Routing:
    """A run's routing; runs from before routers took the item's own column."""
    found = configuration.get("routing")
    return BY_COLUMN if found is None else Routing(**found)


def routing_from_words(sessions: sessionmaker[Session], text: str | None) -> Routing:
    """A routing as the command line names it: column, fixed:NAME, router[:ROUTER][:THRESHOLD].

    Without a threshold it is 0.5, without a router the built-in one. Raises Refused or NotFound in one line.
    """
    by, _, rest = (text or "column").strip().partition(":")
    if by == "column" and not rest:
        return BY_COLUMN
    if by == "fixed":
        return Routing("fixed", domain=rest.strip())
    if by == "router":
        parts = [part.strip() for part in rest.split(":") if part.strip()]
        threshold = _number(parts.pop()) if parts and _number(parts[-1]) is not None else DEFAULT_THRESHOLD
        if len(parts) <= 1:
            router = find_router(sessions, parts[0] if parts else BUILTIN)
            return Routing("router", router_id=router.router_id, threshold=threshold or 0.0)
    raise Refused(f"domains {text!r}; give column, fixed:NAME, router or router:THRESHOLD (from 0 to 1)")


def routing_words(routing: Routing, router: str | None = None) -> str:
    """A routing in words; `router` is the named router's label.

    >>> routing_words(Routing("router", router_id=1, threshold=0.5), "three-domains")
    'by the router three-domains, default below 50 %'
    """
    if routing.by == "column":
        return "the file's own column"
    if routing.by == "fixed":
        return f"{routing.domain} for all items"
    below = f", default below {100 * routing.threshold:.0f} %" if routing.threshold else ""
    return f"by the router {router or routing.router_id}{below}"


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
