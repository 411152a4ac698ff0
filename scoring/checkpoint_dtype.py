"""What a model's files are in, read from its config without loading anything."""

from __future__ import annotations

from functools import lru_cache

from scoring.model_files import find_model
from scoring.pairs import DTYPES, DType, ModelSpec


def checkpoint_dtype(spec: ModelSpec) -> DType | None:
    """The dtype its config names (of the base, for an adapter); None where it names none that Tare computes in.

    Raises ModelUnavailable.
    """
    return _named(spec.ref, spec.revision)


@lru_cache(maxsize=256)  # asked at every opening; an error is not remembered
def _named(ref: str, revision: str | None) -> DType | None:
    config = find_model(ModelSpec(ref, revision)).config
    for part in (config, config.get("text_config")):
        if isinstance(part, dict):
            named = str(part.get("dtype") or part.get("torch_dtype") or "").removeprefix("torch.")
            found = next((dtype for dtype in DTYPES if dtype == named and dtype != "auto"), None)
            if found is not None:
                return found
    return None
