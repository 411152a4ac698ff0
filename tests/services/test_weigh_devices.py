"""A run over two devices: the models apart, at the same time, and the numbers of one device."""

from __future__ import annotations

from typing import TYPE_CHECKING

from service_builders import make_dataset, plain_items, queue_run, scores_of
from sqlalchemy import delete

from db.tables import Logprob
from services.weighing.run import weigh

if TYPE_CHECKING:
    from db.session import Sessions
    from scoring.room import ModelRoom


def test_a_run_names_the_device_of_each_model_and_two_devices_give_the_numbers_of_one(
    desk: Sessions, room: ModelRoom
) -> None:
    from scoring.room import ModelRoom

    dataset_id = make_dataset(desk, plain_items(9))
    alone = queue_run(desk, dataset_id)
    weigh(desk, room, alone)
    with desk.begin() as session:
        session.execute(delete(Logprob))
    two = ModelRoom(2**30, devices=("cpu:0", "cpu:1"))
    apart = weigh(desk, two, queue_run(desk, dataset_id))
    assert (apart.status, apart.n_computed) == ("done", 54)
    models = apart.configuration["models"]
    assert {models[side]["device"] for side in ("strong", "weak")} == {"cpu:0", "cpu:1"}
    assert scores_of(desk, apart.run_id) == scores_of(desk, alone)


def test_models_that_fit_no_device_together_are_weighed_one_after_the_other(desk: Sessions, room: ModelRoom) -> None:
    from scoring.models import estimate_bytes
    from scoring.room import ModelRoom
    from services.pairs.catalogue import get_pair

    dataset_id = make_dataset(desk, plain_items(5))
    alone = queue_run(desk, dataset_id)
    weigh(desk, room, alone)
    with desk.begin() as session:
        session.execute(delete(Logprob))
    pair = get_pair("tiny")
    size = max(estimate_bytes(spec, device="cpu") for spec in (pair.strong, pair.weak))
    narrow = ModelRoom(size, device="cpu")
    row = weigh(desk, narrow, queue_run(desk, dataset_id))
    assert (row.status, row.n_computed) == ("done", 30)
    assert narrow.stats().loaded == (pair.weak.ref,)
    assert scores_of(desk, row.run_id) == scores_of(desk, alone)
