r"""The prefix trie of a set of token sequences: what several of them begin with is one edge, to be computed once.

    a b c d e            a b c --- d e          three sequences, 12 tokens
    a b c x                 |  \-- x            one edge `a b c` and three more: 8 distinct tokens
    a b c y z               \----- y z

Knows token ids only; what goes through a model together is packs.py's part. Imports no torch.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from scoring.protocol import LogprobRequest

Ids = NDArray[np.int64]


@dataclass(eq=False, slots=True)
class Edge:
    """Tokens `start` to `end` (positions in the sequence) that every sequence below this edge has in common.

    ids: those tokens. ends_here: indices of the sequences that end with this edge; identical ones stand together.
    """

    start: int
    end: int
    ids: Ids
    parent: Edge | None
    children: list[Edge] = field(default_factory=list)
    ends_here: list[int] = field(default_factory=list)

    @property
    def n_computed(self) -> int:
        """Tokens that must go through a model: the last one of a leaf predicts nothing and need not."""
        return self.end - self.start - (not self.children)

    def path(self) -> list[Edge]:
        """From the first edge of the sequence to this one."""
        found = [self]
        while (above := found[-1].parent) is not None and above.parent is not None:
            found.append(above)
        return found[::-1]

    def below(self) -> Iterator[Edge]:
        """This edge and everything under it, depth first, in the order of the children."""
        stack = [self]
        while stack:
            edge = stack.pop()
            yield edge
            stack.extend(reversed(edge.children))

    def cut(self, at: int) -> Edge:
        """Split at a position inside; this edge becomes the lower part, the upper one is returned."""
        upper = Edge(self.start, at, self.ids[: at - self.start], self.parent, [self])
        if self.parent is not None:
            siblings = self.parent.children
            # From the end: a trie is built there, and a parent may have thousands of children.
            place = next(index for index in range(len(siblings) - 1, -1, -1) if siblings[index] is self)
            siblings[place] = upper
        self.ids = self.ids[at - self.start :]
        self.start, self.parent = at, upper
        return upper


def build_trie(sequences: Sequence[Ids], *, min_shared: int = 1, without: Collection[int] = ()) -> Edge:
    """The trie as a root edge without tokens; its children are where the sequences begin. `without`: left out.

    Beginnings of fewer than `min_shared` tokens beyond a fork are not shared: an edge costs more than it saves.
    """
    root = Edge(0, 0, np.empty(0, np.int64), None)
    line = [root]  # from the root to where the last sequence ended
    before: Ids | None = None
    # Big-endian bytes sort as the numbers do; neighbours in this order share the most.
    order = sorted(set(range(len(sequences))) - set(without), key=lambda i: sequences[i].astype(">u4").tobytes())
    for index in order:
        ids = sequences[index]
        shared = 0 if before is None else common_prefix(before, ids)
        while len(line) > 1 and line[-1].start >= shared:
            line.pop()
        if shared < line[-1].end:
            if shared - line[-1].start < min_shared:
                line.pop()
            else:
                line[-1] = line[-1].cut(shared)
        above = line[-1]
        if above.end == len(ids):
            above.ends_here.append(index)
        else:
            edge = Edge(above.end, len(ids), ids[above.end :], above, ends_here=[index])
            above.children.append(edge)
            line.append(edge)
        before = ids
    return root


def common_prefix(one: Ids, other: Ids) -> int:
    """How many tokens both begin with."""
    n = min(len(one), len(other))
    differs = one[:n] != other[:n]
    return int(differs.argmax()) if differs.any() else n


def distinct_tokens(requests: Sequence[LogprobRequest]) -> int:
    """Tokens in the trie of the requests: what weighing them costs at least, were no token computed twice."""
    return sum(edge.end - edge.start for edge in build_trie(sequences_of(requests)).below())


def sequences_of(requests: Sequence[LogprobRequest]) -> list[Ids]:
    """The ids of the requests as arrays."""
    return [np.array(request.ids, dtype=np.int64) for request in requests]
