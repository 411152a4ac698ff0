"""The engine for a loaded model: the fastest that gives the plain loop's numbers on this very model.

Three can compute, each exact for fewer models than the next: shared (every edge of the prefix trie once), expanded (a
prompt once, its cache copied), plain (everything anew). Which one is exact is not believed but proved when the model
is loaded: a few short sequences go through it and through the plain engine. What a short proof cannot see (a sliding
window, positions that depend on the length) is read from the configuration.
"""

from __future__ import annotations

from typing import Any

import torch

from scoring.engine.expanded import ExpandedEngine
from scoring.engine.plain import PlainEngine
from scoring.engine.proofs import (
    is_exact,
    is_isolated,
    length_limit,
    prove_fused,
    proved_head,
    require_causal,
    windowed_layers,
)
from scoring.engine.shared import KEPT_SHARE, MIN_BUDGET, TOKEN_BUDGET, SharedEngine
from scoring.engine.turns import Turns, turns_of
from scoring.errors import EngineFailed
from scoring.memory import available_bytes
from scoring.protocol import LogprobEngine

PROOF_BUDGET = 24  # tokens a pack in the proof: some edges are kept, some are cut, some lie together in one pack


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

    turns: the queue of the model's device (None: the process's own for it); all engines of a model must share it.

    Raises:
        EngineFailed: the one named is not exact on this model.
        ModelUnavailable: the model is not causal, so that no engine can weigh with it.
    """
    turns = turns or turns_of(str(model.device))
    require_causal(model, turns)
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
            is_proved = is_exact(proof, plain, model) and is_isolated(proof, model)
            if is_proved and proof.windowed_layers == windowed_layers(model):
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
