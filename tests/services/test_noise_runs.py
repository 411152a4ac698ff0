"""What a run measures and says of its numeric noise."""

from __future__ import annotations

import dataclasses

import pytest
from service_builders import (
    WatchedSource,
    make_dataset,
    plain_items,
    queue_run,
    scores_of,
)
from sqlalchemy import delete, select

from db.session import Sessions
from db.tables import Logprob, Noise, Suggestion
from scoring.criteria import CriteriaBody
from scoring.noise import Noise as Measured
from scoring.noise import margin_noise
from scoring.room import ModelRoom
from services.live.now import Message, weigh_now
from services.noise import within
from services.precise import why_not_again
from services.run_rows import RunRow
from services.weighing.run import weigh


def weighed(desk: Sessions, room: ModelRoom, n: int = 40, **more: object) -> RunRow:
    """A finished run over n items; `name` of the dataset and the run's own settings may be given."""
    name = str(more.pop("name", "set"))
    return weigh(desk, room, queue_run(desk, make_dataset(desk, plain_items(n), name=name), **more))


def test_a_run_stores_the_noise_of_both_models_and_the_margin_it_drowns(desk: Sessions, room: ModelRoom) -> None:
    row = weighed(desk, room, dtype="bfloat16")
    models = row.configuration["models"]
    with desk() as session:
        stored = {one.fingerprint: one for one in session.scalars(select(Noise))}
    assert set(stored) == {models[side]["fingerprint"] for side in ("strong", "weak")}
    for side in ("strong", "weak"):
        told, kept = models[side]["noise"], stored[models[side]["fingerprint"]]
        assert (kept.engine, kept.device, kept.dtype, kept.n) == (models[side]["engine"], "cpu", "bfloat16", 16)
        assert told == {"n": 16, "max_sum": kept.max_sum, "rms_sum": kept.rms_sum, "max_mean": kept.max_mean,
                        "rms_mean": kept.rms_mean}  # fmt: skip
        assert 0 <= kept.rms_sum <= kept.max_sum
    strong, weak = (Measured(**models[side]["noise"]) for side in ("strong", "weak"))
    assert row.noise_margin == margin_noise(strong, weak, rank_by="sum")
    assert row.n_within_noise == sum(within(margin, row.noise_margin) for margin in margins_of(desk, row.run_id))


def margins_of(desk: Sessions, run_id: int) -> list[float]:
    with desk() as session:
        return list(session.scalars(select(Suggestion.margin).where(Suggestion.run_id == run_id)))


def test_measuring_changes_no_number_and_is_done_once_a_model(desk: Sessions, room: ModelRoom) -> None:
    dataset_id = make_dataset(desk, plain_items(20))
    first, second = WatchedSource(room), WatchedSource(room)
    one = weigh(desk, first, queue_run(desk, dataset_id))
    assert first.n_measured == 2 * 16
    two = weigh(desk, second, queue_run(desk, dataset_id))
    assert (second.n_measured, second.n_batches) == (0, 0), "all from the cache, the noise too"
    assert two.noise_margin == one.noise_margin is not None
    with desk.begin() as session:
        session.execute(delete(Logprob))
    weigh(desk, room, again := queue_run(desk, dataset_id))
    assert scores_of(desk, again) == scores_of(desk, one.run_id)


def test_a_larger_sample_replaces_a_smaller_one(desk: Sessions, room: ModelRoom) -> None:
    few = weighed(desk, room, n=2, name="few")
    assert few.configuration["models"]["strong"]["noise"]["n"] == 6
    many = weighed(desk, room, n=9, name="many")
    assert many.configuration["models"]["strong"]["noise"]["n"] == 16
    with desk() as session:
        assert session.scalars(select(Noise.n)).all() == [16, 16]


def test_a_run_by_the_mean_takes_the_noise_of_the_means(desk: Sessions, room: ModelRoom) -> None:
    dataset_id = make_dataset(desk, plain_items(20))
    by_sum, by_mean = (weigh(desk, room, queue_run(desk, dataset_id, rank_by=by)) for by in ("sum", "mean"))
    assert by_sum.noise_margin is not None
    assert by_mean.noise_margin is not None
    assert 0 < by_mean.noise_margin < by_sum.noise_margin / 2, "responses have five tokens and more"


def test_a_failure_to_measure_ends_no_run(desk: Sessions, room: ModelRoom, monkeypatch: pytest.MonkeyPatch) -> None:
    from scoring.errors import EngineFailed
    from services import noise

    def fail(*_: object) -> None:
        raise EngineFailed("out of memory on cpu for one sequence")

    monkeypatch.setattr(noise, "measure", fail)
    row = weighed(desk, room, n=10)
    assert (row.status, row.noise_margin, row.n_within_noise) == ("done", None, 0)
    assert why_not_again(dataclasses.replace(row, configuration={})) == (
        "Its numeric noise was not measured; weigh the dataset again first."
    )


def test_a_tie_of_equal_texts_is_exact_and_no_noise() -> None:
    assert not within(0.0, 1.0)
    assert within(0.5, 1.0)
    assert not within(1.0, 1.0)
    assert not within(0.5, None)
    assert not within(None, 1.0)


def test_live_marks_a_margin_within_the_noise_that_runs_measured(desk: Sessions, room: ModelRoom) -> None:
    def ask() -> tuple[bool, float | None]:
        found = weigh_now(desk, room, pair="tiny", criteria=CriteriaBody(""), messages=[Message("user", "tea")],
                          responses=["cup of tea", "small pot"])  # fmt: skip
        return found.is_within_noise, found.noise_margin

    assert ask() == (False, None), "nothing measured yet"
    row = weighed(desk, room, n=9)
    assert ask() == (False, row.noise_margin)
    with desk.begin() as session:
        for noise in session.scalars(select(Noise)):
            noise.max_sum = 1e6
    assert ask() == (True, 4e6)
