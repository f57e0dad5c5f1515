"""Index series and intraday files: clocks mended, doubles dropped, instruments named, the impossible refused."""

from __future__ import annotations

import dataclasses
import hashlib
import io
from datetime import UTC, date, datetime

import polars as pl
import pytest

from app.services.importing.files import Member
from app.services.importing.findings import FileRefusedError, FileSkippedError, Rule
from app.services.importing.index_series import read_index_series
from app.services.importing.intraday_files import read_intraday
from app.services.importing.kinds import Kind, recognise
from app.services.index_names import canonical, index_in

DAYS = ("2024-01-02", "2024-01-03")


def member(name: str, text: str, *folders: str) -> Member:
    data = text.encode()
    return Member(name, None, name, folders, data, hashlib.sha256(data).hexdigest())


def five_minutes(start: int = 9 * 60 + 15, bars: int = 75, header: str = "timestamp") -> list[str]:
    """Bars of two days whose first one begins `start` minutes after midnight."""
    lines = [f"{header},open,high,low,close,volume"]
    for day in DAYS:
        for minute in range(start, start + 5 * bars, 5):
            lines.append(f"{day} {minute // 60:02d}:{minute % 60:02d}:00,100,102,99,101,10")
    return lines


def rules(findings: list[object]) -> set[Rule]:
    return {finding.rule for finding in findings}  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("name", "index"),
    [
        ("NIFTY_50", "NIFTY50"),
        ("banknifty_1min_2024-01", "NIFTYBANK"),
        ("indiavix_2010_2015_1D", "INDIAVIX"),
        ("yahoo_NSEI_2007_2026", "NIFTY50"),
        ("HDFCBANK", None),
        ("NIFTY_50_PE_PB_DY_2000_2022", "NIFTY50"),
    ],
)
def test_the_index_of_a_name(name: str, index: str | None) -> None:
    assert index_in(name) == index


def test_bank_nifty_has_one_id_by_all_its_names() -> None:
    assert {canonical(name) for name in ("BANKNIFTY", "Nifty Bank", "NIFTY_BANK")} == {"NIFTYBANK"}


def test_bars_in_utc_are_moved_and_said() -> None:
    text = "\n".join(five_minutes(start=3 * 60 + 45))
    assert recognise("nifty50_5min.csv", text.encode()) is Kind.INTRADAY
    parsed = read_intraday(member("nifty50_5min.csv", text))
    assert (parsed.symbol, parsed.timeframe, parsed.frame.height) == ("NIFTY50", "5m", 150)
    assert parsed.frame["at"][0] == datetime(2024, 1, 2, 3, 45, tzinfo=UTC)
    assert not parsed.frame["outside"].any()
    [found] = parsed.findings
    assert (found.rule, found.line) == (Rule.CLOCK_MENDED, 2)
    assert "03:45 is 09:15" in found.message


def test_bars_in_india_time_are_left_as_they_are() -> None:
    parsed = read_intraday(member("HDFCBANK.csv", "\n".join(five_minutes())))
    assert (parsed.symbol, parsed.findings) == ("HDFCBANK", [])
    assert parsed.frame["at"][0] == datetime(2024, 1, 2, 3, 45, tzinfo=UTC)
    assert parsed.frame["volume"].sum() == 1500


def test_bars_named_by_their_close_are_renamed() -> None:
    parsed = read_intraday(member("HDFCBANK.csv", "\n".join(five_minutes(start=9 * 60 + 20))))
    assert rules(parsed.findings) == {Rule.LABELLED_BY_CLOSE}
    assert parsed.frame["at"][0] == datetime(2024, 1, 2, 3, 45, tzinfo=UTC)


def test_a_clock_that_fits_nothing_is_refused() -> None:
    with pytest.raises(FileRefusedError) as refused:
        read_intraday(member("HDFCBANK.csv", "\n".join(five_minutes(start=0, bars=40))))
    assert refused.value.finding.rule is Rule.CLOCK_MENDED


