"""Runs as rows: what may be started, cancelled, resumed and deleted, and what is written down about each."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from threading import Barrier

import pytest
from service_builders import Reviewer, let_time_pass, make_dataset, plain_items, queue_run
from sqlalchemy import func, select, update

from db.session import Sessions
from db.tables import Dataset, Logprob, ModelPairRow, Run, Score, utc_now
from scoring.room import ModelRoom
from services.criteria.store import find_criteria
from services.errors import DecisionsRestOnIt, NotFound, Refused
from services.runs import delete_run, get_run, hide_run, latest_run, list_runs, request_cancel, resume, start_run
from services.weighing.run import weigh


def none_id(sessions: Sessions) -> int:
    return find_criteria(sessions, "none").criteria_id


def test_a_run_writes_down_what_it_is_made_of(desk: Sessions) -> None:
    run_id = queue_run(desk, make_dataset(desk, plain_items(2)), pair="worldly", rank_by="mean", dtype="float32")
    row = get_run(desk, run_id)
    assert (row.status, row.n_items, row.rank_by, row.pair, row.criteria) == ("queued", 2, "mean", "worldly", "none")
    configuration = row.configuration
    assert configuration["criteria"]["sha256"] == find_criteria(desk, "none").sha256
    assert (configuration["count_end_of_turn"], configuration["dtype"]) == (True, "float32")
    assert configuration["template"] == "strong"
    assert configuration["pair"]["world"]["response_min"] == -5.0
    assert row.software["torch"] == version("torch")
    assert row.software["SQLAlchemy"] == version("SQLAlchemy")


def test_what_cannot_be_started_is_told_with_the_way_out(desk: Sessions) -> None:
    dataset_id, empty = make_dataset(desk, plain_items(1)), make_dataset(desk, [], name="empty")
    importing = make_dataset(desk, plain_items(1), name="importing")
    with desk.begin() as session:
        session.execute(update(Dataset).where(Dataset.dataset_id == importing).values(state="importing"))
    fine = {"dataset_id": dataset_id, "pair": "tiny", "criteria_id": none_id(desk)}
    for wrong, error, line in [
        ({"dataset_id": 99}, NotFound, "no dataset with number 99"),
        ({"dataset_id": empty}, Refused, "has no item"),
        ({"dataset_id": importing}, Refused, "is importing"),
        ({"pair": "nobody"}, NotFound, "the catalogue has .*tiny"),
        ({"criteria_id": 99}, NotFound, "no criteria with number 99"),
        ({"rank_by": "best"}, Refused, "must be one of sum, mean"),
        ({"dtype": "int8"}, Refused, "must be one of auto"),
    ]:
        with pytest.raises(error, match=line):
            start_run(desk, **{**fine, **wrong})  # type: ignore[arg-type]
    assert list_runs(desk) == ()


@pytest.mark.parametrize("name", ["demo-brief", "none", "helpful"])
def test_a_closed_pair_takes_its_own_criteria_and_others_too(desk: Sessions, name: str) -> None:
    criteria_id = find_criteria(desk, name).criteria_id
    run_id = queue_run(desk, make_dataset(desk, plain_items(1)), pair="demo", criteria_id=criteria_id)
    assert get_run(desk, run_id).criteria == name


def test_a_pair_is_frozen_once_however_many_runs_use_it(desk: Sessions) -> None:
    dataset_id = make_dataset(desk, plain_items(1))
    runs = [queue_run(desk, dataset_id) for _ in range(2)]
    with desk() as session:
        assert len({session.get_one(Run, run_id).model_pair_id for run_id in runs}) == 1


def test_a_queued_run_is_cancelled_at_once_and_can_be_queued_again(desk: Sessions) -> None:
    run_id = queue_run(desk, make_dataset(desk, plain_items(1)))
    assert request_cancel(desk, run_id).status == "cancelled"
    assert resume(desk, run_id).status == "queued"
    with pytest.raises(Refused, match="is queued"):
        resume(desk, run_id)


def in_hand(sessions: Sessions, status: str = "running") -> int:
    """A run that some worker holds right now."""
    run_id = queue_run(sessions, make_dataset(sessions, plain_items(1), name=f"of {utc_now()}"))
    with sessions.begin() as session:
        values = {"status": status, "worker": "here:1:1", "heartbeat_at": utc_now()}
        session.execute(update(Run).where(Run.run_id == run_id).values(**values))
    return run_id


def test_a_running_run_is_asked_to_stop_and_a_left_behind_one_is_stopped(desk: Sessions) -> None:
    alive, dead = in_hand(desk), in_hand(desk)
    let_time_pass(desk, dead, seconds=16)
    assert request_cancel(desk, alive).status == "cancelling"
    assert request_cancel(desk, dead).status == "cancelled"


def test_fifteen_seconds_of_silence_make_a_run_interrupted_and_resumable(desk: Sessions) -> None:
    run_id = in_hand(desk)
    let_time_pass(desk, run_id, seconds=13)
    assert not get_run(desk, run_id).is_interrupted
    with pytest.raises(Refused, match="is running"):
        resume(desk, run_id)
    let_time_pass(desk, run_id, seconds=3)
    assert get_run(desk, run_id).is_interrupted
    assert resume(desk, run_id).status == "queued"


def test_deleting_a_run_takes_its_scores_and_leaves_the_cache(desk: Sessions, room: ModelRoom) -> None:
    run_id = queue_run(desk, make_dataset(desk, plain_items(2)))
    weigh(desk, room, run_id)
    delete_run(desk, run_id)
    with desk() as session:
        assert session.scalar(select(func.count()).select_from(Score)) == 0
        assert session.scalar(select(func.count()).select_from(Logprob)) == 12
    with pytest.raises(NotFound, match="no run"):
        get_run(desk, run_id)


def test_a_run_with_decisions_is_kept_and_can_be_hidden(desk: Sessions, room: ModelRoom) -> None:
    dataset_id = make_dataset(desk, plain_items(2))
    run_id = queue_run(desk, dataset_id)
    weigh(desk, room, run_id)
    reviewer = Reviewer(desk, dataset_id)
    reviewer.say(reviewer.look().item_id, run_id=run_id)
    assert get_run(desk, run_id).n_decisions == 1
    with pytest.raises(DecisionsRestOnIt, match="hide it instead"):
        delete_run(desk, run_id)
    hide_run(desk, run_id)
    assert list_runs(desk, dataset_id=dataset_id) == ()
    assert [row.is_hidden for row in list_runs(desk, include_hidden=True)] == [True]
    assert latest_run(desk, dataset_id) is None
    hide_run(desk, run_id, is_hidden=False)
    assert latest_run(desk, dataset_id) == get_run(desk, run_id)


def test_a_run_in_somebodys_hand_is_not_deleted(desk: Sessions) -> None:
    run_id = in_hand(desk)
    with pytest.raises(Refused, match="cancel it first"):
        delete_run(desk, run_id)
    let_time_pass(desk, run_id)
    delete_run(desk, run_id)
    assert list_runs(desk) == ()


def test_the_latest_run_is_the_newest_finished_one(desk: Sessions, room: ModelRoom) -> None:
    dataset_id = make_dataset(desk, plain_items(2))
    assert latest_run(desk, dataset_id) is None
    first, second = queue_run(desk, dataset_id), queue_run(desk, dataset_id)
    assert latest_run(desk, dataset_id) is None
    weigh(desk, room, first)
    found = latest_run(desk, dataset_id)
    assert found is not None
    assert found.run_id == first
    weigh(desk, room, second)
    assert [row.run_id for row in list_runs(desk, dataset_id=dataset_id)] == [second, first]
    found = latest_run(desk, dataset_id)
    assert found is not None
    assert found.run_id == second


def test_many_who_first_use_a_pair_at_once_share_its_one_row(desk: Sessions) -> None:
    dataset_id, n_people = make_dataset(desk, plain_items(1)), 6
    start = Barrier(n_people)

    def begin(_: int) -> int:
        start.wait()
        return queue_run(desk, dataset_id)

    with ThreadPoolExecutor(n_people) as people:
        run_ids = list(people.map(begin, range(n_people)))
    assert len(set(run_ids)) == n_people
    with desk() as session:
        assert session.scalar(select(func.count()).select_from(ModelPairRow)) == 1
