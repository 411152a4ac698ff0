"""What the attention, and the last layer, must know of the pack that is going through a model.

Plain data and the variable that holds it; shared_pack.py makes it, shared_attention.py and last_layer.py read it.
"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass

from torch import Tensor

from scoring.engine.attention_kernels import Stretch
from scoring.engine.joint_attention import Source
from scoring.engine.kept_keys import KeptKeys


@dataclass(frozen=True, slots=True)
class Run:
    """Rows `first` to `last` of the pack that are causal in themselves: one edge, or a line of edges.

    above: what all of them see beyond that, in the order of its positions; n_above of keys.
    """

    first: int
    last: int
    stretch: Stretch
    above: tuple[Source, ...]
    n_above: int


@dataclass(frozen=True, slots=True)
class Look:
    """Rows `first` to `last` of the pack also see other keys: rows of the pack, or kept ones, one after the other."""

    first: int
    last: int
    sources: tuple[Source, ...]
    stretch: Stretch


@dataclass(eq=False, slots=True)
class PackState:
    """What the attention must know of the pack that is going through."""

    runs: tuple[Run, ...]  # together all rows
    looks: tuple[Look, ...]
    keep: KeptKeys | None = None
    needed: Tensor | None = None  # (N,) rows whose last state is asked for, ascending; None: all
    n_rows: int = 0  # of the pack
    last_layer: int = -1  # index of the model's last layer; -1: nothing is left out
    has_varlen: bool = False  # one kernel call for all runs
    n_layers: int = 0  # attention layers that ran
    n_windowed: int = 0  # of these, with a sliding window

    @property
    def needed_now(self) -> Tensor | None:
        """The rows that still matter where the model stands: all (None) until the last layer attends."""
        return self.needed if self.n_layers == self.last_layer + 1 else None


current_pack: ContextVar[PackState | None] = ContextVar("current_pack", default=None)
