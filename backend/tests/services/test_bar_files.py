"""Files of bars as programs and people write them: read where they mean one thing, else refused by line and column."""

from __future__ import annotations

import gzip
import random
from datetime import date, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.engines.bars import Bars
from app.exceptions import ValidationError
from app.services.bar_files import read_bars
from app.services.importing.files import Member
from tests.services.importing.mutations import damaged

PLAIN = """date,open,high,low,close,volume
2024-01-01,10,11,9,10.5,100
2024-01-02,10.5,12,10,11,0
2024-01-03,11,11.5,10.25,10.75,250
"""
CLOSES = [10.5, 11.0, 10.75]


def kept(folder: Path, content: str | bytes, name: str = "bars.csv") -> Path:
    file = folder / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


def refused(folder: Path, content: str | bytes, name: str = "bars.csv") -> str:
    with pytest.raises(ValidationError) as error:
        read_bars(kept(folder, content, name))
    assert error.value.details == {"field": "bars"}
    return error.value.message


def is_plain(bars: Bars) -> bool:
    return (
        bars.raw.close[:, 0].tolist() == CLOSES
        and bars.raw_volume[:, 0].tolist() == [100.0, 0.0, 250.0]
        and bars.sessions.astype(str).tolist() == ["2024-01-01", "2024-01-02", "2024-01-03"]
    )


@pytest.mark.parametrize(
    "content",
    [
        PLAIN,
        PLAIN.rstrip("\n"),
        PLAIN.replace("\n", "\r\n"),
        PLAIN.replace("\n", "\r"),  # as old Macintosh programs end their lines
        PLAIN.replace(",", ";"),
        PLAIN.replace(",", "\t"),
        PLAIN.replace(",", "|"),
        PLAIN.replace(",", ", "),
        PLAIN.replace("date", " Date ").replace("close", "CLOSE"),
        PLAIN.encode("utf-8-sig"),
        PLAIN.encode("utf-16"),
        PLAIN.replace("\n", "\r\n").replace(",", "\t").encode("utf-16"),  # "Unicode text" of a spreadsheet
        b"\xfe\xff" + PLAIN.encode("utf-16-be"),
        PLAIN.encode("utf-32"),
        gzip.compress(PLAIN.encode()),
        PLAIN.replace("2024-01-01", '"2024-01-01"').replace("10.25", '"10.25"'),
        "".join(f'"{line}"\n'.replace(",", '","') for line in PLAIN.splitlines()),
        "\n\n" + PLAIN + "\n\n",
        PLAIN.replace("date", "", 1),  # an index without a name, as data frames are saved
        PLAIN.replace("\n", ",\n"),  # a comma at the end of every line
        PLAIN.replace("2024-01-02", "02-Jan-2024")
        .replace("2024-01-01", "1 January 2024")
        .replace("2024-01-03", "03-jan-2024"),
        "".join(PLAIN.splitlines(keepends=True)[n] for n in (0, 3, 1, 2)),  # in any order of time
    ],
)
def test_one_meaning_is_read_however_it_is_written(tmp_path: Path, content: str | bytes) -> None:
    bars, notes = read_bars(kept(tmp_path, content))
    assert is_plain(bars) and bars.symbols == ("bars",)
    assert notes == ()


def test_lines_without_any_value_are_left_out_and_counted(tmp_path: Path) -> None:
    rows = PLAIN.splitlines()
    bars, notes = read_bars(kept(tmp_path, "\n".join([*rows[:2], "", ",,,,,", *rows[2:], "   ", "\n"])))
    assert is_plain(bars)
    assert notes == ("2 lines of bars.csv without any value were left out.",)
    # and lines are counted as an editor counts them
    rows[3] = rows[3].replace("10.75", "x")
    told = refused(tmp_path, "\n".join([*rows[:2], "", ",,,,,", *rows[2:]]))
    assert told == "bars.csv, line 6, column close: 'x' is no number; expected one such as 1234.5"


