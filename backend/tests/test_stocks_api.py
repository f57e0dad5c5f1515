"""One stock through time over HTTP: never more than was known on the day asked for."""

from __future__ import annotations

import csv
import io
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from app.database import Market
from app.repositories.files import bump_versions
from app.services.importing.run import import_paths
from app.services.platform import Platform
from app.services.sample_market import SampleSummary
from tests.services.importing.samples import legacy, quote

pytestmark = pytest.mark.integration
STOCKS = "/api/market/stocks"


def get(client: TestClient, path: str, **params: Any) -> dict[str, Any]:
    response = client.get(path, params=params)
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body


def test_lines_are_what_the_bars_of_the_view_give(shared_sample: TestClient, sample_data: SampleSummary) -> None:
    symbol, ex_date = sample_data.split
    for adjust in ("price", "none"):
        bars = get(shared_sample, f"/api/market/bars/{symbol}", adjust=adjust)
        told = get(shared_sample, f"{STOCKS}/{symbol}/lines", q="sma(close, 5), volume, close > open", adjust=adjust)
        assert told["t"] == bars["t"]
        mean, volume, up = told["lines"]
        assert [one["on_price"] for one in told["lines"]] == [True, False, False]
        assert volume["values"] == pytest.approx(bars["v"])
        assert up["values"] == [float(c > o) for o, c in zip(bars["o"], bars["c"], strict=True)]
        assert mean["values"][:4] == [None] * 4
        if adjust == "price":  # adjusted, the mean over the split is that of the adjusted closes
            expected = np.convolve(bars["c"], np.full(5, 0.2), "valid")
            assert mean["values"][4:] == pytest.approx(expected.tolist())
    at = told["t"].index(ex_date.isoformat())
    # as traded, the mean on the first day of 1 for 5 has four closes that are divided by 5
    closes = bars["c"][at - 4 : at + 1]
    assert mean["values"][at] == pytest.approx((sum(closes[:4]) / 5 + closes[4]) / 5)


def test_rupees_that_lie_elsewhere_than_the_prices_are_not_drawn_over_them(
    shared_sample: TestClient, sample_data: SampleSummary
) -> None:
    q = "ema(close, 9), bb_upper(close, 20, 2), atr(14), macd(close), rsi(14)"
    told = get(shared_sample, f"{STOCKS}/{sample_data.bonus[0]}/lines", q=q)
    assert [one["on_price"] for one in told["lines"]] == [True, True, False, False, False]


def test_a_line_that_compares_stocks_is_the_screeners_column(
    shared_sample: TestClient, sample_data: SampleSummary
) -> None:
    row = get(shared_sample, "/api/screener/", columns="rank(close), rsi(14)", limit=500)["data"][0]
    told = get(shared_sample, f"{STOCKS}/{row['symbol']}/lines", q="rank(close), rsi(14)")
    assert told["t"][-1] == sample_data.end.isoformat()
    assert [one["values"][-1] for one in told["lines"]] == pytest.approx(list(row["values"].values()))


def test_nothing_after_the_day_is_told(shared_sample: TestClient, sample_data: SampleSummary) -> None:
    symbol, ex_date = sample_data.split
    whole = get(shared_sample, f"/api/market/bars/{symbol}", adjust="none")
    day = whole["t"][whole["t"].index(ex_date.isoformat()) - 1]
    bars = get(shared_sample, f"/api/market/bars/{symbol}", asof=day)
    assert (bars["t"][-1], bars["actions"]) == (day, [])
    assert bars["c"] == whole["c"][: len(bars["c"])]  # the later split adjusts nothing
    told = get(shared_sample, f"{STOCKS}/{symbol}/lines", q="close", asof=day)
    assert (told["t"], told["lines"][0]["values"]) == (bars["t"], bars["c"])
    assert get(shared_sample, f"{STOCKS}/{symbol}/delivery", asof=day)["t"] == bars["t"]
    kinds = [one["kind"] for one in get(shared_sample, f"{STOCKS}/{symbol}/events", asof=day)["events"]]
    assert kinds == ["FIRST"]
    latest = get(shared_sample, f"{STOCKS}/{symbol}/events")["events"]
    assert [(one["kind"], one["day"], one["note"]) for one in latest] == [
        ("ACTION", ex_date.isoformat(), "1 share became 5"),
        ("FIRST", whole["t"][0], None),
    ]


