"""The screener: fields of every instrument at a session, and queries over them.

`app.engines.screener.snapshot` works the fields out; it is imported by whoever does that, since it brings the compiler.
"""

from app.engines.screener.fields import FIELDS, Field, registry_version
from app.engines.screener.query import Page, Table, query

__all__ = ["FIELDS", "Field", "Page", "Table", "query", "registry_version"]
