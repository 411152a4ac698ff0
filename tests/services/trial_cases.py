"""A draft to try, a run to try it beside, and what a trial keeps: for the tests of trials."""

from __future__ import annotations

from service_builders import queue_run
from sqlalchemy import select

from db.session import Sessions
from db.tables import Suggestion
from db.tables_criteria import Trial
from scoring.conditioning import Conditioning
from scoring.criteria_body import CriteriaBody, DomainCriteria, Exemplar
from scoring.room import ModelRoom
from services.weighing.run import weigh

DRAFT = CriteriaBody("kind tea shop", {"chat": DomainCriteria("hot", (Exemplar("tea", "milk", "sugar", "cold"),))})
STRONG_ONLY = Conditioning(read_by="strong")


def weighed(desk: Sessions, room: ModelRoom, dataset_id: int, **more: object) -> int:
    run_id = queue_run(desk, dataset_id, **more)
    assert weigh(desk, room, run_id).status == "done"
    return run_id


def best_by_item(desk: Sessions, run_id: int) -> dict[int, int]:
    with desk() as session:
        rows = session.execute(
            select(Suggestion.item_id, Suggestion.best_candidate_id).where(Suggestion.run_id == run_id)
        )
        return {row[0]: row[1] for row in rows}


def tried(desk: Sessions, trial_id: int) -> dict[int, tuple[int, float]]:
    """item_id -> (best candidate, margin) as the trial keeps them."""
    with desk() as session:
        found = session.get_one(Trial, trial_id).results
    return {int(item_id): (row["ranking"][0][0], row["margin"]) for item_id, row in found.items() if "margin" in row}


def items_of(desk: Sessions, trial_id: int) -> list[int]:
    with desk() as session:
        return list(session.get_one(Trial, trial_id).item_ids)
