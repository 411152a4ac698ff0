"""Models that have computed and are closed again, as a `ModelSource`: every log-prob they would give is in the cache.

Opens nothing and computes nothing; what the cache does not hold is one clear error.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from scoring.errors import EngineFailed
from scoring.pairs import ModelSpec
from scoring.protocol import LogprobEngine, LogprobRequest, OpenModel, Pack, TokenLogprobs, collect


@dataclass(slots=True)
class CachedEngine:
    """A `LogprobEngine` whose model is closed: all it would say is in the cache."""

    name: str
    fingerprint: str
    context_limit: int

    def weigh(self, requests: Sequence[LogprobRequest], *, known: Collection[int] = ()) -> Iterator[Pack]:
        n_missing = len(requests) - len(known)
        raise EngineFailed(
            f"{n_missing} texts came to the dataset after the models had read it, or need another measurement; give "
            "the same command again"
        )

    def logprobs(self, requests: Sequence[LogprobRequest]) -> list[TokenLogprobs]:
        return collect(self.weigh(requests))


@dataclass(frozen=True, slots=True)
class ClosedModel:
    """An `OpenModel` that was open: what a run asks of it when every log-prob is in the cache."""

    ref: str
    engine: LogprobEngine
    tokenizer: Any
    sampler: Any
    device: str
    dtype: str
    memory_bytes: int


class FromCache:
    """A `ModelSource` of models that have computed and are closed again."""

    def __init__(self, known: Mapping[ModelSpec, ClosedModel]) -> None:
        self._known = known

    @contextmanager
    def open(self, spec: ModelSpec) -> Iterator[OpenModel]:
        yield self._known[spec]
