"""The engine under attack: odd shapes for the kernels, the narrowest windows, wild masks, generators handed about."""

import random
import threading
from functools import cache
from typing import Any

import pytest
import torch
from architectures import CONTEXT, VOCABULARY, forest, model_of, naive, request, words
from torch import Tensor
from transformers import AutoModelForCausalLM, Gemma3TextConfig

from scoring.engine.attention_kernels import Stretch, attend
from scoring.engine.head import OutputHead
from scoring.engine.shared import SharedEngine
from scoring.protocol import LogprobRequest, TokenLogprobs

TWO_ROPES = {
    "sliding_attention": {"rope_type": "default", "rope_theta": 100.0},
    "full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 1e5},
}


@cache
def gemma3(window: int) -> Any:
    """Two layers that see `window` tokens and two that see all, each kind with its own rope."""
    torch.manual_seed(0)
    config = Gemma3TextConfig(
        vocab_size=VOCABULARY, hidden_size=32, intermediate_size=48, num_hidden_layers=4, num_attention_heads=4,
        num_key_value_heads=2, head_dim=8, query_pre_attn_scalar=8, max_position_embeddings=CONTEXT,
        initializer_range=0.3, sliding_window=window, rope_parameters=TWO_ROPES,
        layer_types=["sliding_attention", "full_attention"] * 2,
    )  # fmt: skip
    return AutoModelForCausalLM.from_config(config, dtype=torch.float32).eval().requires_grad_(False)


def engine_of(model: Any, budget: int, **more: int) -> SharedEngine:
    return SharedEngine(
        model, fingerprint="x", context_limit=CONTEXT, head=OutputHead(model), token_budget=budget, **more
    )


def furthest(found: list[TokenLogprobs], expected: list[list[float]]) -> float:
    """Largest difference of a token; both must have the same tokens."""
    return max(
        abs(one - other)
        for got, wanted in zip(found, expected, strict=True)
        for one, other in zip(got.values, wanted, strict=True)
    )


def wild_forest(dice: random.Random) -> list[LogprobRequest]:
    """Beginnings of one another, equal ids, edges of one token; masks of one place, of all, or of scattered places."""
    sequences: list[list[int]] = []
    for _ in range(dice.randint(1, 8)):
        begin = list(dice.choice(sequences)) if sequences and dice.random() < 0.75 else []
        begin = begin if dice.random() < 0.2 else begin[: dice.randint(0, len(begin))]
        more = [dice.randrange(VOCABULARY) for _ in range(dice.choice([0, 1, 1, 2, 5, 20, 60]))]
        ids = (begin + more)[: CONTEXT - 1]
        sequences.append(ids if len(ids) > 1 else [*ids, dice.randrange(VOCABULARY), dice.randrange(VOCABULARY)])
    found = []
    for ids in sequences:
        n, share = len(ids) - 1, dice.choice([0.0, 0.2, 1.0])
        mask = [dice.random() < share for _ in range(n)]
        mask[dice.choice([0, n - 1, dice.randrange(n)])] = True
        found.append(LogprobRequest(tuple(ids), (False, *mask)))
    return found


