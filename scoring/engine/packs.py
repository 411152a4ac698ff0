"""Which edges of a trie go through the model together: packs within a token budget, and prefixes kept for later packs.

A subtree that fits the budget goes into one pack whole. An edge whose subtree does not fit is a *kept* edge: a pack of
its own, whose keys and values stay until everything below it is done. So a kept edge is always computed alone, and
what it gives depends on its own tokens only, not on the packs that use it or on what was known already: a resumed run
gets the same bits. The plan depends on the requests and the budget alone. Imports no torch.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from scoring.engine.trie import Edge

# A beginning of at least so many tokens that several prompts share (criteria, exemplars) is kept for later items too.
KEPT_TOKENS = 256
# What is kept for later items ends at a multiple of this, so that prompts that happen to begin alike still find it.
ALIGNMENT = 64


@dataclass(eq=False, slots=True)
class PlannedPack:
    """Edges in depth-first order. is_kept: one edge, whose keys and values later packs need.

    is_lasting: a kept edge that later calls may need as well.
    """

    edges: list[Edge] = field(default_factory=list)
    is_kept: bool = False
    is_lasting: bool = False
    n_tokens: int = 0


def plan_packs(root: Edge, budget: int, *, alone: Collection[int] = ()) -> list[PlannedPack]:
    """All packs in the order they must run: a kept edge before what is below it, the longest first.

    Edges longer than the budget are cut. `alone`: sequences that share nothing and must go through whole.
    """
    _cut_lasting(root)
    _cut_long(root, budget, alone)
    tokens = _sort_longest_first(root)
    packs: list[PlannedPack] = []
    pack = PlannedPack()
    stack = list(reversed(root.children))
    while stack:
        edge = stack.pop()
        if any(index in alone for index in edge.ends_here):
            packs.append(PlannedPack([edge], n_tokens=edge.n_computed))
        elif tokens[id(edge)] <= budget and not _is_lasting(edge):
            if pack.edges and pack.n_tokens + tokens[id(edge)] > budget:
                packs.append(pack)
                pack = PlannedPack()
            pack.edges.extend(edge.below())
            pack.n_tokens += tokens[id(edge)]
        else:
            packs.append(PlannedPack([edge], True, _is_lasting(edge), edge.n_computed))
            stack.extend(reversed(edge.children))
    return [*packs, pack] if pack.edges else packs


def prune(pack: PlannedPack, needed: Collection[int]) -> list[Edge]:
    """The pack's edges that some needed sequence passes through (all of them, when nothing was known before)."""
    wanted = {id(edge) for edge in pack.edges if _is_needed(edge, needed)}
    return [edge for edge in pack.edges if id(edge) in wanted]


def _is_needed(edge: Edge, needed: Collection[int]) -> bool:
    return any(index in needed for below in edge.below() for index in below.ends_here)


def _is_lasting(edge: Edge) -> bool:
    """Begins the sequences of several prompts, in whole alignment steps, and so do all edges above it."""
    return edge.end % ALIGNMENT == 0 and edge.end >= KEPT_TOKENS and all(_forks(above) for above in edge.path())


def _forks(edge: Edge) -> bool:
    """Whether at least two of the branches below it (after a chain of single edges) fork again: they are prompts."""
    while len(edge.children) == 1 and not edge.ends_here:
        edge = edge.children[0]
    return sum(bool(child.children) for child in edge.children) >= 2


def _cut_lasting(root: Edge) -> None:
    """Cut shared beginnings at their last alignment step."""
    stack = list(root.children)
    while stack:
        edge = stack.pop()
        at = edge.end - edge.end % ALIGNMENT
        if not _forks(edge):
            continue
        if at >= KEPT_TOKENS and edge.start < at < edge.end:
            edge = edge.cut(at)
            edge = edge.children[0]
        stack.extend(edge.children)


def _cut_long(root: Edge, budget: int, alone: Collection[int]) -> None:
    stack = list(root.children)
    while stack:
        edge = stack.pop()
        stack.extend(edge.children)
        if any(index in alone for index in edge.ends_here):
            continue
        while edge.n_computed > budget:
            edge.cut(edge.start + budget)


def _sort_longest_first(root: Edge) -> dict[int, int]:
    """Order all children by how long the sequences below them get; tokens to compute in each subtree, by id(edge)."""
    tokens: dict[int, int] = {}
    reach: dict[int, int] = {}
    for edge in reversed(list(root.below())):
        tokens[id(edge)] = edge.n_computed + sum(tokens[id(child)] for child in edge.children)
        reach[id(edge)] = max((reach[id(child)] for child in edge.children), default=edge.end)
        edge.children.sort(key=lambda child: (-reach[id(child)], min(first_sequences(child))))
    return tokens


def first_sequences(edge: Edge) -> Sequence[int]:
    """The sequences that end at the first edge below (or at) this one that has any."""
    return next(below.ends_here for below in edge.below() if below.ends_here)
