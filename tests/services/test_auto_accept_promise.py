"""What an application promises is about the labels it writes: whatever was accepted before, and whatever is tied."""

from __future__ import annotations

import pytest
from audit_builders import Audited, audited_set, drawn, look_at, say, settle
from sqlalchemy import insert, select, update

from db.session import Sessions
from db.tables import Run, Suggestion
from services.audit.accuracy import accuracy_of, looks_for_width
from services.audit.auto_accept import apply, propose, revoke
from services.audit.outcomes import sample_outcomes
from services.errors import Refused
from services.labels import AUTO, labels_of
from services.looks.plans import make_plan
from services.looks.serve import next_look

N = 600
N_BAD = 30  # of the smallest margins; all of them wrong
pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


@pytest.fixture
def audited(fresh_db: Sessions) -> Audited:
    """Six hundred pairs with margins 0.5 to 599.5."""
    return audited_set(fresh_db, [place + 0.5 for place in range(N)])


def looked(audited: Audited, *, n: int = 300, run_id: int | None = None) -> int:
    """A random plan, all of its looks taken: the N_BAD smallest margins of the first run are wrong."""
    plan = make_plan(
        audited.sessions, dataset_id=audited.dataset_id, run_id=run_id or audited.run_id, made_by="Ada",
        order="random", n=n, seed="promise",
    )  # fmt: skip
    settle(audited, drawn(audited, plan.plan_id), lambda place: "wrong" if place < N_BAD else "right")
    return plan.plan_id


def accepted(audited: Audited) -> list[int]:
    with audited.sessions() as session:
        labels = labels_of(session, audited.dataset_id)
    return [audited.place(item_id) for item_id, label in labels.items() if label.source == AUTO]


def same_run_with_other_margins(audited: Audited) -> int:
    """A second run that suggests the same and is equally sure of everything."""
    with audited.sessions.begin() as session:
        first = session.get_one(Run, audited.run_id)
        run = Run(
            dataset_id=audited.dataset_id, model_pair_id=first.model_pair_id, criteria_id=first.criteria_id,
            configuration={"rank_by": "sum"}, status="done", n_items=N, n_done=N,
        )  # fmt: skip
        session.add(run)
        session.flush()
        rows = [
            {"run_id": run.run_id, "item_id": item_id, "best_candidate_id": pair[0], "ranking": [[pair[0]], [pair[1]]],
             "margin": 1.0}
            for item_id, pair in zip(audited.item_ids, audited.candidate_ids, strict=True)
        ]  # fmt: skip
        session.execute(insert(Suggestion), rows)
        return run.run_id


def test_what_another_run_left_over_is_not_accepted_on_the_strength_of_what_it_took(audited: Audited) -> None:
    other = same_run_with_other_margins(audited)
    plan_id = looked(audited)
    apply(audited.sessions, propose(audited.sessions, plan_id=plan_id, target=0.05), by="Ada")
    left = set(range(N_BAD)) - set(accepted(audited))
    assert len(left) == N_BAD
    plan = make_plan(
        audited.sessions, dataset_id=audited.dataset_id, run_id=other, made_by="Ada", order="random", n=150, seed="p"
    )
    settle(audited, drawn(audited, plan.plan_id), lambda place: "wrong" if place < N_BAD else "right")
    proposal = propose(audited.sessions, plan_id=plan.plan_id, target=0.12)
    assert proposal.n_before > 100
    assert proposal.n_accepted == 0  # 12 % of everything may be wrong, and all that is left is


def test_a_second_application_is_about_its_own_labels_and_taking_the_first_back_gives_them_all(
    audited: Audited,
) -> None:
    plan_id = looked(audited)
    first = apply(audited.sessions, propose(audited.sessions, plan_id=plan_id, target=0.05), by="Ada")
    again = propose(audited.sessions, plan_id=plan_id, target=0.2)
    assert (again.n_accepted, again.n_before) == (0, first.n_items)
    with pytest.raises(Refused, match="nothing is left to accept"):
        apply(audited.sessions, again, by="Ada")
    revoke(audited.sessions, first.auto_accept_id, by="Ada")
    anew = propose(audited.sessions, plan_id=plan_id, target=0.2)
    assert (anew.n_accepted, anew.n_before) == (N - 300, 0)
    apply(audited.sessions, anew, by="Ada")
    places = accepted(audited)
    assert sum(place < N_BAD for place in places) <= 0.2 * len(places)


