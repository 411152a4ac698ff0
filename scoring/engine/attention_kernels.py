"""One stretch of queries over one stretch of keys: the result and the log-sum-exp that merging needs.

The fast kernels are torch's own; where they cannot (soft caps, old devices) a plain loop in float32 computes the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

# float32 scores held at a time where a kernel does not stream them.
SCORE_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Stretch:
    """Where queries and keys stand in their sequences; positions count from 0.

    positions: (R,) of the queries; lowest and highest of them. key_start: position of the first key; all keys stand
    before every query, or (is_own) the keys are the queries' own rows and attention is causal.
    """

    positions: Tensor
    lowest: int
    highest: int
    key_start: int
    is_own: bool

    def cut_and_mask(self, window: int | None, n_keys: int) -> tuple[int, Tensor | None]:
        """Keys that no query sees any more, and (R, K) True where a query may look (None: everywhere, or causally).

        window: a query sees only the last so many positions, itself included.
        """
        if window is None or self.highest - self.key_start < window:
            return 0, None
        cut = min(n_keys - 1, max(0, self.lowest - window + 1 - self.key_start))
        keys = torch.arange(self.key_start + cut, self.key_start + n_keys, device=self.positions.device)
        behind = self.positions[:, None] - keys[None]
        return cut, (behind >= 0) & (behind < window)


def attend(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    scale: float,
    *,
    stretch: Stretch,
    softcap: float | None = None,
    window: int | None = None,
) -> tuple[Tensor, Tensor]:
    """Softmax attention of query (1, H, R, D) over key and value (1, G, K, D), G dividing H.

    Equals, with heads repeated and scores masked by `stretch` and `window`:

        scores = cap(scale * query @ key.T)
        scores.softmax(-1) @ value, scores.logsumexp(-1)

    Returns:
        (R, H, D) in the query's dtype, and (R, H) float32; a query that sees nothing has zeros and -inf.
    """
    cut, mask = stretch.cut_and_mask(window, key.shape[2])
    if cut:
        key, value = key[:, :, cut:], value[:, :, cut:]
    if softcap is None and query.device.type == "cpu" and query.shape[-1] == value.shape[-1]:
        return _cpu(query, key, value, scale, stretch.is_own, mask)
    if softcap is None and mask is None and query.device.type == "cuda":
        return _cuda(query, key, value, scale, stretch.is_own)
    return _plain(query, key, value, scale, softcap, stretch.is_own, mask)


def attend_runs(
    query: Tensor, key: Tensor, value: Tensor, scale: float, starts: Sequence[int]
) -> tuple[Tensor, Tensor]:
    """Runs of rows, each causal in itself, in one kernel call (CUDA, half precision). Shapes as in `attend`.

    starts: first row of each run; together the runs are all rows.
    """
    from torch.nn.attention.varlen import AuxRequest, varlen_attn

    ends = [*starts[1:], query.shape[2]]
    bounds = torch.tensor([*starts, query.shape[2]], dtype=torch.int32, device=query.device)
    longest = max(end - start for start, end in zip(starts, ends, strict=True))
    out, normalizer = varlen_attn(
        query[0].transpose(0, 1), key[0].transpose(0, 1), value[0].transpose(0, 1),
        bounds, bounds, longest, longest,
        return_aux=AuxRequest(lse=True), scale=scale, window_size=(-1, 0), enable_gqa=True,
    )  # fmt: skip
    return out, normalizer.transpose(0, 1).float()  # the kernel gives (H, R), whatever its documentation says


def _cpu(
    query: Tensor, key: Tensor, value: Tensor, scale: float, is_causal: bool, mask: Tensor | None
) -> tuple[Tensor, Tensor]:
    """torch's flash attention for CPU, which streams the scores, takes grouped heads and gives the log-sum-exp."""
    flash = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
    if mask is None:
        out, normalizer = flash(query, key, value, 0.0, is_causal, scale=scale)
        return out[0].transpose(0, 1), normalizer[0].transpose(0, 1).float()
    outs, normalizers = [], []
    step = max(1, SCORE_BYTES // (4 * key.shape[2]))
    for at in range(0, query.shape[2], step):
        allowed = mask[at : at + step]
        added = torch.zeros(allowed.shape, dtype=query.dtype).masked_fill_(~allowed, -torch.inf)
        out, normalizer = flash(query[:, :, at : at + step], key, value, 0.0, attn_mask=added[None, None], scale=scale)
        outs.append(out[0].transpose(0, 1))
        # The kernel says 0 where a query sees nothing.
        normalizers.append(normalizer[0].transpose(0, 1).float().masked_fill(~allowed.any(-1)[:, None], -torch.inf))
    return torch.cat(outs), torch.cat(normalizers)


def _cuda(query: Tensor, key: Tensor, value: Tensor, scale: float, is_causal: bool) -> tuple[Tensor, Tensor]:
    """torch's flash attention (half precision) or memory-efficient attention (float32)."""
    if query.dtype in (torch.float16, torch.bfloat16) and query.shape[-1] == value.shape[-1] <= 256:
        found = torch.ops.aten._scaled_dot_product_flash_attention(query, key, value, 0.0, is_causal, scale=scale)
    else:
        groups = query.shape[1] // key.shape[1]
        key, value = key.repeat_interleave(groups, 1), value.repeat_interleave(groups, 1)
        found = torch.ops.aten._scaled_dot_product_efficient_attention(
            query, key, value, None, True, 0.0, is_causal, scale=scale
        )
    out, normalizer = found[0], found[1][:, :, : query.shape[2]]  # the second is padded to a block
    return out[0].transpose(0, 1), normalizer[0].transpose(0, 1).float()


def _plain(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    scale: float,
    softcap: float | None,
    is_causal: bool,
    mask: Tensor | None,
) -> tuple[Tensor, Tensor]:
    """The definition, in float32, some queries at a time."""
    heads, rows, size = query.shape[1:]
    groups = key.shape[1]
    keys, values = key[0].float(), value[0].float()  # (G, K, D)
    outs, normalizers = [], []
    step = max(1, SCORE_BYTES // (4 * heads * keys.shape[1]))
    for at in range(0, rows, step):
        part = query[0, :, at : at + step].float().reshape(groups, -1, size)  # (G, H/G x R, D)
        scores = (part @ keys.transpose(1, 2) * scale).reshape(heads, -1, keys.shape[1])  # (H, R, K)
        if softcap is not None:
            scores = torch.tanh(scores / softcap) * softcap
        allowed = _causal(at, scores) if mask is None and is_causal else None if mask is None else mask[at : at + step]
        if allowed is not None:
            scores = scores.masked_fill(~allowed, -torch.inf)
        normalizer = scores.logsumexp(-1)  # (H, R)
        weights = torch.exp(scores - normalizer.masked_fill(normalizer == -torch.inf, 0)[..., None])
        out = (weights.reshape(groups, -1, keys.shape[1]) @ values).reshape(heads, -1, values.shape[-1])
        outs.append(out.transpose(0, 1).to(query.dtype))
        normalizers.append(normalizer.transpose(0, 1))
    return torch.cat(outs), torch.cat(normalizers)


def _causal(at: int, scores: Tensor) -> Tensor:
    rows, keys = scores.shape[1:]
    index = torch.arange(keys, device=scores.device)
    return index[None] <= torch.arange(at, at + rows, device=scores.device)[:, None]
