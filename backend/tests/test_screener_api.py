"""The screener and the market over HTTP, on a small market whose prices the test reads from its own files."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import create_engine, text

from app.services.sample_market import SampleSummary

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def last_day(sample_data: SampleSummary) -> dict[str, dict[str, str]]:
    """Rows of the last delivery file by symbol, read without the importer."""
    [path] = sorted(sample_data.directory.rglob(f"sec_bhavdata_full_{sample_data.end:%d%m%Y}.csv"))
    rows = csv.DictReader(io.StringIO(path.read_text().replace(", ", ",")))
    return {row["SYMBOL"]: row for row in rows}


def get(client: TestClient, path: str, **params: Any) -> dict[str, Any]:
    response = client.get(path, params=params)
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body


def test_every_stock_of_the_last_session_is_listed_with_the_files_own_numbers(
    shared_sample: TestClient, last_day: dict[str, dict[str, str]], sample_data: SampleSummary
) -> None:
    page = get(shared_sample, "/api/screener/", limit=500)
    assert page["meta"]["asof"] == sample_data.end.isoformat()
    assert {row["symbol"] for row in page["data"]} == set(last_day)
    for row in page["data"]:
        source = last_day[row["symbol"]]
        assert row["close"] == float(source["CLOSE_PRICE"])
        assert row["open"] == float(source["OPEN_PRICE"])
        assert row["volume"] == float(source["TTL_TRD_QNTY"])
        assert row["turnover"] == pytest.approx(float(source["TURNOVER_LACS"]) * 1e5)
        change = (float(source["CLOSE_PRICE"]) / float(source["PREV_CLOSE"]) - 1.0) * 100.0
        assert row["change_pct"] == pytest.approx(change)
        assert row["pe_ratio"] is None or row["pe_ratio"] > 0


def test_the_total_counts_the_whole_set_and_pages_cut_it_in_order(shared_sample: TestClient) -> None:
    whole = get(shared_sample, "/api/screener/", limit=500, sort_by="turnover", sort_order="desc")
    turnovers = [row["turnover"] for row in whole["data"]]
    assert turnovers == sorted(turnovers, reverse=True) and len(turnovers) > 4
    pages = [
        get(shared_sample, "/api/screener/", limit=2, page=n, sort_by="turnover", sort_order="desc") for n in (1, 2)
    ]
    assert [row for page in pages for row in page["data"]] == whole["data"][:4]
    assert pages[0]["meta"]["total"] == len(turnovers)
    assert pages[0]["meta"]["total_pages"] == -(-len(turnovers) // 2)
    beyond = get(shared_sample, "/api/screener/", page=999)
    assert (beyond["data"], beyond["meta"]["total"]) == ([], len(turnovers))


def test_filters_by_sector_symbol_and_index(shared_sample: TestClient, sample_data: SampleSummary) -> None:
    whole = get(shared_sample, "/api/screener/", limit=500)
    first = whole["data"][0]
    by_sector = get(shared_sample, "/api/screener/", sector=first["sector"].lower(), limit=500)
    assert {row["sector"] for row in by_sector["data"]} == {first["sector"]}
    assert by_sector["meta"]["total"] == whole["meta"]["sectors"][first["sector"]]
    unknown = shared_sample.get("/api/screener/", params={"sector": f"{first['sector']}x"})
    assert unknown.status_code == 422 and unknown.json()["error"]["details"]["field"] == "sector"
    assert first["sector"] in unknown.json()["error"]["message"]  # the one that is meant
    by_symbol = get(shared_sample, "/api/screener/", symbol=first["symbol"][:3].lower())
    assert first["symbol"] in {row["symbol"] for row in by_symbol["data"]}
    assert all(row["symbol"].startswith(first["symbol"][:3]) for row in by_symbol["data"])
    index = sample_data.indices[0]
    named = get(shared_sample, "/api/screener/", index=index)  # with a space
    compact = get(shared_sample, "/api/screener/", index=index.replace(" ", ""))
    assert named["data"] == compact["data"]
    assert 0 < named["meta"]["total"] < whole["meta"]["total"]
    assert named["meta"]["point_in_time"] is True


def test_an_earlier_date_shows_that_day(shared_sample: TestClient, sample_data: SampleSummary) -> None:
    old, new, first_day = sample_data.renamed
    before = get(shared_sample, "/api/screener/", asof=f"{first_day:%Y}-{first_day:%m}-01", limit=500)
    today = get(shared_sample, "/api/screener/", limit=500)
    assert old in {row["symbol"] for row in before["data"]}
    assert new in {row["symbol"] for row in today["data"]}
    assert before["meta"]["asof"] <= f"{first_day:%Y-%m}-01"


def test_an_unknown_index_is_not_found(shared_sample: TestClient) -> None:
    response = shared_sample.get("/api/screener/", params={"index": "NIFTY9999"})
    assert (response.status_code, response.json()["error"]["code"]) == (404, "DATA_NOT_FOUND")


def test_an_unknown_column_to_sort_by_is_refused_with_the_known_ones(shared_sample: TestClient) -> None:
    response = shared_sample.get("/api/screener/", params={"sort_by": "no_such_column"})
    assert response.status_code == 422
    assert "turnover" in response.json()["error"]["details"]["sortable"]


def test_an_empty_database_says_what_is_missing(shared_client: TestClient) -> None:
    response = shared_client.get("/api/screener/")
    assert (response.status_code, response.json()["error"]["code"]) == (400, "INSUFFICIENT_DATA")
    assert shared_client.get("/api/screener/indices").json()["indices"] == []
    assert shared_client.get("/api/market/sectors").status_code == 400


def test_indices_are_listed_with_their_members(shared_sample: TestClient, sample_data: SampleSummary) -> None:
    answer = get(shared_sample, "/api/screener/indices")
    assert {index["name"] for index in answer["indices"]} >= set(sample_data.indices)
    assert all(index["count"] > 0 for index in answer["indices"])
    assert answer["default"] in {index["id"] for index in answer["indices"]}


def test_search_finds_by_symbol_former_symbol_name_and_near_miss(
    shared_sample: TestClient, sample_data: SampleSummary
) -> None:
    def search(query: str) -> list[dict[str, Any]]:
        response = shared_sample.get("/api/market/search", params={"query": query})
        assert response.status_code == 200
        hits: list[dict[str, Any]] = response.json()
        return hits

    old, new, _ = sample_data.renamed
    assert search(new)[0]["symbol"] == new
    assert (search(old)[0]["symbol"], search(old)[0]["matched"]) == (new, old)
    name = search(new)[0]["name"]
    assert new in {hit["symbol"] for hit in search(name.split()[0].lower())}
    assert new in {hit["symbol"] for hit in search(f"{new[:-1]}X")}
    assert search("QQQQQQQQ") == []


def test_bars_are_columns_and_the_adjusted_view_ends_at_the_raw_price(
    shared_sample: TestClient, sample_data: SampleSummary
) -> None:
    symbol, ex_date = sample_data.split
    raw = get(shared_sample, f"/api/market/bars/{symbol}", adjust="none")
    adjusted = get(shared_sample, f"/api/market/bars/{symbol}")
    at = raw["t"].index(ex_date.isoformat())
    assert raw["o"][at] / raw["c"][at - 1] == pytest.approx(0.2, rel=0.1)
    assert adjusted["o"][at] / adjusted["c"][at - 1] == pytest.approx(1.0, rel=0.1)
    assert adjusted["c"][-1] == raw["c"][-1]
    assert adjusted["c"][0] == pytest.approx(raw["c"][0] / 5)
    assert adjusted["v"][0] == pytest.approx(raw["v"][0] * 5)
    assert [(action["ex_date"], action["factor"]) for action in adjusted["actions"]] == [(ex_date.isoformat(), 5.0)]
    assert {len(raw[name]) for name in ("t", "o", "h", "l", "c", "v", "factor")} == {len(raw["t"])}


def test_a_renamed_stock_has_one_history_under_either_name(
    shared_sample: TestClient, sample_data: SampleSummary
) -> None:
    old, new, first_day = sample_data.renamed
    by_old = get(shared_sample, f"/api/market/bars/{old}")
    assert by_old == get(shared_sample, f"/api/market/bars/{new}")
    assert by_old["t"][0] < first_day.isoformat() <= by_old["t"][-1]
    assert by_old["former_symbols"] == [old]


def test_a_delisted_stock_keeps_its_history(shared_sample: TestClient, sample_data: SampleSummary) -> None:
    symbol, last = sample_data.delisted
    assert get(shared_sample, f"/api/market/bars/{symbol}")["t"][-1] == last.isoformat()


def test_bars_can_be_cut_by_date_and_number(shared_sample: TestClient, sample_data: SampleSummary) -> None:
    symbol, _ = sample_data.split
    whole = get(shared_sample, f"/api/market/bars/{symbol}")
    few = get(shared_sample, f"/api/market/bars/{symbol}", limit=3)
    assert few["t"] == whole["t"][-3:]
    cut = get(shared_sample, f"/api/market/bars/{symbol}", start=whole["t"][5], end=whole["t"][9])
    assert cut["t"] == whole["t"][5:10]
    assert cut["c"] == whole["c"][5:10]


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/api/market/bars/NOSUCH", 404, "DATA_NOT_FOUND"),
        ("/api/market/bars/NOSUCH?timeframe=5m", 404, "DATA_NOT_FOUND"),
        ("/api/market/bars/NOSUCH?timeframe=7m", 422, "VALIDATION_ERROR"),
        ("/api/market/search?query=%20", 422, "VALIDATION_ERROR"),
        ("/api/screener/?asof=1999-01-01", 404, "DATA_NOT_FOUND"),
    ],
)
def test_questions_without_an_answer_say_why(shared_sample: TestClient, path: str, status: int, code: str) -> None:
    response = shared_sample.get(path)
    assert (response.status_code, response.json()["error"]["code"]) == (status, code)


def test_an_index_of_the_generated_market_has_bars_and_one_without_values_is_told_so(
    sample_client: TestClient,
) -> None:
    index = get(sample_client, "/api/screener/indices")["indices"][0]["id"]
    bars = get(sample_client, f"/api/market/bars/{index}")
    assert len(bars["t"]) > 200 and min(bars["c"]) > 0
    engine = create_engine(sample_client.app.state.settings.database_url)  # type: ignore[attr-defined]
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM index_values"))
    engine.dispose()
    response = sample_client.get(f"/api/market/bars/{index}")
    assert response.status_code == 404
    assert "no index of that name has daily values" in response.json()["error"]["message"]


def test_the_zip_files_of_the_market_are_readable_by_anyone(sample_data: SampleSummary) -> None:
    path: Path = next(iter(sorted(sample_data.directory.rglob("cm*bhav.csv.zip"))))
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None


def test_the_financial_view_is_null_where_no_accounts_are_known_and_sorts_by_its_fields(
    shared_sample: TestClient,
) -> None:
    params = {"view": "financial", "sort_by": "market_cap", "sort_order": "desc"}
    response = shared_sample.get("/api/screener/", params=params)
    assert response.status_code == 200, response.text
    body = response.json()
    assert body["meta"]["total"] > 0
    assert all({"market_cap", "pe_ratio", "roe", "eps", "period"} <= set(row) for row in body["data"])
    assert "company figures" in body["meta"]["point_in_time_note"]
