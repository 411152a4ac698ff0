"""Drawing again from the seed: whether a plan's items are what its seed, its run and the decisions of then give.

Leaves out comparing figures (certificates do).
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class Drawn:
    """An item at its place in a plan."""

    place: int
    item_id: int
    stratum: str | None


def redraw(session: Session, plan_id: int) -> tuple[Drawn, ...]:
    """The items of a sample as its seed, decision cut and run give them anew. Refused for a plan that is no sample."""
    raise NotImplementedError


def kept_draw(session: Session, plan_id: int) -> tuple[Drawn, ...]:
    """The items of a plan as they are kept, by place."""
    raise NotImplementedError
