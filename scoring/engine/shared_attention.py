"""Attention for packs: each query sees its own edge and every edge above it, each stretch of keys once.

Registered with transformers as an attention implementation, so that a model's own code runs unchanged around it.
A pack is one row of tokens; its edges lie in depth-first order, so that whatever sees an edge is one stretch of rows:

    rows     | criteria  prompt  A A A A | B B B | C C |
    runs       ------- causal ---------    causal  causal      the first branch goes on from its prompt
    looks                                  B and C see criteria + prompt, all at once, not causal

Partial results are merged by their log-sum-exp, which is exact: softmax over two stretches of keys is the two
softmaxes weighted by their share of the normalizer (Hydragen, arXiv 2402.05099).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from transformers import AttentionInterface

from scoring.engine.attention_kernels import attend, attend_runs
from scoring.engine.joint_attention import attend_jointly, is_worthwhile
from scoring.engine.kept_keys import KeptKeys
from scoring.engine.pack_state import Look, PackState, current_pack

NAME = "tare_shared"
# What layers pass along that does not change what a query sees. Anything else is refused: better no fast path.
HARMLESS = frozenset(("position_ids", "use_cache", "output_attentions", "output_hidden_states", "output_router_logits"))


class Unsupported(Exception):
    """This model's attention is not what the shared engine computes; another engine must take it."""


def shared_attention(
    module: torch.nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    sliding_window: int | None = None,
    softcap: float | None = None,
    s_aux: Tensor | None = None,
    **kwargs: Any,
) -> tuple[Tensor, None]:
    """Attention of one layer over the current pack. query (1, H, T, D); key and value (1, G, T, D), G dividing H.

    Returns (1, T, H, D) and no weights. Raises Unsupported for what it does not compute.
    """
    state = current_pack.get()
    if state is None:  # never fall back: what stands here then is not this layer's own attention
        raise Unsupported("attention over a pack was asked for outside of one")
    _refuse_unknown(module, attention_mask, dropout, kwargs)
    layer = state.n_layers
    state.n_layers += 1
    state.n_windowed += sliding_window is not None
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    if state.keep is not None:
        state.keep.add_layer(key, value)
    if softcap is None and s_aux is None and _is_joint(state, query, value, sliding_window):
        runs = [(run.first, run.last, run.above) for run in state.runs]
        return attend_jointly(query, key, value, scale, runs, layer, needed=state.needed_now)[None], None
    out, normalizer = _own(state, query, key, value, scale, softcap, sliding_window)
    for look in state.looks:
        rows = slice(look.first, look.last)
        keys, values = _gather(look, layer, key, value)
        part, part_normalizer = attend(
            query[:, :, rows], keys, values, scale, stretch=look.stretch, softcap=softcap, window=sliding_window
        )
        _merge(out[rows], normalizer[rows], part, part_normalizer)
    if s_aux is not None:  # a sink: one more key that only takes weight (gpt-oss)
        out *= torch.sigmoid(normalizer - s_aux.float())[..., None].to(out.dtype)
    return out[None], None


def _is_joint(state: PackState, query: Tensor, value: Tensor, window: int | None) -> bool:
    """Whether every run is better taken with all that it sees at once; not where a window bites."""
    if query.shape[-1] != value.shape[-1]:
        return False
    if window is not None and any(run.stretch.highest >= window for run in state.runs):
        return False
    return is_worthwhile(query, [(run.last - run.first, run.n_above) for run in state.runs])


def _own(
    state: PackState,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    scale: float,
    softcap: float | None,
    window: int | None,
) -> tuple[Tensor, Tensor]:
    """Every run over itself, causally: (T, H, D) and the log-sum-exp (T, H) float32."""
    if state.has_varlen and softcap is None and window is None and query.dtype != torch.float32:
        return attend_runs(query, key, value, scale, [run.first for run in state.runs])
    rows = query.shape[2]
    out = query.new_empty(rows, query.shape[1], value.shape[-1])
    normalizer = torch.empty(rows, query.shape[1], device=query.device, dtype=torch.float32)
    for run in state.runs:
        own = slice(run.first, run.last)
        out[own], normalizer[own] = attend(
            query[:, :, own], key[:, :, own], value[:, :, own], scale,
            stretch=run.stretch, softcap=softcap, window=window,
        )  # fmt: skip
    return out, normalizer


def _gather(look: Look, layer: int, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
    """The keys and values of a look: views, or one copy when they lie in several places."""
    found = [
        source.layers[layer]
        if isinstance(source, KeptKeys)
        else (key[:, :, source[0] : source[1]], value[:, :, source[0] : source[1]])
        for source in look.sources
    ]
    if len(found) == 1:
        return found[0]
    return torch.cat([keys for keys, _ in found], 2), torch.cat([values for _, values in found], 2)


def _merge(out: Tensor, normalizer: Tensor, part: Tensor, part_normalizer: Tensor) -> None:
    """Take a further part into (R, H, D) and (R, H), in place."""
    share = torch.sigmoid(part_normalizer - normalizer)[..., None]  # of the part, in the sum of both
    if out.dtype == torch.float32:
        out.lerp_(part, share)
    else:
        out.copy_(torch.lerp(out.float(), part.float(), share))
    torch.logaddexp(normalizer, part_normalizer, out=normalizer)


def _refuse_unknown(module: torch.nn.Module, mask: Tensor | None, dropout: float, kwargs: dict[str, Any]) -> None:
    if mask is not None or dropout or not getattr(module, "is_causal", True):
        raise Unsupported(f"{type(module).__name__}: a mask of its own, dropout, or attention that is not causal")
    unknown = [name for name, value in kwargs.items() if value is not None and name not in HARMLESS]
    unknown = [name for name in unknown if not (name == "is_causal" and kwargs[name] is True)]
    if unknown:
        raise Unsupported(f"{type(module).__name__} passes {', '.join(sorted(unknown))}")


AttentionInterface.register(NAME, shared_attention)


@contextmanager
def attention_of(model: Any, state: PackState) -> Iterator[None]:
    """Within it the model's layers attend through `shared_attention`; afterwards as before (its sampler's forwards).

    Only for the holder of the device's turn: the setting belongs to the model, not to the thread.
    """
    usual = model.config._attn_implementation
    if usual == NAME:
        raise Unsupported("two forwards of one model at once; give its engines the same Turns")
    token = current_pack.set(state)
    model.config._attn_implementation = NAME
    try:
        yield
    finally:
        model.config._attn_implementation = usual
        current_pack.reset(token)
