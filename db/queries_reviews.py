"""What the review screen reads: neighbours, what is undecided, one annotator's effective decisions.

A decision is effective when it is the latest row of kind "label" of its item and annotator; an effective "undo" means
undecided. Repeats, adjudications and labels accepted unlooked are of other kinds and never among them.
Every query here begins at an index, item(dataset_id, position) or decision(item_id, annotator_id), or at the decisions.
Leaves out writing (services/decisions.py).
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, String, cast, exists, func, literal, select
from sqlalchemy.orm import Session, aliased

from db.tables import Annotator, Candidate, Decision, Item, Run, Score

UNDO_PREFIX = "undo:"  # an undo's submission is this and the number of the decision it takes back
IS_LABEL = Decision.kind == "label"
AT_REVIEW = ("label", "repeat")  # kinds of decisions that are made, and taken back, on the review screen


def latest_run_id(session: Session, dataset_id: int) -> int | None:
    """The newest finished run that is not hidden; else the newest with anything weighed."""
    return session.scalar(
        select(Run.run_id)
        .where(Run.dataset_id == dataset_id, Run.is_hidden.is_(False), Run.n_done > 0)
        .order_by((Run.status == "done").desc(), Run.run_id.desc())
        .limit(1)
    )


def annotator_id_of(session: Session, name: str) -> int | None:
    """The number of an annotator who has decided before, None for a new one."""
    return session.scalar(select(Annotator.annotator_id).where(Annotator.name == name))


def candidates_with_scores(session: Session, item_id: int, run_id: int | None) -> list[tuple[Candidate, Score | None]]:
    """An item's candidates in file order, each with its score under the run."""
    under_run = (Score.candidate_id == Candidate.candidate_id) & (Score.run_id == (-1 if run_id is None else run_id))
    rows = session.execute(
        select(Candidate, Score)
        .join(Score, under_run, isouter=True)
        .where(Candidate.item_id == item_id)
        .order_by(Candidate.position)
    )
    return [(candidate, score) for candidate, score in rows]


def neighbour(
    session: Session, dataset_id: int, position: int, *, is_next: bool, among: Select[Any] | None = None
) -> int | None:
    """The item before or after a position, in file order; among those whose ids are selected, if any are."""
    wanted = _among(select(Item.item_id).where(Item.dataset_id == dataset_id).limit(1), among)
    if is_next:
        return session.scalar(wanted.where(Item.position > position).order_by(Item.position))
    return session.scalar(wanted.where(Item.position < position).order_by(Item.position.desc()))


def effective_decision(session: Session, item_id: int, annotator_id: int) -> Decision | None:
    """The annotator's latest row on the item, an undo included."""
    return session.scalar(
        select(Decision)
        .where(Decision.item_id == item_id, Decision.annotator_id == annotator_id, IS_LABEL)
        .order_by(Decision.decision_id.desc())
        .limit(1)
    )


def latest_on_look(session: Session, look_id: int) -> Decision | None:
    """The latest row that was made on a look, an undo included."""
    return session.scalar(
        select(Decision).where(Decision.look_id == look_id).order_by(Decision.decision_id.desc()).limit(1)
    )


def latest_effective(session: Session, dataset_id: int, annotator_id: int, *, n: int) -> list[Decision]:
    """The annotator's n latest decisions that stand, newest first: one an item, and one a repeat."""
    newer = aliased(Decision)
    is_replaced = exists().where(
        newer.item_id == Decision.item_id,
        newer.annotator_id == annotator_id,
        newer.kind == Decision.kind,
        (newer.kind == "label") | (newer.look_id == Decision.look_id),
        newer.decision_id > Decision.decision_id,
    )
    wanted = (
        select(Decision)
        .where(
            _dataset_of_decision() == dataset_id,
            Decision.annotator_id == annotator_id,
            Decision.kind.in_(AT_REVIEW),
            Decision.verdict != "undo",
            ~is_replaced,
        )
        .order_by(Decision.decision_id.desc())
        .limit(n)
    )
    return list(session.scalars(wanted))


def _among(items: Select[Any], among: Select[Any] | None) -> Select[Any]:
    """`+ 0`: SQLite walks the items in file order up to the first hit, rather than sort all that are selected."""
    return items if among is None else items.where((Item.item_id + 0).in_(among))


def first_with_verdict(
    session: Session,
    dataset_id: int,
    annotator_id: int,
    *,
    verdict: str,
    after: int,
    before: int | None = None,
    among: Select[Any] | None = None,
) -> int | None:
    """The first item at a position > after (and < before) whose effective verdict is this; "undo" is undecided."""
    wanted = _among(
        select(Item.item_id)
        .where(Item.dataset_id == dataset_id, Item.position > after, _verdict_of_item(annotator_id) == verdict)
        .order_by(Item.position)
        .limit(1),
        among,
    )
    if before is not None:
        wanted = wanted.where(Item.position < before)
    return session.scalar(wanted)


