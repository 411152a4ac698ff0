"""Where exemplars were made from, so that their effect is never measured on the very items that made them.

    held out    decided, ranked by the run, and of no exemplar of the draft or of the run's criteria: neither its origin
                nor an item with its prompt, or with its origin's

An origin is known by the exemplar's sha256: an edit of the text carries it along (`carry_origin`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from db.queries_trials import items_by_id, origins_of, ranked_with_choice
from db.tables import Criteria, Item, Run
from db.tables_criteria import ExemplarOrigin
from scoring.criteria_body import CriteriaBody, Exemplar
from services.criteria.exemplar_words import is_one_of, plain, prompt_of
from services.errors import NotFound
from services.exports.items import BATCH_ITEMS, with_findings
from services.trials.ledger import truth_of


def remember_origin(
    sessions: sessionmaker[Session], exemplar_sha256: str, *, item_id: int, decision_id: int | None
) -> None:
    """Write down that this exemplar was made from this item; once is enough."""
    try:
        with sessions.begin() as session:
            if session.get(ExemplarOrigin, (exemplar_sha256, item_id)) is None:
                origin = ExemplarOrigin(exemplar_sha256=exemplar_sha256, item_id=item_id, decision_id=decision_id)
                session.add(origin)
    except IntegrityError:  # another tab wrote the same a moment ago
        with sessions() as session:
            if session.get(ExemplarOrigin, (exemplar_sha256, item_id)) is None:
                raise


def carry_origin(sessions: sessionmaker[Session], *, before: Exemplar, after: Exemplar) -> None:
    """An exemplar was edited: what it was made from is still never used to measure it."""
    with sessions() as session:
        origins = origins_of(session, [before.sha256])
    for origin in origins:
        remember_origin(sessions, after.sha256, item_id=origin.item_id, decision_id=origin.decision_id)


def held_out_item_ids(sessions: sessionmaker[Session], *, run_id: int, body: CriteriaBody) -> tuple[int, ...]:
    """Decided items that the run ranked and that no exemplar of the body, or of the run's own criteria, knows.

    The run's too, or an item it had read about would be compared with one that the body has not. Decided: the decision
    that counts names a best candidate. In file order. NotFound when there is no such run.
    """
    with sessions() as session:
        run = session.get(Run, run_id)
        if run is None:
            raise NotFound(f"no run {run_id}; it may have been deleted")
        items = items_by_id(session, ranked_with_choice(session, run_id))
        used = used_item_ids(session, items, [body, body_of_run(session, run)])
        free = [item for item in items if item.item_id not in used]
        found: list[int] = []
        for start in range(0, len(free), BATCH_ITEMS):
            known = with_findings(session, free[start : start + BATCH_ITEMS], None, None)
            found += [one.item.item_id for one in known if truth_of(one).truth == "decision"]
    return tuple(found)


def body_of_run(session: Session, run: Run) -> CriteriaBody:
    """The criteria that the run was made under."""
    return CriteriaBody.from_json(json.dumps(session.get_one(Criteria, run.criteria_id).body))


def used_item_ids(session: Session, items: Sequence[Item], bodies: Iterable[CriteriaBody]) -> frozenset[int]:
    """Those of the items that an exemplar of the bodies was made from, or that share a prompt with one or its item."""
    entries = [entry for body in bodies for entry in (body.default, *(e for _, e in body.domains))]
    exemplars = [one for entry in entries for one in entry.exemplars]
    if not exemplars:
        return frozenset()
    made_from = {origin.item_id for origin in origins_of(session, [one.sha256 for one in exemplars])}
    prompts = {plain(one.prompt) for one in exemplars}
    prompts |= {plain(prompt_of(item.messages)) for item in items_by_id(session, list(made_from))}
    return frozenset(item.item_id for item in items if item.item_id in made_from or is_one_of(item.messages, prompts))