def test_delivery_is_the_files_own(shared_sample: TestClient, sample_data: SampleSummary) -> None:
    [path] = sorted(sample_data.directory.rglob(f"sec_bhavdata_full_{sample_data.end:%d%m%Y}.csv"))
    row = next(csv.DictReader(io.StringIO(path.read_text().replace(", ", ","))))
    told = get(shared_sample, f"{STOCKS}/{row['SYMBOL']}/delivery")
    assert told["t"][-1] == sample_data.end.isoformat()
    assert told["delivered"][-1] == float(row["DELIV_QTY"])
    # the file rounds the share to hundredths of a percent
    assert told["delivery_pct"][-1] == pytest.approx(float(row["DELIV_PER"]), abs=0.0051)


def test_a_renamed_stock_has_its_names_among_the_events(shared_sample: TestClient, sample_data: SampleSummary) -> None:
    old, new, first_day = sample_data.renamed
    for name in (old, new):
        events = get(shared_sample, f"{STOCKS}/{name}/events")["events"]
        assert ("NAME", first_day.isoformat()) in [(one["kind"], one["day"]) for one in events]


def test_alerts_and_screens_of_a_stock_end_on_the_day(sample_client: TestClient, sample_data: SampleSummary) -> None:
    symbol, _ = sample_data.split
    made = sample_client.post("/api/screener/screens", json={"name": "All", "question": {"q": "close > 0"}}).json()
    days = get(sample_client, f"/api/market/bars/{symbol}")["t"]
    platform: Platform = sample_client.app.state.platform  # type: ignore[attr-defined]
    with platform.database.transaction(Market.REAL) as session:
        insert = (
            "INSERT INTO screen_events (screen_id, number, session, symbol, kind) VALUES (:id, 1, :day, :symbol, :k)"
        )
        for day, kind in ((days[-9], "ENTERED"), (days[-3], "LEFT")):
            session.execute(text(insert), {"id": made["id"], "day": day, "symbol": symbol, "k": kind})
    for asof, expected in ((days[-4], ["Came into the screen All"]), (days[-10], [])):
        events = get(sample_client, f"{STOCKS}/{symbol}/events", asof=asof)["events"]
        alerts = [one for one in events if one["kind"] == "ALERT"]
        assert [one["text"] for one in alerts] == expected
        assert all(one["screen"] == made["id"] for one in alerts)
        [held] = sample_client.get(f"/api/screener/held/{symbol}", params={"days": 3, "asof": asof}).json()
        at = days.index(asof)
        assert (held["sessions"], held["now"]) == (days[at - 2 : at + 1], True)


