"""Numeric noise: measured per model, kept on a run as the margin it drowns; how far a run is; results taken over."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Runs without a word on noise to runs that may have one."""
    op.create_table(
        "noise",
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("engine", sa.String(40), nullable=False),
        sa.Column("device", sa.String(20), nullable=False),
        sa.Column("dtype", sa.String(20), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("max_sum", sa.Float(), nullable=False),
        sa.Column("rms_sum", sa.Float(), nullable=False),
        sa.Column("max_mean", sa.Float(), nullable=False),
        sa.Column("rms_mean", sa.Float(), nullable=False),
        sa.Column("measured_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("fingerprint", "engine", "device", name="pk_noise"),
    )
    op.add_column("run", sa.Column("share_done", sa.Float()))
    op.add_column("run", sa.Column("noise_margin", sa.Float()))
    op.add_column("suggestion", sa.Column("taken_from", sa.Integer()))
