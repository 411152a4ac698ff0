"""Databases for the tests: `fresh_db` is migrated and empty, on SQLite and, where a server is named, on PostgreSQL.

A test that needs one kind only: `@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)`.
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from audit_builders import Audited
from certified_audit import write_audited
from sqlalchemy import URL, create_engine, make_url, text

from db.migrate import upgrade
from db.session import Sessions, make_sessionmaker

SERVER = os.environ.get("TARE_TEST_POSTGRES_URL", "")
NO_SERVER = "needs PostgreSQL: set TARE_TEST_POSTGRES_URL=postgresql+psycopg://USER@HOST/postgres, or run .ci/run"
SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_kind(request: pytest.FixtureRequest) -> str:
    """Which database this test runs on: "sqlite" or "postgresql"."""
    if request.param == "postgresql" and not SERVER:
        pytest.skip(NO_SERVER)
    return str(request.param)


@pytest.fixture
def empty_url(database_kind: str, tmp_path: Path) -> Iterator[str]:
    """The URL of a database without tables."""
    if database_kind == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    name = _new_name()
    _on_server(f'CREATE DATABASE "{name}"')
    yield _server_url(name)
    _on_server(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def fresh_url(database_kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a migrated, empty database: a copy of one that was migrated once for all tests."""
    if database_kind == "sqlite":
        shutil.copy(request.getfixturevalue("migrated_sqlite"), tmp_path / "fresh.db")
        yield f"sqlite:///{tmp_path / 'fresh.db'}"
        return
    name, template = _new_name(), request.getfixturevalue("migrated_postgresql")
    _on_server(f'CREATE DATABASE "{name}" TEMPLATE "{template}"{_strategy()}')
    yield _server_url(name)
    _on_server(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def fresh_db(fresh_url: str) -> Iterator[Sessions]:
    """Sessions on a migrated, empty database."""
    sessions = make_sessionmaker(fresh_url)
    yield sessions
    sessions.engine.dispose()


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with this version's schema."""
    path = tmp_path_factory.mktemp("sqlite") / "migrated.db"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def audited_once(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Audited]:
    """An audited dataset named `set` in a SQLite file, written once; tests copy it."""
    path = tmp_path_factory.mktemp("audited") / "audited.db"
    shutil.copy(migrated_sqlite, path)
    sessions = make_sessionmaker(f"sqlite:///{path}")
    found = write_audited(sessions)
    sessions.engine.dispose()
    return path, found


@pytest.fixture
def audited(audited_once: tuple[Path, Audited], tmp_path: Path) -> Iterator[Audited]:
    """The audited dataset in a file of its own, audited.db."""
    shutil.copy(audited_once[0], tmp_path / "audited.db")
    sessions = make_sessionmaker(f"sqlite:///{tmp_path / 'audited.db'}")
    yield replace(audited_once[1], sessions=sessions)
    sessions.engine.dispose()


@pytest.fixture(scope="session")
def migrated_postgresql() -> Iterator[str]:
    """The name of a PostgreSQL database with this version's schema."""
    name = _new_name()
    _on_server(f'CREATE DATABASE "{name}"')
    upgrade(_server_url(name))
    yield name
    _on_server(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def shared_data() -> Path:
    """The folder of real preference data beside the project; skips where there is none."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"needs the real preference data in {os.path.relpath(SHARED_DATA)}")
    return SHARED_DATA


def _new_name() -> str:
    return f"tare_test_{uuid.uuid4().hex[:12]}"


@cache
def _strategy() -> str:
    """Copying files takes a third of the time of copying through the log, which PostgreSQL 15 and newer do else."""
    engine = create_engine(make_url(SERVER).set(drivername="postgresql+psycopg"))
    with engine.connect() as connection:
        version = int(connection.scalar(text("SHOW server_version_num")) or 0)
    engine.dispose()
    return " STRATEGY FILE_COPY" if version >= 150_000 else ""


def _server_url(database: str) -> str:
    url: URL = make_url(SERVER).set(drivername="postgresql+psycopg", database=database)
    return url.render_as_string(hide_password=False)


def _on_server(statement: str) -> None:
    engine = create_engine(make_url(SERVER).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
