"""More limits of a risk policy

Revision ID: 0008
Revises: 0007
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

LIMITS = ("max_position_percent", "max_sector_percent", "max_turnover_percent", "max_drawdown_percent")


def upgrade() -> None:
    """Add the columns."""
    for name in LIMITS:
        op.add_column("portfolio_policies", sa.Column(name, sa.Numeric(precision=9, scale=4), nullable=True))
        op.create_check_constraint(
            op.f(f"ck_portfolio_policies_{name}"), "portfolio_policies", f"{name} > 0 AND {name} <= 100"
        )
    op.add_column("portfolio_policies", sa.Column("on_breach", sa.String(), server_default="block", nullable=False))


def downgrade() -> None:
    """Remove them."""
    op.drop_column("portfolio_policies", "on_breach")
    for name in reversed(LIMITS):
        op.drop_constraint(op.f(f"ck_portfolio_policies_{name}"), "portfolio_policies")
        op.drop_column("portfolio_policies", name)
