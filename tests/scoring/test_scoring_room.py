"""The model room: loaded once, never two forwards of one model, freed when idle and never while in use."""

import gc
import threading
import time
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from scoring import room as room_module
from scoring.chat import encode
from scoring.errors import ModelUnavailable
from scoring.models import estimate_bytes
from scoring.pairs import ModelSpec
from scoring.protocol import LogprobRequest, Sampling
from scoring.room import ModelRoom

SpecOf = Callable[[Path], ModelSpec]
REQUEST = LogprobRequest(tuple(range(40)), (False,) * 10 + (True,) * 30)


class Overlap:
    """Watches a model's forwards from inside and notes how many ran at once."""

    def __init__(self, model: torch.nn.Module) -> None:
        self.running = self.most = self.calls = 0
        self._lock = threading.Lock()
        self._hooks = [model.register_forward_pre_hook(self._enter), model.register_forward_hook(self._leave)]

    def _enter(self, *_: Any) -> None:
        with self._lock:
            self.running += 1
            self.calls += 1
            self.most = max(self.most, self.running)
        time.sleep(0.002)

    def _leave(self, *_: Any) -> None:
        with self._lock:
            self.running -= 1


def together(*tasks: Callable[[], object]) -> None:
    """Run the tasks at the same time, and fail if one of them does."""
    failures: list[BaseException] = []
    barrier = threading.Barrier(len(tasks))

    def run(task: Callable[[], object]) -> None:
        barrier.wait()
        try:
            task()
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=run, args=(task,)) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The refs that were really loaded, in order; loading itself stays as it is, only slower."""
    found: list[str] = []
    original = room_module.load_model

    def load(spec: ModelSpec, **settings: Any) -> Any:
        found.append(spec.ref)
        time.sleep(0.05)
        return original(spec, **settings)

    monkeypatch.setattr(room_module, "load_model", load)
    return found


def test_two_threads_that_open_one_model_load_it_once(strong_folder: Path, spec_of: SpecOf, loads: list[str]) -> None:
    room = ModelRoom(device="cpu")
    seen: list[Any] = []

    def use() -> None:
        with room.open(spec_of(strong_folder)) as model:
            seen.append(model)

    together(use, use, use)
    assert loads == [str(strong_folder)]
    assert seen[0] is seen[1] is seen[2]
    assert room.stats().loaded == (str(strong_folder),)
    assert room.stats().in_use == ()


def test_two_forwards_of_one_model_never_overlap(strong_folder: Path, spec_of: SpecOf) -> None:
    room = ModelRoom(device="cpu")
    with room.open(spec_of(strong_folder)) as model:
        watch = Overlap(model.engine._model.model)  # the body, which weighing and sampling both run

        def weigh() -> None:
            with room.open(spec_of(strong_folder)) as own:
                for _ in range(10):
                    own.engine.logprobs([REQUEST])

        def sample() -> None:
            with room.open(spec_of(strong_folder)) as own:
                own.sampler.sample([1, 2, 3], Sampling(n=2, temperature=1.0, max_new_tokens=10, seed=1))

        together(weigh, weigh, weigh, sample)
    assert watch.calls >= 31
    assert watch.most == 1


def test_threads_get_the_same_numbers_as_one_alone(strong_folder: Path, spec_of: SpecOf) -> None:
    room = ModelRoom(device="cpu")
    requests = [LogprobRequest(tuple(range(n)), (False,) + (True,) * (n - 1)) for n in range(5, 25)]
    with room.open(spec_of(strong_folder)) as model:
        expected = [model.engine.logprobs([request]) for request in requests]
        found: dict[int, list[Any]] = {}

        def weigh(worker: int) -> None:
            found[worker] = [model.engine.logprobs([request]) for request in requests]

        together(*(lambda worker=worker: weigh(worker) for worker in range(4)))
    assert all(each == expected for each in found.values())


def test_threads_may_tokenize_at_the_same_time(strong_folder: Path, spec_of: SpecOf) -> None:
    room = ModelRoom(device="cpu")
    with room.open(spec_of(strong_folder)) as model:

        def tokenize(text: str) -> Any:
            messages = [{"role": "user", "content": text}]
            return encode(model.tokenizer, messages, [text, text + "<|im_end|>"], instruction="", context_limit=512)

        texts = [f"text {n} 🎉" for n in range(4)]
        expected = {text: tokenize(text) for text in texts}

        def check(text: str) -> None:
            for _ in range(30):
                assert tokenize(text) == expected[text]

        together(*(lambda text=text: check(text) for text in texts))


def test_models_that_load_at_the_same_time_come_out_whole(
    strong_folder: Path, weak_folder: Path, other_folder: Path, spec_of: SpecOf
) -> None:
    folders = (strong_folder, weak_folder, other_folder)
    expected = {}
    for folder in folders:
        with ModelRoom(device="cpu").open(spec_of(folder)) as model:
            expected[folder] = model.engine.logprobs([REQUEST])

    def load(folder: Path, dtype: Any) -> None:
        for _ in range(4):
            with ModelRoom(2**30, device="cpu").open(ModelSpec(str(folder), dtype=dtype)) as model:
                found = model.engine.logprobs([REQUEST])
                assert found == expected[folder] or dtype != "float32"

    wanted = [(folder, "float32") for folder in folders] + [(strong_folder, "bfloat16")]
    together(*(lambda each=each: load(*each) for each in wanted))
    assert torch.get_default_dtype() == torch.float32


def test_an_idle_model_is_freed_for_another_and_an_earlier_one_before_a_later(
    strong_folder: Path, weak_folder: Path, other_folder: Path, spec_of: SpecOf, loads: list[str]
) -> None:
    sizes = [estimate_bytes(spec_of(folder), device="cpu") for folder in (strong_folder, weak_folder, other_folder)]
    room = ModelRoom(sum(sizes) - 1, device="cpu")
    with room.open(spec_of(strong_folder)) as model:
        weights = weakref.ref(model.engine._model)
    with room.open(spec_of(weak_folder)):
        pass
    with room.open(spec_of(strong_folder)):
        pass  # used again: now the weak one is the least recently used
    del model
    with room.open(spec_of(other_folder)):
        assert set(room.stats().loaded) == {str(strong_folder), str(other_folder)}
        assert weights() is not None
    assert room.stats().bytes_held <= room.budget_bytes
    assert room.release_idle() == 2
    assert weights() is None  # the memory is really given back
    assert room.stats().loaded == ()
    assert loads == [str(strong_folder), str(weak_folder), str(other_folder)]


def test_an_evicted_model_is_freed(strong_folder: Path, weak_folder: Path, spec_of: SpecOf) -> None:
    room = ModelRoom(int(estimate_bytes(spec_of(strong_folder), device="cpu") * 1.5), device="cpu")
    with room.open(spec_of(strong_folder)) as model:
        weights = weakref.ref(model.engine._model)
        tokenizer = weakref.ref(model.tokenizer)
        messages = [{"role": "user", "content": "Hi"}]
        encode(model.tokenizer, messages, ["<|im_end|>"], instruction="", context_limit=512)
    del model
    with room.open(spec_of(weak_folder)):
        gc.collect()
        assert weights() is None
        assert tokenizer() is None


def test_a_model_in_use_is_never_freed_and_the_refusal_gives_the_numbers(
    strong_folder: Path, weak_folder: Path, spec_of: SpecOf
) -> None:
    size = estimate_bytes(spec_of(strong_folder), device="cpu")
    room = ModelRoom(int(size * 1.5), device="cpu")
    with room.open(spec_of(strong_folder)) as model:
        with (
            pytest.raises(ModelUnavailable, match="GB in use; wait for the other work"),
            room.open(spec_of(weak_folder)),
        ):
            pass
        assert room.release_idle() == 0
        assert model.engine.logprobs([REQUEST])[0].total < 0
    with room.open(spec_of(weak_folder)):
        assert room.stats().loaded == (str(weak_folder),)


def test_whether_both_models_fit_is_told_before_loading(
    strong_folder: Path, weak_folder: Path, spec_of: SpecOf
) -> None:
    strong, weak = spec_of(strong_folder), spec_of(weak_folder)
    size = estimate_bytes(strong, device="cpu")
    assert ModelRoom(2 * size, device="cpu").fits_both(strong, weak)
    assert not ModelRoom(2 * size - 1, device="cpu").fits_both(strong, weak)
    assert ModelRoom(size, device="cpu").fits_both(strong, strong)


def test_a_failed_load_tells_everybody_who_waits_and_may_be_tried_again(
    tmp_path: Path, strong_folder: Path, spec_of: SpecOf
) -> None:
    import shutil

    folder = Path(shutil.copytree(strong_folder, tmp_path / "model"))
    tokenizer = folder / "tokenizer.json"
    kept = tokenizer.read_bytes()
    tokenizer.unlink()
    room = ModelRoom(device="cpu")
    lines: list[str] = []

    def use() -> None:
        with pytest.raises(ModelUnavailable) as caught, room.open(spec_of(folder)):
            pass
        lines.append(str(caught.value))

    together(use, use, use)
    assert len(lines) == 3
    assert all("its tokenizer cannot be loaded" in line for line in lines)
    assert room.stats().loaded == room.stats().in_use == ()
    tokenizer.write_bytes(kept)
    with room.open(spec_of(folder)) as model:
        assert model.engine.logprobs([REQUEST])


def test_auto_and_its_meaning_are_one_model(strong_folder: Path, loads: list[str]) -> None:
    room = ModelRoom(device="cpu")
    with (
        room.open(ModelSpec(str(strong_folder))) as one,
        room.open(ModelSpec(str(strong_folder), dtype="float32")) as other,
    ):
        assert one is other
    with room.open(ModelSpec(str(strong_folder), dtype="bfloat16")) as third:
        assert third is not one
    assert len(loads) == 2


def test_a_holder_that_fails_gives_its_place_back(strong_folder: Path, spec_of: SpecOf) -> None:
    room = ModelRoom(device="cpu")
    with pytest.raises(RuntimeError, match="in the middle"), room.open(spec_of(strong_folder)):
        raise RuntimeError("in the middle")
    assert room.stats().in_use == ()
