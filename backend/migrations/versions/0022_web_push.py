"""Browsers that are told of events, and the messages to them

Revision ID: 0022
Revises: 0021
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def _instant(name: str, **options: object) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), **options)


def upgrade() -> None:
    op.create_table(
        "push_subscriptions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("owner_id", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("service", sa.String(), nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=True),
        sa.Column("p256dh", sa.LargeBinary(), nullable=True),
        sa.Column("auth", sa.LargeBinary(), nullable=True),
        sa.Column("key", sa.String(), nullable=False),
        _instant("created_at", server_default=sa.text("now()"), nullable=False),
        _instant("last_success_at", nullable=True),
        _instant("last_failure_at", nullable=True),
        sa.Column("last_failure", sa.Text(), nullable=True),
        _instant("ended_at", nullable=True),
        sa.CheckConstraint(
            "ended_at IS NOT NULL OR (endpoint IS NOT NULL AND p256dh IS NOT NULL AND auth IS NOT NULL)",
            name=op.f("ck_push_subscriptions_usable"),
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["owners.id"], name=op.f("fk_push_subscriptions_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_push_subscriptions")),
        sa.UniqueConstraint("owner_id", "digest", name=op.f("uq_push_subscriptions_owner_id_digest")),
    )
    op.create_index(op.f("ix_push_subscriptions_owner_id"), "push_subscriptions", ["owner_id"])
    op.create_table(
        "push_messages",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("subscription_id", sa.Integer(), nullable=False),
        sa.Column("screen_id", sa.Integer(), nullable=True),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("urgency", sa.String(), nullable=False),
        sa.Column("state", sa.String(), server_default="WAITING", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        _instant("created_at", server_default=sa.text("now()"), nullable=False),
        _instant("due_at", nullable=False),
        _instant("expires_at", nullable=False),
        _instant("ended_at", nullable=True),
        sa.Column("last_failure", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state IN ('WAITING', 'TAKEN', 'REPLACED', 'FAILED')", name=op.f("ck_push_messages_state")
        ),
        sa.ForeignKeyConstraint(
            ["screen_id"], ["saved_screens.id"], name=op.f("fk_push_messages_screen_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_push_messages")),
    )
    op.create_index(
        "ix_push_messages_waiting", "push_messages", ["due_at"], postgresql_where=sa.text("state = 'WAITING'")
    )
    op.add_column("screen_events", _instant("pushed_at", nullable=True))


def downgrade() -> None:
    op.drop_column("screen_events", "pushed_at")
    op.drop_table("push_messages")
    op.drop_table("push_subscriptions")
