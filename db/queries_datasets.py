"""Datasets with the counts that lists show, and what stands in the way of deleting one."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, exists, func, select
from sqlalchemy.orm import Session, aliased

from db.tables import Dataset, Decision, Item, Run


def datasets_with_counts() -> Select[Any]:
    """(Dataset, items with an effective decision of a person, runs that are not hidden); only those that are ready."""
    newer = aliased(Decision)
    is_latest = ~exists().where(
        newer.item_id == Decision.item_id,
        newer.annotator_id == Decision.annotator_id,
        newer.kind == "label",
        newer.decision_id > Decision.decision_id,
    )
    n_decided = (
        select(func.count(Decision.item_id.distinct()))
        .join(Item, Item.item_id == Decision.item_id)
        .where(Item.dataset_id == Dataset.dataset_id, Decision.kind == "label", Decision.verdict != "undo", is_latest)
        .correlate(Dataset)
        .scalar_subquery()
    )
    n_runs = (
        select(func.count(Run.run_id))
        .where(Run.dataset_id == Dataset.dataset_id, Run.is_hidden.is_(False))
        .correlate(Dataset)
        .scalar_subquery()
    )
    return select(Dataset, n_decided, n_runs).where(Dataset.state == "ready")


def count_decisions(session: Session, dataset_id: int) -> int:
    """Every decision ever made on its items, undone ones included."""
    query = select(func.count(Decision.decision_id)).join(Item, Item.item_id == Decision.item_id)
    return session.scalar(query.where(Item.dataset_id == dataset_id)) or 0


def is_being_weighed(session: Session, dataset_id: int) -> bool:
    """Whether a worker has a run of it in hand or will take one up."""
    states = ("queued", "running", "cancelling")
    query = select(exists().where(Run.dataset_id == dataset_id, Run.status.in_(states)))
    return bool(session.scalar(query))
