"""Small exchange files typed by hand, in the layouts published."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import polars as pl

Quote = tuple[
    str, str, float, float, float, float, float, int
]  # symbol, series, open, high, low, close, previous, volume

DELIVERY_HEADER = (
    "SYMBOL, SERIES, DATE1, PREV_CLOSE, OPEN_PRICE, HIGH_PRICE, LOW_PRICE, LAST_PRICE, CLOSE_PRICE, AVG_PRICE, "
    "TTL_TRD_QNTY, TURNOVER_LACS, NO_OF_TRADES, DELIV_QTY, DELIV_PER"
)
LEGACY_HEADER = "SYMBOL,SERIES,OPEN,HIGH,LOW,CLOSE,LAST,PREVCLOSE,TOTTRDQTY,TOTTRDVAL,TIMESTAMP,TOTALTRADES,ISIN,"


def quote(symbol: str, close: float, *, previous: float | None = None, volume: int = 1000, series: str = "EQ") -> Quote:
    """A day that opens and closes at one price."""
    return symbol, series, close, close, close, close, previous or close, volume


def legacy(day: date, quotes: Sequence[Quote], isins: dict[str, str] | None = None) -> bytes:
    """A legacy bhavcopy."""
    lines = [LEGACY_HEADER]
    for symbol, series, open_, high, low, close, previous, volume in quotes:
        isin = (isins or {}).get(symbol, "")
        lines.append(
            f"{symbol},{series},{open_},{high},{low},{close},{close},{previous},{volume},{volume * close + 0.25},"
            f"{day:%d-%b-%Y},{volume // 10},{isin},".upper()
        )
    return ("\n".join(lines) + "\n").encode()


def delivery(day: date, quotes: Sequence[Quote]) -> bytes:
    """A full delivery bhavcopy."""
    lines = [DELIVERY_HEADER]
    for symbol, series, open_, high, low, close, previous, volume in quotes:
        lines.append(
            f"{symbol}, {series}, {day:%d-%b-%Y}, {previous:.2f}, {open_:.2f}, {high:.2f}, {low:.2f}, {close:.2f}, "
            f"{close:.2f}, {close:.2f}, {volume}, {volume * close / 100_000:.2f}, {volume // 10}, {volume // 2}, 50.00"
        )
    return ("\n".join(lines) + "\n").encode()


def parquet(path: Path, rows: Sequence[tuple[date, Quote]], source: str = "L") -> None:
    """A long daily file."""
    pl.DataFrame(
        [(day, q[0], q[1], *q[2:6], q[6], q[7], int(q[7] * q[5]), None, None, source) for day, q in rows],
        schema={
            "date": pl.Date(), "symbol": pl.String(), "series": pl.String(), "open": pl.Float64(), "high": pl.Float64(),
            "low": pl.Float64(), "close": pl.Float64(), "prev_close": pl.Float64(), "volume": pl.Int64(),
            "turnover": pl.Int64(), "trades": pl.Int64(), "deliv_qty": pl.Int64(), "source": pl.String(),
        },
        orient="row",
    ).write_parquet(path)  # fmt: skip


def legacy_name(day: date) -> str:
    """The name the exchange gives a legacy bhavcopy."""
    return f"cm{day:%d%b%Y}bhav.csv".replace(f"{day:%b}", f"{day:%b}".upper())
