"""Every table of the product, as SQLAlchemy models.

Only the shape is here: sessions are opened in `session.py`, the schema is moved by `migrations/`, reading lives in
`queries_*.py`. Ids are integers; times are UTC without a zone (SQLite keeps none).

    dataset --< item --< candidate
    model_pair, criteria --< run >-- dataset
    run --< score >-- candidate          run --< suggestion >-- item       run --< not_weighed >-- item
    logprob, noise                       the content-addressed cache and its models' noise, owned by no run
    annotator --< decision >-- item      append-only: a trigger refuses UPDATE and DELETE
                                         (plans, looks, labels accepted unlooked: tables_audit.py)
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Text,
    UniqueConstraint,
    false,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

BIG = BigInteger().with_variant(Integer, "sqlite")  # SQLite autoincrements INTEGER keys only
NEVER_REUSED = {"sqlite_autoincrement": True}  # an old tab's item_id must not become another item after a delete


def utc_now() -> datetime:
    """The time now, UTC, without a zone."""
    return datetime.now(UTC).replace(tzinfo=None)


class Base(DeclarativeBase):
    """Names every constraint, so that Alembic can move it on SQLite too."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {dict[str, Any]: JSON, list[Any]: JSON, datetime: DateTime}


class Dataset(Base):
    """One imported file (or a hand-made set such as Live's)."""

    __tablename__ = "dataset"
    __table_args__ = NEVER_REUSED

    dataset_id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200), unique=True)
    file_name: Mapped[str] = mapped_column(String(500), default="")
    sha256: Mapped[str] = mapped_column(String(64), index=True, default="")
    format: Mapped[str] = mapped_column(String(40), default="")
    statement: Mapped[str] = mapped_column(Text, default="")  # what the import understood, in words
    guidelines: Mapped[str] = mapped_column(Text, default="")
    state: Mapped[str] = mapped_column(String(20), default="ready")  # importing | ready
    n_items: Mapped[int] = mapped_column(default=0)
    n_candidates: Mapped[int] = mapped_column(default=0)
    n_gold: Mapped[int] = mapped_column(default=0)  # items of which a gold best is known
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class Item(Base):
    """A prompt with its candidates, at its place in a dataset."""

    __tablename__ = "item"
    __table_args__ = (UniqueConstraint("dataset_id", "position"), NEVER_REUSED)

    item_id: Mapped[int] = mapped_column(BIG, primary_key=True)
    dataset_id: Mapped[int] = mapped_column(ForeignKey("dataset.dataset_id", ondelete="CASCADE"))
    position: Mapped[int] = mapped_column()  # 0-based, in file order
    messages: Mapped[list[Any]] = mapped_column()  # [{"role", "content"}], ends in a user turn
    domain: Mapped[str | None] = mapped_column(String(100))
    subset: Mapped[str | None] = mapped_column(String(200))
    meta: Mapped[dict[str, Any]] = mapped_column(default=dict)  # the rest of the row, as the file had it
    source_line: Mapped[int | None] = mapped_column()

    candidates: Mapped[list[Candidate]] = relationship(order_by="Candidate.position", lazy="raise", viewonly=True)


class Candidate(Base):
    """One response of an item. `gold_rank` 1 is best; ties share a rank; None where the file said nothing."""

    __tablename__ = "candidate"
    __table_args__ = (UniqueConstraint("item_id", "position"), NEVER_REUSED)

    candidate_id: Mapped[int] = mapped_column(BIG, primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("item.item_id", ondelete="CASCADE"))
    position: Mapped[int] = mapped_column()  # 0-based; its letter is A + position
    text: Mapped[str] = mapped_column(Text)
    source_model: Mapped[str | None] = mapped_column(String(300))
    gold_rank: Mapped[float | None] = mapped_column(Float)
    gold_score: Mapped[float | None] = mapped_column(Float)


