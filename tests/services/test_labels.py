"""What decisions come to: one row of a table for each rule, whole datasets, and how it stood earlier."""

from __future__ import annotations

import pytest
from service_builders import Reviewer, item_ids, make_dataset, plain_items
from sqlalchemy import select

from db.queries_labels import Mark
from db.session import Sessions
from db.tables import Annotator, Candidate, Decision
from services import datasets
from services.labels import Label, label_counts, labels_of, resolve
from services.reviews.review import progress, undo

CHOICES = {"A": 1, "B": 2, "C": 3}


def marks(said: str) -> list[Mark]:
    """`ann:A` chooses A, `ann:tie` and the like say so, `auto:A` and `adjudication:A` are of that kind."""
    found = []
    for n, one in enumerate(said.split(), 1):
        who, what = one.split(":")
        kind = who if who in ("auto", "adjudication", "repeat") else "label"
        verdict = "accept" if what in CHOICES else what
        found.append(Mark(n, 9, sum(map(ord, who)), kind, verdict, CHOICES.get(what)))
    return found


@pytest.mark.parametrize(
    ("said", "state", "source", "chosen"),
    [
        ("", "undecided", None, None),
        ("ann:A", "settled", "human", "A"),
        ("ann:tie", "settled", "human", None),
        ("ann:A ann:B", "settled", "human", "B"),  # a revision
        ("ann:A ann:undo", "undecided", None, None),
        ("ann:A bob:B", "split", None, None),
        ("ann:A bob:tie", "split", None, None),
        ("ann:A bob:B cy:B", "settled", "human", "B"),
        ("ann:A bob:B cy:C", "split", None, None),
        ("ann:A bob:A cy:B dee:B eve:C", "split", None, None),  # no strict plurality
        ("ann:A bob:A cy:B dee:tie", "settled", "human", "A"),
        ("ann:skip", "skipped", None, None),
        ("ann:skip bob:A", "settled", "human", "A"),  # a skip resolves nothing
        ("ann:flag bob:A cy:A", "flagged", None, None),
        ("ann:flag ann:A", "settled", "human", "A"),  # the flag was revised
        ("ann:A bob:B adjudication:C", "settled", "adjudication", "C"),
        ("ann:flag adjudication:A bob:flag", "settled", "adjudication", "A"),
        ("ann:A bob:B adjudication:C adjudication:tie", "settled", "adjudication", None),  # the latest
        ("ann:A bob:B adjudication:C adjudication:undo", "split", None, None),
        ("auto:A", "settled", "auto", "A"),
        ("auto:A auto:undo", "undecided", None, None),
        ("auto:A ann:skip", "settled", "auto", "A"),
        ("auto:A ann:B", "settled", "human", "B"),  # a look comes before what was accepted unlooked
        ("ann:B auto:A", "settled", "human", "B"),
        ("auto:A ann:flag", "flagged", None, None),
        ("auto:A ann:A bob:B", "split", None, None),
        ("repeat:A", "undecided", None, None),
        ("ann:A repeat:B repeat:flag", "settled", "human", "A"),
    ],
)
def test_what_people_said_comes_to_a_label(said: str, state: str, source: str | None, chosen: str | None) -> None:
    label = resolve(9, marks(said))
    assert (label.state, label.source, label.chosen_candidate_id) == (state, source, CHOICES.get(chosen or ""))
    assert label.is_tie == (state == "settled" and chosen is None)
    assert label.is_human == (source in ("human", "adjudication"))


def test_a_label_rests_on_the_latest_decision_of_the_winning_side_and_counts_heads() -> None:
    label = resolve(9, marks("ann:A bob:B cy:A dee:skip"))
    assert (label.decision_id, label.n_people, label.n_for) == (3, 3, 2)
    settled = resolve(9, marks("ann:A bob:B adjudication:B"))
    assert (settled.decision_id, settled.n_people, settled.n_for) == (3, 2, 1)


