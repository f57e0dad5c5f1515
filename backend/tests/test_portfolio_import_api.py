"""Broker files over HTTP: shown first, entered once and whole, refused cleanly."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.services.sample_market import SampleSummary
from tests.services.portfolios.test_broker_files import ZERODHA, workbook
from tests.test_portfolio_api import URL, client, created, market_client, refusal

__all__ = ["client", "market_client"]

pytestmark = pytest.mark.integration


def trade(symbol: str, on: object, kind: str, quantity: object, price: object, number: int) -> str:
    return f'"{symbol}",,{on},NSE,EQ,EQ,{kind},false,{quantity},"{price}",{number},1,{on}T09:15:01'


def tradebook(*trades: str) -> bytes:
    return ("\ufeff" + "\r\n".join((ZERODHA, *trades)) + "\r\n").encode()


def preview(client: TestClient, path: str, data: bytes, name: str = "tradebook.csv", **fields: Any) -> Any:
    return client.post(f"{path}/import/preview", files={"file": (name, data)}, data=fields)


def confirm(client: TestClient, path: str, data: bytes, digest: str, name: str = "tradebook.csv", **fields: Any) -> Any:
    return client.post(f"{path}/import", files={"file": (name, data)}, data={"digest": digest, **fields})


FILE = tradebook(
    trade("LUMBRA", "2024-02-05", "buy", "1,200.000", "1,01,050.50", 1).replace("1,01,050.50", "105.50"),
    trade("LUMBRA", "2024-02-05", "buy", 100, "106", 2),
    trade("ARUVI", "2024-02-06", "buy", 10, 900, 3),
    trade("LUMBRA", "2024-03-05", "sell", 300, 120, 4),
).replace(b"1,200.000", b'"1,200.000"')


def test_a_tradebook_is_shown_entered_once_and_adds_nothing_again(client: TestClient) -> None:
    path = f"{URL}/{created(client)['id']}"
    shown = preview(client, path, FILE)
    assert shown.status_code == 200, shown.text
    told = shown.json()
    assert (told["layout"], told["counts"]["new"], told["counts"]["errors"]) == ("zerodha_tradebook", 4, 0)
    assert told["columns"]["date"] == "trade_date" and told["ledger_error"] is None
    assert told["rows"][0]["transactions"][0] == {
        "kind": "BUY", "date": "2024-02-05", "symbol": "LUMBRA", "quantity": 1200, "price": "105.50", "charges": "0.00",
    }  # fmt: skip
    assert client.get(f"{path}/transactions").json()["data"] == []
    done = confirm(client, path, FILE, told["digest"], version=told["version"])
    assert done.status_code == 200, done.text
    assert done.json()["added"] == 4 and done.json()["version"] == told["version"] + 1
    now = client.get(path).json()
    assert {one["symbol"]: one["quantity"] for one in now["positions"]} == {"LUMBRA": 1000, "ARUVI": 10}
    # all the same day's purchases are one lot: 1200 × 105.50 + 100 × 106 = 137200 for 1300; 300 × (120 − 105.5385…)
    assert now["realised_pnl"] == "4338.46"
    again = preview(client, path, FILE).json()
    assert again["counts"]["duplicates"] == 4 and again["counts"]["new"] == 0
    assert confirm(client, path, FILE, again["digest"]).json()["added"] == 0
    # a longer file of the same account adds what is new
    longer = FILE + (trade("ARUVI", "2024-03-06", "sell", 4, 950, 5) + "\r\n").encode()
    told = preview(client, path, longer).json()
    assert (told["counts"]["new"], told["counts"]["duplicates"]) == (1, 4)
    assert confirm(client, path, longer, told["digest"]).json()["added"] == 1
    refusal(confirm(client, path, longer, told["digest"]), 409, "CONFLICT")


def test_a_row_that_looks_known_comes_in_where_a_person_says_it_is_another(client: TestClient) -> None:
    path = f"{URL}/{created(client)['id']}"
    confirm(client, path, FILE, preview(client, path, FILE).json()["digest"])
    asked = {"not_known": "4"}  # ARUVI
    told = preview(client, path, FILE, **asked).json()
    assert (told["counts"]["new"], told["counts"]["duplicates"]) == (1, 3)
    row = next(one for one in told["rows"] if one["line"] == 4)
    assert row["status"] == "NEW" and "you say" in row["message"]
    assert confirm(client, path, FILE, told["digest"], **asked).json()["added"] == 1
    assert {one["symbol"]: one["quantity"] for one in client.get(path).json()["positions"]}["ARUVI"] == 20
    # to import it again adds nothing, unless it is said again
    again = preview(client, path, FILE).json()
    assert again["counts"]["duplicates"] == 4
    refusal(confirm(client, path, FILE, again["digest"], **asked), 409, "CONFLICT")
    once_more = preview(client, path, FILE, **asked).json()
    assert confirm(client, path, FILE, once_more["digest"], **asked).json()["added"] == 1
    refusal(preview(client, path, FILE, not_known="four"), 422, "VALIDATION_ERROR")


def test_what_is_entered_by_hand_already_comes_in_where_a_person_says_it_is_another(client: TestClient) -> None:
    path = f"{URL}/{created(client)['id']}"
    line = {"kind": "BUY", "date": "2024-02-06", "symbol": "ARUVI", "quantity": 10, "price": 900}
    client.post(f"{path}/transactions", json={"transactions": [line]})
    told = preview(client, path, FILE).json()
    assert [one["status"] for one in told["rows"]] == ["NEW", "NEW", "DUPLICATE", "NEW"]
    told = preview(client, path, FILE, not_known="4").json()
    assert [one["status"] for one in told["rows"]] == ["NEW"] * 4


def test_decimals_that_a_ledger_does_not_keep_are_told_and_a_number_beyond_all_is_an_error(client: TestClient) -> None:
    path = f"{URL}/{created(client)['id']}"
    head = b"Date,Symbol,Type,Qty,Price,Charges\n"
    rows = b"05-02-2024,LUMBRA,buy,3,105.123456789,1.23456\n05-02-2024,ARUVI,buy,1,108.099998,1\n"
    told = preview(client, path, head + rows, "own.csv").json()
    first, second = told["rows"]
    assert first["message"] == "price 105.123456789 is kept as 105.12345679; charges 1.23456 is kept as 1.2346"
    assert (first["transactions"][0]["price"], first["transactions"][0]["charges"]) == ("105.12345679", "1.2346")
    assert (second["message"], second["transactions"][0]["price"]) == (None, "108.099998")
    told = preview(client, path, head + b"05-02-2024,LUMBRA,buy,3,1e30,1\n", "own.csv").json()
    assert told["rows"][0]["status"] == "ERROR" and told["rows"][0]["message"].startswith("price: 1E+30 is more than")


def test_a_row_with_an_error_keeps_the_whole_file_out_until_it_is_left_out(client: TestClient) -> None:
    path = f"{URL}/{created(client)['id']}"
    data = tradebook(
        trade("LUMBRA", "2024-02-05", "buy", 10, 100, 1),
        trade("LUMBRO", "2024-02-05", "buy", 10, 100, 2),
        trade("ARUVI", "2024-25-05", "buy", 10, 100, 3),
        trade("ARUVI", "2024-02-05", "hold", 10, 100, 4),
        trade("ARUVI", "2024-02-05", "buy", -10, 100, 5),
        trade("ARUVI", "2199-02-05", "buy", 10, 100, 6),
    )
    told = preview(client, path, data).json()
    wrong = {row["line"]: row["message"] for row in told["rows"] if row["status"] == "ERROR"}
    assert list(wrong) == [3, 4, 5, 6, 7] and told["counts"]["errors"] == 5
    assert "did you mean LUMBRA" in wrong[3] and "no date" in wrong[4] and "neither" in wrong[5]
    assert "below zero" in wrong[6] and "future" in wrong[7]
    error = refusal(confirm(client, path, data, told["digest"]), 422, "VALIDATION_ERROR")
    assert error["details"]["lines"] == [3, 4, 5, 6, 7] and "line 3" in error["message"]
    assert client.get(path).json()["positions"] == []
    without = {"leave_out": "3,4,5,6,7"}
    told = preview(client, path, data, **without).json()
    assert (told["counts"]["new"], told["counts"]["errors"], told["counts"]["skipped"]) == (1, 0, 5)
    assert confirm(client, path, data, told["digest"], **without).json()["added"] == 1


def test_a_sale_of_what_was_never_bought_is_told_with_its_line_and_changes_nothing(client: TestClient) -> None:
    path = f"{URL}/{created(client)['id']}"
    data = tradebook(
        trade("LUMBRA", "2024-02-05", "buy", 10, 100, 1), trade("LUMBRA", "2024-02-06", "sell", 11, 100, 2)
    )
    told = preview(client, path, data).json()
    assert (
        told["ledger_error"]["line"] == 3 and "11 shares sold on 2024-02-06, 10 held" in told["ledger_error"]["message"]
    )
    error = refusal(confirm(client, path, data, told["digest"]), 422, "VALIDATION_ERROR")
    assert "line 3" in error["message"] and error["details"]["held"] == 10
    assert client.get(f"{path}/transactions").json()["data"] == []


def test_a_split_between_purchase_and_sale_comes_in_with_them(client: TestClient, sample_data: SampleSummary) -> None:
    symbol, ex_date = sample_data.split
    path = f"{URL}/{created(client)['id']}"
    data = tradebook(
        trade(symbol, ex_date - timedelta(days=30), "buy", 10, 1000, 1),
        trade(symbol, ex_date + timedelta(days=7), "sell", 40, 220, 2),
    )
    without = preview(client, path, data, actions=False).json()
    assert "40 shares sold" in without["ledger_error"]["message"]
    told = preview(client, path, data).json()
    assert told["ledger_error"] is None
    assert [(one["kind"], one["ex_date"], one["ratio"]) for one in told["actions"]] == [("SPLIT", str(ex_date), "5:1")]
    assert confirm(client, path, data, told["digest"]).json()["added"] == 3
    now = client.get(path).json()
    assert now["positions"][0]["quantity"] == 10 and now["realised_pnl"] == "800.00"  # 40 × (220 − 1000 / 5)
    told = preview(client, path, data).json()
    assert told["counts"]["duplicates"] == 2 and told["actions"] == []


def test_old_symbols_and_isins_are_known_as_of_the_trade(client: TestClient, sample_data: SampleSummary) -> None:
    old, new, changed_on = sample_data.renamed
    isin = client.get("/api/market/search", params={"query": "ARUVI"}).json()[0]["isin"]
    path = f"{URL}/{created(client)['id']}"
    rows = [
        ["Date", "Symbol", "ISIN", "Type", "Qty", "Price"],
        [str(changed_on - timedelta(days=20)), old, "", "buy", 5, 10],
        [str(changed_on + timedelta(days=20)), new, "", "sell", 2, 12],
        ["2024-03-05", "Aruvi Foods", isin, "buy", 7, 10],
    ]
    data = workbook(rows)
    told = preview(client, path, data, "trades.xlsx").json()
    assert told["layout"] == "generic_trades" and told["counts"]["errors"] == 0, told["rows"]
    assert confirm(client, path, data, told["digest"], "trades.xlsx").json()["added"] == 3
    held = {one["symbol"]: one["quantity"] for one in client.get(path).json()["positions"]}
    assert held == {new: 3, "ARUVI": 7}


def test_holdings_open_lots_of_an_unknown_day_once(client: TestClient) -> None:
    path = f"{URL}/{created(client)['id']}"
    text = '"Instrument","Qty.","Avg. cost","LTP","Invested","Cur. val","P&L","Net chg.","Day chg.",""\n'
    text += '"LUMBRA","20","137.31","1","1","1","1","1","1",""\n"ARUVI","0","1","1","1","1","1","1","1",""\n'
    told = preview(client, path, text.encode(), "holdings.csv", asof="30-05-2025", account="Z").json()
    assert (told["layout"], told["holdings"], told["counts"]["new"]) == ("zerodha_holdings", True, 1)
    asked = {"asof": "30-05-2025", "account": "Z"}
    assert confirm(client, path, text.encode(), told["digest"], "holdings.csv", **asked).json()["added"] == 1
    line = client.get(f"{path}/transactions").json()["data"][0]
    assert (line["kind"], line["date"], line["acquired"], line["account"]) == ("OPENING", "2025-05-30", None, "Z")
    later = preview(client, path, text.encode(), "holdings.csv", asof="30-06-2025", account="Z").json()
    assert later["counts"]["duplicates"] == 1


def test_equal_trades_without_a_number_all_count_and_still_come_in_once(client: TestClient) -> None:
    path = f"{URL}/{created(client)['id']}"
    data = b"Date,Symbol,Type,Qty,Price\n" + b"05-02-2024,LUMBRA,buy,5,10\n" * 3
    told = preview(client, path, data).json()
    assert told["counts"]["new"] == 3
    confirm(client, path, data, told["digest"])
    assert client.get(path).json()["positions"][0]["quantity"] == 15
    assert preview(client, path, data).json()["counts"]["duplicates"] == 3


def test_a_header_nobody_knows_is_answered_with_what_there_is_to_choose_from(client: TestClient) -> None:
    path = f"{URL}/{created(client)['id']}"
    data = b"Wann,Was,Wie,Menge,Preis\n05-02-2024,LUMBRA,buy,5,10\n"
    error = refusal(preview(client, path, data), 422, "VALIDATION_ERROR")
    assert error["details"]["headers"] == ["Wann", "Was", "Wie", "Menge", "Preis"]
    assert "generic_trades" in {one["id"] for one in error["details"]["layouts"]}
    mapping = '{"date": "Wann", "symbol": "Was", "side": "Wie", "quantity": "Menge", "price": "Preis"}'
    told = preview(client, path, data, layout="generic_trades", mapping=mapping).json()
    assert told["counts"]["new"] == 1
    for fields in ({"layout": "nobody"}, {"mapping": "{"}, {"mapping": "[1]"}, {"asof": "someday"}, {"leave_out": "x"}):
        refusal(preview(client, path, data, **fields), 422, "VALIDATION_ERROR")


def test_files_that_are_too_large_or_no_text_are_refused_and_change_nothing(client: TestClient) -> None:
    path = f"{URL}/{created(client)['id']}"
    refusal(preview(client, path, b"x," * (25 * 1024 * 1024)), 413, "PAYLOAD_TOO_LARGE")
    refusal(preview(client, path, "Date,Symbol\n05-02-2024,Café\n".encode("latin-1")), 422, "VALIDATION_ERROR")
    refusal(preview(client, path, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), 422, "VALIDATION_ERROR")
    refusal(preview(client, path, b""), 422, "VALIDATION_ERROR")
    refusal(client.post(f"{path}/import/preview", json={}), 422, "VALIDATION_ERROR")
    refusal(preview(client, f"{URL}/999999", FILE), 404, "DATA_NOT_FOUND")
    elsewhere = client.post(URL, files={"file": ("x", b"x")})
    refusal(elsewhere, 415, "UNSUPPORTED_MEDIA_TYPE")
    assert client.get(path).json()["version"] == 1


def test_a_file_that_six_people_confirm_at_once_comes_in_once(client: TestClient) -> None:
    path = f"{URL}/{created(client)['id']}"
    told = preview(client, path, FILE).json()
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: confirm(client, path, FILE, told["digest"]), range(6)))
    assert sorted(one.status_code for one in answers) == [200] + [409] * 5
    assert {one["symbol"]: one["quantity"] for one in client.get(path).json()["positions"]} == {
        "LUMBRA": 1000,
        "ARUVI": 10,
    }


def test_of_eight_changes_of_one_version_one_is_entered_and_seven_are_told(client: TestClient) -> None:
    portfolio = created(client)
    path = f"{URL}/{portfolio['id']}"

    def bought(shares: int) -> Any:
        line = {"kind": "BUY", "date": "2024-02-05", "symbol": "LUMBRA", "quantity": shares, "price": "10"}
        body = {"transactions": [line], "version": portfolio["version"]}
        return client.post(f"{path}/transactions", json=body)

    with ThreadPoolExecutor(8) as pool:
        answers = dict(zip(range(1, 9), pool.map(bought, range(1, 9)), strict=True))
    entered = [shares for shares, one in answers.items() if one.status_code == 201]
    assert len(entered) == 1
    assert all(one.status_code == 409 for shares, one in answers.items() if shares not in entered)
    assert [one["quantity"] for one in client.get(path).json()["positions"]] == entered
