"""Inference on sixteen years of real prices, without any list, held against the lists."""

from __future__ import annotations

import csv
import math
from collections import defaultdict
from datetime import date, datetime, timedelta
from itertools import combinations
from pathlib import Path

import polars as pl
import pytest

from app.services.importing.adjustments import JUMP_ABOVE, JUMP_BELOW
from app.services.importing.inference import SPAN, Inferred, Move, Session, infer
from app.services.importing.purposes import parse_purpose

COLUMNS = ["date", "series", "open", "high", "low", "close", "prev_close", "volume"]
LISTED_TO = date(2020, 10, 1)  # both lists together are complete until then
NEAR = timedelta(days=7)


@pytest.fixture(scope="module")
def inferred(evidence: Path) -> list[Inferred]:
    """What the daily files say by themselves; without ISINs, which they do not carry."""
    bars = pl.concat(pl.read_parquet(file) for file in sorted((evidence / "data/daily").glob("nse_daily_*.parquet")))
    bars = bars.sort("symbol", "date")
    market = dict(
        bars.filter(pl.col("prev_close") > 0)
        .group_by("date")
        .agg((pl.col("open") / pl.col("prev_close")).log().median())
        .rows()
    )
    ratio = pl.col("close") / pl.col("prev_close")
    moved = bars.filter((pl.col("prev_close") > 0) & ((ratio < JUMP_BELOW) | (ratio > JUMP_ABOVE)))
    found = []
    by_symbol = bars.filter(pl.col("symbol").is_in(moved["symbol"].unique().to_list())).partition_by(
        "symbol", as_dict=True
    )
    for (symbol,), days in moved.select("symbol", "date").partition_by("symbol", as_dict=True).items():
        own = by_symbol[(symbol,)]
        for day in days["date"]:
            near = own.filter(pl.col("date").is_between(day - SPAN, day + SPAN)).select(COLUMNS).rows()
            sessions = [Session(*row) for row in near]
            ex = next(one for one in sessions if one.date == day)
            before = tuple(one for one in sessions if one.date < day)
            after = tuple(one for one in sessions if one.date > day)
            one = infer(Move(0, symbol, ex, before, after, market[day]))
            if one is not None:
                found.append(one)
    return found


@pytest.fixture(scope="module")
def listed(evidence: Path) -> dict[str, list[tuple[date, float]]]:
    """Every factor that any list gives, by symbol."""
    folder = evidence / "data/corporate_actions"
    found: dict[str, list[tuple[date, float]]] = defaultdict(list)
    for line in (folder / "nse_splits_bonus_rights_2011_2022.csv").read_text().splitlines()[1:]:
        cells = line.split(",")
        for action in parse_purpose(cells[3]):
            if action.factor is not None:
                found[cells[0]].append((datetime.strptime(cells[5], "%d-%b-%y").date(), action.factor))
    for name, column, form in (
        ("split_bonus_multipliers_to_2020-10.csv", 1, "%Y%m%d"),
        ("splits_1995_2015.csv", 3, "%Y-%m-%d"),
    ):
        for line in (folder / name).read_text().splitlines()[1:]:
            cells = line.split(",")
            factor = float(cells[2]) if column == 1 else float(cells[1]) / float(cells[2])
            found[cells[0]].append((datetime.strptime(cells[column], form).date(), factor))
    return found


def test_no_factor_is_wrong_and_no_other_move_is_taken(
    inferred: list[Inferred], listed: dict[str, list[tuple[date, float]]]
) -> None:
    odd = []
    for one in inferred:
        if one.ex_date >= LISTED_TO:
            continue
        near = [factor for day, factor in listed[one.symbol] if abs(day - one.ex_date) <= NEAR]
        products = [*near, *(a * b for a, b in combinations(near, 2))]
        if not any(math.isclose(one.factor, factor, rel_tol=0.01) for factor in products):
            odd.append((one.symbol, one.ex_date, one.factor, near))
    # no list has it: the open lies at half the close before, and the volumes of the sessions after fit a factor of two
    assert odd == [("BAJAJ-AUTO", date(2010, 9, 8), 2.0, [])]


