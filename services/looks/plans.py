"""Making plans, drawing more for them, closing them, and reading them back.

Leaves out how items are drawn (draw.py) and handed out (serve.py).
"""

from __future__ import annotations

from sqlalchemy.orm import Session, sessionmaker

from services.looks.rows import PlanRow


def make_plan(
    sessions: sessionmaker[Session],
    *,
    dataset_id: int,
    run_id: int,
    made_by: str,
    order: str,
    n: int | None = None,
    name: str = "",
    seed: str | None = None,
    blind_share: float = 0.0,
    repeat_share: float = 0.0,
    overlap: int = 0,
    lease_minutes: int = 30,
    mode: str = "best",
    strata: str | None = None,
    allocation: str = "proportional",
    other_run_id: int | None = None,
) -> PlanRow:
    """Draw items of a run for people, and keep how. Only an admin may, once there is one.

    Args:
        order: one of ORDERS. `random` and `stratified` are samples: the run must be done.
        n: how many items; None or more than there are: all that the order has.
        seed: text of at most SEED_LIMIT characters; None: a fresh one. Who knows it can draw the same items again.
        blind_share: of the items; on them the suggestion stays hidden until the decision is in.
        repeat_share: of the items a person has decided, shown to that person once more.
        overlap: people per item; 0: as many as come.
        strata: what a `stratified` plan divides the items by, one of STRATA.
        other_run_id: the run that a `change` plan compares with.

    Raises Refused (what is wrong, one line) or NotFound.
    """
    raise NotImplementedError


def list_plans(sessions: sessionmaker[Session], *, dataset_id: int, with_closed: bool = False) -> tuple[PlanRow, ...]:
    """The plans of a dataset, newest first."""
    raise NotImplementedError


def get_plan(sessions: sessionmaker[Session], plan_id: int) -> PlanRow:
    """That plan, or NotFound."""
    raise NotImplementedError


def extend_plan(sessions: sessionmaker[Session], plan_id: int, *, n_more: int, by: str) -> PlanRow:
    """Draw the next items of the same order. A sample stays a sample: its order was fixed by the seed."""
    raise NotImplementedError


def close_plan(sessions: sessionmaker[Session], plan_id: int, *, by: str) -> PlanRow:
    """Hand out nothing more from it; open looks may still be decided. Closing twice is closing once."""
    raise NotImplementedError
