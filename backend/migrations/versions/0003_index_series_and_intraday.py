"""Index series and the catalogue of intraday bars

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_VALUES = ("open", "high", "low", "close")
_RATIOS = ("pe", "pb", "dividend_yield")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "index_values",
        sa.Column("file_id", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("index_id", sa.String(), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        *(sa.Column(name, sa.Float(precision=53), nullable=True) for name in _VALUES),
        sa.Column("volume", sa.BigInteger(), nullable=True),
        sa.Column("turnover", sa.Float(precision=53), nullable=True),
        *(sa.Column(name, sa.Float(precision=53), nullable=True) for name in _RATIOS),
        sa.Column("source_rank", sa.SmallInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["file_id"], ["import_files.id"], name=op.f("fk_index_values_file_id_import_files"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["index_id"], ["indices.id"], name=op.f("fk_index_values_index_id_indices")),
        sa.PrimaryKeyConstraint("file_id", "line", "index_id", name=op.f("pk_index_values")),
    )
    op.create_index("ix_index_values_index_id_date", "index_values", ["index_id", "date"], unique=False)
    op.create_table(
        "intraday_slices",
        sa.Column("symbol", sa.String(), nullable=False),
        sa.Column("timeframe", sa.String(), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("content_hash", sa.String(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("symbol", "timeframe", "year", name=op.f("pk_intraday_slices")),
    )
    op.create_table(
        "intraday_sources",
        sa.Column("file_id", sa.Integer(), nullable=False),
        sa.Column("symbol", sa.String(), nullable=False),
        sa.Column("timeframe", sa.String(), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["file_id"], ["import_files.id"], name=op.f("fk_intraday_sources_file_id_import_files"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("file_id", "symbol", "timeframe", "year", name=op.f("pk_intraday_sources")),
    )


def downgrade() -> None:
    """Remove them."""
    op.drop_table("intraday_sources")
    op.drop_table("intraday_slices")
    op.drop_index("ix_index_values_index_id_date", table_name="index_values")
    op.drop_table("index_values")
