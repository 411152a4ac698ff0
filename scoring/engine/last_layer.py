"""What nothing asks for, left out of the last layer: past its attention only the rows that predict a token go on.

    layers 0 .. L-2    every row: the layers above need its keys and values
    layer L-1          keys and values of every row; queries, output and feed-forward only where a state is asked for

Row by row a linear layer gives the same whatever else goes through it, so this is exact for any model whose last layer
does nothing between rows after its attention; engines.py proves it on the model. Leaves out the attention itself
(shared_attention.py).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any
from weakref import WeakSet

from torch import Tensor, nn

from scoring.engine.pack_state import current_pack

WORTHWHILE = 0.9  # of the rows: where more are needed, picking them out costs more than it saves
_wrapped: WeakSet[nn.Module] = WeakSet()


def thin_out(model: Any) -> int:
    """Let the last layer's linear layers compute only the rows that the current pack needs. Idempotent.

    Returns the index of that layer, or -1 (and nothing is left out) where it cannot be told which attention is its.
    """
    n_layers = int(model.config.get_text_config().num_hidden_layers)
    n_attending = sum(hasattr(each, "layer_idx") and hasattr(each, "is_causal") for each in model.modules())
    if n_attending != n_layers:
        return -1
    for module in _linear_layers(model, n_layers):
        if module not in _wrapped:
            _wrapped.add(module)
            module.forward = partial(_forward, module, module.forward)  # type: ignore[method-assign]
    return n_layers - 1


def _linear_layers(model: Any, n_layers: int) -> list[nn.Linear]:
    lists = [each for each in model.modules() if isinstance(each, nn.ModuleList) and len(each) == n_layers]
    return [each for layers in lists for each in layers[-1].modules() if type(each) is nn.Linear]


def _forward(module: nn.Linear, usual: Callable[[Tensor], Tensor], rows: Tensor) -> Tensor:
    """The linear layer over rows (1, T, I); what is not needed stays 0 in the (1, T, O) that comes out."""
    state = current_pack.get()
    needed = None if state is None else state.needed_now
    if state is None or needed is None or rows.shape[:-1] != (1, state.n_rows):
        return usual(rows)
    found = rows.new_zeros(1, rows.shape[1], module.out_features)
    found[:, needed] = usual(rows[:, needed])
    return found
