"""Criteria as immutable versions: the built-in sets written once, an edit kept as a new version.

Any pair may be given any set; what a closed pair was not trained on comes with a line that says so (`foreign_line`).
Leaves out what a body means (scoring/criteria_body.py) and how models read it (scoring/conditioning.py).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session, sessionmaker

from db.tables import Criteria
from scoring.criteria import GENERAL, CriteriaBody, DomainCriteria, builtin_criteria
from scoring.pairs import ModelPair
from services.errors import NotFound, Refused
from services.pairs.catalogue import get_pair
from services.version_store import find_version, keep_version, latest_of, latest_versions, sound_name

FOR_ANY_PAIR = tuple(criteria.name for criteria in GENERAL)


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
    """Write the built-in sets; a built-in whose body changed becomes a new version. Does nothing the second time.

    A name under which somebody kept criteria of their own before Tare used it stays theirs.
    """
    for name, builtin in builtin_criteria().items():
        _keep(sessions, name, title=builtin.title, body=builtin.body, is_builtin=True)


def list_criteria(sessions: sessionmaker[Session], *, pair: str | None = None) -> tuple[CriteriaRow, ...]:
    """The latest version of each name. For a pair: its own lines first, then the general sets, then what users made.

    The lines of another, closed pair (the demo's) are left out: they mean nothing to this one.
    """
    rows = tuple(map(_row, latest_versions(sessions, Criteria)))
    model_pair = None if pair is None else get_pair(pair)
    offered = [row for row in rows if model_pair is None or is_offered(row, pair=model_pair)]
    return tuple(sorted(offered, key=lambda row: _place(row, model_pair)))  # equals stay in the order of their names


def _place(row: CriteriaRow, pair: ModelPair | None) -> tuple[int, int]:
    if not row.is_builtin:
        return 2, 0
    if row.name in FOR_ANY_PAIR:
        return 1, FOR_ANY_PAIR.index(row.name)
    return (0 if pair is not None else 3), 0


def is_offered(row: CriteriaRow, *, pair: ModelPair) -> bool:
    """Whether the pair may be conditioned on it: the built-in lines of a closed pair are for that pair alone."""
    is_general = not row.is_builtin or row.name in FOR_ANY_PAIR
    return is_general or (pair.criteria == "closed" and is_own(row.name, pair=pair))


def is_own(name: str, *, pair: ModelPair) -> bool:
    """Whether built-in criteria belong to a closed pair, told by the name: `demo`, `demo-brief` to the pair `demo`."""
    return name == pair.name or name.startswith(f"{pair.name}-")


def foreign_line(pair: str | ModelPair, body: CriteriaBody) -> str | None:
    """One line to say where criteria are chosen that a closed pair was not trained on; nothing is refused.

    Its own lines may be combined as one likes: what counts is each domain's text. No text at all is known to it too.
    """
    pair = get_pair(pair) if isinstance(pair, str) else pair
    if pair.criteria != "closed":
        return None
    own = [criteria.body for criteria in builtin_criteria().values() if is_own(criteria.name, pair=pair)]
    known = {DomainCriteria(), *(entry for one in own for entry in _entries(one))}
    if known.issuperset(_entries(body)):
        return None
    return f"The {pair.name} pair was trained on its own lines only; under other text its numbers mean little."


def _entries(body: CriteriaBody) -> tuple[DomainCriteria, ...]:
    return body.default, *(entry for _, entry in body.domains)


def get_criteria(sessions: sessionmaker[Session], criteria_id: int) -> CriteriaRow:
    """That version, or NotFound."""
    with sessions() as session:
        found = session.get(Criteria, criteria_id)
        if found is None:
            raise NotFound(f"no criteria with number {criteria_id}; choose one from the list")
        return _row(found)


def find_criteria(sessions: sessionmaker[Session], name: str, *, version: int | None = None) -> CriteriaRow:
    """The named set, its latest version unless told; NotFound lists the names there are."""
    return _row(find_version(sessions, Criteria, name, version=version))


def add_version(sessions: sessionmaker[Session], name: str, *, title: str, body: CriteriaBody) -> CriteriaRow:
    """Keep an edit: the next version of `name`, or the latest one when the body is the same. Safe when two do it."""
    wanted = sound_name("the criteria's", name, title)
    latest = latest_of(sessions, Criteria, wanted)
    if wanted in builtin_criteria() and (latest is None or latest.is_builtin):
        raise Refused(f"{wanted!r} is built in and stays as it is; save the edit under another name")
    return _keep(sessions, wanted, title=title.strip(), body=body, is_builtin=False)


def _keep(
    sessions: sessionmaker[Session], name: str, *, title: str, body: CriteriaBody, is_builtin: bool
) -> CriteriaRow:
    kept = json.loads(body.to_json())
    return _row(
        keep_version(sessions, Criteria, name, title=title, body=kept, sha256=body.sha256, is_builtin=is_builtin)
    )


def _row(found: Criteria) -> CriteriaRow:
    return CriteriaRow(
        criteria_id=found.criteria_id,
        name=found.name,
        version=found.version,
        title=found.title,
        body=CriteriaBody.from_json(json.dumps(found.body)),
        sha256=found.sha256,
        is_builtin=found.is_builtin,
        created_at=found.created_at,
    )
