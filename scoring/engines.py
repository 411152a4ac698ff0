"""The engine for a loaded model: the fastest that gives the plain loop's numbers on this very model.

Three can compute, each exact for fewer models than the next: shared (every edge of the prefix trie once), expanded (a
prompt once, its cache copied), plain (everything anew). Which one is exact is not believed but proved when the model
is loaded: a few short sequences go through it and through the plain engine. What a short proof cannot see (a sliding
window, positions that depend on the length) is read from the configuration.
"""

from __future__ import annotations

import logging
from typing import Any

import torch

from scoring.errors import EngineFailed
from scoring.expanded import ExpandedEngine
from scoring.head import OutputHead
from scoring.memory import available_bytes
from scoring.plain import PlainEngine
from scoring.protocol import LogprobEngine, LogprobRequest
from scoring.shared import KEPT_SHARE, MIN_BUDGET, TOKEN_BUDGET, SharedEngine
from scoring.shared_attention import Unsupported
from scoring.threads import fitting_threads
from scoring.turns import Turns

log = logging.getLogger(__name__)
# How far a token's log-prob may be off in the proof, nats. Half precision rounds differently in every packing; wrong
# positions or a wrong mask are off by more than a nat on any trained model.
HALF_TOLERANCE = {torch.float16: 0.05, torch.bfloat16: 0.3}
PROOF_BUDGET = 24  # tokens a pack in the proof: some edges are kept, some are cut, some lie together in one pack
# What model code raises over arguments that it does not take, and what the engines raise.
_REFUSALS = (
    Unsupported,
    EngineFailed,
    TypeError,
    ValueError,
    AttributeError,
    KeyError,
    IndexError,
    NotImplementedError,
)


def make_engine(
    model: Any,
    *,
    fingerprint: str,
    context_limit: int,
    turns: Turns | None = None,
    token_budget: int | None = None,
    engine: str = "auto",
) -> LogprobEngine:
    """The fastest exact engine over a transformers model in eval mode, or the one named: shared, expanded, plain.

    Raises EngineFailed when the one named is not exact on this model.
    """
    turns = turns or Turns()
    common: dict[str, Any] = {
        "fingerprint": fingerprint, "context_limit": context_limit, "turns": turns, "alone_over": length_limit(model),
    }  # fmt: skip
    head = proved_head(model, turns)
    if head is not None and head.is_fused:
        prove_fused(head, model, turns)
    token_budget = token_budget or fitting_budget(model)
    plain = PlainEngine(model, **common, token_budget=token_budget, head=head)
    if engine in ("auto", "shared") and head is not None:
        kept_bytes = int(available_bytes(str(model.device)) * KEPT_SHARE)
        for has_varlen in (True, False) if model.device.type == "cuda" else (False,):
            settings = {**common, "head": head, "has_varlen": has_varlen}
            proof = SharedEngine(model, **settings, token_budget=PROOF_BUDGET)
            if is_exact(proof, plain, model) and proof.windowed_layers == windowed_layers(model):
                return SharedEngine(model, **settings, token_budget=token_budget, kept_bytes=kept_bytes)
    if engine in ("auto", "expanded"):
        expanded = ExpandedEngine(model, **common, token_budget=token_budget, head=head)
        if is_exact(expanded, plain, model):
            return expanded
    if engine not in ("auto", "plain"):
        raise EngineFailed(f"the {engine} engine is not exact on {type(model).__name__}; choose auto or plain")
    return plain


