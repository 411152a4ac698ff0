"""A plan on the desk of page tests, somebody at work under it, and what they chose."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from desk_data import Desk
from desk_people import Reviewer
from sqlalchemy import select

from db.tables import Decision, Suggestion
from db.tables_audit import Look
from services.looks import plans

Decisions = Callable[[], list[Decision]]
LEADING = ("suggested", "nats", "rank 1", "margin", "tokens<", "t-reward", "model-x", "gold")


def make_plan(desk: Desk, **more: Any) -> int:
    asked = {"order": "file", "seed": "seed", "made_by": "boss", "dataset_id": desk.dataset_id} | more
    return plans.make_plan(desk.sessions, run_id=desk.run_id, **asked).plan_id


def at_plan(desk: Desk, plan_id: int, **query: object) -> Reviewer:
    person = Reviewer()
    person.open(dataset="tea shop", plan=plan_id, **query)
    return person


def looks(desk: Desk) -> list[Look]:
    with desk.sessions() as session:
        return list(session.scalars(select(Look).order_by(Look.look_id)))


def suggested(desk: Desk, item_id: int) -> int:
    with desk.sessions() as session:
        return session.get_one(Suggestion, (desk.run_id, item_id)).best_candidate_id


def choose_other_than_suggested(person: Reviewer, desk: Desk) -> int:
    """Presses a response that the run does not suggest; its id."""
    look = next(one for one in looks(desk) if one.item_id == person.item_id)
    place = next(n for n, one in enumerate(look.display_order) if one != suggested(desk, look.item_id))
    person.choose(place + 1)
    return int(look.display_order[place])
