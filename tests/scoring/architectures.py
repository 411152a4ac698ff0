"""Tiny random models of every architecture the engines must be exact on, and the naive loop that says what is exact.

Weights are wide enough that log-probs differ by whole nats: a wrong mask or position shows. Windows are shorter than
the test sequences, so that they bite.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

import torch
import transformers
from transformers import AutoModelForCausalLM

from scoring.protocol import LogprobRequest

VOCABULARY = 300
CONTEXT = 256
WINDOW = 9
_WIDE = {"initializer_range": 0.3}
_COMMON: dict[str, Any] = {
    "vocab_size": VOCABULARY,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "max_position_embeddings": CONTEXT,
    "bos_token_id": None,
    "eos_token_id": 2,
    "pad_token_id": None,
    **_WIDE,
}
_GROUPED = {**_COMMON, "num_key_value_heads": 2}
_OPT = {**_COMMON, "ffn_dim": 48, "init_std": 0.3}
_MOE = {"num_experts_per_tok": 2}
_GPT2 = {"vocab_size": VOCABULARY, "n_embd": 32, "n_layer": 4, "n_head": 4, "n_positions": CONTEXT, **_WIDE}
_OLD = {"vocab_size": VOCABULARY, "hidden_size": 32, "bos_token_id": 1, "eos_token_id": 2, **_WIDE}
_LONGROPE = {
    "original_max_position_embeddings": 40,
    "rope_scaling": {"type": "longrope", "short_factor": [1.0] * 4, "long_factor": [4.0] * 4},
}
# name: (configuration, the engine that must be chosen)
ARCHITECTURES: dict[str, tuple[Any, str]] = {
    "llama": (("LlamaConfig", _GROUPED), "shared"),
    "mistral": (("MistralConfig", {**_GROUPED, "sliding_window": WINDOW}), "shared"),
    "qwen2": (("Qwen2Config", {**_GROUPED, "tie_word_embeddings": True}), "shared"),
    "qwen2-window": (
        ("Qwen2Config", {**_GROUPED, "use_sliding_window": True, "sliding_window": WINDOW, "max_window_layers": 2}),
        "shared",
    ),
    "qwen3": (("Qwen3Config", {**_GROUPED, "head_dim": 16}), "shared"),
    "gemma2": (
        ("Gemma2Config", {**_GROUPED, "head_dim": 8, "sliding_window": WINDOW, "query_pre_attn_scalar": 8}),
        "shared",
    ),
    "gemma3": (
        ("Gemma3TextConfig", {**_GROUPED, "head_dim": 8, "sliding_window": WINDOW, "query_pre_attn_scalar": 8}),
        "shared",
    ),
    "phi3": (("Phi3Config", {**_GROUPED, "sliding_window": WINDOW}), "shared"),
    "phi3-longrope": (("Phi3Config", {**_GROUPED, **_LONGROPE}), "shared"),
    "gpt-neox": (("GPTNeoXConfig", _COMMON), "shared"),
    "opt": (("OPTConfig", {**_OPT, "word_embed_proj_dim": 32}), "shared"),
    "opt-350m": (("OPTConfig", {**_OPT, "word_embed_proj_dim": 16}), "shared"),
    "gpt2": (("GPT2Config", _GPT2), "shared"),
    "gpt2-upcast": (
        ("GPT2Config", {**_GPT2, "scale_attn_by_inverse_layer_idx": True, "reorder_and_upcast_attn": True}),
        "shared",
    ),
    "mixtral": (("MixtralConfig", {**_GROUPED, **_MOE, "num_local_experts": 4}), "shared"),
    "qwen3-moe": (
        ("Qwen3MoeConfig", {**_GROUPED, **_MOE, "head_dim": 8, "num_experts": 4, "moe_intermediate_size": 24}),
        "shared",
    ),
    "gpt-oss": (
        ("GptOssConfig", {**_GROUPED, **_MOE, "head_dim": 8, "num_local_experts": 4, "sliding_window": WINDOW}),
        "shared",
    ),
    "cohere": (("CohereConfig", _GROUPED), "shared"),
    "granite": (("GraniteConfig", {**_GROUPED, "logits_scaling": 3.0, "embedding_multiplier": 2.0}), "shared"),
    "falcon-alibi": (("FalconConfig", {**_OLD, "num_hidden_layers": 4, "num_attention_heads": 4, "alibi": True}),
                     "expanded"),
    "bloom": (("BloomConfig", {**_OLD, "n_layer": 4, "n_head": 4}), "expanded"),
    "llama4-chunked": (
        (
            "Llama4TextConfig",
            {
                **_GROUPED, "head_dim": 8, "num_local_experts": 2, "attention_chunk_size": WINDOW,
                "intermediate_size_mlp": 48,
            },
        ),
        "expanded",
    ),
    "mamba": (("MambaConfig", {**_OLD, "num_hidden_layers": 4, "state_size": 8}), "plain"),
}  # fmt: skip


@cache
def model_of(name: str) -> Any:
    """The model, float32, in eval mode; the same object each time."""
    (kind, settings), _ = ARCHITECTURES[name]
    torch.manual_seed(0)
    config = getattr(transformers, kind)(**settings)
    return AutoModelForCausalLM.from_config(config, dtype=torch.float32).eval().requires_grad_(False)


def request(ids: Sequence[int], start: int) -> LogprobRequest:
    """A request whose response begins at `start`."""
    return LogprobRequest(tuple(ids), tuple(place >= start for place in range(len(ids))))


def words(seed: int, count: int) -> list[int]:
    """Token ids, the same for the same seed."""
    return torch.randint(VOCABULARY, (count,), generator=torch.Generator().manual_seed(seed)).tolist()


def forest() -> list[LogprobRequest]:
    """Two prompts under shared criteria; candidates that begin alike, contain one another, are identical or alone."""
    criteria = words(1, 70)
    one, two = criteria + words(2, 20), criteria + words(3, 31)
    first = one + words(4, 33)
    return [
        request(first, 90),
        request(one + words(5, 12), 90),
        request([*first[:100], *words(6, 9)], 90),
        request(first[:104], 90),
        request(first, 90),
        request(first, 20),  # the prompt weighed too
        request(two + words(7, 40), 101),
        request([*two, words(8, 1)[0]], 101),
        request(words(9, 50), 49),
        request(words(10, 2), 1),
    ]


def naive(model: Any, requests: Sequence[LogprobRequest]) -> list[list[float]]:
    """The plain loop: each sequence alone and whole, log-softmax in float64."""
    found = []
    for each in requests:
        with torch.inference_mode():
            logits = model(torch.tensor([each.ids[:-1]])).logits[0].double().log_softmax(-1)
        found.append([logits[t - 1, each.ids[t]].item() for t in range(len(each.ids)) if each.is_response[t]])
    return found
