"""The database: which server, which market, engines and sessions, and the request's one transaction.

Two markets, `real` and `sample`, are two databases with one schema and are never mixed. Jobs and settings live in the
real one. Without `DATABASE_URL` both are on the embedded server.
"""

from __future__ import annotations

import enum
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.engine import URL, ExceptionContext, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.embedded_postgres import EmbeddedPostgres, Lease
from app.exceptions import DatabaseError, DatabaseUnavailableError
from app.models.base import LOCAL_OWNER_ID
from app.schema import upgrade
from app.settings import Settings

DATABASE_NAME = "smarttrader"


class Market(enum.StrEnum):
    """Which data one looks at."""

    REAL = "real"
    SAMPLE = "sample"

    @property
    def mark(self) -> str:
        """What answers and files are marked with: SAMPLE is generated, nothing in it happened."""
        return "SAMPLE" if self is Market.SAMPLE else "NSE"

    @property
    def file_prefix(self) -> str:
        """What the names of downloads begin with; nothing for the real market."""
        return "SAMPLE-" if self is Market.SAMPLE else ""


class Database:
    """Engines and session factories of both markets, and the lease on the embedded server where it is used.

    Engines are made on first use; `close` gives everything back. Safe to share between threads. What they raise holds
    the statement without its values and what went wrong without the row: keys and addresses of browsers are among
    these, and errors are logged.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lease: Lease | None = None
        self._engines: dict[Market, Engine] = {}
        self._plain: dict[Market, Engine] = {}
        self._lock = threading.RLock()
        self._closed = False

    @property
    def embedded(self) -> bool:
        """Whether the embedded server is in use, rather than the one of `DATABASE_URL`."""
        return self._settings.database_url is None

    def url(self, market: Market) -> URL:
        """Where a market's database is. Starts the embedded server when it is needed."""
        if self._closed:
            raise DatabaseUnavailableError("The server is stopping")
        if self._settings.database_url is not None:
            url = make_url(self._settings.database_url)
            return url if market is Market.REAL else url.set(database=f"{url.database}_sample")
        name = DATABASE_NAME if market is Market.REAL else f"{DATABASE_NAME}_sample"
        with self._lock:
            if self._lease is None:
                self._lease = EmbeddedPostgres(self._settings.home).acquire()
            return make_url(self._lease.url(name))

    def engine(self, market: Market) -> Engine:
        """The engine of a market; its database is made when it is missing."""
        with self._lock:
            if market not in self._engines:
                url = self.url(market)
                if self.embedded or market is Market.SAMPLE:
                    ensure_database(url)
                self._engines[market] = create_engine(
                    url, pool_size=10, max_overflow=20, pool_pre_ping=True, hide_parameters=True,
                    connect_args={"connect_timeout": 10},
                )  # fmt: skip
                event.listen(self._engines[market], "handle_error", _without_the_row)
            return self._engines[market]

    def plain(self, market: Market) -> Engine:
        """An engine for single questions: no transaction, no test of a connection before it is used."""
        found = self._plain.get(market)
        if found is None:
            with self._lock:
                url = self.engine(market).url
                options = {"connect_timeout": 10, "prepare_threshold": 0}
                found = self._plain[market] = create_engine(
                    url, isolation_level="AUTOCOMMIT", pool_size=4, pool_reset_on_return=None, hide_parameters=True,
                    connect_args=options,
                )  # fmt: skip
                event.listen(found, "handle_error", _without_the_row)
        return found

    def exists(self, market: Market) -> bool:
        """Whether the market's database is there, without making it."""
        return database_exists(self.url(market))

    def migrate(self, market: Market) -> None:
        """Bring a market's database to this code's schema; the embedded one is dumped before it changes."""
        engine = self.engine(market)
        if self._lease is None:
            upgrade(engine)
        else:
            upgrade(engine, dump_to=self._settings.home / "backups", dump=self._lease.dump)

    def session(self, market: Market) -> Session:
        """A new session; the caller commits."""
        return Session(self.engine(market), expire_on_commit=False)

    @contextmanager
    def transaction(self, market: Market) -> Iterator[Session]:
        """A session that commits at the end, or rolls back when the block raises."""
        with self.session(market) as session, session.begin():
            yield session

    def close(self) -> None:
        """Close the connections and give the lease back, for good; the last lease stops the embedded server."""
        with self._lock:
            self._closed = True
            for engines in (self._engines, self._plain):
                for engine in engines.values():
                    engine.dispose()
                engines.clear()
            if self._lease is not None:
                self._lease.release()
                self._lease = None

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _without_the_row(context: ExceptionContext) -> None:
    """Leave of an error what PostgreSQL says first: DETAIL and CONTEXT quote rows and values."""
    cause = context.original_exception
    if isinstance(cause, psycopg.Error) and cause.diag.message_primary is not None:
        whole, said = str(cause), cause.diag.message_primary
        cause.args = (said,)
        if context.sqlalchemy_exception is not None:
            told = context.sqlalchemy_exception.args[0]
            context.sqlalchemy_exception.args = (told.replace(whole, said),)


def _maintenance_engine(url: URL) -> Engine:
    """An engine on the server's `postgres` database, for statements about databases."""
    return create_engine(
        url.set(database="postgres"), isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 10}
    )


def database_exists(url: URL) -> bool:
    """Whether the server has a database of that name."""
    engine = _maintenance_engine(url)
    try:
        with engine.connect() as connection:
            query = text("SELECT 1 FROM pg_database WHERE datname = :name")
            return connection.execute(query, {"name": url.database}).scalar() is not None
    finally:
        engine.dispose()


def ensure_database(url: URL) -> None:
    """Make the database when it is missing.

    Raises
    ------
    DatabaseError : the server does not let this user make one; the message says which database to create.
    """
    if database_exists(url):
        return
    engine = _maintenance_engine(url)
    try:
        with engine.connect() as connection:
            name = engine.dialect.identifier_preparer.quote(str(url.database))
            connection.execute(text(f"CREATE DATABASE {name}"))
    except DBAPIError as error:
        if database_exists(url):  # another process was quicker
            return
        raise DatabaseError(
            f"The database {url.database} does not exist and this user may not create it: create it, or let the user"
        ) from error
    finally:
        engine.dispose()


def active_market(session: Session) -> Market:
    """The market that is shown, as every process agrees on it; `session` is on the real database."""
    row = session.execute(
        text("SELECT value FROM app_settings WHERE owner_id = :owner AND name = 'market'"), {"owner": LOCAL_OWNER_ID}
    ).scalar()
    return Market(row) if row is not None else Market.REAL
