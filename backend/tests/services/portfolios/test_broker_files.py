"""Broker files as rows and lines: layouts, numbers and dates as Indian brokers write them, and what is refused."""

from __future__ import annotations

import io
import zipfile
from collections import Counter
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from app.exceptions import PayloadTooLargeError, ValidationError
from app.services.portfolios.files.layouts import Line, Skipped, read_row, recognise
from app.services.portfolios.files.reading import MOST_BYTES, read
from app.services.portfolios.files.values import CellError, day, number, shares, side

ASOF = date(2025, 5, 30)
ZERODHA = (
    "symbol,isin,trade_date,exchange,segment,series,trade_type,auction,quantity,price,trade_id,order_id,"
    "order_execution_time"
)


def lines(data: bytes | str, **asked: Any) -> tuple[str, list[Line], Counter[str]]:
    """The layout of a file, its lines, and how many rows were skipped or wrong."""
    rows = read(data.encode() if isinstance(data, str) else data, "file")
    table = recognise(rows, asked.get("layout"), asked.get("mapping"))
    assert table is not None
    out, others = [], Counter[str]()
    for row in table.rows:
        try:
            out += read_row(table, row, ASOF)
        except Skipped:
            others["skipped"] += 1
        except CellError:
            others["wrong"] += 1
    return table.layout.id, out, others


