"""A small router and items that tiny models can be asked about, and what a run made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from service_builders import plain_items, queue_run
from sqlalchemy import select

from db.session import Sessions
from db.tables import Item
from db.tables_criteria import ItemDomain
from scoring.criteria import CriteriaBody
from scoring.router import RouterBody
from services.criteria.store import add_version
from services.formats.drafts import ItemDraft
from services.routing.choice import Routing
from services.routing.store import add_router_version

# An untrained model finds most names likelier than others whatever the prompt; of these two it names either.
BODY = RouterBody({"gh": "tea", "ij": "a price", "kl": "hot water"})
BY_DOMAIN = CriteriaBody("Be kind.", {"gh": "Be brief.", "ij": "Show it.", "kl": "Be careful."})


def small_router(sessions: Sessions) -> int:
    """Its router_id."""
    return add_router_version(sessions, "small", body=BODY).router_id


def by_router(sessions: Sessions, threshold: float = 0.0) -> Routing:
    """Domains by the small router."""
    return Routing("router", router_id=small_router(sessions), threshold=threshold)


def by_domain_run(sessions: Sessions, dataset_id: int, routing: Routing, *, pair: str = "tiny") -> int:
    """A queued run under criteria that differ by domain."""
    criteria_id = add_version(sessions, "by-kind", title="", body=BY_DOMAIN).criteria_id
    return queue_run(sessions, dataset_id, pair=pair, criteria_id=criteria_id, routing=routing)


def with_domains(items: Sequence[ItemDraft], domains: Sequence[str | None]) -> list[ItemDraft]:
    """The same items with these domains in the file's column."""
    return [replace(item, domain=domain) for item, domain in zip(items, domains, strict=True)]


def some_items(n: int) -> list[ItemDraft]:
    """n items with two responses each."""
    return plain_items(n, k=2)


def taken(sessions: Sessions, run_id: int) -> dict[int, tuple[str | None, str, float | None]]:
    """position -> (domain, source, probability), as the run wrote them."""
    wanted = (
        select(Item.position, ItemDomain.domain, ItemDomain.source, ItemDomain.probability)
        .join(Item, Item.item_id == ItemDomain.item_id)
        .where(ItemDomain.run_id == run_id)
    )
    with sessions() as session:
        return {position: (domain, source, p) for position, domain, source, p in session.execute(wanted)}
