"""What the tests of the Criteria page share: its visitor, drafts as kept, a trial as the thread would leave it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from desk_data import Desk
from visitor import Visitor

from db.session import Sessions
from db.tables import utc_now
from db.tables_criteria import Trial
from services.criteria.editing import Editing, read_editing
from services.criteria.store import CriteriaBody
from ui import frame

RUN_CRITERIA = "demo"  # what desk_data's run is made under


class CriteriaVisitor(Visitor):
    """Somebody at the Criteria page."""

    def __init__(self, **query: object) -> None:
        super().__init__(frame.CRITERIA, **query)

    def show(self, panel: str) -> CriteriaVisitor:
        """Opens a panel: Write, Rendered, Compare, Try it."""
        self.put("criteria_panel", panel)
        return self

    def value(self, key: str) -> Any:
        """What a field holds."""
        return self.at.get_by_key(key).value


def typed(sessions: Sessions, name: str = RUN_CRITERIA, annotator: str = "me") -> Editing | None:
    """The draft as the database has it."""
    known = read_editing(sessions, annotator, name)
    return None if known is None else known[1]


def keep_trial(
    desk: Desk, body: CriteriaBody, best: Mapping[int, int], *, items: Sequence[int] | None = None, done: bool = True
) -> int:
    """A trial of a body: item place -> place of the candidate that comes out best; the others follow in file order."""
    places = list(best) if items is None else list(items)
    results = {}
    for place, first in best.items():
        others = [one for at, one in enumerate(desk.candidate_ids[place]) if at != first]
        ranking = [[desk.candidate_ids[place][first]], *([one] for one in others)]
        results[str(desk.item_ids[place])] = {"ranking": ranking, "margin": 1.5}
    with desk.sessions.begin() as session:
        trial = Trial(
            dataset_id=desk.dataset_id, run_id=desk.run_id,
            criteria_sha256=body.sha256, body=json.loads(body.to_json()),
            configuration={"conditioning": {"read_by": "both", "exemplars": "system"}, "computed": {"strong": 5}},
            item_ids=[desk.item_ids[place] for place in places], results=results,
            finished_at=utc_now() if done else None,
        )  # fmt: skip
        session.add(trial)
        session.flush()
        return trial.trial_id