@pytest.fixture
def decided(desk: Sessions) -> tuple[Sessions, int, list[int]]:
    """Six items: settled, split, flagged, skipped, accepted unlooked, undecided; and another dataset beside it."""
    dataset_id, other = make_dataset(desk, plain_items(6)), make_dataset(desk, plain_items(1), name="other")
    ids = item_ids(desk, dataset_id)
    ann, bob = Reviewer(desk, dataset_id, name="ann"), Reviewer(desk, dataset_id, name="bob")
    ann.say(ids[0], "best", chosen_candidate_id=first_of(desk, ids[0]))
    ann.say(ids[1], "tie")
    bob.say(ids[1], "best", chosen_candidate_id=first_of(desk, ids[1]))
    ann.say(ids[2], "flag")
    ann.say(ids[3], "skip")
    accept_unlooked(desk, ids[4])
    Reviewer(desk, other, name="ann").say(item_ids(desk, other)[0], "tie")
    return desk, dataset_id, ids


def first_of(sessions: Sessions, item_id: int) -> int:
    with sessions() as session:
        return session.scalars(select(Candidate.candidate_id).where(Candidate.item_id == item_id)).all()[0]


def accept_unlooked(sessions: Sessions, item_id: int) -> None:
    chosen = first_of(sessions, item_id)
    with sessions.begin() as session:
        machine = Annotator(name="auto-accept", role="machine")
        session.add(machine)
        session.flush()
        session.add(
            Decision(
                submission=f"auto {item_id}", item_id=item_id, annotator_id=machine.annotator_id, verdict="accept",
                chosen_candidate_id=chosen, ranking=[[chosen]], kind="auto",
            )
        )  # fmt: skip


def states(labels: dict[int, Label], ids: list[int]) -> list[str | None]:
    return [(label.source or label.state) if (label := labels.get(item_id)) else None for item_id in ids]


def test_a_dataset_has_the_labels_of_its_own_items(decided: tuple[Sessions, int, list[int]]) -> None:
    sessions, dataset_id, ids = decided
    wanted = ["human", "split", "flagged", "skipped", "auto", None]
    with sessions() as session:
        found = labels_of(session, dataset_id)
        assert states(found, ids) == wanted
        assert set(found) <= set(ids)
        some = labels_of(session, dataset_id, item_ids=ids[1:3])
        assert states(some, ids) == [None, "split", "flagged", None, None, None]
        assert states(labels_of(session, dataset_id, with_auto=False), ids) == [*wanted[:4], None, None]


def test_labels_can_be_read_as_they_stood_after_any_decision(decided: tuple[Sessions, int, list[int]]) -> None:
    sessions, dataset_id, ids = decided
    undo(sessions, dataset_id=dataset_id, annotator="ann")
    with sessions() as session:
        numbers = session.scalars(select(Decision.decision_id).order_by(Decision.decision_id)).all()
        history = [states(labels_of(session, dataset_id, up_to=number), ids)[:4] for number in numbers]
    assert history == [
        ["human", None, None, None],
        ["human", "human", None, None],
        ["human", "split", None, None],
        ["human", "split", "flagged", None],
        ["human", "split", "flagged", "skipped"],
        ["human", "split", "flagged", "skipped"],  # accepted unlooked, item 4
        ["human", "split", "flagged", "skipped"],  # another dataset's
        ["human", "split", "flagged", "undecided"],  # the skip was taken back
    ]


def test_counts_add_up_to_the_items(decided: tuple[Sessions, int, list[int]]) -> None:
    sessions, dataset_id, _ = decided
    with sessions() as session:
        n = label_counts(session, dataset_id)
    assert (n.n_human, n.n_split, n.n_flagged, n.n_skipped, n.n_auto, n.n_undecided) == (1, 1, 1, 1, 1, 1)
    assert (n.n_adjudication, n.n_items) == (0, 6)


def test_what_was_accepted_unlooked_is_nobodys_decision(decided: tuple[Sessions, int, list[int]]) -> None:
    sessions, dataset_id, ids = decided
    assert datasets.get(sessions, dataset_id).n_decided == 4
    assert progress(sessions, dataset_id=dataset_id, annotator="auto-accept").n_decided == 0
    assert Reviewer(sessions, dataset_id, name="ann").look().item_id == ids[4], "people still see it as undecided"
