"""Every table of the first version, with its keys; indexes and triggers come in 0002."""

from alembic import op
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Float,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Text,
    UniqueConstraint,
)

revision = "0001"
down_revision = None

BIG = BigInteger().with_variant(Integer, "sqlite")


def upgrade() -> None:
    """Empty database to tables."""
    _create_dataset()
    _create_item()
    _create_candidate()
    _create_criteria()
    _create_model_pair()
    _create_run()
    _create_logprob()
    _create_score()
    _create_suggestion()
    _create_not_weighed()
    _create_annotator()
    _create_decision()


def _create_dataset() -> None:
    op.create_table(
        "dataset",
        Column("dataset_id", Integer(), nullable=False),
        Column("name", String(200), nullable=False),
        Column("file_name", String(500), nullable=False),
        Column("sha256", String(64), nullable=False),
        Column("format", String(40), nullable=False),
        Column("statement", Text(), nullable=False),
        Column("guidelines", Text(), nullable=False),
        Column("state", String(20), nullable=False),
        Column("n_items", Integer(), nullable=False),
        Column("n_candidates", Integer(), nullable=False),
        Column("n_gold", Integer(), nullable=False),
        Column("created_at", DateTime(), nullable=False),
        PrimaryKeyConstraint("dataset_id", name="pk_dataset"),
        UniqueConstraint("name", name="uq_dataset_name"),
        sqlite_autoincrement=True,
    )


def _create_item() -> None:
    op.create_table(
        "item",
        Column("item_id", BIG, nullable=False),
        Column("dataset_id", Integer(), nullable=False),
        Column("position", Integer(), nullable=False),
        Column("messages", JSON(), nullable=False),
        Column("domain", String(100), nullable=True),
        Column("subset", String(200), nullable=True),
        Column("meta", JSON(), nullable=False),
        Column("source_line", Integer(), nullable=True),
        ForeignKeyConstraint(
            ["dataset_id"], ["dataset.dataset_id"], name="fk_item_dataset_id_dataset", ondelete="CASCADE"
        ),
        PrimaryKeyConstraint("item_id", name="pk_item"),
        UniqueConstraint("dataset_id", "position", name="uq_item_dataset_id_position"),
        sqlite_autoincrement=True,
    )


def _create_candidate() -> None:
    op.create_table(
        "candidate",
        Column("candidate_id", BIG, nullable=False),
        Column("item_id", BIG, nullable=False),
        Column("position", Integer(), nullable=False),
        Column("text", Text(), nullable=False),
        Column("source_model", String(300), nullable=True),
        Column("gold_rank", Float(), nullable=True),
        Column("gold_score", Float(), nullable=True),
        ForeignKeyConstraint(["item_id"], ["item.item_id"], name="fk_candidate_item_id_item", ondelete="CASCADE"),
        PrimaryKeyConstraint("candidate_id", name="pk_candidate"),
        UniqueConstraint("item_id", "position", name="uq_candidate_item_id_position"),
        sqlite_autoincrement=True,
    )


def _create_criteria() -> None:
    op.create_table(
        "criteria",
        Column("criteria_id", Integer(), nullable=False),
        Column("name", String(100), nullable=False),
        Column("version", Integer(), nullable=False),
        Column("title", String(200), nullable=False),
        Column("body", JSON(), nullable=False),
        Column("sha256", String(64), nullable=False),
        Column("is_builtin", Boolean(), nullable=False),
        Column("created_at", DateTime(), nullable=False),
        PrimaryKeyConstraint("criteria_id", name="pk_criteria"),
        UniqueConstraint("name", "version", name="uq_criteria_name_version"),
    )


def _create_model_pair() -> None:
    op.create_table(
        "model_pair",
        Column("model_pair_id", Integer(), nullable=False),
        Column("name", String(100), nullable=False),
        Column("spec", JSON(), nullable=False),
        Column("sha256", String(64), nullable=False),
        Column("created_at", DateTime(), nullable=False),
        PrimaryKeyConstraint("model_pair_id", name="pk_model_pair"),
        UniqueConstraint("name", "sha256", name="uq_model_pair_name_sha256"),
    )


