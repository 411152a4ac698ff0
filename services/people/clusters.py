"""Counts that come in clusters: several people on one item agree or not for the same reason, so they are worth less.

    design effect   how much wider the share's variance is between clusters than for independent looks, at least 1
    worth           agreed and n divided by it; every interval for a share takes the two as they are

Source: Rao and Scott 1992, "A simple method for the analysis of clustered binary data". Leaves out which looks count.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass

from services.statistics.intervals import Share, share, wilson


@dataclass(frozen=True, slots=True)
class Counts:
    """Looks with a choice, and how many of them agreed; fractional once divided by a design effect."""

    n_agreed: float
    n: float


def effective_counts(looks: Iterable[tuple[Hashable, bool]]) -> Counts:
    """What looks given as (cluster, whether it agreed) are worth; with one look a cluster they count in full.

    >>> effective_counts([("a", True), ("a", True), ("b", False), ("b", False)])
    Counts(n_agreed=1.0, n=2.0)
    """
    clusters = _clusters(looks)
    agreed, n = (sum(cluster[end] for cluster in clusters) for end in (0, 1))
    effect = design_effect(clusters)
    return Counts(agreed / effect, n / effect)


def clustered_share(looks: Iterable[tuple[Hashable, bool]]) -> Share:
    """The share that agreed, Wilson's interval at what the looks are worth; `n` is how many there were."""
    listed = list(looks)
    counts = effective_counts(listed)
    if not listed:
        return share(0, 0)
    return Share(len(listed), counts.n_agreed / counts.n, *wilson(counts.n_agreed, counts.n))


def design_effect(clusters: list[tuple[int, int]]) -> float:
    """Of clusters (agreed, n): between 1 and what it would be if each cluster were of one mind.

    Where nobody or everybody agreed nothing can be estimated, and the largest is taken.
    """
    agreed, n = (sum(cluster[end] for cluster in clusters) for end in (0, 1))
    if len(clusters) == n:
        return 1.0
    largest = sum(size * size for _, size in clusters) / n
    if agreed in (0, n) or len(clusters) == 1:
        return largest
    mean = agreed / n
    between = sum((one - mean * size) ** 2 for one, size in clusters) * len(clusters) / (len(clusters) - 1)
    return min(largest, max(1.0, between / (n * mean * (1 - mean))))


def _clusters(looks: Iterable[tuple[Hashable, bool]]) -> list[tuple[int, int]]:
    found: dict[Hashable, tuple[int, int]] = {}
    for cluster, has_agreed in looks:
        agreed, n = found.get(cluster, (0, 0))
        found[cluster] = agreed + has_agreed, n + 1
    return list(found.values())