def workbook(rows: list[list[Any]]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_a_zerodha_tradebook_is_read_with_its_mark_and_quotes() -> None:
    text = (
        "\ufeff" + ZERODHA + "\r\n"
        '"INFY","INE009A01021","2024-03-05","NSE","EQ","EQ","buy","false","10.000000","1,600.50","201","11","2024-03-05T09:15:01"\r\n'
        "INFY,INE009A01021,2024-03-06,NSE,EQ,EQ,sell,false,4,1610,202,12,2024-03-06T09:15:01\r\n"
        "NIFTY24MARFUT,,2024-03-06,NSE,FO,,buy,false,50,22000,203,13,2024-03-06T09:15:01\r\n"
    )
    layout, found, others = lines(text)
    assert (layout, others) == ("zerodha_tradebook", {"skipped": 1})
    assert [(one.kind, one.date, one.isin, one.quantity, one.price, one.trade_id) for one in found] == [
        ("BUY", date(2024, 3, 5), "INE009A01021", 10, Decimal("1600.50"), "201"),
        ("SELL", date(2024, 3, 6), "INE009A01021", 4, Decimal(1610), "202"),
    ]


def test_a_groww_workbook_is_read_under_its_preamble() -> None:
    head = ["Stock name", "Symbol", "ISIN", "Type", "Quantity", "Value", "Exchange", "Exchange Order Id",
            "Execution date and time", "Order status"]  # fmt: skip
    rows = [["Name", "A. Person"], ["Unique Client Code", "1234"], [], ["Stock order history"], [], head]
    rows += [
        ["Infosys", "INFY", "INE009A01021", "BUY", 3, 4801.5, "NSE", "1100000", "05-03-2024 09:15 AM", "Executed"],
        ["Infosys", "INFY", "INE009A01021", "SELL", 1, "1,610.25", "NSE", 1100001, datetime(2024, 3, 6), "Executed"],
        ["Infosys", "INFY", "INE009A01021", "SELL", 1, 1610, "NSE", "1100002", "06-03-2024 01:15 PM", "Cancelled"],
    ]
    layout, found, others = lines(workbook(rows))
    assert (layout, others) == ("groww_orders", {"skipped": 1})
    assert [(one.kind, one.date, one.quantity, one.price) for one in found] == [
        ("BUY", date(2024, 3, 5), 3, Decimal("1600.5")),  # 4801.50 / 3
        ("SELL", date(2024, 3, 6), 1, Decimal("1610.25")),
    ]


def test_a_groww_holdings_statement_has_isins_and_no_symbols() -> None:
    head = ["Stock Name", "ISIN", "Quantity", "Average buy price", "Buy value", "Closing price", "Closing value",
            "Unrealised P&L"]  # fmt: skip
    layout, found, _ = lines(
        workbook([["Name", "A"], [], head, ["Infosys", "INE009A01021", 12, 1500.5, 18006, 1, 1, 1]])
    )
    assert layout == "groww_holdings"
    assert (found[0].kind, found[0].date, found[0].isin, found[0].quantity) == ("OPENING", ASOF, "INE009A01021", 12)
    assert found[0].acquired is None


def test_a_file_of_ones_own_is_read_by_its_words_and_by_a_mapping() -> None:
    text = "Date;Ticker;Type;Qty;Rate;Brokerage\n05/03/2024;INFY.NS;B;1,20,000;1,600.50;20\n"
    layout, found, _ = lines(text)
    assert layout == "generic_trades"
    assert (found[0].date, found[0].quantity, found[0].charges) == (date(2024, 3, 5), 120_000, 20)
    odd = "Wann,Was,Wie,Menge,Preis\n05-Mar-2024,INFY,buy,5,10\n"
    assert recognise(read(odd.encode(), "f"), None, None) is None
    mapping = {"date": "Wann", "symbol": "Was", "side": "Wie", "quantity": "Menge", "price": "Preis"}
    assert lines(odd, layout="generic_trades", mapping=mapping)[1][0].quantity == 5


@pytest.mark.parametrize(
    ("cell", "value"),
    [("1,23,456.50", "123456.50"), ("₹ 1,234", "1234"), ("(12.5)", "-12.5"), ("-3", "-3"), ("−3", "-3"), (12.5, "12.5"),
     ("1.5e3", "1.5e3"), ("12,34,56,789", "123456789"), (".5", ".5")],
)  # fmt: skip
def test_numbers_are_read_as_they_are_written_in_india(cell: Any, value: str) -> None:
    assert number(cell) == Decimal(value)


@pytest.mark.parametrize(
    "cell", ["", "1,5", "12,3456", "1.2.3", "abc", "--", "nan", "inf", date(2024, 1, 1), float("nan")]
)
def test_what_is_no_number_is_refused(cell: Any) -> None:
    with pytest.raises(CellError):
        number(cell)


@pytest.mark.parametrize(
    "cell",
    ["05-03-2024", "5/3/2024", "05-Mar-2024 12:33:10", "2024-03-05T09:15:01", "05-03-24", "5 March 2024",
     "05-03-2024 09:15 AM", "05.03.2024", datetime(2024, 3, 5, 9, 15)],
)  # fmt: skip
def test_days_stand_before_months(cell: Any) -> None:
    assert day(cell) == date(2024, 3, 5)


@pytest.mark.parametrize("cell", ["03/25/2024", "2024-13-01", "31-02-2024", "yesterday", 45000, "", "05-03-0024"])
def test_what_is_no_date_is_refused(cell: Any) -> None:
    with pytest.raises(CellError):
        day(cell)


def test_shares_are_whole_and_a_side_is_one_of_two() -> None:
    assert shares("10.000") == 10 and side("b") == "BUY" and side(-1) == "SELL"
    for wrong in ("1.5", "-1"):
        with pytest.raises(CellError):
            shares(wrong)
    with pytest.raises(CellError, match="neither"):
        side("hold")


def test_what_cannot_be_read_is_refused_and_says_why() -> None:
    cases: list[tuple[bytes, type[Exception], str]] = [
        (b"", ValidationError, "empty"),
        (b"Date,Symbol\n05-03-2024,Caf\xe9\n", ValidationError, "line 2: byte 26 is no UTF-8"),
        (b"Date,\0Symbol\n", ValidationError, "NUL"),
        (b"PK\x03\x04 not a zip", ValidationError, "no workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", ValidationError, "old or a locked workbook"),
        (b'Date,Symbol\n"05-03-2024"x,INFY\n', ValidationError, "line 2"),
        (b"x" * (MOST_BYTES + 1), PayloadTooLargeError, "at most"),
    ]
    for data, kind, words in cases:
        with pytest.raises(kind, match=words):
            read(data, "file.csv")


def test_a_workbook_that_unpacks_to_far_more_than_it_is_or_defines_entities_is_refused() -> None:
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("xl/worksheets/sheet1.xml", b"0" * (201 * 1024 * 1024))
    assert len(bomb.getvalue()) < 1024 * 1024
    with pytest.raises(PayloadTooLargeError, match="unpacks to more"):
        read(bomb.getvalue(), "bomb.xlsx")
    entities = io.BytesIO()
    with zipfile.ZipFile(entities, "w") as package:
        package.writestr("xl/workbook.xml", '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>')
    with pytest.raises(ValidationError, match="defines entities"):
        read(entities.getvalue(), "entities.xlsx")


def test_utf_16_as_excel_writes_it_is_read() -> None:
    assert (
        lines("Date\tSymbol\tType\tQty\tPrice\n05-03-2024\tINFY\tbuy\t5\t10\n".encode("utf-16"))[1][0].symbol == "INFY"
    )


@pytest.mark.parametrize(
    ("path", "layout", "made", "skipped"),
    [
        # 178 fills; 396 orders, of which those of status 2 filled; 31 round trips; 28 holdings, 9 of them of no shares
        ("fyers/tradebook_2024-01.csv", "fyers_tradebook", 178, 0),
        ("fyers/orderbook_2024-02_redacted.csv", "fyers_orderbook", None, None),
        ("fyers/round_trips_2024-02.csv", "fyers_round_trips", 62, 0),
        ("zerodha/kite_holdings_2022-11.csv", "zerodha_holdings", 2, 0),
        ("zerodha/kite_holdings_2025-05.csv", "zerodha_holdings", 19, 9),
        ("normalised/trades2023EquityKite.csv", "generic_trades", None, None),
        ("normalised/trades2022To2025EquityGroww.csv", "generic_trades", 111, 0),
    ],
)
def test_real_exports_are_read_whole(
    evidence: Path, path: str, layout: str, made: int | None, skipped: int | None
) -> None:
    data = (evidence / "data" / "broker_exports" / path).read_bytes()
    found, out, others = lines(data)
    assert found == layout and not others["wrong"]
    if made is not None:
        assert (len(out), others["skipped"]) == (made, skipped)
    if layout == "fyers_orderbook":
        text = data.decode().splitlines()
        filled = sum(1 for line in text[1:] if line.split(",")[7] == "2")
        assert len(out) == filled and others["skipped"] == 396 - filled
