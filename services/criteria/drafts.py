"""Criteria somebody is still writing: kept in the database for each annotator and name, until adopted or discarded.

A draft is saved as often as one likes; nobody else sees it. Adopting makes an immutable version (store.py).
Leaves out what a draft would change (trials/trial.py).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from db.queries_reviews import annotator_id_of
from db.tables import Criteria, utc_now
from db.tables_criteria import CriteriaDraft
from scoring.criteria_body import CriteriaBody
from services.annotators import AnnotatorRow, ensure_annotator
from services.criteria.store import CriteriaRow, add_version, find_criteria, get_criteria
from services.errors import NotFound, Refused, ServiceError
from services.formats.cleaning import clean
from services.version_store import NAME_LIMIT

UNFINISHED = "unfinished"  # key beside default and domains in a draft's row: exemplars that lack a side (editing.py)


class DraftMoved(ServiceError):
    """The draft was saved, adopted or discarded elsewhere between a reading and the write that rests on it."""


@dataclass(frozen=True, slots=True)
class SeenAt:
    """What a write rests on: when the draft that was read was saved last; None: there was none."""

    updated_at: datetime | None


@dataclass(frozen=True, slots=True)
class Draft:
    """An annotator's unfinished edit. base_criteria_id: the version it began from. unfinished: beside the body."""

    draft_id: int
    annotator: str
    name: str
    base_criteria_id: int | None
    body: CriteriaBody
    updated_at: datetime
    unfinished: tuple[Mapping[str, Any], ...] = ()


def save_draft(
    sessions: sessionmaker[Session],
    annotator: str,
    name: str,
    body: CriteriaBody,
    base_criteria_id: int | None = None,
    *,
    unfinished: Sequence[Mapping[str, Any]] | None = None,
    seen: SeenAt | None = None,
) -> Draft:
    """Keep the draft of this name, over what was there. The same body again changes nothing, not even the time.

    base_criteria_id: the version it began from; None leaves what was said before. unfinished: what is kept beside the
    body, in the same write; None leaves it. seen: what it must rest on; None writes over whatever is there. Raises
    Refused (name), NotFound (base), DraftMoved.
    """
    wanted = name.strip()
    if not 1 <= len(wanted) <= NAME_LIMIT:
        raise Refused(f"the draft's name has {len(wanted)} characters; give one of 1 to {NAME_LIMIT}")
    if base_criteria_id is not None:
        get_criteria(sessions, base_criteria_id)
    person = ensure_annotator(sessions, annotator)
    sound = sound_body(body)
    try:
        return _save(sessions, person, wanted, sound, base_criteria_id, unfinished, seen)
    except IntegrityError:  # another tab began the same draft a moment ago; now it is there to be written over
        return _save(sessions, person, wanted, sound, base_criteria_id, unfinished, seen)


def sound_body(body: CriteriaBody) -> CriteriaBody:
    """The body as every database can hold it: NUL and broken surrogates become U+FFFD. Most are sound as they are."""
    notes: set[str] = set()
    cleaned = clean(json.loads(body.to_json()), notes)
    return CriteriaBody.from_json(json.dumps(cleaned)) if notes else body


def find_draft(sessions: sessionmaker[Session], annotator: str, name: str) -> Draft | None:
    """This annotator's draft of that name, None when there is none."""
    return next((draft for draft in list_drafts(sessions, annotator) if draft.name == name.strip()), None)


def list_drafts(sessions: sessionmaker[Session], annotator: str) -> tuple[Draft, ...]:
    """This annotator's drafts, the one touched last first."""
    with sessions() as session:
        annotator_id = annotator_id_of(session, annotator.strip())
        wanted = select(CriteriaDraft).where(CriteriaDraft.annotator_id == annotator_id)
        newest_first = wanted.order_by(CriteriaDraft.updated_at.desc(), CriteriaDraft.draft_id.desc())
        return tuple(_row(found, annotator.strip()) for found in session.scalars(newest_first))


def discard_draft(sessions: sessionmaker[Session], annotator: str, name: str) -> None:
    """Forget it; nothing happens when it is gone already."""
    with sessions.begin() as session:
        annotator_id = annotator_id_of(session, annotator.strip())
        session.execute(
            delete(CriteriaDraft).where(CriteriaDraft.annotator_id == annotator_id, CriteriaDraft.name == name.strip())
        )