def _verdict_of_item(annotator_id: int) -> ColumnElement[str]:
    latest: ScalarSelect[str] = (
        select(Decision.verdict)
        .where(Decision.item_id == Item.item_id, Decision.annotator_id == annotator_id, IS_LABEL)
        .order_by(Decision.decision_id.desc())
        .limit(1)
        .correlate(Item)
        .scalar_subquery()
    )
    return func.coalesce(latest, "undo")


def _dataset_of_decision() -> ScalarSelect[int]:
    """Looked up from the decision: with a join SQLite may begin at all of the dataset's 100,000 items."""
    return select(Item.dataset_id).where(Item.item_id == Decision.item_id).correlate(Decision).scalar_subquery()


def position_of_latest(session: Session, dataset_id: int, annotator_id: int) -> int:
    """Where this annotator decided last, -1 when nowhere yet."""
    found = session.scalar(
        select(Decision.item_id)
        .where(
            _dataset_of_decision() == dataset_id,
            Decision.annotator_id == annotator_id,
            IS_LABEL,
            Decision.verdict != "undo",
        )
        .order_by(Decision.decision_id.desc())
        .limit(1)
    )
    return -1 if found is None else session.get_one(Item, found).position


def effective_decisions(dataset_id: int, *, annotator: str | None, run_id: int | None) -> Select[Any]:
    """Ids of the effective decisions of a dataset, undone ones left out; filter by annotator and run as given."""
    newer = aliased(Decision)
    is_latest = ~exists().where(
        newer.item_id == Decision.item_id,
        newer.annotator_id == Decision.annotator_id,
        newer.kind == "label",
        newer.decision_id > Decision.decision_id,
    )
    wanted = select(Decision.decision_id).where(
        _dataset_of_decision() == dataset_id, IS_LABEL, Decision.verdict != "undo", is_latest
    )
    if annotator is not None:
        wanted = wanted.join(Annotator, Annotator.annotator_id == Decision.annotator_id)
        wanted = wanted.where(Annotator.name == annotator)
    if run_id is not None:
        wanted = wanted.where(Decision.run_id == run_id)
    return wanted


def verdict_counts(
    session: Session, dataset_id: int, *, annotator: str | None, run_id: int | None
) -> dict[str, tuple[int, int]]:
    """verdict -> (decisions, different items) over the effective decisions."""
    ids = effective_decisions(dataset_id, annotator=annotator, run_id=run_id)
    rows = session.execute(
        select(Decision.verdict, func.count(), func.count(Decision.item_id.distinct()))
        .where(Decision.decision_id.in_(ids))
        .group_by(Decision.verdict)
    )
    return {verdict: (n, n_items) for verdict, n, n_items in rows}


def latest_action(session: Session, dataset_id: int, annotator_id: int) -> Decision | None:
    """The latest decision of Review that an undo would take back: no undo itself, and not taken back yet."""
    return session.scalar(
        _standing_actions(annotator_id).where(_dataset_of_decision() == dataset_id, Decision.kind.in_(AT_REVIEW))
    )


def action_before(session: Session, undone: Decision, *, is_same_look: bool = False) -> Decision | None:
    """What counts again once `undone` is taken back: the same person's action before it on the same item.

    Of the same kind; a repeat (anything, if asked) goes back only to what was said on the same look.
    """
    wanted = _standing_actions(undone.annotator_id).where(
        Decision.item_id == undone.item_id,
        Decision.kind == undone.kind,
        Decision.decision_id < undone.decision_id,
    )
    if is_same_look or undone.kind == "repeat":
        wanted = wanted.where(Decision.look_id == undone.look_id)
    return session.scalar(wanted)


def latest_adjudication(session: Session, item_id: int) -> Decision | None:
    """The latest row of kind adjudication on the item, an undo included."""
    return session.scalar(
        select(Decision)
        .where(Decision.item_id == item_id, Decision.kind == "adjudication")
        .order_by(Decision.decision_id.desc())
        .limit(1)
    )


def standing_adjudications(session: Session, item_id: int) -> list[Decision]:
    """The two latest settlements of the item that stand, newest first: what an undo takes back, and the one before."""
    wanted = _standing().where(Decision.item_id == item_id, Decision.kind == "adjudication")
    return list(session.scalars(wanted.limit(2)))


def _standing_actions(annotator_id: int) -> Select[Decision]:
    """A person's actions that were not taken back, newest first, one of them."""
    return _standing().where(Decision.annotator_id == annotator_id).limit(1)


def _standing() -> Select[Decision]:
    """Decisions that are no undo and were not taken back, newest first."""
    undoing = aliased(Decision)
    is_undone = exists().where(
        undoing.item_id == Decision.item_id,
        undoing.submission == literal(UNDO_PREFIX) + cast(Decision.decision_id, String(20)),
    )
    return (
        select(Decision)
        .where(~Decision.submission.startswith(UNDO_PREFIX, autoescape=True), ~is_undone)
        .order_by(Decision.decision_id.desc())
    )
