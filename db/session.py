"""Engines and sessions on the one database that TARE_DATABASE_URL names: SQLite by default, PostgreSQL for teams.

    with sessions() as session: ...          reads; a flush or an INSERT here is refused by name
    with sessions.begin() as session: ...    writes; committed at the end, rolled back by an error

Why two doors: a SQLite transaction that reads first and writes later fails at once with "database is locked" when
somebody else committed in between, and no timeout helps. So a writing transaction takes the write lock when it begins
(BEGIN IMMEDIATE, waits up to 10 s), and a reading one takes none (plain BEGIN: a snapshot, never in anybody's way).
Threads that want to write on SQLite stand in a queue first (turns.py): SQLite's own waiting is not fair.

Left out: the schema (migrate.py) and databases in memory, which every connection would see empty.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.orm import ORMExecuteState, Session, sessionmaker

from db.turns import Turns

DEFAULT_URL = "sqlite:///tare.db"
BUSY_TIMEOUT_MS = 10_000
CONNECT_TIMEOUT_S = 10
POOL_KEPT, POOL_MORE = 10, 30  # PostgreSQL: connections kept, and more while many people act at the same moment
IS_WRITING = "tare_is_writing"  # execution option of an engine, and key of Session.info


class DatabaseUnavailable(Exception):
    """The database cannot be used as it is named: bad URL, unknown kind, no server, no such folder, not a database."""


class ReadOnlySession(Exception):
    """A write came through the reading door: a mistake in the program, not of the person."""


def database_url() -> str:
    """The URL in TARE_DATABASE_URL, or a SQLite file in the working folder."""
    return os.environ.get("TARE_DATABASE_URL", "").strip() or DEFAULT_URL


def parse_url(url: str | URL) -> URL:
    """The URL with its driver filled in (`postgresql://` is psycopg 3).

    Raises:
        DatabaseUnavailable: unreadable, of a kind that is not offered, or a SQLite database in memory.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:  # its text repeats the URL, password included
        raise DatabaseUnavailable(
            "TARE_DATABASE_URL is not a database URL; write sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME"
        ) from None
    if parsed.drivername in ("postgresql", "postgres", "postgresql+psycopg"):
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername not in ("sqlite", "sqlite+pysqlite"):
        raise DatabaseUnavailable(
            f"{parsed.drivername!r} databases are not supported; use sqlite:///FILE or "
            "postgresql://USER:PASSWORD@HOST/NAME"
        )
    if not parsed.database or parsed.database == ":memory:" or parsed.database.startswith("file:"):
        raise DatabaseUnavailable(f"{shown(parsed)} names no file; write sqlite:///FILE, for example {DEFAULT_URL}")
    return parsed


def shown(url: URL) -> str:
    """The URL as it may be printed: without its password, and without query values that may hold one."""
    return url.set(query={}).render_as_string(hide_password=True)


def make_engine(url: str | URL) -> Engine:
    """An engine on the URL. Connects to nothing yet.

    Raises:
        DatabaseUnavailable: as `parse_url`.
    """
    parsed = parse_url(url)
    if parsed.get_backend_name() == "sqlite":
        engine = create_engine(parsed, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    return create_engine(
        parsed, pool_pre_ping=True, pool_size=POOL_KEPT, max_overflow=POOL_MORE,
        connect_args={"connect_timeout": CONNECT_TIMEOUT_S},
    )  # fmt: skip


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # BEGIN is ours to send, not the driver's: see _begin_sqlite
    connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        _switch_to_wal(connection)
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA recursive_triggers=ON")  # else INSERT OR REPLACE deletes past the DELETE trigger


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    """Once in a file's life. SQLite does not wait its busy_timeout here when others open the new file as well."""
    deadline = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def _begin_sqlite(connection: Connection) -> None:
    is_writing = connection.get_execution_options().get(IS_WRITING, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writing else "BEGIN")


@contextmanager
def open_connection(engine: Engine) -> Iterator[Connection]:
    """A connection, or one clear line why there is none.

    Raises:
        DatabaseUnavailable: the server does not answer or refuses, the folder is missing, the file is no database.
    """
    _require_folder(engine.url)
    try:
        connection = engine.connect()
    except (DBAPIError, sqlite3.DatabaseError) as error:
        reason = str(getattr(error, "orig", None) or error).strip().splitlines()
        raise DatabaseUnavailable(
            f"the database {shown(engine.url)} cannot be opened: {_without_password(reason[0], engine.url)}; "
            "check TARE_DATABASE_URL and that it is reachable"
        ) from None
    with connection:
        yield connection


def _require_folder(url: URL) -> None:
    if url.get_backend_name() != "sqlite":
        return
    folder = Path(url.database or "").parent
    if not folder.is_dir():
        raise DatabaseUnavailable(
            f"the database {shown(url)} cannot be opened: there is no folder {str(folder)!r}; make it, or change "
            "TARE_DATABASE_URL"
        )


def _without_password(text: str, url: URL) -> str:
    return text.replace(str(url.password), "***") if url.password else text


class Sessions(sessionmaker[Session]):
    """A sessionmaker with a reading door, `sessions()`, and a writing one, `sessions.begin()`."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(bind=engine, expire_on_commit=False)
        self.engine = engine
        self._writing_engine = engine.execution_options(**{IS_WRITING: True})
        self._turns = Turns() if engine.dialect.name == "sqlite" else None

    @contextmanager
    def begin(self) -> Iterator[Session]:
        """One writing transaction: committed at the end of the block, rolled back when the block raises."""
        turn = nullcontext() if self._turns is None else self._turns.mine(timeout_s=BUSY_TIMEOUT_MS / 1000)
        with turn, self(bind=self._writing_engine, info={IS_WRITING: True}) as session, session.begin():
            yield session


def make_sessionmaker(url: str | URL | Engine) -> Sessions:
    """Sessions on a URL or an engine; objects stay readable after commit (expire_on_commit is off)."""
    sessions = Sessions(url if isinstance(url, Engine) else make_engine(url))
    event.listen(sessions, "before_flush", _refuse_flush)
    event.listen(sessions, "do_orm_execute", _refuse_statement)
    return sessions


def _refuse_flush(session: Session, _context: Any, _instances: Any) -> None:
    if not session.info.get(IS_WRITING):
        raise ReadOnlySession("this session was opened to read; write inside `with sessions.begin() as session:`")


def _refuse_statement(state: ORMExecuteState) -> None:
    is_write = state.is_insert or state.is_update or state.is_delete
    if is_write and not state.session.info.get(IS_WRITING):
        raise ReadOnlySession("this session was opened to read; write inside `with sessions.begin() as session:`")
