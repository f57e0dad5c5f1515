"""Which version of a reader stored a file

Revision ID: 0017
Revises: 0016
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; of files stored before it is unknown, which is taken for the first version."""
    op.add_column("import_files", sa.Column("reader", sa.SmallInteger(), server_default=sa.text("1"), nullable=False))


def downgrade() -> None:
    """Remove it."""
    op.drop_column("import_files", "reader")
