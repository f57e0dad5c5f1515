"""Price files: what is read from each layout, and that a bad file is refused with line, field and rule."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.services.importing import price_files
from app.services.importing.files import Member, Source, open_source
from app.services.importing.findings import FileRefusedError, FileSkippedError, Rule, Severity
from app.services.importing.kinds import Kind, recognise
from app.services.importing.parquet_size import check_size
from app.services.importing.price_files import date_in_name, read_price_file

from .samples import delivery, legacy, legacy_name, quote

DAY = date(2024, 7, 1)


def test_a_legacy_line_gives_every_field_in_rupees_and_shares() -> None:
    data = (
        b"SYMBOL,SERIES,OPEN,HIGH,LOW,CLOSE,LAST,PREVCLOSE,TOTTRDQTY,TOTTRDVAL,TIMESTAMP,TOTALTRADES,ISIN,\n"
        b"INFY,EQ,1500.5,1520,1490,1510,1511,1499,2000,3020000.5,01-JUL-2024,321,INE009A01021,\n"
    )
    row = read_price_file(Kind.PRICES_LEGACY, "cm01JUL2024bhav.csv", data).frame.row(0, named=True)
    assert row == {
        "line": 2, "date": DAY, "symbol": "INFY", "series": "EQ", "open": 1500.5, "high": 1520.0, "low": 1490.0,
        "close": 1510.0, "last": 1511.0, "prev_close": 1499.0, "volume": 2000, "turnover": 3020000.5, "trades": 321,
        "delivery": None, "isin": "INE009A01021", "source_rank": 40,
    }  # fmt: skip


def test_a_legacy_file_of_2010_has_no_trades_and_no_isin() -> None:
    data = (
        b"SYMBOL,SERIES,OPEN,HIGH,LOW,CLOSE,LAST,PREVCLOSE,TOTTRDQTY,TOTTRDVAL,TIMESTAMP,\n"
        b"INFY,EQ,1,2,1,2,2,1,5,10,10-JUN-2010,\n"
    )
    row = read_price_file(Kind.PRICES_LEGACY, "cm10JUN2010bhav.csv", data).frame.row(0, named=True)
    assert (row["trades"], row["isin"], row["turnover"]) == (None, None, 10.0)


def test_turnover_of_the_delivery_file_is_in_lakh_and_a_dash_is_no_value() -> None:
    data = delivery(DAY, [quote("INFY", 100.0, volume=5000)]).replace(b"2500, 50.00", b"-, -")
    row = read_price_file(Kind.PRICES_DELIVERY, "sec_bhavdata_full_01072024.csv", data).frame.row(0, named=True)
    assert (row["turnover"], row["delivery"], row["trades"], row["source_rank"]) == (500_000.0, None, 500, 30)


def test_a_header_without_blanks_is_a_file_saved_again_and_ranks_lower() -> None:
    data = delivery(DAY, [quote("INFY", 100.0)])
    header, rows = data.split(b"\n", 1)
    parsed = read_price_file(Kind.PRICES_DELIVERY, "x.csv", header.replace(b" ", b"") + b"\n" + rows)
    assert [finding.rule for finding in parsed.findings] == [Rule.REWRITTEN]
    assert parsed.frame["source_rank"].to_list() == [25]


def _with_high(value: str) -> Callable[[bytes], bytes]:
    """Puts another high into the second row (previous close, open, high, low are 200.00)."""
    return lambda d: d.replace(b"200.00, 200.00, 200.00, 200.00", f"200.00, 200.00, {value}, 200.00".encode())


@pytest.mark.parametrize(
    ("broken", "rule", "line", "words"),
    [
        (lambda d: d[:-20], Rule.FILE_CUT_SHORT, 4, "stops inside this line"),
        (lambda d: d[:-8], Rule.FILE_CUT_SHORT, 4, "14 of 15 columns, no line end"),
        (lambda d: d.replace(b"TCS, EQ, 01", b"TCS, 01"), Rule.BROKEN_LINE, 3, "14 columns, expected 15"),
        (lambda d: d.replace(b"TCS, EQ, 01-Jul", b"TCS, EQ, 02-Jul"), Rule.MIXED_DATES, 3, "2024-07-02"),
        (lambda d: d.replace(b"Jul", b"Jux"), Rule.BAD_VALUE, 2, "DATE1"),
        (_with_high("abc"), Rule.BAD_VALUE, 3, "HIGH_PRICE is 'abc'"),
        (_with_high("-5"), Rule.IMPOSSIBLE_ROW, 3, "HIGH_PRICE"),
        (_with_high("190.00"), Rule.IMPOSSIBLE_ROW, 3, "high is below the low"),
        (lambda d: d.replace(b"TCS, EQ", b"INFY, EQ"), Rule.DUPLICATE_ROW, 3, "twice"),
        (lambda d: d.replace(b"TCS, EQ", b", EQ"), Rule.BAD_VALUE, 3, "SYMBOL"),
        (lambda d: d.replace(b" CLOSE_PRICE", b" CLOSING"), Rule.WRONG_COLUMNS, 1, "CLOSE_PRICE"),
        (lambda d: d.replace(b"TCS", b"T\x00S"), Rule.BAD_ENCODING, 3, "zero byte"),
        (lambda d: d.replace(b"1000, 2.00", b"1000.5, 2.00"), Rule.BAD_VALUE, 3, "whole number"),
        (lambda d: d.replace(b"TCS,", b"T" * 200_000 + b","), Rule.BROKEN_LINE, 3, "characters"),
    ],
)  # fmt: skip
def test_a_bad_file_is_refused_with_its_line_and_rule(broken, rule, line, words) -> None:  # type: ignore[no-untyped-def]
    good = delivery(DAY, [quote("INFY", 100.0), quote("TCS", 200.0), quote("WIPRO", 300.0)])
    read_price_file(Kind.PRICES_DELIVERY, "sec_bhavdata_full_01072024.csv", good)
    with pytest.raises(FileRefusedError) as refused:
        read_price_file(Kind.PRICES_DELIVERY, "sec_bhavdata_full_01072024.csv", broken(good))
    finding = refused.value.finding
    assert (finding.rule, finding.line) == (rule, line)
    assert words in finding.message


def _with_last(cell: str) -> bytes:
    """A legacy file whose second row has the cell as its last price, a column that may be empty."""
    good = legacy(DAY, [quote("INFY", 1.0), quote("TCS", 2.0), quote("WIPRO", 3.0)])
    return good.replace(b"TCS,EQ,2.0,2.0,2.0,2.0,2.0", f"TCS,EQ,2.0,2.0,2.0,2.0,{cell}".encode())


@settings(deadline=None)  # the first file of a process takes longer
@given(st.text(alphabet="0123456789.-+eE_naif \u0663", max_size=7))
def test_a_cell_is_the_number_it_spells_or_refuses_the_file(cell: str) -> None:
    spelled = cell.strip()
    try:
        value = float(spelled) if spelled.isascii() and "_" not in spelled else math.nan
    except ValueError:
        value = math.nan
    try:
        rows = read_price_file(Kind.PRICES_LEGACY, legacy_name(DAY), _with_last(cell)).frame
    except FileRefusedError as refused:
        assert not re.fullmatch(r"[0-9]+(\.[0-9]+)?|-?", spelled)  # what the exchange writes is never refused
        assert (refused.finding.line, refused.finding.subject) == (3, "LAST")
        assert refused.finding.rule is (Rule.IMPOSSIBLE_ROW if value < 0 and math.isfinite(value) else Rule.BAD_VALUE)
    else:
        expected = None if spelled in {"", "-"} or value == 0 else value
        assert rows["last"].to_list() == [1.0, expected, 3.0]


def test_a_quoted_cell_is_read_without_its_quotes_and_may_hold_a_comma() -> None:
    plain = legacy(DAY, [quote("INFY", 1.0), quote("TCS", 2.0)], {"TCS": "INE467B01029"})
    quoted = plain.replace(b"INFY,EQ,1.0", b'"INFY","EQ","1.0"').replace(b"INE467B01029", b'"INE467B01029"')
    one, two = (read_price_file(Kind.PRICES_LEGACY, legacy_name(DAY), data).frame for data in (plain, quoted))
    assert one.equals(two)
    comma = plain.replace(b"INFY,EQ", b'"IN,FY",EQ')
    assert read_price_file(Kind.PRICES_LEGACY, legacy_name(DAY), comma).frame["symbol"].to_list() == ["IN,FY", "TCS"]


def test_a_quote_that_does_not_end_refuses_the_file() -> None:
    data = legacy(DAY, [quote("INFY", 1.0), quote("TCS", 2.0), quote("WIPRO", 3.0)]).replace(b"TCS,EQ", b'"TCS,EQ')
    with pytest.raises(FileRefusedError, match="line 3: ") as refused:
        read_price_file(Kind.PRICES_LEGACY, legacy_name(DAY), data)
    assert refused.value.finding.rule is Rule.BROKEN_LINE


def test_a_file_read_in_parts_is_the_file_and_its_bad_line_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    data = delivery(DAY, [quote(f"S{n}", 10.0 + n) for n in range(7)])
    whole = read_price_file(Kind.PRICES_DELIVERY, "sec_bhavdata_full_01072024.csv", data).frame
    monkeypatch.setattr(price_files, "_PART_ROWS", 3)
    assert read_price_file(Kind.PRICES_DELIVERY, "sec_bhavdata_full_01072024.csv", data).frame.equals(whole)
    assert whole["line"].to_list() == [2, 3, 4, 5, 6, 7, 8]
    assert whole["date"].dtype == pl.Date
    for broken, words in ((b"14.x", "OPEN_PRICE is '14.x'"), (b"-14", "OPEN_PRICE is '-14'")):
        bad = data.replace(b"01-Jul-2024, 14.00, 14.00", b"01-Jul-2024, 14.00, " + broken)
        with pytest.raises(FileRefusedError, match=f"line 6: field {words}"):
            read_price_file(Kind.PRICES_DELIVERY, "sec_bhavdata_full_01072024.csv", bad)
    with pytest.raises(FileRefusedError, match="line 8: dated 2024-07-02, line 2 is dated 2024-07-01"):
        late = data.replace(b"S6, EQ, 01", b"S6, EQ, 02")
        read_price_file(Kind.PRICES_DELIVERY, "sec_bhavdata_full_01072024.csv", late)


def test_a_name_that_contradicts_its_rows_refuses_the_file() -> None:
    with pytest.raises(FileRefusedError, match="name says 2024-08-15, every row is dated 2024-07-01") as refused:
        read_price_file(Kind.PRICES_LEGACY, legacy_name(date(2024, 8, 15)), legacy(DAY, [quote("INFY", 1.0)]))
    assert refused.value.finding.rule is Rule.DATE_MISMATCH


def test_double_line_ends_are_line_ends() -> None:
    data = legacy(DAY, [quote("INFY", 1.0), quote("TCS", 2.0)]).replace(b"\n", b"\r\r\n")
    assert read_price_file(Kind.PRICES_LEGACY, legacy_name(DAY), data).frame["line"].to_list() == [2, 3]


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("cm10JUL2017bhav.csv", date(2017, 7, 10)),
        ("sec_bhavdata_full_04052022.csv", date(2022, 5, 4)),
        ("BhavCopy_NSE_CM_0_0_0_20250618_F_0000.csv", date(2025, 6, 18)),
        ("2025-02-01_EQ_only.csv", date(2025, 2, 1)),
        ("today.csv", None),
        ("sec_bhavdata_full_99992022.csv", None),
    ],
)
def test_the_date_is_read_from_every_style_of_name(name: str, day: date | None) -> None:
    assert date_in_name(name) == day


def test_a_web_page_and_an_empty_file_are_refused_and_an_unknown_format_is_skipped() -> None:
    with pytest.raises(FileRefusedError) as page:
        recognise("cm01JUL2024bhav.csv", b"<!DOCTYPE html><html><body>Access denied</body></html>")
    assert page.value.finding.rule is Rule.HTML_INSTEAD_OF_DATA
    with pytest.raises(FileRefusedError) as empty:
        recognise("cm01JUL2024bhav.csv", b" \n")
    assert empty.value.finding.rule is Rule.EMPTY_FILE
    with pytest.raises(FileSkippedError):
        recognise("notes.csv", b"a,b\n1,2\n")


def members_of(path: Path) -> list[Member]:
    found = list(open_source(Source(path, True, path.stat().st_size)))
    assert all(isinstance(one, Member) for one in found), found
    return [one for one in found if isinstance(one, Member)]


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        ("stale_holiday/sec_bhavdata_full_15082024.csv.gz", Rule.DATE_MISMATCH),
        ("truncated/sec_bhavdata_full_04052022.csv", Rule.FILE_CUT_SHORT),
    ],
)
def test_real_defective_files_are_refused(evidence: Path, path: str, rule: Rule) -> None:
    (member,) = members_of(evidence / "data/bhavcopy/quirks" / path)
    with pytest.raises(FileRefusedError) as refused:
        read_price_file(recognise(member.name, member.data), member.name, member.data)
    assert refused.value.finding.rule is rule


def test_the_real_rewritten_file_is_read_with_a_note(evidence: Path) -> None:
    (member,) = members_of(evidence / "data/bhavcopy/quirks/rewritten/2025-02-01_EQ_only.csv.gz")
    parsed = read_price_file(recognise(member.name, member.data), member.name, member.data)
    assert parsed.frame.height == 2007
    assert Rule.REWRITTEN in [finding.rule for finding in parsed.findings]


def test_real_udiff_and_delivery_files_agree_on_close_and_volume(evidence: Path) -> None:
    data = evidence / "data/bhavcopy"
    (udiff,) = members_of(data / "udiff_cm/BhavCopy_NSE_CM_0_0_0_20250630_F_0000.csv.zip")
    june = members_of(data / "sec_bhavdata_full/2025/sec_bhavdata_full_2025-06.tar.xz")
    (full,) = [member for member in june if member.name == "sec_bhavdata_full_30062025.csv"]
    one = read_price_file(recognise(udiff.name, udiff.data), udiff.name, udiff.data).frame
    two = read_price_file(recognise(full.name, full.data), full.name, full.data).frame
    both = one.join(two, on=["symbol", "series"], suffix="_two")
    assert both.height > 2500
    for column in ("open", "close", "volume", "date"):
        assert (both[column] == both[f"{column}_two"]).all(), column


def test_a_close_a_thousand_times_its_own_previous_close_is_named() -> None:
    rows = [quote("AAA", 10.0), quote("SLIP", 125000.0, previous=125.0), quote("SPLIT", 1.01, previous=100.0)]
    parsed = read_price_file(Kind.PRICES_LEGACY, legacy_name(DAY), legacy(DAY, rows))
    (found,) = parsed.findings
    assert (found.rule, found.severity, found.line, found.subject) == (
        Rule.PRICE_FAR_FROM_PREVIOUS,
        Severity.WARNING,
        3,
        "SLIP",
    )
    assert "closes at 125000, its own previous close is 125; 1 such rows" in found.message
    fallen = legacy(DAY, [quote("AAA", 10.0), quote("SLIP", 0.125, previous=125.0)])
    assert read_price_file(Kind.PRICES_LEGACY, legacy_name(DAY), fallen).findings[0].subject == "SLIP"


@pytest.mark.parametrize("columns", [["date", "symbol"], ["open"]])
def test_a_parquet_file_that_unpacks_to_too_much_is_refused_by_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, columns: list[str]
) -> None:
    # long texts, all different but for their beginning, and a million times one number: both pack well
    long = [f"{n:06}{'A' * 2000}" for n in range(1000)] if "symbol" in columns else ["AAA"] * 200_000
    frame = pl.DataFrame({"date": [DAY] * len(long), "symbol": long, "open": [1.0] * len(long)})
    frame.write_parquet(tmp_path / "p.parquet")
    data = (tmp_path / "p.parquet").read_bytes()
    assert len(data) < 200_000
    monkeypatch.setattr("app.services.importing.parquet_size.MAX_UNPACKED_BYTES", 1_000_000)
    with pytest.raises(FileRefusedError, match=r"unpack to .* bytes from .*, expected at most 1,000,000") as refused:
        read_price_file(Kind.PRICES_DAILY_PARQUET, "p.parquet", data)
    assert refused.value.finding.rule is Rule.ARCHIVE_LIMIT


def test_the_real_parquet_files_lie_far_below_the_limit(evidence: Path) -> None:
    for path in sorted((evidence / "data/daily").glob("*.parquet")):
        check_size(path.name, path.read_bytes())
