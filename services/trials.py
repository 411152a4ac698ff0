"""Try it: a draft of criteria weighed on some items beside a finished run, before anybody adopts it.

Same models, dtype, rank_by, routing and conditioning as the run unless told otherwise; only the text differs. What is in
the log-prob cache is not computed again, so a model whose text did not change computes nothing.
Leaves out which flips are fixes (trial_ledger.py) and the choice of items (trial_items.py).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from sqlalchemy.orm import Session, sessionmaker

from scoring.conditioning import Conditioning
from scoring.criteria_body import CriteriaBody
from scoring.protocol import ModelSource
from services.trial_rows import Flip, Only, TrialProblem, TrialReport

__all__ = ["Flip", "Only", "TrialProblem", "TrialReport", "advance", "latest_trial", "read_trial", "start_trial"]


def start_trial(
    sessions: sessionmaker[Session],
    *,
    run_id: int,
    body: CriteriaBody,
    item_ids: Sequence[int] | None = None,
    n: int = 100,
    only: Only = "any",
    conditioning: Conditioning | None = None,
) -> int:
    """Choose the items and keep the trial; `advance` weighs it. The same trial asked for twice is one trial.

    Args:
        item_ids: exactly these items; else a sample of n items that the run has ranked.
        only: of which to sample: "decided" by a person, with "gold", or "any".
        conditioning: who reads the criteria and where exemplars stand; as the run when None.

    Raises NotFound (run) or Refused (run not finished, no such item, nothing to sample), each with the way out.
    """
    raise NotImplementedError


def advance(
    sessions: sessionmaker[Session],
    models: ModelSource,
    trial_id: int,
    *,
    on_progress: Callable[[int, int], None] | None = None,
    stop: threading.Event | None = None,
) -> TrialReport:
    """Weigh what is left, in the calling thread; `on_progress` gets (items done, items) after every chunk.

    Killed or stopped at any point it goes on from the last chunk. Raises NotFound, Refused (other weights than the
    run's), or a ScoringError in one line; what was weighed until then is kept.
    """
    raise NotImplementedError


def read_trial(sessions: sessionmaker[Session], trial_id: int) -> TrialReport:
    """The trial as far as it is, against the decisions and gold of now. NotFound when there is none."""
    raise NotImplementedError


def latest_trial(sessions: sessionmaker[Session], *, run_id: int, body: CriteriaBody) -> int | None:
    """The newest trial of exactly this text beside this run; None when there is none."""
    raise NotImplementedError
