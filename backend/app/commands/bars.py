"""`smarttrader data bars`: a stock's bars as JSON columns or CSV."""

from __future__ import annotations

import enum
from datetime import date
from typing import Annotated

import typer

from app.commands.shared import JsonFlag, SampleFlag, chosen_market, fail, open_platform, print_csv, print_json


class Adjust(enum.StrEnum):
    """The view of the prices."""

    PRICE = "price"
    TOTAL = "total"
    NONE = "none"


def register(group: typer.Typer) -> None:
    """Add the command."""
    group.command("bars")(bars)


def bars(
    symbol: Annotated[str, typer.Argument(help="A symbol of any time; the whole history of the stock is shown.")],
    start: Annotated[str | None, typer.Option(metavar="DATE", help="First day; without it from the beginning.")] = None,
    end: Annotated[str | None, typer.Option(metavar="DATE", help="Last day; without it to the end.")] = None,
    adjust: Annotated[
        Adjust, typer.Option(help="price: splits and bonuses; total: dividends too; none: as traded.")
    ] = Adjust.PRICE,
    timeframe: Annotated[str, typer.Option(help="1d, 1h, 30m, 15m, 5m or 1m.")] = "1d",
    sample: SampleFlag = False,
    as_json: JsonFlag = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV instead of text.")] = False,
) -> None:
    """Bars of a stock through all its names: back-adjusted (the last bar is as traded), or raw."""
    from app.schemas.market import BarColumns

    if as_json and as_csv:
        fail("Choose --json or --csv")
    market = chosen_market(sample)
    first, last = _day("--start", start), _day("--end", end)
    with open_platform() as platform, platform.database.transaction(market) as session:
        found = (
            platform.market.bars(market, session, symbol, start=first, end=last, adjust=adjust.value, limit=None)
            if timeframe == "1d"
            else platform.market.intraday_bars(market, session, symbol, timeframe, first, last, adjust=adjust.value)
        )
        answer = BarColumns(**found)
    if as_json:
        print_json(answer.model_dump(mode="json"), indent=None)
        return
    rows = zip(answer.t, answer.o, answer.h, answer.l, answer.c, answer.v, answer.factor, strict=True)
    if as_csv:
        print_csv(("date", "open", "high", "low", "close", "volume", "factor"), rows)
        return
    print(f"{answer.symbol}  {answer.name or ''}  {answer.adjust}")
    for day, o, h, low, c, v, _ in rows:
        prices = " ".join(f"{'-':>12}" if price is None else f"{price:>12,.2f}" for price in (o, h, low, c))
        print(f"{day}  {prices} {'-' if v is None else format(v, ',.0f'):>16}")


def _day(option: str, text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        fail(f"{option} is {text!r}, expected a date like 2024-05-31")
