"""Several devices: a pair's models apart, a budget for each, and a model stays where it is. The CPU stands for two."""

import threading
from pathlib import Path

import pytest
from adapter_builders import save_adapter
from hypothesis import given
from hypothesis import strategies as st

from scoring.errors import ModelUnavailable
from scoring.memory import all_devices, budget_bytes_of
from scoring.models import choose_device, estimate_bytes, load_model
from scoring.pairs import ModelSpec
from scoring.placing import DeviceLoad, choose_device_for
from scoring.protocol import LogprobRequest
from scoring.room import ModelRoom

TWO = ("cpu:0", "cpu:1")
REQUEST = LogprobRequest(tuple(range(40)), (False,) * 10 + (True,) * 30)


@pytest.fixture
def strong(strong_folder: Path) -> ModelSpec:
    return ModelSpec(str(strong_folder))


@pytest.fixture
def weak(weak_folder: Path) -> ModelSpec:
    return ModelSpec(str(weak_folder))


@pytest.fixture
def tuned(strong_folder: Path, tmp_path: Path) -> ModelSpec:
    return ModelSpec(str(strong_folder), adapter=str(save_adapter(tmp_path / "adapter", strong_folder)))


def test_strong_and_weak_stand_on_two_devices_with_the_numbers_of_one(strong: ModelSpec, weak: ModelSpec) -> None:
    room = ModelRoom(2**30, devices=TWO)
    with room.open(strong) as one, room.open(weak) as other:
        assert {one.device, other.device} == set(TWO)
        assert room.stats().placed == ((strong.ref, "cpu:0"), (weak.ref, "cpu:1"))
        assert room.stats().device == "cpu:0, cpu:1"
        assert room.stats().budget_bytes == 2 * 2**30
        for model, spec in ((one, strong), (other, weak)):
            assert model.engine.logprobs([REQUEST]) == load_model(spec, device="cpu").engine.logprobs([REQUEST])


def test_two_devices_compute_at_the_same_time_and_one_does_not(strong: ModelSpec, weak: ModelSpec) -> None:
    for devices, is_at_once in ((TWO, True), (("cpu",), False)):
        room = ModelRoom(2**30, devices=devices)
        meeting = threading.Barrier(2)
        met: list[bool] = []

        limit_s = 20 if is_at_once else 0.5

        def wait(*_: object, meeting: threading.Barrier = meeting, met: list[bool] = met, s: float = limit_s) -> None:
            try:
                meeting.wait(s)
                met.append(True)
            except threading.BrokenBarrierError:
                met.append(False)

        with room.open(strong) as one, room.open(weak) as other:
            hooks = [model.shelf.model.base_model.register_forward_pre_hook(wait) for model in (one, other)]
            threads = [threading.Thread(target=m.engine.logprobs, args=([REQUEST],)) for m in (one, other)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            for hook in hooks:
                hook.remove()
        assert any(met) is is_at_once


def test_a_model_stays_where_it_is(strong: ModelSpec, weak: ModelSpec) -> None:
    room = ModelRoom(2**30, devices=TWO)
    for spec in (strong, weak, strong):
        with room.open(spec):
            pass
    with room.open(weak) as other, room.open(strong) as one:
        assert (one.device, other.device) == TWO


def test_each_device_has_its_budget_and_frees_only_its_own_models(
    strong: ModelSpec, weak: ModelSpec, other_folder: Path
) -> None:
    third = ModelSpec(str(other_folder))
    sizes = {spec: estimate_bytes(spec, device="cpu") for spec in (strong, weak, third)}
    room = ModelRoom(max(sizes.values()), devices=TWO)
    assert room.fits_both(strong, weak)
    assert not ModelRoom(max(sizes.values()), devices=TWO[:1]).fits_both(strong, weak)
    with (
        room.open(strong),
        room.open(weak),
        pytest.raises(ModelUnavailable, match="in use; wait for the other work"),
        room.open(third),
    ):
        pass
    with room.open(weak), room.open(third) as model:
        assert model.device == "cpu:0"  # the weak one is at work on the other
        assert room.stats().loaded == (weak.ref, third.ref)


def test_an_adapter_stands_with_its_base(strong: ModelSpec, weak: ModelSpec, tuned: ModelSpec) -> None:
    room = ModelRoom(2**30, devices=TWO)
    with room.open(weak), room.open(tuned) as model, room.open(strong) as base:
        assert model.device == base.device == "cpu:1"
        assert model.shelf is base.shelf
    size, extra = (estimate_bytes(spec, device="cpu") for spec in (strong, tuned))
    assert ModelRoom(size + extra, devices=TWO).fits_both(tuned, strong)
    assert not ModelRoom(size + extra - 1, devices=TWO).fits_both(tuned, strong)  # no base here and adapter there
    room = ModelRoom(size + extra, devices=TWO)
    with room.open(weak), room.open(tuned), room.open(strong):
        assert {device for _, device in room.stats().placed} == set(TWO)


def test_a_device_that_is_not_there_is_refused() -> None:
    with pytest.raises(ModelUnavailable, match="the device 'abacus:0' is not there"):
        ModelRoom(devices=("abacus:0",))


def test_without_a_choice_a_room_takes_the_device_there_is() -> None:
    import torch

    n_cuda = torch.cuda.device_count() if torch.cuda.is_available() else 0
    expected = tuple(f"cuda:{index}" for index in range(n_cuda)) or (choose_device(),)
    assert ModelRoom(10**6).devices == expected
    assert all_devices("cpu") == ("cpu",)
    assert budget_bytes_of(TWO, "cpu:0") == pytest.approx(budget_bytes_of(("cpu",), "cpu") / 2, rel=0.2)


loads = st.builds(DeviceLoad, st.just("x"), st.integers(0, 50), st.integers(0, 50), st.integers(0, 50))


@given(st.lists(loads, min_size=1, max_size=4), st.integers(1, 60))
def test_the_chosen_device_can_take_the_model_and_none_is_passed_over(devices: list[DeviceLoad], needed: int) -> None:
    place = choose_device_for(needed, devices)
    able = [load for load in devices if load.in_use + needed <= load.budget]
    assert (place is None) == (not able)
    if place is not None:
        assert devices[place] in able
        assert devices[place].in_use == min(load.in_use for load in able)


def test_among_idle_devices_the_emptier_one_is_chosen() -> None:
    assert choose_device_for(5, [DeviceLoad("a", 20, held=10), DeviceLoad("b", 20, held=2)]) == 1
    assert choose_device_for(5, [DeviceLoad("a", 20), DeviceLoad("b", 30)]) == 1
    assert choose_device_for(5, [DeviceLoad("a", 20), DeviceLoad("b", 20)]) == 0
    assert choose_device_for(5, [DeviceLoad("a", 20, 5, 5), DeviceLoad("b", 20, 18, 0)]) == 1
