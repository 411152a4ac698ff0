"""Accepting labels unlooked, above a margin that random looks have shown to be safe enough.

    propose    finds the threshold; writes nothing
    apply      one transaction: a row in `auto_accept` and a decision of kind `auto` for each item nobody looked at
    revoke     one transaction: an undo for each of them

A person's decision always overrides one that was made unlooked (services/labels.py).
"""

from __future__ import annotations

from sqlalchemy.orm import Session, sessionmaker

from services.audit.rows import AutoAcceptRow, Proposal

MACHINE = "auto-accept"  # the annotator under whose name labels are accepted; nobody decides under it


def propose(
    sessions: sessionmaker[Session],
    *,
    plan_id: int,
    target: float,
    level: float = 0.95,
    is_per_domain: bool = False,
    up_to: int | None = None,
    n_places: int | None = None,
) -> Proposal:
    """The thresholds at which at most a `target` share of labels is wrong, at this confidence level.

    Raises Refused for a plan that is no sample or a target that is no share, NotFound for no plan.
    """
    raise NotImplementedError


def apply(sessions: sessionmaker[Session], proposal: Proposal, *, by: str) -> AutoAcceptRow:
    """Accept what the proposal names; refused when the looks have changed since, or when nothing would be accepted."""
    raise NotImplementedError


def revoke(sessions: sessionmaker[Session], auto_accept_id: int, *, by: str) -> AutoAcceptRow:
    """Take all of its decisions back, as one."""
    raise NotImplementedError


def list_auto_accepts(sessions: sessionmaker[Session], *, dataset_id: int) -> tuple[AutoAcceptRow, ...]:
    """What was accepted unlooked, newest first, revoked ones included."""
    raise NotImplementedError