def test_a_suggestion_without_a_single_best_is_never_accepted_unlooked(fresh_db: Sessions) -> None:
    audited = audited_set(fresh_db, [0.0] * N)
    with audited.sessions.begin() as session:
        rows = session.execute(select(Suggestion.item_id, Suggestion.ranking)).all()
        tied = [
            {"run_id": audited.run_id, "item_id": item_id, "ranking": [[first[0], second[0]]]}
            for item_id, (first, second) in rows[400:]
        ]
        session.execute(update(Suggestion), tied)
    plan = make_plan(
        audited.sessions, dataset_id=audited.dataset_id, run_id=audited.run_id, made_by="Ada", order="random", n=300
    )
    settle(audited, drawn(audited, plan.plan_id), lambda place: "wrong" if place >= 400 else "right")
    assert accuracy_of(audited.sessions, plan.plan_id).exact.value == 1.0  # one of the tied is as good as the other
    proposal = propose(audited.sessions, plan_id=plan.plan_id, target=0.1)
    made = apply(audited.sessions, proposal, by="Ada")
    assert made.n_items == proposal.n_accepted
    assert set(accepted(audited)) == set(range(400)) - set(drawn(audited, plan.plan_id))


def test_a_blind_item_that_was_put_off_first_counts_with_what_was_said_then(audited: Audited) -> None:
    plan = make_plan(
        audited.sessions, dataset_id=audited.dataset_id, run_id=audited.run_id, made_by="Ada", order="random", n=1,
        blind_share=1.0, overlap=1,
    )  # fmt: skip
    for what in ("skip", "wrong"):
        look = next_look(audited.sessions, plan_id=plan.plan_id, annotator="Ada")
        assert look is not None
        assert not look.is_revealed
        say(audited, audited.place(look.item_id), what, look_id=look.look_id)
        found = sample_outcomes(audited.sessions, plan.plan_id).counted[0]
        assert found.blind_agrees is (None if what == "skip" else False)


def test_a_blind_look_at_what_the_person_had_seen_before_is_not_counted_as_blind(audited: Audited) -> None:
    plan = make_plan(
        audited.sessions, dataset_id=audited.dataset_id, run_id=audited.run_id, made_by="Ada", order="random", n=2,
        blind_share=1.0,
    )  # fmt: skip
    say(audited, drawn(audited, plan.plan_id)[0], "right")
    look_at(audited, plan.plan_id, 2, lambda _: "wrong")
    found = sample_outcomes(audited.sessions, plan.plan_id).counted
    assert [(one.agrees, one.blind_agrees) for one in found] == [(False, None), (False, False)]


def test_a_sample_says_nothing_about_items_that_came_later(audited: Audited) -> None:
    with audited.sessions.begin() as session:
        late = session.get_one(Suggestion, (audited.run_id, audited.item_ids[-1]))
        kept = {name: getattr(late, name) for name in ("run_id", "item_id", "best_candidate_id", "ranking", "margin")}
        session.delete(late)
    plan_id = looked(audited, n=50)
    assert len(sample_outcomes(audited.sessions, plan_id).population.item_ids) == N - 1
    with audited.sessions.begin() as session:
        session.execute(insert(Suggestion), [kept])
    with pytest.raises(Refused, match="was drawn from 599 suggestions, and run 1 has 600 now"):
        sample_outcomes(audited.sessions, plan_id)


def test_what_more_looks_cost_follows_from_the_looks_not_from_what_was_known(audited: Audited) -> None:
    settle(audited, range(300, N), lambda _: "right")
    plan = make_plan(
        audited.sessions, dataset_id=audited.dataset_id, run_id=audited.run_id, made_by="Ada", order="random", n=60
    )
    settle(audited, drawn(audited, plan.plan_id), lambda place: "wrong" if place % 2 else "right")
    found = accuracy_of(audited.sessions, plan.plan_id)
    cost = looks_for_width(found, width=0.06)
    assert abs(cost.n - (cost.n_more_at_most + found.n_counted)) <= 10  # half of the looks agree: as dear as can be
