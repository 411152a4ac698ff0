"""The shared engine: every edge of the requests' prefix trie goes through the model once.

No padding, no prompt computed twice, no logits but those of response tokens. What is computed together (packs.py) is
laid out in one row (shared_pack.py), attends to what lies above it (shared_attention.py), and only the rows that
predict a wanted token reach the output head (head.py). engines.py proves on each model that this equals the plain loop.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import numpy as np
import torch

from scoring.engine.head import OutputHead
from scoring.engine.kept_keys import KeptKeys, LastingKeys
from scoring.engine.last_layer import thin_out
from scoring.engine.limits import Limits
from scoring.engine.packs import PlannedPack, plan_packs, prune
from scoring.engine.plain import first_line, free_cached_memory, is_out_of_memory, refuse_broken
from scoring.engine.shared_attention import Unsupported, attention_of
from scoring.engine.shared_pack import PackTensors, Wanted, arrange
from scoring.engine.threads import fitting_threads
from scoring.engine.trie import Edge, Ids, build_trie, sequences_of
from scoring.engine.turns import Turns, turns_of
from scoring.errors import EngineFailed
from scoring.protocol import LogprobRequest, Pack, TokenLogprobs, collect

# Tokens that go through together where memory sets no lower limit: on CPU more only leaves the cache.
TOKEN_BUDGET = {"cpu": 2048, "mps": 4096, "cuda": 32768}
MIN_BUDGET = 32
# Beginnings shorter than this are not worth an edge: two more calls of the kernel in every layer.
MIN_SHARED = 4
# Of the memory that is free when the engine is made: keys and values kept for later items.
KEPT_SHARE = 0.05


class SharedEngine:
    """A `LogprobEngine` over one transformers model.

    kept_bytes: for beginnings that later calls share. alone_over: longer requests are computed alone, because the
    model treats a batch by its longest (LongRoPE). has_varlen: one kernel call for all of a pack's runs (CUDA).
    Raises from `weigh`: PromptTooLong for a request over the context limit, EngineFailed for anything that would
    otherwise become a wrong number. Out of memory halves the budget and goes on.
    """

    name = "shared"

    def __init__(
        self,
        model: Any,
        *,
        fingerprint: str,
        context_limit: int,
        head: OutputHead | None = None,
        turns: Turns | None = None,
        token_budget: int | None = None,
        kept_bytes: int = 0,
        alone_over: int | None = None,
        has_varlen: bool = False,
    ) -> None:
        self.fingerprint = fingerprint
        self.context_limit = context_limit
        self._limits = Limits.of(model, context_limit)
        self.device = model.device
        self._model = model
        self._turns = turns or turns_of(str(model.device))
        self._budget = token_budget or TOKEN_BUDGET.get(model.device.type, TOKEN_BUDGET["cpu"])
        self._head = head or OutputHead(model)
        self.lasting = LastingKeys(kept_bytes)
        self.windowed_layers: int | None = None  # of the last forward
        self._alone_over = alone_over
        self._has_varlen = has_varlen
        self._last_layer = thin_out(model)

    def weigh(self, requests: Sequence[LogprobRequest], *, known: Collection[int] = ()) -> Iterator[Pack]:
        """See `LogprobEngine`. What is known is left out edge by edge."""
        for request in requests:
            self._limits.check(request)
        done = set(known) & set(range(len(requests)))
        while len(done) < len(requests):
            try:
                for pack in _Sitting(self, requests, done, self._budget).packs():
                    done.update(pack.results)
                    yield pack
            except _OutOfMemory as error:
                if self._budget // 2 < MIN_BUDGET:
                    raise EngineFailed(
                        f"out of memory on {self._model.device.type} for {self._budget} tokens at a time; free "
                        "memory, or choose a smaller dtype or model"
                    ) from error
                self._budget //= 2  # for the calls to come too: the memory will not be there for them either
            # Outside the except block: until it ends, the traceback keeps the failed pack's tensors alive.
            if len(done) < len(requests):
                self.lasting.clear()
                free_cached_memory(self._model.device.type)

    def logprobs(self, requests: Sequence[LogprobRequest]) -> list[TokenLogprobs]:
        """See `LogprobEngine`."""
        return collect(self.weigh(requests))

    def run(self, tensors: PackTensors) -> torch.Tensor:
        """Log-probs (R,) float32 on CPU of what a pack asks for; fills what it keeps."""
        try:
            with self._turns.take(), torch.inference_mode(), fitting_threads(self._model):
                return self._forward(tensors)
        except (RuntimeError, MemoryError) as error:
            if is_out_of_memory(error):
                raise _OutOfMemory from error
            raise EngineFailed(f"the forward pass failed: {first_line(error)}") from error

    def _forward(self, tensors: PackTensors) -> torch.Tensor:
        states = [kept.last_hidden[None] for kept in tensors.kept_states if kept.last_hidden is not None]
        if tensors.ids.shape[1]:
            tensors.state.has_varlen = self._has_varlen
            tensors.state.last_layer = self._last_layer
            with attention_of(self._model, tensors.state):
                hidden = self._model.base_model(
                    input_ids=tensors.ids, position_ids=tensors.positions, use_cache=False
                ).last_hidden_state[0]  # (T, H)
            if tensors.state.n_layers == 0:
                raise Unsupported(f"{type(self._model).__name__} does not attend through transformers' interface")
            if self._last_layer >= 0 and tensors.state.n_layers != self._last_layer + 1:
                raise Unsupported(f"{type(self._model).__name__} attends {tensors.state.n_layers} times")
            self.windowed_layers = tensors.state.n_windowed
            if tensors.state.keep is not None:
                if not _is_sound(hidden, tensors.state.keep):  # nothing else may look at these; later calls would
                    raise EngineFailed(
                        f"the states of a prefix are NaN or infinite in {self._model.dtype}; choose float32"
                    )
                tensors.state.keep.settle(hidden)
            states.append(hidden)
        if not len(tensors.rows):
            return torch.empty(0)
        found = self._head.logprobs(torch.cat(states)[tensors.rows], tensors.targets).cpu()
        refuse_broken(found, self._model.dtype)
        return found


def _is_sound(hidden: torch.Tensor, kept: KeptKeys) -> bool:
    """Whether a kept edge is finite: its last state, and the last layer's keys and values, which all rows led to."""
    return all(bool(torch.isfinite(part).all()) for part in (hidden[-1], *kept.layers[-1]))


