"""A pair checked before use, for screens and the command line: catalogue names in, facts and findings out.

Leaves out the looking itself (scoring/pair_check/check.py), which imports torch and so is
imported when it is asked for.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from scoring.memory import available_bytes, budget_bytes_of
from scoring.pair_check.facts import Finding, PairCheck, SideFacts, size_text
from scoring.pairs import ModelPair, ModelSpec
from services.pairs.catalogue import catalogue, get_pair

__all__ = [
    "Finding", "FreeMemory", "PairCheck", "SideFacts", "check_catalogue_pair", "check_models", "check_pair",
    "free_memory", "size_text",
]  # fmt: skip


def check_pair(pair: ModelPair, *, is_declared: bool = True, held_bytes: int = 0) -> PairCheck:
    """Look at a pair; see scoring.pair_check.check. Imports torch at the first call, which takes seconds."""
    from scoring.pair_check import check as pair_check

    return pair_check.check_pair(pair, is_declared=is_declared, held_bytes=held_bytes)


def check_catalogue_pair(name: str, *, held_bytes: int = 0) -> PairCheck:
    """Look at a pair of the catalogue. Raises NotFound, BadCatalogue."""
    return check_pair(get_pair(name), held_bytes=held_bytes)


def check_models(strong: str, weak: str) -> PairCheck:
    """Look at two models that are no pair of the catalogue: folders, hub ids, or PAIR:strong and PAIR:weak."""
    pair = ModelPair(
        name=f"{strong} over {weak}", title="", strong=_model(strong), weak=_model(weak), parameters="", context=0,
        licence="", memory_gb=0.0,
    )  # fmt: skip
    return check_pair(pair, is_declared=False)


@dataclass(frozen=True, slots=True)
class FreeMemory:
    """What is free where models would stand, and the part of it that they may take, in bytes."""

    device: str
    free_bytes: int
    budget_bytes: int


def free_memory() -> FreeMemory | None:
    """None while only torch could tell (there is a GPU, and torch is not loaded yet)."""
    device = "cpu"
    if "torch" in sys.modules:
        from scoring.models import choose_device

        device = choose_device()
    elif sys.platform == "darwin" or Path("/dev/nvidia0").exists():
        return None
    return FreeMemory(device, available_bytes(device), budget_bytes_of((device,), device))


def _model(name: str) -> ModelSpec:
    pair, _, side = name.rpartition(":")
    pairs = catalogue()
    if pair in pairs and side == "strong":
        return pairs[pair].strong
    if pair in pairs and side == "weak":
        return pairs[pair].weak
    return ModelSpec(name)
