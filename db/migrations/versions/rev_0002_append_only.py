"""Indexes, and the triggers that keep decisions append-only."""

from alembic import op

revision = "0002"
down_revision = "0001"

RULE = "decisions are append-only: add a row that supersedes this one"


def upgrade() -> None:
    """Tables to indexed tables, with decisions that nobody can rewrite."""
    _create_indexes()
    if op.get_bind().dialect.name == "postgresql":
        _guard_on_postgresql()
    else:
        _guard_on_sqlite()


def _create_indexes() -> None:
    op.create_index("ix_dataset_sha256", "dataset", ["sha256"])
    op.create_index("ix_run_dataset_id", "run", ["dataset_id"])
    op.create_index("ix_run_status", "run", ["status"])
    op.create_index("ix_not_weighed_item_id", "not_weighed", ["item_id"])
    op.create_index("ix_decision_chosen_candidate_id", "decision", ["chosen_candidate_id"])
    op.create_index("ix_decision_item_id_annotator_id", "decision", ["item_id", "annotator_id"])
    op.create_index("ix_decision_run_id", "decision", ["run_id"])
    op.create_index("ix_decision_suggested_candidate_id", "decision", ["suggested_candidate_id"])
    op.create_index("ix_decision_supersedes_id", "decision", ["supersedes_id"])
    op.create_index("ix_score_candidate_id", "score", ["candidate_id"])
    op.create_index("ix_score_item_id", "score", ["item_id"])
    op.create_index("ix_score_run_id_item_id", "score", ["run_id", "item_id"])
    op.create_index("ix_suggestion_best_candidate_id", "suggestion", ["best_candidate_id"])
    op.create_index("ix_suggestion_item_id", "suggestion", ["item_id"])
    op.create_index("ix_suggestion_run_id_margin", "suggestion", ["run_id", "margin"])


def _guard_on_sqlite() -> None:
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER decision_refuses_{verb.lower()} BEFORE {verb} ON decision "
            f"BEGIN SELECT RAISE(ABORT, '{RULE}'); END"
        )


def _guard_on_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION decision_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{RULE}' USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    op.execute(
        "CREATE TRIGGER decision_refuses_update BEFORE UPDATE OR DELETE ON decision "
        "FOR EACH ROW EXECUTE FUNCTION decision_is_append_only()"
    )
    op.execute(
        "CREATE TRIGGER decision_refuses_truncate BEFORE TRUNCATE ON decision "
        "FOR EACH STATEMENT EXECUTE FUNCTION decision_is_append_only()"
    )