def _create_run() -> None:
    op.create_table(
        "run",
        Column("run_id", Integer(), nullable=False),
        Column("dataset_id", Integer(), nullable=False),
        Column("model_pair_id", Integer(), nullable=False),
        Column("criteria_id", Integer(), nullable=False),
        Column("configuration", JSON(), nullable=False),
        Column("software", JSON(), nullable=False),
        Column("status", String(20), nullable=False),
        Column("is_hidden", Boolean(), nullable=False),
        Column("n_items", Integer(), nullable=False),
        Column("n_done", Integer(), nullable=False),
        Column("n_not_weighed", Integer(), nullable=False),
        Column("n_out_of_world", Integer(), nullable=False),
        Column("n_computed", BIG, nullable=False),
        Column("n_cached", BIG, nullable=False),
        Column("elapsed_s", Float(), nullable=False),
        Column("responses_per_s", Float(), nullable=True),
        Column("error", Text(), nullable=True),
        Column("worker", String(200), nullable=True),
        Column("heartbeat_at", DateTime(), nullable=True),
        Column("created_at", DateTime(), nullable=False),
        Column("started_at", DateTime(), nullable=True),
        Column("finished_at", DateTime(), nullable=True),
        ForeignKeyConstraint(["criteria_id"], ["criteria.criteria_id"], name="fk_run_criteria_id_criteria"),
        ForeignKeyConstraint(
            ["dataset_id"], ["dataset.dataset_id"], name="fk_run_dataset_id_dataset", ondelete="CASCADE"
        ),
        ForeignKeyConstraint(["model_pair_id"], ["model_pair.model_pair_id"], name="fk_run_model_pair_id_model_pair"),
        PrimaryKeyConstraint("run_id", name="pk_run"),
        sqlite_autoincrement=True,
    )


def _create_logprob() -> None:
    op.create_table(
        "logprob",
        Column("fingerprint", String(64), nullable=False),
        Column("content_key", String(64), nullable=False),
        Column("total", Float(), nullable=False),
        Column("n_tokens", Integer(), nullable=False),
        Column("token_logprobs", LargeBinary(), nullable=False),
        PrimaryKeyConstraint("fingerprint", "content_key", name="pk_logprob"),
    )


def _create_score() -> None:
    op.create_table(
        "score",
        Column("run_id", Integer(), nullable=False),
        Column("candidate_id", BIG, nullable=False),
        Column("item_id", BIG, nullable=False),
        Column("reward", Float(), nullable=False),
        Column("reward_per_token", Float(), nullable=False),
        Column("strong_logprob", Float(), nullable=False),
        Column("weak_logprob", Float(), nullable=False),
        Column("strong_tokens", Integer(), nullable=False),
        Column("weak_tokens", Integer(), nullable=False),
        Column("rank", Integer(), nullable=False),
        Column("strong_key", String(64), nullable=False),
        Column("weak_key", String(64), nullable=False),
        Column("is_split", Boolean(), nullable=False),
        Column("strong_spans", LargeBinary(), nullable=False),
        Column("weak_spans", LargeBinary(), nullable=True),
        ForeignKeyConstraint(
            ["candidate_id"], ["candidate.candidate_id"], name="fk_score_candidate_id_candidate", ondelete="CASCADE"
        ),
        ForeignKeyConstraint(["item_id"], ["item.item_id"], name="fk_score_item_id_item", ondelete="CASCADE"),
        ForeignKeyConstraint(["run_id"], ["run.run_id"], name="fk_score_run_id_run", ondelete="CASCADE"),
        PrimaryKeyConstraint("run_id", "candidate_id", name="pk_score"),
    )


