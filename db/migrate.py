"""Moves a database to this version's schema: Alembic, called from the program, all steps in one transaction.

Start-up time counts, so Alembic is imported only when there is something to move. A new revision is written by hand in
`migrations/versions/` and appended to REVISIONS; the tests compare both with the chain and the tables.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, inspect, text

from db.session import IS_WRITING, DatabaseUnavailable, make_engine, open_connection, shown

REVISIONS = ("0001", "0002", "0003", "0004", "0005")  # oldest first
HEAD = REVISIONS[-1]
MIGRATION_LOCK = 7_264_811_902  # any number; PostgreSQL's advisory lock while somebody migrates


class NewerDatabase(DatabaseUnavailable):
    """The database was migrated by a later version of Tare."""


def is_current(url_or_engine: Any) -> bool:
    """Whether the database has this version's schema (False also for an empty one).

    Raises:
        DatabaseUnavailable: it cannot be opened.
        NewerDatabase: it knows a revision that this version does not.
    """
    with _engine(url_or_engine) as engine, open_connection(engine) as connection:
        return _revision(connection) == HEAD


def upgrade(url_or_engine: Any, *, revision: str = HEAD) -> bool:
    """Brings the database up to `revision`; returns whether anything had to be moved.

    Two processes may call it at the same moment: one moves, the other waits and finds it done. A failure leaves the
    database as it was.

    Raises:
        DatabaseUnavailable: it cannot be opened.
        NewerDatabase: it knows a revision that this version does not.
    """
    with _engine(url_or_engine) as engine:
        with open_connection(engine) as connection:
            if _revision(connection) == revision:
                return False
        writing = engine.execution_options(**{IS_WRITING: True})
        with open_connection(writing) as connection, _without_foreign_keys(connection), connection.begin():
            return _move(connection, revision)


def _move(connection: Connection, revision: str) -> bool:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
    if _revision(connection) == revision:  # somebody else was faster
        return False
    from alembic import command

    configuration = alembic_configuration()
    configuration.attributes["connection"] = connection
    command.upgrade(configuration, revision)
    return True


def alembic_configuration() -> Any:
    """Alembic's Config on this package's migrations."""
    from alembic.config import Config

    configuration = Config()
    configuration.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    configuration.set_main_option("path_separator", "os")
    return configuration


def _revision(connection: Connection) -> str | None:
    """The revision the database says it has; None when it is empty."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.scalar(text("SELECT version_num FROM alembic_version"))
    if found is not None and found not in REVISIONS:
        raise NewerDatabase(
            f"the database {shown(connection.engine.url)} has schema {found!r}, this version of Tare knows up to "
            f"{HEAD!r}; install the newer Tare that made it, or name another database in TARE_DATABASE_URL"
        )
    return found


@contextmanager
def _engine(url_or_engine: Any) -> Iterator[Engine]:
    """The engine as given, or one on the URL that is closed afterwards."""
    if isinstance(url_or_engine, Engine):
        yield url_or_engine
        return
    engine = make_engine(url_or_engine)
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def _without_foreign_keys(connection: Connection) -> Iterator[None]:
    """SQLite changes a column by making the table anew: dropping the old one would delete its children."""
    if connection.dialect.name != "sqlite":
        yield
        return
    driver: Any = (
        connection.connection.dbapi_connection
    )  # past SQLAlchemy: inside a transaction the pragma does nothing
    driver.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        driver.execute("PRAGMA foreign_keys=ON")
