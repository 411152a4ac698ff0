"""Several models over one dataset: each opened and computing once, every ordered pair a run like any other."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from opened_source import OpenedSource
from service_builders import (
    make_dataset,
    make_tokenizer,
    plain_items,
    queue_run,
    save_tiny,
    scores_of,
)
from sqlalchemy import func, select

from db.tables import Logprob
from scoring.errors import ModelUnavailable
from services.errors import Refused
from services.weighing.models import models_named, weigh_models
from services.weighing.run import weigh

if TYPE_CHECKING:
    from db.session import Sessions
    from scoring.room import ModelRoom

OTHER_TEMPLATE = (
    "{% for m in messages %}[{{ m.role }}] {{ m.content }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}[assistant] {% endif %}"
)
PAIRS = [(strong, weak) for strong in "swo" for weak in "swo" if strong != weak]


def rows_by_model(sessions: Sessions) -> dict[str, int]:
    with sessions() as session:
        counted = session.execute(select(Logprob.fingerprint, func.count()).group_by(Logprob.fingerprint))
        return {row[0]: row[1] for row in counted}


def test_each_of_three_models_opens_and_computes_once_and_all_six_pairs_are_runs(
    desk: Sessions, room: ModelRoom, tiny_models: Path
) -> None:
    dataset_id = make_dataset(desk, plain_items(5))
    source = OpenedSource(room)
    told: list[tuple[str, int, int]] = []
    names = [str(tiny_models / name) for name in "swo"]
    weighed = weigh_models(
        desk, source, dataset_id=dataset_id, names=names, on_progress=lambda *progress: told.append(progress)
    )
    assert source.opened == ["s", "w", "o"]
    assert source.most_open == 1
    assert list(weighed.run_id_by_pair) == PAIRS
    assert not weighed.left_out
    assert [row.status for row in weighed.rows] == ["done"] * 6
    assert [row.n_computed for row in weighed.rows] == [0] * 6
    assert [row.pair for row in weighed.rows] == [f"{strong} over {weak}" for strong, weak in PAIRS]
    for name, done in weighed.pass_by_model.items():
        assert done.n_computed == done.n_needed == 15, name  # 5 items with 3 candidates, one template for all
    assert rows_by_model(desk) == {done.fingerprint: 15 for done in weighed.pass_by_model.values()}
    assert told[0] == ("s", 0, 5)
    assert told[-1] == ("all 6 pairs", 5, 5)


def test_its_runs_have_the_numbers_of_runs_of_their_own(desk: Sessions, room: ModelRoom, tiny_models: Path) -> None:
    dataset_id, again_id = (make_dataset(desk, plain_items(4), name=name) for name in ("one", "other"))
    alone = {pair: queue_run(desk, again_id, pair=name) for pair, name in
             {("s", "w"): "tiny", ("w", "s"): "swapped", ("s", "o"): "other"}.items()}  # fmt: skip
    for run_id in alone.values():
        weigh(desk, room, run_id)
    with desk.begin() as session:
        session.query(Logprob).delete()
    names = [str(tiny_models / name) for name in "swo"]
    weighed = weigh_models(desk, OpenedSource(room), dataset_id=dataset_id, names=names)
    for pair, run_id in alone.items():
        found, expected = scores_of(desk, weighed.run_id_by_pair[pair]), scores_of(desk, run_id)
        assert found.keys() == expected.keys()
        for place, values in expected.items():
            assert found[place][:4] == pytest.approx(values[:4], abs=1e-4)
            assert found[place][7:9] == values[7:9]  # the same texts to the token
    config = weighed.rows[0].configuration
    assert {side: config["models"][side]["dtype"] for side in ("strong", "weak")} == dict.fromkeys(
        ("strong", "weak"), "float32"
    )
    assert weighed.rows[0].noise_margin is not None  # measured while the models were open


def test_the_same_command_again_computes_nothing_and_makes_no_new_run(
    desk: Sessions, room: ModelRoom, tiny_models: Path
) -> None:
    dataset_id = make_dataset(desk, plain_items(3))
    names = ["tiny:strong", "tiny:weak"]
    first = weigh_models(desk, OpenedSource(room), dataset_id=dataset_id, names=names)
    source = OpenedSource(room)
    second = weigh_models(desk, source, dataset_id=dataset_id, names=names)
    assert list(first.run_id_by_pair) == [("tiny:strong", "tiny:weak"), ("tiny:weak", "tiny:strong")]
    assert second.run_id_by_pair == first.run_id_by_pair
    assert not source.computed
    assert not source.opened
    assert {done.n_computed for done in second.pass_by_model.values()} == {0}
    wider = weigh_models(desk, source, dataset_id=dataset_id, names=[*names, str(tiny_models / "o")])
    assert source.computed.keys() == {"o"}  # a third model costs its own pass
    assert wider.run_id_by_pair.items() >= first.run_id_by_pair.items()


def test_a_folder_that_was_trained_on_since_is_weighed_anew(desk: Sessions, room: ModelRoom, tmp_path: Path) -> None:
    dataset_id = make_dataset(desk, plain_items(3))
    names = [str(save_tiny(tmp_path / name, seed=seed, merges=40)) for name, seed in (("x", 1), ("y", 2))]
    first = weigh_models(desk, OpenedSource(room), dataset_id=dataset_id, names=names)
    save_tiny(tmp_path / "x", seed=3, merges=40)
    again = weigh_models(desk, type(room)(2**30, device="cpu"), dataset_id=dataset_id, names=names)
    assert {name: done.n_computed for name, done in again.pass_by_model.items()} == {"x": 9, "y": 0}
    assert not set(again.run_id_by_pair.values()) & set(first.run_id_by_pair.values())
    prints = [run.configuration["models"]["strong"]["fingerprint"] for run in (first.rows[0], again.rows[0])]
    assert prints[0] != prints[1]
    third = weigh_models(desk, OpenedSource(room), dataset_id=dataset_id, names=names)
    assert third.run_id_by_pair == again.run_id_by_pair


def test_interrupted_it_goes_on_with_what_is_missing(desk: Sessions, room: ModelRoom, tiny_models: Path) -> None:
    dataset_id = make_dataset(desk, plain_items(4))
    names = [str(tiny_models / name) for name in "sw"]

    def stop(ref: str, _requests: object) -> None:
        if ref == "w":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        weigh_models(desk, OpenedSource(room, on_batch=stop), dataset_id=dataset_id, names=names)
    source = OpenedSource(room)
    weighed = weigh_models(desk, source, dataset_id=dataset_id, names=names)
    assert weighed.pass_by_model["s"].n_computed == 0
    assert weighed.pass_by_model["w"].n_computed == 12
    assert [row.status for row in weighed.rows] == ["done", "done"]


def test_another_chat_template_costs_each_model_one_more_reading_and_no_template_makes_a_model_weak_only(
    desk: Sessions, room: ModelRoom, tiny_models: Path, tmp_path: Path
) -> None:
    dataset_id = make_dataset(desk, plain_items(3))
    for name, template in (("t", OTHER_TEMPLATE), ("n", None)):
        save_tiny(tmp_path / name, seed=ord(name), merges=40)
        tokenizer = make_tokenizer(40)
        tokenizer.chat_template = template
        for old in (tmp_path / name).glob("chat_template*"):
            old.unlink()
        tokenizer.save_pretrained(tmp_path / name)
    names = [str(tiny_models / "s"), str(tmp_path / "t"), str(tmp_path / "n")]
    weighed = weigh_models(desk, OpenedSource(room), dataset_id=dataset_id, names=names)
    assert {name: done.n_computed for name, done in weighed.pass_by_model.items()} == {"s": 18, "t": 18, "n": 18}
    assert list(weighed.left_out) == [("n", "s"), ("n", "t")]
    assert all("template" in reason for reason in weighed.left_out.values())
    assert [row.status for row in weighed.rows] == ["done"] * 4


def test_a_model_that_cannot_be_had_is_one_line_and_the_others_work_is_kept(
    desk: Sessions, room: ModelRoom, tiny_models: Path
) -> None:
    dataset_id = make_dataset(desk, plain_items(2))
    with pytest.raises(ModelUnavailable, match="there is no folder"):
        weigh_models(desk, room, dataset_id=dataset_id, names=[str(tiny_models / "s"), str(tiny_models / "nowhere")])


def test_one_model_or_one_twice_is_refused(tiny_models: Path) -> None:
    with pytest.raises(Refused, match="it takes two or more"):
        models_named([str(tiny_models / "s")])
    with pytest.raises(Refused, match="named twice"):
        models_named(["tiny:strong", "owner/model", "owner/model"])
    long = "owner/" + "x" * 80
    assert [len(name) for name in models_named([long, "owner/y"])] == [46, 7]
