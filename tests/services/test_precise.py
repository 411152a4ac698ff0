"""Weighing again in float32 what a run could not tell apart, and review of such items alone."""

from __future__ import annotations

import dataclasses

import pytest
from service_builders import (
    Reviewer,
    WatchedSource,
    item_ids,
    make_dataset,
    plain_items,
    queue_run,
    scores_of,
)
from sqlalchemy import delete, func, select

from db.session import Sessions
from db.tables import Decision, Logprob, NotWeighed, Run, Score, Suggestion
from scoring.protocol import LogprobRequest
from scoring.room import ModelRoom
from services.errors import Refused
from services.noise import within
from services.precise import start_again, why_not_again
from services.reviews.queue import ONLY
from services.reviews.review import load_item
from services.run_rows import RunRow
from services.runs import get_run, list_runs, request_cancel, resume
from services.token_views import token_view
from services.weighing.here import find_or_start, find_or_start_again
from services.weighing.run import weigh


def noisy_margin(desk: Sessions, run_id: int, *, n_within: int) -> float:
    """Makes the run's noise drown exactly so many margins: tiny models seldom come that close by themselves."""
    with desk.begin() as session:
        margins = sorted(session.scalars(select(Suggestion.margin).where(Suggestion.run_id == run_id)))
        drowned = (margins[n_within - 1] + margins[n_within]) / 2
        session.get_one(Run, run_id).noise_margin = drowned
    return drowned


@pytest.fixture
def noisy(desk: Sessions, room: ModelRoom) -> RunRow:
    """A bfloat16 run over 40 items, two of them too long, of which 5 are within noise."""
    items = plain_items(40)
    long = dataclasses.replace(items[3], messages=({"role": "user", "content": "tea " * 400},))
    items[3] = items[21] = long
    run_id = queue_run(desk, make_dataset(desk, items), dtype="bfloat16")
    assert weigh(desk, room, run_id).status == "done"
    noisy_margin(desk, run_id, n_within=5)
    return get_run(desk, run_id)


def test_only_the_items_within_noise_are_weighed_again_and_the_others_are_taken_over(
    desk: Sessions, room: ModelRoom, noisy: RunRow
) -> None:
    again = start_again(desk, noisy.run_id)
    queued = get_run(desk, again)
    assert (queued.n_done, queued.n_items, queued.n_not_weighed, queued.progress) == (35, 40, 2, 0.0)
    source = WatchedSource(room)
    row = weigh(desk, source, again)
    assert (row.status, row.n_done, row.n_not_weighed, row.again_of) == ("done", 40, 2, noisy.run_id)
    assert source.computed == {"s": 15, "w": 15}
    assert {row.configuration["models"][side]["dtype"] for side in ("strong", "weak")} == {"float32"}
    assert row.configuration["again_of"]["n_items"] == 5
    before, after = scores_of(desk, noisy.run_id), scores_of(desk, again)
    moved = {item for item, _ in before if before[item, 0] != after[item, 0]}
    noisy_items = {item for (item, _), found in before.items() if found[9] < (noisy.noise_margin or 0)}
    assert moved == noisy_items
    assert len(noisy_items) == 5
    with desk() as session:
        taken = session.scalars(select(Suggestion.taken_from).where(Suggestion.run_id == again)).all()
        left_out = session.scalar(select(func.count()).select_from(NotWeighed).where(NotWeighed.run_id == again))
    assert sorted(taken, key=str) == [noisy.run_id] * 33 + [None] * 5
    assert left_out == 2


def test_the_numbers_weighed_again_are_those_of_a_run_in_float32(
    desk: Sessions, room: ModelRoom, noisy: RunRow
) -> None:
    again = start_again(desk, noisy.run_id)
    weigh(desk, room, again)
    exact = weigh(desk, room, queue_run(desk, noisy.dataset_id, dtype="float32")).run_id
    with desk() as session:
        rows = session.execute(
            select(Score.candidate_id, Score.reward)
            .join(Suggestion, (Suggestion.item_id == Score.item_id) & (Suggestion.run_id == Score.run_id))
            .where(Score.run_id == again, Suggestion.taken_from.is_(None))
        ).all()
        rewards = dict(session.execute(select(Score.candidate_id, Score.reward).where(Score.run_id == exact)).all())
    assert len(rows) == 15
    assert all(reward == pytest.approx(rewards[candidate], abs=1e-4) for candidate, reward in rows)


def test_killed_between_two_packs_it_resumes_with_the_same_numbers(
    desk: Sessions, room: ModelRoom, noisy: RunRow
) -> None:
    class Stop(Exception):
        pass

    n_packs = 0

    def stop(_ref: str, _requests: list[LogprobRequest]) -> None:
        nonlocal n_packs
        n_packs += 1
        if n_packs == 4:
            raise Stop

    whole = start_again(desk, noisy.run_id)
    weigh(desk, room, whole)
    expected = scores_of(desk, whole)
    with desk.begin() as session:
        session.get_one(Run, whole).status = "failed"
        session.execute(delete(Logprob))
    broken = start_again(desk, noisy.run_id)
    assert weigh(desk, WatchedSource(room, on_batch=stop), broken).status == "failed"
    resume(desk, broken)
    assert weigh(desk, room, broken).status == "done"
    assert scores_of(desk, broken) == expected


