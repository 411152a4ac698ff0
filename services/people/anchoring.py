"""Anchoring: how much more often people agree with a suggestion that they see than with one that is hidden from them.

    anchoring = agreed when shown - agreed when blind      0.15: a shown suggestion wins 15 of 100 looks that it
                                                           would not have won by itself

Both shares are of looks with a choice (a tie is not agreement; skips and flags are left out). Which looks are blind is
drawn at random within a plan, so the two shares are compared plan by plan and weighted (Mantel and Haenszel).

Intervals: Newcombe's for a difference of two shares (1998, method 10), stratified as Yan and Su 2010 do; with one plan
the two are the same. Several people on one item are not independent: counts are first divided by their design effect
(Rao and Scott 1992, clusters.py). Leaves out reading the looks (answers.py).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from services.people.answers import Answer, Answers, Person
from services.people.clusters import Counts, effective_counts
from services.statistics.intervals import Z_95, Share, share, wilson


@dataclass(frozen=True, slots=True)
class Anchoring:
    """Agreement when the suggestion is shown, when it is hidden, and the difference with its 95 % interval.

    value: shown minus blind, weighted over plans where there are several; None when one of the two was never looked at.
    """

    shown: Share
    blind: Share
    value: float | None
    low: float | None
    high: float | None

    @property
    def is_seen(self) -> bool:
        """Whether the interval excludes 0."""
        return self.low is not None and self.high is not None and not self.low <= 0 <= self.high


@dataclass(frozen=True, slots=True)
class AnchoringReport:
    """Anchoring of everyone together and of each person who took looks of both kinds or of one."""

    overall: Anchoring
    by_person: tuple[tuple[Person, Anchoring], ...]
    n_without_choice: tuple[int, int]  # skips and flags among the (shown, blind) looks: left out


def anchoring_of(answers: Answers) -> AnchoringReport:
    """From each person's first answer on an item, made on a look of a plan, where the item had a suggestion."""
    looks = [one for one in answers.first if one.plan_id is not None and one.suggested]
    counted = [one for one in looks if one.agrees is not None]
    by_person = [(person, [one for one in counted if one.annotator_id == number]) for number, person in _named(answers)]
    left_out = [one.is_blind for one in looks if one.agrees is None]
    return AnchoringReport(
        overall=of_strata(_by_plan(counted)),
        by_person=tuple((person, of_strata(_by_plan(own))) for person, own in by_person if own),
        n_without_choice=(left_out.count(False), left_out.count(True)),
    )


def _named(answers: Answers) -> list[tuple[int, Person]]:
    return sorted(answers.people.items(), key=lambda pair: (pair[1].name.casefold(), pair[0]))


def _by_plan(looks: Sequence[Answer]) -> list[tuple[Counts, Counts]]:
    """(shown, blind) of each plan, several people on one item counted for what they are worth."""
    found: dict[int | None, tuple[list[Answer], list[Answer]]] = {}
    for one in looks:
        found.setdefault(one.plan_id, ([], []))[one.is_blind].append(one)
    return [(_worth(shown), _worth(blind)) for shown, blind in found.values()]


def _worth(looks: Sequence[Answer]) -> Counts:
    return effective_counts((one.item_id, bool(one.agrees)) for one in looks)


def of_counts(shown: tuple[float, float], blind: tuple[float, float]) -> Anchoring:
    """Anchoring from (agreed, n) of shown and of blind looks.

    Worked: 56 of 70 shown and 48 of 80 blind: 0.20, interval 0.0524 to 0.3339 (Newcombe 1998, table II, case (a)).

    Raises ValueError when n is negative or agreed lie outside 0..n.
    """
    return of_strata([(Counts(*shown), Counts(*blind))])


def of_strata(strata: Sequence[tuple[Counts, Counts]]) -> Anchoring:
    """Anchoring over plans: (shown, blind) counts of each; a plan without both kinds weighs nothing.

    Raises ValueError as `of_counts` does.
    """
    for counts in (side for plan in strata for side in plan):
        if counts.n < 0 or not 0 <= counts.n_agreed <= counts.n:
            raise ValueError(f"{counts.n_agreed} agreed of {counts.n}: agreed must lie between 0 and n")
    both = [(shown, blind) for shown, blind in strata if shown.n > 0 and blind.n > 0]
    shares = _total([shown for shown, _ in strata]), _total([blind for _, blind in strata])
    if not both:
        return Anchoring(*shares, None, None, None)
    raw = [shown.n * blind.n / (shown.n + blind.n) for shown, blind in both]
    weights = [weight / sum(raw) for weight in raw]
    first, second = [shown for shown, _ in both], [blind for _, blind in both]
    p, q = _mean(first, weights), _mean(second, weights)
    (low_p, high_p), (low_q, high_q) = _limits(first, weights), _limits(second, weights)
    a, b = _spread(first, weights), _spread(second, weights)
    down = Z_95 * math.sqrt(a * low_p * (1 - low_p) + b * high_q * (1 - high_q))
    up = Z_95 * math.sqrt(a * high_p * (1 - high_p) + b * low_q * (1 - low_q))
    return Anchoring(*shares, p - q, max(-1.0, p - q - down), min(1.0, p - q + up))


def _total(counts: Sequence[Counts]) -> Share:
    """The plain share over everything; its n is what it rests on, whole looks unless a design effect shrank them."""
    n = sum(one.n for one in counts)
    agreed = min(n, sum(one.n_agreed for one in counts))
    if n <= 0:
        return share(0, 0)
    return Share(round(n), agreed / n, *wilson(agreed, n))


def _mean(counts: Sequence[Counts], weights: Sequence[float]) -> float:
    return sum(weight * one.n_agreed / one.n for one, weight in zip(counts, weights, strict=True))


def _spread(counts: Sequence[Counts], weights: Sequence[float]) -> float:
    """What p (1 - p) is multiplied with to give the variance of the weighted share."""
    return sum(weight**2 / one.n for one, weight in zip(counts, weights, strict=True))


def _limits(counts: Sequence[Counts], weights: Sequence[float]) -> tuple[float, float]:
    """Stratified Wilson limits: each plan's at a z that makes their weighted sum a 95 % interval (Yan and Su 2010)."""
    errors = [math.sqrt(max(one.n_agreed * (one.n - one.n_agreed), 0.25) / one.n**3) for one in counts]
    parts = [weight * error for weight, error in zip(weights, errors, strict=True)]
    z = Z_95 * math.sqrt(sum(part**2 for part in parts)) / sum(parts)
    limits = [wilson(one.n_agreed, one.n, z) for one in counts]
    low, high = (sum(w * limit[end] for w, limit in zip(weights, limits, strict=True)) for end in (0, 1))
    return low, high
