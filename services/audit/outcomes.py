"""What became of a sample, and of every item people settled under a run."""

from __future__ import annotations

from sqlalchemy.orm import Session, sessionmaker

from services.audit.rows import RunOutcome, SampleOutcomes


def sample_outcomes(
    sessions: sessionmaker[Session], plan_id: int, *, up_to: int | None = None, n_places: int | None = None
) -> SampleOutcomes:
    """The outcomes of a random or stratified plan, as of a decision and with so many places; None: as it stands now.

    Raises Refused for a plan that is no sample, NotFound for none.
    """
    raise NotImplementedError


def run_outcomes(sessions: sessionmaker[Session], run_id: int, *, up_to: int | None = None) -> tuple[RunOutcome, ...]:
    """Every item that people settled (not accepted unlooked) and that the run has a suggestion for, by item id."""
    raise NotImplementedError
