"""Moving frames between Polars and PostgreSQL inside the caller's transaction, by COPY."""

from __future__ import annotations

import io
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, cast

import psycopg
from psycopg import sql
from sqlalchemy import Connection

if TYPE_CHECKING:
    import polars as pl
    from polars._typing import PolarsDataType

_CHUNK_ROWS = 50_000


def raw(connection: Connection) -> psycopg.Connection[tuple[object, ...]]:
    """The driver's connection under SQLAlchemy's; same transaction."""
    return cast("psycopg.Connection[tuple[object, ...]]", connection.connection.dbapi_connection)


def copy_in(connection: Connection, table: str, frame: pl.DataFrame) -> None:
    """Append a frame to the table's columns of the same names. An empty text is stored as such, null as null."""
    with raw(connection).cursor() as cursor, cursor.copy(_copy_statement(table, tuple(frame.columns))) as copy:
        for start in range(0, frame.height, _CHUNK_ROWS):
            buffer = io.BytesIO()
            frame[start : start + _CHUNK_ROWS].write_csv(buffer, include_header=False)
            copy.write(buffer.getvalue())


@lru_cache(maxsize=32)
def _copy_statement(table: str, columns: tuple[str, ...]) -> bytes:
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv)").format(
        sql.Identifier(table), sql.SQL(", ").join(sql.Identifier(column) for column in columns)
    )
    return statement.as_bytes()


def copy_out(
    connection: Connection,
    query: str,
    schema: Mapping[str, PolarsDataType],
    parameters: Mapping[str, object] | None = None,
) -> pl.DataFrame:
    """The result of a query (psycopg placeholders) as a frame of the given schema."""
    import polars as pl

    driver = raw(connection)
    with driver.cursor() as cursor:
        body = sql.SQL(query)
        if parameters:
            text = psycopg.ClientCursor(driver).mogrify(body, dict(parameters))
            body = sql.SQL(text)
        with cursor.copy(sql.SQL("COPY ({}) TO STDOUT (FORMAT csv)").format(body)) as copy:
            buffer = io.BytesIO()
            for block in copy:
                buffer.write(block)
    if not buffer.tell():
        return pl.DataFrame(schema=dict(schema))
    buffer.seek(0)
    return pl.read_csv(buffer, has_header=False, schema=dict(schema))
