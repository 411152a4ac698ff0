"""What somebody asks a plan to be, and the rules it must keep. Leaves out the database (plans.py)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from db.tables import utc_now
from services.errors import Refused
from services.looks.rows import (
    ALLOCATIONS,
    LEASE_LIMIT_MINUTES,
    MODES,
    NAME_LIMIT,
    ORDERS,
    OVERLAP_LIMIT,
    SEED_LIMIT,
    STRATA,
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A plan as asked for; the fields are those of `make_plan`."""

    order: str
    n: int | None
    name: str
    seed: str
    blind_share: float
    repeat_share: float
    overlap: int
    lease_minutes: int
    mode: str
    strata: str | None
    allocation: str
    other_run_id: int | None

    def configuration(self, orders: Mapping[str, Sequence[int]], n_drawn: int) -> dict[str, Any]:
        """The JSON that is kept: everything that decides what is drawn and how it is shown, but order and seed."""
        return {
            "n": n_drawn,
            "blind_share": self.blind_share,
            "repeat_share": self.repeat_share,
            "overlap": self.overlap,
            "lease_minutes": self.lease_minutes,
            "mode": self.mode,
            "strata": self.strata,
            "allocation": self.allocation,
            "other_run_id": self.other_run_id,
            "population": {name: len(items) for name, items in orders.items()},
            "draws": [[n_drawn, utc_now().isoformat(timespec="seconds")]],
        }


def require_sound(asked: Asked) -> None:
    """Refused, in one line, for the first rule that is broken."""
    for what, value, known in (
        ("order", asked.order, ORDERS), ("mode", asked.mode, MODES), ("allocation", asked.allocation, ALLOCATIONS),
    ):  # fmt: skip
        if value not in known:
            raise Refused(f"the {what} is {value!r}; it must be one of {', '.join(known)}")
    if (asked.strata is not None) != (asked.order == "stratified") or asked.strata not in (None, *STRATA):
        raise Refused(
            f"the order {asked.order!r} came with strata {asked.strata!r}; 'stratified' takes one of "
            f"{', '.join(STRATA)}, the other orders none"
        )
    if (asked.other_run_id is not None) != (asked.order == "change"):
        raise Refused(
            f"the order {asked.order!r} came with run {asked.other_run_id} to compare; only 'change' takes one"
        )
    for what, share in (("blind share", asked.blind_share), ("repeat share", asked.repeat_share)):
        if not (math.isfinite(share) and 0 <= share <= 1):
            raise Refused(f"the {what} is {share}; it must be 0 to 1")
    for what, number, low, high in (
        ("overlap", asked.overlap, 0, OVERLAP_LIMIT),
        ("lease in minutes", asked.lease_minutes, 1, LEASE_LIMIT_MINUTES),
        ("number of characters in the name", len(asked.name), 0, NAME_LIMIT),
        ("number of characters in the seed", len(asked.seed), 1, SEED_LIMIT),
    ):
        if not low <= number <= high:
            raise Refused(f"the {what} is {number}; it must be {low} to {high}")
    if asked.n is not None and asked.n < 1:
        raise Refused(f"{asked.n} items cannot be drawn; give 1 or more, or none for all")
