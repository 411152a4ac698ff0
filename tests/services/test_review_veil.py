"""An item as a look shows it: behind the veil nothing is left to leak, and letters go by the place on the screen."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from look_builders import Person, planned
from sqlalchemy import update

from db.session import Sessions
from db.tables import Candidate
from services.decisions import latest_decisions
from services.looks import serve
from services.looks.rows import LookRow, PlanRow
from services.reviews.review import load_item
from services.reviews.rows import ReviewItem
from services.reviews.veil import as_shown

LEADS = ("source_model", "reward", "reward_per_token", "strong_logprob", "weak_logprob", "strong_tokens", "weak_tokens",
         "rank", "gold_rank", "gold_score", "note")  # fmt: skip


def seen(desk: Sessions, plan: PlanRow, look: LookRow, **more: Any) -> ReviewItem:
    item = load_item(desk, dataset_id=plan.dataset_id, annotator="ann", run_id=plan.run_id, item_id=look.item_id)
    assert item is not None
    return as_shown(item, look, **more)


def blind_plan(desk: Sessions, **more: Any) -> PlanRow:
    plan = planned(desk, 12, k=4, **({"blind_share": 1.0} | more))
    with desk.begin() as session:
        session.execute(update(Candidate).values(source_model="the-source", gold_rank=1.0, gold_score=0.123456))
    return plan


def test_behind_the_veil_nothing_that_leads_is_left_in_the_item(desk: Sessions) -> None:
    plan = blind_plan(desk)
    item = seen(desk, plan, Person(desk, plan).must_look())
    assert item.is_veiled
    assert item.suggestion is None
    assert item.not_weighed is None
    assert {getattr(one, name) for one in item.candidates for name in LEADS} == {None}
    assert item.run_id == plan.run_id, "the decision is still made under the run"


def test_letters_and_keys_of_a_blind_look_go_by_the_place_on_the_screen(desk: Sessions) -> None:
    plan = blind_plan(desk)
    person = Person(desk, plan)
    orders = set()
    for look in person.work(6):
        item = seen(desk, plan, look)
        assert [one.letter for one in item.candidates] == ["A", "B", "C", "D"]
        assert [one.key for one in item.candidates] == [1, 2, 3, 4]
        assert item.display_order == look.display_order
        orders.add(tuple(sorted(item.display_order).index(candidate_id) for candidate_id in item.display_order))
    assert len(orders) > 1, "shuffled, not always the same"


def test_a_look_that_is_not_blind_keeps_the_letters_of_the_file(desk: Sessions) -> None:
    plan = planned(desk, 12, k=4)
    for look in Person(desk, plan).work(4):
        item = seen(desk, plan, look)
        assert not item.is_veiled
        assert item.suggestion is not None
        assert item.display_order == look.display_order
        for one in item.candidates:
            assert one.letter == "ABCD"[sorted(item.display_order).index(one.candidate_id)]


def test_the_reveal_shows_everything_under_the_letters_that_were_decided_on(desk: Sessions) -> None:
    plan = blind_plan(desk)
    person = Person(desk, plan)
    look = person.must_look()
    before = seen(desk, plan, look)
    person.say(look, "best", chosen_candidate_id=before.candidates[2].candidate_id)
    after = seen(desk, plan, serve.reveal(desk, look.look_id))
    assert not after.is_veiled
    assert after.suggestion is not None
    assert after.decision is not None
    assert [one.letter for one in after.candidates] == [one.letter for one in before.candidates]
    assert after.decision.chosen_letter == "C"
    best = next(one for one in after.candidates if one.candidate_id == after.suggestion.best_candidate_id)
    assert after.suggestion.best_letter == best.letter
    assert {one.source_model for one in after.candidates} == {"the-source"}


def test_key_b_hides_again_what_was_revealed(desk: Sessions) -> None:
    plan = blind_plan(desk)
    person = Person(desk, plan)
    look = person.must_look()
    person.say(look)
    revealed = serve.reveal(desk, look.look_id)
    again = seen(desk, plan, revealed, is_veiled=True)
    assert again.is_veiled
    assert again.suggestion is None
    assert again.decision is not None, "what was decided stays to be seen"
    assert not seen(desk, plan, revealed, is_veiled=False).is_veiled


def test_a_look_that_was_never_blind_cannot_be_veiled(desk: Sessions) -> None:
    plan = planned(desk, 6)
    assert not seen(desk, plan, Person(desk, plan).must_look(), is_veiled=True).is_veiled


def test_an_open_look_shows_no_earlier_decision(desk: Sessions) -> None:
    """Somebody who decided on the item before is asked anew, and not led by their own choice."""
    plan = planned(desk, 6)
    person = Person(desk, plan)
    look = person.must_look()
    from services.decisions import decide

    decide(desk, item_id=look.item_id, run_id=plan.run_id, annotator="ann", verdict_request="tie", submission="before")
    assert seen(desk, plan, look).decision is None
    person.say(look)
    decided = person.open(look.item_id)
    assert not decided.is_open
    assert seen(desk, plan, decided).decision is not None


def test_a_repeat_shows_neither_the_first_decision_nor_its_order(desk: Sessions) -> None:
    plan = blind_plan(desk, repeat_share=1.0)
    person = Person(desk, plan)
    repeats = [look for look in person.work(15) if look.is_repeat]
    assert repeats
    assert all(seen(desk, plan, replace(look, closed_as=None)).decision is None for look in repeats)


def test_a_skipped_blind_item_stays_hidden_and_says_that_it_was_skipped(desk: Sessions) -> None:
    plan = blind_plan(desk)
    person = Person(desk, plan)
    look = person.must_look()
    person.say(look, "skip")
    item = seen(desk, plan, person.open(look.item_id))
    assert item.is_veiled
    assert item.decision is not None
    assert item.decision.verdict == "skip"


def test_the_side_list_names_the_letter_that_was_on_the_screen(desk: Sessions) -> None:
    plan = blind_plan(desk)
    person = Person(desk, plan)
    for place in (3, 1):
        look = person.must_look()
        person.say(look, "best", chosen_candidate_id=look.display_order[place])
    rows = latest_decisions(desk, dataset_id=plan.dataset_id, annotator="ann")
    assert [row.chosen_letter for row in rows] == ["B", "D"], "newest first"


def test_without_a_look_an_item_is_shown_as_it_is(desk: Sessions) -> None:
    plan = planned(desk, 3)
    item = load_item(desk, dataset_id=plan.dataset_id, annotator="ann", run_id=plan.run_id)
    assert item is not None
    assert as_shown(item, None) is item


@pytest.mark.parametrize("lost", [0, 2])
def test_a_candidate_that_the_look_does_not_know_is_shown_last_and_not_lost(desk: Sessions, lost: int) -> None:
    plan = blind_plan(desk)
    look = Person(desk, plan).must_look()
    known = tuple(one for place, one in enumerate(look.display_order) if place != lost)
    item = seen(desk, plan, replace(look, display_order=known))
    assert item.display_order == (*known, look.display_order[lost])
