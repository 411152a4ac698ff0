"""A pair whose strong model is an adapter over the weak one: one base in memory, the numbers of two models."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from service_builders import make_dataset, pair_entry, plain_items, queue_run, scores_of

from scoring.criteria import CriteriaBody
from services.live.now import Message, weigh_now
from services.pairs.catalogue import list_pairs
from services.weighing.models import weigh_models
from services.weighing.run import weigh

if TYPE_CHECKING:
    from db.session import Sessions
    from scoring.room import ModelRoom


@pytest.fixture(scope="session")
def adapters(tiny_models: Path) -> Path:
    """Folders a and b, adapters over w; m, a merged into w."""
    from adapter_builders import merged, save_adapter

    for seed, name in enumerate("ab"):
        save_adapter(tiny_models / name, tiny_models / "w", seed=seed)
    merged(tiny_models / "w", tiny_models / "a").save_pretrained(tiny_models / "m")
    for path in [*(tiny_models / "w").glob("*token*"), *(tiny_models / "w").glob("*.jinja")]:
        (tiny_models / "m" / path.name).write_bytes(path.read_bytes())
    return tiny_models


@pytest.fixture(autouse=True)
def _pairs(adapters: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pairs: tuned (a over w), twice (a over b), merged (m over w)."""
    base = adapters / "w"
    entries = [
        ("tuned", base, f'strong_adapter = "{adapters / "a"}"'),
        ("twice", base, f'strong_adapter = "{adapters / "a"}"\nweak_adapter = "{adapters / "b"}"'),
        ("merged", adapters / "m", ""),
    ]
    path = adapters / "adapters.toml"
    path.write_text("".join(pair_entry(n, s, base, more) for n, s, more in entries))
    monkeypatch.setenv("TARE_PAIRS", str(path))


@pytest.fixture
def own_room(room: ModelRoom) -> ModelRoom:  # `room` sets the cache folder
    from scoring.room import ModelRoom

    return ModelRoom(2**30, device="cpu")


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was really loaded, in order."""
    from scoring import room as room_module

    found: list[str] = []
    for name in ("load_model", "load_adapter"):
        original = getattr(room_module, name)

        def load(spec: Any, *args: Any, _original: Any = original, **settings: Any) -> Any:
            found.append(Path(spec.adapter or spec.ref).name)
            return _original(spec, *args, **settings)

        monkeypatch.setattr(room_module, name, load)
    return found


def test_a_run_of_an_adapter_over_its_base_loads_the_base_once_and_has_the_merged_model_s_rewards(
    desk: Sessions, own_room: ModelRoom, loads: list[str]
) -> None:
    items = plain_items(6)
    tuned, merged = (queue_run(desk, make_dataset(desk, items, name=name), pair=name) for name in ("tuned", "merged"))
    row = weigh(desk, own_room, tuned)
    assert (row.status, row.n_computed) == ("done", 36)
    assert loads == ["w", "a"]
    models = row.configuration["models"]
    assert models["strong"]["ref"] == f"{models['weak']['ref']} + {own_room.stats().loaded[1].split(' + ')[1]}"
    assert models["strong"]["fingerprint"] != models["weak"]["fingerprint"]
    assert models["strong"]["device"] == models["weak"]["device"] == "cpu"
    assert row.configuration["pair"]["strong"]["adapter"].endswith("a")
    weigh(desk, own_room, merged)
    found, expected = scores_of(desk, tuned), scores_of(desk, merged)
    assert max(abs(values[0]) for values in expected.values()) > 1  # the adapter does something
    for place, values in expected.items():
        assert found[place][:4] == pytest.approx(values[:4], abs=1e-3)
        assert found[place][6] == values[6]


def test_two_adapters_of_one_base_are_a_pair_and_what_one_has_weighed_is_not_weighed_again(
    desk: Sessions, own_room: ModelRoom, loads: list[str]
) -> None:
    dataset_id = make_dataset(desk, plain_items(4))
    weigh(desk, own_room, queue_run(desk, dataset_id, pair="tuned"))
    row = weigh(desk, own_room, queue_run(desk, dataset_id, pair="twice"))
    assert (row.status, row.n_computed, row.n_cached) == ("done", 12, 12)
    assert loads == ["w", "a", "b"]


def test_runs_and_live_requests_of_base_and_adapters_at_once_get_their_own_numbers(
    desk: Sessions, own_room: ModelRoom
) -> None:
    pairs = ("tuned", "twice", "merged")
    datasets = {pair: make_dataset(desk, plain_items(8), name=pair) for pair in pairs}
    runs = {pair: queue_run(desk, dataset_id, pair=pair) for pair, dataset_id in datasets.items()}
    asked = [Message("user", "price of tea")]
    live: list[float] = []

    def ask() -> None:
        for n in range(6):
            responses = [f"cup {n} of tea", "small pot"]
            both = [weigh_now(desk, own_room, pair=pair, criteria=CriteriaBody(""), messages=asked,
                              responses=responses).candidates[0].reward for pair in ("tuned", "merged")]  # fmt: skip
            live.append(abs((both[0] or 0) - (both[1] or 9)))

    threads = [threading.Thread(target=weigh, args=(desk, own_room, run_id)) for run_id in runs.values()]
    threads.append(threading.Thread(target=ask))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = {pair: scores_of(desk, run_id) for pair, run_id in runs.items()}
    assert len(found["tuned"]) == len(found["twice"]) == 24
    for place, values in found["merged"].items():
        assert found["tuned"][place][:4] == pytest.approx(values[:4], abs=1e-3)
        assert found["twice"][place][2] == pytest.approx(values[2], abs=1e-3)  # the strong side alone
    assert len(live) == 6
    assert max(live) < 1e-3


def test_base_and_adapters_as_several_models_share_the_base(
    desk: Sessions, own_room: ModelRoom, loads: list[str]
) -> None:
    dataset_id = make_dataset(desk, plain_items(3))
    names = ["tuned:weak", "tuned:strong", "twice:weak"]
    weighed = weigh_models(desk, own_room, dataset_id=dataset_id, names=names)
    assert loads == ["w", "a", "b"]
    assert {done.n_computed for done in weighed.pass_by_model.values()} == {9}
    assert [row.status for row in weighed.rows] == ["done"] * 6


def test_a_pair_s_adapter_is_named_where_pairs_are_listed(adapters: Path) -> None:
    tuned = next(row for row in list_pairs() if row.name == "tuned")
    assert tuned.strong == f"{adapters / 'w'} + {adapters / 'a'}"
    assert tuned.weak == str(adapters / "w")
