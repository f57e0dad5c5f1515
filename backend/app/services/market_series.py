"""Bars that are not a stock's daily ones: indices by day, and intraday bars of stocks and indices."""

from __future__ import annotations

import hashlib
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from sqlalchemy.orm import Session

from app.exceptions import DataNotFoundError, ValidationError
from app.repositories import index_series
from app.repositories.index_series import index_closes
from app.repositories.snapshots import SnapshotRepository
from app.services.index_names import canonical, index_name
from app.services.panel import Panel
from app.services.panel.panel import InstrumentInfo

if TYPE_CHECKING:
    from app.services.intraday.store import IntradayStore

__all__ = ["index_bars", "index_closes", "intraday_columns"]

Adjust = Literal["price", "total", "none"]
Window = tuple[date | None, date | None]


def index_bars(
    session: Session, symbol: str, start: date | None, end: date | None, adjust: Adjust, limit: int | None
) -> dict[str, Any]:
    """An index's daily bars as columns, merged from all sources; null where no source has the value.

    Raises
    ------
    DataNotFoundError : no daily values of such an index are stored.
    ValidationError : dates in the wrong order.
    """
    if start is not None and end is not None and end < start:
        raise ValidationError(f"end {end} lies before start {start}", "end")
    index = canonical(symbol)
    if not index_series.has_series(session, index):
        raise DataNotFoundError(f"No stock has or had the symbol {symbol}, and no index of that name has daily values")
    rows = [row for row in index_series.merged_series(session, index, start, end) if row["close"] is not None]
    rows = rows[-limit:] if limit is not None else rows
    digest = hashlib.sha256(index.encode())
    for row in rows:
        digest.update(repr([row[name] for name in ("date", "open", "high", "low", "close", "volume")]).encode())
    return {
        **_unlabelled(index, index_name(index), adjust, "1d"),
        "t": [row["date"] for row in rows],
        **{name[0]: [row[name] for row in rows] for name in ("open", "high", "low", "close", "volume")},
        "factor": [1.0] * len(rows),
        "snapshot": digest.hexdigest(),
        "adjustments": None,
    }


def intraday_columns(
    store: IntradayStore,
    session: Session,
    panel: Panel,
    info: InstrumentInfo | None,
    symbol: str,
    timeframe: str,
    window: Window,
    adjust: Adjust,
    limit: int | None,
    views: tuple[np.ndarray[Any, np.dtype[np.float64]], np.ndarray[Any, np.dtype[np.float64]]] | None,
) -> dict[str, Any]:
    """Intraday bars as columns: `t` is the bar's open, aware, in India's time.

    A stock's bars are collected under every name it had, each for the days it had it. `views` are the factors of the
    panel's sessions for splits and for dividends; a bar takes those of its day.
    """
    import polars as pl

    from app.services.intraday.reading import named_spans, read_bars

    start, end = window
    spans: list[tuple[str, date | None, date | None]] = [(canonical(symbol), start, end)]
    if info is not None:
        spans = [*named_spans(info.names, info.symbol, start, end)]
    found = []
    for name, lower, upper in spans:
        try:
            found.append(read_bars(store, session, name, timeframe, lower, upper))
        except DataNotFoundError:
            if len(spans) == 1:
                raise
    if not found:
        raise DataNotFoundError(f"There are no {timeframe} bars of {symbol}", "timeframe", timeframe)
    frame = pl.concat([bars.frame for bars in found]).unique("at", keep="first").sort("at")
    frame = frame.tail(limit) if limit is not None else frame
    shares = paid = np.ones(frame.height)
    if views is not None and adjust != "none" and len(panel.sessions):
        days = frame["at"].dt.date().to_numpy().astype("datetime64[D]")
        at = np.clip(np.searchsorted(panel.sessions, days, side="right") - 1, 0, len(panel.sessions) - 1)
        shares = views[0][at]
        paid = views[1][at] if adjust == "total" else paid
    view = shares * paid
    times: list[datetime] = frame["at"].to_list()
    volume = frame["volume"].to_list()
    return {
        **_unlabelled(
            canonical(symbol) if info is None else info.symbol,
            index_name(canonical(symbol)) if info is None else info.name,
            adjust,
            timeframe,
        ),
        "sector": None if info is None else info.sector,
        "isin": None if info is None else info.isin,
        "t": times,
        **{name[0]: (frame[name].to_numpy() * view).tolist() for name in ("open", "high", "low", "close")},
        "v": [None if count is None else count / share for count, share in zip(volume, shares.tolist(), strict=True)],
        "factor": view.tolist(),
        "snapshot": hashlib.sha256("".join(bars.snapshot for bars in found).encode()).hexdigest(),
        "adjustments": None if info is None else SnapshotRepository(session).adjustments(),
    }


def _unlabelled(symbol: str, name: str | None, adjust: Adjust, timeframe: str) -> dict[str, Any]:
    return {
        "symbol": symbol,
        "name": name,
        "sector": None,
        "isin": None,
        "timeframe": timeframe,
        "adjust": adjust,
        "actions": [],
        "jumps": [],
        "former_symbols": [],
    }
