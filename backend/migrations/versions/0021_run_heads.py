"""What of a run is shown first

Revision ID: 0021
Revises: 0020
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table; a run's row is made when the run is next read."""
    op.create_table(
        "run_heads",
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("shape", sa.String(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["backtest_runs.run_id"], name=op.f("fk_run_heads_run_id")),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_run_heads")),
    )


def downgrade() -> None:
    """Remove it."""
    op.drop_table("run_heads")
