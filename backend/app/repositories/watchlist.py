"""The watchlist; never commits."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.models import LOCAL_OWNER_ID, WatchlistItem


class WatchlistRepository:
    """Rows of `watchlist`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def all(self) -> Sequence[WatchlistItem]:
        """Everything on it, in the order it was put there."""
        query = select(WatchlistItem).where(WatchlistItem.owner_id == LOCAL_OWNER_ID).order_by(WatchlistItem.id)
        return self._session.scalars(query).all()

    def add(self, symbol: str, instrument_type: str) -> None:
        """Put a symbol there; once is enough."""
        statement = insert(WatchlistItem).values(
            owner_id=LOCAL_OWNER_ID, symbol=symbol, instrument_type=instrument_type
        )
        self._session.execute(statement.on_conflict_do_nothing(index_elements=["owner_id", "symbol"]))

    def remove(self, symbols: Sequence[str]) -> int:
        """Take symbols off; how many were there."""
        gone = self._session.execute(
            delete(WatchlistItem)
            .where(WatchlistItem.owner_id == LOCAL_OWNER_ID, WatchlistItem.symbol.in_(symbols))
            .returning(WatchlistItem.id)
        )
        return len(gone.all())