def test_thousands_are_read_where_commas_can_be_nothing_else(tmp_path: Path) -> None:
    rows = ['2024-01-01,"1,234.50","1,300","1,200","12,34,567.25",100', '2024-01-02,1234,1300,1200,1250,"1,00,000"']
    with pytest.raises(ValidationError, match=r"line 2, column close: 1\.23457e"):
        read_bars(kept(tmp_path, "\n".join([PLAIN.splitlines()[0], *rows])))
    rows[0] = rows[0].replace("12,34,567.25", "1,250.25")
    bars, notes = read_bars(kept(tmp_path, "\n".join([PLAIN.splitlines()[0], *rows])))
    assert bars.raw.close[:, 0].tolist() == [1250.25, 1250.0] and bars.raw_volume[1, 0] == 100_000
    assert notes == ("Numbers of bars.csv such as 1,234.50 are read with commas between thousands.",)
    # beside semicolons a comma may be the decimal point
    told = refused(tmp_path, "\n".join([PLAIN.splitlines()[0], rows[0].replace('"', "")]).replace(",", ";"))
    assert "line 2: " in told and "expected 6 as in the header, separated by ';'" in told
    decimal = PLAIN.replace(",", ";").replace(".", ",")
    assert refused(tmp_path, decimal) == (
        "bars.csv, line 3, column open: '10,5' is no number; expected one such as 1234.5"
    )


