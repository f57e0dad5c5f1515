"""The ledger of screens

Revision ID: 0011
Revises: 0010
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "screen_trials",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("owner_id", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("expression", sa.Text(), nullable=False),
        sa.Column("times", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("first_tried_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("last_tried_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["owners.id"], name=op.f("fk_screen_trials_owner_id")),
        sa.PrimaryKeyConstraint("digest", "owner_id", name=op.f("pk_screen_trials")),
    )
    op.create_index(op.f("ix_screen_trials_owner_id"), "screen_trials", ["owner_id"], unique=False)


def downgrade() -> None:
    """Remove it."""
    op.drop_table("screen_trials")
