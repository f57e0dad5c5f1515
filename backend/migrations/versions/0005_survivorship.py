"""Membership of indices by date

Revision ID: 0005
Revises: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Days on which a list was met; source and uncertainty of each membership."""
    op.create_table(
        "file_sightings",
        sa.Column("file_id", sa.Integer(), nullable=False),
        sa.Column("seen_on", sa.Date(), nullable=False),
        sa.Column("date_basis", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["file_id"], ["import_files.id"], name=op.f("fk_file_sightings_file_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("file_id", "seen_on", name=op.f("pk_file_sightings")),
    )
    op.execute(
        "INSERT INTO file_sightings (file_id, seen_on, date_basis) "
        "SELECT file_id, in_force_on, min(date_basis) FROM index_lists WHERE in_force_on IS NOT NULL GROUP BY 1, 2"
    )
    op.add_column("index_members", sa.Column("source_file_id", sa.Integer(), nullable=True))
    op.add_column("index_members", sa.Column("entered_after", sa.Date(), nullable=True))
    op.add_column("index_members", sa.Column("left_since", sa.Date(), nullable=True))
    op.create_foreign_key(
        op.f("fk_index_members_source_file_id"), "index_members", "import_files", ["source_file_id"], ["id"]
    )
    # what is derived is worked out again at the next start
    op.execute(
        "INSERT INTO data_versions (scope, version) SELECT 'identity:pending', 1 "
        "WHERE EXISTS (SELECT 1 FROM index_members) ON CONFLICT (scope) DO NOTHING"
    )


def downgrade() -> None:
    """Remove them."""
    op.drop_constraint(op.f("fk_index_members_source_file_id"), "index_members", type_="foreignkey")
    op.drop_column("index_members", "left_since")
    op.drop_column("index_members", "entered_after")
    op.drop_column("index_members", "source_file_id")
    op.drop_table("file_sightings")
