"""Trying criteria, and the loop, without a model: ledgers of trials that a thread left, held-out items, exemplars."""

from __future__ import annotations

import pytest
from criteria_desk import CriteriaVisitor, keep_trial, typed
from desk_data import Desk
from desk_people import PAIR, SUMS, Reviewer
from visitor import GOOD, WRONG, decide, weighed_desk

from db.session import Sessions
from db.tables_criteria import Trial
from services.criteria.store import CriteriaBody, find_criteria
from services.criteria.trying import TrialThreads
from services.trials.trial import read_trial
from ui import frame

DRAFT = "Be brief and right."


def desk_with_draft(sessions: Sessions) -> tuple[Desk, CriteriaBody]:
    """Three weighed items with gold (right, wrong, right under the run), and a draft of the run's criteria."""
    desk = weighed_desk(sessions, [GOOD, WRONG, GOOD])
    CriteriaVisitor().type("criteria_instruction", DRAFT)
    editing = typed(sessions)
    assert editing is not None
    return desk, editing.body


def test_a_ledger_counts_fixes_and_regressions_and_leads_to_each_item(empty_desk: Sessions) -> None:
    desk, body = desk_with_draft(empty_desk)
    keep_trial(desk, body, {0: 0, 1: 1, 2: 1})
    visitor = CriteriaVisitor().show("Try it")
    assert "The change is within noise. 67 % right before, 67 % after" in visitor.html
    assert "3 items compared · 2 suggestions changed" in visitor.words
    assert "33 % of 3 judged" in visitor.html
    assert visitor.html.count("<tr><td>") == 2
    assert f"item={desk.item_ids[1]}" in visitor.html
    assert f"run={desk.run_id}" in visitor.html
    assert "B → A" in visitor.html
    assert visitor.charts == 2
    assert visitor.has_no_trouble()


def test_items_that_cannot_be_compared_are_said_beside_the_numbers(empty_desk: Sessions) -> None:
    desk, body = desk_with_draft(empty_desk)
    trial_id = keep_trial(desk, body, {0: 1, 1: 0, 2: 1})
    line = "4,200 tokens exceed the context limit of 4,096"
    with empty_desk.begin() as session:
        trial = session.get_one(Trial, trial_id)
        trial.results = trial.results | {str(desk.item_ids[1]): {"problem": ["too long", line]}}
    visitor = CriteriaVisitor().show("Try it")
    assert "1 item cannot be compared, left out of all numbers below; item 2: 4,200 tokens exceed" in visitor.html
    assert "Nothing changes for better or worse: 100 % right before and after (n = 2)" in visitor.html


def test_a_trial_of_an_older_text_says_so(empty_desk: Sessions) -> None:
    desk, body = desk_with_draft(empty_desk)
    trial_id = keep_trial(desk, body, {0: 0})
    visitor = CriteriaVisitor(trial=trial_id).show("Try it")
    assert "changed since this was weighed" not in visitor.html
    visitor.show("Write").type("criteria_instruction", "Other words.").show("Try it")
    assert "changed since this was weighed" in visitor.html


def test_a_link_to_a_trial_that_is_gone_is_one_line(empty_desk: Sessions) -> None:
    desk_with_draft(empty_desk)
    visitor = CriteriaVisitor(trial=999).show("Try it")
    assert "No trial 999" in visitor.html


def test_a_trial_left_by_a_dead_process_can_go_on(empty_desk: Sessions, monkeypatch: pytest.MonkeyPatch) -> None:
    desk, body = desk_with_draft(empty_desk)
    trial_id = keep_trial(desk, body, {0: 0}, items=[0, 1, 2], done=False)
    started: list[int] = []
    monkeypatch.setattr(TrialThreads, "start", lambda _self, number: started.append(number))
    visitor = CriteriaVisitor().show("Try it")
    assert "Stopped at 1 of 3 items; what is weighed is kept" in visitor.html
    visitor.press("criteria_trial_go_on")
    assert started == [trial_id]


def test_a_trial_is_started_on_the_items_asked_for(empty_desk: Sessions, monkeypatch: pytest.MonkeyPatch) -> None:
    desk, body = desk_with_draft(empty_desk)
    decide(desk, 1, chosen=1)
    monkeypatch.setattr(TrialThreads, "start", lambda _self, number: None)
    visitor = CriteriaVisitor().show("Try it")
    visitor.choose("criteria_only", "decided").press("criteria_try")
    found = read_trial(empty_desk, int(str(visitor.at.query_params["trial"])))
    assert found.item_ids == (desk.item_ids[1],)
    assert found.criteria_sha256 == body.sha256


def test_nothing_to_sample_is_one_line_and_nothing_is_lost(empty_desk: Sessions) -> None:
    desk_with_draft(empty_desk)
    visitor = CriteriaVisitor().show("Try it").choose("criteria_only", "decided").press("criteria_try")
    assert "nobody has chosen a best candidate" in visitor.html
    assert typed(empty_desk) is not None


def test_a_run_at_work_is_not_tried_beside(empty_desk: Sessions) -> None:
    weighed_desk(empty_desk, status="queued")
    with_run = CriteriaVisitor(run=1).show("Try it")
    assert "is not finished" in with_run.html
    assert "criteria_try" not in with_run.keys


