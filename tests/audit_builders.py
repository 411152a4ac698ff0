"""A weighed dataset of pairs written straight into the tables, and people who look at it as the services serve it.

The run suggests the first candidate of every item. What people think is a rule over places of the file.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert, update

from db.session import Sessions
from db.tables import Candidate, Criteria, Dataset, Decision, Item, ModelPairRow, Run, Suggestion, utc_now
from db.tables_audit import Look, PlanItem
from services.annotators import ensure_annotator
from services.decisions import decide
from services.looks.chance import is_blind
from services.looks.redraw import kept_draw
from services.looks.rows import PlanRow
from services.looks.serve import next_look

_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Audited:
    """What was written; items and candidates by place in the file."""

    sessions: Sessions
    dataset_id: int
    run_id: int
    item_ids: tuple[int, ...]
    candidate_ids: tuple[tuple[int, int], ...]

    def place(self, item_id: int) -> int:
        """Where in the file an item is."""
        return self.item_ids.index(item_id)


def audited_set(
    sessions: Sessions, margins: Sequence[float], *, domains: Sequence[str | None] | None = None, name: str = "set"
) -> Audited:
    """Pairs with these margins under a run that is done; the first candidate is suggested."""
    with sessions.begin() as session:
        dataset = Dataset(name=name, n_items=len(margins), n_candidates=2 * len(margins))
        number = next(_numbers)
        criteria = Criteria(name=name, body={}, sha256=f"{number:064d}")
        pair = ModelPairRow(name="a pair", spec={}, sha256=f"{number:064d}")
        session.add_all([dataset, criteria, pair])
        session.flush()
        run = Run(
            dataset_id=dataset.dataset_id, model_pair_id=pair.model_pair_id, criteria_id=criteria.criteria_id,
            configuration={"rank_by": "sum"}, status="done", n_items=len(margins), n_done=len(margins),
        )  # fmt: skip
        session.add(run)
        session.flush()
        rows = [
            {
                "dataset_id": dataset.dataset_id, "position": place, "domain": domains[place] if domains else None,
                "messages": [{"role": "user", "content": f"{place}?"}],
            }
            for place in range(len(margins))
        ]  # fmt: skip
        items = tuple(session.scalars(insert(Item).returning(Item.item_id, sort_by_parameter_order=True), rows))
        texts = [{"item_id": one, "position": k, "text": "AB"[k]} for one in items for k in (0, 1)]
        wanted = insert(Candidate).returning(Candidate.candidate_id, sort_by_parameter_order=True)
        ids = list(session.scalars(wanted, texts))
        pairs = tuple(zip(ids[::2], ids[1::2], strict=True))
        session.execute(
            insert(Suggestion),
            [
                {
                    "run_id": run.run_id, "item_id": item_id, "best_candidate_id": first,
                    "ranking": [[first], [second]], "margin": margin,
                }
                for item_id, (first, second), margin in zip(items, pairs, margins, strict=True)
            ],
        )  # fmt: skip
        return Audited(sessions, dataset.dataset_id, run.run_id, items, pairs)


def say(audited: Audited, place: int, what: str, *, by: str = "Ada", look_id: int | None = None) -> None:
    """A decision on the item at that place: right (the suggested one), wrong (the other), tie, skip or flag."""
    first, second = audited.candidate_ids[place]
    chosen = {"right": first, "wrong": second}.get(what)
    decide(
        audited.sessions, item_id=audited.item_ids[place], run_id=audited.run_id, annotator=by,
        verdict_request="best" if chosen else what, chosen_candidate_id=chosen, submission=f"t{next(_numbers)}",
        look_id=look_id,
    )  # fmt: skip


def look_at(audited: Audited, plan_id: int, n: int, opinion: Callable[[int], str], *, by: str = "Ada") -> list[int]:
    """Take the plan's next n looks and decide each by the place of its item; the places, in the order served."""
    places: list[int] = []
    for _ in range(n):
        look = next_look(audited.sessions, plan_id=plan_id, annotator=by)
        if look is None:
            break
        place = audited.place(look.item_id)
        say(audited, place, opinion(place), by=by, look_id=look.look_id)
        places.append(place)
    return places


def settle(
    audited: Audited,
    places: Sequence[int],
    opinion: Callable[[int], str],
    *,
    by: str = "Ada",
    plan: PlanRow | None = None,
) -> None:
    """Decisions on the items at these places, right or wrong, written in one go: hundreds of them in a test.

    With a plan they are made on its looks, which are taken to be the plan's first places, in their order.
    """
    person = ensure_annotator(audited.sessions, by)
    rows = [
        {
            "submission": f"t{next(_numbers)}", "run_id": audited.run_id, "item_id": audited.item_ids[place],
            "annotator_id": person.annotator_id, "verdict": "accept" if opinion(place) == "right" else "override",
            "chosen_candidate_id": audited.candidate_ids[place][opinion(place) == "wrong"],
        }
        for place in places
    ]  # fmt: skip
    with audited.sessions.begin() as session:
        if plan is not None:
            looks = [_look(row, plan, at) for at, row in enumerate(rows)]
            wanted = insert(Look).returning(Look.look_id, sort_by_parameter_order=True)
            for row, look, look_id in zip(rows, looks, session.scalars(wanted, looks), strict=True):
                row |= {"look_id": look_id, "is_blind": look["is_blind"]}
            seen = (PlanItem.plan_id == plan.plan_id) & PlanItem.item_id.in_([row["item_id"] for row in rows])
            session.execute(update(PlanItem).where(seen).values(n_free=PlanItem.n_free - 1))
        session.execute(insert(Decision), rows)


def _look(row: dict[str, Any], plan: PlanRow, place: int) -> dict[str, Any]:
    return {
        "plan_id": plan.plan_id, "dataset_id": plan.dataset_id, "run_id": plan.run_id, "item_id": row["item_id"],
        "annotator_id": row["annotator_id"], "drawn_by": plan.order, "place": place, "closed_at": utc_now(),
        "closed_as": "decided", "is_blind": is_blind(plan.seed, row["item_id"], share=plan.blind_share),
    }  # fmt: skip


def drawn(audited: Audited, plan_id: int) -> list[int]:
    """Places in the file of what a plan has drawn, in the order of drawing."""
    with audited.sessions() as session:
        return [audited.place(one.item_id) for one in kept_draw(session, plan_id)]
