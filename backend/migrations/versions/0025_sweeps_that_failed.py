"""Why a sweep can never be gone on with

Revision ID: 0025
Revises: 0024
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the reason."""
    op.add_column("sweeps", sa.Column("failure", JSONB(), nullable=True))


def downgrade() -> None:
    """Remove it."""
    op.drop_column("sweeps", "failure")
