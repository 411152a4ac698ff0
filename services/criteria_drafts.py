"""Criteria somebody is still writing: kept in the database for each annotator and name, until adopted or discarded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session, sessionmaker

from scoring.criteria_body import CriteriaBody
from services.criteria_store import CriteriaRow


@dataclass(frozen=True, slots=True)
class Draft:
    """An annotator's unfinished edit. base_criteria_id: the version it began from."""

    draft_id: int
    annotator: str
    name: str
    base_criteria_id: int | None
    body: CriteriaBody
    updated_at: datetime


def save_draft(
    sessions: sessionmaker[Session], annotator: str, name: str, body: CriteriaBody, base_criteria_id: int | None = None
) -> Draft:
    """Keep the draft of this name, over what was there. The same body again changes nothing, not even the time."""
    raise NotImplementedError


def find_draft(sessions: sessionmaker[Session], annotator: str, name: str) -> Draft | None:
    """This annotator's draft of that name, None when there is none."""
    raise NotImplementedError


def list_drafts(sessions: sessionmaker[Session], annotator: str) -> tuple[Draft, ...]:
    """This annotator's drafts, the one touched last first."""
    raise NotImplementedError


def discard_draft(sessions: sessionmaker[Session], annotator: str, name: str) -> None:
    """Forget it; nothing happens when it is gone already."""
    raise NotImplementedError


def adopt_draft(
    sessions: sessionmaker[Session], annotator: str, name: str, *, as_name: str | None = None, title: str | None = None
) -> CriteriaRow:
    """The draft as a new version (of `as_name`, else of its own name); the draft is gone then.

    Raises NotFound without a draft, Refused for a built-in name. Two people adopting at once make two versions.
    """
    raise NotImplementedError


def newer_than_base(sessions: sessionmaker[Session], draft: Draft) -> CriteriaRow | None:
    """The version that somebody else adopted under this name since the draft began, None when there is none."""
    raise NotImplementedError
