"""What a person decided about corporate actions, and inferred factors

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_KEEP_DECISIONS = """
CREATE FUNCTION keep_decisions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.undone_at IS NOT NULL
        OR to_jsonb(NEW) - 'undone_at' IS DISTINCT FROM to_jsonb(OLD) - 'undone_at' THEN
        RAISE EXCEPTION '% on % is refused: a decision can only be undone, once', TG_OP, TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$
"""


def upgrade() -> None:
    """Make the tables; what is derived is due, since dividends join it."""
    op.create_table(
        "action_decisions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("instrument_key", sa.String(), nullable=False),
        sa.Column("symbol", sa.String(), nullable=False),
        sa.Column("session", sa.Date(), nullable=False),
        sa.Column("decision", sa.String(), nullable=False),
        sa.Column("factor", sa.Float(precision=53), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("previous", postgresql.JSONB(), nullable=False),
        sa.Column("owner_id", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("decision IN ('ACCEPT', 'CORRECT', 'DISMISS')", name=op.f("ck_action_decisions_decision")),
        sa.CheckConstraint("(decision = 'DISMISS') = (factor IS NULL)", name=op.f("ck_action_decisions_factor")),
        sa.ForeignKeyConstraint(["owner_id"], ["owners.id"], name=op.f("fk_action_decisions_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_action_decisions")),
    )
    op.create_index(op.f("ix_action_decisions_owner_id"), "action_decisions", ["owner_id"])
    op.create_index(
        "uq_action_decisions_standing",
        "action_decisions",
        ["instrument_key", "session"],
        unique=True,
        postgresql_where=sa.text("undone_at IS NULL"),
    )
    op.execute(_KEEP_DECISIONS)
    op.execute(
        "CREATE TRIGGER action_decisions_kept BEFORE UPDATE OR DELETE ON action_decisions "
        "FOR EACH ROW EXECUTE FUNCTION keep_decisions()"
    )
    op.create_table(
        "dividends",
        sa.Column("instrument_id", sa.Integer(), nullable=False),
        sa.Column("ex_date", sa.Date(), nullable=False),
        sa.Column("amount", sa.Float(precision=53), nullable=True),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("disagrees", sa.Boolean(), nullable=False),
        sa.Column("evidence", postgresql.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(
            ["instrument_id"], ["instruments.id"], name=op.f("fk_dividends_instrument_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("instrument_id", "ex_date", name=op.f("pk_dividends")),
    )
    op.add_column("unexplained_jumps", sa.Column("proposed_factor", sa.Float(precision=53), nullable=True))
    op.add_column(
        "unexplained_jumps",
        sa.Column("evidence", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
    )
    op.execute(
        "INSERT INTO data_versions (scope, version) SELECT 'identity:pending', 1 "
        "WHERE EXISTS (SELECT 1 FROM import_files) ON CONFLICT DO NOTHING"
    )


def downgrade() -> None:
    """Remove them."""
    op.drop_column("unexplained_jumps", "evidence")
    op.drop_column("unexplained_jumps", "proposed_factor")
    op.drop_table("dividends")
    op.drop_table("action_decisions")
    op.execute("DROP FUNCTION keep_decisions()")
