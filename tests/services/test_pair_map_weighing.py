"""Weighing for a map: hidden runs, costs that are kept, stopping and going on, and the app's thread that does it."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from opened_source import OpenedSource
from service_builders import WatchedSource, make_dataset, make_tokenizer, plain_items, queue_run, save_tiny

from db.tables import Dataset
from services.errors import NotFound, Refused
from services.item_store import insert_items
from services.pair_map.choice import first_choice, map_stamp, offered_models, start_pair, weighed_names
from services.pair_map.read import read_map
from services.pair_map.worker import MapJob, MapWorker
from services.runs import delete_run, get_run, latest_run, list_runs, request_cancel
from services.weighing.model_pass import Stopped
from services.weighing.models import weigh_models
from services.weighing.run import weigh

if TYPE_CHECKING:
    from db.session import Sessions
    from scoring.room import ModelRoom


@pytest.fixture
def names(tiny_models: Path) -> tuple[str, ...]:
    return tuple(str(tiny_models / name) for name in "swo")


def test_a_maps_runs_stay_out_of_the_lists_until_somebody_asks_for_them(
    desk: Sessions, room: ModelRoom, names: tuple[str, ...]
) -> None:
    dataset_id = make_dataset(desk, plain_items(4))
    weigh_models(desk, room, dataset_id=dataset_id, names=names, is_hidden=True)
    assert list_runs(desk, dataset_id=dataset_id) == ()
    assert latest_run(desk, dataset_id) is None, "Review and Insights do not take one of them for the latest"
    data = read_map(desk, dataset_id=dataset_id, names=names)
    assert (len(data.map.pairs), data.map.n) == (6, 4)
    shown = weigh_models(desk, room, dataset_id=dataset_id, names=names)
    assert len(list_runs(desk, dataset_id=dataset_id)) == 6
    assert set(shown.run_id_by_pair.values()) == {pair.run_id for pair in data.map.pairs}


def test_a_run_that_was_there_before_is_part_of_the_map_and_is_not_hidden(
    desk: Sessions, room: ModelRoom, tiny_models: Path
) -> None:
    dataset_id = make_dataset(desk, plain_items(3))
    run_id = queue_run(desk, dataset_id, pair="tiny")
    weigh(desk, room, run_id)
    names = ("tiny:strong", "tiny:weak")
    pair = read_map(desk, dataset_id=dataset_id, names=names).map.pairs[0]
    assert (pair.strong, pair.weak, pair.run_id) == ("tiny:strong", "tiny:weak", run_id)
    assert pair.per_thousand_s is not None, "the run computed everything itself and says how long it took"
    weigh_models(desk, room, dataset_id=dataset_id, names=names, is_hidden=True)
    assert not get_run(desk, run_id).is_hidden


def test_what_a_pass_cost_is_kept_for_maps_that_find_everything_in_the_cache(
    desk: Sessions, room: ModelRoom, names: tuple[str, ...]
) -> None:
    dataset_id = make_dataset(desk, plain_items(4))
    first = weigh_models(desk, room, dataset_id=dataset_id, names=names[:2], is_hidden=True)
    took = first.pass_by_model["s"]
    assert took.n_computed == 12
    assert took.elapsed_s > 0
    wider = weigh_models(desk, room, dataset_id=dataset_id, names=names, is_hidden=True)
    assert wider.pass_by_model["s"].n_computed == 0
    found = read_map(desk, dataset_id=dataset_id, names=names).map
    cost = {model.name: model.cost for model in found.models}
    assert cost["s"] is not None
    assert cost["s"].per_thousand_s == pytest.approx(1000 * took.elapsed_s / 12)
    assert cost["s"].memory_bytes == took.memory_bytes
    assert all(pair.per_thousand_s is not None for pair in found.pairs)


def test_a_few_texts_that_came_later_do_not_replace_what_the_whole_pass_cost(
    desk: Sessions, room: ModelRoom, names: tuple[str, ...]
) -> None:
    items = plain_items(6)
    dataset_id = make_dataset(desk, items[:5])
    first = weigh_models(desk, room, dataset_id=dataset_id, names=names[:2], is_hidden=True)
    with desk.begin() as session:
        insert_items(session, dataset_id, items[5:], first_position=5)
        session.get_one(Dataset, dataset_id).n_items = 6
    later = weigh_models(desk, room, dataset_id=dataset_id, names=names[:2], is_hidden=True)
    assert (first.pass_by_model["s"].n_computed, later.pass_by_model["s"].n_computed) == (15, 3)
    cost = {model.name: model.cost for model in read_map(desk, dataset_id=dataset_id, names=names[:2]).map.models}
    assert cost["s"] is not None
    assert cost["s"].n_computed == 15
    assert cost["s"].per_thousand_s == pytest.approx(1000 * first.pass_by_model["s"].elapsed_s / 15)


def test_a_third_model_opens_the_others_once_and_a_map_that_is_there_opens_none(
    desk: Sessions, room: ModelRoom, names: tuple[str, ...]
) -> None:
    dataset_id = make_dataset(desk, plain_items(3))
    weigh_models(desk, room, dataset_id=dataset_id, names=names[:2], is_hidden=True)
    source = OpenedSource(room)
    weigh_models(desk, source, dataset_id=dataset_id, names=names, is_hidden=True)
    assert source.opened == ["s", "w", "o"]
    assert source.computed.keys() == {"o"}
    again = OpenedSource(room)
    weigh_models(desk, again, dataset_id=dataset_id, names=names, is_hidden=True)
    read_map(desk, dataset_id=dataset_id, names=names)
    assert again.opened == []


def test_stopped_between_chunks_it_goes_on_later_and_computes_nothing_twice(
    desk: Sessions, room: ModelRoom, names: tuple[str, ...]
) -> None:
    dataset_id = make_dataset(desk, plain_items(12))  # two chunks
    stop = threading.Event()
    source = OpenedSource(room, on_batch=lambda ref, _: stop.set() if ref == "w" else None)
    with pytest.raises(Stopped, match="goes on from there"):
        weigh_models(desk, source, dataset_id=dataset_id, names=names, is_hidden=True, stop=stop)
    done = source.computed
    assert done["s"] == 36
    assert 0 < done["w"] < 36
    rest = OpenedSource(room)
    weighed = weigh_models(desk, rest, dataset_id=dataset_id, names=names, is_hidden=True)
    assert rest.computed == {"w": 36 - done["w"], "o": 36}
    assert [row.status for row in weighed.rows] == ["done"] * 6


def test_stopped_while_the_pairs_are_combined_it_goes_on_where_it_was_and_still_knows_the_costs(
    desk: Sessions, room: ModelRoom, names: tuple[str, ...]
) -> None:
    dataset_id = make_dataset(desk, plain_items(12))
    stop = threading.Event()

    def stop_halfway(title: str, n_done: int, _of: int) -> None:
        if title.startswith("all") and n_done:
            stop.set()

    with pytest.raises(Stopped):
        weigh_models(
            desk, room, dataset_id=dataset_id, names=names, is_hidden=True, stop=stop, on_progress=stop_halfway
        )
    before = list_runs(desk, include_hidden=True)
    assert {(row.status, row.n_done) for row in before} == {("cancelled", 8)}
    weighed = weigh_models(desk, room, dataset_id=dataset_id, names=names, is_hidden=True)
    assert {row.run_id for row in weighed.rows} == {row.run_id for row in before}
    assert {(row.status, row.n_done, row.n_computed, row.n_cached) for row in weighed.rows} == {("done", 12, 0, 72)}
    found = read_map(desk, dataset_id=dataset_id, names=names).map
    assert found.n == 12
    assert all(pair.per_thousand_s is not None for pair in found.pairs)


def test_a_run_of_the_map_that_somebody_cancels_stops_alone(
    desk: Sessions, room: ModelRoom, names: tuple[str, ...]
) -> None:
    dataset_id = make_dataset(desk, plain_items(12))
    asked: list[int] = []

    def cancel_one(title: str, n_done: int, _of: int) -> None:
        if title.startswith("all") and n_done == 8 and not asked:
            running = [row for row in list_runs(desk, include_hidden=True) if row.status == "running"]
            asked.append(running[0].run_id)
            request_cancel(desk, running[0].run_id)

    weighed = weigh_models(desk, room, dataset_id=dataset_id, names=names, is_hidden=True, on_progress=cancel_one)
    by_run = {row.run_id: row.status for row in weighed.rows}
    assert asked
    assert [status for run_id, status in by_run.items() if run_id not in asked] == ["done"] * 5
    again = weigh_models(desk, room, dataset_id=dataset_id, names=names, is_hidden=True)
    assert [row.status for row in again.rows] == ["done"] * 6


def test_the_apps_thread_weighs_a_map_and_says_how_far_it_is(
    desk: Sessions, room: ModelRoom, names: tuple[str, ...]
) -> None:
    dataset_id = make_dataset(desk, plain_items(4))
    worker = MapWorker(desk, lambda: room)
    job = MapJob(dataset_id, names, "none")
    assert worker.progress(job) is None
    worker.start(job)
    worker.start(job)
    assert worker.latest(dataset_id) == job
    assert worker.latest(dataset_id + 1) is None
    worker.join()
    progress = worker.progress(job)
    assert progress is not None
    assert (progress.state, progress.error, progress.is_active) == ("done", "", False)
    assert (progress.step, progress.n_steps, progress.share) == (4, 4, 1.0)
    assert len(read_map(desk, dataset_id=dataset_id, names=names).map.pairs) == 6
    assert all(row.is_hidden for row in list_runs(desk, include_hidden=True))


def test_a_job_that_left_pairs_out_says_why(desk: Sessions, room: ModelRoom, tiny_models: Path, tmp_path: Path) -> None:
    tokenizer = make_tokenizer(40)
    save_tiny(tmp_path / "n", seed=3, merges=40)
    tokenizer.chat_template = None
    for old in (tmp_path / "n").glob("chat_template*"):
        old.unlink()
    tokenizer.save_pretrained(tmp_path / "n")
    worker = MapWorker(desk, lambda: room)
    job = MapJob(make_dataset(desk, plain_items(2)), (str(tiny_models / "s"), str(tmp_path / "n")), "none")
    worker.start(job)
    worker.join()
    progress = worker.progress(job)
    assert progress is not None
    assert progress.state == "done"
    assert progress.error.startswith("n over 1 of the others is left out: ")
    assert "template" in progress.error


def test_a_map_that_cannot_be_weighed_says_why_and_the_next_one_goes_on(
    desk: Sessions, room: ModelRoom, names: tuple[str, ...], tmp_path: Path
) -> None:
    dataset_id = make_dataset(desk, plain_items(3))
    worker = MapWorker(desk, lambda: room)
    missing = MapJob(dataset_id, (names[0], str(tmp_path / "nowhere")), "none")
    good = MapJob(dataset_id, names[:2], "none")
    worker.start(missing)
    worker.start(good)
    worker.join()
    failed, done = worker.progress(missing), worker.progress(good)
    assert failed is not None
    assert done is not None
    assert failed.state == "failed"
    assert "there is no folder" in failed.error
    assert "\n" not in failed.error
    assert done.state == "done"


def test_a_map_under_way_can_be_stopped_and_one_that_waits_never_begins(
    desk: Sessions, room: ModelRoom, names: tuple[str, ...]
) -> None:
    dataset_id = make_dataset(desk, plain_items(12))
    reached, go_on = threading.Event(), threading.Event()

    def wait(_ref: str, _requests: object) -> None:
        reached.set()
        assert go_on.wait(30)

    worker = MapWorker(desk, lambda: WatchedSource(room, on_batch=wait))
    first, second = MapJob(dataset_id, names, "none"), MapJob(dataset_id, names[:2], "none")
    worker.start(first)
    worker.start(second)
    assert reached.wait(30)
    assert worker.progress(second).state == "waiting"  # type: ignore[union-attr]
    worker.stop(second)
    worker.stop(first)
    go_on.set()
    worker.join()
    assert [worker.progress(job).state for job in (first, second)] == ["stopped", "stopped"]  # type: ignore[union-attr]


def test_a_screen_begins_with_the_models_that_were_weighed(
    desk: Sessions, room: ModelRoom, names: tuple[str, ...]
) -> None:
    dataset_id = make_dataset(desk, plain_items(3))
    offered = offered_models()
    assert weighed_names(desk, dataset_id, "none", offered) == ()
    before = map_stamp(desk, dataset_id, "none")
    weigh_models(desk, room, dataset_id=dataset_id, names=names, is_hidden=True)
    assert map_stamp(desk, dataset_id, "none") != before
    seen = weighed_names(desk, dataset_id, "none", offered)
    assert len(seen) == 3
    assert read_map(desk, dataset_id=dataset_id, names=seen).map.missing == ()
    assert first_choice(seen, offered) == seen
    demo = tuple(one.name for one in offered if one.is_demo)
    assert first_choice(demo[:1], offered) == demo


def test_a_pair_of_the_map_becomes_a_run_like_any_other(
    desk: Sessions, room: ModelRoom, names: tuple[str, ...]
) -> None:
    dataset_id = make_dataset(desk, plain_items(3))
    weigh_models(desk, room, dataset_id=dataset_id, names=names, is_hidden=True)
    run_id = start_pair(desk, dataset_id=dataset_id, strong=names[1], weak=names[0], criteria="none", rank_by="mean")
    row = weigh(desk, room, run_id)
    assert (row.status, row.n_computed, row.is_hidden, row.rank_by) == ("done", 0, False, "mean")
    listed = start_pair(
        desk, dataset_id=dataset_id, strong="tiny:strong", weak="tiny:weak", criteria="none", rank_by="sum"
    )
    assert get_run(desk, listed).pair == "tiny", "what the catalogue's entry says goes with it"
    delete_run(desk, run_id)
    with pytest.raises(Refused):
        start_pair(desk, dataset_id=dataset_id, strong=names[0], weak=names[0], criteria="none", rank_by="sum")
    with pytest.raises(NotFound):
        start_pair(desk, dataset_id=dataset_id, strong=names[0], weak=names[1], criteria="nothing", rank_by="sum")
