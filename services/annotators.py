"""The people who decide: found or written down by name.

Leaves out signing in: a name is what a person says it is. Roles beyond "annotator" come with a later issue.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from db.tables import Annotator
from services.dataset_names import is_visible
from services.errors import NotFound, Refused

NAME_LIMIT = 100  # characters, as the column has it


@dataclass(frozen=True, slots=True)
class AnnotatorRow:
    """A person who decides."""

    annotator_id: int
    name: str
    role: str
    created_at: datetime


def ensure_annotator(sessions: sessionmaker[Session], name: str) -> AnnotatorRow:
    """The annotator of that name, written down on first sight. Safe when two processes do it at once."""
    wanted = name.strip()
    if not 1 <= len(wanted) <= NAME_LIMIT:
        raise Refused(f"an annotator's name has {len(wanted)} characters; give one of 1 to {NAME_LIMIT}")
    unseen = next((sign for sign in wanted if not is_visible(sign)), None)
    if unseen is not None:
        raise Refused(f"an annotator's name holds the invisible character U+{ord(unseen):04X}; leave it out")
    found = _find(sessions, wanted)
    if found is None:
        try:
            with sessions.begin() as session:
                session.add(Annotator(name=wanted))
        except IntegrityError:  # another process was faster; its row serves as well
            pass
        found = _find(sessions, wanted)
    if found is None:
        raise NotFound(f"annotator {wanted!r} could not be written; look at the database's permissions")
    return found


def list_annotators(sessions: sessionmaker[Session]) -> tuple[AnnotatorRow, ...]:
    """Everyone, by name."""
    with sessions() as session:
        return tuple(_row(found) for found in session.scalars(select(Annotator).order_by(Annotator.name)))


def _find(sessions: sessionmaker[Session], name: str) -> AnnotatorRow | None:
    with sessions() as session:
        found = session.scalar(select(Annotator).where(Annotator.name == name))
        return None if found is None else _row(found)


def _row(found: Annotator) -> AnnotatorRow:
    return AnnotatorRow(found.annotator_id, found.name, found.role, found.created_at)
