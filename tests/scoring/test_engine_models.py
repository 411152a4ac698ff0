"""On every architecture: the engine that is chosen, and that its numbers are the plain loop's."""

import logging
import math
from typing import Any

import pytest
import torch
import transformers
from architectures import ARCHITECTURES, CONTEXT, VOCABULARY, forest, model_of, naive, request, words
from transformers import AutoModelForCausalLM

from scoring.engine.engines import make_engine
from scoring.engine.head import OutputHead
from scoring.engine.limits import Limits
from scoring.engine.proofs import proof_requests, prove_fused, proved_head
from scoring.engine.trie import distinct_tokens
from scoring.engine.turns import Turns
from scoring.errors import EngineFailed, ModelUnavailable
from scoring.protocol import LogprobEngine, LogprobRequest


def engine_of(name: str, **settings: object) -> LogprobEngine:
    return make_engine(model_of(name), fingerprint=name, context_limit=CONTEXT, **settings)


@pytest.mark.parametrize("budget", [32, 64, None])
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_the_engine_equals_the_plain_loop(name: str, budget: int | None) -> None:
    engine = engine_of(name, token_budget=budget)
    requests = forest()
    assert engine.name == ARCHITECTURES[name][1]
    for got, expected in zip(engine.logprobs(requests), naive(model_of(name), requests), strict=True):
        assert got.values == pytest.approx(expected, abs=1e-4)
        assert got.total == pytest.approx(math.fsum(expected), abs=1e-3)


@pytest.mark.parametrize("name", [name for name, (_, engine) in ARCHITECTURES.items() if engine == "shared"])
def test_no_token_goes_through_twice(name: str) -> None:
    requests = forest()
    computed = sum(pack.computed_tokens for pack in engine_of(name, token_budget=64).weigh(requests))
    if name == "phi3-longrope":  # above its limit each text is read otherwise and goes alone
        assert computed == sum(len(each.ids) - 1 for each in requests)
    else:
        assert computed <= distinct_tokens(requests)


def test_the_expanded_engine_computes_a_prompt_once_a_batch() -> None:
    requests = [request(words(1, 60) + words(seed, 10), 60) for seed in range(2, 6)]
    packs = list(engine_of("bloom").weigh(requests))
    assert sum(pack.computed_tokens for pack in packs) == 59 + 4 * 10


def test_a_model_whose_layers_hide_their_window_is_not_given_to_the_shared_engine() -> None:
    # The window is longer than the proof's sequences, so the proof's numbers agree: the configuration must be believed.
    model = model_of("mistral")
    before = model.config.sliding_window
    hidden = _HidesWindow(model)
    try:
        model.config.sliding_window = 100
        with hidden:
            engine = make_engine(model, fingerprint="x", context_limit=CONTEXT)
    finally:
        model.config.sliding_window = before
    assert engine.name == "expanded"


class _HidesWindow:
    """Layers that do not tell the attention of their window, as those that leave it to the mask."""

    def __init__(self, model: torch.nn.Module) -> None:
        self.attentions = [layer.self_attn for layer in model.model.layers]

    def __enter__(self) -> None:
        for attention in self.attentions:
            attention.config = _Without(attention.config, "sliding_window")

    def __exit__(self, *_: object) -> None:
        for attention in self.attentions:
            attention.config = attention.config.whole


class _Without:
    def __init__(self, whole: object, name: str) -> None:
        self.whole, self.name = whole, name

    def __getattr__(self, name: str) -> object:
        if name == self.name:
            raise AttributeError(name)
        return getattr(self.whole, name)


def test_an_engine_that_is_asked_for_and_not_exact_is_refused() -> None:
    with pytest.raises(EngineFailed, match="shared engine is not exact on MambaForCausalLM; choose auto or plain"):
        engine_of("mamba", engine="shared")
    assert engine_of("llama", engine="plain").name == "plain"
    assert engine_of("llama", engine="expanded").name == "expanded"


def test_why_an_engine_was_not_chosen_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="scoring.engine.proofs"):
        engine_of("bloom")
    assert "BloomForCausalLM: not the shared engine" in caplog.text


