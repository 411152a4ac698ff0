"""An item shown blind under two plans: what was revealed after the first decision is known at the second."""

from __future__ import annotations

import pytest
from look_builders import Person, planned

from db.queries_audit import blind_first_marks
from db.session import Sessions
from services.looks.plans import make_plan
from services.looks.serve import reveal


@pytest.mark.parametrize("is_revealed", [True, False])
def test_a_suggestion_revealed_under_one_plan_is_known_under_the_next(fresh_db: Sessions, is_revealed: bool) -> None:
    first = planned(fresh_db, 1, blind_share=1.0)
    second = make_plan(
        fresh_db, dataset_id=first.dataset_id, run_id=first.run_id, made_by="boss", order="random", blind_share=1.0
    )
    for plan in (first, second):
        person = Person(fresh_db, plan)
        look = person.must_look()
        person.say(look)
        if is_revealed:
            reveal(fresh_db, look.look_id)
    with fresh_db() as session:
        assert len(blind_first_marks(session, first.plan_id)) == 1
        assert len(blind_first_marks(session, second.plan_id)) == (0 if is_revealed else 1)
