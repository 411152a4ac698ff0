"""Routers and the domains they find, corrections by hand, drafts and trials of criteria, where exemplars came from."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Domains from a column only to domains that a model may name and a person may correct."""
    _create_routing()
    _create_drafting()
    for table, column in (
        ("domain_guess", "item_id"), ("item_domain", "item_id"), ("domain_correction", "item_id"),
        ("exemplar_origin", "item_id"), ("trial", "dataset_id"), ("trial", "run_id"),
    ):  # fmt: skip
        op.create_index(f"ix_{table}_{column}", table, [column])


def _reference(table: str, column: str, to: str, *, cascade: bool = False) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_{column}_{to}"
    return sa.ForeignKeyConstraint([column], [f"{to}.{column}"], name=name, ondelete="CASCADE" if cascade else None)


def _create_routing() -> None:
    op.create_table(
        "router",
        sa.Column("router_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("is_builtin", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("router_id", name="pk_router"),
        sa.UniqueConstraint("name", "version", name="uq_router_name_version"),
    )
    op.create_table(
        "domain_guess",
        sa.Column("router_id", sa.Integer(), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("item_id", _big(), nullable=False),
        sa.Column("probabilities", sa.JSON(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("router_id", "fingerprint", "item_id", name="pk_domain_guess"),
        _reference("domain_guess", "router_id", "router"),
        _reference("domain_guess", "item_id", "item", cascade=True),
    )
    op.create_table(
        "item_domain",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("item_id", _big(), nullable=False),
        sa.Column("domain", sa.String(100)),
        sa.Column("source", sa.String(20), nullable=False),
        sa.Column("probability", sa.Float()),
        sa.PrimaryKeyConstraint("run_id", "item_id", name="pk_item_domain"),
        _reference("item_domain", "run_id", "run", cascade=True),
        _reference("item_domain", "item_id", "item", cascade=True),
    )
    op.create_table(
        "domain_correction",
        sa.Column("correction_id", _big(), nullable=False),
        sa.Column("item_id", _big(), nullable=False),
        sa.Column("annotator_id", sa.Integer(), nullable=False),
        sa.Column("domain", sa.String(100)),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("correction_id", name="pk_domain_correction"),
        _reference("domain_correction", "item_id", "item", cascade=True),
        _reference("domain_correction", "annotator_id", "annotator"),
        sqlite_autoincrement=True,
    )


def _create_drafting() -> None:
    op.create_table(
        "exemplar_origin",
        sa.Column("exemplar_sha256", sa.String(64), nullable=False),
        sa.Column("item_id", _big(), nullable=False),
        sa.Column("decision_id", _big()),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("exemplar_sha256", "item_id", name="pk_exemplar_origin"),
        _reference("exemplar_origin", "item_id", "item", cascade=True),
        _reference("exemplar_origin", "decision_id", "decision"),
    )
    op.create_table(
        "criteria_draft",
        sa.Column("draft_id", sa.Integer(), nullable=False),
        sa.Column("annotator_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("base_criteria_id", sa.Integer()),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("draft_id", name="pk_criteria_draft"),
        sa.UniqueConstraint("annotator_id", "name", name="uq_criteria_draft_annotator_id_name"),
        _reference("criteria_draft", "annotator_id", "annotator"),
        sa.ForeignKeyConstraint(
            ["base_criteria_id"], ["criteria.criteria_id"], name="fk_criteria_draft_base_criteria_id_criteria"
        ),
    )
    op.create_table(
        "trial",
        sa.Column("trial_id", sa.Integer(), nullable=False),
        sa.Column("dataset_id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("criteria_sha256", sa.String(64), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("configuration", sa.JSON(), nullable=False),
        sa.Column("item_ids", sa.JSON(), nullable=False),
        sa.Column("results", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("finished_at", sa.DateTime()),
        sa.PrimaryKeyConstraint("trial_id", name="pk_trial"),
        _reference("trial", "dataset_id", "dataset", cascade=True),
        _reference("trial", "run_id", "run", cascade=True),
        sqlite_autoincrement=True,
    )


def _big() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")
