"""Where exemplars were made from, so that their effect is never measured on the very items that made them.

    held out    decided, ranked by the run, and of no exemplar: neither its origin nor an item with its prompt

An origin is known by the exemplar's sha256: an edit of the text carries it along (`carry_origin`).
"""

from __future__ import annotations

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from db.queries_trials import items_by_id, origins_of, ranked_with_choice
from db.tables import Run
from db.tables_criteria import ExemplarOrigin
from scoring.criteria_body import CriteriaBody, Exemplar
from services.criteria.exemplar_words import is_one_of, plain
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
    """Decided items that the run ranked and that no exemplar of the body was made from or shares its prompt with.

    Decided: the decision that counts names a best candidate. In file order. NotFound when there is no such run.
    """
    exemplars = [one for entry in (body.default, *(e for _, e in body.domains)) for one in entry.exemplars]
    with sessions() as session:
        if session.get(Run, run_id) is None:
            raise NotFound(f"no run {run_id}; it may have been deleted")
        used = {origin.item_id for origin in origins_of(session, [one.sha256 for one in exemplars])}
        items = items_by_id(session, [one for one in ranked_with_choice(session, run_id) if one not in used])
        prompts = {plain(one.prompt) for one in exemplars}
        free = [item for item in items if not is_one_of(item.messages, prompts)]
        found: list[int] = []
        for start in range(0, len(free), BATCH_ITEMS):
            known = with_findings(session, free[start : start + BATCH_ITEMS], None, None)
            found += [one.item.item_id for one in known if truth_of(one).truth == "decision"]
    return tuple(found)
