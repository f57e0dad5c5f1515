"""The exchange's closing file of a day: every index with its valuation."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from app.services.importing.files import Member
from app.services.importing.findings import FileRefusedError
from app.services.importing.index_series import SeriesFile
from app.services.importing.reading import parse

HEADER = (
    "Index Name,Index Date,Open Index Value,High Index Value,Low Index Value,Closing Index Value,Points Change,"
    "Change(%),Volume,Turnover (Rs. Cr.),P/E,P/B,Div Yield\n"
)
NIFTY = "Nifty 50,01-01-2026,26010.1,26080.55,25950.25,26000.4,-19.6,-.08,240000000,18900.25,22.56,2.8,1.22\n"
VIX = "India VIX,01-01-2026,12.5,12.9,11.8,12.1,-.4,-3.2,-,-,-,-,-\n"


def read(text: str, name: str = "ind_close_all_01012026.csv") -> Any:
    return parse(Member(name, None, name, (), text.encode(), "0" * 64))


def test_levels_and_valuation_are_read_in_rupees() -> None:
    got = read(HEADER + NIFTY + VIX)
    assert isinstance(got, SeriesFile)
    nifty, vix = sorted(got.frame.to_dicts(), key=lambda row: row["index_id"], reverse=True)
    assert (nifty["index_id"], nifty["date"], nifty["close"]) == ("NIFTY50", date(2026, 1, 1), 26000.4)
    assert (nifty["volume"], nifty["turnover"], nifty["pe"]) == (240_000_000, 189_002_500_000.0, 22.56)
    assert (nifty["pb"], nifty["dividend_yield"]) == (2.8, 1.22)
    assert (vix["index_id"], vix["close"], vix["volume"], vix["pe"]) == ("INDIAVIX", 12.1, None, None)


@pytest.mark.parametrize(("name", "index"), [("S&P CNX Nifty", "NIFTY50"), ("CNX Nifty Junior", "NIFTYNEXT50")])
def test_former_names_are_the_same_index(name: str, index: str) -> None:
    got = read(HEADER + NIFTY.replace("Nifty 50", name))
    assert isinstance(got, SeriesFile)
    assert got.frame["index_id"].to_list() == [index]


def test_a_file_of_another_day_is_refused_with_its_line() -> None:
    got = read(HEADER + NIFTY + VIX, "ind_close_all_02012026.csv")
    assert isinstance(got, FileRefusedError)
    assert "line 2: the name says 2026-01-02, the row is dated 2026-01-01" in str(got)


def test_a_line_that_is_cut_is_refused() -> None:
    got = read(HEADER + NIFTY[:40])
    assert isinstance(got, FileRefusedError)
