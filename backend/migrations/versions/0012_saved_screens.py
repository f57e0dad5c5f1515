"""Saved screens, their versions and events, and the watchlist

Revision ID: 0012
Revises: 0011
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def _instant(name: str, *, nullable: bool = False) -> sa.Column[object]:
    default = None if nullable else sa.text("now()")
    return sa.Column(name, sa.DateTime(timezone=True), server_default=default, nullable=nullable)


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "saved_screens",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("owner_id", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("watching", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("watched_to", sa.Date(), nullable=True),
        _instant("created_at"),
        _instant("updated_at"),
        _instant("deleted_at", nullable=True),
        sa.ForeignKeyConstraint(["owner_id"], ["owners.id"], name=op.f("fk_saved_screens_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_screens")),
    )
    op.create_index(op.f("ix_saved_screens_owner_id"), "saved_screens", ["owner_id"], unique=False)
    op.create_index(
        "uq_saved_screens_name",
        "saved_screens",
        ["owner_id", sa.text("lower(name)")],
        unique=True,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "screen_versions",
        sa.Column("screen_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("question", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("digest", sa.String(), nullable=True),
        _instant("created_at"),
        sa.ForeignKeyConstraint(
            ["screen_id"], ["saved_screens.id"], name=op.f("fk_screen_versions_screen_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("screen_id", "number", name=op.f("pk_screen_versions")),
    )
    op.create_table(
        "screen_events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("screen_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("session", sa.Date(), nullable=False),
        sa.Column("symbol", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        _instant("created_at"),
        _instant("read_at", nullable=True),
        sa.CheckConstraint("kind IN ('ENTERED', 'LEFT')", name=op.f("ck_screen_events_kind")),
        sa.ForeignKeyConstraint(
            ["screen_id"], ["saved_screens.id"], name=op.f("fk_screen_events_screen_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_screen_events")),
        sa.UniqueConstraint("screen_id", "session", "symbol", name=op.f("uq_screen_events_screen_id_session_symbol")),
    )
    op.create_table(
        "watchlist",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("owner_id", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("symbol", sa.String(), nullable=False),
        sa.Column("instrument_type", sa.String(), nullable=False),
        _instant("added_at"),
        sa.ForeignKeyConstraint(["owner_id"], ["owners.id"], name=op.f("fk_watchlist_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_watchlist")),
        sa.UniqueConstraint("owner_id", "symbol", name=op.f("uq_watchlist_owner_id_symbol")),
    )
    op.create_index(op.f("ix_watchlist_owner_id"), "watchlist", ["owner_id"], unique=False)


def downgrade() -> None:
    """Remove them."""
    for name in ("watchlist", "screen_events", "screen_versions", "saved_screens"):
        op.drop_table(name)
