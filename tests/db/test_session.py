"""Engines and sessions: the two doors, SQLite's settings, and one clear line for a database that cannot be opened."""

from __future__ import annotations

import multiprocessing
import threading
from pathlib import Path

import pytest
from sqlalchemy import select, text, update

from db.migrate import upgrade
from db.session import DatabaseUnavailable, ReadOnlySession, Sessions, database_url, make_engine, make_sessionmaker
from db.tables import Annotator, Dataset, Decision, Item

PER_WRITER = 60


def test_sqlite_opens_with_wal_foreign_keys_and_patience(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path / 'a.db'}")
    with engine.connect() as connection:
        found = {
            name: connection.scalar(text(f"PRAGMA {name}"))
            for name in ("journal_mode", "foreign_keys", "busy_timeout", "recursive_triggers")
        }
    engine.dispose()
    assert found == {"journal_mode": "wal", "foreign_keys": 1, "busy_timeout": 10_000, "recursive_triggers": 1}


def test_the_database_is_the_one_the_environment_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TARE_DATABASE_URL", raising=False)
    assert database_url() == "sqlite:///tare.db"
    monkeypatch.setenv("TARE_DATABASE_URL", "postgresql://me@here/x")
    assert database_url() == "postgresql://me@here/x"


def test_a_postgresql_url_gets_the_driver_that_is_installed() -> None:
    engine = make_engine("postgresql://me:secret@localhost/tare")
    assert engine.url.drivername == "postgresql+psycopg"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("not a url", "not a database URL"),
        ("mysql://me:secret@here/x", "'mysql' databases are not supported"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("sqlite:////nowhere/at/all/tare.db", "there is no folder '/nowhere/at/all'"),
        ("postgresql://me:secret@127.0.0.1:1/x", "cannot be opened"),
    ],
)
def test_a_database_that_cannot_be_opened_is_one_clear_line_without_the_password(url: str, said: str) -> None:
    with pytest.raises(DatabaseUnavailable) as refusal:
        upgrade(url)
    line = str(refusal.value)
    assert said in line
    assert "\n" not in line
    assert "secret" not in line


def test_a_file_that_is_no_database_is_one_clear_line(tmp_path: Path) -> None:
    path = tmp_path / "photo.db"
    path.write_bytes(b"\x89PNG" * 1000)
    with pytest.raises(DatabaseUnavailable, match="file is not a database"):
        upgrade(f"sqlite:///{path}")


def test_writing_through_the_reading_door_is_refused_by_name(fresh_db: Sessions) -> None:
    session = fresh_db()
    session.add(Annotator(name="ada"))
    with pytest.raises(ReadOnlySession, match=r"sessions\.begin"):
        session.commit()
    session.close()
    with fresh_db() as session, pytest.raises(ReadOnlySession):
        session.execute(update(Annotator).values(role="admin"))


def test_a_block_that_raises_leaves_nothing_written(fresh_db: Sessions) -> None:
    with pytest.raises(ZeroDivisionError):
        _write_and_break(fresh_db)
    with fresh_db() as session:
        assert session.scalars(select(Annotator)).all() == []


def _write_and_break(sessions: Sessions) -> None:
    with sessions.begin() as session:
        session.add(Annotator(name="ada"))
        session.flush()
        raise ZeroDivisionError


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_reading_then_writing_survives_another_writer_in_between(fresh_db: Sessions) -> None:
    """With a deferred BEGIN the second writer fails at once: its snapshot is stale and no timeout helps."""
    done = threading.Event()

    def add_bob() -> None:
        with fresh_db.begin() as other:
            other.add(Annotator(name="bob"))
        done.set()

    with fresh_db.begin() as session:
        assert session.scalars(select(Annotator)).all() == []
        thread = threading.Thread(target=add_bob)
        thread.start()
        assert not done.wait(0.2)  # it waits for the lock instead of breaking ours
        session.add(Annotator(name="ada"))
    thread.join()
    with fresh_db() as session:
        assert set(session.scalars(select(Annotator.name))) == {"ada", "bob"}


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_a_reader_neither_waits_for_a_writer_nor_stops_one(fresh_db: Sessions) -> None:
    with fresh_db() as reader:
        assert reader.scalars(select(Annotator)).all() == []
        with fresh_db.begin() as writer:
            writer.add(Annotator(name="ada"))
            writer.flush()
            with fresh_db() as second_reader:
                assert second_reader.scalars(select(Annotator)).all() == []
        assert reader.scalars(select(Annotator)).all() == []  # its snapshot from before the commit


def test_two_processes_write_decisions_and_none_is_lost(fresh_url: str) -> None:
    sessions = make_sessionmaker(fresh_url)
    with sessions.begin() as session:
        session.add(Dataset(dataset_id=1, name="d"))
        session.flush()
        session.add(Item(item_id=1, dataset_id=1, position=0, messages=[]))
        session.add_all([Annotator(annotator_id=1, name="ada"), Annotator(annotator_id=2, name="bob")])
    spawn = multiprocessing.get_context("spawn")
    with spawn.Pool(2) as pool:
        problems = pool.starmap(_decide_many, [(fresh_url, 1), (fresh_url, 2)])
    with sessions() as session:
        found = session.scalars(select(Decision.submission)).all()
    sessions.engine.dispose()
    assert problems == ["", ""]
    assert sorted(found) == sorted(f"{annotator}-{n}" for annotator in (1, 2) for n in range(PER_WRITER))


def _decide_many(url: str, annotator_id: int) -> str:
    """Reads, then writes, as the desk does; returns what went wrong."""
    sessions = make_sessionmaker(url)
    try:
        for n in range(PER_WRITER):
            with sessions.begin() as session:
                before = session.scalar(select(Decision.decision_id).order_by(Decision.decision_id.desc()).limit(1))
                session.add(
                    Decision(
                        submission=f"{annotator_id}-{n}",
                        item_id=1,
                        annotator_id=annotator_id,
                        verdict="skip",
                        supersedes_id=before,
                    )
                )
    except Exception as error:  # any kind is a failure of this test, and must cross the process border as text
        return repr(error)
    finally:
        sessions.engine.dispose()
    return ""
