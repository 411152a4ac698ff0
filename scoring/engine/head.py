"""From last hidden states to log-probs: the output head on wanted rows only, never the whole logits at once.

The vocabulary is taken in slices whose logits stay in the processor's cache; each slice gives a partial log-sum-exp
in float32. Knows how families finish their logits (capped, scaled); whether that is right for a model is proved on it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from scoring.engine.products import linear

# float32 logits held at a time. On CPU more than this leaves the cache: at 32,000 words and 512 wide, slices of
# 8 MB with their softmax took three quarters of the time of rows by the whole vocabulary.
SLICE_BYTES = {"cpu": 8 * 1024 * 1024, "mps": 64 * 1024 * 1024, "cuda": 512 * 1024 * 1024}
MAX_ROWS = 2048
FusedHead = Callable[[Tensor, Tensor], Tensor]


class OutputHead:
    """Log-probs of target tokens from last hidden states, as one model's own head makes them."""

    def __init__(self, model: Any) -> None:
        config = model.config.get_text_config()
        self._linear = model.get_output_embeddings()
        self._cap = getattr(config, "final_logit_softcapping", None)  # Gemma 2 and 3
        self._factor = getattr(config, "logit_scale", None) or 1 / (getattr(config, "logits_scaling", None) or 1)
        self._fused = self._liger() if model.device.type == "cuda" else None

    def logits(self, rows: Tensor, first: int = 0, last: int | None = None) -> Tensor:
        """Logits (R, last - first) of words `first` to `last`, in the model's dtype, from hidden states (R, H)."""
        bias = self._linear.bias
        logits = linear(rows, self._linear.weight[first:last], None if bias is None else bias[first:last])
        if self._factor != 1:
            logits = logits * self._factor
        return logits if self._cap is None else torch.tanh(logits / self._cap) * self._cap

    def logprobs(self, rows: Tensor, targets: Tensor) -> Tensor:
        """log softmax(logits)[target] of each row, nats.

        Equals `selected_logprobs(self.logits(rows), targets)` in plain.py: softmax in float32 whatever the dtype.

        Args:
            rows: (R, H) hidden states. targets: (R,) token ids.

        Returns:
            (R,) float32.
        """
        if self._fused is not None:
            return self._fused(rows, targets)
        parts = [self._sliced(rows[at : at + MAX_ROWS], targets[at : at + MAX_ROWS]) for at in _steps(rows, MAX_ROWS)]
        return torch.cat(parts) if parts else torch.empty(0, device=rows.device)

    def _liger(self) -> FusedHead | None:
        """Liger's fused head, where it is installed: the same numbers without the logits being written."""
        if self._factor != 1:
            return None
        try:
            from liger_kernel.transformers import LigerFusedLinearCrossEntropyLoss
        except ImportError:
            return None
        loss = LigerFusedLinearCrossEntropyLoss(reduction="none", softcap=self._cap)
        return lambda rows, targets: -loss(self._linear.weight, rows, targets, self._linear.bias).float()

    @property
    def is_fused(self) -> bool:
        """Whether a fused kernel makes the log-probs."""
        return self._fused is not None

    def unfuse(self) -> None:
        """Go on without the fused head."""
        self._fused = None

    def _sliced(self, rows: Tensor, targets: Tensor) -> Tensor:
        weight = self._linear.weight
        width = max(256, SLICE_BYTES.get(rows.device.type, SLICE_BYTES["cpu"]) // (4 * len(rows)))
        of_target = torch.zeros(len(rows), device=rows.device, dtype=torch.float32)
        normalizers = []
        for first in _steps(weight, width):
            logits = self.logits(rows, first, min(first + width, len(weight))).float()  # (R, W)
            inside = (targets >= first) & (targets < first + width)
            here = logits.gather(-1, (targets - first).clamp(0, logits.shape[-1] - 1)[:, None])[:, 0]
            of_target = torch.where(inside, here, of_target)
            normalizers.append(log_normalizer(logits))
        return of_target - torch.stack(normalizers).logsumexp(0)


def log_normalizer(logits: Tensor) -> Tensor:
    """logits.logsumexp(-1) of float32 (R, V), by the one kernel that needs half the time on a CPU.

    log softmax(x)[0] = x[0] - logsumexp(x), turned round; where x[0] is not finite that says nothing.
    """
    if logits.device.type != "cpu":
        return logits.logsumexp(-1)
    found = logits[:, 0] - logits.log_softmax(-1)[:, 0]
    return found if bool(torch.isfinite(found).all()) else logits.logsumexp(-1)


def _steps(tensor: Tensor, width: int) -> range:
    return range(0, len(tensor), width)
