"""What is proved on a model when it is loaded: that it is causal, what its head is, that an engine is exact on it.

Short sequences through the model itself; nothing is believed by name. What a short proof cannot see (a window that is
longer, positions that depend on the length) is read from the configuration.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from scoring.engine.head import OutputHead
from scoring.engine.shared_attention import Unsupported
from scoring.engine.threads import fitting_threads
from scoring.engine.turns import Turns
from scoring.errors import EngineFailed, ModelUnavailable
from scoring.protocol import LogprobEngine, LogprobRequest

log = logging.getLogger(__name__)
# How far three quarters of the tokens may be off, nats. Half precision rounds differently in every packing, and a
# mixture of experts may then send a token elsewhere: some are far off, as they are between two batches of any size.
# Wrong positions or a wrong mask move nearly all; that nothing leaks between sequences is proved apart.
HALF_TOLERANCE = {torch.float16: 0.05, torch.bfloat16: 0.3}
# How far a sequence's numbers may move with its neighbours in a pack: what a mixture of experts rounds otherwise when
# other tokens go to the same expert. Short convolutions and states that run along the row move them by more.
LEAK_TOLERANCE = {torch.float16: 2e-3, torch.bfloat16: 2e-2}
# What model code raises over arguments that it does not take, and what the engines raise.
_REFUSALS = (
    Unsupported, EngineFailed, TypeError, ValueError, AttributeError, KeyError, IndexError, NotImplementedError,
)  # fmt: skip


def require_causal(model: Any, turns: Turns) -> None:
    """Refuse a model whose log-prob of a token depends on what comes after it. Raises ModelUnavailable."""
    vocabulary = model.get_input_embeddings().num_embeddings
    ids = torch.tensor([_words(vocabulary, 24)], device=model.device)
    try:
        with turns.take(), torch.inference_mode(), fitting_threads(model):
            whole = model(input_ids=ids).logits[0, :12].float().log_softmax(-1)
            beginning = model(input_ids=ids[:, :12]).logits[0].float().log_softmax(-1)
    except (*_REFUSALS, RuntimeError) as reason:
        log.info("%s: whether it is causal could not be tried (%s)", type(model).__name__, reason)
        return
    error = (whole - beginning).abs().amax(-1)  # by token
    tolerance = HALF_TOLERANCE.get(model.dtype, 1e-4 + 1e-2 * min(1.0, float(beginning.std())))
    if float(error.quantile(0.75)) > tolerance:
        raise ModelUnavailable(
            f"{type(model).__name__}: its log-probs change by {float(error.max()):.2g} nats with what comes after a "
            "token; Tare weighs with causal language models only: choose another"
        )


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
    # The same product of the same shape on both sides: what differs is no rounding.
    step = 1e-5 if model.dtype == torch.float32 else 1e-3
    is_same = found.shape == expected.shape and bool((found - expected).abs().max() <= step * expected.abs().max())
    return head if is_same else None


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
    expected = _values(reference, requests)
    try:
        found = _values(engine, requests)
    except _REFUSALS as reason:
        log.info("%s: not the %s engine (%s)", type(model).__name__, engine.name, reason)
        return False
    error = (found - expected).abs()
    if model.dtype in HALF_TOLERANCE:
        worst, tolerance = float(error.quantile(0.75)), HALF_TOLERANCE[model.dtype]
    else:  # an untrained model hardly tells contexts apart: what counts is the error beside what the values vary by
        worst, tolerance = float(error.max()), 2e-5 + 1e-3 * min(1.0, float(expected.std()))
    if worst > tolerance:
        log.info("%s: not the %s engine (off by %.2g nats)", type(model).__name__, engine.name, worst)
    return worst <= tolerance


def is_isolated(engine: LogprobEngine, model: Any) -> bool:
    """Whether a sequence's numbers stay the same when its neighbours in the pack are others.

    Where they do not, something runs along the row of tokens that is not attention: a convolution, a state.
    """
    words = _words(model.get_input_embeddings().num_embeddings, 60)
    packs = [[words[at : at + 8], words[at + 8 : at + 15], words[54:60]] for at in (0, 20)]
    one, other = (_values(engine, [_request(ids, 1) for ids in pack])[-5:] for pack in packs)
    leak = float((one - other).abs().max())
    tolerance = LEAK_TOLERANCE.get(model.dtype, 1e-5)
    if leak > tolerance:
        log.info("%s: not the %s engine (neighbours change a text by %.2g)", type(model).__name__, engine.name, leak)
    return leak <= tolerance


def _values(engine: LogprobEngine, requests: Sequence[LogprobRequest]) -> Tensor:
    return torch.tensor([value for result in engine.logprobs(requests) for value in result.values])


def _words(vocabulary: int, count: int) -> list[int]:
    return torch.randint(vocabulary, (count,), generator=torch.Generator().manual_seed(0)).tolist()


def _request(ids: Sequence[int], start: int) -> LogprobRequest:
    return LogprobRequest(tuple(ids), tuple(place >= start for place in range(len(ids))))


def proof_requests(vocabulary: int) -> list[LogprobRequest]:
    """Short sequences that fork inside prompts and responses, contain one another, and occur twice."""
    words = _words(vocabulary, 60)
    prompt = words[:20]
    first = prompt + words[20:29]
    texts = [first, prompt + words[29:36], first[:25] + words[36:40], prompt[:6] + words[40:52], first[:25], first]
    starts = [20, 20, 20, 5, 3, 20]
    return [_request(text, start) for text, start in zip(texts, starts, strict=True)]


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
