"""From margin to the probability that people agree: Platt and isotonic, chosen by cross-validated Brier. (In work.)"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.statistics.intervals import Share

FEWEST = 30  # decisions; fewer give no calibration


@dataclass(frozen=True, slots=True)
class Figure:
    """A number over n decisions with a 95 % interval."""

    n: int
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Bin:
    """One bar of the reliability diagram: mean confidence said, and the share that agreed with Wilson's interval."""

    confidence: float
    agreed: Share
    lowest_margin: float
    highest_margin: float


@dataclass(frozen=True, slots=True)
class Curve:
    """One fitted curve from margin to probability (everything, or one domain)."""

    n: int
    n_agreed: int
    method: str  # platt | platt-log | isotonic
    brier: Figure  # cross-validated
    brier_by_method: dict[str, float]
    brier_of_share: float  # what saying the plain share every time would score
    ece: Figure
    balance: Figure  # mean confidence minus share agreed: above 0 is over-confident
    bins: tuple[Bin, ...]

    def probability(self, margin: float) -> float:
        """The probability that people agree with a suggestion of this margin."""
        raise NotImplementedError

    def interval(self, margin: float) -> tuple[float, float]:
        """95 % interval of that probability, from the decisions with the nearest margins."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Calibration:
    """The curve of everything, and one for each domain with enough decisions."""

    overall: Curve
    by_domain: dict[str, Curve]

    @property
    def n(self) -> int:
        """Decisions that it rests on."""
        return self.overall.n

    def curve(self, domain: str | None = None) -> Curve:
        """The domain's own curve where there is one, else the curve of everything."""
        return self.by_domain.get(domain, self.overall) if domain else self.overall

    def probability(self, margin: float, domain: str | None = None) -> float:
        """The probability that people agree."""
        return self.curve(domain).probability(margin)

    def interval(self, margin: float, domain: str | None = None) -> tuple[float, float]:
        """Its 95 % interval."""
        return self.curve(domain).interval(margin)

    def probabilities(self, margins: Sequence[float], domains: Sequence[str | None] | None = None) -> list[float]:
        """`probability` for many items at once."""
        raise NotImplementedError


def fit(
    margins: Sequence[float], agrees: Sequence[int], *, domains: Sequence[str | None] | None = None, seed: int = 0
) -> Calibration | None:
    """Fit on decided items; None with fewer than 30 decisions or only one outcome among them."""
    raise NotImplementedError
