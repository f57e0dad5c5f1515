"""Snapshot history

Revision ID: 0006
Revises: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "data_snapshots",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("root", sa.String(), nullable=False),
        sa.Column("adjustments_hash", sa.String(), nullable=False),
        sa.Column("membership_hash", sa.String(), nullable=False),
        sa.Column("rules_version", sa.String(), nullable=False),
        sa.Column("year_roots", postgresql.JSONB(), nullable=False),
        sa.Column("changed_years", postgresql.JSONB(), nullable=False),
        sa.Column("changed_instruments", sa.Integer(), nullable=True),
        sa.Column("changed_inputs", postgresql.JSONB(), nullable=False),
        sa.Column("instruments", sa.Integer(), nullable=False),
        sa.Column("first_session", sa.Date(), nullable=True),
        sa.Column("last_session", sa.Date(), nullable=True),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_data_snapshots")),
        sa.UniqueConstraint(
            "root",
            "adjustments_hash",
            "membership_hash",
            "rules_version",
            name="uq_data_snapshots_state",
        ),
    )


def downgrade() -> None:
    """Remove it."""
    op.drop_table("data_snapshots")
