"""Plans, what was drawn for them, every look somebody took, the labels accepted unlooked, and certificates.

    plan --< plan_item >-- item          which items are to be looked at, in which order and why; fixed when made
    plan_person                          from which place on a plan may have something for a person
    look                                 one item handed to one person: how it came to be drawn, in which order it was
                                         shown, until when it is theirs (the lease), what became of it
    auto_accept                          one threshold applied: its decisions carry its number and are revoked as one
    certificate                          every certificate given out, word for word

Decisions are in `tables.py`; a decision names its look. Leaves out reading (queries_*.py).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.tables import BIG, NEVER_REUSED, Base, Candidate, Item, utc_now

# What filters count by: read from the index alone, never past the long texts of the rows.
Index("ix_item_dataset_id_domain", Item.dataset_id, Item.domain)
Index("ix_item_dataset_id_subset", Item.dataset_id, Item.subset)
Index("ix_candidate_source_model_item_id", Candidate.source_model, Candidate.item_id)


class Plan(Base):
    """How items of a dataset are drawn for people under one run, and how they are shown."""

    __tablename__ = "plan"
    __table_args__ = NEVER_REUSED

    plan_id: Mapped[int] = mapped_column(primary_key=True)
    dataset_id: Mapped[int] = mapped_column(ForeignKey("dataset.dataset_id", ondelete="CASCADE"), index=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("run.run_id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(100))
    order: Mapped[str] = mapped_column("drawn_by", String(20))  # random | stratified | uncertainty | margin | ...
    seed: Mapped[str] = mapped_column(String(64))
    configuration: Mapped[dict[str, Any]] = (
        mapped_column()
    )  # shares, overlap, lease, mode, strata, draws: services/looks
    decision_cut: Mapped[int] = mapped_column(BIG, default=0)  # the last decision that was known when it was made
    made_by: Mapped[int] = mapped_column(ForeignKey("annotator.annotator_id"))
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    closed_at: Mapped[datetime | None] = mapped_column()


class PlanItem(Base):
    """An item that a plan has drawn, at its place. `n_free` counts the people it still waits for."""

    __tablename__ = "plan_item"
    __table_args__ = (Index("ix_plan_item_plan_id_n_free_place", "plan_id", "n_free", "place"),)

    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.plan_id", ondelete="CASCADE"), primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True)  # 0-based: the order in which items are handed out
    item_id: Mapped[int] = mapped_column(ForeignKey("item.item_id", ondelete="CASCADE"), index=True)
    stratum: Mapped[str | None] = mapped_column(String(200))
    n_free: Mapped[int] = mapped_column()  # overlap minus open leases and decisions; -1: as many as come


class PlanPerson(Base):
    """Below `place_from` a plan has nothing for this person: where looking for their next item begins."""

    __tablename__ = "plan_person"

    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.plan_id", ondelete="CASCADE"), primary_key=True)
    annotator_id: Mapped[int] = mapped_column(ForeignKey("annotator.annotator_id"), primary_key=True)
    place_from: Mapped[int] = mapped_column(default=0)


class Look(Base):
    """One item handed to one person. Open while `closed_at` is empty; a lease while `leased_until` lies ahead."""

    __tablename__ = "look"
    __table_args__ = (
        UniqueConstraint("plan_id", "item_id", "slot"),  # NULLs differ: a slot given back is empty again
        Index("ix_look_item_id_annotator_id", "item_id", "annotator_id"),
        Index("ix_look_annotator_id_dataset_id", "annotator_id", "dataset_id"),
        Index("ix_look_plan_id_closed_at_leased_until", "plan_id", "closed_at", "leased_until"),
        Index("ix_look_plan_id_annotator_id_closed_as_is_repeat", "plan_id", "annotator_id", "closed_as", "is_repeat"),
        NEVER_REUSED,
    )

    look_id: Mapped[int] = mapped_column(BIG, primary_key=True)
    plan_id: Mapped[int | None] = mapped_column(ForeignKey("plan.plan_id", ondelete="CASCADE"))  # None: no plan
    dataset_id: Mapped[int] = mapped_column(ForeignKey("dataset.dataset_id", ondelete="CASCADE"), index=True)
    run_id: Mapped[int | None] = mapped_column(ForeignKey("run.run_id", ondelete="CASCADE"), index=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("item.item_id", ondelete="CASCADE"))
    annotator_id: Mapped[int] = mapped_column(ForeignKey("annotator.annotator_id"))
    drawn_by: Mapped[str] = mapped_column(String(20))  # the plan's order | file | chosen | repeat | adjudication
    place: Mapped[int | None] = mapped_column()  # in the plan
    slot: Mapped[int | None] = mapped_column()  # 1 to overlap; None: returned, a repeat, or no limit
    is_blind: Mapped[bool] = mapped_column(Boolean, default=False)
    is_repeat: Mapped[bool] = mapped_column(Boolean, default=False)
    display_order: Mapped[list[Any]] = mapped_column(default=list)  # candidate ids as shown, first place first
    opened_at: Mapped[datetime] = mapped_column(default=utc_now)
    leased_until: Mapped[datetime | None] = mapped_column()
    closed_at: Mapped[datetime | None] = mapped_column()
    closed_as: Mapped[str | None] = mapped_column(String(20))  # decided | skipped | flagged | returned | expired
    revealed_at: Mapped[datetime | None] = mapped_column()  # a blind look's suggestion was shown


class AutoAccept(Base):
    """Labels accepted without a look, under a bound; revoked as one."""

    __tablename__ = "auto_accept"
    __table_args__ = NEVER_REUSED

    auto_accept_id: Mapped[int] = mapped_column(primary_key=True)
    dataset_id: Mapped[int] = mapped_column(ForeignKey("dataset.dataset_id", ondelete="CASCADE"), index=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("run.run_id"), index=True)
    plan_id: Mapped[int | None] = mapped_column(ForeignKey("plan.plan_id"))  # the random looks it rests on
    report: Mapped[dict[str, Any]] = mapped_column()  # target, level, thresholds by domain, counts, bounds
    n_items: Mapped[int] = mapped_column()
    made_by: Mapped[int] = mapped_column(ForeignKey("annotator.annotator_id"))
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    revoked_by: Mapped[int | None] = mapped_column(ForeignKey("annotator.annotator_id"))
    revoked_at: Mapped[datetime | None] = mapped_column()


class Certificate(Base):
    """A certificate as it was given out; `sha256` is of its canonical JSON."""

    __tablename__ = "certificate"
    __table_args__ = NEVER_REUSED

    certificate_id: Mapped[int] = mapped_column(primary_key=True)
    dataset_id: Mapped[int] = mapped_column(ForeignKey("dataset.dataset_id", ondelete="CASCADE"), index=True)
    run_id: Mapped[int | None] = mapped_column(ForeignKey("run.run_id", ondelete="CASCADE"))
    sha256: Mapped[str] = mapped_column(String(64), unique=True)
    body: Mapped[str] = mapped_column(Text)
    made_by: Mapped[int | None] = mapped_column(ForeignKey("annotator.annotator_id"))
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
