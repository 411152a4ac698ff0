"""What a check of a pair says: facts of each side, and findings that stop it or are worth knowing.

Frozen values that screens and the command line read without loading torch. Leaves out finding them (pair_check.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Side = Literal["strong", "weak"]
Severity = Literal["stops", "warns"]
Kind = Literal["hub", "folder", "adapter", "server"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: the fact, and what to do. side: None when it is about the pair as a whole."""

    severity: Severity
    side: Side | None
    line: str


@dataclass(frozen=True, slots=True)
class SideFacts:
    """One model of a pair, from its small files. None: not known, because something above it failed or is not here.

    place: the folder, the hub and what is downloaded of it, or the server.
    architecture: the class its config names, and its model type.
    parameters: with an adapter, base and adapter together. dtype: it would compute in.
    needed_bytes: to have free for its weights and the work; 0 at a server.
    context: tokens, prompt and response together. vocabulary: tokens of the tokenizer; rows: of the model's head.
    engine: the one it will likely have; which one is exact is proved when the weights are loaded.
    """

    side: Side
    label: str
    kind: Kind
    place: str | None = None
    architecture: str | None = None
    is_causal: bool | None = None
    parameters: int | None = None
    to_download_bytes: int = 0
    dtype: str | None = None
    needed_bytes: int | None = None
    context: int | None = None
    vocabulary: int | None = None
    rows: int | None = None
    has_template: bool | None = None
    has_system_role: bool | None = None
    licence: str | None = None
    engine: str | None = None


@dataclass(frozen=True, slots=True)
class PairCheck:
    """A pair looked at before anything is loaded.

    needed_bytes, parameters: both models, a base under several adapters once; None when one is not known.
    budget_bytes: what models may take of free_bytes, over all devices. fits_both: at the same time.
    """

    name: str
    strong: SideFacts
    weak: SideFacts
    problems: tuple[Finding, ...]
    has_same_tokenizer: bool | None
    device: str
    free_bytes: int
    budget_bytes: int
    needed_bytes: int | None
    parameters: int | None
    fits_both: bool | None

    @property
    def stops(self) -> tuple[Finding, ...]:
        """What keeps the pair from weighing anything."""
        return tuple(problem for problem in self.problems if problem.severity == "stops")


def size_text(n_bytes: int) -> str:
    """Bytes in the unit that fits, 10^9 to a GB.

    >>> size_text(0), size_text(3_940_000), size_text(600_000_000), size_text(29_000_000_000)
    ('0 MB', '3.9 MB', '600 MB', '29.0 GB')
    """
    if n_bytes == 0:
        return "0 MB"
    if n_bytes >= 1e9:
        return f"{n_bytes / 1e9:.1f} GB"
    return f"{n_bytes / 1e6:.0f} MB" if n_bytes >= 10e6 else f"{max(n_bytes / 1e6, 0.1):.1f} MB"
