"""Expressions, columns, presets and cards over HTTP, on the small market."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.engines.screener.cards import CARDS
from app.engines.screener.language import FUNCTIONS
from app.engines.screener.presets import PRESETS
from app.services.sample_market import SampleSummary

pytestmark = pytest.mark.integration
PATH = "/api/screener/"


def get(client: TestClient, path: str = PATH, **params: Any) -> dict[str, Any]:
    response = client.get(path, params=params)
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body


def symbols(page: dict[str, Any]) -> list[str]:
    return [row["symbol"] for row in page["data"]]


def test_an_expression_keeps_the_stocks_of_whom_it_is_true(shared_sample: TestClient) -> None:
    whole = get(shared_sample, limit=500)
    for q, holds in (
        ("close > 200", lambda row: row["close"] > 200),
        ("change_pct > 0 and volume > 10k", lambda row: row["change_pct"] > 0 and row["volume"] > 1e4),
        ("not rsi_14 < 50", lambda row: row["rsi_14"] is not None and row["rsi_14"] >= 50),
        ("ema_20 > ema_50", lambda row: row["ema_50"] is not None and row["ema_20"] > row["ema_50"]),
        ("is_20d_breakout or close < 100", lambda row: row["is_20d_breakout"] or row["close"] < 100),
    ):
        found = get(shared_sample, q=q, limit=500)
        assert symbols(found) == [row["symbol"] for row in whole["data"] if holds(row)], q
        assert found["meta"]["total"] == len(found["data"])


def test_stocks_are_ranked_among_those_of_the_screen(shared_sample: TestClient, sample_data: SampleSummary) -> None:
    index = sample_data.indices[0]
    members = get(shared_sample, index=index, sort_by="turnover", sort_order="desc", limit=500)
    best = get(shared_sample, index=index, q="rank(turnover) <= 2", sort_by="turnover", sort_order="desc")
    assert symbols(best) == symbols(members)[:2]
    inside = get(shared_sample, q=f'in index("{index}")', limit=500)
    assert set(symbols(inside)) == set(symbols(members))
    assert get(shared_sample, q=f'not in index("{index}")')["meta"]["total"] > 0
    # a sector chosen beside it narrows what is shown, not whom a stock is compared with
    sector = best["data"][0]["sector"]
    narrowed = get(shared_sample, index=index, q="rank(turnover) <= 2", sector=sector)
    assert set(symbols(narrowed)) <= set(symbols(best))


def test_the_answer_says_what_was_asked_in_one_form(shared_sample: TestClient) -> None:
    meta = get(shared_sample, q="  RSI(14)<70   AND close>1 ")["meta"]
    assert meta["expression"] == "rsi(close, 14) < 70 and close > 1"
    assert meta["digest"] == get(shared_sample, q=meta["expression"])["meta"]["digest"]
    early = get(shared_sample, q="return_1y > 0", asof="2024-02-01")["meta"]
    assert early["total"] == 0 and early["unknown"] > 0  # nobody has a year of bars yet
    assert get(shared_sample)["meta"]["expression"] is None


def test_columns_are_fields_and_expressions(shared_sample: TestClient) -> None:
    page = get(shared_sample, columns="close, sma(20), close > sma(20), sector, dist_52w_high", limit=500)
    names = [column["name"] for column in page["meta"]["columns"]]
    assert names == ["close", "sma(close, 20)", "close > sma(close, 20)", "sector", "dist_52w_high"]
    assert page["meta"]["columns"][0] == {"name": "close", "label": "Close", "unit": "rupees"}
    assert page["meta"]["columns"][1]["unit"] == "rupees"
    for row in page["data"]:
        values = row["values"]
        assert values["close"] == row["close"] and values["sector"] == row["sector"]
        average = values["sma(close, 20)"]
        assert average == pytest.approx(row["bb_middle"]) if average is not None else row["bb_middle"] is None
        assert values["close > sma(close, 20)"] == (None if average is None else row["close"] > average)


SORTS = (
    "symbol",
    "sector",
    "turnover",
    "pe_ratio",
    "rsi_14",
    "sma_50",
    "close / sma(20)",
    "up_streak",
    "nr7",
    "series",
)
FILTERS: tuple[dict[str, str], ...] = (
    {},
    {"q": "close > 150"},
    {"q": "rank(turnover) <= 5"},
    {"filter_type": "OVERSOLD"},
    {"filter_type": "LOW_VOLATILITY", "q": "close > 1"},
    {"instrument_type": "ALL"},
)


def sorted_pages(client: TestClient, sort: str, order: str, size: int, **filters: str) -> None:
    """Of one sort: the whole set once, in order, the unknown last, and the pages cut it."""
    whole = get(client, limit=500, sort_by=sort, sort_order=order, columns=sort, **filters)
    total = whole["meta"]["total"]
    assert sorted(symbols(whole)) == sorted(symbols(get(client, limit=500, **filters))) and total == len(whole["data"])
    pages = [
        get(client, limit=size, page=n, sort_by=sort, sort_order=order, **filters) for n in range(1, total // size + 2)
    ]
    assert [symbol for page in pages for symbol in symbols(page)] == symbols(whole)
    assert {page["meta"]["total"] for page in pages} == {total}
    assert {page["meta"]["total_pages"] for page in pages} == {-(-total // size)}
    values = [next(iter(row["values"].values())) for row in whole["data"]]
    known = [value.casefold() if isinstance(value, str) else value for value in values if value is not None]
    assert known == sorted(known, reverse=order == "desc")
    assert values[len(known) :] == [None] * (len(values) - len(known))


@pytest.mark.parametrize("filters", FILTERS, ids=str)
@pytest.mark.parametrize("order", ["asc", "desc"])
def test_total_and_pages_are_of_the_whole_set(shared_sample: TestClient, filters: dict[str, str], order: str) -> None:
    for sort in SORTS:
        sorted_pages(shared_sample, sort, order, 4, **filters)


@pytest.mark.parametrize("sort", sorted(CARDS))
def test_every_field_sorts_and_pages_the_whole_set(shared_sample: TestClient, sort: str) -> None:
    for order in ("asc", "desc"):
        sorted_pages(shared_sample, sort, order, 7)
        sorted_pages(shared_sample, sort, order, 7, q="close > 150")


@pytest.mark.parametrize("narrowed", ["sector", "index", "symbol", "asof", "instrument_type", *PRESETS])
def test_every_filter_is_counted_and_paged_on_the_whole_set(shared_sample: TestClient, narrowed: str) -> None:
    everyone = get(shared_sample, limit=500)
    filters = {
        "sector": {"sector": max(everyone["meta"]["sectors"], key=everyone["meta"]["sectors"].get)},
        "index": {"index": get(shared_sample, "/api/screener/indices")["indices"][0]["id"]},
        "symbol": {"symbol": symbols(everyone)[0][:1]},
        "asof": {"asof": "2024-02-15"},
        "instrument_type": {"instrument_type": "ALL"},
    }.get(narrowed, {"filter_type": narrowed})
    for sort, order in (("turnover", "desc"), ("rsi_14", "asc"), ("name", "asc")):
        sorted_pages(shared_sample, sort, order, 3, **filters)
    if narrowed in ("sector", "index", "symbol"):
        assert 0 < get(shared_sample, **filters)["meta"]["total"] < everyone["meta"]["total"]


@pytest.mark.parametrize(
    ("params", "column", "length", "said"),
    [
        ({"q": "close > 1 and cloze > 3"}, 15, 5, "There is no field cloze; did you mean close?"),
        ({"q": "close > sector"}, 9, 6, "cannot be compared"),
        ({"q": "sma(close, 20"}, 4, 1, "is not closed"),
        ({"q": "close"}, 1, 5, "expected a condition"),
        ({"q": "+".join(["1"] * 10_000)}, 2001, 1, "more than 1,000 terms"),
        ({"q": " and ".join(["close > 1"] * 3_000)}, 20_001, 14 * 3_000 - 5 - 20_000, "at most 20,000"),
        ({"q": 'in index("NIFTY9999")'}, 10, 11, "There is no index"),
        ({"columns": "close, cloze"}, 8, 5, "There is no field cloze"),
        ({"columns": "close, sma(close"}, 11, 1, "is not closed"),
        ({"columns": "close) or (close"}, 6, 1, "closes nothing"),
        ({"sort_by": "close +"}, 8, 1, "ends too early"),
        ({"asof": "2199-01-01"}, 1, 10, "lies ahead"),  # wrong as a whole: the position is the whole value
        ({"asof": "2999-01-01"}, 1, 10, "lies outside the dates that are known"),
        ({"q": "close > 1", "asof": "2199-01-01"}, 1, 10, "lies ahead"),
        ({"asof": "2024-13-45"}, 1, 10, "asof"),
        ({"limit": "many"}, 1, 4, "limit"),
        ({"sort_order": "up"}, 1, 2, "sort_order"),
        ({"sector": "x" * 104}, 101, 4, "at most 100 characters"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_wrong_is_told_with_its_place(
    shared_sample: TestClient, params: dict[str, str], column: int | None, length: int | None, said: str
) -> None:
    response = shared_sample.get(PATH, params=params)
    assert response.status_code == 422
    error = response.json()["error"]
    assert error["code"] == "VALIDATION_ERROR"
    assert said in error["message"]
    assert error["details"]["field"] in params
    if column is not None:
        assert (error["details"]["line"], error["details"]["column"]) == (1, column)
        assert error["details"]["length"] == length


def test_an_editor_is_told_what_is_wrong_without_a_refusal(shared_sample: TestClient) -> None:
    path = "/api/screener/check"
    right = get(shared_sample, path, q=" RSI(14)<70 ")
    assert (right["expression"], right["error"]) == ("rsi(close, 14) < 70", None)
    assert right["digest"] == get(shared_sample, q="rsi(14) < 70")["meta"]["digest"]
    wrong = get(shared_sample, path, q="close > 1\nand cloze > 3")
    assert wrong["expression"] is None
    fault = wrong["error"]
    assert (fault["line"], fault["column"], fault["length"], fault["near"]) == (2, 5, 5, ["close"])
    assert get(shared_sample, path, q="")["error"]["message"]


def test_every_answer_of_a_day_refuses_one_that_lies_ahead(shared_sample: TestClient) -> None:
    symbol = get(shared_sample, limit=1)["data"][0]["symbol"]
    stock = f"/api/market/stocks/{symbol}"
    for path, params, field in (
        (PATH, {}, "asof"),
        (f"{PATH}near-misses", {"q": "close > 1"}, "asof"),
        (f"{PATH}why/{symbol}", {"q": "close > 1"}, "asof"),
        (f"{PATH}held/{symbol}", {}, "asof"),
        (f"{PATH}history", {"q": "close > 1"}, "start"),
        (f"{stock}/lines", {"q": "close"}, "asof"),
        (f"{stock}/events", {}, "asof"),
        ("/api/market/overview", {}, "asof"),
    ):
        response = shared_sample.get(path, params={**params, field: "2199-01-01"})
        assert response.status_code == 422, (path, response.text)
        details = response.json()["error"]["details"]
        assert (details["field"], details["line"], details["column"], details["length"]) == (field, 1, 1, 10)
        assert details["expected"][0].startswith("a day up to 20")


def test_an_unknown_preset_is_refused_with_the_known_ones(shared_sample: TestClient) -> None:
    response = shared_sample.get(PATH, params={"filter_type": "VOLUME_SHOKER"})
    assert response.status_code == 422
    error = response.json()["error"]
    assert "did you mean VOLUME_SHOCKER" in error["message"] and "52W_HIGH" in error["details"]["known"]


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_its_expression(shared_sample: TestClient, name: str) -> None:
    preset = PRESETS[name]
    by_name = get(shared_sample, filter_type=name, sort_by=preset.sort_by, sort_order=preset.sort_order)
    by_text = get(shared_sample, q=preset.expression, sort_by=preset.sort_by, sort_order=preset.sort_order)
    assert by_name["data"] == by_text["data"]
    assert by_name["meta"]["applied_filter"] == name
    assert by_name["meta"]["expression"] == by_text["meta"]["expression"]
    [card] = [one for one in get(shared_sample, "/api/screener/presets")["presets"] if one["name"] == name]
    assert card["expression"] == preset.expression


def test_a_preset_beside_an_expression_narrows_the_whole_of_it(shared_sample: TestClient) -> None:
    # without care the preset would stand beside the last alternative alone
    both = get(shared_sample, filter_type="OVERSOLD", q="close > 0 or close < 0", limit=500)
    assert symbols(both) == symbols(get(shared_sample, filter_type="OVERSOLD", limit=500))
    assert both["meta"]["expression"] == "(close > 0 or close < 0) and rsi(close, 14) < 30"


def test_cards_say_what_there_is(shared_sample: TestClient, sample_data: SampleSummary) -> None:
    fields = {card["name"]: card for card in get(shared_sample, "/api/screener/fields")["fields"]}
    assert fields.keys() >= CARDS.keys() and len(fields) > 150
    assert fields["close"]["history_to"] == sample_data.end.isoformat()
    assert fields["close"]["expression"] is None and fields["dist_52w_high"]["expression"]
    assert (fields["rsi_14"]["window"], fields["rsi_14"]["whole_history"]) == (15, True)
    assert (fields["sma_200"]["window"], fields["sma_200"]["whole_history"]) == (200, False)
    assert fields["beta_3y"]["available"] is False and fields["beta_3y"]["history_from"] is None
    functions = {card["name"]: card for card in get(shared_sample, "/api/screener/functions")["functions"]}
    assert functions.keys() == FUNCTIONS.keys()
    assert functions["rsi"]["signature"] == "rsi(x = close, n = 14)"
    assert functions["sma"]["aliases"] == ["avg", "bb_middle", "mean"]


def test_cards_need_no_data(shared_client: TestClient) -> None:
    fields = get(shared_client, "/api/screener/fields")["fields"]
    assert not any(card["available"] for card in fields)
    response = shared_client.get(PATH, params={"q": "close > 5"})
    assert response.json()["error"]["code"] == "INSUFFICIENT_DATA"
