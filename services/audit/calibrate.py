"""Calibrated confidence: from decisions under a run, how often people agree at a margin.

A guide for order and for what is shown beside a suggestion; no bound rests on it. Kept per run and last decision.
"""

from __future__ import annotations

from sqlalchemy.orm import Session, sessionmaker

from services.audit.rows import Confidence
from services.statistics.calibration import Calibration

MIN_DECISIONS = 30


def calibration_of(sessions: sessionmaker[Session], run_id: int, *, up_to: int | None = None) -> Calibration | None:
    """The run's calibration; None with fewer than MIN_DECISIONS settled items, or when all have one outcome."""
    raise NotImplementedError


def confidence_of(
    sessions: sessionmaker[Session], run_id: int, margin: float, domain: str | None, *, is_waiting: bool = True
) -> Confidence | None:
    """How often people agreed at about this margin; None while there are too few decisions to say.

    Args:
        is_waiting: False answers at once from the latest calibration this process has, and fits a newer one in a
            thread: for a screen that must not wait.
    """
    raise NotImplementedError