def test_a_date_and_a_time_of_day_in_columns_of_their_own_are_one_time(tmp_path: Path) -> None:
    text = "Date,Time,Open,High,Low,Close\n" + "".join(
        f"01-01-2024,09:{m}:00,10,11,9,{10 + m / 100}\n" for m in (15, 20, 25)
    )
    with pytest.raises(ValidationError, match="may have the day or the month first"):
        read_bars(kept(tmp_path, text))
    bars, _ = read_bars(kept(tmp_path, text.replace("01-01-2024", "2024-01-01")))
    assert bars.timeframe == "5m" and bars.raw.close[:, 0].tolist() == [10.15, 10.2, 10.25]
    assert str(bars.sessions[0]) == "2024-01-01T09:15:00"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "bars.csv: no row"),
        ("\n \n", "bars.csv: no row"),
        ("date,open,high,low,close\n", "bars.csv: a header and no row below it"),
        ("2024-01-01,10,11,9,10,5\n",
         "bars.csv: a header and no row below it"),
        ("2024-01-01,10,11,9,10,5\n2024-01-02,10,11,9,10,5\n",
         "bars.csv: no column open, high, low, close; found '2024-01-01', '10', '11', '9', '10', '5'. The first line "
         "names the columns"),
        ("open,high,low,close\n1,1,1,1\n",
         "bars.csv: no column for the time (date, datetime, timestamp, time, day); found"),
        # two columns of one name
        ("date,open,high,low,close,Close\n2024-01-01,1,1,1,1,2\n",
         "bars.csv: columns 5 and 6 are both named close; expected one of that name"),
        ("date,open,high,low,close, DATE\n2024-01-01,1,1,1,1,2\n", "columns 1 and 6 are both named date"),
        ("date,open,high,low,close,volume,volume\n2024-01-01,1,1,1,1,2,3\n", "columns 6 and 7 are both named volume"),
        # lines of another width
        (PLAIN + "2024-01-04,11,11,11,11\n",
         "bars.csv, line 5: 5 values, expected 6 as in the header, separated by ','"),
        (PLAIN + "2024-01-04,11,11,11,11,5,6\n", "bars.csv, line 5: 7 values, expected 6"),
        (PLAIN.replace(",", "\t") + "x\n", "bars.csv, line 5: 1 value, expected 6 as in the header, separated by tabs"),
        (PLAIN + '2024-01-04,"11,11,11,11,5\n', "bars.csv, line 5: a quotation mark without its second"),
        ('"date,open\n1,2\n', "bars.csv, line 1: a quotation mark without its second"),
        # encodings
        (PLAIN.encode("utf-16-le"), "bars.csv: no text in UTF-8; of UTF-16 the two bytes FF FE have to stand"),
        (PLAIN.replace("10.75", "10.75\u20ac").encode("cp1252"), "bars.csv, line 4: no text in UTF-8"),
        (b"\xff\xfe" + PLAIN.encode("utf-16-le")[:-1], "no text in UTF-16, as its first bytes say"),
        (b"PK\x03\x04" + b"x" * 50, "bars.csv: a workbook or an archive; save the table in it as CSV or Parquet"),
        (b"\x1f\x8b" + b"x" * 50, "cannot be read as a table"),
        (b"PAR1" + b"x" * 50, "bars.csv: a damaged Parquet file"),
        # values
        (PLAIN.replace("10.75", "1e308"),
         "bars.csv, line 4, column close: 1e+308, expected a number from 1e-09 to 1e+12"),
        (PLAIN.replace("10.75", "1e309"), "line 4, column close: inf, expected a number from"),
        (PLAIN.replace("10.75", "-inf"), "line 4, column close: -inf, expected a number from"),
        (PLAIN.replace("10.75", "0"), "line 4, column close: 0, expected a number from"),
        (PLAIN.replace("10.75", "1e-320"), "line 4, column close: 9.99989e-321, expected a number from"),
        (PLAIN.replace("250", "1e19"), "line 4, column volume: 1e+19, expected a number from 0 to 1e+18"),
        (PLAIN.replace("250", "-1"), "line 4, column volume: -1, expected a number from 0 to 1e+18"),
        (PLAIN.replace("250", "many"), "line 4, column volume: 'many' is no number"),
        (PLAIN.replace("10.25", "99"), "line 4, column low: 99, expected at most the high, 11.5"),
        (PLAIN.replace("10.75", "10.2"),
         "line 4, column close: 10.2, expected a price from the low, 10.25, to the high, 11.5"),
        (PLAIN.replace("10.75", ""),
         "line 4, column close: nothing, beside other prices; expected all four of a bar, or none of them"),
        ("date,open,high,low,close\n2024-01-01,,,,\n", "bars.csv: no row has a price"),
        (PLAIN.replace("2024-01-03", ""),
         "bars.csv, line 4: nothing is no date or time; expected one such as 2024-07-31 or 2024-07-31 09:15"),
        (PLAIN.replace("2024-01-03", "2024-02-30"), "bars.csv, line 4: '2024-02-30' is no date or time"),
        (PLAIN.replace("2024-01-03", "0024-01-03"), "bars.csv, line 4: '0024-01-03' is in no year from 1900 to 2199"),
        (PLAIN.replace("2024-01-03", "x" * 500), f"bars.csv, line 4: '{'x' * 60}…' is no date or time"),
        (PLAIN.replace("2024-01-03", "2024-01-02"),
         "bars.csv, line 4: a second bar of bars at 2024-01-02T00:00:00; expected one for each time"),
        ("date,symbol,open,high,low,close\n2024-01-01,A,1,1,1,1\n2024-01-02, ,1,1,1,1\n",
         "bars.csv, line 3, column symbol: nothing; expected a symbol in every row"),
        (PLAIN + "x" * 100_001, "bars.csv, line 5: more than 100,000 characters; no row is as long"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_by_file_line_and_column(
    tmp_path: Path, content: str | bytes, told: str
) -> None:
    assert told in refused(tmp_path, content)


@pytest.mark.parametrize(
    ("volume", "words"),
    [("0", "Volumes of bars.csv are zero throughout"), ("", "Volumes of bars.csv are unknown")],
)
def test_bars_that_nothing_was_traded_in_say_so(tmp_path: Path, volume: str, words: str) -> None:
    lines = PLAIN.splitlines()
    text = "\n".join([lines[0], *(line.rpartition(",")[0] + f",{volume}" for line in lines[1:])])
    [note] = read_bars(kept(tmp_path, text))[1]
    assert note == f"{words}: a volume cap would refuse every order, and no impact is charged."


def test_bars_within_a_day_are_not_taken_for_daily_ones(tmp_path: Path) -> None:
    rows = [
        f"2024-01-0{d} {t},10,11,9,10,5"
        for d, t in ((1, "00:00"), (2, "00:00"), (3, "09:15"), (3, "15:15"), (5, "00:00"))
    ]
    text = "\n".join([PLAIN.splitlines()[0], *rows])
    assert refused(tmp_path, text) == "bars.csv, line 5: a second bar on 2024-01-03; expected one a day of 1d bars"
    with pytest.raises(ValidationError, match="expected one a day of 1w bars"):
        read_bars(kept(tmp_path, text), timeframe="1w")


def test_a_parquet_file_names_its_row_and_what_its_column_holds(tmp_path: Path) -> None:
    days = [datetime(2024, 1, n) for n in (1, 2, 3)]
    prices = {"open": [10.0, 10.5, 11.0], "high": [11.0, 12.0, 11.5], "low": [9.0, 10.0, 10.25], "close": CLOSES}
    frame = pl.DataFrame({"date": days, **prices, "volume": [100, 0, 250]})
    file = tmp_path / "bars.parquet"
    frame.write_parquet(file)
    assert is_plain(read_bars(file)[0])
    for change, told in (
        (pl.Series("close", [10.5, -1.0, 10.75]), "bars.parquet, row 2, column close: -1, expected a number from"),
        (pl.Series("close", [True, True, False]), "bars.parquet, column close: holds Boolean; expected numbers"),
        (
            pl.Series("close", [[1.0], [2.0], [3.0]]),
            "bars.parquet, column close: holds List(Float64); expected numbers",
        ),
        (pl.Series("date", [1, 2, 3]), "bars.parquet: the time column 'date' holds Int64; expected dates or times"),
        (pl.Series("date", [days[0], None, days[2]]), "bars.parquet, row 2: nothing is no date or time"),
        (pl.Series("symbol", ["A", None, "B"]), "bars.parquet, row 2, column symbol: nothing"),
    ):
        frame.with_columns(change).write_parquet(file)
        with pytest.raises(ValidationError) as error:
            read_bars(file)
        assert told in error.value.message


def test_symbols_that_share_no_times_are_refused_before_they_fill_the_memory(tmp_path: Path) -> None:
    start = np.datetime64("2000-01-01")
    rows = [f"{start + np.timedelta64(n, 'D')},S{n},1,1,1,1" for n in range(7_000)]
    told = refused(tmp_path, "\n".join(["date,symbol,open,high,low,close", *rows]))
    assert "7,000 symbols at 7,000 times are more than 40,000,000 places for bars" in told


def sound(bars: Bars) -> bool:
    """What everything after the reading relies on."""
    known = ~np.isnan(bars.raw.close)
    prices = np.stack([field[known] for field in bars.raw])
    return bool(
        known.any()
        and (prices > 0).all() and np.isfinite(prices).all() and (prices[1] >= prices).all()
        and (prices[2] <= prices).all()
        and not (bars.raw_volume < 0).any() and not np.isinf(bars.raw_volume).any()
        and (np.diff(bars.sessions) > np.timedelta64(0)).all() and all(bars.symbols)
    )  # fmt: skip


def seed_files() -> list[Member]:
    chance = np.random.default_rng(8)
    close = np.round(100 * np.exp(np.cumsum(chance.normal(0, 0.02, 60))), 2)
    days = np.datetime64("2024-01-01") + np.arange(60)
    rows = [f"{d},{c},{c + 1},{c - 1},{c},{n * 10}" for n, (d, c) in enumerate(zip(days, close, strict=True))]
    plain = "\n".join(["date,open,high,low,close,volume", *rows]).encode()
    several = "\n".join(
        [
            "Date,Symbol,Open,High,Low,Close",
            *(f"{d},{s},{c},{c},{c},{c}" for d in days[:20] for s, c in (("A", 5), ("B", 7))),
        ]
    ).encode()
    return [
        Member(name, None, name, (), data, "0" * 64)
        for name, data in (("bars.csv", plain), ("several.csv", several), ("wide.csv", plain.decode().encode("utf-16")))
    ]


def test_damaged_files_are_read_soundly_or_named(tmp_path: Path) -> None:
    read = 0
    for n, (how, member) in enumerate(damaged(random.Random(21), seed_files(), 700, long_every=100)):
        file = kept(tmp_path, member.data, f"{n}{member.name}")
        try:
            bars, _ = read_bars(file)
        except ValidationError as error:
            assert error.message.startswith((file.name, str(file), "timeframe")), (how, error.message)
            assert len(error.message) < 2_000, how
        else:
            assert sound(bars), (how, file)
            read += 1
        file.unlink()
    assert read > 50  # not everything is refused


cells = st.one_of(
    st.sampled_from(["", " ", "0", "-1", "10", "11.5", "1e308", "nan", "inf", "1,234", '"', "2024-01-01", "31/12/2024",
                     "2024-01-01 09:15", "x", "\u0967", "1e-9", "١٢"]),
    st.text(max_size=8), st.floats().map(str),
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(
    st.permutations(["date", "open", "high", "low", "close", "volume", "symbol", "x"]),
    st.lists(st.lists(cells, min_size=8, max_size=8), min_size=1, max_size=5),
    st.sampled_from([",", ";", "\t", "|"]), st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]),
)  # fmt: skip
def test_any_table_is_read_soundly_or_named(
    tmp_path_factory: pytest.TempPathFactory, header: list[str], rows: list[list[str]], separator: str, end: str,
    encoding: str,
) -> None:  # fmt: skip
    text = end.join(separator.join(row) for row in [header, *rows])
    file = kept(tmp_path_factory.mktemp("any"), text.encode(encoding, "surrogatepass"))
    try:
        bars, _ = read_bars(file)
    except ValidationError as error:
        assert error.message.startswith((file.name, str(file), "timeframe"))
        assert len(error.message) < 2_000
    else:
        assert sound(bars)


