"""Which items a trial takes, what it refuses, and what becomes of it afterwards."""

from __future__ import annotations

import pytest
from service_builders import (
    Reviewer,
    draft,
    item_ids,
    make_dataset,
    plain_items,
    queue_run,
    words,
)
from sqlalchemy import update
from trial_cases import DRAFT, STRONG_ONLY, items_of, weighed

from db.session import Sessions
from db.tables import Run
from scoring.criteria_body import CriteriaBody
from scoring.room import ModelRoom
from services.criteria.store import find_criteria
from services.errors import NotFound, Refused
from services.runs import delete_run
from services.trials.trial import advance, latest_trial, read_trial, start_trial
from services.weighing.run import weigh


def test_a_sample_is_the_same_for_every_draft_and_a_small_one_is_part_of_a_large_one(
    desk: Sessions, room: ModelRoom
) -> None:
    run_id = weighed(desk, room, make_dataset(desk, plain_items(20)))
    chosen = {}
    for n, body in ((5, DRAFT), (5, CriteriaBody("other")), (12, DRAFT)):
        chosen[n, body.sha256] = items_of(desk, start_trial(desk, run_id=run_id, body=body, n=n))
    small, other, large = chosen.values()
    assert small == other
    assert set(small) < set(large)
    assert large != large[:1] + list(range(large[0] + 1, large[0] + 12))  # not simply the first of the file


def test_only_decided_items_or_only_those_with_gold_are_sampled(desk: Sessions, room: ModelRoom) -> None:
    dataset_id = make_dataset(
        desk, [*plain_items(3), *(draft(f"p{n}", words(n, 5), words(n + 50, 6)) for n in range(4))]
    )
    run_id = weighed(desk, room, dataset_id)
    ids, ann = item_ids(desk, dataset_id), Reviewer(desk, dataset_id)
    with pytest.raises(Refused, match="nobody has chosen"):
        start_trial(desk, run_id=run_id, body=DRAFT, only="decided")
    for item_id in (ids[4], ids[5]):
        best = ann.look(item_id, run_id).suggestion
        assert best is not None
        ann.say(item_id, "best", run_id=run_id, chosen_candidate_id=best.best_candidate_id)
    ann.say(ids[6], "tie", run_id=run_id)
    assert items_of(desk, start_trial(desk, run_id=run_id, body=DRAFT, only="decided")) == [ids[4], ids[5]]
    assert items_of(desk, start_trial(desk, run_id=run_id, body=DRAFT, only="gold")) == ids[:3]


def test_decisions_made_after_a_trial_count_when_it_is_read_again(desk: Sessions, room: ModelRoom) -> None:
    dataset_id = make_dataset(desk, [draft(f"p{n}", *(words(9 * n + j, 5) for j in range(4))) for n in range(12)])
    run_id = weighed(desk, room, dataset_id)
    report = advance(desk, room, start_trial(desk, run_id=run_id, body=DRAFT))
    assert report.unjudged == len(report.flips) > 0
    flip, ann = report.flips[0], Reviewer(desk, dataset_id)
    chosen = ann.look(flip.item_id, run_id).candidates
    right = next(one for one in chosen if one.letter == flip.after)
    ann.say(flip.item_id, "best", run_id=run_id, chosen_candidate_id=right.candidate_id)
    now = read_trial(desk, report.trial_id)
    assert (now.flips[0].item_id, now.flips[0].kind, now.flips[0].truth) == (flip.item_id, "fix", "decision")
    assert (now.before.n, now.after.value, now.n_fixes) == (1, 1.0, 1)


def test_the_same_trial_asked_for_twice_is_one_and_the_latest_of_a_text_is_found(
    desk: Sessions, room: ModelRoom
) -> None:
    run_id = weighed(desk, room, make_dataset(desk, plain_items(6)))
    first = start_trial(desk, run_id=run_id, body=DRAFT)
    assert start_trial(desk, run_id=run_id, body=DRAFT) == first
    other = start_trial(desk, run_id=run_id, body=DRAFT, conditioning=STRONG_ONLY)
    assert latest_trial(desk, run_id=run_id, body=DRAFT) == other != first
    assert latest_trial(desk, run_id=run_id, body=CriteriaBody("never tried")) is None


