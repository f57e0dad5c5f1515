"""What a person says an accepted action is

Revision ID: 0010
Revises: 0009
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

KINDS = "'SPLIT', 'BONUS', 'BONUS+SPLIT', 'CONSOLIDATION', 'RIGHTS', 'DEMERGER', 'OTHER'"


def upgrade() -> None:
    """Add the column."""
    op.add_column("action_decisions", sa.Column("kind", sa.String(), nullable=True))
    op.create_check_constraint(op.f("ck_action_decisions_kind"), "action_decisions", f"kind IN ({KINDS})")


def downgrade() -> None:
    """Remove it."""
    op.drop_constraint(op.f("ck_action_decisions_kind"), "action_decisions")
    op.drop_column("action_decisions", "kind")
