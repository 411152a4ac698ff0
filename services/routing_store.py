"""Routers as immutable versions: the built-in one written once, an edit kept as a new version.

Leaves out the question a body asks (scoring/router.py) and asking it (routing_guesses.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, tuple_
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from db.tables_criteria import Router
from scoring.router import THREE_DOMAINS, RouterBody
from services.errors import NotFound, Refused

BUILTIN = "three-domains"
BUILTIN_TITLE = "Chat, reasoning, safety"
NAME_LIMIT = 100  # characters, as the column has it; a domain's name too, as a run keeps it
TITLE_LIMIT = 200
RACES_ENDURED = 5  # two people saving the same name at once: the later one takes the next number


@dataclass(frozen=True, slots=True)
class RouterRow:
    """One version of a router."""

    router_id: int
    name: str
    version: int
    title: str
    body: RouterBody
    sha256: str
    is_builtin: bool
    created_at: datetime

    @property
    def label(self) -> str:
        """Its name, and the version where there was more than one."""
        return self.name + (f" v{self.version}" if self.version > 1 else "")


def ensure_builtin_router(sessions: sessionmaker[Session]) -> RouterRow:
    """Write the built-in router; when its words changed, as a new version. Does nothing the second time."""
    return _keep(sessions, BUILTIN, title=BUILTIN_TITLE, body=THREE_DOMAINS, is_builtin=True)


def list_routers(sessions: sessionmaker[Session]) -> tuple[RouterRow, ...]:
    """The latest version of each name, the built-in one first."""
    latest = select(Router.name, func.max(Router.version)).group_by(Router.name)
    wanted = select(Router).where(tuple_(Router.name, Router.version).in_(latest))
    with sessions() as session:
        found = session.scalars(wanted.order_by(Router.is_builtin.desc(), Router.name))
        return tuple(_row(router) for router in found)


def get_router(sessions: sessionmaker[Session], router_id: int) -> RouterRow:
    """That version, or NotFound."""
    with sessions() as session:
        found = session.get(Router, router_id)
    if found is None:
        raise NotFound(f"no router with number {router_id}; choose one from the list")
    return _row(found)


def find_router(sessions: sessionmaker[Session], name: str = BUILTIN, *, version: int | None = None) -> RouterRow:
    """The named router, its latest version unless told; NotFound lists the names there are."""
    wanted = select(Router).where(Router.name == name).order_by(Router.version.desc()).limit(1)
    if version is not None:
        wanted = wanted.where(Router.version == version)
    with sessions() as session:
        found = session.scalar(wanted)
        if found is not None:
            return _row(found)
        names = session.scalars(select(Router.name).distinct().order_by(Router.name)).all()
    which = f"{name!r}" if version is None else f"{name!r} in version {version}"
    raise NotFound(f"no router {which}; there is {', '.join(names) or 'none yet'}")


def add_router_version(sessions: sessionmaker[Session], name: str, *, body: RouterBody, title: str = "") -> RouterRow:
    """Keep an edit: the next version of `name`, or the latest one when the body is the same. Safe when two do it."""
    wanted = name.strip()
    if not 1 <= len(wanted) <= NAME_LIMIT:
        raise Refused(f"the router's name has {len(wanted)} characters; give one of 1 to {NAME_LIMIT}")
    if len(title) > TITLE_LIMIT:
        raise Refused(f"the router's title has {len(title)} characters; the limit is {TITLE_LIMIT}")
    if wanted == BUILTIN:
        raise Refused(f"{wanted!r} is built in and stays as it is; save the edit under another name")
    long = next((domain for domain in body.names if len(domain) > NAME_LIMIT), None)
    if long is not None:
        raise Refused(f"the domain {long[:30]!r}… has {len(long)} characters; the limit is {NAME_LIMIT}")
    return _keep(sessions, wanted, title=title.strip(), body=body, is_builtin=False)


def body_of_text(text: str) -> RouterBody:
    """A body from lines `name: definition`, in their order; empty lines are skipped. Refused with one line.

    >>> body_of_text("chat: small talk\\nsafety: what could harm").names
    ('chat', 'safety')
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    bare = next((line for line in lines if ":" not in line), None)
    if bare is not None:
        raise Refused(f"the line {bare[:40]!r} has no colon; write each domain as name: definition")
    try:
        return RouterBody([(name, definition) for name, _, definition in (line.partition(":") for line in lines)])
    except ValueError as error:
        raise Refused(str(error)) from None


def text_of_body(body: RouterBody) -> str:
    """The lines that `body_of_text` reads back."""
    return "\n".join(f"{name}: {definition}" for name, definition in body.domains)


def _keep(sessions: sessionmaker[Session], name: str, *, title: str, body: RouterBody, is_builtin: bool) -> RouterRow:
    races_left = RACES_ENDURED
    while True:
        with sessions() as session:
            latest = session.scalar(select(Router).where(Router.name == name).order_by(Router.version.desc()).limit(1))
        if latest is not None and latest.sha256 == body.sha256:
            return _row(latest)
        row = Router(
            name=name, version=1 if latest is None else latest.version + 1, title=title, body=body.to_json(),
            sha256=body.sha256, is_builtin=is_builtin,
        )  # fmt: skip
        try:
            with sessions.begin() as session:
                session.add(row)
            return _row(row)
        except IntegrityError:  # somebody took this number; look again
            races_left -= 1
            if not races_left:
                raise


def _row(found: Router) -> RouterRow:
    return RouterRow(
        router_id=found.router_id,
        name=found.name,
        version=found.version,
        title=found.title,
        body=RouterBody.from_json(found.body),
        sha256=found.sha256,
        is_builtin=found.is_builtin,
        created_at=found.created_at,
    )
