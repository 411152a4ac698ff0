"""Calibrated confidence: from decisions under a run, how often people agree at a margin.

A guide for order and for what is shown beside a suggestion; no bound rests on it. All items that people settled count.
Looks drawn at random or by margin do not distort it; looks drawn because people disagree make it lean low.

Kept per run and last decision. A screen that must not wait takes the latest fit at hand, while a newer one is made in a
thread (scikit-learn takes a second to import). Leaves out fitting (services/statistics/calibration.py).
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, sessionmaker

from db.queries_audit import last_decision_id, last_decision_in
from db.tables import Run
from services.audit.outcomes import run_outcomes
from services.audit.rows import Confidence
from services.errors import NotFound

if TYPE_CHECKING:
    from services.statistics.calibration import Calibration

LOG = logging.getLogger(__name__)
MIN_DECISIONS = 30
KEPT = 32  # runs of which the latest fit is kept
REFIT_SHARE, REFIT_LEAST = 0.05, 5  # a screen's fit may be this many decisions behind


@dataclass(frozen=True, slots=True)
class _Fit:
    """The calibration of a run as of its dataset's last decision by a person."""

    last_in_dataset: int
    last_of_all: int  # of the whole database: one look at an index says whether anything moved
    n_items: int  # decided
    calibration: Calibration | None


_fits: OrderedDict[tuple[str, int], _Fit] = OrderedDict()
_in_work: set[tuple[str, int]] = set()
_lock = threading.Lock()


def calibration_of(sessions: sessionmaker[Session], run_id: int) -> Calibration | None:
    """The run's calibration; None with fewer than MIN_DECISIONS settled items, or when all have one outcome."""
    key = _key(sessions, run_id)
    with sessions() as session:
        dataset_id = session.scalar(select(Run.dataset_id).where(Run.run_id == run_id))
        if dataset_id is None:
            raise NotFound(f"no run {run_id}; it may have been deleted")
        last_of_all = last_decision_id(session)
        last, n_items = last_decision_in(session, dataset_id)
    with _lock:
        kept = _fits.get(key)
    calibration = kept.calibration if kept and kept.last_in_dataset == last else _fit(sessions, run_id, dataset_id)
    _keep(key, _Fit(last, last_of_all, n_items, calibration))
    return calibration


def confidence_of(
    sessions: sessionmaker[Session], run_id: int, margin: float, domain: str | None, *, is_waiting: bool = True
) -> Confidence | None:
    """How often people agreed at about this margin; None while there are too few decisions to say.

    Args:
        is_waiting: False answers at once from the latest calibration this process has, and fits a newer one in a
            thread: for a screen that must not wait.
    """
    found = calibration_of(sessions, run_id) if is_waiting else _at_hand(sessions, run_id)
    if found is None:
        return None
    curve = found.curve(domain)
    low, high = curve.interval(margin)
    return Confidence(curve.probability(margin), low, high, curve.n)


def _at_hand(sessions: sessionmaker[Session], run_id: int) -> Calibration | None:
    """The latest fit; a thread makes a newer one when it has fallen behind."""
    key = _key(sessions, run_id)
    with sessions() as session:
        last = last_decision_id(session)
    with _lock:
        kept = _fits.get(key)
        is_due = key not in _in_work and (kept is None or _is_behind(kept, last))
        if is_due:
            _in_work.add(key)
    if is_due:
        threading.Thread(target=_refit, args=(sessions, run_id), name=f"calibration-{run_id}", daemon=True).start()
    return None if kept is None else kept.calibration


def _is_behind(kept: _Fit, last: int) -> bool:
    return last < kept.last_of_all or last - kept.last_of_all >= max(REFIT_LEAST, REFIT_SHARE * kept.n_items)


def _refit(sessions: sessionmaker[Session], run_id: int) -> None:
    try:
        calibration_of(sessions, run_id)
    except (NotFound, DBAPIError):  # deleted meanwhile, or the database is away: the screen says so itself
        LOG.exception("the calibration of run %s was not made", run_id)
    finally:
        with _lock:
            _in_work.discard(_key(sessions, run_id))


def _fit(sessions: sessionmaker[Session], run_id: int, dataset_id: int) -> Calibration | None:
    outcomes = run_outcomes(sessions, run_id, dataset_id=dataset_id)
    if len(outcomes) < MIN_DECISIONS:
        return None
    from services.statistics.calibration import fit

    return fit(
        [one.margin for one in outcomes],
        [int(one.agrees) for one in outcomes],
        domains=[one.domain for one in outcomes],
    )


def _key(sessions: sessionmaker[Session], run_id: int) -> tuple[str, int]:
    return str(sessions.kw["bind"].url), run_id


def _keep(key: tuple[str, int], fit: _Fit) -> None:
    with _lock:
        _fits[key] = fit
        _fits.move_to_end(key)
        while len(_fits) > KEPT:
            _fits.popitem(last=False)
