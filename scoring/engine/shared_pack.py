"""One pack as tensors: its rows, what each row may see, and which rows predict which tokens.

Pure arrangement, no forward: shared.py runs what is made here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from scoring.engine.attention_kernels import Stretch
from scoring.engine.joint_attention import Source
from scoring.engine.kept_keys import KeptKeys
from scoring.engine.last_layer import WORTHWHILE
from scoring.engine.pack_state import Look, PackState, Run
from scoring.engine.trie import Edge


@dataclass(eq=False, slots=True)
class Wanted:
    """Where log-probs are asked for on an edge: positions, and room for the values once known."""

    positions: NDArray[np.int64]  # (W,) ascending
    values: NDArray[np.float32] | None = None


@dataclass(frozen=True, slots=True)
class PackTensors:
    """A pack ready to run. rows index the concatenation of kept last states (in `kept_states`) and the pack's rows."""

    ids: Tensor  # (1, T)
    positions: Tensor  # (1, T)
    state: PackState
    kept_states: tuple[KeptKeys, ...]
    rows: Tensor  # (R,)
    targets: Tensor  # (R,)
    edges: tuple[Edge, ...]  # those with wanted log-probs, in the order of `rows`


def arrange(
    edges: Sequence[Edge],
    wanted: Mapping[int, Wanted],
    kept: Mapping[int, KeptKeys],
    *,
    keep: KeptKeys | None,
    device: torch.device,
) -> PackTensors:
    """Lay the edges out in one row. `wanted` and `kept` go by id(edge); edges come in depth-first order."""
    offsets: dict[int, int] = {}
    at = 0
    for edge in edges:
        offsets[id(edge)] = at
        at += edge.n_computed
    ids = np.concatenate([edge.ids[: edge.n_computed] for edge in edges])
    places = np.concatenate([np.arange(edge.start, edge.start + edge.n_computed) for edge in edges])
    positions = torch.from_numpy(places).to(device)
    lines = [(offsets[id(line[0])], offsets[id(line[-1])] + line[-1].n_computed, line) for line in _lines(edges)]
    run_end = {id(edge): end for _, end, line in lines for edge in line}
    looks = _looks(edges, offsets, kept, run_end)
    kept_states, rows, targets, asked = _predictions(edges, offsets, wanted, kept)
    state = PackState(
        runs=tuple(
            Run(
                first,
                end,
                _stretch(positions, places, first, end, None),
                above=tuple(_source(above, offsets, kept) for above in line[0].path()[:-1]),
                n_above=line[0].start,
            )
            for first, end, line in lines
            if first < end
        ),
        looks=tuple(
            Look(first, last, sources, _stretch(positions, places, first, last, key_start))
            for first, last, sources, key_start in looks
        ),
        keep=keep,
        needed=_needed(rows - len(kept_states), at, is_kept=keep is not None, device=device),
        n_rows=at,
    )
    return PackTensors(
        ids=torch.from_numpy(ids)[None].to(device),
        positions=positions[None],
        state=state,
        kept_states=kept_states,
        rows=torch.from_numpy(rows).to(device),
        targets=torch.from_numpy(targets).to(device),
        edges=asked,
    )


def _needed(rows: NDArray[np.int64], n_rows: int, *, is_kept: bool, device: torch.device) -> Tensor | None:
    """The pack's rows whose last state is asked for: they predict something, or end a kept edge. None: nearly all."""
    found = np.union1d(rows[rows >= 0], [n_rows - 1] if is_kept else [])
    if not len(found) or len(found) > WORTHWHILE * n_rows:
        return None
    return torch.from_numpy(found.astype(np.int64)).to(device)


def _stretch(positions: Tensor, places: NDArray[np.int64], first: int, last: int, key_start: int | None) -> Stretch:
    lowest, highest = int(places[first:last].min()), int(places[first:last].max())
    return Stretch(
        positions[first:last], lowest, highest, lowest if key_start is None else key_start, key_start is None
    )


def _lines(edges: Sequence[Edge]) -> list[list[Edge]]:
    """Edges in lines, each the first of its parent to come: the tokens of a line follow one another."""
    lines: list[list[Edge]] = []
    for edge in edges:
        if lines and edge.parent is lines[-1][-1]:
            lines[-1].append(edge)
        else:
            lines.append([edge])
    return lines


def _looks(
    edges: Sequence[Edge], offsets: Mapping[int, int], kept: Mapping[int, KeptKeys], run_end: Mapping[int, int]
) -> list[tuple[int, int, tuple[Source, ...], int]]:
    """(first row, last row, sources, position of the first key): who sees what beyond its own run.

    Depth first, so the rows under an edge are one stretch; those of its own run see it already. Ancestors that the
    same rows see follow one another and are taken together. run_end: by id(edge), where the run of its line ends.
    """
    rows: dict[int, tuple[int, int]] = {}  # that see an ancestor, by its id
    ancestors: dict[int, Edge] = {}
    for edge in edges:
        end = offsets[id(edge)] + edge.n_computed
        for above in edge.path()[:-1]:
            first = max(offsets[id(edge)], run_end.get(id(above), 0))
            if first < end:
                rows[id(above)] = (rows.get(id(above), (first, end))[0], end)
                ancestors[id(above)] = above
    together: dict[tuple[int, int], list[Edge]] = {}
    for above in sorted(ancestors.values(), key=lambda edge: edge.start):
        together.setdefault(rows[id(above)], []).append(above)
    return [
        (first, end, tuple(_source(above, offsets, kept) for above in line), line[0].start)
        for (first, end), line in together.items()
    ]


def _source(above: Edge, offsets: Mapping[int, int], kept: Mapping[int, KeptKeys]) -> Source:
    if id(above) in offsets:
        return offsets[id(above)], offsets[id(above)] + above.n_computed
    return kept[id(above)]


def _predictions(
    edges: Sequence[Edge], offsets: Mapping[int, int], wanted: Mapping[int, Wanted], kept: Mapping[int, KeptKeys]
) -> tuple[tuple[KeptKeys, ...], NDArray[np.int64], NDArray[np.int64], tuple[Edge, ...]]:
    """Which state predicts which token. The first token of an edge is predicted by the end of the edge above."""
    asked = tuple(edge for edge in edges if id(edge) in wanted and len(wanted[id(edge)].positions))
    above = [edge.parent for edge in asked if edge.parent is not None and id(edge.parent) in kept]
    states = tuple({id(edge): kept[id(edge)] for edge in above}.values())
    place = {id(state): index for index, state in enumerate(states)}
    rows, targets = [], []
    for edge in asked:
        positions = wanted[id(edge)].positions
        row = len(states) + offsets[id(edge)] + positions - 1 - edge.start
        if positions[0] == edge.start and edge.parent is not None:
            parent = edge.parent
            if id(parent) in offsets:
                row[0] = len(states) + offsets[id(parent)] + parent.n_computed - 1
            else:
                row[0] = place[id(kept[id(parent)])]
        rows.append(row)
        targets.append(edge.ids[positions - edge.start])
    empty = np.empty(0, np.int64)
    return states, np.concatenate(rows) if rows else empty, np.concatenate(targets) if targets else empty, asked
