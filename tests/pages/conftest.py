"""A desk for page tests: a migrated temporary database with a small weighed dataset, and a reviewer who acts on it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from desk_data import Desk, write_desk
from desk_people import PAIR, SUMS, TOO_LONG, Reviewer
from sqlalchemy import select

from db.session import Sessions, make_sessionmaker
from db.tables import Decision


@pytest.fixture
def empty_desk(migrated_sqlite: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sessions]:
    """A migrated, empty database that the app under test opens; no worker runs."""
    shutil.copy(migrated_sqlite, tmp_path / "desk.db")
    url = f"sqlite:///{tmp_path / 'desk.db'}"
    monkeypatch.setenv("TARE_DATABASE_URL", url)
    monkeypatch.setenv("TARE_WORKER", "off")
    monkeypatch.delenv("TARE_ANNOTATOR", raising=False)
    sessions = make_sessionmaker(url)
    yield sessions
    sessions.engine.dispose()


@pytest.fixture
def desk(empty_desk: Sessions) -> Desk:
    """Four items: two with four candidates (B suggested), a pair (A suggested), one that is too long to weigh."""
    return write_desk(empty_desk, [SUMS, PAIR, TOO_LONG, SUMS], guidelines="Prefer the right sum.")


@pytest.fixture
def sums(empty_desk: Sessions) -> Desk:
    """Six items with four responses each."""
    return write_desk(empty_desk, [SUMS] * 6)


@pytest.fixture
def reviewer(desk: Desk) -> Reviewer:
    """Somebody at the review screen of the desk's dataset."""
    person = Reviewer()
    person.open(dataset="tea shop")
    return person


@pytest.fixture
def decisions(empty_desk: Sessions) -> Callable[[], list[Decision]]:
    """Every decision row, oldest first."""

    def read() -> list[Decision]:
        with empty_desk() as session:
            return list(session.scalars(select(Decision).order_by(Decision.decision_id)))

    return read
