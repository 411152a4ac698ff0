"""What a certificate is hashed over, read in the order of its numbers, a few thousand rows at a time.

Leaves out hashing (services/certificate/evidence.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session, aliased

from db.tables import Annotator, Candidate, Decision, Item, NotWeighed, Suggestion
from db.tables_audit import Certificate, Look, PlanItem

AT_ONCE = 2_000
CANDIDATE = (
    Candidate.item_id, Candidate.position, Candidate.candidate_id, Candidate.text, Candidate.source_model,
    Candidate.gold_rank, Candidate.gold_score,
)  # fmt: skip
DECISION = (
    Decision.decision_id, Decision.submission, Decision.run_id, Decision.item_id, Decision.annotator_id,
    Decision.verdict, Decision.chosen_candidate_id, Decision.ranking, Decision.strength, Decision.reason_tags,
    Decision.note, Decision.is_blind, Decision.display_order, Decision.suggestion, Decision.suggested_candidate_id,
    Decision.elapsed_ms, Decision.created_at, Decision.supersedes_id, Decision.kind, Decision.look_id,
    Decision.auto_accept_id, Decision.is_imported, Decision.request,
)  # fmt: skip
LOOK = (  # what does not change once a look led to a decision; it may be opened again after an undo
    Look.look_id, Look.plan_id, Look.run_id, Look.item_id, Look.annotator_id, Look.drawn_by, Look.place, Look.is_blind,
    Look.is_repeat, Look.display_order,
)  # fmt: skip


def items_of(session: Session, dataset_id: int) -> Iterator[Any]:
    """(item_id, position, messages, domain, subset, meta) in the order of item ids."""
    columns = (Item.item_id, Item.position, Item.messages, Item.domain, Item.subset, Item.meta)
    return _in_turn(session, select(*columns).where(Item.dataset_id == dataset_id), Item.item_id)


def candidates_of(session: Session, first_item: int, last_item: int) -> Sequence[Any]:
    """Everything about the candidates of items first..last, in file order."""
    wanted = select(*CANDIDATE).where(Candidate.item_id >= first_item, Candidate.item_id <= last_item)
    return session.execute(wanted.order_by(Candidate.item_id, Candidate.position)).all()


def suggestions_of(session: Session, run_id: int) -> Iterator[Any]:
    """(item_id, best, ranking, margin, is_length_flip, is_out_of_world) of a run, by item."""
    columns = (
        Suggestion.item_id, Suggestion.best_candidate_id, Suggestion.ranking, Suggestion.margin,
        Suggestion.is_length_flip, Suggestion.is_out_of_world,
    )  # fmt: skip
    return _in_turn(session, select(*columns).where(Suggestion.run_id == run_id), Suggestion.item_id)


def not_weighed_of(session: Session, run_id: int) -> Iterator[Any]:
    """(item_id, reason) of what a run could not rank, by item."""
    wanted = select(NotWeighed.item_id, NotWeighed.reason).where(NotWeighed.run_id == run_id)
    return _in_turn(session, wanted, NotWeighed.item_id)


def decisions_of(session: Session, dataset_id: int) -> Iterator[Any]:
    """Every decision of the dataset, undone and superseded ones too, in the order they were made."""
    of_dataset = select(Item.dataset_id).where(Item.item_id == Decision.item_id).correlate(Decision).scalar_subquery()
    return _in_turn(session, select(*DECISION).where(of_dataset == dataset_id), Decision.decision_id)


def looks_of(session: Session, dataset_id: int) -> Iterator[Any]:
    """Every look at an item of the dataset that came to a decision, by number."""
    is_decided = exists().where(Decision.look_id == Look.look_id)
    return _in_turn(session, select(*LOOK).where(Look.dataset_id == dataset_id, is_decided), Look.look_id)


def places_of(session: Session, plan_id: int) -> Sequence[Any]:
    """(place, item_id, stratum) of what a plan drew."""
    wanted = select(PlanItem.place, PlanItem.item_id, PlanItem.stratum).where(PlanItem.plan_id == plan_id)
    return session.execute(wanted.order_by(PlanItem.place)).all()


def looks_decided(session: Session, plan_id: int) -> Sequence[Any]:
    """(drawn_by, is_blind, is_repeat, looks with a decision) of a plan."""
    kind = (Look.drawn_by, Look.is_blind, Look.is_repeat)
    wanted = (
        select(*kind, func.count(Look.look_id.distinct()))
        .join(Decision, Decision.look_id == Look.look_id)
        .where(Look.plan_id == plan_id)
        .group_by(*kind)
        .order_by(*kind)
    )
    return session.execute(wanted).all()


def people_of(session: Session, dataset_id: int) -> Sequence[Any]:
    """(annotator_id, name) of everyone with a decision in the dataset, in the order of numbers."""
    of_dataset = select(Item.dataset_id).where(Item.item_id == Decision.item_id).correlate(Decision).scalar_subquery()
    deciding = select(Decision.annotator_id).where(of_dataset == dataset_id).distinct()
    wanted = select(Annotator.annotator_id, Annotator.name).where(Annotator.annotator_id.in_(deciding))
    return session.execute(wanted.order_by(Annotator.annotator_id)).all()


def effective_counts(session: Session, dataset_id: int) -> Sequence[Any]:
    """(annotator_id, kind, verdict, decisions) over the latest rows of each (item, annotator, kind), undone ones too.

    A repeat look is a row of its own: each counts.
    """
    of_dataset = select(Item.dataset_id).where(Item.item_id == Decision.item_id).correlate(Decision).scalar_subquery()
    newer = aliased(Decision)
    is_overtaken = exists().where(
        newer.item_id == Decision.item_id,
        newer.annotator_id == Decision.annotator_id,
        newer.kind == Decision.kind,
        newer.kind != "repeat",
        newer.decision_id > Decision.decision_id,
    )
    kind = (Decision.annotator_id, Decision.kind, Decision.verdict)
    wanted = select(*kind, func.count()).where(of_dataset == dataset_id, ~is_overtaken)
    return session.execute(wanted.group_by(*kind).order_by(*kind)).all()


def imported_count(session: Session, dataset_id: int) -> int:
    """Decision rows that came with a file: made elsewhere, on this desk's word for it alone."""
    wanted = select(func.count()).select_from(Decision).join(Item, Item.item_id == Decision.item_id)
    return session.scalar(wanted.where(Item.dataset_id == dataset_id, Decision.is_imported)) or 0


def certificate_by_sha256(session: Session, sha256: str) -> Certificate | None:
    """The certificate of that hash, if this database gave it out."""
    return session.scalar(select(Certificate).where(Certificate.sha256 == sha256))


def certificates_of(session: Session, dataset_id: int) -> Sequence[Certificate]:
    """Those given out for a dataset, newest first."""
    wanted = select(Certificate).where(Certificate.dataset_id == dataset_id)
    return session.scalars(wanted.order_by(Certificate.certificate_id.desc())).all()


def _in_turn(session: Session, wanted: Any, key: Any) -> Iterator[Any]:
    """All rows by their key; memory holds AT_ONCE. The key is the statement's first column."""
    last = 0
    while True:
        rows = session.execute(wanted.where(key > last).order_by(key).limit(AT_ONCE)).all()
        yield from rows
        if len(rows) < AT_ONCE:
            return
        last = rows[-1][0]