def fitting_budget(model: Any) -> int:
    """Tokens a pack for this model: the device's usual number, or what half of the free memory holds.

    A power of two, so that a resumed run on the same machine cuts the same packs unless memory got really short.
    """
    usual = TOKEN_BUDGET.get(model.device.type, TOKEN_BUDGET["cpu"])
    config = model.config.get_text_config()
    width = config.hidden_size
    inner = max(getattr(config, "intermediate_size", None) or 0, 4 * width)
    # The residual stream and its copies, queries, keys, values and their result; gate, up and product of the MLP.
    per_token = (12 * width + 3 * inner) * torch.finfo(model.dtype).bits // 8
    fitting = max(MIN_BUDGET, available_bytes(str(model.device)) // 2 // per_token)
    return min(usual, 1 << (fitting.bit_length() - 1))


def proved_head(model: Any, turns: Turns) -> OutputHead | None:
    """The model's output head, if log-probs from its last states are those of its own logits; else None."""
    try:
        head = OutputHead(model)
        ids = torch.arange(8, device=model.device)[None] % model.get_input_embeddings().num_embeddings
        with turns.take(), torch.inference_mode(), fitting_threads(model):
            expected = model(input_ids=ids).logits[0].float()
            found = head.logits(model.base_model(input_ids=ids).last_hidden_state[0]).float()
    except (*_REFUSALS, RuntimeError) as reason:
        log.info("%s: no head of its own (%s)", type(model).__name__, reason)
        return None
    if found.shape != expected.shape or not torch.allclose(found, expected, rtol=1e-2, atol=1e-4):
        return None
    return head


def prove_fused(head: OutputHead, model: Any, turns: Turns) -> None:
    """Let the head go on without its fused kernel when that fails or gives other log-probs on this model."""
    rows = torch.randn(16, model.get_output_embeddings().weight.shape[1], generator=torch.Generator().manual_seed(0))
    rows = rows.to(model.device, model.dtype)
    targets = torch.arange(16, device=model.device)
    with turns.take(), torch.inference_mode():
        expected = head.logits(rows).float().log_softmax(-1)[torch.arange(16), targets]
        try:
            is_same = torch.allclose(head.logprobs(rows, targets), expected, rtol=1e-2, atol=1e-3)
        except (*_REFUSALS, RuntimeError) as reason:
            log.warning("the fused output head failed and is not used (%s)", reason)
            is_same = False
    if not is_same:
        head.unfuse()


def is_exact(engine: LogprobEngine, reference: LogprobEngine, model: Any) -> bool:
    """Whether an engine gives the reference's log-probs on a few short sequences that share in every way."""
    requests = proof_requests(model.get_input_embeddings().num_embeddings)
    if any(len(request.ids) > engine.context_limit for request in requests):
        return False
    expected = torch.tensor([value for result in reference.logprobs(requests) for value in result.values])
    try:
        found = torch.tensor([value for result in engine.logprobs(requests) for value in result.values])
    except _REFUSALS as reason:
        log.info("%s: not the %s engine (%s)", type(model).__name__, engine.name, reason)
        return False
    # An untrained model hardly tells contexts apart: what counts is the error beside what the values vary by.
    tolerance = HALF_TOLERANCE.get(model.dtype, 2e-5 + 1e-3 * min(1.0, float(expected.std())))
    error = float((found - expected).abs().max())
    if error > tolerance:
        log.info("%s: not the %s engine (off by %.2g nats)", type(model).__name__, engine.name, error)
    return error <= tolerance


def proof_requests(vocabulary: int) -> list[LogprobRequest]:
    """Short sequences that fork inside prompts and responses, contain one another, and occur twice."""
    words = torch.randint(vocabulary, (60,), generator=torch.Generator().manual_seed(0)).tolist()
    prompt = words[:20]
    first = prompt + words[20:29]
    texts = [first, prompt + words[29:36], first[:25] + words[36:40], prompt[:6] + words[40:52], first[:25], first]
    starts = [20, 20, 20, 5, 3, 20]
    return [
        LogprobRequest(tuple(text), tuple(place >= start for place in range(len(text))))
        for text, start in zip(texts, starts, strict=True)
    ]


def windowed_layers(model: Any) -> int | None:
    """How many layers have a sliding window by the configuration; None: attention that only a mask describes."""
    config = model.config.get_text_config()
    kinds = getattr(config, "layer_types", None)
    if getattr(config, "attention_chunk_size", None) or (kinds and "chunked_attention" in kinds):
        return None
    if getattr(config, "sliding_window", None) is None or getattr(config, "use_sliding_window", True) is False:
        return 0
    return config.num_hidden_layers if kinds is None else sum(kind == "sliding_attention" for kind in kinds)


def length_limit(model: Any) -> int | None:
    """Above how many tokens a model reads every position otherwise (LongRoPE); None: it never does."""
    config = model.config.get_text_config()
    rope = getattr(config, "rope_parameters", None) or {}
    kinds = [rope, *(value for value in rope.values() if isinstance(value, dict))]
    if not any(kind.get("rope_type") == "longrope" for kind in kinds):
        return None
    named = (kind.get("original_max_position_embeddings") for kind in kinds)
    limit = next((value for value in named if value), None) or getattr(config, "original_max_position_embeddings", None)
    return None if limit is None else int(limit)
