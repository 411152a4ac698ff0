"""Migrations: they make exactly the tables, carry old data upward, and keep decisions append-only."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, delete, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from db.migrate import HEAD, REVISIONS, NewerDatabase, alembic_configuration, is_current, upgrade
from db.session import Sessions, make_engine, make_sessionmaker
from db.tables import Annotator, Base, Dataset, Decision, Item, Noise, Run, Suggestion
from db.tables_criteria import DomainCorrection, ItemDomain


@pytest.fixture
def decided_db(fresh_db: Sessions) -> Sessions:
    """One item with one decision."""
    with fresh_db.begin() as session:
        _write_decision(session)
    return fresh_db


def _write_decision(session: Any) -> None:
    session.execute(insert(Dataset).values(dataset_id=1, name="tea"))
    session.execute(insert(Item).values(item_id=1, dataset_id=1, position=0, messages=[]))
    session.execute(insert(Annotator).values(annotator_id=1, name="ada"))
    session.execute(
        insert(Decision).values(decision_id=1, submission="s", item_id=1, annotator_id=1, verdict="skip", note="kept")
    )


def test_the_listed_revisions_are_the_chain_of_migrations() -> None:
    chain = [step.revision for step in ScriptDirectory.from_config(alembic_configuration()).walk_revisions()]
    assert tuple(reversed(chain)) == REVISIONS


def test_migrations_make_exactly_the_tables(fresh_db: Sessions) -> None:
    with fresh_db.engine.connect() as connection:
        kept = {"compare_type": True, "include_name": lambda name, *_: not (name or "").startswith("item_search")}
        context = MigrationContext.configure(connection, opts=kept)  # the index of words is no table of ours
        assert compare_metadata(context, Base.metadata) == []


def test_an_empty_database_is_moved_once(empty_url: str) -> None:
    assert not is_current(empty_url)
    assert upgrade(empty_url)
    assert is_current(empty_url)
    assert not upgrade(empty_url)


def test_a_current_database_is_recognised_without_importing_alembic(fresh_url: str) -> None:
    program = f"import sys; from db.migrate import upgrade; print(upgrade({fresh_url!r}), 'alembic' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert said.stdout.split() == ["False", "False"]


def test_an_older_database_moves_up_with_its_data(empty_url: str) -> None:
    upgrade(empty_url, revision=REVISIONS[0])
    sessions = make_sessionmaker(empty_url)
    with sessions.begin() as session:
        _write_decision(session)
        session.execute(update(Decision).values(note="edited"))  # nothing forbids it yet
    assert not is_current(sessions.engine)
    assert upgrade(sessions.engine)
    with sessions() as session:
        assert session.scalar(select(Decision.note)) == "edited"
        assert session.scalar(select(Dataset.name)) == "tea"
    with pytest.raises(DBAPIError, match="append-only"), sessions.begin() as session:
        session.execute(update(Decision).values(note="again"))
    sessions.engine.dispose()


def test_a_database_from_before_noise_was_measured_keeps_its_runs_and_says_nothing_about_theirs(
    empty_url: str,
) -> None:
    upgrade(empty_url, revision="0002")
    sessions = make_sessionmaker(empty_url)
    with sessions.begin() as session:
        _write_weighed(session)
    assert upgrade(sessions.engine)
    with sessions.begin() as session:
        run = session.get_one(Run, 1)
        assert (run.status, run.n_done, run.share_done, run.noise_margin) == ("done", 1, None, None)
        suggestion = session.get_one(Suggestion, (1, 1))
        assert (suggestion.margin, suggestion.ranking, suggestion.taken_from) == (0.5, [[1], [2]], None)
        session.add(Noise(fingerprint="f", engine="plain", device="cpu", dtype="bfloat16", n=16,
                          max_sum=0.1, rms_sum=0.1, max_mean=0.1, rms_mean=0.1))  # fmt: skip
    sessions.engine.dispose()


def test_a_database_from_before_routers_keeps_its_runs_and_takes_domains_for_them(empty_url: str) -> None:
    upgrade(empty_url, revision="0003")
    sessions = make_sessionmaker(empty_url)
    with sessions.begin() as session:
        _write_weighed(session)
    assert upgrade(sessions.engine)
    with sessions.begin() as session:
        session.add(Annotator(annotator_id=1, name="Ada"))
        session.add(ItemDomain(run_id=1, item_id=1, domain="safety", source="router", probability=0.9))
        session.flush()
        session.add(DomainCorrection(item_id=1, annotator_id=1, domain="chat"))
    with sessions() as session:
        assert session.get_one(Run, 1).status == "done"
        assert session.scalar(select(ItemDomain.domain)) == "safety"
        assert session.scalar(select(DomainCorrection.domain)) == "chat"
    sessions.engine.dispose()


def test_a_database_from_before_looks_keeps_its_decisions_as_labels_and_finds_its_words(empty_url: str) -> None:
    upgrade(empty_url, revision="0004")
    sessions = make_sessionmaker(empty_url)
    with sessions.begin() as session:
        _write_weighed(session)
        session.execute(text('UPDATE item SET messages = \'[{"role": "user", "content": "Which Darjeeling?"}]\''))
        session.execute(
            text("INSERT INTO annotator (annotator_id, name, role, created_at) VALUES (1, 'ada', '', '2026-01-01')")
        )
        session.execute(
            text(
                "INSERT INTO decision (decision_id, submission, item_id, annotator_id, verdict, ranking, reason_tags, "
                "note, is_blind, display_order, suggestion, created_at) "
                "VALUES (1, 's', 1, 1, 'skip', '[]', '[]', 'kept', false, '[]', '{}', '2026-01-01')"
            )
        )
    assert upgrade(sessions.engine)
    with sessions() as session:
        decision = session.get_one(Decision, 1)
        assert (decision.note, decision.kind, decision.look_id) == ("kept", "label", None)
        is_sqlite = sessions.engine.dialect.name == "sqlite"
        question = (
            "rowid FROM item_search WHERE body MATCH 'darjeeling'"
            if is_sqlite
            else ("item_id FROM item_search WHERE body @@ to_tsquery('simple', 'darjeeling')")
        )
        assert session.scalars(text(f"SELECT {question}")).all() == [1]
    with pytest.raises(DBAPIError, match="append-only"), sessions.begin() as session:
        session.execute(update(Decision).values(note="again"))
    sessions.engine.dispose()


def _write_weighed(session: Any) -> None:
    """A finished run in the columns of revision 0002."""
    for statement in (
        "INSERT INTO dataset (dataset_id, name, file_name, sha256, format, statement, guidelines, state, n_items, "
        "n_candidates, n_gold, created_at) VALUES (1, 'tea', '', '', '', '', '', 'ready', 1, 2, 0, '2026-01-01')",
        "INSERT INTO item (item_id, dataset_id, position, messages, meta) VALUES (1, 1, 0, '[]', '{}')",
        "INSERT INTO candidate (candidate_id, item_id, position, text) VALUES (1, 1, 0, 'a'), (2, 1, 1, 'b')",
        "INSERT INTO criteria (criteria_id, name, version, title, body, sha256, is_builtin, created_at) "
        "VALUES (1, 'none', 1, '', '{}', '', false, '2026-01-01')",
        "INSERT INTO model_pair (model_pair_id, name, spec, sha256, created_at) "
        "VALUES (1, 'demo', '{}', '', '2026-01-01')",
        "INSERT INTO run (run_id, dataset_id, model_pair_id, criteria_id, configuration, software, status, is_hidden, "
        "n_items, n_done, n_not_weighed, n_out_of_world, n_computed, n_cached, elapsed_s, created_at) "
        "VALUES (1, 1, 1, 1, '{}', '{}', 'done', false, 1, 1, 0, 0, 4, 0, 1.0, '2026-01-01')",
        "INSERT INTO suggestion (run_id, item_id, best_candidate_id, ranking, margin, is_length_flip, "
        "is_out_of_world, notes) VALUES (1, 1, 1, '[[1], [2]]', 0.5, false, false, '[]')",
    ):
        session.execute(text(statement))


def test_foreign_keys_are_on_again_after_a_migration(empty_url: str) -> None:
    sessions = make_sessionmaker(empty_url)
    upgrade(sessions.engine)
    with pytest.raises(DBAPIError), sessions.begin() as session:
        session.add(Item(dataset_id=99, position=0, messages=[]))
    sessions.engine.dispose()


def test_a_database_of_a_later_version_is_refused_with_one_line(fresh_db: Sessions) -> None:
    with fresh_db.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(NewerDatabase, match=f"has schema '9999', this version of Tare knows up to '{HEAD}'"):
        upgrade(fresh_db.engine)
    with pytest.raises(NewerDatabase):
        is_current(fresh_db.engine)


def test_two_that_migrate_at_once_do_not_hurt_each_other(empty_url: str) -> None:
    moved: list[bool] = []
    threads = [threading.Thread(target=lambda: moved.append(upgrade(empty_url))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(moved) == [False, True]
    assert is_current(empty_url)


def test_decisions_can_be_neither_changed_nor_deleted(decided_db: Sessions) -> None:
    for statement in (update(Decision).values(note="better"), delete(Decision)):
        with pytest.raises(DBAPIError, match="append-only"), decided_db.begin() as session:
            session.execute(statement)
    with decided_db() as session:
        assert session.scalars(select(Decision.note)).all() == ["kept"]


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_replacing_a_decision_is_refused_on_sqlite(decided_db: Sessions) -> None:
    row = "INSERT OR REPLACE INTO decision SELECT * FROM decision"
    with pytest.raises(DBAPIError, match="append-only"), decided_db.begin() as session:
        session.execute(text(row))


@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
def test_truncating_decisions_is_refused_on_postgresql(decided_db: Sessions) -> None:
    with pytest.raises(DBAPIError, match="append-only"), decided_db.begin() as session:
        session.execute(text("TRUNCATE decision CASCADE"))  # without it, whatever refers to decisions refuses first


def test_an_item_with_a_decision_cannot_go(decided_db: Sessions) -> None:
    with pytest.raises(DBAPIError), decided_db.begin() as session:
        session.execute(delete(Item))


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_an_item_id_is_not_used_again_after_a_delete(fresh_db: Sessions) -> None:
    ids = []
    for _ in range(2):
        with fresh_db.begin() as session:
            dataset = Dataset(name="tea")
            session.add(dataset)
            session.flush()
            item = Item(dataset_id=dataset.dataset_id, position=0, messages=[])
            session.add(item)
            session.flush()
            ids.append(item.item_id)
            session.delete(dataset)
    assert ids == [1, 2]


def test_an_engine_that_was_passed_in_stays_open(fresh_url: str) -> None:
    engine: Engine = make_engine(fresh_url)
    upgrade(engine)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) == HEAD
    engine.dispose()
