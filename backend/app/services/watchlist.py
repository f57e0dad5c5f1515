"""The watchlist: stocks and indices with their last price. A stock goes by any symbol it ever had."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from app.database import Market
from app.exceptions import DataNotFoundError, ValidationError
from app.repositories.index_series import index_closes
from app.repositories.indices import IndexRepository
from app.repositories.watchlist import WatchlistRepository
from app.services.index_names import canonical
from app.services.panel import PanelService
from app.services.screener import ScreenerService
from app.services.universe import find_instrument


class WatchlistService:
    """One list a market."""

    def __init__(self, panels: PanelService, screener: ScreenerService) -> None:
        self._panels = panels
        self._screener = screener

    def all(self, market: Market, session: Session) -> list[dict[str, Any]]:
        """The list in the order it was made; prices of the latest session, null where a stock did not trade in it."""
        return [
            self._shown(market, session, one.symbol, one.instrument_type) for one in WatchlistRepository(session).all()
        ]

    def add(self, market: Market, session: Session, symbol: str, instrument_type: str | None) -> dict[str, Any]:
        """Put a stock or an index on the list; one that is there already stays where it is.

        Raises
        ------
        DataNotFoundError : nothing has or had that symbol. ValidationError : it is of another type than said.
        """
        wanted = symbol.strip().upper()
        panel = self._panels.current(market)
        key = find_instrument(panel, wanted)
        if key is not None:
            name, kind = panel.instruments[key].symbol, panel.instruments[key].instrument_type
            there = {find_instrument(panel, one.symbol) for one in WatchlistRepository(session).all()}
        else:
            name, kind, there = canonical(wanted), "INDEX", set()
            if not IndexRepository(session).exists(name):
                raise DataNotFoundError(f"No stock or index goes by {symbol}", "symbol", symbol)
        if instrument_type is not None and instrument_type.upper() != kind:
            raise ValidationError(f"{name} is of the type {kind}, not {instrument_type}", "instrument_type")
        if key not in there:
            WatchlistRepository(session).add(name, kind)
        return self._shown(market, session, name, kind)

    def remove(self, market: Market, session: Session, symbol: str) -> None:
        """Take a stock or an index off the list. Raises DataNotFoundError where it is not on it."""
        wanted = symbol.strip().upper()
        panel = self._panels.current(market)
        key = find_instrument(panel, wanted)
        held = [
            one.symbol
            for one in WatchlistRepository(session).all()
            if one.symbol in (wanted, canonical(wanted))
            or (key is not None and find_instrument(panel, one.symbol) == key)
        ]
        if not held:
            raise DataNotFoundError(f"{symbol} is not on the watchlist", "symbol", symbol)
        WatchlistRepository(session).remove(held)

    def _shown(self, market: Market, session: Session, symbol: str, kind: str) -> dict[str, Any]:
        last, before = self._prices(market, session, symbol, kind)
        known = last is not None and before is not None and before > 0.0
        return {
            "symbol": symbol,
            "ltp": last,
            "change": last - before if known else None,  # type: ignore[operator]
            "change_pct": 100.0 * (last / before - 1.0) if known else None,  # type: ignore[operator]
            "instrument_type": kind,
        }

    def _prices(self, market: Market, session: Session, symbol: str, kind: str) -> tuple[float | None, float | None]:
        """The last close and the one before it, adjusted for an action between them."""
        panel = self._panels.current(market)
        if not len(panel.sessions):
            return None, None
        if kind == "INDEX":
            closes = index_closes(session, symbol, panel.sessions[-1].astype(object).replace(day=1))
            closes = closes if len(closes) > 1 else index_closes(session, symbol)
            values = [close for _, close in closes[-2:]]
            return (values[-1] if values else None), (values[0] if len(values) == 2 else None)
        key = find_instrument(panel, symbol)
        row = None if key is None else self._screener.row(market, key)
        return (None, None) if row is None else (row["close"], row["prev_close"])
