"""Parts of walk-forwards at work

Revision ID: 0018
Revises: 0017
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "walk_forward_parts",
        sa.Column("walk_forward_id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("engine_version", sa.String(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("walk_forward_id", "number", name=op.f("pk_walk_forward_parts")),
    )


def downgrade() -> None:
    """Remove it."""
    op.drop_table("walk_forward_parts")
