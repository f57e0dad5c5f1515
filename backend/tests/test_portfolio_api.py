"""Portfolios of stocks over HTTP: made, found, changed, refused, deleted and restored."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from app.database import Market
from tests.conftest import copied_database, served_application

pytestmark = pytest.mark.integration

URL = "/api/portfolio/stocks"
D = Decimal


@pytest.fixture(scope="module")
def market_client(
    postgres: str, sample_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TestClient]:
    """A client on the small market: a portfolio needs shares that are known."""
    home = tmp_path_factory.mktemp("portfolios")
    with copied_database(postgres, sample_template) as url, served_application(url, home, home) as client:
        yield client


@pytest.fixture
def client(market_client: TestClient) -> TestClient:
    """The same, without any portfolio."""
    with market_client.app.state.platform.database.transaction(Market.REAL) as session:  # type: ignore[attr-defined]
        session.execute(text("DELETE FROM user_portfolios"))
    return market_client


def created(client: TestClient, /, **values: Any) -> dict[str, Any]:
    answer = client.post(URL, json={"name": "P", **values})
    assert answer.status_code == 201, answer.text
    return answer.json()  # type: ignore[no-any-return]


def refusal(answer: Any, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.json()["error"]["code"] == code
    return answer.json()["error"]  # type: ignore[no-any-return]


def last_bar(client: TestClient, symbol: str) -> tuple[float, float]:
    """The last close and the one before, as traded."""
    bars = client.get(f"/api/market/bars/{symbol}", params={"adjust": "none", "limit": 2}).json()
    return bars["c"][-1], bars["c"][-2]


def test_create_portfolio(client: TestClient, sample_portfolio_data: dict[str, Any]) -> None:
    response = client.post("/api/portfolio/stocks", json=sample_portfolio_data)
    assert response.status_code == 201
    assert response.json()["name"] == sample_portfolio_data["name"]
    assert response.headers["Location"] == f"{URL}/{response.json()['id']}"
    assert client.get(f"{URL}/{response.json()['id']}").json() == response.json()
    assert client.post(f"{URL}/", json={**sample_portfolio_data, "name": "with a slash"}).status_code == 201


def test_a_portfolio_is_worth_its_shares_at_the_last_closes(
    client: TestClient, sample_portfolio_data: dict[str, Any]
) -> None:
    portfolio = created(client, **sample_portfolio_data)
    lumbra, aruvi = last_bar(client, "LUMBRA"), last_bar(client, "ARUVI")
    value = 40 * D(str(lumbra[0])) + 15 * D(str(aruvi[0]))
    invested = 40 * D("120.50") + 15 * D("1010.25")  # 4820.00 + 15153.75
    change = 40 * (D(str(lumbra[0])) - D(str(lumbra[1]))) + 15 * (D(str(aruvi[0])) - D(str(aruvi[1])))
    assert (portfolio["invested"], portfolio["market_value"]) == (f"{invested:.2f}", f"{value:.2f}")
    assert portfolio["unrealised_pnl"] == f"{value - invested:.2f}"
    assert portfolio["day_change"] == f"{change:.2f}"
    assert (portfolio["realised_pnl"], portfolio["cash"], portfolio["unpriced"]) == ("0.00", None, 0)
    second = next(one for one in portfolio["positions"] if one["symbol"] == "LUMBRA")
    assert (second["quantity"], second["entry_price"], second["invested_value"]) == (40, "120.50", "4820.00")
    assert second["ltp"] == lumbra[0] and second["held_since"] is None
    assert second["company_name"] == "Lumbra Lighting Ltd. (fictional)" and second["sector"] == "Capital Goods"
    assert sum(one["allocation_pct"] for one in portfolio["positions"]) == pytest.approx(100)
    row = client.get(URL).json()["data"][0]
    for name in ("id", "name", "num_positions", "invested", "market_value", "day_change", "unrealised_pnl"):
        assert row[name] == portfolio[name]
    assert row["day_change_pct"] == pytest.approx(portfolio["day_change_pct"])


def test_the_words_of_older_clients_and_an_invested_value_are_taken(client: TestClient) -> None:
    answer = client.post(
        URL,
        json={
            "portfolio_name": "Old words",
            "positions": [
                {"symbol": "lumbra", "quantity": 3, "avg_buy_price": 100},
                {"symbol": "NSE:ARUVI-EQ", "quantity": 3, "invested_value": 100},
                {"symbol": "CORALIS", "entry_price": 12.5, "invested_value": "125.00"},
            ],
        },
    )
    assert answer.status_code == 201, answer.text
    held = {one["symbol"]: one for one in answer.json()["positions"]}
    assert {symbol: (one["quantity"], one["entry_price"]) for symbol, one in held.items()} == {
        "LUMBRA": (3, "100.00"), "ARUVI": (3, "33.3333"), "CORALIS": (10, "12.50"),
    }  # fmt: skip
    assert held["ARUVI"]["invested_value"] == "100.00"


@pytest.mark.parametrize(
    ("position", "field", "words"),
    [
        ({"symbol": "LUMBRO", "quantity": 1, "entry_price": 1}, "positions.1.symbol", "did you mean LUMBRA"),
        ({"symbol": "ARUVI", "quantity": -1, "entry_price": 1}, "positions.1.quantity", "greater than or equal to 1"),
        ({"symbol": "ARUVI", "quantity": 1.5, "entry_price": 1}, "positions.1.quantity", "integer"),
        ({"symbol": "ARUVI", "quantity": 1, "entry_price": -1}, "positions.1.entry_price", "greater than or equal"),
        ({"symbol": "ARUVI", "quantity": 1}, "positions.1", "entry_price: expected rupees"),
        ({"symbol": "ARUVI", "entry_price": 3, "invested_value": 100}, "positions.1", "33.3333 shares"),
        ({"symbol": "ARUVI", "quantity": 1, "entry_price": 3, "invested_value": 100}, "positions.1", "are 3, not 100"),
        (
            {"symbol": "ARUVI", "quantity": 1, "entry_price": 1, "entry_date": "2199-01-01"},
            "positions.1.date",
            "future",
        ),
        ({"symbol": "ARUVI", "quantity": 1, "entry_price": 1, "price": 2}, "positions.1.price", ""),
        ({"symbol": "ARUVI", "quantity": 2_000_000_000, "entry_price": 1e9}, "positions.1.price", "more than"),
    ],
)
def test_a_position_that_cannot_be_is_named_and_nothing_is_made(
    client: TestClient, position: dict[str, Any], field: str, words: str
) -> None:
    good = {"symbol": "ARUVI", "quantity": 1, "entry_price": 1}
    error = refusal(client.post(URL, json={"name": "P", "positions": [good, position]}), 422, "VALIDATION_ERROR")
    told = error["details"].get("field") or error["details"]["problems"][0]["field"]
    assert told == field and words in error["message"]
    assert client.get(URL).json()["meta"]["total"] == 0


def test_near_matches_of_an_unknown_symbol_are_in_the_details(client: TestClient) -> None:
    asked = {"name": "P", "positions": [{"symbol": "CORALI", "quantity": 1, "entry_price": 1}]}
    assert refusal(client.post(URL, json=asked), 422, "VALIDATION_ERROR")["details"]["near"][0] == "CORALIS"


def test_a_name_is_taken_whatever_its_capitals_until_its_portfolio_is_deleted(client: TestClient) -> None:
    first = created(client, name="Growth")
    refusal(client.post(URL, json={"name": "  growth "}), 409, "CONFLICT")
    refusal(client.post(URL, json={"name": "  "}), 422, "VALIDATION_ERROR")
    other = created(client, name="Value")
    edit = {"name": "GROWTH", "version": other["version"]}
    refusal(client.patch(f"{URL}/{other['id']}", json=edit), 409, "CONFLICT")
    assert client.delete(f"{URL}/{first['id']}").status_code == 204
    assert client.patch(f"{URL}/{other['id']}", json=edit).json()["name"] == "GROWTH"
    refusal(client.post(f"{URL}/{first['id']}/restore"), 409, "CONFLICT")


def test_deleting_hides_at_once_restoring_brings_back_and_permanent_is_for_good(
    client: TestClient, sample_portfolio_data: dict[str, Any]
) -> None:
    portfolio = created(client, **sample_portfolio_data)
    path = f"{URL}/{portfolio['id']}"
    assert client.delete(path).status_code == 204
    refusal(client.get(path), 404, "DATA_NOT_FOUND")
    refusal(client.delete(path), 404, "DATA_NOT_FOUND")
    refusal(client.get(f"{path}/transactions"), 404, "DATA_NOT_FOUND")
    assert client.get(URL).json()["data"] == []
    assert [one["id"] for one in client.get(f"{URL}/deleted").json()] == [portfolio["id"]]
    restored = client.post(f"{path}/restore")
    assert restored.status_code == 200 and restored.json()["positions"] == portfolio["positions"]
    assert client.delete(path, params={"permanent": True}).status_code == 204
    refusal(client.post(f"{path}/restore"), 404, "DATA_NOT_FOUND")
    platform = client.app.state.platform  # type: ignore[attr-defined]
    with platform.database.transaction(Market.REAL) as session:
        for table in ("user_portfolios", "portfolio_positions", "portfolio_transactions"):
            assert session.execute(text(f"SELECT count(*) FROM {table}")).scalar() == 0


def test_what_was_deleted_31_days_ago_cannot_be_restored_and_its_rows_go(
    client: TestClient, sample_portfolio_data: dict[str, Any]
) -> None:
    portfolio, kept = created(client, **sample_portfolio_data), created(client, name="kept")
    for one in (portfolio, kept):
        client.delete(f"{URL}/{one['id']}")
    platform = client.app.state.platform  # type: ignore[attr-defined]
    with platform.database.transaction(Market.REAL) as session:
        session.execute(
            text("UPDATE user_portfolios SET deleted_at = :day WHERE id = :id"),
            {"day": datetime.now(UTC) - timedelta(days=31), "id": portfolio["id"]},
        )
    refusal(client.post(f"{URL}/{portfolio['id']}/restore"), 404, "DATA_NOT_FOUND")
    platform.queue_nightly()
    with platform.database.transaction(Market.REAL) as session:
        assert session.execute(text("SELECT array_agg(id) FROM user_portfolios")).scalar() == [kept["id"]]
        assert session.execute(text("SELECT count(*) FROM portfolio_positions")).scalar() == 0


def test_a_stale_version_is_refused_and_of_two_edits_at_once_one_is(client: TestClient) -> None:
    portfolio = created(client)
    path = f"{URL}/{portfolio['id']}"
    edited = client.patch(path, json={"description": "one", "version": portfolio["version"]}).json()
    assert edited["version"] == portfolio["version"] + 1
    error = refusal(client.patch(path, json={"description": "two", "version": portfolio["version"]}), 409, "CONFLICT")
    assert error["details"] == {"version": edited["version"], "stale": portfolio["version"]}
    refusal(client.delete(path, params={"version": portfolio["version"]}), 409, "CONFLICT")
    answers: list[int] = []

    def rename(name: str) -> None:
        answers.append(client.patch(path, json={"name": name, "version": edited["version"]}).status_code)

    threads = [threading.Thread(target=rename, args=(f"name {n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [200, 409, 409, 409]


def buy(symbol: str, quantity: int, price: float, on: str, **more: Any) -> dict[str, Any]:
    return {"kind": "BUY", "date": on, "symbol": symbol, "quantity": quantity, "price": price, **more}


def test_transactions_make_positions_and_realised_gains(client: TestClient) -> None:
    path = f"{URL}/{created(client)['id']}"
    # 12 at 100 and 8 at 120, both with charges; 15 sold at 130: 12 × 30 + 3 × 10 = 390
    lines = [
        buy("LUMBRA", 12, 100, "2024-01-15", charges="6", stt="1.20"),
        buy("LUMBRA", 8, 120, "2024-02-15"),
        {"kind": "SELL", "date": "2024-03-15", "symbol": "LUMBRA", "quantity": 15, "price": 130, "charges": 9},
        {"kind": "DIVIDEND", "date": "2024-04-15", "symbol": "LUMBRA", "amount": "12.50"},
    ]
    answer = client.post(f"{path}/transactions", json={"transactions": lines})
    assert answer.status_code == 201, answer.text
    assert [one["value"] for one in answer.json()["transactions"]] == ["1200.00", "960.00", "1950.00", "12.50"]
    now = client.get(path).json()
    assert now["version"] == answer.json()["version"]
    assert (now["realised_pnl"], now["income"], now["charges"], now["invested"]) == (
        "390.00",
        "12.50",
        "16.20",
        "600.00",
    )
    assert now["positions"][0]["quantity"] == 5 and now["positions"][0]["held_since"] == "2024-02-15"
    before = client.get(path, params={"asof": "2024-02-29"}).json()
    assert (before["positions"][0]["quantity"], before["invested"], before["realised_pnl"]) == (20, "2160.00", "0.00")
    assert before["priced_on"] == "2024-02-29"
    close = client.get("/api/market/bars/LUMBRA", params={"adjust": "none", "end": "2024-02-29", "limit": 1}).json()
    assert before["positions"][0]["ltp"] == close["c"][0]
    listed = client.get(f"{path}/transactions", params={"kind": "BUY", "sort_order": "asc"}).json()
    assert [one["date"] for one in listed["data"]] == ["2024-01-15", "2024-02-15"] and listed["meta"]["total"] == 2


def test_a_sale_of_more_than_is_held_changes_nothing(client: TestClient) -> None:
    path = f"{URL}/{created(client)['id']}"
    client.post(f"{path}/transactions", json={"transactions": [buy("LUMBRA", 10, 100, "2024-01-15")]})
    before = client.get(path).json()
    sale = {"kind": "SELL", "date": "2024-01-16", "symbol": "LUMBRA", "quantity": 11, "price": 130}
    lines = {"transactions": [buy("ARUVI", 1, 1, "2024-01-16"), sale]}
    error = refusal(client.post(f"{path}/transactions", json=lines), 422, "VALIDATION_ERROR")
    assert "LUMBRA: quantity: 11 shares sold on 2024-01-16, 10 held" in error["message"]
    assert error["details"]["held"] == 10 and error["details"]["symbol"] == "LUMBRA"
    assert client.get(path).json() == before
    bought = client.get(f"{path}/transactions").json()["data"][0]
    sold = {**sale, "quantity": 10}
    assert client.post(f"{path}/transactions", json={"transactions": [sold]}).status_code == 201
    # what the sale needs can be neither removed nor made smaller nor moved after it
    refusal(client.delete(f"{path}/transactions/{bought['id']}"), 422, "VALIDATION_ERROR")
    version = client.get(path).json()["version"]
    for change in ({"quantity": 9}, {"date": "2024-01-17"}):
        asked = {"transaction": {**buy("LUMBRA", 10, 100, "2024-01-15"), **change}, "version": version}
        refusal(client.put(f"{path}/transactions/{bought['id']}", json=asked), 422, "VALIDATION_ERROR")
    dearer = {"transaction": buy("LUMBRA", 10, 110, "2024-01-15"), "version": version}
    assert client.put(f"{path}/transactions/{bought['id']}", json=dearer).json()["transaction"]["price"] == "110.00"
    assert client.get(path).json()["realised_pnl"] == "200.00"
    refusal(client.put(f"{path}/transactions/{bought['id']}", json=dearer), 409, "CONFLICT")
    refusal(client.delete(f"{path}/transactions/999999"), 404, "DATA_NOT_FOUND")


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ({"kind": "BUY", "symbol": "NOBODY", "quantity": 1, "price": 1}, "transactions.0.symbol"),
        ({"kind": "BUY", "quantity": 1, "price": 1}, "transactions.0.symbol"),
        ({"kind": "BUY", "symbol": "ARUVI", "price": 1}, "transactions.0.quantity"),
        ({"kind": "BUY", "symbol": "ARUVI", "quantity": 1, "price": 1, "amount": 3}, "transactions.0.amount"),
        ({"kind": "SPLIT", "symbol": "ARUVI", "ratio": "two"}, "transactions.0.ratio"),
        ({"kind": "SPLIT", "symbol": "ARUVI"}, "transactions.0.ratio"),
        ({"kind": "DEPOSIT"}, "transactions.0.amount"),
        ({"kind": "DEPOSIT", "amount": 5, "date": "2199-01-01"}, "transactions.0.date"),
        ({"kind": "DEMERGER", "symbol": "ARUVI", "ratio": "1:1"}, "transactions.0.target"),
        ({"kind": "GIFT", "symbol": "ARUVI"}, "transactions.0.kind"),
    ],
)
def test_a_transaction_that_cannot_be_names_its_field(client: TestClient, line: dict[str, Any], field: str) -> None:
    path = f"{URL}/{created(client)['id']}"
    answer = client.post(f"{path}/transactions", json={"transactions": [{"date": "2024-01-15", **line}]})
    error = refusal(answer, 422, "VALIDATION_ERROR")
    assert error["details"]["field"] == field
    assert client.get(f"{path}/transactions").json()["data"] == []


@pytest.mark.parametrize(
    ("field", "value"),
    [("price", "100.123456789"), ("charges", "1.00001"), ("stt", "1.00001")],
)
def test_more_decimals_than_a_ledger_keeps_are_refused_by_name(client: TestClient, field: str, value: str) -> None:
    path = f"{URL}/{created(client)['id']}"
    line = {**buy("LUMBRA", 1, 100, "2024-03-04"), field: value}
    error = refusal(client.post(f"{path}/transactions", json={"transactions": [line]}), 422, "VALIDATION_ERROR")
    assert error["details"]["field"] == f"transactions.0.{field}" and "decimal places" in error["message"]
    assert client.get(f"{path}/transactions").json()["data"] == []
    position = {"symbol": "LUMBRA", "quantity": 1, "entry_price": "100.123456789"}
    error = refusal(client.post(URL, json={"name": "P", "positions": [position]}), 422, "VALIDATION_ERROR")
    assert error["details"]["field"] == "positions.0.entry_price"


def test_every_decimal_that_is_kept_is_shown_and_survives_an_edit(client: TestClient) -> None:
    path = f"{URL}/{created(client)['id']}"
    line = buy("LUMBRA", 3, "108.09999812", "2024-03-04", charges="1.2345", stt="2.50")
    done = client.post(f"{path}/transactions", json={"transactions": [line]}).json()
    (told,) = done["transactions"]
    assert (told["price"], told["charges"], told["stt"]) == ("108.09999812", "1.2345", "2.50")
    again = {**line, "price": told["price"], "charges": told["charges"], "stt": told["stt"]}
    changed = client.put(
        f"{path}/transactions/{told['id']}", json={"transaction": again, "version": done["version"]}
    ).json()
    assert changed["transaction"]["price"] == "108.09999812"
    # 3 × 108.09999812 = 324.29999436
    assert client.get(path).json()["invested"] == "324.30"


def test_a_ledger_speaks_of_a_company_through_its_renaming(client: TestClient, sample_data: Any) -> None:
    old, new, changed_on = sample_data.renamed
    path = f"{URL}/{created(client)['id']}"
    later = changed_on + timedelta(days=10)
    lines = [
        buy(old, 10, 100, str(changed_on - timedelta(days=10))),
        {"kind": "SELL", "date": str(later), "symbol": new, "quantity": 4, "price": 150},
    ]
    answer = client.post(f"{path}/transactions", json={"transactions": lines})
    assert answer.status_code == 201, answer.text
    assert [one["symbol"] for one in answer.json()["transactions"]] == [old, new]
    now = client.get(path).json()
    assert (now["positions"][0]["symbol"], now["positions"][0]["quantity"], now["realised_pnl"]) == (new, 6, "200.00")
    by_old_name = client.get(f"{path}/transactions", params={"symbol": old}).json()
    assert by_old_name["meta"]["total"] == 2


def test_a_copy_stands_by_itself_and_a_merge_leaves_its_sources_to_be_restored(
    client: TestClient, sample_portfolio_data: dict[str, Any]
) -> None:
    original = created(client, **sample_portfolio_data)
    copy = client.post(f"{URL}/{original['id']}/duplicate", json={"name": "Copy"})
    assert copy.status_code == 201
    kept = [{**one, "instrument": None} for one in copy.json()["positions"]]
    assert kept == [{**one, "instrument": None} for one in original["positions"]]
    refusal(client.post(f"{URL}/{original['id']}/duplicate", json={"name": "copy"}), 409, "CONFLICT")
    path = f"{URL}/{copy.json()['id']}"
    assert client.delete(f"{path}/positions/ARUVI").status_code == 204
    refusal(client.delete(f"{path}/positions/ARUVI"), 404, "DATA_NOT_FOUND")
    assert [one["symbol"] for one in client.get(path).json()["positions"]] == ["LUMBRA"]
    assert len(client.get(f"{URL}/{original['id']}").json()["positions"]) == 2
    merged = client.post(f"{path}/merge", json={"portfolio_ids": [original["id"]]}).json()
    assert {one["symbol"]: one["quantity"] for one in merged["positions"]} == {"LUMBRA": 80, "ARUVI": 15}
    refusal(client.get(f"{URL}/{original['id']}"), 404, "DATA_NOT_FOUND")
    restored = client.post(f"{URL}/{original['id']}/restore").json()
    assert restored["positions"] == original["positions"]
    refusal(client.post(f"{path}/merge", json={"portfolio_ids": [copy.json()["id"]]}), 422, "VALIDATION_ERROR")
    refusal(client.post(f"{path}/merge", json={"portfolio_ids": [999999]}), 404, "DATA_NOT_FOUND")
    for none in (0, -1, 2**31, 10**30):
        error = refusal(client.post(f"{path}/merge", json={"portfolio_ids": [none]}), 422, "VALIDATION_ERROR")
        assert error["details"]["field"] == "portfolio_ids.0"
    named_twice = client.post(f"{path}/merge", json={"portfolio_ids": [original["id"], original["id"]]})
    assert {one["symbol"]: one["quantity"] for one in named_twice.json()["positions"]} == {"LUMBRA": 120, "ARUVI": 30}


def test_the_list_pages_sorts_and_searches_the_whole_set(client: TestClient) -> None:
    for n, quantity in enumerate((5, 50, 1)):
        held = [{"symbol": "ARUVI", "quantity": quantity, "entry_price": 10}]
        created(client, name=f"Portfolio {n}", client="Rao" if n else None, positions=held)
    created(client, name="Empty 100%", description="nothing yet")
    by_value = client.get(URL, params={"sort_by": "market_value", "limit": 2}).json()
    assert [one["name"] for one in by_value["data"]] == ["Portfolio 1", "Portfolio 0"]
    assert by_value["meta"] == {"page": 1, "limit": 2, "total": 4, "total_pages": 2}
    second = client.get(URL, params={"sort_by": "market_value", "limit": 2, "page": 2}).json()
    assert [one["name"] for one in second["data"]] == ["Portfolio 2", "Empty 100%"]
    beyond = client.get(URL, params={"limit": 2, "page": 9}).json()
    assert beyond["data"] == [] and beyond["meta"]["total"] == 4
    assert [one["name"] for one in client.get(URL, params={"search": "0%"}).json()["data"]] == ["Empty 100%"]
    assert client.get(URL, params={"search": "rao"}).json()["meta"]["total"] == 2
    assert client.get(URL, params={"client": "Rao"}).json()["meta"]["total"] == 2
    clients = client.get(f"{URL}/clients").json()
    assert [(one["client"], one["portfolios"], one["invested"]) for one in clients] == [
        ("Rao", 2, "510.00"), (None, 2, "50.00"),
    ]  # fmt: skip


def test_holdings_of_several_portfolios_are_merged_share_by_share(client: TestClient) -> None:
    lumbra = {"symbol": "LUMBRA", "quantity": 30, "entry_price": "100"}
    first = created(client, name="One", client="Rao", positions=[lumbra])
    second = created(
        client, name="Two", client="Rao",
        positions=[{**lumbra, "quantity": 10, "entry_price": "140"},
                   {"symbol": "ARUVI", "quantity": 5, "entry_price": "900"}],
    )  # fmt: skip
    created(client, name="Other", positions=[{**lumbra, "quantity": 7}])
    together = client.get(f"{URL}/combined", params={"client": "Rao"}).json()
    aruvi, held = together["positions"]
    # 30 × 100 + 10 × 140 = 4400 for 40
    assert (held["symbol"], held["quantity"], held["invested_value"], held["entry_price"]) == (
        "LUMBRA", 40, "4400.00", "110.00",
    )  # fmt: skip
    assert [(one["id"], one["quantity"]) for one in held["portfolios"]] == [(first["id"], 30), (second["id"], 10)]
    assert [one["name"] for one in aruvi["portfolios"]] == ["Two"]
    sums = {name: D(first[name]) + D(second[name]) for name in ("market_value", "unrealised_pnl", "day_change")}
    assert {name: D(together[name]) for name in sums} == sums
    assert (together["portfolios"], together["num_positions"], together["invested"]) == (2, 2, "8900.00")
    assert client.get(f"{URL}/combined").json()["positions"][1]["quantity"] == 47
    refusal(client.get(f"{URL}/combined", params={"client": "Nobody"}), 404, "DATA_NOT_FOUND")


def test_the_line_of_a_row_is_what_is_held_now_through_a_split(client: TestClient, sample_data: Any) -> None:
    symbol, ex_date = sample_data.split
    created(client, positions=[{"symbol": symbol, "quantity": 3, "entry_price": 10}])
    created(client, name="Empty")
    empty, row = sorted(client.get(URL, params={"spark": 252}).json()["data"], key=lambda one: one["num_positions"])
    assert empty["spark"] is None and len(row["spark"]) > 200
    bars = client.get(f"/api/market/bars/{symbol}", params={"adjust": "price"}).json()
    assert row["spark"][-1] == pytest.approx(3 * bars["c"][-1])
    before = [close for day, close in zip(bars["t"], bars["c"], strict=True) if day < str(ex_date)][-1]
    place = len(row["spark"]) - sum(day >= str(ex_date) for day in bars["t"]) - 1
    assert row["spark"][place] == pytest.approx(3 * before, abs=0.01)
    assert client.get(URL).json()["data"][0]["spark"] is None


def test_without_market_data_a_symbol_is_refused_saying_so(shared_client: TestClient) -> None:
    asked = {"name": "P", "positions": [{"symbol": "RELIANCE", "quantity": 1, "entry_price": 1}]}
    error = refusal(shared_client.post(URL, json=asked), 422, "VALIDATION_ERROR")
    assert "import market data first" in error["message"]
    assert shared_client.get(URL).json()["data"] == []


def test_todays_date_is_taken_and_tomorrows_is_not(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    path = f"{URL}/{created(client)['id']}"
    platform = client.app.state.platform  # type: ignore[attr-defined]
    half_past_one_in_india = datetime(2024, 6, 3, 20, 0, tzinfo=UTC)
    monkeypatch.setattr(platform.portfolios, "_clock", lambda: half_past_one_in_india)
    assert platform.portfolios.today() == date(2024, 6, 4)
    for on, status in (("2024-06-04", 201), ("2024-06-05", 422)):
        answer = client.post(f"{path}/transactions", json={"transactions": [buy("ARUVI", 1, 1, on)]})
        assert answer.status_code == status
