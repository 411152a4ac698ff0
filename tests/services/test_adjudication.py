"""Settling what people left open: who may, what they see, what becomes of the label, and taking it back."""

from __future__ import annotations

import pytest
from service_builders import Reviewer, item_ids, make_dataset, plain_items
from sqlalchemy import func, select

from db.session import Sessions
from db.tables import Decision
from services.adjudication import cases, open_case, settle, undo_settlement
from services.annotators import ensure_annotator, set_role
from services.errors import NotFound, Refused
from services.labels import Label, labels_of


class Desk:
    """A dataset of items with three candidates each, and people who decide on them."""

    def __init__(self, sessions: Sessions) -> None:
        self.sessions = sessions
        self.dataset_id = make_dataset(sessions, plain_items(4))
        self.items = item_ids(sessions, self.dataset_id)

    def candidates(self, item_id: int) -> list[int]:
        return sorted(one.candidate_id for one in Reviewer(self.sessions, self.dataset_id).look(item_id).candidates)

    def says(self, name: str, item_id: int, place: int | None = None, verdict: str = "best") -> None:
        chosen = None if place is None else self.candidates(item_id)[place]
        Reviewer(self.sessions, self.dataset_id, name=name).say(item_id, verdict, chosen_candidate_id=chosen)

    def label(self, item_id: int) -> Label | None:
        with self.sessions() as session:
            return labels_of(session, self.dataset_id).get(item_id)


@pytest.fixture
def split(desk: Sessions) -> Desk:
    """ada and bob differ on item 0, ada flags item 1, both agree on item 2."""
    found = Desk(desk)
    found.says("ada", found.items[0], 0)
    found.says("bob", found.items[0], 1)
    found.says("ada", found.items[1], verdict="flag")
    found.says("ada", found.items[2], 0)
    found.says("bob", found.items[2], 0)
    return found


def test_split_and_flagged_items_wait_in_file_order(split: Desk) -> None:
    found = cases(split.sessions, dataset_id=split.dataset_id)
    assert [(row.item_id, row.state, row.n_people) for row in found] == [
        (split.items[0], "split", 2),
        (split.items[1], "flagged", 0),
    ]


def test_names_are_hidden_until_the_case_is_settled(split: Desk) -> None:
    item_id = split.items[0]
    before = open_case(split.sessions, item_id=item_id, by="cleo")
    assert [(one.person, one.name) for one in before.decisions] == [("Person 1", None), ("Person 2", None)]
    assert before == open_case(split.sessions, item_id=item_id, by="cleo"), "the same people on every visit"
    settle(split.sessions, item_id=item_id, by="cleo", chosen_candidate_id=split.candidates(item_id)[2], submission="s")
    after = open_case(split.sessions, item_id=item_id, by="cleo")
    assert {one.name for one in after.decisions} == {"ada", "bob"}
    said = [one.chosen_candidate_id for one in before.decisions]
    assert [one.chosen_candidate_id for one in after.decisions] == said


def test_the_order_of_people_differs_from_item_to_item(desk: Sessions) -> None:
    found = Desk(desk)
    firsts = set()
    for item_id in found.items:
        found.says("ada", item_id, 0)
        found.says("bob", item_id, 1)
        settle(desk, item_id=item_id, by="cleo", is_tie=True, submission=f"s{item_id}")
        firsts.add(open_case(desk, item_id=item_id, by="cleo").decisions[0].name)
    more = [find.decisions[0].is_mine for find in (open_case(desk, item_id=i, by="ada") for i in found.items)]
    assert firsts == {"ada", "bob"}
    assert True in more
    assert False in more


def test_an_adjudication_is_the_label_whatever_people_say_later(split: Desk) -> None:
    item_id = split.items[0]
    third = split.candidates(item_id)[2]
    kept = settle(split.sessions, item_id=item_id, by="cleo", chosen_candidate_id=third, submission="s")
    split.says("dan", item_id, 0)
    split.says("ada", item_id, verdict="flag")
    label = split.label(item_id)
    assert label is not None
    assert (label.state, label.source, label.chosen_candidate_id) == ("settled", "adjudication", third)
    assert (label.decision_id, label.n_for) == (kept.decision_id, 0)
    assert cases(split.sessions, dataset_id=split.dataset_id)[0].item_id == split.items[1]
    (settled, _) = cases(split.sessions, dataset_id=split.dataset_id, with_settled=True)
    assert (settled.state, settled.settled_by) == ("settled", "cleo")


