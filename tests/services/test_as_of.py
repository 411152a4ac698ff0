"""The database as it stood after a decision: what came later is left out of every question that is asked."""

from __future__ import annotations

import pytest
from certified_desk import CertifiedDesk, write_certified_desk
from service_builders import draft
from sqlalchemy import select

from db.queries_insights import decided_items
from db.queries_reviews import verdict_counts
from db.session import ReadOnlySession, Sessions
from db.tables import Decision, Item
from services.certificate.as_of import as_of, latest_cut
from services.certificate.evidence import content_chain, decision_chain
from services.item_store import insert_items
from services.labels import labels_of
from services.reviews.review import undo


@pytest.fixture
def shop(fresh_db: Sessions) -> CertifiedDesk:
    return write_certified_desk(fresh_db, [f"tea {n}" for n in range(6)])


def answers(sessions: Sessions, dataset_id: int) -> tuple[object, ...]:
    """What several verbs say, queries with subqueries, aliases and groups among them."""
    with sessions() as session:
        return (
            verdict_counts(session, dataset_id, annotator=None, run_id=None),
            decided_items(session, dataset_id, annotator="ann", run_id=None),
            labels_of(session, dataset_id),
            decision_chain(session, dataset_id),
            content_chain(session, dataset_id),
            list(session.scalars(select(Item.item_id).where(Item.dataset_id == dataset_id))),
        )


def test_later_decisions_undos_and_items_are_left_out(shop: CertifiedDesk) -> None:
    shop.choose(0)
    shop.choose(1, 1)
    shop.say(2, "flag")
    before, cut = answers(shop.sessions, shop.dataset_id), latest_cut(shop.sessions, shop.dataset_id)
    undo(shop.sessions, dataset_id=shop.dataset_id, annotator="ann")
    shop.choose(0, 1)
    shop.choose(3, name="ben")
    with shop.sessions.begin() as session:
        insert_items(session, shop.dataset_id, [draft("new", "a", "b")], first_position=6)
    assert answers(shop.sessions, shop.dataset_id) != before
    earlier = as_of(shop.sessions, cut)
    assert answers(earlier, shop.dataset_id) == before
    with earlier() as session:
        assert session.scalars(select(Decision.decision_id)).all()[-1] == cut.decision_id


def test_what_was_cannot_be_written(shop: CertifiedDesk) -> None:
    earlier = as_of(shop.sessions, latest_cut(shop.sessions, shop.dataset_id))
    with pytest.raises(ReadOnlySession, match="as it stood earlier"), earlier.begin():
        pass


def test_the_cut_of_a_dataset_does_not_move_with_another_dataset(shop: CertifiedDesk) -> None:
    shop.choose(0)
    before = latest_cut(shop.sessions, shop.dataset_id)
    other = write_certified_desk(shop.sessions, ["pot"], name="other")
    other.choose(0)
    assert latest_cut(shop.sessions, shop.dataset_id) == before
    assert latest_cut(shop.sessions, other.dataset_id).decision_id > before.decision_id


def test_a_dataset_nobody_decided_on_has_a_cut_before_everything(shop: CertifiedDesk) -> None:
    cut = latest_cut(shop.sessions, shop.dataset_id)
    assert (cut.decision_id, cut.look_id, cut.auto_accept_id, cut.n_places) == (0, 0, 0, ())
    assert answers(as_of(shop.sessions, cut), shop.dataset_id) == answers(shop.sessions, shop.dataset_id)
