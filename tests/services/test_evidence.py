"""Hashes over what a certificate rests on: any column that a figure could depend on changes them, nothing else does."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from certified_desk import CertifiedDesk, write_certified_desk
from sqlalchemy import text, update

from db.session import Sessions
from db.tables import Candidate, Item, Suggestion
from services.certificate.canonical import canonical, chain_of, rounded, sha256_of
from services.certificate.evidence import content_chain, decision_chain, suggestion_chain


@pytest.fixture
def shop(fresh_db: Sessions) -> CertifiedDesk:
    desk = write_certified_desk(fresh_db, [f"tea {n}" for n in range(4)])
    write_certified_desk(fresh_db, ["between"], name="other").choose(0)
    desk.choose(0)
    desk.choose(1, 1, tags=["style"])
    return desk


def test_a_chain_is_each_hash_over_its_row_and_the_hash_before() -> None:
    first = hashlib.sha256(("0" * 64 + '["a"]').encode()).hexdigest()
    second = hashlib.sha256((first + '["é",1.5]').encode()).hexdigest()
    chain = chain_of([(3, ["a"]), (7, ["é", 1.5])], link_rows=1)
    assert (chain.n, chain.first, chain.last, chain.sha256) == (2, 3, 7, second)
    assert chain.links == ((3, first), (7, second))
    assert chain_of([]).sha256 == "0" * 64


def test_one_value_has_one_text() -> None:
    assert canonical({"b": [1, 2.0, None], "a": "é\n"}) == '{"a":"é\\n","b":[1,2.0,null]}'
    assert sha256_of({"a": 1, "b": 2}) == sha256_of({"b": 2, "a": 1})
    with pytest.raises(ValueError, match="Out of range"):
        canonical(float("nan"))
    assert rounded({"x": (1 / 3, float("inf")), "n": True}) == {"x": [0.3333333333, None], "n": True}


@pytest.mark.parametrize(
    "change",
    [
        update(Candidate).where(Candidate.position == 1).values(text="changed"),
        update(Candidate).values(gold_rank=1.0),
        update(Item).where(Item.position == 3).values(domain="other"),
        update(Item).values(messages=[{"role": "user", "content": "other"}]),
    ],
)
def test_a_changed_item_or_candidate_changes_the_content_hash(shop: CertifiedDesk, change: Any) -> None:
    with shop.sessions.begin() as session:
        before = content_chain(session, shop.dataset_id)
        session.execute(change)
        assert content_chain(session, shop.dataset_id).sha256 != before.sha256


def test_a_changed_margin_changes_the_hash_of_the_suggestions(shop: CertifiedDesk) -> None:
    with shop.sessions.begin() as session:
        before = suggestion_chain(session, shop.run_id)
        wanted = update(Suggestion).where(Suggestion.run_id == shop.run_id, Suggestion.item_id == shop.item_ids[2])
        session.execute(wanted.values(margin=2.0000001))
        assert suggestion_chain(session, shop.run_id).sha256 != before.sha256


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "column",
    ["verdict", "chosen_candidate_id", "is_blind", "note", "display_order", "reason_tags", "elapsed_ms", "kind"],
)
def test_a_decision_changed_past_the_trigger_changes_the_chain(shop: CertifiedDesk, column: str) -> None:
    value = {"display_order": "'[1]'", "reason_tags": "'[]'", "is_blind": "1", "elapsed_ms": "5"}.get(column, "'9'")
    with shop.sessions.begin() as session:
        before = decision_chain(session, shop.dataset_id)
        for trigger in session.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all():
            session.execute(text(f"DROP TRIGGER {trigger}"))
        last = "(SELECT max(decision_id) FROM decision)"
        session.execute(text("PRAGMA foreign_keys = OFF"))
        session.execute(text(f"UPDATE decision SET {column} = {value} WHERE decision_id = {last}"))
        after = decision_chain(session, shop.dataset_id)
        assert (after.n, after.sha256 != before.sha256) == (before.n, True)
        session.rollback()


def test_another_dataset_between_the_rows_changes_nothing(shop: CertifiedDesk) -> None:
    with shop.sessions() as session:
        chain, content = decision_chain(session, shop.dataset_id), content_chain(session, shop.dataset_id)
    assert (chain.n, content.n) == (2, 4)
    other = write_certified_desk(shop.sessions, ["pot"], name="third")
    other.choose(0)
    with shop.sessions() as session:
        assert decision_chain(session, shop.dataset_id) == chain
        assert content_chain(session, shop.dataset_id) == content