class _OutOfMemory(Exception):
    """A pack did not fit."""


class _Sitting:
    """One plan carried out: what is wanted on which edge, what is kept now, which requests are finished."""

    def __init__(
        self, engine: SharedEngine, requests: Sequence[LogprobRequest], known: Collection[int], budget: int
    ) -> None:
        self._engine = engine
        self._requests = requests
        self._ids = sequences_of(requests)
        limit = engine._alone_over
        alone = {index for index, ids in enumerate(self._ids) if limit is not None and len(ids) > limit}
        self._plan = plan_packs(_trie(self._ids, alone), budget, alone=alone)
        self._needed = set(range(len(requests))) - set(known)
        self._masks = [np.array(request.is_response) for request in requests]
        self._wanted: dict[int, Wanted] = {}
        self._kept: dict[int, KeptKeys] = {}

    def packs(self) -> Iterator[Pack]:
        planned = [(pack, edges) for pack in self._plan if (edges := prune(pack, self._needed))]
        for _, edges in planned:
            self._want(edges)
        last_use = {
            id(above): number
            for number, (_, edges) in enumerate(planned)
            for edge in edges
            for above in edge.path()[:-1]
        }
        for number, (pack, edges) in enumerate(planned):
            computed = self._run(pack, edges)
            for edge_id in [edge_id for edge_id in self._kept if last_use.get(edge_id, -1) <= number]:
                del self._kept[edge_id]
            yield Pack({index: self._result(index, edge) for edge in edges for index in self._ended(edge)}, computed)

    def _ended(self, edge: Edge) -> list[int]:
        return [index for index in edge.ends_here if index in self._needed]

    def _want(self, edges: Sequence[Edge]) -> None:
        """Note for every sequence that ends here which of its tokens are wanted, on all edges that it passes."""
        for edge in edges:
            for index in self._ended(edge):
                for each, asked in self._asked(index, edge):
                    before = self._wanted.get(id(each))
                    self._wanted[id(each)] = Wanted(asked if before is None else np.union1d(before.positions, asked))

    def _asked(self, index: int, last: Edge) -> list[tuple[Edge, Ids]]:
        """The edges on which a request that ends at `last` wants tokens weighed, with their positions, in order."""
        positions = np.flatnonzero(self._masks[index])
        found = []
        edge: Edge | None = last
        while edge is not None and edge.end > positions[0]:
            here = positions[(positions >= edge.start) & (positions < edge.end)]
            if len(here):
                found.append((edge, here))
            edge = edge.parent
        return found[::-1]

    def _run(self, pack: PlannedPack, edges: Sequence[Edge]) -> int:
        """Compute a pack, or find it among what earlier calls kept; tokens computed."""
        key = _content_of(edges[0]) if pack.is_lasting and id(edges[0]) not in self._wanted else None
        found = None if key is None else self._engine.lasting.get(key)
        if found is not None:
            self._kept[id(edges[0])] = found
            return 0
        keep = KeptKeys() if pack.is_kept else None
        tensors = arrange(edges, self._wanted, self._kept, keep=keep, device=self._engine.device)
        values = self._engine.run(tensors).numpy()
        if keep is not None:
            self._kept[id(edges[0])] = keep
            if key is not None:
                self._engine.lasting.put(key, keep)
        at = 0
        for edge in tensors.edges:
            wanted = self._wanted[id(edge)]
            wanted.values = values[at : at + len(wanted.positions)]
            at += len(wanted.positions)
        return tensors.ids.shape[1]

    def _result(self, index: int, last: Edge) -> TokenLogprobs:
        """A finished request's log-probs, from the edges that it passes."""
        parts = []
        for edge, asked in self._asked(index, last):
            wanted = self._wanted[id(edge)]
            if wanted.values is None:
                raise EngineFailed("a token was planned and never computed; this is a defect of Tare")
            parts.append(wanted.values[np.searchsorted(wanted.positions, asked)])
        return TokenLogprobs(tuple(np.concatenate(parts).tolist()))


def _trie(sequences: Sequence[Ids], alone: Collection[int]) -> Edge:
    root = build_trie(sequences, min_shared=MIN_SHARED, without=alone)
    root.children.extend(Edge(0, len(sequences[index]), sequences[index], root, ends_here=[index]) for index in alone)
    return root


def _content_of(edge: Edge) -> str:
    """What a kept edge's keys and values depend on: all tokens up to its end, and where they were cut."""
    digest = hashlib.sha256()
    for each in edge.path():
        digest.update(b"|" + each.ids.tobytes())
    return digest.hexdigest()
