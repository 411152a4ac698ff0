"""The ledger of a trial: which best candidates change, towards the truth or away from it. Pure functions, no database.

truth     what people chose (their label: services/labels.py), else the gold best of the file;
          a person who called it a tie leaves no truth, whatever the file says
credit    share of the candidates tied at the top that are right (credits.py): 1, 0, or a part where the best tie
flip      the set of best candidates changes: A to B, or A to A=B

fix          the credit rises        A to B where B is right (0 to 1); A to A=B where B is right (0 to 1/2)
regression   the credit falls        B to A where B is right (1 to 0); B to A=B (1 to 1/2)
other        the credit stays        A to C where B is right
unjudged     there is no truth
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.exports.items import ExportItem
from services.labels import SPLIT
from services.noise import within
from services.statistics.bootstrap import Difference, paired_difference
from services.statistics.credits import credit, gold_best
from services.statistics.intervals import Share, share
from services.trials.rows import Flip, FlipKind, Truth
from services.weighing.chunk import letter

Ranking = Sequence[Sequence[int]]
KINDS: tuple[FlipKind, ...] = ("fix", "regression", "other", "unjudged")


@dataclass(frozen=True, slots=True)
class Known:
    """What is right of an item: candidate ids, and who says so."""

    truth: Truth | None
    right: frozenset[int]


@dataclass(frozen=True, slots=True)
class Ranked:
    """An item's ranking by candidate ids, best first, ties together; margin in the unit that ranks."""

    ranking: Ranking
    margin: float

    @property
    def top(self) -> frozenset[int]:
        """The best, more than one when they tie."""
        return frozenset(self.ranking[0]) if self.ranking else frozenset()


@dataclass(frozen=True, slots=True)
class Compared:
    """An item under the run and under the draft."""

    item_id: int
    position: int
    prompt: str
    domain: str | None
    candidate_ids: tuple[int, ...]  # in file order: the first is A
    known: Known
    before: Ranked
    after: Ranked
    noise_margin: float | None

    def credits(self) -> tuple[float, float]:
        """What the run and what the draft earn on it."""
        return self._credit(self.before), self._credit(self.after)

    def kind(self) -> FlipKind | None:
        """Which kind of flip it is; None when the best stays."""
        if self.before.top == self.after.top:
            return None
        if self.known.truth is None:
            return "unjudged"
        before, after = self.credits()
        if before == after:
            return "other"
        return "fix" if after > before else "regression"

    def _credit(self, ranked: Ranked) -> float:
        place_by_id = {candidate_id: place for place, group in enumerate(ranked.ranking) for candidate_id in group}
        values = [-place_by_id[one] if one in place_by_id else None for one in self.candidate_ids]
        right = frozenset(place for place, one in enumerate(self.candidate_ids) if one in self.known.right)
        return credit(values, right)


@dataclass(frozen=True, slots=True)
class Ledger:
    """All flips, and the shares that rest on the items with a truth."""

    flips: tuple[Flip, ...]
    fixes: Share
    regressions: Share
    before: Share
    after: Share
    change: Difference

    def n(self, kind: FlipKind) -> int:
        """How many flips are of this kind."""
        return sum(flip.kind == kind for flip in self.flips)


def truth_of(found: ExportItem) -> Known:
    """What is right of an item, as far as anybody said. Candidates with the text that was chosen are right too."""
    deciding = found.deciding()
    if deciding is not None and deciding[0].verdict in ("accept", "override"):
        chosen = [c.text for c in found.candidates if c.candidate_id == deciding[0].chosen_candidate_id]
        right = frozenset(c.candidate_id for c in found.candidates if c.text in chosen)
        return Known("decision" if right else None, right)
    if (deciding is not None and deciding[0].verdict == "tie") or found.label.state == SPLIT:
        return Known(None, frozenset())
    best = gold_best([c.gold_rank for c in found.candidates], [c.gold_score for c in found.candidates])
    right = frozenset(found.candidates[place].candidate_id for place in best)
    return Known("gold" if right else None, right)


def ledger(items: Sequence[Compared]) -> Ledger:
    """The flips of these items and what they amount to."""
    flips = [flip for item in items if (flip := _flip(item)) is not None]
    judged = [item.credits() for item in items if item.known.truth is not None]
    before, after = [one for one, _ in judged], [other for _, other in judged]
    n = len(judged)
    return Ledger(
        flips=tuple(sorted(flips, key=_order)),
        fixes=share(sum(flip.kind == "fix" for flip in flips), n),
        regressions=share(sum(flip.kind == "regression" for flip in flips), n),
        before=share(min(sum(before), n), n),  # a sum of thirds may miss its limit by a rounding error
        after=share(min(sum(after), n), n),
        change=paired_difference(after, before),
    )


def letters(candidate_ids: Sequence[int], chosen: frozenset[int]) -> str:
    """The letters of some candidates, in file order: "B", or "A=C"."""
    return "=".join(letter(place) for place, one in enumerate(candidate_ids) if one in chosen)


def _order(flip: Flip) -> tuple[int, float, int]:
    return KINDS.index(flip.kind), -(flip.margin_before + flip.margin_after), flip.position


def _flip(item: Compared) -> Flip | None:
    kind = item.kind()
    if kind is None:
        return None
    margins = (item.before.margin, item.after.margin)
    return Flip(
        item_id=item.item_id,
        position=item.position,
        kind=kind,
        truth=item.known.truth,
        before=letters(item.candidate_ids, item.before.top),
        after=letters(item.candidate_ids, item.after.top),
        margin_before=margins[0],
        margin_after=margins[1],
        prompt=item.prompt,
        right=letters(item.candidate_ids, item.known.right),
        domain=item.domain,
        is_within_noise=any(within(margin, item.noise_margin) for margin in margins),
    )
