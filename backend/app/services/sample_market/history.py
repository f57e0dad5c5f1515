"""What the sample market has beside daily files: long Parquet, index levels, dividends, accounts and minute bars."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from app.services.sample_market.files import Book
from app.services.sample_market.membership import Spell

MINUTE_STOCKS: Final = 5
_MINUTES: Final = 375  # 09:15 to 15:29
_ACCOUNTS: Final = (
    "ticker,date,sector,revenue_growth,roe,net_margin,debt_to_equity,pe,pb,net_profit,revenue,shares_outstanding,"
    "total_debt,total_assets,total_liabilities,market_cap"
)


def yearly_prices(book: Book, wanted: NDArray[np.bool_]) -> Iterator[tuple[str, bytes]]:
    """The wanted sessions as one Parquet file a year, a row for a symbol and day: file name and content."""
    market = book.market
    days = np.array(market.sessions, dtype="datetime64[D]")
    years = np.array([day.year for day in market.sessions])
    stocks = len(book.companies)
    symbols = np.array([company.symbol for company in book.companies])
    former = np.array([book.former(n)[0] if n in market.renamed else "" for n in range(stocks)])
    renamed_at = np.array([market.renamed.get(n, 0) for n in range(stocks)])
    for year in sorted({int(year) for year in years[wanted]}):
        t, n = np.nonzero(market.traded & (wanted & (years == year))[:, None])
        frame = pl.DataFrame(
            {
                "date": days[t],
                "symbol": np.where(t < renamed_at[n], former[n], symbols[n]),
                "series": np.where(market.trade_for_trade[t, n], "BE", "EQ"),
                **{name: getattr(market, name)[t, n] / 100.0 for name in ("open", "high", "low", "close")},
                "prev_close": market.previous_close[t, n] / 100.0,
                "volume": market.volume[t, n],
                "turnover": market.volume[t, n] * market.average[t, n] // 100,
                "trades": market.trades[t, n],
                "deliv_qty": np.where(market.trade_for_trade[t, n], -1, market.delivered[t, n]),
            }
        ).with_columns(
            pl.when(pl.col("deliv_qty") >= 0).then(pl.col("deliv_qty")).alias("deliv_qty"),
            pl.lit("L").alias("source"),
        )
        content = io.BytesIO()
        frame.sort("date", "symbol").write_parquet(content, compression="zstd", compression_level=1)
        yield f"sample_daily_{year}.parquet", content.getvalue()


def index_levels(book: Book, name: str, spells: list[Spell], random: np.random.Generator) -> bytes:
    """Levels of an index, 1,000 on the first day: the mean move of its members, dividends and actions aside."""
    market = book.market
    member = np.zeros(market.traded.shape, dtype=np.bool_)
    days = np.array(market.sessions, dtype="datetime64[D]")
    for spell in spells:
        until = len(days) if spell.until is None else int(np.searchsorted(days, np.datetime64(spell.until), "right"))
        member[int(np.searchsorted(days, np.datetime64(spell.since))) : until, spell.company] = True
    base = market.previous_close.astype(np.float64)
    for action in market.actions:
        base[action.session, action.company] *= action.old / action.new
    for dividend in market.dividends:
        base[dividend.session, dividend.company] -= dividend.paise
    valid = member & market.traded & (base > 0)
    lines, level = ["Index Name,Date,Open,High,Low,Close,Volume,Turnover"], 1000.0
    for t, day in enumerate(market.sessions):
        mine = valid[t]
        move = 1.0 if t == 0 or not mine.any() else float((market.close[t, mine] / base[t, mine]).mean())
        first = 1.0 if t == 0 or not mine.any() else float((market.open[t, mine] / base[t, mine]).mean())
        opened, closed = round(level * first, 2), round(level * move, 2)
        wide = 0.003 * random.random(2)
        top, bottom = round(max(opened, closed) * (1 + wide[0]), 2), round(min(opened, closed) * (1 - wide[1]), 2)
        volume = int(market.volume[t, mine].sum())
        value = float((market.volume[t, mine] * (market.average[t, mine] / 100.0)).sum())
        lines.append(f"{name},{day},{opened:.2f},{top:.2f},{bottom:.2f},{closed:.2f},{volume},{value:.1f}")
        level *= move
    return ("\n".join(lines) + "\n").encode()


def dividends(book: Book) -> Iterator[tuple[str, bytes]]:
    """Dividends in rupees a share, a file for each company that paid: path and content."""
    market = book.market
    by_company: dict[int, list[str]] = {}
    for paid in market.dividends:
        day = market.sessions[paid.session]
        by_company.setdefault(paid.company, []).append(f"{day} 00:00:00+05:30,{paid.paise / 100.0},0.0")
    lines = ["Date,Dividends,Stock Splits,name"]
    for n, rows in sorted(by_company.items()):
        lines += [f"{row},{book.companies[n].name}" for row in rows]
    yield "corporate_actions/sample_dividends.csv", ("\n".join(lines) + "\n").encode()


def accounts(book: Book, random: np.random.Generator) -> bytes:
    """Accounts of the last four years to March, newest first, for every company still listed."""
    market, lines = book.market, [_ACCOUNTS]
    final = market.sessions[-1]
    last_year = final.year if (final.month, final.day) >= (3, 31) else final.year - 1
    for n in book.order:
        if n in market.gone:
            continue
        company = book.companies[n]
        value = float(np.mean((market.volume[-60:, n] * market.average[-60:, n]) / 100.0))
        cap = max(value, 1e6) * float(random.uniform(150, 600))
        price = market.close[:, n][market.close[:, n] > 0][-1] / 100.0
        shares = max(round(cap / price), 1)
        revenue = cap / float(random.uniform(0.8, 6.0))
        margin = float(random.uniform(-0.05, 0.22))
        for year in range(last_year, last_year - 4, -1):
            growth = float(random.uniform(-0.08, 0.25))
            profit = revenue * margin
            equity = max(revenue * 0.6, 1.0)
            debt = equity * float(random.uniform(0.0, 1.2))
            liabilities = debt + 0.3 * equity
            newest = year == last_year
            pe = f"{cap / profit:.4f}" if newest and profit > 0 else ""
            lines.append(
                f"{company.symbol}.NS,{year}-03-31,{company.sector},{growth:.6f},{100 * profit / equity:.4f},"
                f"{100 * margin:.4f},{debt / equity:.4f},{pe},{f'{cap / equity:.4f}' if newest else ''},{profit:.0f},"
                f"{revenue:.0f},{shares},{debt:.0f},{equity + liabilities:.0f},{liabilities:.0f},"
                f"{f'{cap:.0f}' if newest else ''}"
            )
            revenue /= 1.0 + growth
            margin += float(random.uniform(-0.02, 0.02))
    return ("\n".join(lines) + "\n").encode()


def minute_bars(book: Book, random: np.random.Generator) -> Iterator[tuple[str, bytes]]:
    """Minute bars of the last whole month of the most traded stocks, each day within its bar: name and content."""
    market = book.market
    final = market.sessions[-1]
    month = [t for t, day in enumerate(market.sessions) if (day.year, day.month) == (final.year, final.month)]
    whole = [n for n in range(market.traded.shape[1]) if market.traded[month, n].all()]
    value = (market.volume[month] * market.average[month]).sum(axis=0)
    for n in sorted(whole, key=lambda n: -int(value[n]))[:MINUTE_STOCKS]:
        lines = ["timestamp,open,high,low,close,volume"]
        for t in month:
            lines += _day(book, n, t, random)
        yield f"{book.companies[n].symbol}.csv.gz", gzip.compress(("\n".join(lines) + "\n").encode(), 6, mtime=0)


def _day(book: Book, n: int, t: int, random: np.random.Generator) -> list[str]:
    """A bridge from the day's open to its close that touches its high and its low and never leaves them."""
    market = book.market
    first, top, bottom, last = (int(field[t, n]) for field in (market.open, market.high, market.low, market.close))
    steps = np.concatenate([[0.0], np.cumsum(random.standard_normal(_MINUTES))])
    share = np.linspace(0.0, 1.0, _MINUTES + 1)
    width = max(top - bottom, 1) / 6.0 / np.sqrt(_MINUTES / 4.0)
    path = first + (last - first) * share + width * (steps - share * steps[-1])
    points = np.clip(np.round(path / 5) * 5, bottom, top).astype(np.int64)
    points[1 + random.choice(_MINUTES - 1, 2, replace=False)] = top, bottom
    points[0], points[-1] = first, last
    weights = random.dirichlet(np.full(_MINUTES, 2.0))
    shares = np.floor(weights * market.volume[t, n]).astype(np.int64)
    shares[-1] += int(market.volume[t, n]) - int(shares.sum())
    began = datetime.combine(market.sessions[t], time(9, 15))
    lines = []
    for i in range(_MINUTES):
        a, b = points[i], points[i + 1]
        lines.append(
            f"{began + timedelta(minutes=i)}+05:30,{a / 100:.2f},{max(a, b) / 100:.2f},{min(a, b) / 100:.2f},"
            f"{b / 100:.2f},{shares[i]}"
        )
    return lines
