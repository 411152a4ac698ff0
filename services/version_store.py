"""Immutable versions of a named thing (criteria, routers): the latest of each, one found, an edit kept as the next.

Works on tables with the columns name, version, title, body, sha256 and is_builtin. Leaves out what a body means.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from sqlalchemy import func, select, tuple_
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from db.tables import Criteria
from db.tables_criteria import Router
from services.errors import NotFound, Refused

T = TypeVar("T", Criteria, Router)

NAME_LIMIT = 100  # characters, as the columns have it
TITLE_LIMIT = 200
RACES_ENDURED = 5  # two people saving the same name at once: the later one takes the next number


def latest_versions(sessions: sessionmaker[Session], table: type[T]) -> Sequence[T]:
    """The latest version of each name, the built-in ones first, then by name."""
    latest = select(table.name, func.max(table.version)).group_by(table.name)
    wanted = select(table).where(tuple_(table.name, table.version).in_(latest))
    with sessions() as session:
        return session.scalars(wanted.order_by(table.is_builtin.desc(), table.name)).all()


def find_version(sessions: sessionmaker[Session], table: type[T], name: str, *, version: int | None = None) -> T:
    """The named one, its latest version unless told; NotFound lists the names there are."""
    wanted = select(table).where(table.name == name).order_by(table.version.desc()).limit(1)
    if version is not None:
        wanted = wanted.where(table.version == version)
    with sessions() as session:
        found = session.scalar(wanted)
        if found is not None:
            return found
        names = session.scalars(select(table.name).distinct().order_by(table.name)).all()
    which = f"{name!r}" if version is None else f"{name!r} in version {version}"
    raise NotFound(f"no {table.__tablename__} {which}; there is {', '.join(names) or 'none yet'}")


def sound_name(what: str, name: str, title: str) -> str:
    """The name, trimmed. Raises Refused when name or title has no fitting length; `what` as "the router's"."""
    wanted = name.strip()
    if not 1 <= len(wanted) <= NAME_LIMIT:
        raise Refused(f"{what} name has {len(wanted)} characters; give one of 1 to {NAME_LIMIT}")
    if len(title) > TITLE_LIMIT:
        raise Refused(f"{what} title has {len(title)} characters; the limit is {TITLE_LIMIT}")
    return wanted


def latest_of(sessions: sessionmaker[Session], table: type[T], name: str) -> T | None:
    """The latest version of that name, if there is one."""
    with sessions() as session:
        return session.scalar(select(table).where(table.name == name).order_by(table.version.desc()).limit(1))


def keep_version(
    sessions: sessionmaker[Session],
    table: type[T],
    name: str,
    *,
    title: str,
    body: dict[str, Any],
    sha256: str,
    is_builtin: bool,
) -> T:
    """The next version of a name, or the latest one when its body is the same. Safe when two do it at once.

    A name that a user kept before Tare used it for something built in stays the user's.
    """
    races_left = RACES_ENDURED
    while True:
        latest = latest_of(sessions, table, name)
        is_theirs = latest is not None and is_builtin and not latest.is_builtin
        if latest is not None and (is_theirs or latest.sha256 == sha256):
            return latest
        row = table(
            name=name, version=1 if latest is None else latest.version + 1, title=title, body=body, sha256=sha256,
            is_builtin=is_builtin,
        )  # fmt: skip
        try:
            with sessions.begin() as session:
                session.add(row)
            return row
        except IntegrityError:  # somebody took this number; look again
            races_left -= 1
            if not races_left:
                raise
