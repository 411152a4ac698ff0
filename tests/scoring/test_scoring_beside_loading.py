"""What weighs while something else is loaded: adapters come and go over its base, torch has another default dtype."""

import threading
from pathlib import Path

import pytest
import torch
from adapter_builders import save_adapter, values

from scoring.pairs import ModelSpec
from scoring.protocol import LogprobRequest
from scoring.room import ModelRoom

FORKED = [  # a shared beginning, whose part is merged with each one's own
    LogprobRequest(tuple((7 * i + 3 * k * (i > 12)) % 400 for i in range(30 + k)), (False,) * 10 + (True,) * (20 + k))
    for k in range(4)
]


def test_a_base_weighs_on_while_adapters_of_its_embeddings_come_and_go(strong_folder: Path, tmp_path: Path) -> None:
    around = save_adapter(tmp_path / "around", strong_folder, target_modules=["embed_tokens", "q_proj"])
    tokens = save_adapter(tmp_path / "tokens", strong_folder, trainable_token_indices=[3, 5])
    room = ModelRoom(2**30, device="cpu")
    wrong: list[object] = []
    is_over = threading.Event()

    def weigh() -> None:
        with room.open(ModelSpec(str(strong_folder))) as base:
            alone = values(base.engine)
            while not is_over.is_set():
                try:
                    if values(base.engine) != alone:
                        wrong.append("other numbers")
                except Exception as error:
                    wrong.append(error)
                    return

    thread = threading.Thread(target=weigh)
    thread.start()
    for _ in range(10):
        for folder in (around, tokens):
            with room.open(ModelSpec(str(strong_folder), adapter=str(folder))):
                pass
            room.release_idle()
    is_over.set()
    thread.join()
    assert not wrong


@pytest.mark.parametrize("engine", ["shared", "expanded", "plain"])
def test_a_default_dtype_that_another_thread_sets_changes_no_number(engine: str, strong_folder: Path) -> None:
    from scoring.engine.engines import make_engine

    with ModelRoom(2**30, device="cpu").open(ModelSpec(str(strong_folder))) as model:
        weights = model.shelf.model  # type: ignore[attr-defined]
        one, other = (make_engine(weights, fingerprint="", context_limit=512, engine=engine) for _ in range(2))
        expected = one.logprobs(FORKED)
        torch.set_default_dtype(torch.bfloat16)  # what transformers does for the time it builds a model
        try:
            assert other.logprobs(FORKED) == expected
        finally:
            torch.set_default_dtype(torch.float32)