def test_an_unfinished_exemplar_is_left_out_of_a_trial_and_said(empty_desk: Sessions) -> None:
    desk_with_draft(empty_desk)
    visitor = CriteriaVisitor().press("criteria_exemplar_add").type("criteria_prompt_0", "How hot?").show("Try it")
    assert "Left out: default, exemplar 1" in visitor.html


def test_without_decisions_nothing_is_held_out(empty_desk: Sessions) -> None:
    desk_with_draft(empty_desk)
    visitor = CriteriaVisitor().show("Try it")
    assert "No decided item to measure on" in visitor.words
    assert "criteria_held_out" not in visitor.keys


def test_an_override_joins_the_draft_from_review_and_is_not_measured_on_itself(
    empty_desk: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TrialThreads, "start", lambda _self, number: None)
    desk = weighed_desk(empty_desk, [SUMS, PAIR, GOOD])
    decide(desk, 1, chosen=1)
    reviewer = Reviewer()
    reviewer.open(dataset="tea shop", item=desk.item_ids[0])
    reviewer.choose(1)
    reviewer.tag("wrong fact")
    reviewer.note.input("21.50 is the sum")
    reviewer.press("exemplar")
    kept = typed(empty_desk)
    assert kept is not None
    (text,) = kept.exemplars("reasoning")
    assert (text.good, text.bad) == ("They come to 21.50.", "They come to 22.50.")
    assert "21.50 is the sum" in text.explanation
    assert "Item 1 is now an exemplar of reasoning in the draft of demo" in reviewer.html()
    assert reviewer.query("domain") == "reasoning"
    again = CriteriaVisitor().show("Try it")
    assert again.at.button(key="criteria_held_out").label == "Weigh 1 held-out decision"
    assert "are left out" in again.words
    again.press("criteria_held_out")
    with empty_desk() as session:
        trial = session.query(Trial).one()
    assert trial.item_ids == [desk.item_ids[1]]


def test_the_way_back_from_an_exemplar_is_one_click(empty_desk: Sessions) -> None:
    desk = weighed_desk(empty_desk, [SUMS, PAIR])
    reviewer = Reviewer()
    reviewer.open(dataset="tea shop", item=desk.item_ids[0])
    reviewer.choose(1)
    reviewer.press("exemplar")
    assert typed(empty_desk) is not None
    reviewer.open(frame.CRITERIA)
    reviewer.settled(reviewer.at.button(key="criteria_take_back").click().run())
    assert typed(empty_desk) is None
    assert "Took it back" in reviewer.html()


def test_an_override_without_a_bad_side_says_so_and_stays_saved(empty_desk: Sessions) -> None:
    same = SUMS.__class__("How much?", ("Ten.", "Ten.", "Nine."), best=0)
    desk = weighed_desk(empty_desk, [same, PAIR])
    reviewer = Reviewer()
    reviewer.open(dataset="tea shop", item=desk.item_ids[0])
    reviewer.choose(2)
    reviewer.press("exemplar")
    assert "The override is saved, but makes no exemplar" in reviewer.html()
    assert "must differ" in reviewer.html()
    assert typed(empty_desk) is None


def test_overrides_worth_adding_join_their_domain_with_one_click(empty_desk: Sessions) -> None:
    desk = weighed_desk(empty_desk, [SUMS, PAIR])
    decide(desk, 0, chosen=0, tags=["wrong fact"])
    decide(desk, 1, chosen=1)
    visitor = CriteriaVisitor(domain="chat")
    assert "Overrides worth adding" in visitor.html
    assert "above the person&#x27;s choice" in visitor.html
    adds = [button for button in visitor.at.button if str(button.key).startswith("criteria_add_")]
    assert [button.label for button in adds] == ["Add to chat", "Add to reasoning"], "the domain on the screen first"
    visitor.press(str(adds[1].key))
    kept = typed(empty_desk)
    assert kept is not None
    assert len(kept.exemplars("reasoning")) == 1
    assert visitor.value("criteria_domain") == "reasoning"
    assert find_criteria(empty_desk, "demo").body.n_exemplars == 0, "a version never changes"
    visitor.press("criteria_take_back")
    assert typed(empty_desk) is None


def test_the_held_out_trial_stands_apart_when_the_page_is_opened_anew(empty_desk: Sessions) -> None:
    desk, body = desk_with_draft(empty_desk)
    decide(desk, 1, chosen=0)
    keep_trial(desk, body, {1: 1})
    visitor = CriteriaVisitor().show("Try it")
    assert "Nothing tried yet" in visitor.words, "the sample's place is empty"
    assert visitor.html.count('class="t-verdict"') == 1


def test_what_was_chosen_right_before_the_click_counts(empty_desk: Sessions, monkeypatch: pytest.MonkeyPatch) -> None:
    """A number leaves its field by the click on the button: both arrive at once."""
    desk_with_draft(empty_desk)
    monkeypatch.setattr(TrialThreads, "start", lambda _self, number: None)
    visitor = CriteriaVisitor().show("Try it")
    visitor.at.get_by_key("criteria_n").set_value(2)
    visitor.press("criteria_try")
    assert len(read_trial(empty_desk, int(str(visitor.at.query_params["trial"]))).item_ids) == 2
