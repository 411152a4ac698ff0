"""The shared engine when something goes wrong, and what it keeps between calls."""

import copy
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from architectures import CONTEXT, forest, model_of, naive, request, words

from scoring.engine.engines import make_engine
from scoring.engine.head import OutputHead
from scoring.engine.kept_keys import KeptKeys, LastingKeys
from scoring.engine.shared import SharedEngine
from scoring.engine.trie import distinct_tokens
from scoring.engine.turns import Turns
from scoring.errors import EngineFailed, PromptTooLong
from scoring.protocol import LogprobEngine, LogprobRequest


def engine_of(model: Any, **more: Any) -> SharedEngine:
    return SharedEngine(model, fingerprint="x", context_limit=CONTEXT, head=OutputHead(model), **more)


@contextmanager
def little_memory(model: Any, tokens: int, *, every: int = 1) -> Iterator[list[int]]:
    """A device that holds at most so many tokens at a time (told at every so-manieth forward); sizes asked for."""
    sizes: list[int] = []

    def refuse(_module: object, args: tuple[torch.Tensor, ...]) -> None:
        sizes.append(args[0].shape[1])
        if args[0].shape[1] > tokens and len(sizes) % every == 0:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")

    hook = model.get_input_embeddings().register_forward_pre_hook(refuse)
    try:
        yield sizes
    finally:
        hook.remove()


@pytest.mark.parametrize("every", [1, 2, 3])
def test_running_out_of_memory_in_mid_pack_halves_the_budget_and_loses_nothing(every: int) -> None:
    model, requests = model_of("llama"), forest()
    with little_memory(model, 40, every=every) as sizes:
        packs = list(engine_of(model, token_budget=256).weigh(requests))
    assert max(sizes) > 40
    found = {index: result for pack in packs for index, result in pack.results.items()}
    assert sum(len(pack.results) for pack in packs) == len(found) == len(requests)
    for index, expected in enumerate(naive(model, requests)):
        assert found[index].values == pytest.approx(expected, abs=1e-4)


def test_what_came_before_the_memory_ran_out_is_not_computed_again() -> None:
    model = model_of("llama")
    requests = [request(words(seed, 60), 30) for seed in range(4)]
    with little_memory(model, 40, every=3):
        packs = list(engine_of(model, token_budget=64).weigh(requests))
    assert [sorted(pack.results) for pack in packs[:2]] == [[0], [1]]
    assert sum(pack.computed_tokens for pack in packs) == distinct_tokens(requests) - len(requests)


def test_memory_that_never_suffices_is_one_clear_line() -> None:
    with little_memory(model_of("llama"), 0), pytest.raises(EngineFailed, match="out of memory on cpu for") as caught:
        engine_of(model_of("llama"), token_budget=256).logprobs(forest())
    assert "\n" not in str(caught.value)


def test_a_forward_that_breaks_is_one_clear_line() -> None:
    def explode(*_: object) -> None:
        raise RuntimeError("CUDA error: an illegal memory access was encountered\nsecond line")

    model = model_of("llama")
    hook = model.get_input_embeddings().register_forward_pre_hook(explode)
    try:
        with pytest.raises(EngineFailed, match=r"^the forward pass failed: CUDA error: an illegal memory access"):
            engine_of(model).logprobs(forest())
    finally:
        hook.remove()
    assert engine_of(model).logprobs(forest())  # nothing stays behind


def test_nan_is_an_error_and_never_a_number() -> None:
    model = copy.deepcopy(model_of("llama"))
    model.lm_head.weight.data[7, 0] = float("nan")
    with pytest.raises(EngineFailed, match="NaN or infinite in float32"):
        engine_of(model).logprobs(forest())


def test_bad_requests_are_refused_before_anything_is_computed() -> None:
    engine = engine_of(model_of("llama"))
    with pytest.raises(PromptTooLong, match="300 tokens exceed the model's limit of 256"):
        next(engine.weigh([*forest(), request(words(1, 300), 1)]))
    with pytest.raises(EngineFailed, match="token id 300 is outside the model's vocabulary of 300"):
        next(engine.weigh([request([1, 300], 1)]))


def criteria_items(first: int, count: int) -> list[LogprobRequest]:
    """Items of two candidates each under the same long criteria."""
    criteria = words(99, 150)
    found = []
    for item in range(first, first + count):
        prompt = criteria + words(1000 + item, 10)
        found += [request(prompt + words(2000 + 10 * item + place, 12), len(prompt)) for place in range(2)]
    return found


@pytest.fixture
def short_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Criteria of 128 tokens are long enough to be kept."""
    monkeypatch.setattr("scoring.engine.packs.KEPT_TOKENS", 128)


@pytest.mark.usefixtures("short_steps")
def test_shared_criteria_are_computed_once_for_all_calls_and_give_the_same_bits() -> None:
    keeps, forgets = engine_of(model_of("llama"), kept_bytes=10**7), engine_of(model_of("llama"))
    for first in (0, 5, 10):
        chunk = criteria_items(first, 5)
        kept, fresh = list(keeps.weigh(chunk)), list(forgets.weigh(chunk))
        assert [pack.results for pack in kept] == [pack.results for pack in fresh]
        saved = sum(pack.computed_tokens for pack in fresh) - sum(pack.computed_tokens for pack in kept)
        assert saved == (0 if first == 0 else 128)  # whole steps of 64


@pytest.mark.usefixtures("short_steps")
def test_criteria_whose_own_tokens_are_wanted_are_computed_anew() -> None:
    engine = engine_of(model_of("llama"), kept_bytes=10**7)
    chunk = criteria_items(0, 5)
    engine.logprobs(chunk)
    asked = [*chunk, request(chunk[0].ids, 20)]
    assert engine.logprobs(asked)[-1].values == pytest.approx(naive(model_of("llama"), asked)[-1], abs=1e-4)


def test_what_was_not_used_for_longest_is_dropped_first() -> None:
    def keys(tokens: int) -> KeptKeys:
        kept = KeptKeys()
        kept.add_layer(torch.zeros(1, 1, tokens, 1), torch.zeros(1, 1, tokens, 1))  # 8 bytes a token
        return kept

    store = LastingKeys(24)
    store.put("a", keys(1))
    store.put("b", keys(1))
    assert store.get("a") is not None
    store.put("c", keys(2))
    assert [store.get(name) is not None for name in "abc"] == [True, False, True]
    store.put("too large", keys(4))
    assert [store.get(name) is not None for name in ("a", "c", "too large")] == [True, True, False]
    store.clear()
    assert store.get("a") is None


def test_threads_that_weigh_at_once_get_what_each_would_get_alone() -> None:
    turns = Turns()
    engines: list[LogprobEngine] = [
        make_engine(model_of(name), fingerprint=name, context_limit=CONTEXT, turns=turns, token_budget=32)
        for name in ("llama", "gpt2", "llama", "gpt2")
    ]
    alone = [engine.logprobs(forest()) for engine in engines]
    together: dict[int, Any] = {}
    threads = [
        threading.Thread(target=lambda at=at: together.update({at: engines[at].logprobs(forest())}))
        for at in range(len(engines))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [together[at] for at in range(len(engines))] == alone


def test_the_model_s_own_attention_is_as_before_between_packs() -> None:
    model = model_of("gemma2")
    usual = model.config._attn_implementation
    ids = torch.tensor([words(1, 30)])
    with torch.inference_mode():
        before = model(ids).logits
        packs = engine_of(model, token_budget=32).weigh(forest())
        next(packs)
        assert model.config._attn_implementation == usual
        assert torch.equal(model(ids).logits, before)
        assert len(list(packs)) > 1
