"""Routers as immutable versions: the built-in one written once, an edit kept as a new version.

Leaves out the question a body asks (scoring/router.py) and asking it (guesses.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session, sessionmaker

from db.tables_criteria import Router
from scoring.router import THREE_DOMAINS, RouterBody
from services.errors import NotFound, Refused
from services.version_store import NAME_LIMIT, find_version, keep_version, latest_versions, sound_name

BUILTIN = "three-domains"
BUILTIN_TITLE = "Chat, reasoning, safety"


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
    return tuple(map(_row, latest_versions(sessions, Router)))


def get_router(sessions: sessionmaker[Session], router_id: int) -> RouterRow:
    """That version, or NotFound."""
    with sessions() as session:
        found = session.get(Router, router_id)
    if found is None:
        raise NotFound(f"no router with number {router_id}; choose one from the list")
    return _row(found)


def find_router(sessions: sessionmaker[Session], name: str = BUILTIN, *, version: int | None = None) -> RouterRow:
    """The named router, its latest version unless told; NotFound lists the names there are."""
    return _row(find_version(sessions, Router, name, version=version))


def add_router_version(sessions: sessionmaker[Session], name: str, *, body: RouterBody, title: str = "") -> RouterRow:
    """Keep an edit: the next version of `name`, or the latest one when the body is the same. Safe when two do it."""
    wanted = sound_name("the router's", name, title)
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
    return _row(
        keep_version(
            sessions, Router, name, title=title, body=body.to_json(), sha256=body.sha256, is_builtin=is_builtin
        )
    )


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