def _create_suggestion() -> None:
    op.create_table(
        "suggestion",
        Column("run_id", Integer(), nullable=False),
        Column("item_id", BIG, nullable=False),
        Column("best_candidate_id", BIG, nullable=False),
        Column("ranking", JSON(), nullable=False),
        Column("margin", Float(), nullable=False),
        Column("is_length_flip", Boolean(), nullable=False),
        Column("is_out_of_world", Boolean(), nullable=False),
        Column("prompt_mean_logprob", Float(), nullable=True),
        Column("response_mean_logprob", Float(), nullable=True),
        Column("notes", JSON(), nullable=False),
        ForeignKeyConstraint(
            ["best_candidate_id"],
            ["candidate.candidate_id"],
            name="fk_suggestion_best_candidate_id_candidate",
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(["item_id"], ["item.item_id"], name="fk_suggestion_item_id_item", ondelete="CASCADE"),
        ForeignKeyConstraint(["run_id"], ["run.run_id"], name="fk_suggestion_run_id_run", ondelete="CASCADE"),
        PrimaryKeyConstraint("run_id", "item_id", name="pk_suggestion"),
    )


def _create_not_weighed() -> None:
    op.create_table(
        "not_weighed",
        Column("run_id", Integer(), nullable=False),
        Column("item_id", BIG, nullable=False),
        Column("reason", String(60), nullable=False),
        Column("detail", Text(), nullable=False),
        ForeignKeyConstraint(["item_id"], ["item.item_id"], name="fk_not_weighed_item_id_item", ondelete="CASCADE"),
        ForeignKeyConstraint(["run_id"], ["run.run_id"], name="fk_not_weighed_run_id_run", ondelete="CASCADE"),
        PrimaryKeyConstraint("run_id", "item_id", name="pk_not_weighed"),
    )


def _create_annotator() -> None:
    op.create_table(
        "annotator",
        Column("annotator_id", Integer(), nullable=False),
        Column("name", String(100), nullable=False),
        Column("role", String(20), nullable=False),
        Column("created_at", DateTime(), nullable=False),
        PrimaryKeyConstraint("annotator_id", name="pk_annotator"),
        UniqueConstraint("name", name="uq_annotator_name"),
    )


def _create_decision() -> None:
    op.create_table(
        "decision",
        Column("decision_id", BIG, nullable=False),
        Column("submission", String(64), nullable=False),
        Column("run_id", Integer(), nullable=True),
        Column("item_id", BIG, nullable=False),
        Column("annotator_id", Integer(), nullable=False),
        Column("verdict", String(20), nullable=False),
        Column("chosen_candidate_id", BIG, nullable=True),
        Column("ranking", JSON(), nullable=False),
        Column("strength", Integer(), nullable=True),
        Column("reason_tags", JSON(), nullable=False),
        Column("note", Text(), nullable=False),
        Column("is_blind", Boolean(), nullable=False),
        Column("display_order", JSON(), nullable=False),
        Column("suggestion", JSON(), nullable=False),
        Column("suggested_candidate_id", BIG, nullable=True),
        Column("elapsed_ms", Integer(), nullable=True),
        Column("created_at", DateTime(), nullable=False),
        Column("supersedes_id", BIG, nullable=True),
        ForeignKeyConstraint(["annotator_id"], ["annotator.annotator_id"], name="fk_decision_annotator_id_annotator"),
        ForeignKeyConstraint(
            ["chosen_candidate_id"], ["candidate.candidate_id"], name="fk_decision_chosen_candidate_id_candidate"
        ),
        ForeignKeyConstraint(["item_id"], ["item.item_id"], name="fk_decision_item_id_item"),
        ForeignKeyConstraint(["run_id"], ["run.run_id"], name="fk_decision_run_id_run"),
        ForeignKeyConstraint(
            ["suggested_candidate_id"], ["candidate.candidate_id"], name="fk_decision_suggested_candidate_id_candidate"
        ),
        ForeignKeyConstraint(["supersedes_id"], ["decision.decision_id"], name="fk_decision_supersedes_id_decision"),
        PrimaryKeyConstraint("decision_id", name="pk_decision"),
        UniqueConstraint("submission", name="uq_decision_submission"),
    )
