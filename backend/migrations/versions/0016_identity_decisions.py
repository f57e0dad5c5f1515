"""Decisions about two symbols that are one security, or two

Revision ID: 0016
Revises: 0015
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "identity_decisions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("old_symbol", sa.String(), nullable=False),
        sa.Column("new_symbol", sa.String(), nullable=False),
        sa.Column("session", sa.Date(), nullable=False),
        sa.Column("decision", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("owner_id", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("decision IN ('JOIN', 'SEPARATE')", name=op.f("ck_identity_decisions_decision")),
        sa.CheckConstraint("old_symbol <> new_symbol", name=op.f("ck_identity_decisions_two_symbols")),
        sa.ForeignKeyConstraint(["owner_id"], ["owners.id"], name=op.f("fk_identity_decisions_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_decisions")),
    )
    op.create_index(op.f("ix_identity_decisions_owner_id"), "identity_decisions", ["owner_id"], unique=False)
    op.create_index(
        "uq_identity_decisions_standing",
        "identity_decisions",
        ["old_symbol", "new_symbol"],
        unique=True,
        postgresql_where=sa.text("undone_at IS NULL"),
    )


def downgrade() -> None:
    """Remove it."""
    op.drop_table("identity_decisions")
