"""What the Sharpe of each trial rests on: first and last day, and returns

A trial of before is given what its stored run, or its stored sweep, rests on. Of a walk-forward's it is not kept which
of its windows it was: these stay unknown, and so do those of sweeps that are not there any more.

Revision ID: 0024
Revises: 0023
"""

from __future__ import annotations

import zlib
from datetime import date

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

_OF_RUNS = """
UPDATE trials t SET first_day = r.start_date, last_day = r.end_date, returns = (r.metrics->>'returns')::int
FROM backtest_runs r WHERE r.run_id = t.run_id AND t.sharpe IS NOT NULL AND r.metrics->>'returns' IS NOT NULL
"""
_SWEEPS = "SELECT sweep_id, points, spec->'bases' FROM sweeps"
_RETURNS = """
SELECT first, count, returns FROM sweep_chunks WHERE sweep_id = :sweep AND first >= :first AND first < :after
ORDER BY first
"""
_OF_SWEEP = """
UPDATE trials SET first_day = :start, last_day = :end, returns = :returns
WHERE sharpe IS NOT NULL AND split_part(run_id, '#', 1) = :sweep AND run_id LIKE '%#%'
AND split_part(run_id, '#', 2)::int >= :first AND split_part(run_id, '#', 2)::int < :after
"""
_MOST_CURVES = 1_000  # the returns of every so manieth point were kept that there were no more of them


def upgrade() -> None:
    """Add the columns, and tell what is known."""
    for name, kind in (("first_day", sa.Date()), ("last_day", sa.Date()), ("returns", sa.Integer())):
        op.add_column("trials", sa.Column(name, kind, nullable=True))
    op.execute("ALTER TABLE trials DISABLE TRIGGER trials_immutable")
    op.execute(_OF_RUNS)
    connection = op.get_bind()
    for sweep, points, bases in connection.execute(sa.text(_SWEEPS)).all():
        each = points // len(bases)
        for at, base in enumerate(bases):
            mine = {"sweep": sweep, "first": at * each, "after": (at + 1) * each}
            returns = _returns(connection, mine, -(-points // _MOST_CURVES))
            if returns is not None:
                start, end = (date.fromisoformat(base[name]) for name in ("start", "end"))
                span = {"start": start, "end": end, "returns": returns}
                connection.execute(sa.text(_OF_SWEEP), mine | span)
    op.execute("ALTER TABLE trials ENABLE TRIGGER trials_immutable")


def _returns(connection: sa.Connection, mine: dict[str, object], stride: int) -> int | None:
    """Of how many returns the points of a base are; None where the returns of none are kept."""
    for first, count, packed in connection.execute(sa.text(_RETURNS), mine):
        kept = sum(number % stride == 0 for number in range(first, first + count))
        if kept:
            return len(zlib.decompress(packed)) // 8 // kept
    return None


def downgrade() -> None:
    """Remove the columns."""
    for name in ("returns", "last_day", "first_day"):
        op.drop_column("trials", name)