def test_the_proof_s_sequences_fork_repeat_and_contain_one_another() -> None:
    ids = [each.ids for each in proof_requests(50)]
    assert len(set(ids)) == len(ids) - 1
    assert any(one != other and other[: len(one)] == one for one in ids for other in ids)
    assert distinct_tokens(proof_requests(50)) < sum(map(len, ids)) / 2


def test_a_model_with_room_for_fewer_tokens_than_the_proof_takes_gets_the_plain_engine() -> None:
    assert make_engine(model_of("llama"), fingerprint="x", context_limit=16).name == "plain"


def test_half_precision_is_within_its_own_noise() -> None:
    model = model_of("llama")
    half = type(model)(model.config).eval()
    half.load_state_dict(model.state_dict())
    half = half.bfloat16().requires_grad_(False)
    engine = make_engine(half, fingerprint="bf16", context_limit=CONTEXT)
    plain = make_engine(half, fingerprint="bf16", context_limit=CONTEXT, engine="plain")
    assert engine.name == "shared"
    for got, expected in zip(engine.logprobs(forest()), plain.logprobs(forest()), strict=True):
        assert got.mean == pytest.approx(expected.mean, abs=0.3)
        assert any(value != torch.tensor(value).bfloat16().item() for value in got.values)


def test_a_fused_head_that_fails_or_gives_other_numbers_is_not_used() -> None:
    model = model_of("llama")

    def breaks(*_: torch.Tensor) -> torch.Tensor:
        raise RuntimeError("no kernel image is available")

    def right(rows: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        return OutputHead(model).logprobs(rows, targets)

    for fused, is_used in ((right, True), (breaks, False), (lambda rows, targets: right(rows, targets) - 1, False)):
        head = OutputHead(model)
        head._fused = fused
        prove_fused(head, model, Turns())
        assert head.is_fused is is_used


@pytest.mark.parametrize("name", ["llama", "gemma2", "cohere", "granite", "gpt-neox"])
def test_the_head_in_slices_equals_log_softmax_of_the_model_s_own_logits(name: str, monkeypatch: Any) -> None:
    model, ids = model_of(name), torch.tensor([words(1, 40)])
    with torch.inference_mode():
        expected = model(ids).logits[0].double().log_softmax(-1)[torch.arange(40), ids[0]]
        rows = model.base_model(ids).last_hidden_state[0]
        monkeypatch.setattr("scoring.engine.head.SLICE_BYTES", {"cpu": 1})  # 256 words a slice: two slices, one of 44
        monkeypatch.setattr("scoring.engine.head.MAX_ROWS", 16)
        found = proved_head(model, Turns()).logprobs(rows, ids[0])
    assert found.dtype == torch.float32
    assert torch.allclose(found.double(), expected, atol=1e-5)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_model_that_sees_what_comes_after_is_refused(dtype: torch.dtype) -> None:
    kind, settings = ARCHITECTURES["gemma3"][0]
    torch.manual_seed(0)
    config = getattr(transformers, kind)(**settings, use_bidirectional_attention=True)
    model = AutoModelForCausalLM.from_config(config, dtype=dtype).eval().requires_grad_(False)
    with pytest.raises(ModelUnavailable, match=r"change by .* nats with what comes after a token") as caught:
        make_engine(model, fingerprint="x", context_limit=CONTEXT)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_a_model_in_which_neighbours_leak_into_each_other_does_not_share(dtype: torch.dtype) -> None:
    # Short convolutions run along the row of tokens. With weights this small half precision nearly hides it.
    torch.manual_seed(0)
    config = transformers.Lfm2Config(
        vocab_size=VOCABULARY, hidden_size=32, intermediate_size=48, num_hidden_layers=4, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=CONTEXT, initializer_range=0.1,
        layer_types=["conv", "full_attention", "conv", "full_attention"],
    )  # fmt: skip
    model = AutoModelForCausalLM.from_config(config, dtype=dtype).eval().requires_grad_(False)
    assert make_engine(model, fingerprint="x", context_limit=CONTEXT).name != "shared"


def test_a_target_that_the_head_does_not_have_is_refused() -> None:
    limits = Limits(context=10, vocabulary=310, words=300)
    limits.check(LogprobRequest((305, 1, 2), (False, False, True)))
    with pytest.raises(EngineFailed, match="token id 305 can be read but not predicted: the"):
        limits.check(LogprobRequest((1, 305, 2), (False, True, True)))
