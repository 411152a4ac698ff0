"""A draft tried beside a run: the numbers of a run under it, only what changed computed, nothing lost on the way."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest
from service_builders import (
    WatchedSource,
    draft,
    item_ids,
    make_dataset,
    plain_items,
    words,
)
from trial_cases import DRAFT, STRONG_ONLY, best_by_item, tried, weighed

from db.session import Sessions
from db.tables_criteria import ItemDomain
from scoring.criteria_body import CriteriaBody
from scoring.errors import EngineFailed, PromptTooLong
from scoring.protocol import LogprobRequest
from scoring.room import ModelRoom
from services.criteria.store import add_version, find_criteria
from services.trials.trial import TrialReport, advance, how_far, read_trial, start_trial


def test_a_trial_finds_what_a_run_under_the_draft_would_find(desk: Sessions, room: ModelRoom) -> None:
    items = [*plain_items(20), draft("milk", words(1, 6), words(2, 5), domain="chat")]
    dataset_id = make_dataset(desk, items)
    run_id = weighed(desk, room, dataset_id)
    trial_id = start_trial(desk, run_id=run_id, body=DRAFT)
    report = advance(desk, room, trial_id)
    adopted = add_version(desk, "mine", title="", body=DRAFT)
    after = best_by_item(desk, weighed(desk, room, dataset_id, criteria_id=adopted.criteria_id))
    before = best_by_item(desk, run_id)
    assert {item_id: best for item_id, (best, _) in tried(desk, trial_id).items()} == after
    assert {flip.item_id for flip in report.flips} == {one for one in after if after[one] != before[one]}
    assert len(report.flips) > 0
    assert (report.n_items, report.n_weighed, report.n_problems, report.is_finished) == (21, 21, 0, True)
    assert report.before.n == report.change.n == 20  # the one of "chat" has no gold


def test_under_the_run_s_own_criteria_nothing_flips_and_nothing_is_computed(desk: Sessions, room: ModelRoom) -> None:
    run_id = weighed(desk, room, make_dataset(desk, plain_items(6)))
    report = advance(desk, room, start_trial(desk, run_id=run_id, body=find_criteria(desk, "none").body))
    assert (report.flips, report.n_computed_strong, report.n_computed_weak) == ((), 0, 0)
    assert report.before == report.after


def test_only_the_model_whose_text_changed_computes(desk: Sessions, room: ModelRoom) -> None:
    dataset_id = make_dataset(desk, plain_items(6))
    run_id = weighed(desk, room, dataset_id, conditioning=STRONG_ONLY)
    source = WatchedSource(room)
    report = advance(desk, source, start_trial(desk, run_id=run_id, body=DRAFT))
    assert source.computed == {"s": 18}
    assert (report.n_computed_strong, report.n_computed_weak) == (18, 0)
    assert report.conditioning["read_by"] == "strong"


def test_a_trial_may_let_the_strong_model_alone_read_the_draft(desk: Sessions, room: ModelRoom) -> None:
    """The run was without criteria, so the weak model, which reads none in the trial either, has weighed it all."""
    run_id = weighed(desk, room, make_dataset(desk, plain_items(6)))
    alone = start_trial(desk, run_id=run_id, body=DRAFT, conditioning=STRONG_ONLY)
    report = advance(desk, room, alone)
    assert (report.n_computed_strong, report.n_computed_weak) == (18, 0)
    both = start_trial(desk, run_id=run_id, body=DRAFT)
    assert advance(desk, room, both).n_computed_weak == 18
    assert tried(desk, alone) != tried(desk, both)


def test_a_finished_trial_opens_no_model(desk: Sessions, room: ModelRoom) -> None:
    run_id = weighed(desk, room, make_dataset(desk, plain_items(3)))
    trial_id = start_trial(desk, run_id=run_id, body=DRAFT)
    finished, source = advance(desk, room, trial_id), WatchedSource(room)
    assert advance(desk, source, trial_id) == finished
    assert source.most_open == 0


def test_where_both_read_the_criteria_both_compute_and_once_only(desk: Sessions, room: ModelRoom) -> None:
    run_id = weighed(desk, room, make_dataset(desk, plain_items(6)))
    source = WatchedSource(room)
    trial_id = start_trial(desk, run_id=run_id, body=DRAFT)
    advance(desk, source, trial_id)
    again = advance(desk, source, trial_id)
    assert source.computed == {"s": 18, "w": 18}
    assert (again.n_computed_strong, again.n_computed_weak) == (18, 18)


def test_one_model_after_the_other_finds_the_same(desk: Sessions, room: ModelRoom) -> None:
    run_id = weighed(desk, room, make_dataset(desk, plain_items(12)))
    narrow = WatchedSource(room, is_roomy=False)
    trial_id = start_trial(desk, run_id=run_id, body=DRAFT)
    report = advance(desk, narrow, trial_id)
    assert narrow.most_open == 1
    assert narrow.computed == {"s": 36, "w": 36}
    wide = start_trial(desk, run_id=run_id, body=DRAFT, item_ids=[one for one, _ in tried(desk, trial_id).items()][:6])
    assert advance(desk, room, wide).n_computed_strong == 0
    assert report.is_finished


def test_a_trial_stopped_halfway_goes_on_where_it_was(desk: Sessions, room: ModelRoom) -> None:
    dataset_id = make_dataset(desk, plain_items(30))
    run_id = weighed(desk, room, dataset_id)
    trial_id = start_trial(desk, run_id=run_id, body=DRAFT)
    stop, told = threading.Event(), []

    def after_the_first_chunk(n_done: int, n_items: int) -> None:
        told.append((n_done, n_items))
        stop.set()

    halfway = advance(desk, room, trial_id, on_progress=after_the_first_chunk, stop=stop)
    assert (halfway.n_weighed, halfway.is_finished) == (8, False)
    assert how_far(desk, trial_id) == (8, 30)
    assert told[0] == (8, 30)
    kept = tried(desk, trial_id)
    rest = WatchedSource(room)
    finished = advance(desk, rest, trial_id)
    assert rest.computed == {"s": 66, "w": 66}  # 22 items of three
    assert (finished.n_weighed, finished.is_finished, finished.n_computed_strong) == (30, True, 90)
    assert {item_id: tried(desk, trial_id)[item_id] for item_id in kept} == kept


def test_what_a_failing_engine_had_computed_is_kept_and_counted(desk: Sessions, room: ModelRoom) -> None:
    run_id = weighed(desk, room, make_dataset(desk, plain_items(10)))
    trial_id = start_trial(desk, run_id=run_id, body=DRAFT)

    def break_the_weak(ref: str, _requests: Sequence[LogprobRequest]) -> None:
        if ref == "w":
            raise EngineFailed("the weak model is out of order; try again")

    with pytest.raises(EngineFailed, match="out of order"):
        advance(desk, WatchedSource(room, on_batch=break_the_weak), trial_id)
    assert read_trial(desk, trial_id).n_computed_strong == 24  # the first chunk: 8 items of three
    source = WatchedSource(room)
    assert advance(desk, source, trial_id).is_finished
    assert source.computed == {"s": 6, "w": 30}


def test_two_processes_at_one_trial_agree(desk: Sessions, room: ModelRoom) -> None:
    run_id = weighed(desk, room, make_dataset(desk, plain_items(30)))
    trial_id = start_trial(desk, run_id=run_id, body=DRAFT)
    reports: list[TrialReport] = []
    threads = [threading.Thread(target=lambda: reports.append(advance(desk, room, trial_id))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [report.n_weighed for report in reports] == [30, 30]
    assert reports[0].flips == reports[1].flips


def test_an_item_that_the_draft_makes_too_long_is_named_and_not_compared(desk: Sessions, room: ModelRoom) -> None:
    long_prompt = " ".join(["teapot"] * 55)
    dataset_id = make_dataset(desk, [*plain_items(3), draft(long_prompt, "milk", "sugar", best=0)])
    run_id = weighed(desk, room, dataset_id)
    report = advance(desk, room, start_trial(desk, run_id=run_id, body=CriteriaBody("cold water " * 15)))
    assert [(one.position, one.reason) for one in report.problems] == [(3, "too long")]
    assert (report.n_problems, report.n_weighed, report.before.n) == (1, 4, 3)


def test_criteria_longer_than_the_context_are_told_in_one_line(desk: Sessions, room: ModelRoom) -> None:
    run_id = weighed(desk, room, make_dataset(desk, plain_items(2)))
    trial_id = start_trial(desk, run_id=run_id, body=CriteriaBody("cold water " * 300))
    with pytest.raises(PromptTooLong, match="the criteria alone take"):
        advance(desk, room, trial_id)


def test_an_item_that_the_run_had_not_ranked_is_named_with_the_run_s_reason(desk: Sessions, room: ModelRoom) -> None:
    dataset_id = make_dataset(desk, [*plain_items(2), draft("alone", "milk", "")])
    run_id = weighed(desk, room, dataset_id)
    ids = item_ids(desk, dataset_id)
    report = advance(desk, room, start_trial(desk, run_id=run_id, body=DRAFT, item_ids=ids))
    assert [(one.item_id, one.reason) for one in report.problems] == [(ids[2], "empty response")]
    sampled = advance(desk, room, start_trial(desk, run_id=run_id, body=DRAFT))
    assert sampled.n_items == 2


def test_the_domain_is_the_one_the_run_took(desk: Sessions, room: ModelRoom) -> None:
    dataset_id = make_dataset(desk, [draft("tea", words(1, 5), words(2, 6), domain="reasoning")])
    item_id = item_ids(desk, dataset_id)[0]
    run_id = weighed(desk, room, dataset_id)
    with desk.begin() as session:
        session.add(ItemDomain(run_id=run_id, item_id=item_id, domain="chat", source="router", probability=0.9))
    by_domain = start_trial(desk, run_id=run_id, body=CriteriaBody("", {"chat": "hot", "reasoning": "cold"}))
    as_chat = start_trial(desk, run_id=run_id, body=CriteriaBody("hot"))
    advance(desk, room, by_domain)
    assert advance(desk, room, as_chat).n_computed_strong == 0
    assert tried(desk, by_domain) == tried(desk, as_chat)
