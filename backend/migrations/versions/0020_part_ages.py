"""Since when a part of a walk-forward is kept

Revision ID: 0020
Revises: 0019
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the time; of the parts that are there it is now."""
    op.add_column(
        "walk_forward_parts",
        sa.Column("kept_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
    )


def downgrade() -> None:
    """Remove it."""
    op.drop_column("walk_forward_parts", "kept_at")
