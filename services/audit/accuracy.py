"""How often people agree with a run, over the whole dataset, from the looks of a sample."""

from __future__ import annotations

from sqlalchemy.orm import Session, sessionmaker

from services.audit.rows import Accuracy


def accuracy_of(
    sessions: sessionmaker[Session],
    plan_id: int,
    *,
    level: float = 0.95,
    up_to: int | None = None,
    n_places: int | None = None,
) -> Accuracy:
    """The share of the run's suggestions that people agree with, with a bound; as of a decision when one is named.

    Raises Refused for a plan that is no sample, NotFound for none.
    """
    raise NotImplementedError


def looks_for_width(sessions: sessionmaker[Session], plan_id: int, *, width: float, level: float = 0.95) -> int | None:
    """About how many more looks narrow the interval to `width` (a share, high minus low); None: not even all would."""
    raise NotImplementedError
