"""Which days' prices changed, and the superseded rows by date

Revision ID: 0009
Revises: 0008
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add both; every stored day begins at version 1, so that a year built before is read whole once more."""
    op.create_table(
        "price_days",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_price_days")),
    )
    op.execute("INSERT INTO price_days (day, version) SELECT DISTINCT date, 1 FROM historical_prices")
    op.create_index(
        "idx_historical_superseded",
        "historical_prices",
        ["date"],
        unique=False,
        postgresql_where=sa.text("superseded_at IS NOT NULL"),
    )


def downgrade() -> None:
    """Remove both."""
    op.drop_index("idx_historical_superseded", table_name="historical_prices")
    op.drop_table("price_days")