def test_what_cannot_be_tried_is_refused_in_one_line(desk: Sessions, room: ModelRoom) -> None:
    dataset_id = make_dataset(desk, plain_items(2))
    elsewhere = item_ids(desk, make_dataset(desk, plain_items(1), name="elsewhere"))
    waiting = queue_run(desk, dataset_id)
    with pytest.raises(Refused, match=f"run {waiting} is queued"):
        start_trial(desk, run_id=waiting, body=DRAFT)
    weigh(desk, room, waiting)
    with pytest.raises(NotFound, match="no run 999"):
        start_trial(desk, run_id=999, body=DRAFT)
    with pytest.raises(Refused, match="not one of run"):
        start_trial(desk, run_id=waiting, body=DRAFT, item_ids=elsewhere)
    with pytest.raises(Refused, match="no item to try on"):
        start_trial(desk, run_id=waiting, body=DRAFT, item_ids=[])
    with pytest.raises(Refused, match="0 items"):
        start_trial(desk, run_id=waiting, body=DRAFT, n=0)
    with pytest.raises(NotFound, match="no trial 77"):
        read_trial(desk, 77)


def test_a_run_of_other_weights_is_no_measure_for_these(desk: Sessions, room: ModelRoom) -> None:
    run_id = weighed(desk, room, make_dataset(desk, plain_items(2)))
    with desk.begin() as session:
        run = session.get_one(Run, run_id)
        models = run.configuration["models"]
        changed = {**models, "weak": {**models["weak"], "fingerprint": "f" * 64}}
        session.execute(update(Run).values(configuration={**run.configuration, "models": changed}))
    trial_id = start_trial(desk, run_id=run_id, body=DRAFT)
    with pytest.raises(Refused, match=r"the weak model .* is not the one run"):
        advance(desk, room, trial_id)


def test_a_trial_goes_with_its_run_and_the_decisions_stay(desk: Sessions, room: ModelRoom) -> None:
    run_id = weighed(desk, room, make_dataset(desk, plain_items(2)))
    trial_id = start_trial(desk, run_id=run_id, body=DRAFT)
    delete_run(desk, run_id)
    with pytest.raises(NotFound, match="its run may have been deleted"):
        advance(desk, room, trial_id)


def test_a_closed_pair_is_tried_with_a_word_of_warning(desk: Sessions, room: ModelRoom) -> None:
    own = find_criteria(desk, "demo")
    run_id = weighed(desk, room, make_dataset(desk, plain_items(2)), pair="demo", criteria_id=own.criteria_id)
    known = start_trial(desk, run_id=run_id, body=CriteriaBody("Be thorough.", {"safety": "Safety first."}))
    strange = start_trial(desk, run_id=run_id, body=CriteriaBody("Be a pirate."))
    assert read_trial(desk, known).notice == ""
    assert "other text is noise to it" in read_trial(desk, strange).notice


def test_text_that_no_database_could_hold_is_mended_first(desk: Sessions, room: ModelRoom) -> None:
    run_id = weighed(desk, room, make_dataset(desk, plain_items(2)))
    body = CriteriaBody("tea\x00 and \ud800 milk")
    report = advance(desk, room, start_trial(desk, run_id=run_id, body=body))
    assert report.n_weighed == 2


def test_a_trial_that_is_read_otherwise_than_its_run_says_so(desk: Sessions, room: ModelRoom) -> None:
    """The Criteria page shows the latest trial of a text, also one that a terminal has started."""
    run_id = weighed(desk, room, make_dataset(desk, plain_items(2)))
    alone = start_trial(desk, run_id=run_id, body=DRAFT, conditioning=STRONG_ONLY)
    assert (
        "criteria are read by strong and exemplars placed as system, in the run by both"
        in read_trial(desk, alone).notice
    )
    assert read_trial(desk, start_trial(desk, run_id=run_id, body=DRAFT)).notice == ""
