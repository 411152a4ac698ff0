"""Leases: an item is one person's for a while, and comes back by itself when the time is over.

    open --decide--> decided | skipped | flagged --undo--> open
      |----------give back or time over----------> returned | expired; its slot is free again

A slot (1 to overlap) belongs to one live look of the item: a unique index makes serving two people on one impossible.
Order of locks on PostgreSQL, always: annotator, plan, look. SQLite has one write lock, taken when a transaction begins.
Leaves out which item is handed out (serve.py).
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session, sessionmaker

from services.looks.rows import LookRow


def close(session: Session, look_id: int, *, annotator_id: int, now: datetime, as_: str) -> int:
    """End a look with a decision, inside the deciding transaction (which holds the annotator's row).

    A look whose time is over is taken back when its slot, or another of the item, is still free. Closing a closed one
    again changes only how it ended (a revision).

    Args:
        as_: a verdict (accept, override, tie, skip, flag), or one of LOOKED.

    Returns the number of the look that was closed: the person's other one on this item, where this one's time was over
    and the item had been handed to the same person again. Keep the decision under it.

    Raises Refused when somebody else has the item now, NotFound for no look of this person.
    """
    raise NotImplementedError


def reopen(session: Session, look_id: int, *, annotator_id: int, now: datetime) -> None:
    """After an undo that leaves no decision: the look is open again for the same person, its slot still theirs."""
    raise NotImplementedError


def follow(session: Session, look_id: int, *, annotator_id: int, now: datetime, verdict: str) -> int:
    """The look after the decision that is now in force: "undo" opens it again, every other verdict closes it."""
    raise NotImplementedError


def renew(sessions: sessionmaker[Session], look_id: int, *, annotator: str) -> LookRow:
    """A full lease from now on, for somebody still at it. Refused when its time is over and others have the item."""
    raise NotImplementedError


def give_back(sessions: sessionmaker[Session], look_id: int, *, annotator: str) -> LookRow:
    """The item is free for others at once. A look that is not open stays as it is."""
    raise NotImplementedError