@pytest.mark.parametrize("window", [1, 2, 3, 40])
def test_the_narrowest_windows_and_two_kinds_of_rope_equal_the_plain_loop(
    window: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    dice, model = random.Random(window), gemma3(window)
    for _ in range(12):
        # Kept beginnings may end anywhere, inside a window too.
        monkeypatch.setattr("scoring.engine.packs.KEPT_TOKENS", dice.choice([16, 64]))
        monkeypatch.setattr("scoring.engine.packs.ALIGNMENT", dice.choice([8, 64]))
        requests = wild_forest(dice)
        expected = naive(model, requests)
        engine = engine_of(model, dice.choice([1, 2, 5, 13, 63, 65, 200]), kept_bytes=dice.choice([0, 10**5, 10**8]))
        for _ in range(2):  # the second time with what the first one kept
            assert furthest(engine.logprobs(requests), expected) < 1e-4


def by_definition(
    query: Tensor, key: Tensor, value: Tensor, seen: Tensor, softcap: float | None
) -> tuple[Tensor, Tensor]:
    """`attend` in float64, all scores at once."""
    groups = query.shape[1] // key.shape[1]
    keys, values = (part[0].double().repeat_interleave(groups, 0) for part in (key, value))
    scores = query[0].double() @ keys.transpose(1, 2) * query.shape[-1] ** -0.5
    if softcap is not None:
        scores = torch.tanh(scores / softcap) * softcap
    scores = scores.masked_fill(~seen, -torch.inf)
    normalizer = scores.logsumexp(-1)
    weights = torch.exp(scores - normalizer.masked_fill(normalizer == -torch.inf, 0)[..., None])
    return (weights @ values).transpose(0, 1), normalizer.transpose(0, 1)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_the_kernels_equal_the_definition_for_odd_shapes(dtype: torch.dtype) -> None:
    dice = random.Random(str(dtype))
    torch.manual_seed(0)
    exact = dtype == torch.float32
    for _ in range(150):
        size, groups, is_own = dice.choice([1, 3, 8, 33, 80, 128]), dice.choice([1, 2, 3]), dice.random() < 0.5
        value_size = size if dice.random() < 0.8 else 24
        rows, start = dice.choice([1, 2, 17, 64]), dice.randint(0, 50)
        keys = rows if is_own else dice.choice([1, 2, 31, 33, 200])
        query = torch.randn(1, rows, groups * dice.choice([1, 2, 5]), size).to(dtype).transpose(1, 2)
        key = (torch.randn(1, groups, keys + 9, size) * dice.choice([1, 10])).to(dtype)[:, :, 5 : 5 + keys]
        value = torch.randn(1, groups, keys, value_size).to(dtype)
        after = torch.tensor([start + keys + dice.randint(0, 60) for _ in range(rows)])
        positions = torch.arange(start, start + rows) if is_own else after
        window, softcap = dice.choice([None, 1, 2, 5, 40, 300]), dice.choice([None, 5.0])
        behind = positions[:, None] - torch.arange(start, start + keys)[None]
        seen = (behind >= 0) & (behind < (window or 10**6))
        stretch = Stretch(positions, int(positions.min()), int(positions.max()), start, is_own)
        out, normalizer = attend(query, key, value, size**-0.5, stretch=stretch, softcap=softcap, window=window)
        wanted, wanted_normalizer = by_definition(query, key, value, seen, softcap)
        assert torch.equal(normalizer == -torch.inf, wanted_normalizer == -torch.inf)
        assert (out[~seen.any(-1)] == 0).all()
        assert torch.allclose(out.double(), wanted, atol=2e-4 if exact else 2e-2)
        assert torch.allclose(normalizer.double(), wanted_normalizer, rtol=1e-4, atol=1e-4)


def test_one_engine_gives_several_threads_and_interleaved_generators_the_same() -> None:
    engine, requests = engine_of(model_of("gemma2"), 48), forest()
    alone = engine.logprobs(requests)
    together: list[list[TokenLogprobs]] = []
    threads = [threading.Thread(target=lambda: together.append(engine.logprobs(requests))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == [alone] * 3
    found: list[dict[int, TokenLogprobs]] = [{}, {}]
    for packs in zip(engine.weigh(requests), engine.weigh(requests), strict=True):
        for results, pack in zip(found, packs, strict=True):
            results.update(pack.results)
    assert [[results[index] for index in range(len(requests))] for results in found] == [alone] * 2


def test_a_generator_may_be_finished_by_another_thread_or_left_half_way() -> None:
    engine, requests = engine_of(model_of("gemma2"), 48), forest()
    alone = engine.logprobs(requests)
    packs = engine.weigh(requests)
    results = dict(next(packs).results)
    thread = threading.Thread(target=lambda: [results.update(pack.results) for pack in packs])
    thread.start()
    thread.join()
    assert [results[index] for index in range(len(requests))] == alone
    left = engine.weigh(requests)
    next(left)
    with pytest.raises(KeyboardInterrupt):
        left.throw(KeyboardInterrupt)
    assert engine.logprobs(requests) == alone


def test_a_long_text_in_small_packs_equals_the_plain_loop() -> None:
    text = words(7, CONTEXT - 1)
    requests = [request(text, 1), request(text[:200], 199), request([*text[:199], 5], 100)]
    for budget in (4, 7, 64, 100):
        assert furthest(engine_of(gemma3(40), budget).logprobs(requests), naive(gemma3(40), requests)) < 1e-4
