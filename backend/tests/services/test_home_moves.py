"""A home that is copied to another place finds everything that lay in it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from sqlalchemy import make_url

from app.database import Database, Market
from app.services.panel import PanelService


def panel_folder(home: Path, embedded: bool, host: str) -> str:
    database: Any = SimpleNamespace(
        embedded=embedded, url=lambda _market: make_url(f"postgresql+psycopg://app@/smarttrader?host={host}")
    )
    return PanelService(cast(Database, database), home).directory(Market.REAL).name


def test_the_folders_of_the_embedded_database_do_not_depend_on_where_the_home_is(tmp_path: Path) -> None:
    one = panel_folder(tmp_path / "one", True, "/one/postgres/socket")
    assert one == panel_folder(tmp_path / "two", True, "/two/postgres/socket")


def test_two_servers_of_ones_own_have_folders_of_their_own(tmp_path: Path) -> None:
    one = panel_folder(tmp_path, False, "/one")
    assert one != panel_folder(tmp_path, False, "/two")
    assert one != panel_folder(tmp_path, True, "/one")
