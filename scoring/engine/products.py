"""Matrix products on a CPU by whichever of torch's two libraries is faster on this machine.

torch sends float32 products to MKL, which holds back on processors that are not Intel's: on an AMD EPYC with AVX-512
it ran at 117 GFLOP/s a thread where oneDNN, the other library that comes with torch, ran at 260. Both add in float32;
the sums differ by rounding only. Measured once a process, because no name of a processor tells.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

Linear = Callable[[Tensor, Tensor, Tensor | None], Tensor]
# What oneDNN must be faster by: far from 1 and from what was seen, so that every process of a machine agrees.
WORTHWHILE = 1.3
# oneDNN prepares a product for every shape, and each keeps room for what it computes: megabytes, for a large model a
# hundred. Two caches (its own and torch's) hold 1,024 each unless told otherwise before the first product. Of 64 the
# packs of a dataset find theirs as often, so memory does not grow with the number of items (a tiny model pays in time).
CACHED_SHAPES = 64
CACHES = ("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "LRU_CACHE_CAPACITY")
_TRIAL = (512, 512, 1024)  # rows, in, out
_ROUNDS = 7


def linear(rows: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """rows @ weight.T + bias for rows (..., I) and weight (O, I), as torch's own but by the faster library."""
    is_plain = rows.dtype == weight.dtype == torch.float32 and rows.device.type == weight.device.type == "cpu"
    # Other strides take it a thousand times as long.
    is_whole = weight.is_contiguous() or weight.t().is_contiguous()
    if is_plain and rows.numel() and is_whole and has_faster_onednn():
        return _onednn(rows, weight, bias)
    return functional.linear(rows, weight, bias)


def quicken(model: Any) -> None:
    """Let a model's linear layers compute by `linear`. Other kinds of layers, and subclasses, stay as they are."""
    for module in model.modules():
        if type(module) is nn.Linear:
            module.forward = partial(_forward, module)  # type: ignore[method-assign]


@cache
def has_faster_onednn() -> bool:
    """Whether oneDNN's float32 products are faster here by enough; measured at the first call, some milliseconds."""
    if not torch.backends.mkldnn.is_available():
        return False
    for name in CACHES:
        os.environ.setdefault(name, str(CACHED_SHAPES))
    generator = torch.Generator().manual_seed(0)
    n_rows, n_in, n_out = _TRIAL
    rows = torch.randn(n_rows, n_in, generator=generator, dtype=torch.float32)
    weight = torch.randn(n_out, n_in, generator=generator, dtype=torch.float32)
    products: tuple[Linear, ...] = (functional.linear, _onednn)
    best = dict.fromkeys(products, float("inf"))
    with torch.inference_mode(), _one_thread():
        try:
            is_same = torch.allclose(_onednn(rows, weight, None), functional.linear(rows, weight), rtol=1e-4, atol=1e-3)
        except (RuntimeError, AttributeError):  # another build of torch
            return False
        for _ in range(_ROUNDS):
            for product in products:
                started = time.thread_time()
                product(rows, weight, None)
                best[product] = min(best[product], time.thread_time() - started)
    return is_same and best[functional.linear] > WORTHWHILE * best[_onednn]


@contextmanager
def _one_thread() -> Iterator[None]:
    """Within it torch computes in the calling thread, whose processor time a busy machine does not lengthen."""
    usual = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(usual)


def _forward(module: nn.Linear, rows: Tensor) -> Tensor:
    return linear(rows, module.weight, module.bias)


def _onednn(rows: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    found: Tensor = torch.ops.mkldnn._linear_pointwise(rows.contiguous(), weight, bias, "none", [], "")
    return found
