"""Bring the database to the current schema: tables, constraints, indexes, enums, triggers.

    python backend/scripts/migrate_add_constraints.py

Uses `DATABASE_URL` (environment or backend/.env), else the embedded server. Safe to run again.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from app.database import Database, Market
from app.exceptions import SmartTraderException
from app.schema import head_revision
from app.settings import get_settings


def main() -> int:
    """Migrate the real market's database, and the sample's where there is one."""
    try:
        with Database(get_settings()) as database:
            for market in Market:
                if market is Market.REAL or database.exists(market):
                    database.migrate(market)
                    print(f"{market}: schema {head_revision()}")
    except SmartTraderException as error:
        print(error.message, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
