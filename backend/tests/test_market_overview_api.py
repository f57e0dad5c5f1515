"""The market at a session over HTTP, on the small market: every figure is counted again from the screener's rows."""

from __future__ import annotations

from datetime import date
from statistics import median
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.database import Market
from app.repositories.index_series import index_closes
from app.services.platform import Platform

pytestmark = pytest.mark.integration
PATH = "/api/market/overview"


def get(client: TestClient, path: str, **params: Any) -> Any:
    response = client.get(path, params=params)
    assert response.status_code == 200, response.text
    return response.json()


def rows_of(client: TestClient, **params: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = get(client, "/api/screener/", limit=500, **params)["data"]
    return rows


@pytest.mark.parametrize("params", [{}, {"asof": "2024-06-28"}], ids=str)
def test_breadth_counts_the_stocks_of_the_day(shared_sample: TestClient, params: dict[str, str]) -> None:
    found = get(shared_sample, PATH, **params)
    rows = rows_of(shared_sample, **params, columns="sma(close, 50), highest(high, 252), lowest(low, 252)")
    changes = [row["change_pct"] for row in rows if row["change_pct"] is not None]
    breadth = found["breadth"]
    assert found["stocks"] == len(rows)
    assert breadth["advances"] == sum(one > 0 for one in changes)
    assert breadth["declines"] == sum(one < 0 for one in changes)
    assert breadth["unchanged"] == sum(one == 0 for one in changes)
    known = [row for row in rows if row["values"]["sma(close, 50)"] is not None]
    assert breadth["above_sma_50"] == {
        "holds": sum(row["close"] > row["values"]["sma(close, 50)"] for row in known), "known": len(known),
    }  # fmt: skip
    for name, field in (("new_highs", "new_52w_high"), ("new_lows", "new_52w_low")):
        assert breadth[name] == get(shared_sample, "/api/screener/", q=field, **params)["meta"]["total"]
    assert found["asof"] == found["days"]["t"][-1] == params.get("asof", found["asof"])
    assert found["days"]["advances"][-1] == breadth["advances"]
    assert found["days"]["above_sma_50"][-1] == breadth["above_sma_50"]["holds"]
    earlier = found["days"]["t"][-10]
    then = get(shared_sample, PATH, asof=earlier)["breadth"]
    assert (found["days"]["declines"][-10], found["days"]["new_lows"][-10]) == (then["declines"], then["new_lows"])


def test_a_sector_is_the_median_of_its_stocks_against_the_universe(shared_sample: TestClient) -> None:
    found = get(shared_sample, PATH)
    rows = rows_of(shared_sample, columns="return_3m")
    whole = {
        "return_3m": median(v for row in rows if (v := row["values"]["return_3m"]) is not None),
        "trend_30d": median(row["trend_30d"] for row in rows if row["trend_30d"] is not None),
    }
    assert {one["name"] for one in found["sectors"]} == {row["sector"] for row in rows}
    for one in found["sectors"]:
        mine = [row for row in rows if row["sector"] == one["name"]]
        assert one["stocks"] == len(mine)
        if one["name"] == "Unclassified":  # what no list places in a sector is none
            assert {one[name] for name in ("change_pct", "return_3m", "strength", "momentum", "phase")} == {None}
            continue
        assert one["change_pct"] == pytest.approx(median(row["change_pct"] for row in mine))
        strength = median(row["values"]["return_3m"] for row in mine) - whole["return_3m"]
        momentum = median(row["trend_30d"] for row in mine) - whole["trend_30d"]
        assert (one["strength"], one["momentum"]) == (pytest.approx(strength), pytest.approx(momentum))
        phases = {(True, True): "leading", (True, False): "weakening", (False, True): "improving"}
        assert one["phase"] == phases.get((strength >= 0, momentum >= 0), "lagging")
    assert any(one["name"] != "Unclassified" for one in found["sectors"])
    changes = [one["change_pct"] for one in found["sectors"] if one["change_pct"] is not None]
    assert changes == sorted(changes, reverse=True)


def test_the_most_active_come_by_turnover_and_an_index_narrows_all_of_it(shared_sample: TestClient) -> None:
    index = get(shared_sample, "/api/screener/indices")["indices"][0]["id"]
    found = get(shared_sample, PATH, index=index)
    rows = rows_of(shared_sample, index=index, sort_by="turnover", sort_order="desc")
    assert [one["symbol"] for one in found["active"]] == [row["symbol"] for row in rows[:15]]
    assert found["stocks"] == len(rows) < get(shared_sample, PATH)["stocks"]
    assert found["index"] == index and found["point_in_time"] is True
    assert shared_sample.get(PATH, params={"index": "NIFTY9999"}).status_code == 404
    assert shared_sample.get(PATH, params={"asof": "2999-01-01"}).status_code == 422


def test_indices_are_shown_with_their_moves(shared_sample: TestClient) -> None:
    platform: Platform = shared_sample.app.state.platform  # type: ignore[attr-defined]
    shown = get(shared_sample, PATH, asof="2024-06-28")["indices"]
    assert shown
    with platform.database.transaction(Market.REAL) as session:
        for one in shown:
            closes = index_closes(session, one["id"], end=date(2024, 6, 28))
            assert (one["date"], one["close"]) == (closes[-1][0].isoformat(), closes[-1][1])
            assert one["change_pct"] == pytest.approx(100 * (closes[-1][1] / closes[-2][1] - 1))
            assert one["trend_30d"] == pytest.approx(100 * (closes[-1][1] / closes[-22][1] - 1))
