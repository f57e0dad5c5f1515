"""Which data a request is about, asked in one round trip, so that what is kept in memory can be trusted."""

from __future__ import annotations

from typing import NamedTuple

from psycopg import Error
from sqlalchemy.exc import SQLAlchemyError

from app.database import Database, Market
from app.repositories.data_state import DataState, data_state


class Shown(NamedTuple):
    """The market that is shown, and the state of its data."""

    market: Market
    state: DataState


class StateReader:
    """Asks on connections of its own, without a transaction. Safe to share between threads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def shown(self) -> Shown | None:
        """The market that is shown and its state; None where the database does not answer at once."""
        try:
            real = self._of(Market.REAL)
            market = Market.REAL if real.market is None else Market(real.market)
            return Shown(market, real if market is Market.REAL else self._of(market))
        except (Error, SQLAlchemyError):
            return None  # the ordinary way tries again and says what is wrong

    def _of(self, market: Market) -> DataState:
        connection = self._database.plain(market).raw_connection()
        try:
            return data_state(connection)
        except Error:
            connection.invalidate()
            raise
        finally:
            connection.close()