def adopt_draft(
    sessions: sessionmaker[Session], annotator: str, name: str, *, as_name: str | None = None, title: str | None = None
) -> CriteriaRow:
    """The draft as a new version (of `as_name`, else of its own name); the draft is gone then.

    title: what it is called in lists; None keeps the title of the version before it. A body equal to the latest
    version makes no new one. Two people adopting at once make two versions, one after the other. An edit of the draft
    saved meanwhile (another tab) stays a draft.

    Raises NotFound without a draft; Refused for a built-in name (then adopt `as_name` another), and while an exemplar
    is unfinished, which would go with the draft.
    """
    draft = find_draft(sessions, annotator, name)
    if draft is None:
        raise NotFound(f"{annotator} has no draft {name!r}; it may have been adopted or discarded in another tab")
    if draft.unfinished:
        raise Refused(f"not adopted: {len(draft.unfinished)} exemplar(s) lack a side; finish or remove them")
    wanted = draft.name if as_name is None else as_name
    called = _title_before(sessions, wanted) if title is None else title
    row = add_version(sessions, wanted, title=called, body=draft.body)
    with sessions.begin() as session:
        as_adopted = CriteriaDraft.updated_at == draft.updated_at
        session.execute(delete(CriteriaDraft).where(CriteriaDraft.draft_id == draft.draft_id, as_adopted))
    return row


def newer_than_base(sessions: sessionmaker[Session], draft: Draft) -> CriteriaRow | None:
    """The version that somebody else adopted under this name since the draft began, None when there is none.

    Adopting is not refused because of it: both stay as versions; the page shows what differs.
    """
    if draft.base_criteria_id is None:
        return None
    base = get_criteria(sessions, draft.base_criteria_id)
    latest = find_criteria(sessions, base.name)
    return latest if latest.version > base.version and latest.sha256 != draft.body.sha256 else None


def _save(
    sessions: sessionmaker[Session],
    person: AnnotatorRow,
    name: str,
    body: CriteriaBody,
    base: int | None,
    unfinished: Sequence[Mapping[str, Any]] | None,
    seen: SeenAt | None,
) -> Draft:
    with sessions.begin() as session:
        mine = CriteriaDraft.annotator_id == person.annotator_id, CriteriaDraft.name == name
        kept = session.scalar(select(CriteriaDraft).where(*mine).with_for_update())
        if seen is not None and seen.updated_at != (None if kept is None else kept.updated_at):
            raise DraftMoved(f"the draft {name!r} was changed in another window at the same moment; do it again")
        if kept is None:
            whole = _whole(body, {}, unfinished)
            kept = CriteriaDraft(annotator_id=person.annotator_id, name=name, body=whole, base_criteria_id=base)
            session.add(kept)
        else:
            if base is not None:
                kept.base_criteria_id = base
            whole = _whole(body, kept.body, unfinished)
            if kept.body != whole:
                kept.body, kept.updated_at = whole, utc_now()
        session.flush()
        return _row(kept, person.name)


def _whole(
    body: CriteriaBody, before: Mapping[str, Any], unfinished: Sequence[Mapping[str, Any]] | None
) -> dict[str, Any]:
    """The row's text: the body, and beside it what is not finished."""
    rest = before.get(UNFINISHED, []) if unfinished is None else list(unfinished)
    plain: dict[str, Any] = json.loads(body.to_json())
    return plain | ({UNFINISHED: rest} if rest else {})


def _title_before(sessions: sessionmaker[Session], name: str) -> str:
    with sessions() as session:
        wanted = select(Criteria.title).where(Criteria.name == name.strip()).order_by(Criteria.version.desc()).limit(1)
        return session.scalar(wanted) or ""


def _row(found: CriteriaDraft, annotator: str) -> Draft:
    return Draft(
        draft_id=found.draft_id,
        annotator=annotator,
        name=found.name,
        base_criteria_id=found.base_criteria_id,
        body=CriteriaBody.from_json(json.dumps(_known(found.body))),
        updated_at=found.updated_at,
        unfinished=tuple(found.body.get(UNFINISHED, [])),
    )


def _known(kept: Mapping[str, Any]) -> dict[str, Any]:
    """A draft's row without what stands beside its body: exemplars that are not finished (editing.py)."""
    return {key: kept[key] for key in ("default", "domains")}
