"""Sweeps and walk-forwards

Revision ID: 0015
Revises: 0014
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def _owned() -> list[sa.Column]:
    return [
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("owner_id", sa.Integer(), server_default=sa.text("1"), nullable=False),
    ]


def _keys(table: str, key: str) -> list[sa.Constraint]:
    return [
        sa.ForeignKeyConstraint(["owner_id"], ["owners.id"], name=op.f(f"fk_{table}_owner_id")),
        sa.ForeignKeyConstraint(
            ["strategy_id"], ["strategy_metadata.strategy_id"], name=op.f(f"fk_{table}_strategy_id")
        ),
        sa.PrimaryKeyConstraint(key, name=op.f(f"pk_{table}")),
    ]


def _indices(table: str) -> None:
    op.create_index(f"ix_{table}_created_at", table, [sa.literal_column("created_at DESC")], unique=False)
    for column in ("owner_id", "strategy_id"):
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column], unique=False)


def upgrade() -> None:
    """Add the tables; what a walk-forward gave cannot be changed."""
    op.create_table(
        "sweeps",
        sa.Column("sweep_id", sa.String(), nullable=False),
        sa.Column("strategy_id", sa.String(), nullable=False),
        sa.Column("spec", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("places", sa.LargeBinary(), nullable=False),
        sa.Column("skipped", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=True),
        sa.Column("overfitting", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        *_owned(),
        *_keys("sweeps", "sweep_id"),
    )
    _indices("sweeps")
    op.create_table(
        "sweep_chunks",
        sa.Column("sweep_id", sa.String(), nullable=False),
        sa.Column("first", sa.Integer(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("values", sa.LargeBinary(), nullable=False),
        sa.Column("returns", sa.LargeBinary(), nullable=False),
        sa.Column("failures", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["sweep_id"], ["sweeps.sweep_id"], name=op.f("fk_sweep_chunks_sweep_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("sweep_id", "first", name=op.f("pk_sweep_chunks")),
    )
    op.create_table(
        "walk_forwards",
        sa.Column("walk_forward_id", sa.String(), nullable=False),
        sa.Column("strategy_id", sa.String(), nullable=False),
        sa.Column("spec", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("metrics", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("result", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("engine_version", sa.String(), nullable=False),
        sa.Column("fingerprint", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        *_owned(),
        *_keys("walk_forwards", "walk_forward_id"),
    )
    _indices("walk_forwards")
    op.execute(
        "CREATE TRIGGER walk_forwards_immutable BEFORE UPDATE OR DELETE ON walk_forwards "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        "CREATE TRIGGER walk_forwards_no_truncate BEFORE TRUNCATE ON walk_forwards "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    """Remove them."""
    for table in ("walk_forwards", "sweep_chunks", "sweeps"):
        op.drop_table(table)