def test_epoch_seconds_told_twice_are_stored_once() -> None:
    lines = ["epoc,open,high,low,close,volume"]
    first = int(datetime(2024, 1, 2, 3, 45, tzinfo=UTC).timestamp())
    for at in range(first, first + 25 * 900, 900):
        lines += [f"{at},100,102,99,101,0"] * 2
    parsed = read_intraday(member("nifty50_15min.csv", "\n".join(lines) + "\n"))
    assert (parsed.timeframe, parsed.frame.height) == ("15m", 25)
    assert parsed.frame["volume"].null_count() == 25  # zero throughout is no volume
    [found] = parsed.findings
    assert (found.rule, found.line) == (Rule.DUPLICATE_ROW, 3)
    assert "25 rows" in found.message


def test_rows_that_name_another_instrument_are_stored_under_the_files() -> None:
    lines = ["Instrument,Date,Time,Open,High,Low,Close"]
    lines += [f"NIFTY,20240102,09:{minute},48000,48010,47990,48005" for minute in range(15, 60)]
    parsed = read_intraday(member("banknifty_1min_2024-01.csv", "\n".join(lines), "banknifty_1min_2024"))
    assert (parsed.symbol, parsed.timeframe) == ("NIFTYBANK", "1m")
    assert rules(parsed.findings) == {Rule.MISLABELLED_INSTRUMENT}


def test_bars_outside_trading_hours_are_kept_and_marked() -> None:
    lines = [*five_minutes(), "2024-01-03 15:30:00,100,102,99,101,10", "2024-01-06 09:15:00,100,102,99,101,10"]
    parsed = read_intraday(member("HDFCBANK.csv", "\n".join(lines)))
    assert parsed.frame.filter("outside")["line"].to_list() == [152, 153]  # after hours, and a Saturday
    assert rules(parsed.findings) == {Rule.OUTSIDE_SESSION}


def test_a_bar_without_prices_is_left_out_and_said() -> None:
    lines = [*five_minutes(), "2024-01-04 09:15:00,0,0,0,0,0", "2024-01-04 09:20:00,,,,,"]
    parsed = read_intraday(member("HDFCBANK.csv", "\n".join(lines)))
    assert parsed.frame.height == 150
    assert [(found.rule, found.line) for found in parsed.findings] == [(Rule.ZERO_PRICE, 152)]


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("2024-01-04 09:15:00,100,99,102,101,10", Rule.IMPOSSIBLE_ROW),
        ("2024-01-04 09:15:00,100,102,99,-1,10", Rule.IMPOSSIBLE_ROW),
        ("2024-01-04 09:15:00,100,102", Rule.FILE_CUT_SHORT),
        ("2024-01-04 09:15:00,100,abc,99,101,10", Rule.BAD_VALUE),
        ("04/01/24,100,102,99,101,10", Rule.BAD_VALUE),
        ("2024-01-04 09:15:00,100,inf,99,101,10", Rule.BAD_VALUE),
        ("2024-01-04 09:15:00,100,102,99,101,1e20", Rule.BAD_VALUE),  # more shares than can be counted
        ("2024-01-04 09:15:00,100,102,99,101,-1e308", Rule.BAD_VALUE),
    ],
)
def test_a_file_with_an_impossible_line_is_refused_whole(line: str, rule: Rule) -> None:
    with pytest.raises(FileRefusedError) as refused:
        read_intraday(member("HDFCBANK.csv", "\n".join([*five_minutes(), line])))
    assert refused.value.finding.rule is rule
    assert "line 152" in refused.value.finding.message


def series(name: str, text: str) -> tuple[pl.DataFrame, list[object]]:
    assert recognise(name, text.encode()) is Kind.INDEX_SERIES
    parsed = read_index_series(member(name, text))
    return parsed.frame, list(parsed.findings)


def test_the_index_owners_export_newest_first_with_closes_alone() -> None:
    text = (
        '"Index Name","Date","Open","High","Low","Close"\n'
        '"NIFTY 50","02 Jan 2024","10","12","9","11"\n'
        '"NIFTY 50","05 Jul 1990","","","","284.04"'
    )
    frame, found = series("export.csv", text)
    assert frame.select("index_id", "date", "open", "close").rows() == [
        ("NIFTY50", date(2024, 1, 2), 10.0, 11.0),
        ("NIFTY50", date(1990, 7, 5), None, 284.04),
    ]
    assert rules(found) == {Rule.CLOSE_ONLY}


