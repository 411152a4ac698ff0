"""What a model's files are in, read from its config without loading anything."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from scoring.model_files import find_model
from scoring.pairs import DType, ModelSpec

_KNOWN: dict[str, DType] = {"float32": "float32", "bfloat16": "bfloat16", "float16": "float16"}


def checkpoint_dtype(spec: ModelSpec) -> DType | None:
    """The dtype its config names (of the base, for an adapter); None where it names none that Tare computes in.

    Raises ModelUnavailable.
    """
    return _named(spec.ref, spec.revision)


@lru_cache(maxsize=256)  # asked at every opening; an error is not remembered
def _named(ref: str, revision: str | None) -> DType | None:
    return dtype_in(find_model(ModelSpec(ref, revision)).config)


def dtype_in(config: Mapping[str, Any]) -> DType | None:
    """What a config.json names, if Tare computes in it."""
    for part in (config, config.get("text_config")):
        if isinstance(part, dict):
            named = str(part.get("dtype") or part.get("torch_dtype") or "").removeprefix("torch.")
            if named in _KNOWN:
                return _KNOWN[named]
    return None
