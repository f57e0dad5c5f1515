"""Intraday bars: kept in Parquet by timeframe, symbol and year, and resampled when they are read."""

from app.services.intraday.reading import BARS_TIMEFRAMES, IntradayBars, read_bars
from app.services.intraday.store import IntradayStore, store_beside

__all__ = ["BARS_TIMEFRAMES", "IntradayBars", "IntradayStore", "read_bars", "store_beside"]
