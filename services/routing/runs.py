"""The domains of a run's items: found once, chunk by chunk before it is encoded, and kept in `item_domain`.

What is written there stands: a correction made later, a resumed run and the weak model's turn change nothing. Runs by
the file's own column write nothing. Leaves out asking the model (guesses.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy.orm import Session, sessionmaker

from db.queries_routing import corrections_of, item_domains, keep_item_domains
from scoring.protocol import OpenModel
from services.errors import Refused
from services.routing.choice import Routing, routing_of
from services.routing.guesses import ask
from services.routing.resolve import FIXED, ResolvedDomain, resolve
from services.run_hold import RunHold
from services.weighing.encode import ItemText
from services.weighing.logprob_cache import KeepBatch


def routed(hold: RunHold, items: Sequence[ItemText], model: OpenModel, *, keep: KeepBatch) -> list[ItemText]:
    """A chunk of a run under the domains the run takes for it, found now where that was not done before.

    All of the chunk is asked in one call, so that a resumed run plans the same packs.
    Raises RunLost, RunCancelled (what was computed is kept), EngineFailed, NotFound.
    """
    routing = routing_of(hold.configuration)
    if routing.by == "column" or not items:
        return list(items)
    if _is_known(hold, items):
        return under_run_domains(hold.sessions, hold.run_id, items)
    found = _fixed(routing, items) if routing.by == "fixed" else _asked(hold, items, model, routing, keep)
    with hold.writing(hold.counts) as session:
        known = item_domains(session, hold.run_id, [item.item_id for item in items])
        rows = [_row(hold.run_id, item_id, one) for item_id, one in found.items() if item_id not in known]
        keep_item_domains(session, rows)
    return under_run_domains(hold.sessions, hold.run_id, items)


def under_run_domains(sessions: sessionmaker[Session], run_id: int, items: Sequence[ItemText]) -> list[ItemText]:
    """The items with the domain that the run took for them, which is not always their own column's."""
    with sessions() as session:
        taken = item_domains(session, run_id, [item.item_id for item in items])
    return [replace(item, domain=taken[item.item_id].domain) if item.item_id in taken else item for item in items]


def _is_known(hold: RunHold, items: Sequence[ItemText]) -> bool:
    item_ids = [item.item_id for item in items]
    with hold.sessions() as session:
        return len(item_domains(session, hold.run_id, item_ids)) == len(item_ids)


def _fixed(routing: Routing, items: Sequence[ItemText]) -> dict[int, ResolvedDomain]:
    return {item.item_id: ResolvedDomain(routing.domain, FIXED) for item in items}


def _asked(
    hold: RunHold, items: Sequence[ItemText], model: OpenModel, routing: Routing, keep: KeepBatch
) -> dict[int, ResolvedDomain]:
    if routing.router_id is None:
        raise Refused(f"run {hold.run_id} takes its domains from a router, but names none; start a new run")
    asked = ask(hold.sessions, model, routing.router_id, items, keep=keep)
    hold.count_cached(asked.filled.n_cached)
    with hold.sessions() as session:
        corrected = corrections_of(session, [item.item_id for item in items])
    found = {}
    for item_id, guess in asked.by_item.items():
        by_hand = corrected.get(item_id)
        resolved = resolve(guess, None if by_hand is None else by_hand.domain, routing.threshold)
        if resolved is not None:  # a guess was made, so it is
            found[item_id] = resolved
    return found


def _row(run_id: int, item_id: int, one: ResolvedDomain) -> dict[str, object]:
    return {
        "run_id": run_id,
        "item_id": item_id,
        "domain": one.domain,
        "source": one.source,
        "probability": one.probability,
    }
