"""Decisions made on looks: blind until revealed, repeats that never become labels, and what an undo does to a look."""

from __future__ import annotations

import pytest
from look_builders import Person, looks_of, planned
from sqlalchemy import select

from db.session import Sessions
from db.tables import Decision, Suggestion
from services.decisions import latest_decisions
from services.errors import Refused
from services.labels import Label, labels_of
from services.looks import plans, serve
from services.looks.rows import LookRow, PlanRow
from services.reviews.review import progress


def best_of(sessions: Sessions, plan: PlanRow, look: LookRow) -> int:
    with sessions() as session:
        return session.get_one(Suggestion, (plan.run_id, look.item_id)).best_candidate_id


def label_of(sessions: Sessions, plan: PlanRow, item_id: int) -> Label | None:
    with sessions() as session:
        return labels_of(session, plan.dataset_id, item_ids=[item_id]).get(item_id)


def test_a_blind_accept_says_only_what_was_best_for_no_ranking_was_shown(fresh_db: Sessions) -> None:
    plan = planned(fresh_db, 4, k=4, blind_share=1.0)
    ann = Person(fresh_db, plan)
    look = ann.must_look()
    best = best_of(fresh_db, plan, look)
    kept = ann.say(look, "best", chosen_candidate_id=best)
    assert (kept.verdict, kept.is_blind, kept.look_id, kept.kind) == ("accept", True, look.look_id, "label")
    assert kept.ranking == ((best,), tuple(sorted(set(look.display_order) - {best})))
    assert kept.display_order == look.display_order


def test_an_accept_of_what_was_shown_takes_the_suggested_ranking(fresh_db: Sessions) -> None:
    plan = planned(fresh_db, 4, k=4)
    ann = Person(fresh_db, plan)
    kept = ann.accept(ann.must_look())
    assert (kept.verdict, kept.is_blind) == ("accept", False)
    assert kept.ranking == tuple(tuple(group) for group in kept.suggestion["ranking"])


def test_a_revision_after_the_reveal_is_not_blind_and_undoing_it_brings_the_blind_one_back(fresh_db: Sessions) -> None:
    plan = planned(fresh_db, 4, blind_share=1.0)
    ann = Person(fresh_db, plan)
    look = ann.must_look()
    first = ann.say(look, "tie")
    serve.reveal(fresh_db, look.look_id)
    second = ann.accept(look)
    assert [one.is_blind for one in (first, second)] == [True, False]
    assert first.look_id == second.look_id == look.look_id
    ann.undo()
    with fresh_db() as session:
        latest = session.scalars(select(Decision).order_by(Decision.decision_id.desc())).first()
    assert latest is not None
    assert (latest.verdict, latest.is_blind, latest.look_id) == ("tie", True, look.look_id)
    assert [one.closed_as for one in looks_of(fresh_db, plan)] == ["decided"]


def test_what_was_revealed_once_is_never_blind_again(fresh_db: Sessions) -> None:
    plan = planned(fresh_db, 4, blind_share=1.0)
    ann = Person(fresh_db, plan)
    look = ann.must_look()
    ann.say(look, "tie")
    serve.reveal(fresh_db, look.look_id)
    ann.undo()
    again = ann.must_look()
    assert again.look_id == look.look_id
    assert ann.accept(again).is_blind is False


def test_a_blind_look_is_decided_in_the_order_it_was_shown(fresh_db: Sessions) -> None:
    plan = planned(fresh_db, 4, k=3, blind_share=1.0)
    ann = Person(fresh_db, plan)
    look = ann.must_look()
    other = LookRow(**{**{n: getattr(look, n) for n in LookRow.__slots__}, "display_order": look.display_order[::-1]})
    with pytest.raises(Refused, match="blind and its candidates stand in another order; reload the page"):
        ann.say(other, "tie")
    assert [one.closed_as for one in looks_of(fresh_db, plan)] == [None], "nothing was kept, so nothing is closed"


def test_a_look_at_another_item_is_refused_and_stays_open(fresh_db: Sessions) -> None:
    plan = planned(fresh_db, 4)
    ann = Person(fresh_db, plan)
    look, ahead = ann.must_look(), ann.must_look(n_ahead=1)
    mixed = LookRow(
        **{**{n: getattr(look, n) for n in LookRow.__slots__}, "item_id": ahead.item_id, "display_order": ()}
    )
    with pytest.raises(Refused, match=f"look {look.look_id} is at item {look.item_id}"):
        ann.say(mixed, "tie")
    assert {one.closed_as for one in looks_of(fresh_db, plan)} == {None}


def test_a_repeat_never_becomes_the_label_and_is_undone_on_its_own(fresh_db: Sessions) -> None:
    plan = planned(fresh_db, 8, repeat_share=1.0)
    ann = Person(fresh_db, plan)
    first = {}
    while not (look := ann.must_look()).is_repeat:
        ann.accept(look)
        first[look.item_id] = look.look_id
    kept = ann.say(look, "tie")
    assert (kept.kind, kept.look_id) == ("repeat", look.look_id)
    label = label_of(fresh_db, plan, look.item_id)
    assert label is not None
    assert not label.is_tie
    assert progress(fresh_db, dataset_id=plan.dataset_id, annotator="ann").n_accept == len(first) == 8
    (recent, *_) = latest_decisions(fresh_db, dataset_id=plan.dataset_id, annotator="ann", n=20)
    assert (recent.item_id, recent.is_repeat, recent.verdict) == (look.item_id, True, "tie")
    ann.undo()
    assert label_of(fresh_db, plan, look.item_id) == label
    closed = {one.look_id: one.closed_as for one in looks_of(fresh_db, plan)}
    assert (closed[look.look_id], closed[first[look.item_id]]) == (None, "decided")


def test_an_undo_under_one_plan_keeps_what_was_decided_on_the_looks_of_another(fresh_db: Sessions) -> None:
    first = planned(fresh_db, 3)
    more = {"dataset_id": first.dataset_id, "run_id": first.run_id, "made_by": "boss", "order": "file"}
    second = plans.make_plan(fresh_db, **more)
    ann, there = Person(fresh_db, first), Person(fresh_db, second)
    look = ann.must_look()
    ann.say(look, "tie")
    there.accept(there.open(look.item_id))
    ann.say(look, "flag")  # a revision, under the first plan
    ann.undo()
    assert [one.closed_as for one in looks_of(fresh_db, first)] == ["decided"], "the tie on it stands still"
    ann.undo()
    assert [one.closed_as for one in looks_of(fresh_db, second)] == [None]
    label = label_of(fresh_db, first, look.item_id)
    assert label is not None
    assert label.is_tie
    ann.undo()
    assert [one.closed_as for one in looks_of(fresh_db, first)] == [None]


def test_letters_of_a_blind_look_are_those_of_its_places(fresh_db: Sessions) -> None:
    plan = planned(fresh_db, 6, k=4, blind_share=1.0)
    ann = Person(fresh_db, plan)
    look = ann.must_look()
    a, b, c, d = look.display_order
    ann.say(look, "rank", ranking=[[b], [d, a], [c]])
    serve.reveal(fresh_db, look.look_id)
    (recent,) = latest_decisions(fresh_db, dataset_id=plan.dataset_id, annotator="ann")
    assert (recent.chosen_letter, recent.ranking_letters, recent.is_blind) == ("B", ("B", "DA", "C"), True)
