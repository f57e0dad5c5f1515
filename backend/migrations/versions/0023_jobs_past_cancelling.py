"""Whether a job stores its result and can be cancelled no more

Revision ID: 0023
Revises: 0022
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the mark."""
    op.add_column("jobs", sa.Column("storing", sa.Boolean(), server_default=sa.text("false"), nullable=False))


def downgrade() -> None:
    """Remove it."""
    op.drop_column("jobs", "storing")