def test_a_ranking_settles_too_and_a_shared_first_place_is_a_tie(split: Desk) -> None:
    item_id = split.items[1]
    a, b, c = split.candidates(item_id)
    kept = settle(split.sessions, item_id=item_id, by="cleo", ranking=[[b], [a, c]], submission="one")
    assert (kept.chosen_candidate_id, kept.ranking, kept.kind) == (b, ((b,), (a, c)), "adjudication")
    settle(split.sessions, item_id=item_id, by="cleo", ranking=[[b, a], [c]], submission="two")
    label = split.label(item_id)
    assert label is not None
    assert label.is_tie


def test_taking_back_brings_the_settlement_before_and_then_the_open_case(split: Desk) -> None:
    item_id = split.items[0]
    a, b, _ = split.candidates(item_id)
    settle(split.sessions, item_id=item_id, by="cleo", chosen_candidate_id=a, submission="one")
    settle(split.sessions, item_id=item_id, by="dan", chosen_candidate_id=b, submission="two")
    restored = undo_settlement(split.sessions, item_id=item_id, by="cleo")
    assert restored is not None
    assert restored.chosen_candidate_id == a
    label = split.label(item_id)
    assert label is not None
    assert label.chosen_candidate_id == a
    assert undo_settlement(split.sessions, item_id=item_id, by="cleo") is None
    assert [row.state for row in cases(split.sessions, dataset_id=split.dataset_id)] == ["split", "flagged"]
    with pytest.raises(Refused, match="is not settled; there is nothing to take back"):
        undo_settlement(split.sessions, item_id=item_id, by="cleo")
    with split.sessions() as session:
        n = session.scalar(select(func.count()).select_from(Decision).where(Decision.kind == "adjudication"))
    assert n == 4, "two settlements and two rows that take them back: nothing is deleted"


def test_settling_is_no_decision_of_the_adjudicator(split: Desk) -> None:
    item_id = split.items[0]
    settle(split.sessions, item_id=item_id, by="ada", is_tie=True, submission="s")
    shown = Reviewer(split.sessions, split.dataset_id, name="ada").look(item_id).decision
    assert shown is not None
    assert shown.verdict == "override", "ada's own decision stays what it was"


def test_sending_a_settlement_twice_keeps_one(split: Desk) -> None:
    item_id = split.items[0]
    once = settle(split.sessions, item_id=item_id, by="cleo", is_tie=True, submission="s")
    assert settle(split.sessions, item_id=item_id, by="cleo", is_tie=True, submission="s") == once


def test_only_an_adjudicator_settles_once_there_is_an_admin(split: Desk) -> None:
    ensure_annotator(split.sessions, "root")
    set_role(split.sessions, name="root", role="admin", by="root")
    item_id = split.items[0]
    with pytest.raises(Refused, match="'ada' may not adjudicate"):
        settle(split.sessions, item_id=item_id, by="ada", is_tie=True, submission="s")
    with pytest.raises(Refused, match="'ada' may not adjudicate"):
        open_case(split.sessions, item_id=item_id, by="ada")
    set_role(split.sessions, name="ada", role="adjudicator", by="root")
    assert settle(split.sessions, item_id=item_id, by="ada", is_tie=True, submission="s").verdict == "tie"


def test_what_cannot_be_settled_is_refused_in_one_line(split: Desk) -> None:
    agreed, item_id = split.items[2], split.items[0]
    with pytest.raises(Refused, match="neither split nor flagged"):
        settle(split.sessions, item_id=agreed, by="cleo", is_tie=True, submission="s")
    with pytest.raises(Refused, match="exactly one of"):
        settle(split.sessions, item_id=item_id, by="cleo", submission="s")
    stranger = split.candidates(agreed)[0]
    with pytest.raises(Refused, match="is not one of item"):
        settle(split.sessions, item_id=item_id, by="cleo", chosen_candidate_id=stranger, submission="s")
    with pytest.raises(NotFound, match="no item 999"):
        settle(split.sessions, item_id=999, by="cleo", is_tie=True, submission="s")
    with pytest.raises(Refused, match="has 0 of 3 candidates"):
        settle(split.sessions, item_id=item_id, by="cleo", ranking=[], submission="s")
    with pytest.raises(Refused, match="display order does not name"):
        settle(split.sessions, item_id=item_id, by="cleo", is_tie=True, display_order=[stranger], submission="s")
