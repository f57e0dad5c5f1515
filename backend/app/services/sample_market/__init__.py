"""The sample market: a seeded, fictional exchange, written as the files an exchange and others would publish.

For tests, screenshots and a first look without data. Companies, symbols, ISINs and prices are invented and say so;
the sessions, file layouts, ticks, price bands and the treatment of corporate actions are those of the exchange.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import numpy as np

from app.services.sample_market import companies, history
from app.services.sample_market.files import LEGACY_UNTIL, Book, write
from app.services.sample_market.membership import index_sizes, membership
from app.services.sample_market.simulation import Market, simulate

SEED: Final = 20200101
START: Final = date(2014, 1, 1)
END: Final = date(2025, 12, 31)
STOCKS: Final = 300
DAILY_FROM: Final = date(2025, 1, 1)
_LEGACY_FROM: Final = date(2024, 6, 24)  # the last two weeks of the legacy format are daily files in any case

Progress = Callable[[float, str], None]

__all__ = ["END", "SEED", "START", "SampleSummary", "generate", "generate_small"]


@dataclass(frozen=True, slots=True)
class SampleSummary:
    """What was written.

    Attributes
    ----------
    directory : the folder, to be imported as a whole
    seed, start, end, stocks : what the market was made from; start and end are its first and last session
    sessions, price_rows, files : how many of each; a day in two formats counts its rows once
    sectors : industries, ascending
    indices : index names
    split : symbol and ex-date of the 1:5 split
    bonus : symbol and ex-date of the 1:1 bonus
    renamed : old symbol, new symbol and the first day of the new one
    delisted : symbol and its last session
    listed_late : symbol and its first session
    illiquid : a symbol that does not trade every day
    """

    directory: Path
    seed: int
    start: date
    end: date
    stocks: int
    sessions: int
    price_rows: int
    files: int
    sectors: tuple[str, ...]
    indices: tuple[str, ...]
    split: tuple[str, date]
    bonus: tuple[str, date]
    renamed: tuple[str, str, date]
    delisted: tuple[str, date]
    listed_late: tuple[str, date]
    illiquid: str


def generate(
    directory: Path,
    *,
    seed: int = SEED,
    start: date = START,
    end: date = END,
    stocks: int = STOCKS,
    daily_from: date | None = DAILY_FROM,
    progress: Progress | None = None,
) -> SampleSummary:
    """Write a sample market into `directory`. The same arguments write the same bytes.

    Parameters
    ----------
    directory : a folder that is empty or does not exist yet
    seed : of everything random
    start, end : first and last day; at least 120 sessions
    stocks : 10 to 300
    daily_from : sessions before are written as one Parquet file a year but for the last two weeks of the legacy
        format, from there on as daily files; None: all are daily files
    progress : called with a share done and a line for people

    Raises
    ------
    FileExistsError : the folder holds something.
    ValueError : too few or too many stocks, or too short a time.
    """
    if directory.exists() and any(directory.iterdir()):
        raise FileExistsError(f"{directory} is not empty: a sample market needs a folder of its own")
    tell = progress or (lambda _share, _line: None)
    tell(0.0, "Simulating the sample market")
    market = simulate(seed, start, end, stocks)
    book = Book(market)
    files = 0
    count = len(market.sessions)
    daily = np.array(
        [daily_from is None or day >= daily_from or _LEGACY_FROM <= day <= LEGACY_UNTIL for day in market.sessions]
    )
    for name, content in history.yearly_prices(book, ~daily):
        tell(0.2, f"Writing {name}")
        write(directory / "daily" / name, content)
        files += 1
    for t, day in enumerate(market.sessions):
        if not daily[t]:
            continue
        if t % 50 == 0:
            tell(0.2 + 0.75 * t / count, f"Writing the daily files of {day:%B %Y}")
        for path, content, zipped in book.price_files(t):
            write(directory / "bhavcopy" / path, content, day if zipped else None)
            files += 1
    for name, content in _reference_files(book, seed).items():
        write(directory / name, content)
        files += 1
    tell(1.0, f"Wrote {files} files")
    return _summary(directory, seed, book, files)


def generate_small(directory: Path, *, seed: int = SEED, progress: Progress | None = None) -> SampleSummary:
    """Ten stocks over 2024, the year of all three daily formats: for tests. Otherwise as `generate`."""
    begins, ends = date(2024, 1, 1), date(2024, 12, 31)
    return generate(directory, seed=seed, start=begins, end=ends, stocks=10, daily_from=None, progress=progress)


def _index_name(size: int) -> str:
    return f"SAMPLE {size}"


def _reference_files(book: Book, seed: int) -> dict[str, bytes]:
    """Path → content of everything but the daily files."""
    market = book.market
    random = np.random.Generator(np.random.PCG64([seed, 1]))  # of its own: more files change no prices
    newest = market.sessions[-1].replace(day=1)
    month = f"{newest:%Y-%m}"
    found = {
        f"masters/{month}/EQUITY_L.csv": book.equity_list(),
        "masters/symbolchange.csv": book.symbol_changes(),
        "corporate_actions/splits_bonus.csv": book.corporate_actions(),
    }
    for size in index_sizes(market.traded.shape[1]):
        spells = membership(market, size)
        found[f"constituents/{month}/ind_sample{size}list.csv"] = book.index_list(spells, newest)
        found[f"constituents/history/sample{size}_history.csv"] = book.index_history(spells, _index_name(size))
        levels = history.index_levels(book, _index_name(size), spells, random)
        found[f"index/SAMPLE_{size}.csv"] = levels
    found |= dict(history.dividends(book))
    found["fundamentals/sample_annual.csv"] = history.accounts(book, random)
    found |= {f"intraday/stocks_1min/{name}": content for name, content in history.minute_bars(book, random)}
    return found


def _summary(directory: Path, seed: int, book: Book, files: int) -> SampleSummary:
    market: Market = book.market
    stocks = market.traded.shape[1]
    split, bonus = market.actions[:2]
    return SampleSummary(
        directory=directory,
        seed=seed,
        start=market.sessions[0],
        end=market.sessions[-1],
        stocks=stocks,
        sessions=len(market.sessions),
        price_rows=int(market.traded.sum()),
        files=files,
        sectors=tuple(sorted({company.sector for company in book.companies})),
        indices=tuple(_index_name(size) for size in index_sizes(stocks)),
        split=(book.companies[split.company].symbol, market.sessions[split.session]),
        bonus=(book.companies[bonus.company].symbol, market.sessions[bonus.session]),
        renamed=(companies.FORMER_SYMBOL, companies.RENAMED, market.sessions[market.renamed_at]),
        delisted=(companies.DELISTED, market.sessions[market.delisted_at - 1]),
        listed_late=(companies.LISTED_LATE, market.sessions[market.listed_at]),
        illiquid=companies.ILLIQUID,
    )