class Criteria(Base):
    """A version of the text that conditions both models. Immutable: an edit is a new version."""

    __tablename__ = "criteria"
    __table_args__ = (UniqueConstraint("name", "version"),)

    criteria_id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    version: Mapped[int] = mapped_column(default=1)
    title: Mapped[str] = mapped_column(String(200), default="")
    body: Mapped[dict[str, Any]] = mapped_column()
    sha256: Mapped[str] = mapped_column(String(64))
    is_builtin: Mapped[bool] = mapped_column(Boolean, default=False)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class ModelPairRow(Base):
    """A pair as it stood when a run used it: the catalogue's entry, frozen."""

    __tablename__ = "model_pair"
    __table_args__ = (UniqueConstraint("name", "sha256"),)

    model_pair_id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    spec: Mapped[dict[str, Any]] = mapped_column()
    sha256: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class Run(Base):
    """One weighing of one dataset by one pair under one criteria version."""

    __tablename__ = "run"
    __table_args__ = NEVER_REUSED

    run_id: Mapped[int] = mapped_column(primary_key=True)
    dataset_id: Mapped[int] = mapped_column(ForeignKey("dataset.dataset_id", ondelete="CASCADE"), index=True)
    model_pair_id: Mapped[int] = mapped_column(ForeignKey("model_pair.model_pair_id"))
    criteria_id: Mapped[int] = mapped_column(ForeignKey("criteria.criteria_id"))
    configuration: Mapped[dict[str, Any]] = mapped_column(default=dict)
    software: Mapped[dict[str, Any]] = mapped_column(default=dict)
    status: Mapped[str] = mapped_column(String(20), index=True, default="queued")
    # queued | running | cancelling | cancelled | done | failed
    is_hidden: Mapped[bool] = mapped_column(Boolean, default=False)
    n_items: Mapped[int] = mapped_column(default=0)
    n_done: Mapped[int] = mapped_column(default=0)  # weighed or told apart as not weighable
    n_not_weighed: Mapped[int] = mapped_column(default=0)
    n_out_of_world: Mapped[int] = mapped_column(default=0)
    n_computed: Mapped[int] = mapped_column(BIG, default=0)  # responses that went through a model
    n_cached: Mapped[int] = mapped_column(BIG, default=0)  # responses found in the log-prob cache
    share_done: Mapped[float | None] = mapped_column(Float)  # of the work, 0 to 1; moves with every pack
    noise_margin: Mapped[float | None] = mapped_column(Float)  # a margin below it is noise; in the unit that ranks
    elapsed_s: Mapped[float] = mapped_column(Float, default=0.0)  # working time, over all resumptions
    responses_per_s: Mapped[float | None] = mapped_column(Float)
    error: Mapped[str | None] = mapped_column(Text)
    worker: Mapped[str | None] = mapped_column(String(200))
    heartbeat_at: Mapped[datetime | None] = mapped_column()
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    started_at: Mapped[datetime | None] = mapped_column()
    finished_at: Mapped[datetime | None] = mapped_column()


class Logprob(Base):
    """The cache: token log-probs under one model of one (token ids, response mask). Never stale by construction."""

    __tablename__ = "logprob"

    fingerprint: Mapped[str] = mapped_column(String(64), primary_key=True)
    content_key: Mapped[str] = mapped_column(String(64), primary_key=True)
    total: Mapped[float] = mapped_column(Float)  # nats, float64 sum
    n_tokens: Mapped[int] = mapped_column()
    token_logprobs: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)  # zlib of little-endian float32


class Noise(Base):
    """How far log-probs under one model move in another packing: nats, over n responses weighed twice."""

    __tablename__ = "noise"

    fingerprint: Mapped[str] = mapped_column(String(64), primary_key=True)
    engine: Mapped[str] = mapped_column(String(40), primary_key=True)
    device: Mapped[str] = mapped_column(String(20), primary_key=True)  # its kind: cpu, cuda, mps
    dtype: Mapped[str] = mapped_column(String(20))
    n: Mapped[int] = mapped_column()
    max_sum: Mapped[float] = mapped_column(Float)  # of a response's log-prob
    rms_sum: Mapped[float] = mapped_column(Float)
    max_mean: Mapped[float] = mapped_column(Float)  # of its mean per token
    rms_mean: Mapped[float] = mapped_column(Float)
    measured_at: Mapped[datetime] = mapped_column(default=utc_now)


class Score(Base):
    """What one run found for one candidate."""

    __tablename__ = "score"

    run_id: Mapped[int] = mapped_column(ForeignKey("run.run_id", ondelete="CASCADE"), primary_key=True)
    candidate_id: Mapped[int] = mapped_column(
        ForeignKey("candidate.candidate_id", ondelete="CASCADE"), primary_key=True, index=True
    )
    item_id: Mapped[int] = mapped_column(ForeignKey("item.item_id", ondelete="CASCADE"), index=True)
    reward: Mapped[float] = mapped_column(Float)  # nats: strong_logprob - weak_logprob
    reward_per_token: Mapped[float] = mapped_column(Float)
    strong_logprob: Mapped[float] = mapped_column(Float)
    weak_logprob: Mapped[float] = mapped_column(Float)
    strong_tokens: Mapped[int] = mapped_column()
    weak_tokens: Mapped[int] = mapped_column()
    rank: Mapped[int] = mapped_column()  # 1 is best, by the run's rank_by; equal rewards share a rank
    strong_key: Mapped[str] = mapped_column(String(64))  # content keys into logprob
    weak_key: Mapped[str] = mapped_column(String(64))
    is_split: Mapped[bool] = mapped_column(Boolean, default=False)  # tokenized after fixed prompt ids (rule 2)
    strong_spans: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)  # zlib of int32 (start, end) pairs
    weak_spans: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)  # None: as strong

    __table_args__ = (Index("ix_score_run_id_item_id", "run_id", "item_id"),)


