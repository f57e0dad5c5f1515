"""Fundamentals, market capitalisation, price bands, broker symbol masters

Revision ID: 0004
Revises: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_TABLES = (
    "fundamental_values",
    "security_listings",
    "security_flags",
    "week_52_levels",
    "large_deals",
    "series_moves",
    "announced_holidays",
)


def _evidence(name: str, *columns: sa.Column[object], key: tuple[str, ...] = ("file_id", "line")) -> None:
    op.create_table(
        name,
        sa.Column("file_id", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        *columns,
        sa.ForeignKeyConstraint(
            ["file_id"], ["import_files.id"], name=op.f(f"fk_{name}_file_id_import_files"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint(*key, name=op.f(f"pk_{name}")),
    )


def _text(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.String(), nullable=nullable)


def _number(name: str, *, nullable: bool = True) -> sa.Column[object]:
    return sa.Column(name, sa.Float(53), nullable=nullable)


def _date(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.Date(), nullable=nullable)


def upgrade() -> None:
    """Make the tables."""
    _evidence(
        "fundamental_values",
        _text("field"),
        _text("symbol"),
        _text("isin", nullable=True),
        _date("symbol_on"),
        _date("period_end"),
        _text("period_kind"),
        _number("value", nullable=False),
        _text("unit"),
        _text("source"),
        sa.Column("source_rank", sa.SmallInteger(), nullable=False),
        _date("known_at"),
        _text("known_at_basis"),
        key=("file_id", "line", "field"),
    )
    _evidence(
        "security_listings",
        _text("source"),
        _date("as_of"),
        _text("token", nullable=True),
        _text("symbol"),
        _text("series", nullable=True),
        _text("name", nullable=True),
        sa.Column("type_code", sa.Integer(), nullable=True),
        sa.Column("lot", sa.Integer(), nullable=True),
        _number("tick"),
        _text("isin", nullable=True),
        _date("listed_on", nullable=True),
    )
    op.create_index(op.f("ix_security_listings_symbol"), "security_listings", ["symbol"])
    _evidence(
        "security_flags",
        _date("date"),
        _text("symbol"),
        _text("series", nullable=True),
        _text("flag"),
        _text("detail", nullable=True),
        _number("band_pct"),
        _number("lower_limit"),
        _number("upper_limit"),
        _text("source"),
        key=("file_id", "line", "flag"),
    )
    op.create_index(op.f("ix_security_flags_symbol_date"), "security_flags", ["symbol", "date"])
    _evidence(
        "week_52_levels",
        _date("date"),
        _text("symbol"),
        _text("series"),
        _number("high"),
        _date("high_on", nullable=True),
        _number("low"),
        _date("low_on", nullable=True),
        sa.Column("adjusted", sa.Boolean(), nullable=False),
    )
    _evidence(
        "large_deals",
        _date("date"),
        _text("symbol"),
        _text("kind"),
        _text("client", nullable=True),
        _text("side", nullable=True),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        _number("price"),
    )
    op.create_index(op.f("ix_large_deals_symbol_date"), "large_deals", ["symbol", "date"])
    _evidence(
        "series_moves",
        _text("symbol"),
        _text("name", nullable=True),
        _text("from_series"),
        _text("to_series"),
        _date("effective_on"),
        _text("remarks", nullable=True),
    )
    op.create_index(op.f("ix_series_moves_symbol"), "series_moves", ["symbol"])
    _evidence("announced_holidays", _text("segment"), _date("date"), _text("description"))


def downgrade() -> None:
    """Remove them."""
    for name in reversed(_TABLES):
        op.drop_table(name)
