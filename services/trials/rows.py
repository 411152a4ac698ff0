"""What a trial is to a screen or the command line: its flips, fixes and regressions apart, and shares with intervals.

Leaves out the counting (ledger.py) and the weighing (trial.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from services.statistics.bootstrap import Difference
from services.statistics.intervals import Share

FlipKind = Literal["fix", "regression", "other", "unjudged"]
Truth = Literal["decision", "gold"]
Only = Literal["decided", "gold", "any"]
ONLY = ("decided", "gold", "any")


@dataclass(frozen=True, slots=True)
class Flip:
    """An item whose best candidate is another one under the draft than under the run.

    kind: "fix" when the credit against the truth rises, "regression" when it falls, "other" when it stays (one wrong
        candidate for another), "unjudged" when there is no truth.
    before, after: letters of the best; several with "=" between them when they tie, as "A=C".
    margin_before, margin_after: in the unit that ranks, nats or nats per token.
    """

    item_id: int
    position: int
    kind: FlipKind
    truth: Truth | None
    before: str
    after: str
    margin_before: float
    margin_after: float
    prompt: str  # what the last user message says, whole
    right: str  # the letters that are right, "" when there is no truth
    domain: str | None  # under which the run weighed it
    is_within_noise: bool  # one of the two margins is below the run's numeric noise


@dataclass(frozen=True, slots=True)
class TrialProblem:
    """An item that cannot be compared: the draft (or the run) could not weigh it, and why."""

    item_id: int
    position: int
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class TrialReport:
    """A trial as it stands: what would change if the draft were adopted.

    fixes, regressions: shares of the compared items that have a truth, 95 % Wilson.
    before, after: share right on the same items, credit shared where the best tie. change: after minus before, paired.
    """

    trial_id: int
    run_id: int
    criteria_sha256: str
    n_items: int
    n_weighed: int  # items that are done, those with a problem included
    n_problems: int
    flips: tuple[Flip, ...]  # fixes and regressions first, then by how far the margins moved
    fixes: Share
    regressions: Share
    unjudged: int  # flips without a truth
    before: Share
    after: Share
    change: Difference
    n_computed_strong: int  # texts that went through the model for this trial; the rest came from the cache
    n_computed_weak: int
    is_finished: bool
    problems: tuple[TrialProblem, ...] = ()
    others: int = 0  # flips between two wrong candidates
    n_within_noise: int = 0  # flips marked so
    notice: str = ""  # one line a person should know before believing the numbers, "" for none
    rank_by: str = "sum"
    conditioning: dict[str, Any] = field(default_factory=dict)
    item_ids: tuple[int, ...] = ()  # what it was asked to weigh
    n_of_exemplars: int = 0  # judged items that exemplars were made from, or that share a prompt with one

    @property
    def n_fixes(self) -> int:
        """Flips towards the truth."""
        return sum(flip.kind == "fix" for flip in self.flips)

    @property
    def n_regressions(self) -> int:
        """Flips away from the truth."""
        return sum(flip.kind == "regression" for flip in self.flips)
