"""Criteria as immutable versions: the built-in sets written once, an edit kept as a new version.

Leaves out what a body means (scoring/criteria.py) and exemplars, which a later issue renders.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session, sessionmaker

from scoring.criteria import CriteriaBody


@dataclass(frozen=True, slots=True)
class CriteriaRow:
    """One version of a criteria set."""

    criteria_id: int
    name: str
    version: int
    title: str
    body: CriteriaBody
    sha256: str
    is_builtin: bool
    created_at: datetime


def ensure_builtin(sessions: sessionmaker[Session]) -> None:
    """Write the built-in sets; a built-in whose body changed becomes a new version. Does nothing the second time."""
    raise NotImplementedError


def list_criteria(sessions: sessionmaker[Session], *, pair: str | None = None) -> tuple[CriteriaRow, ...]:
    """The latest version of each name; for a pair with a closed list (the demo) only what it was trained on."""
    raise NotImplementedError


def get_criteria(sessions: sessionmaker[Session], criteria_id: int) -> CriteriaRow:
    """That version, or NotFound."""
    raise NotImplementedError


def find_criteria(sessions: sessionmaker[Session], name: str, *, version: int | None = None) -> CriteriaRow:
    """The named set, its latest version unless told; NotFound lists the names there are."""
    raise NotImplementedError


def add_version(sessions: sessionmaker[Session], name: str, *, title: str, body: CriteriaBody) -> CriteriaRow:
    """Keep an edit: the next version of `name`, or the latest one when the body is the same. Safe when two do it."""
    raise NotImplementedError