def test_the_recall_measured_once_is_kept(
    inferred: list[Inferred], listed: dict[str, list[tuple[date, float]]]
) -> None:
    assert sum(one.ex_date < LISTED_TO for one in inferred) >= 170
    assert sum(one.ex_date.year >= 2023 for one in inferred) >= 80


def test_the_splits_a_vendor_lists_follow_without_its_list(
    inferred: list[Inferred], listed: dict[str, list[tuple[date, float]]], evidence: Path
) -> None:
    """The fifty large companies: what the other lists and the prices say, against a vendor's list by company name."""
    folder = evidence / "data"
    names: dict[str, str] = {}
    for path in sorted((folder / "constituents").rglob("*nifty50*.csv")):
        with path.open(newline="", errors="replace") as file:
            for row in csv.DictReader(file):
                if row.get("Company Name") and row.get("Symbol"):
                    names[row["Company Name"].strip()] = row["Symbol"].strip()
    equal = 0
    odd = []
    with (folder / "corporate_actions/yahoo_dividends_splits_nifty50_2002_2026.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            day, theirs, symbol = date.fromisoformat(row["Date"][:10]), float(row["Stock Splits"]), names[row["name"]]
            if not theirs or day < date(2012, 1, 1):
                continue
            near = {factor for on, factor in listed[symbol] if abs(on - day) <= NEAR}
            near |= {one.factor for one in inferred if one.symbol == symbol and abs(one.ex_date - day) <= NEAR}
            if any(math.isclose(factor, theirs, rel_tol=0.001) for factor in near):
                equal += 1
            else:
                odd.append((symbol, day, theirs, sorted(near)))
    assert equal == 43
    # the vendor lists the split and not the bonus of the same day, and a bonus of 1:3, too small a move to be taken
    assert odd == [
        ("BAJFINANCE", date(2025, 6, 16), 2.0, [10.0]),
        ("BAJAJFINSV", date(2022, 9, 13), 5.0, [2.0, 10.0]),
        ("POWERGRID", date(2023, 9, 12), 1.3333333333333333, []),
    ]


@pytest.mark.parametrize(
    ("symbol", "day", "factor"),
    [
        ("NESTLEIND", date(2024, 1, 5), 10.0), ("RELIANCE", date(2024, 10, 28), 2.0), ("WIPRO", date(2024, 12, 3), 2.0),
        ("HDFCBANK", date(2025, 8, 26), 2.0), ("BAJFINANCE", date(2025, 6, 16), 10.0), ("BSE", date(2025, 5, 23), 3.0),
        ("MAZDOCK", date(2024, 12, 27), 2.0), ("COFORGE", date(2025, 6, 4), 5.0), ("CANBK", date(2024, 5, 15), 5.0),
    ],
)  # fmt: skip
def test_well_known_actions_after_the_lists_end(
    inferred: list[Inferred], symbol: str, day: date, factor: float
) -> None:
    assert [one.factor for one in inferred if (one.symbol, one.ex_date) == (symbol, day)] == [factor]


@pytest.mark.parametrize(
    ("symbol", "day"),
    [
        ("RELIANCE", date(2023, 7, 20)), ("SIEMENS", date(2025, 4, 7)), ("TATAMOTORS", date(2025, 10, 14)),
        ("ABFRL", date(2025, 5, 22)), ("VEDL", date(2026, 4, 30)), ("YESBANK", date(2020, 3, 6)),
        ("DHFL", date(2018, 9, 21)), ("ADANIENT", date(2018, 9, 6)), ("ADANIENT", date(2023, 2, 1)),
        ("STAR", date(2013, 12, 19)), ("TATACHEM", date(2020, 3, 4)), ("PEL", date(2022, 8, 30)),
    ],
)  # fmt: skip
def test_demergers_dividends_and_crashes_are_left(inferred: list[Inferred], symbol: str, day: date) -> None:
    assert [one for one in inferred if (one.symbol, one.ex_date) == (symbol, day)] == []
