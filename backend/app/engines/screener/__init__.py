"""The screener: fields of every instrument at a session, and queries over them."""

from app.engines.screener.fields import FIELDS, Field
from app.engines.screener.query import Page, Table, query
from app.engines.screener.snapshot import Snapshot, snapshot, warm_up

__all__ = ["FIELDS", "Field", "Page", "Snapshot", "Table", "query", "snapshot", "warm_up"]
