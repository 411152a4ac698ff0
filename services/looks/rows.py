"""The words of plans and looks, and the frozen rows that leave this package. No queries.

    plan      how items are drawn for people under one run: order, seed, blind and repeat share, overlap
    look      one item handed to one person under a plan, from the lease to what became of it
    sample    a plan in `random` or `stratified` order: its looks prove something about all items of its population

Leaves out drawing (draw.py), plans (plans.py) and handing out (serve.py, leases.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from db.tables_audit import Look

SAMPLES = ("random", "stratified")
ORDERS = (*SAMPLES, "uncertainty", "margin", "change", "flip", "disagree", "file")
NAME_BY_ORDER = {
    "random": "Random sample",
    "stratified": "Stratified sample",
    "uncertainty": "Least sure first",
    "margin": "Smallest margin first",
    "change": "Changed suggestions",
    "flip": "Length flips",
    "disagree": "Disagreements",
    "file": "File order",
}
MODES = ("best", "rank", "strength")
STRATA = ("domain", "subset", "margin")
ALLOCATIONS = ("proportional", "equal")
CHOSEN, REPEAT = "chosen", "repeat"  # how a look was drawn where the plan's order did not draw it
DECIDED, SKIPPED, FLAGGED = "decided", "skipped", "flagged"  # how a look ends with a decision
RETURNED, EXPIRED = "returned", "expired"  # and without one
LOOKED = (DECIDED, SKIPPED, FLAGGED)
NO_STRATUM = ""  # in `population` of a plan without strata
NAME_LIMIT, SEED_LIMIT, OVERLAP_LIMIT = 100, 64, 50
LEASE_LIMIT_MINUTES = 24 * 60
STRATA_LIMIT = 500  # groups; their sizes travel with the plan


@dataclass(frozen=True, slots=True)
class PlanRow:
    """A plan as it stands."""

    plan_id: int
    dataset_id: int
    run_id: int
    name: str
    order: str  # one of ORDERS
    seed: str
    decision_cut: int  # the last decision that was known when it was made
    made_by: str
    created_at: datetime
    closed_at: datetime | None
    blind_share: float  # 0 to 1, of items
    repeat_share: float  # 0 to 1, of items, for each person
    overlap: int  # people per item; 0: as many as come
    lease_minutes: int
    mode: str  # one of MODES
    strata: str | None  # one of STRATA
    allocation: str  # one of ALLOCATIONS; of a stratified plan
    other_run_id: int | None  # of a `change` plan
    population: Mapping[str, int]  # items that could be drawn, by stratum; NO_STRATUM where there are none
    draws: tuple[tuple[int, str], ...]  # (how many items, ISO time, UTC) of each drawing, the first first
    n: int  # items drawn
    n_decided: int  # items that have all the looks they wait for (at least one where as many as come)

    @property
    def is_sample(self) -> bool:
        """Whether its looks prove something about the whole population."""
        return self.order in SAMPLES

    @property
    def n_population(self) -> int:
        """How many items could be drawn."""
        return sum(self.population.values())


@dataclass(frozen=True, slots=True)
class LookRow:
    """One item handed to one person."""

    look_id: int
    plan_id: int
    item_id: int
    annotator: str
    drawn_by: str  # the plan's order | chosen | repeat
    place: int | None  # in the plan, 0-based; None: the plan has not drawn this item
    is_blind: bool
    is_repeat: bool
    display_order: tuple[int, ...]  # candidate ids, first place first
    opened_at: datetime
    leased_until: datetime | None  # UTC, no zone; None once it is closed
    closed_as: str | None  # None while it is open; else one of LOOKED, RETURNED or EXPIRED
    is_revealed: bool  # a blind look's suggestion was shown; True for a look that was never blind
    mode: str  # one of MODES

    @property
    def is_open(self) -> bool:
        """Whether it still waits for a decision."""
        return self.closed_as is None


@dataclass(frozen=True, slots=True)
class PlanProgress:
    """How far a plan is, and one person in it. Counts of items."""

    n: int  # drawn
    n_decided: int  # have all the looks they wait for
    n_open: int  # are on somebody's screen now
    n_mine: int  # I decided, skipped or flagged
    n_skipped_mine: int
    n_flagged: int  # by anybody
    n_waiting_others: int  # I decided; they wait for somebody else


def look_row(look: Look, annotator: str, mode: str) -> LookRow:
    """A look for the screen."""
    return LookRow(
        look_id=look.look_id,
        plan_id=-1 if look.plan_id is None else look.plan_id,
        item_id=look.item_id,
        annotator=annotator,
        drawn_by=look.drawn_by,
        place=look.place,
        is_blind=look.is_blind,
        is_repeat=look.is_repeat,
        display_order=tuple(look.display_order),
        opened_at=look.opened_at,
        leased_until=None if look.closed_as is not None else look.leased_until,
        closed_as=look.closed_as,
        is_revealed=not look.is_blind or look.revealed_at is not None,
        mode=mode,
    )