def test_decisions_stay_where_they_were_made_and_count_under_the_new_run(
    desk: Sessions, room: ModelRoom, noisy: RunRow
) -> None:
    item_id = item_ids(desk, noisy.dataset_id)[0]
    ann = Reviewer(desk, noisy.dataset_id)
    ann.say(item_id, "tie", run_id=noisy.run_id)
    again = start_again(desk, noisy.run_id)
    weigh(desk, room, again)
    shown = ann.look(item_id)
    assert shown.run_id == again, "the newest finished run serves"
    assert shown.decision is not None
    assert (shown.decision.verdict, shown.decision.run_id) == ("tie", noisy.run_id)
    with desk() as session:
        assert session.scalars(select(Decision.run_id)).all() == [noisy.run_id]


def test_the_token_view_of_what_was_taken_over_reads_the_first_runs_models(
    desk: Sessions, room: ModelRoom, noisy: RunRow
) -> None:
    again = start_again(desk, noisy.run_id)
    weigh(desk, room, again)
    with desk() as session:
        scores = session.scalars(select(Score).where(Score.run_id == again)).all()
    for score in scores:
        view = token_view(desk, again, score.candidate_id)
        assert view is not None
        assert view.reward == pytest.approx(score.reward, abs=1e-9)


def test_review_marks_what_is_within_noise_and_what_was_weighed_again(
    desk: Sessions, room: ModelRoom, noisy: RunRow
) -> None:
    ann = Reviewer(desk, noisy.dataset_id)
    ids = item_ids(desk, noisy.dataset_id)
    seen = {item_id: ann.look(item_id).suggestion for item_id in ids}
    marked = {item_id for item_id, found in seen.items() if found is not None and found.is_within_noise}
    assert len(marked) == 5
    weigh(desk, room, again := start_again(desk, noisy.run_id))
    seen = {item_id: ann.look(item_id, run_id=again).suggestion for item_id in ids}
    assert {item_id for item_id, found in seen.items() if found is not None and found.is_weighed_again} == marked
    decided = ann.say(ids[0], "tie", run_id=noisy.run_id)
    assert decided.suggestion["is_within_noise"] == (ids[0] in marked)


def test_the_queue_can_keep_to_what_carries_a_badge(desk: Sessions, noisy: RunRow) -> None:
    ids = item_ids(desk, noisy.dataset_id)
    ann = Reviewer(desk, noisy.dataset_id)
    with desk() as session:
        noisy_ids = {
            one.item_id
            for one in session.scalars(select(Suggestion).where(Suggestion.run_id == noisy.run_id))
            if within(one.margin, noisy.noise_margin)
        }
    walked: list[int] = []
    while len(walked) < 5:
        item = load_item(desk, dataset_id=noisy.dataset_id, annotator="ann", only="noise")
        assert item is not None
        walked.append(item.item_id)
        ann.say(item.item_id, "tie")
    assert walked == [item_id for item_id in ids if item_id in noisy_ids]
    first = load_item(desk, dataset_id=noisy.dataset_id, annotator="ann", only="noise")
    assert first is not None
    assert (first.item_id, first.prev_item_id, first.next_item_id) == (walked[0], None, walked[1])
    assert first.next_undecided_id is None
    left_out = load_item(desk, dataset_id=noisy.dataset_id, annotator="ann", only="unweighed")
    assert left_out is not None
    assert (left_out.item_id, left_out.next_item_id) == (ids[3], ids[21])
    assert load_item(desk, dataset_id=noisy.dataset_id, annotator="ann", only="world") is None
    for only in ONLY:
        load_item(desk, dataset_id=noisy.dataset_id, annotator="ann", only=only)
    with pytest.raises(Refused, match="cannot keep to 'x'"):
        load_item(desk, dataset_id=noisy.dataset_id, annotator="ann", only="x")


def test_it_is_refused_with_a_plain_reason(desk: Sessions, room: ModelRoom, noisy: RunRow) -> None:
    exact = weigh(desk, room, queue_run(desk, make_dataset(desk, plain_items(10), name="exact")))
    with pytest.raises(Refused, match="float32 already"):
        start_again(desk, exact.run_id)
    clear = dataclasses.replace(noisy, n_within_noise=0)
    assert why_not_again(clear) == "No item is within its numeric noise."
    assert why_not_again(dataclasses.replace(noisy, status="running")) == "The run is not finished."
    served = noisy.configuration | {"pair": noisy.configuration["pair"] | {"strong": {"url": "http://127.0.0.1"}}}
    assert why_not_again(dataclasses.replace(noisy, configuration=served)) == "A server weighs in its own precision."
    assert why_not_again(noisy) is None
    again = start_again(desk, noisy.run_id)
    with pytest.raises(Refused, match=f"run {again} weighs the items of run {noisy.run_id} again already"):
        start_again(desk, noisy.run_id)
    request_cancel(desk, again)
    assert start_again(desk, noisy.run_id) > again


def test_the_command_line_takes_up_its_own_unfinished_run_and_never_this_one_for_a_whole(
    desk: Sessions, noisy: RunRow
) -> None:
    again = find_or_start_again(desk, noisy.run_id)
    request_cancel(desk, again)
    assert find_or_start_again(desk, noisy.run_id) == again
    whole = find_or_start(desk, dataset_id=noisy.dataset_id, pair="tiny", dtype="float32")
    assert whole != again
    assert find_or_start(desk, dataset_id=noisy.dataset_id, pair="tiny", dtype="float32") == whole
    assert {row.again_of for row in list_runs(desk)} == {None, noisy.run_id}
