"""Alembic's entry: migrates the connection or URL it is handed."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection, create_engine

from app.models import Base


def _run(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=Base.metadata, compare_server_default=True)
    with context.begin_transaction():
        context.run_migrations()


def run() -> None:
    """Migrate `attributes['connection']` when a caller set it, else the configured URL."""
    connection = context.config.attributes.get("connection")
    if connection is not None:
        _run(connection)
        return
    url = context.config.get_main_option("sqlalchemy.url")
    if not url:
        raise SystemExit(
            "no database given: run `smarttrader db upgrade`, or backend/scripts/migrate_add_constraints.py"
        )
    engine = create_engine(url)
    with engine.connect() as own:
        _run(own)
        own.commit()
    engine.dispose()


run()
