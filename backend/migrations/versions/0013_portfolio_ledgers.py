"""Ledgers of portfolios of stocks

Revision ID: 0013
Revises: 0012
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

KINDS = (
    "'OPENING', 'BUY', 'SELL', 'RIGHTS', 'SPLIT', 'BONUS', 'DEMERGER', 'MERGER', 'DIVIDEND', "
    "'CHARGES', 'DEPOSIT', 'WITHDRAWAL'"
)


def _money(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.Numeric(precision=18, scale=4), server_default=sa.text("0"), nullable=False)


def _count(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.Integer(), server_default=sa.text("0"), nullable=False)


def upgrade() -> None:
    """Add the table and the columns."""
    op.add_column("user_portfolios", sa.Column("client", sa.String(), nullable=True))
    op.add_column("user_portfolios", sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False))
    op.create_index(op.f("ix_user_portfolios_client"), "user_portfolios", ["client"], unique=False)
    op.create_index(
        "uq_user_portfolios_name",
        "user_portfolios",
        ["owner_id", sa.text("lower(name)")],
        unique=True,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.add_column("portfolio_positions", sa.Column("instrument_key", sa.String(), nullable=True))
    op.add_column("portfolio_positions", sa.Column("invested", sa.Numeric(precision=28, scale=8), nullable=True))
    op.create_table(
        "portfolio_transactions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("portfolio_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("session", sa.Date(), nullable=False),
        sa.Column("instrument_key", sa.String(), nullable=True),
        sa.Column("symbol", sa.String(), nullable=True),
        sa.Column("account", sa.String(), server_default="", nullable=False),
        _count("quantity"),
        sa.Column("price", sa.Numeric(precision=20, scale=8), server_default=sa.text("0"), nullable=False),
        _money("charges"),
        _money("stt"),
        _money("amount"),
        _count("ratio_new"),
        _count("ratio_old"),
        sa.Column("target_key", sa.String(), nullable=True),
        sa.Column("target_symbol", sa.String(), nullable=True),
        sa.Column("cost_percent", sa.Numeric(precision=9, scale=4), server_default=sa.text("0"), nullable=False),
        sa.Column("acquired", sa.Date(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("source", sa.String(), server_default="manual", nullable=False),
        sa.Column("external_id", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(f"kind IN ({KINDS})", name=op.f("ck_portfolio_transactions_kind")),
        sa.CheckConstraint("quantity >= 0", name=op.f("ck_portfolio_transactions_quantity")),
        sa.CheckConstraint(
            "price >= 0 AND charges >= 0 AND stt >= 0 AND amount >= 0", name=op.f("ck_portfolio_transactions_money")
        ),
        sa.ForeignKeyConstraint(
            ["portfolio_id"],
            ["user_portfolios.id"],
            name=op.f("fk_portfolio_transactions_portfolio_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_portfolio_transactions")),
    )
    op.create_index(
        "ix_portfolio_transactions_portfolio_id_session",
        "portfolio_transactions",
        ["portfolio_id", "session"],
        unique=False,
    )
    op.create_index(
        "uq_portfolio_transactions_external_id",
        "portfolio_transactions",
        ["portfolio_id", "external_id"],
        unique=True,
        postgresql_where=sa.text("external_id IS NOT NULL"),
    )


def downgrade() -> None:
    """Remove them."""
    op.drop_table("portfolio_transactions")
    op.drop_column("portfolio_positions", "invested")
    op.drop_column("portfolio_positions", "instrument_key")
    op.drop_index("uq_user_portfolios_name", table_name="user_portfolios")
    op.drop_index(op.f("ix_user_portfolios_client"), table_name="user_portfolios")
    op.drop_column("user_portfolios", "version")
    op.drop_column("user_portfolios", "client")
