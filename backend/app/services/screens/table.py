"""A screen from Python: all that matches, as a data frame.

from app.services.screens.table import screen
screen("close > sma(close, 200) and rsi(2) < 10", asof="2024-05-31", universe="NIFTY500", columns="close, rsi(2)")
"""

from __future__ import annotations

from datetime import date
from typing import Literal

import polars as pl
from sqlalchemy.orm import Session

from app.database import Market
from app.services.platform import Platform
from app.services.screens.answers import ScreenerAnswer
from app.services.screens.past import past
from app.services.screens.service import ALL
from app.settings import get_settings

COLUMNS = "close, change_pct, volume, turnover"
_EVERYTHING = 1_000_000


def answer(
    platform: Platform,
    market: Market,
    session: Session,
    expression: str | None,
    *,
    asof: date | None = None,
    universe: str = ALL,
    instrument_type: str = "EQUITY",
    preset: str = ALL,
    columns: str = COLUMNS,
    sort_by: str = "symbol",
    order: Literal["asc", "desc"] = "asc",
    limit: int = _EVERYTHING,
    sector: str | None = None,
) -> ScreenerAnswer:
    """All stocks that match, the first `limit` of them as rows; `columns` of each are in its `values`."""
    return platform.screener.page(
        market,
        session,
        page=1,
        limit=limit,
        sort_by=sort_by,
        sort_order=order,
        symbol=None,
        sector=sector,
        index=universe,
        instrument_type=instrument_type,
        asof=asof,
        filter_type=preset,
        q=expression,
        columns=columns,
    )


def screen(
    expression: str | None,
    *,
    asof: str | date | None = None,
    universe: str = ALL,
    columns: str = COLUMNS,
    sort_by: str = "symbol",
    order: Literal["asc", "desc"] = "asc",
    preset: str = ALL,
    sample: bool = False,
) -> pl.DataFrame:
    """What matches on a day, the latest by default: symbol, name, sector and the columns, nulls where unknown.

    Raises
    ------
    ValidationError : the expression or the columns are wrong; `details` has the place.
    DataNotFoundError, InsufficientDataError : no such index, no data.
    """
    day = past(date.fromisoformat(asof) if isinstance(asof, str) else asof)
    market = Market.SAMPLE if sample else Market.REAL
    platform = Platform(get_settings())
    try:
        platform.prepare()
        with platform.database.transaction(market) as session:
            found = answer(
                platform,
                market,
                session,
                expression,
                asof=day,
                universe=universe,
                columns=columns,
                sort_by=sort_by,
                order=order,
                preset=preset,
            )
    finally:
        platform.close()
    return frame(found)


def frame(found: ScreenerAnswer) -> pl.DataFrame:
    """An answer as a data frame."""
    schema: dict[str, pl.DataType] = {name: pl.String() for name in ("symbol", "name", "sector")}
    types = {"flag": pl.Boolean(), "text": pl.String()}
    schema |= {one["name"]: types.get(one["unit"], pl.Float64()) for one in found.columns if one["name"] not in schema}
    rows = [{**{name: row[name] for name in ("symbol", "name", "sector")}, **row["values"]} for row in found.rows]
    return pl.DataFrame([[row[name] for name in schema] for row in rows], schema=schema, orient="row")
