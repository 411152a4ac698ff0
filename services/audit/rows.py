"""What the audit hands out: frozen rows of outcomes, accuracy, confidence and thresholds.

An *outcome* is whether people's label of an item is the run's suggested best (a tie or another choice is a
disagreement); None where they resolved nothing (skipped, flagged, split). Bounds take None at its worst on both ends.
Leaves out how they are found (outcomes.py, accuracy.py, calibrate.py, auto_accept.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from services.looks.rows import PlanRow
from services.statistics.exact import Bound
from services.statistics.threshold import Search


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one item of a sample."""

    item_id: int
    place: int  # in the plan
    stratum: str  # "" where the plan has none
    domain: str | None
    margin: float
    agrees: bool | None
    how: str  # drawn: decided on this plan's look | otherwise: chosen, under another plan, or under none
    is_blind: bool  # the plan shows this item blind
    blind_agrees: bool | None  # by the first decisions of blind looks alone; None too where there is none


@dataclass(frozen=True, slots=True)
class Census:
    """Items that people had settled before the sample was drawn: known, not estimated."""

    n: int
    n_agree: int
    n_unresolved: int  # settled then, not settled any more


@dataclass(frozen=True, slots=True)
class Population:
    """What the sample was drawn from: four parallel columns, in file order."""

    item_ids: tuple[int, ...]
    margins: tuple[float, ...]
    domains: tuple[str | None, ...]
    strata: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SampleOutcomes:
    """A sample and what became of it. `counted` are the places up to the first that nobody has resolved."""

    plan: PlanRow
    up_to: int  # the last decision that is counted
    n_places: int  # places drawn
    counted: tuple[Outcome, ...]  # by place
    n_beyond: int  # decided items after the first gap: they count once the gap is closed
    population: Population
    census: Census
    census_by_domain: Mapping[str | None, Census]
    decided: frozenset[int]  # items of the population on which a person's decision stands, drawn or not
    without_best: frozenset[int]  # items of the population for which the run ranks several candidates first

    @property
    def n_suggestions(self) -> int:
        """All suggestions of the run: population and census."""
        return len(self.population.item_ids) + self.census.n


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """An item that people settled: whether they agree with the run, and how large the margin was."""

    item_id: int
    margin: float
    domain: str | None
    agrees: bool


@dataclass(frozen=True, slots=True)
class Accuracy:
    """The share of a run's suggestions that people agree with, over the whole dataset."""

    plan_id: int
    run_id: int
    level: float
    bound: Bound  # the one to quote: `exact`, or `prediction_powered` where that may be used and is tighter
    exact: Bound
    prediction_powered: Bound | None
    blind: Bound  # from blind looks alone: nobody was led by the suggestion
    by_domain: tuple[tuple[str, Bound], ...]
    by_stratum: tuple[tuple[str, Bound], ...]
    n_suggestions: int
    n_census: int
    n_counted: int
    n_agree: int  # of those counted
    n_unresolved: int
    n_otherwise: int  # counted, but decided in another way than on this plan's own look
    n_beyond: int
    up_to: int


@dataclass(frozen=True, slots=True)
class Confidence:
    """How often people agreed at about this margin: a share with its 95 % interval and what it rests on."""

    probability: float
    low: float
    high: float
    n: int  # decisions


@dataclass(frozen=True, slots=True)
class ThresholdRow:
    """The margin above which labels of one domain (or of all) may be accepted unlooked, and how it was found."""

    domain: str | None  # None: all domains together; "": items without one
    search: Search
    n_accepted: int  # what applying accepts: at or above the threshold, and no decision stands on them

    @property
    def threshold(self) -> float | None:
        """The margin; None where no threshold will do (`search.reason` says why)."""
        return None if self.search.chosen is None else self.search.chosen.threshold


@dataclass(frozen=True, slots=True)
class Proposal:
    """What accepting unlooked would do, before it is done."""

    plan_id: int
    run_id: int
    dataset_id: int
    target: float  # share of wrong labels allowed
    level: float
    is_per_domain: bool
    thresholds: tuple[ThresholdRow, ...]
    n_accepted: int
    n_before: int  # items of the population whose labels stand accepted unlooked already
    up_to: int
    n_places: int


@dataclass(frozen=True, slots=True)
class AutoAcceptRow:
    """One threshold applied: what it rests on, and whether it still stands."""

    auto_accept_id: int
    dataset_id: int
    run_id: int
    plan_id: int | None
    target: float
    level: float
    is_per_domain: bool
    thresholds: tuple[ThresholdRow, ...]
    n_items: int  # labels written
    n_standing: int  # of those, not revoked and not overtaken by a person
    made_by: str
    created_at: datetime
    revoked_by: str | None
    revoked_at: datetime | None
    up_to: int
    n_places: int