SPLIT = """date,open,high,low,close,volume
2024-01-01,100,101,99,100,10
2024-01-02,100,101,99,100,10
2024-01-03,20,20.5,19.5,20,50
2024-01-04,20,20.5,19.5,20,50
"""


def test_a_leap_as_an_unadjusted_split_makes_it_is_told(tmp_path):
    [note] = read_bars(kept(tmp_path, SPLIT))[1]  # 20 after 100
    assert "leap" in note and "bars by 0.2 at 2024-01-03" in note


def test_a_leap_over_bars_without_a_price_is_told_too(tmp_path):
    [note] = read_bars(kept(tmp_path, SPLIT.replace("2024-01-03,20,20.5,19.5,20,50", "2024-01-03,,,,,")))[1]
    assert "bars by 0.2 at 2024-01-04" in note


def test_a_bad_day_that_trades_down_from_its_open_is_no_leap(tmp_path):
    assert (
        read_bars(
            kept(
                tmp_path,
                SPLIT.replace("2024-01-03,20,", "2024-01-03,90,").replace("20.5,19.5,20,50", "90,19.5,20,50", 1),
            )
        )[1]
        == ()
    )


def test_bars_taken_for_another_timeframe_than_their_distance_shows_are_told(tmp_path):
    assert read_bars(kept(tmp_path, PLAIN), timeframe="1d")[1] == ()
    [note] = read_bars(kept(tmp_path, PLAIN), timeframe="5m")[1]
    assert "a day apart" in note and "bars of 5m" in note


def test_a_period_without_bars_is_named_as_it_was_asked(tmp_path):
    with pytest.raises(ValidationError, match="no bar from 2030-01-01 on; it has 2024-01-01 to 2024-01-03"):
        read_bars(kept(tmp_path, PLAIN), start=date(2030, 1, 1))
