"""A weighed desk without a model, and a person at a plan who says what they do."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update

from bench.people_desk import write_weighed
from db.session import Sessions
from db.tables import Suggestion, utc_now
from db.tables_audit import Look
from services.decisions import decide, undo
from services.looks import leases, plans, serve
from services.looks.rows import LookRow, PlanRow
from services.reviews.rows import DecisionRow

TOKENS = itertools.count()


class Person:
    """Somebody who works through a plan: `look`, then `say`."""

    def __init__(self, sessions: Sessions, plan: PlanRow, name: str = "ann") -> None:
        self.sessions, self.plan, self.name = sessions, plan, name

    def look(self, **more: Any) -> LookRow | None:
        """What the plan hands out next."""
        return serve.next_look(self.sessions, plan_id=self.plan.plan_id, annotator=self.name, **more)

    def must_look(self, **more: Any) -> LookRow:
        """The same where there must be something."""
        found = self.look(**more)
        assert found is not None
        return found

    def open(self, item_id: int) -> LookRow:
        """An item by its link."""
        return serve.open_item(self.sessions, plan_id=self.plan.plan_id, item_id=item_id, annotator=self.name)

    def say(self, look: LookRow, verdict: str = "tie", **more: Any) -> DecisionRow:
        """Decides on a look."""
        return decide(
            self.sessions, item_id=look.item_id, run_id=self.plan.run_id, annotator=self.name, look_id=look.look_id,
            verdict_request=verdict, submission=f"token {next(TOKENS)}", display_order=look.display_order, **more,
        )  # fmt: skip

    def accept(self, look: LookRow) -> DecisionRow:
        """Chooses what the run suggests."""
        with self.sessions() as session:
            best = session.get_one(Suggestion, (self.plan.run_id, look.item_id)).best_candidate_id
        return self.say(look, "best", chosen_candidate_id=best)

    def undo(self) -> None:
        """Takes the latest action back."""
        undo(self.sessions, dataset_id=self.plan.dataset_id, annotator=self.name)

    def give_back(self, look: LookRow) -> LookRow:
        """Leaves the item to others."""
        return leases.give_back(self.sessions, look.look_id, annotator=self.name)

    def work(self, n: int) -> list[LookRow]:
        """Decides on the next n items."""
        found = []
        for _ in range(n):
            found.append(self.must_look())
            self.say(found[-1])
        return found

    def progress(self) -> Any:
        """How far they and the plan are."""
        return serve.plan_progress(self.sessions, self.plan.plan_id, self.name)


def weighed(sessions: Sessions, n_items: int = 30, **more: Any) -> tuple[int, int]:
    """(dataset_id, run_id) of n weighed items."""
    dataset_id, runs = write_weighed(sessions, n_items, **more)
    return dataset_id, runs[0]


def planned(sessions: Sessions, n_items: int = 30, *, k: int = 2, **more: Any) -> PlanRow:
    """A plan over a dataset of its own; random with a fixed seed unless told otherwise."""
    dataset_id, run_id = weighed(sessions, n_items, k=k)
    asked = {"order": "random", "seed": "seed", "made_by": "boss"} | more
    return plans.make_plan(sessions, dataset_id=dataset_id, run_id=run_id, **asked)


def let_leases_run_out(sessions: Sessions, plan: PlanRow) -> None:
    """Every open look of the plan was handed out too long ago."""
    past = utc_now() - timedelta(seconds=1)
    with sessions.begin() as session:
        session.execute(
            update(Look)
            .where(Look.plan_id == plan.plan_id, Look.closed_as.is_(None), Look.leased_until.is_not(None))
            .values(leased_until=past)
        )


def looks_of(sessions: Sessions, plan: PlanRow) -> list[Look]:
    """Every look of a plan, oldest first."""
    with sessions() as session:
        return list(session.scalars(select(Look).where(Look.plan_id == plan.plan_id).order_by(Look.look_id)))