def test_zeros_and_marks_for_missing_prices_become_nothing() -> None:
    text = "Date,Open,High,Low,Close,Volume,Turnover\n2024-01-02,0.0,0.0,0.0,45,5,6\n2024-01-03,-1.0,-1.0,-1.0,46,5,6\n"
    frame, found = series("NIFTY_IT.csv", text)
    assert frame.select("open", "high", "low", "close").rows() == [(None, None, None, 45.0), (None, None, None, 46.0)]
    assert rules(found) == {Rule.ZERO_PRICE, Rule.CLOSE_ONLY}


def test_midnight_told_in_utc_belongs_to_the_day_after() -> None:
    text = (
        "timestamp,open,high,low,close,volume\n2020-08-14 00:00:00,1,2,1,2,0\n"
        "2020-08-16 18:30:00,3,4,3,4,0\n2020-08-17 00:00:00,3,4,3,4,0\n"
    )
    frame, found = series("finnifty_1D.csv", text)
    assert frame["date"].to_list() == [date(2020, 8, 14), date(2020, 8, 17)]
    assert rules(found) == {Rule.CLOCK_MENDED, Rule.DUPLICATE_ROW}
    assert frame["volume"].null_count() == 2


def test_a_sunday_with_the_bar_of_monday_is_left_out() -> None:
    text = "timestamp,open,high,low,close,volume\n2020-08-16,3,4,3,4,0\n2020-08-17,3,4,3,4,0\n"
    frame, found = series("indiavix_1D.csv", text)
    assert frame["date"].to_list() == [date(2020, 8, 17)]
    assert rules(found) == {Rule.DUPLICATE_ROW}


def test_a_week_that_ends_on_a_holiday_is_dated_with_its_last_session() -> None:
    text = "Date,NIFTY_50,INDIA_VIX,RAW_RATIO,RATIO_OSCILLATOR\n2015-03-06,8937,14,1,1\n"
    frame, found = series("weekly.csv", text)
    assert frame.select("index_id", "date", "close").rows() == [
        ("NIFTY50", date(2015, 3, 5), 8937.0),
        ("INDIAVIX", date(2015, 3, 5), 14.0),
    ]
    assert rules(found) == {Rule.DATE_NOT_A_SESSION}


def test_daily_bars_of_nobody_are_not_guessed() -> None:
    text = "Date,Open,High,Low,Close,Volume,Turnover\n2024-01-02,1,2,1,2,5,6\n"
    with pytest.raises(FileSkippedError):
        read_index_series(member("HDFCBANK.csv", text))


def test_a_high_below_the_low_refuses_the_series() -> None:
    text = "Date,Open,High,Low,Close,Volume,Turnover\n2024-01-02,1,2,3,2,5,6\n"
    with pytest.raises(FileRefusedError, match="line 2"):
        read_index_series(member("NIFTY_IT.csv", text))


def test_a_volume_that_cannot_be_counted_refuses_a_parquet_file_of_an_index() -> None:
    day = {"date": [date(2024, 1, 4)], **{name: [100.0] for name in ("open", "high", "low", "close")}, "volume": [1e20]}
    buffer = io.BytesIO()
    pl.DataFrame(day).write_parquet(buffer)
    one = member("nifty50_daily.parquet", "")
    with pytest.raises(FileRefusedError, match=r"nifty50_daily\.parquet: not a whole Parquet file"):
        read_index_series(dataclasses.replace(one, data=buffer.getvalue()))


@pytest.mark.parametrize("volume", ["1e20", "-1e308"])
def test_a_volume_that_cannot_be_counted_refuses_a_series_by_its_line(volume: str) -> None:
    header, day = "Date,Open,High,Low,Close,Volume,Turnover", "100,102,99,101"
    text = f"{header}\n2024-01-04,{day},10,6\n2024-01-05,{day},{volume},6\n"
    with pytest.raises(FileRefusedError, match=r"line 3: field volume is '-?1e\d+', expected a number up to"):
        series("NIFTY_50.csv", text)
