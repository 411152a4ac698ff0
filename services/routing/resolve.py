"""Which domain counts for an item: a correction by hand, else the router's when it is sure enough, else none.

None means the criteria's default. Pure but for `run_domains_of`, which reads what a run took.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from db.queries_routing import item_domains
from db.tables import Run
from services.routing.choice import routing_of
from services.routing.guesses import Guess

HAND, ROUTER, FIXED, BELOW, PROBLEM = "hand", "router", "fixed", "below threshold", "problem"


@dataclass(frozen=True, slots=True)
class ResolvedDomain:
    """An item's domain and where it comes from.

    domain: None is the criteria's default. source: hand | router | fixed | below threshold | problem.
    probability: of the router's first choice, with router and below threshold. threshold: what it had to reach.
    """

    domain: str | None
    source: str
    probability: float | None = None
    threshold: float = 0.0


def resolve(guess: Guess | None, corrected: str | None, threshold: float) -> ResolvedDomain | None:
    """The domain that counts; None when neither a person nor a model has said anything.

    >>> resolve(Guess({"chat": 0.4, "safety": 0.6}), None, 0.7).source
    'below threshold'
    """
    if corrected is not None:
        return ResolvedDomain(corrected, HAND)
    if guess is None:
        return None
    if guess.first is None:
        return ResolvedDomain(None, PROBLEM)
    domain, probability = guess.first
    if probability < threshold:
        return ResolvedDomain(None, BELOW, probability, threshold)
    return ResolvedDomain(domain, ROUTER, probability, threshold)


def run_domains_of(session: Session, run_id: int, item_ids: Iterable[int]) -> Mapping[int, ResolvedDomain]:
    """The domain a run took for each of the items it has come to; empty for a run by the file's own column."""
    wanted = list(item_ids)
    rows = item_domains(session, run_id, wanted)
    if not rows:
        return {}
    threshold = routing_of(session.get_one(Run, run_id).configuration).threshold
    return {
        item_id: ResolvedDomain(row.domain, row.source, row.probability, threshold) for item_id, row in rows.items()
    }