def test_figures_are_told_with_the_day_they_became_known(client: TestClient, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    for name, content in {
        "cm16DEC2025bhav.csv": legacy(date(2025, 12, 16), [quote("AAA", 20.0)], {"AAA": "INE001A01029"}),
        "annual.csv": b"ticker,date,sector,revenue_growth,roe,net_profit,revenue,shares_outstanding,debt_to_equity\n"
        b"AAA.NS,2025-03-31,Energy,0.25,12.5,100000000,5000000000,100,0.5\n"
        b"AAA.NS,2024-03-31,Energy,0.25,11.5,80000000,4000000000,100,0.4\n",
        "mcap16122025.csv": b"Trade Date,Symbol,Series,Security Name,Category,Last Trade Date,Face Value(Rs.),"
        b"Issue Size,Close Price/Paid up value(Rs.),Market Cap(Rs.)\n"
        b"16 DEC 2025,AAA,EQ,A,Listed,16 DEC 2025,5.00,1000,20.00,20000.00\n",
    }.items():
        (folder / name).write_bytes(content)
    platform: Platform = client.app.state.platform  # type: ignore[attr-defined]
    import_paths(platform.database.engine(Market.REAL), [folder], progress=lambda *_: None, cancelled=lambda: False)
    platform.panels.refresh(Market.REAL)
    told = get(client, f"{STOCKS}/AAA/figures")
    series = {(one["field"], one["period_kind"]): one for one in told["figures"]}
    # annual accounts carry no date of publication: 60 days after the year's end are assumed
    assert [
        (p["period_end"], p["value"], p["known_at"], p["stated"]) for p in series["revenue", "ANNUAL"]["points"]
    ] == [
        ("2024-03-31", 4e9, "2024-05-30", False),
        ("2025-03-31", 5e9, "2025-05-30", False),
    ]
    [cap] = series["market_cap", "SNAPSHOT"]["points"]
    assert (cap["value"], cap["known_at"], cap["stated"], cap["source"]) == (20000.0, "2025-12-16", True, "NSE_MCAP")
    assert told["point_in_time"] is False and "60 days" in told["note"]
    assert "eps" in {one["field"] for one in told["figures"]} and "unknown" not in told["note"]
    # a split from 5 to 1 after the exchange's count, and in the vendor's table or not: it has no day
    with platform.database.transaction(Market.REAL) as session:
        session.execute(
            text(
                "INSERT INTO adjustment_factors (instrument_id, ex_date, factor, tier, purpose, known_at, evidence) "
                "SELECT id, '2025-12-18', 5, 'LISTED', 'Face Value Split From Rs 5/- To Re 1/-', '2025-12-18', '{}' "
                "FROM instruments"
            )
        )
        bump_versions(session.connection(), ["actions"])
    platform.panels.refresh(Market.REAL)
    for asof, count in (("2025-12-17", 1000.0), ("2025-12-18", 5000.0)):
        told = get(client, f"{STOCKS}/AAA/figures", asof=asof)
        series = {(one["field"], one["period_kind"]): one for one in told["figures"]}
        assert [p["value"] for p in series["shares_outstanding", "SNAPSHOT"]["points"]] == [count]
        assert "eps" not in {one["field"] for one in told["figures"]}
        # earnings a share of both years, and the vendor's counts of both
        assert "4 earnings a share or counts of shares are unknown: a split" in told["note"]


@pytest.mark.parametrize(
    ("path", "params", "status", "told"),
    [
        ("NOSUCH/lines", {"q": "close"}, 404, "NOSUCH"),
        ("NOSUCH/delivery", {}, 404, "NOSUCH"),
        ("NOSUCH/figures", {}, 404, "NOSUCH"),
        ("NOSUCH/events", {}, 404, "NOSUCH"),
        ("{symbol}/lines", {"q": "close, clse"}, 422, "clse"),
        ("{symbol}/lines", {"q": "sector"}, 422, "text"),
        ("{symbol}/lines", {"q": ", ".join(f"sma({n})" for n in range(2, 15))}, 422, "12"),
        ("{symbol}/events", {"asof": "2099-01-01"}, 422, "ahead"),
        ("{symbol}/delivery", {"asof": "1999-01-01"}, 404, "begins"),
    ],
)
def test_questions_without_an_answer_say_why(
    shared_sample: TestClient, sample_data: SampleSummary, path: str, params: dict[str, str], status: int, told: str
) -> None:
    response = shared_sample.get(f"{STOCKS}/{path.format(symbol=sample_data.split[0])}", params=params)
    assert response.status_code == status, response.text
    assert told in response.json()["error"]["message"]


def test_screens_of_an_unknown_stock_are_not_found(shared_sample: TestClient) -> None:
    assert shared_sample.get("/api/screener/held/NOSUCH").status_code == 404
