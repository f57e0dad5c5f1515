"""Files of different kinds that tell of the same trades: each comes in once, whichever file is first."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.test_portfolio_api import URL, client, created, market_client, refusal
from tests.test_portfolio_import_api import confirm, preview, trade, tradebook

__all__ = ["client", "market_client"]

pytestmark = pytest.mark.integration

ORDERS = "id,status,segment,symbol,orderDateTime,side,tradedPrice,filledQty\n"
FILLS = "id,qty,symbol,orderDateTime,side,tradedPrice,orderNumStatus,slNo\n"
# an order of 100 that was filled 60 at 120.10 and 40 at 120.35: (7206 + 4814) / 100 = 120.20 a share
ORDER_BOOK = (
    ORDERS + "24020600000001,2,10,NSE:LUMBRA-EQ,06-Feb-2024 10:00:00,1,120.20,100\n"
    "24020600000002,2,10,NSE:ARUVI-EQ,06-Feb-2024 10:05:00,1,905.5,10\n"
    "24020600000003,2,10,NSE:ARUVI-EQ,06-Feb-2024 14:00:00,-1,911,10\n"
)
TRADE_BOOK = (
    FILLS + "2.40206E+13,60,NSE:LUMBRA-EQ,06-02-2024 10:00,1,120.1,24020600000001:2,1\n"
    "2.40206E+13,40,NSE:LUMBRA-EQ,06-02-2024 10:00,1,120.35,24020600000001:2,2\n"
    "2.40206E+13,10,NSE:ARUVI-EQ,06-02-2024 10:05,1,905.5,24020600000002:2,3\n"
    "2.40206E+13,10,NSE:ARUVI-EQ,06-02-2024 14:00,-1,911,24020600000003:2,4\n"
)
HOLDINGS = "Instrument,Qty.,Avg. cost,LTP,Cur. val,P&L,Net chg.,Day chg.\n"


def entered(client: TestClient, path: str, data: str | bytes, **fields: Any) -> dict[str, Any]:
    """Preview and confirm; the preview."""
    content = data if isinstance(data, bytes) else data.encode()
    told: dict[str, Any] = preview(client, path, content, **fields).json()
    done = confirm(client, path, content, told["digest"], **fields)
    assert done.status_code == 200, done.text
    return told


def held(client: TestClient, path: str) -> dict[str, int]:
    return {one["symbol"]: one["quantity"] for one in client.get(path).json()["positions"]}


def messages(told: dict[str, Any]) -> list[str]:
    return [row["message"] for row in told["rows"]]


@pytest.mark.parametrize(("first", "second"), [(ORDER_BOOK, TRADE_BOOK), (TRADE_BOOK, ORDER_BOOK)])
def test_the_two_books_of_fyers_come_in_once(client: TestClient, first: str, second: str) -> None:
    path = f"{URL}/{created(client)['id']}"
    entered(client, path, first)
    assert held(client, path) == {"LUMBRA": 100}
    before = client.get(path).json()
    told = preview(client, path, second.encode()).json()
    assert told["counts"]["new"] == 0 and told["counts"]["duplicates"] == told["counts"]["rows"]
    assert all("in the ledger already, from FYERS" in one for one in messages(told))
    assert confirm(client, path, second.encode(), told["digest"]).json()["added"] == 0
    assert client.get(path).json()["invested"] == before["invested"] == "12020.00"


def test_round_trips_and_the_order_book_come_in_once(client: TestClient) -> None:
    path = f"{URL}/{created(client)['id']}"
    entered(client, path, ORDER_BOOK)
    trips = "Stock,Entry,Exit,Side,Quantity,Brokerage,Date\n"
    told = preview(client, path, (trips + "NSE:ARUVI-EQ,905.5,911,1,10,20,06-02-2024\n").encode()).json()
    assert told["counts"]["duplicates"] == 1
    half = preview(client, path, (trips + "NSE:ARUVI-EQ,905.5,915,1,10,20,06-02-2024\n").encode()).json()
    assert half["counts"]["errors"] == 1 and "1 of its 2 trades is in the ledger already" in messages(half)[0]


def test_another_day_price_or_account_is_another_trade(client: TestClient) -> None:
    path = f"{URL}/{created(client)['id']}"
    entered(client, path, ORDER_BOOK)
    other = FILLS + "1,10,NSE:ARUVI-EQ,07-02-2024 10:05,1,905.5,1:2,1\n"
    other += "1,10,NSE:ARUVI-EQ,06-02-2024 10:05,1,905.55,2:2,2\n"
    other += "1,11,NSE:ARUVI-EQ,06-02-2024 10:05,1,905.5,3:2,3\n"
    assert preview(client, path, other.encode()).json()["counts"]["new"] == 3
    assert preview(client, path, TRADE_BOOK.encode(), account="second").json()["counts"]["new"] == 4


def test_one_trade_of_the_ledger_answers_for_one_row_alone(client: TestClient) -> None:
    path = f"{URL}/{created(client)['id']}"
    by_hand = {"kind": "BUY", "date": "2024-02-06", "symbol": "LUMBRA", "quantity": 5, "price": "10"}
    client.post(f"{path}/transactions", json={"transactions": [by_hand]})
    data = b"Date,Symbol,Type,Qty,Price\n" + b"06-02-2024,LUMBRA,buy,5,10\n" * 3
    told = preview(client, path, data).json()
    assert (told["counts"]["duplicates"], told["counts"]["new"]) == (1, 2)
    assert messages(told)[0] == "in the ledger already, entered by hand"


def test_holdings_after_the_trades_that_made_them_add_nothing(client: TestClient) -> None:
    path = f"{URL}/{created(client)['id']}"
    book = tradebook(
        trade("LUMBRA", "2024-02-05", "buy", 100, 120, 1),
        trade("LUMBRA", "2024-03-05", "sell", 40, 125, 2),
        trade("ARUVI", "2024-03-05", "buy", 5, 900, 3),
    )
    entered(client, path, book)
    statement = HOLDINGS + "LUMBRA,60,120,1,1,1,1,1\nARUVI,8,900,1,1,1,1,1\nCORALIS,3,300,1,1,1,1,1\n"
    told = preview(client, path, statement.encode(), asof="30-05-2024").json()
    assert [row["status"] for row in told["rows"]] == ["DUPLICATE", "ERROR", "NEW"]
    assert messages(told)[0] == "the ledger holds 60 on 2024-05-30 already"
    assert "holds 5 of these 8" in messages(told)[1]
    refusal(confirm(client, path, statement.encode(), told["digest"], asof="30-05-2024"), 422, "VALIDATION_ERROR")
    # of a day on which 100 were held
    early = preview(client, path, (HOLDINGS + "LUMBRA,100,120,1,1,1,1,1\n").encode(), asof="10-02-2024").json()
    assert early["counts"]["duplicates"] == 1
    # and of one before all of it
    earlier = preview(client, path, (HOLDINGS + "LUMBRA,100,120,1,1,1,1,1\n").encode(), asof="10-01-2024").json()
    assert earlier["counts"]["new"] == 1


def test_trades_a_statement_of_holdings_contains_add_nothing(client: TestClient) -> None:
    path = f"{URL}/{created(client)['id']}"
    entered(client, path, HOLDINGS + "LUMBRA,60,120,1,1,1,1,1\n", asof="30-05-2024")
    book = tradebook(
        trade("LUMBRA", "2024-02-05", "buy", 100, 120, 1),
        trade("LUMBRA", "2024-05-30", "sell", 40, 125, 2),
        trade("LUMBRA", "2024-05-31", "sell", 10, 126, 3),
        trade("ARUVI", "2024-03-05", "buy", 5, 900, 4),
    )
    told = entered(client, path, book)
    assert [row["status"] for row in told["rows"]] == ["DUPLICATE", "DUPLICATE", "NEW", "NEW"]
    assert "in the holdings of 2024-05-30 already" in messages(told)[0]
    assert held(client, path) == {"LUMBRA": 50, "ARUVI": 5}


def test_a_dated_holding_and_its_purchase_are_one(client: TestClient) -> None:
    path = f"{URL}/{created(client)['id']}"
    entered(client, path, "Symbol,Qty,Avg price,Buy date\nLUMBRA,60,120.50,05-02-2024\n")
    told = preview(client, path, tradebook(trade("LUMBRA", "2024-02-05", "buy", 60, 120.5, 1))).json()
    assert told["counts"]["duplicates"] == 1
