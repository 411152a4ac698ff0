"""The people who decide: found or written down by name, and what each may do by their role.

    annotator      decides
    adjudicator    settles what annotators left open, too
    admin          sets roles, makes plans, accepts labels unlooked, too
    machine        `auto-accept`, under which labels accepted unlooked are kept; nobody decides under that name

As long as nobody is an admin, everybody may do everything. Leaves out signing in: a name is what a person says it is,
so roles keep a team from mistakes, not an intruder from harm.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from db.tables import Annotator
from services.dataset_names import as_read, is_visible
from services.errors import NotFound, Refused

NAME_LIMIT = 100  # characters, as the column has it
ANNOTATOR, ADJUDICATOR, ADMIN, MACHINE = "annotator", "adjudicator", "admin", "machine"
ROLES = (ANNOTATOR, ADJUDICATOR, ADMIN)  # what a person may have
MACHINE_NAME = "auto-accept"
SET_ROLES, MAKE_PLANS, AUTO_ACCEPT, ADJUDICATE = "set roles", "make plans", "accept labels unlooked", "adjudicate"
WHO_MAY = {
    SET_ROLES: (ADMIN,),
    MAKE_PLANS: (ADMIN,),
    AUTO_ACCEPT: (ADMIN,),
    ADJUDICATE: (ADJUDICATOR, ADMIN),
}


@dataclass(frozen=True, slots=True)
class AnnotatorRow:
    """A person who decides."""

    annotator_id: int
    name: str
    role: str
    created_at: datetime


def ensure_annotator(sessions: sessionmaker[Session], name: str) -> AnnotatorRow:
    """The annotator of that name, written down on first sight. Safe when two processes do it at once."""
    wanted = _sound_name(name)
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


def _sound_name(name: str) -> str:
    wanted = name.strip()
    if not 1 <= len(wanted) <= NAME_LIMIT:
        raise Refused(f"an annotator's name has {len(wanted)} characters; give one of 1 to {NAME_LIMIT}")
    unseen = next((sign for sign in wanted if not is_visible(sign)), None)
    if unseen is not None:
        raise Refused(f"an annotator's name holds the invisible character U+{ord(unseen):04X}; leave it out")
    if as_read(wanted) == MACHINE_NAME:
        raise Refused(f"{wanted!r} is the name under which labels are accepted unlooked; choose another")
    return wanted


def machine_annotator_id(session: Session) -> int:
    """The number of the row under which labels accepted unlooked are kept; written down on first use."""
    found = session.scalar(select(Annotator).where(Annotator.name == MACHINE_NAME))
    if found is None:
        found = Annotator(name=MACHINE_NAME, role=MACHINE)
        session.add(found)
    found.role = MACHINE  # a person of that name from before it was reserved
    session.flush()
    return found.annotator_id


def list_annotators(sessions: sessionmaker[Session], *, with_machine: bool = False) -> tuple[AnnotatorRow, ...]:
    """Everyone, by name; the machine only when asked for."""
    with sessions() as session:
        everyone = [_row(found) for found in session.scalars(select(Annotator).order_by(Annotator.name))]
    return tuple(one for one in everyone if with_machine or one.role != MACHINE)


def names_of(session: Session, annotator_ids: Iterable[int]) -> dict[int, str]:
    """annotator_id -> name."""
    wanted = select(Annotator.annotator_id, Annotator.name).where(Annotator.annotator_id.in_(set(annotator_ids)))
    return dict(session.execute(wanted).all())


def may(sessions: sessionmaker[Session], name: str, deed: str) -> bool:
    """Whether a person may do it (one of WHO_MAY): as long as nobody is an admin, everybody may."""
    with sessions() as session:
        return _may(session, name, deed)


def require_may(session: Session, name: str, deed: str) -> None:
    """Refused, in one line, when the person may not do it."""
    if not _may(session, name, deed):
        roles = " or ".join(WHO_MAY[deed])
        raise Refused(f"{name.strip()!r} may not {deed}: that takes the role {roles}; an admin can give it (People)")


def _may(session: Session, name: str, deed: str) -> bool:
    role = session.scalar(select(Annotator.role).where(Annotator.name == name.strip()))
    return role in WHO_MAY[deed] or not _n_admins(session)


def _n_admins(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(Annotator).where(Annotator.role == ADMIN)) or 0


def set_role(sessions: sessionmaker[Session], *, name: str, role: str, by: str) -> AnnotatorRow:
    """Give a person a role. Only an admin may, once there is one; the only admin stays one.

    Raises Refused or NotFound.
    """
    if role not in ROLES:
        raise Refused(f"the role is {role!r}; it must be one of {', '.join(ROLES)}")
    with sessions.begin() as session:
        everyone = session.scalars(select(Annotator).order_by(Annotator.annotator_id).with_for_update()).all()
        require_may(session, by, SET_ROLES)
        found = next((one for one in everyone if one.name == name.strip()), None)
        if found is None:
            raise NotFound(f"no annotator {name.strip()!r}; choose one from the list")
        if found.role == MACHINE:
            raise Refused(f"{found.name!r} is no person; its role cannot be changed")
        if found.role == ADMIN != role and _n_admins(session) == 1:
            raise Refused(f"{found.name!r} is the only admin; make somebody else an admin first")
        found.role = role
        return _row(found)


def _find(sessions: sessionmaker[Session], name: str) -> AnnotatorRow | None:
    with sessions() as session:
        found = session.scalar(select(Annotator).where(Annotator.name == name))
        return None if found is None else _row(found)


def _row(found: Annotator) -> AnnotatorRow:
    return AnnotatorRow(found.annotator_id, found.name, found.role, found.created_at)
