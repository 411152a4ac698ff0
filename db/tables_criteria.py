"""Tables of what conditions and what chooses: routers, domains found and corrected, drafts, trials, exemplars' origins.

The criteria themselves are in `tables.py`, beside the runs that pin them.

    router --< domain_guess >-- item          what a strong model makes of an item, once for all runs
    run --< item_domain >-- item              the domain a run took, and from where
    annotator --< domain_correction >-- item  what a person says it is; the latest row counts
    annotator --< criteria_draft              unfinished edits
    dataset --< trial                         a draft weighed on some items, before it is adopted
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, Float, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.tables import BIG, NEVER_REUSED, Base, utc_now


class Router(Base):
    """A version of the definitions that a strong model reads to name an item's domain. Immutable, like criteria."""

    __tablename__ = "router"
    __table_args__ = (UniqueConstraint("name", "version"),)

    router_id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    version: Mapped[int] = mapped_column(default=1)
    title: Mapped[str] = mapped_column(String(200), default="")
    body: Mapped[dict[str, Any]] = mapped_column()  # {"domains": [[name, definition], ...]}
    sha256: Mapped[str] = mapped_column(String(64))
    is_builtin: Mapped[bool] = mapped_column(Boolean, default=False)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class DomainGuess(Base):
    """What one model under one router version makes of one item: a probability for each domain, or a problem."""

    __tablename__ = "domain_guess"

    router_id: Mapped[int] = mapped_column(ForeignKey("router.router_id"), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64), primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("item.item_id", ondelete="CASCADE"), primary_key=True, index=True)
    probabilities: Mapped[dict[str, Any]] = mapped_column(default=dict)  # {domain: p}, sums to 1; empty with a problem
    problem: Mapped[str] = mapped_column(Text, default="")  # e.g. too long for the model: one line
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class ItemDomain(Base):
    """The domain under which a run weighed an item, where it did not come from the item's own column."""

    __tablename__ = "item_domain"

    run_id: Mapped[int] = mapped_column(ForeignKey("run.run_id", ondelete="CASCADE"), primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("item.item_id", ondelete="CASCADE"), primary_key=True, index=True)
    domain: Mapped[str | None] = mapped_column(String(100))  # None: the criteria's default
    source: Mapped[str] = mapped_column(String(20))  # fixed | router | hand | below threshold | problem
    probability: Mapped[float | None] = mapped_column(Float)  # of the router's first choice


class DomainCorrection(Base):
    """What a person says an item's domain is. Rows are only added; the latest of an item counts."""

    __tablename__ = "domain_correction"
    __table_args__ = (Index("ix_domain_correction_item_id", "item_id"), NEVER_REUSED)

    correction_id: Mapped[int] = mapped_column(BIG, primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("item.item_id", ondelete="CASCADE"))
    annotator_id: Mapped[int] = mapped_column(ForeignKey("annotator.annotator_id"))
    domain: Mapped[str | None] = mapped_column(String(100))  # None: the correction is taken back
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class ExemplarOrigin(Base):
    """The item (and decision) an exemplar was made from, so that its effect is never measured on that item."""

    __tablename__ = "exemplar_origin"

    exemplar_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("item.item_id", ondelete="CASCADE"), primary_key=True, index=True)
    decision_id: Mapped[int | None] = mapped_column(ForeignKey("decision.decision_id"))
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class CriteriaDraft(Base):
    """Criteria somebody is still writing; gone once adopted or discarded. One of a name for each annotator."""

    __tablename__ = "criteria_draft"
    __table_args__ = (UniqueConstraint("annotator_id", "name"),)

    draft_id: Mapped[int] = mapped_column(primary_key=True)
    annotator_id: Mapped[int] = mapped_column(ForeignKey("annotator.annotator_id"))
    name: Mapped[str] = mapped_column(String(100))
    base_criteria_id: Mapped[int | None] = mapped_column(ForeignKey("criteria.criteria_id"))  # what was edited
    body: Mapped[dict[str, Any]] = mapped_column()
    updated_at: Mapped[datetime] = mapped_column(default=utc_now)


class Trial(Base):
    """A body of criteria weighed on some items beside a run: what would change if it were adopted."""

    __tablename__ = "trial"
    __table_args__ = NEVER_REUSED

    trial_id: Mapped[int] = mapped_column(primary_key=True)
    dataset_id: Mapped[int] = mapped_column(ForeignKey("dataset.dataset_id", ondelete="CASCADE"), index=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("run.run_id", ondelete="CASCADE"), index=True)  # compared with
    criteria_sha256: Mapped[str] = mapped_column(String(64))
    body: Mapped[dict[str, Any]] = mapped_column()
    configuration: Mapped[dict[str, Any]] = mapped_column(default=dict)
    item_ids: Mapped[list[Any]] = mapped_column(default=list)
    results: Mapped[dict[str, Any]] = mapped_column(default=dict)  # {item_id: {"ranking", "margin"} or {"problem"}}
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    finished_at: Mapped[datetime | None] = mapped_column()