class Suggestion(Base):
    """The ranking a run proposes for an item."""

    __tablename__ = "suggestion"
    __table_args__ = (Index("ix_suggestion_run_id_margin", "run_id", "margin"),)

    run_id: Mapped[int] = mapped_column(ForeignKey("run.run_id", ondelete="CASCADE"), primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("item.item_id", ondelete="CASCADE"), primary_key=True, index=True)
    best_candidate_id: Mapped[int] = mapped_column(ForeignKey("candidate.candidate_id", ondelete="CASCADE"), index=True)
    ranking: Mapped[list[Any]] = mapped_column()  # candidate ids, best first; ties nested: [[7], [5, 6]]
    margin: Mapped[float] = mapped_column(Float)  # nats by sum, nats per token by mean
    is_length_flip: Mapped[bool] = mapped_column(Boolean, default=False)
    is_out_of_world: Mapped[bool] = mapped_column(Boolean, default=False)
    prompt_mean_logprob: Mapped[float | None] = mapped_column(Float)  # of the last user message, where checked
    response_mean_logprob: Mapped[float | None] = mapped_column(Float)  # pooled over candidates, where checked
    taken_from: Mapped[int | None] = mapped_column()  # the run whose numbers these are, where it is not this one
    notes: Mapped[list[Any]] = mapped_column(default=list)  # e.g. {"candidate_id", "reason", "detail"} left out


class NotWeighed(Base):
    """An item that a run could not rank, and why: one clear line."""

    __tablename__ = "not_weighed"

    run_id: Mapped[int] = mapped_column(ForeignKey("run.run_id", ondelete="CASCADE"), primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("item.item_id", ondelete="CASCADE"), primary_key=True, index=True)
    reason: Mapped[str] = mapped_column(String(60))  # too long | empty response | too few candidates | identical ...
    detail: Mapped[str] = mapped_column(Text)


class Annotator(Base):
    """A person who decides."""

    __tablename__ = "annotator"

    annotator_id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    role: Mapped[str] = mapped_column(String(20), default="annotator")
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class Decision(Base):
    """What a person submitted on an item. Append-only; the latest row of (item, annotator, kind) counts."""

    __tablename__ = "decision"
    __table_args__ = (Index("ix_decision_item_id_annotator_id", "item_id", "annotator_id"),)

    decision_id: Mapped[int] = mapped_column(BIG, primary_key=True)
    submission: Mapped[str] = mapped_column(String(64), unique=True)  # one per screen: sent twice, kept once
    run_id: Mapped[int | None] = mapped_column(ForeignKey("run.run_id"), index=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("item.item_id"))
    annotator_id: Mapped[int] = mapped_column(ForeignKey("annotator.annotator_id"), index=True)
    verdict: Mapped[str] = mapped_column(String(20))  # accept | override | tie | skip | flag | undo
    chosen_candidate_id: Mapped[int | None] = mapped_column(ForeignKey("candidate.candidate_id"), index=True)
    ranking: Mapped[list[Any]] = mapped_column(default=list)  # as in suggestion: candidate ids, ties nested
    strength: Mapped[int | None] = mapped_column()
    reason_tags: Mapped[list[Any]] = mapped_column(default=list)
    note: Mapped[str] = mapped_column(Text, default="")
    is_blind: Mapped[bool] = mapped_column(Boolean, default=False)
    display_order: Mapped[list[Any]] = mapped_column(default=list)  # candidate ids as shown, first place first
    suggestion: Mapped[dict[str, Any]] = mapped_column(default=dict)  # as it stood: best, ranking, margin, rewards
    suggested_candidate_id: Mapped[int | None] = mapped_column(ForeignKey("candidate.candidate_id"), index=True)
    elapsed_ms: Mapped[int | None] = mapped_column()
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    supersedes_id: Mapped[int | None] = mapped_column(ForeignKey("decision.decision_id"), index=True)
    kind: Mapped[str] = mapped_column(String(20), server_default="label")  # label | repeat | adjudication | auto
    look_id: Mapped[int | None] = mapped_column(BIG, index=True)  # the look it was made on; None before looks were kept
    auto_accept_id: Mapped[int | None] = mapped_column(index=True)  # the threshold that made it
    is_imported: Mapped[bool] = mapped_column(Boolean, server_default=false())  # made elsewhere, came with a file
    request: Mapped[str | None] = mapped_column(String(10))  # best | rank | tie | skip | flag; None: not known
