"""A model at a server against what a real vLLM answered: recorded answers in every run, the real one when asked for.

The model is made again from its seed, so the recorded numbers are compared with the engine in this process too.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from recorded_server import SOURCES, answering
from server_builders import CONTEXT, SERVED_AS, plain_engine, save_served, some_requests
from transformers import LlamaForCausalLM

from scoring.pairs import ModelSpec
from scoring.protocol import Sampling
from scoring.room import ModelRoom
from scoring.server.model import ServedModel

A_TOKEN = 2e-4  # nats


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_served(tmp_path_factory.mktemp("served") / "model")


@pytest.fixture(scope="module", params=SOURCES)
def served(request: pytest.FixtureRequest, folder: Path) -> Iterator[ServedModel]:
    """The model as a pair of the catalogue opens it."""
    room = ModelRoom(2**30, device="cpu")
    with (
        answering(request.param, "engine", folder, folder.parent / "vllm.log") as url,
        room.open(ModelSpec(str(folder), url=url, served_as=SERVED_AS)) as model,
    ):
        assert isinstance(model, ServedModel)
        yield model


def test_every_token_agrees_with_the_engine_in_this_process(served: ServedModel, folder: Path) -> None:
    requests = some_requests(6, longest=24)
    ours = plain_engine(folder).logprobs(requests)
    theirs = served.engine.logprobs(requests)
    assert [len(one.values) for one in theirs] == [request.response_tokens for request in requests]
    for one, other in zip(ours, theirs, strict=True):
        assert one.values == pytest.approx(other.values, abs=A_TOKEN)
    assert max(abs(value) for one in ours for value in one.values) > 5, "the model says something"


def test_what_is_known_is_not_asked_for_again(served: ServedModel) -> None:
    requests = some_requests(6, longest=24)
    packs = list(served.engine.weigh(requests, known={0, 2, 5}))
    assert sorted(index for pack in packs for index in pack.results) == [1, 3, 4]
    assert sum(pack.computed_tokens for pack in packs) == sum(len(requests[index].ids) for index in (1, 3, 4))
    assert list(served.engine.weigh(requests, known=range(6))) == []


def test_the_probe_is_the_same_at_every_look(served: ServedModel, folder: Path) -> None:
    request, first = served.engine.probe()
    assert first == served.engine.probe()[1]
    assert len(first.values) >= 20
    ours = plain_engine(folder).logprobs([request])[0]
    assert ours.values == pytest.approx(first.values, abs=A_TOKEN)


def test_the_limit_is_the_servers_less_the_token_it_writes(served: ServedModel) -> None:
    assert served.engine.context_limit == CONTEXT - 1


def test_it_holds_no_memory_and_says_where_it_stands(served: ServedModel) -> None:
    assert (served.ref, served.memory_bytes, served.dtype, served.engine.name) == (SERVED_AS, 0, "as served", "server")
    assert served.device.startswith("server:127.0.0.1:")


def test_the_most_likely_text_is_the_one_the_model_here_writes(served: ServedModel, folder: Path) -> None:
    prompt = some_requests(1, seed=3)[0].ids[:8]
    model = LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    ids = model.generate(
        torch.tensor([prompt]), do_sample=False, max_new_tokens=6, attention_mask=torch.ones(1, len(prompt)).long()
    )
    ours = served.tokenizer.decode(ids[0, len(prompt) :], skip_special_tokens=True)
    found = served.sampler.sample(prompt, Sampling(n=2, temperature=0, max_new_tokens=6, seed=1))
    assert [one.text for one in found] == [ours, ours]


def test_sampled_texts_differ_and_end_where_asked(served: ServedModel) -> None:
    prompt = some_requests(1, seed=3)[0].ids[:8]
    found = served.sampler.sample(prompt, Sampling(n=3, temperature=1.0, max_new_tokens=6, seed=5))
    assert len({one.text for one in found}) == 3
    stop = tuple(served.tokenizer(found[0].text, add_special_tokens=False)["input_ids"][-1:])
    ended = served.sampler.sample(prompt, Sampling(n=3, temperature=1.0, max_new_tokens=6, seed=5, stop_ids=stop))
    assert ended[0].has_ended or found[0].has_ended
    assert found[0].text.startswith(ended[0].text)


def test_nothing_is_left_running(served: ServedModel) -> None:
    packs = served.engine.weigh(some_requests(6, longest=24))
    next(packs)
    packs.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "tare-server"]
