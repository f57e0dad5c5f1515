"""From a screen to a strategy that runs, over HTTP on the small market."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.engines.strategies.base import Signals
from app.engines.strategies.screened import ScreenStrategy
from app.services.backtests.slices import SliceQuestion
from app.services.importing.run import import_paths
from app.services.panel.panel import InstrumentInfo
from app.services.sample_market import SampleSummary

pytestmark = pytest.mark.integration
PATH = "/api/screener/strategies"


@pytest.fixture
def folder(shared_sample: TestClient) -> Iterator[Path]:
    """The strategies folder, emptied afterwards."""
    path: Path = shared_sample.app.state.settings.home / "strategies"  # type: ignore[attr-defined]
    yield path
    for file in path.glob("*.py"):
        file.unlink()


def make(client: TestClient, **wish: Any) -> dict[str, Any]:
    response = client.post(PATH, json={"name": "Strong ones", **wish})
    assert response.status_code == 201, response.text
    body: dict[str, Any] = response.json()
    return body


def test_a_screen_becomes_a_strategy_that_runs_and_is_proven(shared_sample: TestClient, folder: Path) -> None:
    index = shared_sample.get("/api/screener/indices").json()["indices"][0]["id"]
    made = make(shared_sample, q="close>SMA(20)", index=index, leave="close < sma(50)", rank_by="roc(20)", stop=0.1)
    assert made["strategy_id"] == "strong_ones" and made["expression"] == "close > sma(close, 20)"
    assert made["universe"] == index and made["trials"] >= 1
    assert "entry = 'close > sma(close, 20)'" in (folder / made["file"]).read_text()
    body = {
        "strategy_ids": ["strong_ones"], "universe": index, "start_date": "2024-03-01", "end_date": "2024-12-31",
    }  # fmt: skip
    run = shared_sample.post("/api/portfolio/strategies/backtest", params={"wait": 120}, json=body)
    assert run.status_code == 200, run.text
    answer = run.json()
    assert answer["trades_count"] > 0
    proofs = answer["proofs"]
    assert [one["proof"]["outcome"] for one in proofs] == ["passed"]
    [card] = [
        one
        for one in shared_sample.get("/api/portfolio/strategies/available").json()
        if one["strategy_id"] == "strong_ones"
    ]
    assert card["origin"] == "own" and "had been tried when it was made" in card["description"]
    assert card["parameters"]["properties"]["stop"]["default"] == 0.1


def test_texts_cannot_become_code(shared_sample: TestClient, folder: Path) -> None:
    text = 'x\'\'\'"""\n__import__("os").abort()\n\\'
    made = make(shared_sample, q="close > 1", hypothesis=text)
    source = (folder / made["file"]).read_text()
    scope: dict[str, Any] = {"__name__": __name__}
    exec(compile(source, made["file"], "exec"), scope)  # would abort if the text were code
    assert scope["StrongOnes"].hypothesis == text.strip()


@pytest.mark.parametrize(
    ("wish", "status", "field", "said"),
    [
        ({"q": "close >"}, 422, "q", "ends too early"),
        ({}, 422, "q", "asks nothing of a stock"),
        ({"q": "roe > 15 and contains(sector, 'tech')"}, 422, "q", "only the latest known sector is on file"),
        ({"q": "roe > 15", "rank_by": "roe / sector_median(roe)"}, 422, "rank_by", "sector cannot be read"),
        ({"q": "close > 1", "leave": "cloze > 1"}, 422, "leave", "no field cloze"),
        ({"q": "close > 1", "rank_by": "close > 1"}, 422, "rank_by", "expected a number"),
        ({"q": "close > 1", "name": "1"}, 422, "name", "no id can be made"),
        ({"q": "close > 1", "name": "SMA cross"}, 409, "name", "of the platform"),
        ({"q": "close > 1", "stop": 2}, 422, "stop", ""),
        ({"q": "close > 1", "index": "NIFTY9999"}, 404, None, "no index"),
    ],
)
def test_what_cannot_become_a_strategy_is_told(
    shared_sample: TestClient, folder: Path, wish: dict[str, Any], status: int, field: str | None, said: str
) -> None:
    response = shared_sample.post(PATH, json={"name": "Strong ones", **wish})
    assert response.status_code == status, response.text
    error = response.json()["error"]
    assert said in error["message"]
    if field is not None:
        assert error["details"]["field"] == field
    assert not list(folder.glob("*.py"))


def test_a_screen_of_all_stocks_runs_on_the_widest_index(shared_sample: TestClient, folder: Path) -> None:
    indices = shared_sample.get("/api/screener/indices").json()["indices"]  # there is no NIFTY 500 in the small market
    widest = max(indices, key=lambda one: (one["count"], one["id"]))["id"]
    assert make(shared_sample, q="close > 1")["universe"] == widest


def test_a_strategy_is_never_written_over(shared_sample: TestClient, folder: Path) -> None:
    made = make(shared_sample, q="close > 1")
    before = (folder / made["file"]).read_text()
    response = shared_sample.post(PATH, json={"name": "strong-ones", "q": "close > 2"})
    assert response.status_code == 409 and (folder / made["file"]).read_text() == before


FIGURES = (
    "roe > 8 and debt_to_equity < 2 and turnover > 0.5 * sma(turnover, 20) and bars_listed > 30 "
    "and (index_close > 0 or delivery > 0 or trades > 0 or close > 0)"
)


MEMBERS = 'in index("{0}") and close > sma(close, 5) or not in index("{0}") and close[3] > close'
MARKS = "(has_derivatives or price_band < 20 or not hit_upper_band) and not under_surveillance or close > sma(close, 5)"


def called(info: InstrumentInfo, day: date) -> str:
    """The symbol of a day."""
    return next((name for first, last, name in info.names if first <= day <= (last or day)), info.symbol)


@pytest.mark.parametrize(("expression", "step"), [(FIGURES, 23), (MEMBERS, 7), (MARKS, 23)])
def test_a_strategy_finds_what_its_screen_finds_on_each_day(
    shared_sample: TestClient, expression: str, step: int
) -> None:
    """Of an index's members where it is not asked for, else of all stocks, so that some of them belong to it."""
    index = shared_sample.get("/api/screener/indices").json()["indices"][0]["id"]
    made = type("Made", (ScreenStrategy,), {"id": "made", "entry": expression.format(index)})()
    platform = shared_sample.app.state.platform  # type: ignore[attr-defined]
    universe: str | tuple[str, ...] = index
    if expression is MEMBERS:
        everything = shared_sample.get("/api/screener/", params={"limit": 500, "asof": "2024-06-28"}).json()["data"]
        universe, index = tuple(row["symbol"] for row in everything), "ALL"
    asked = SliceQuestion(universe, date(2023, 7, 3), date(2024, 12, 31), 30, True, False, "1d", made.reads())
    market = platform.active_market()
    with platform.database.transaction(market) as session:
        bars = platform.backtests.inputs.slices.of(market, session, asked).bars
    known = platform.panels.current(market).instruments
    answer = made.signals(bars, made.params())
    assert isinstance(answer, Signals)
    found = 0
    for t in range(bars.start, bars.shape[0], step):
        page = {"q": made.entry, "index": index, "asof": str(bars.sessions[t]), "limit": 500}
        body = shared_sample.get("/api/screener/", params=page).raise_for_status().json()
        held_back = {one["symbol"] for one in body["meta"]["quarantined"]}
        names = [called(known[key], bars.sessions[t].astype("datetime64[D]").astype(object)) for key in bars.keys]
        ours = {names[n] for n in answer.entry[t].nonzero()[0]} - held_back
        theirs = {row["symbol"] for row in body["data"]}
        assert ours == theirs & set(names), bars.sessions[t]
        found += len(ours)
    assert found > 20


def test_a_figure_that_becomes_known_changes_the_inputs_of_a_run_and_one_of_later_does_not(
    sample_client: TestClient, sample_data: SampleSummary, tmp_path: Path
) -> None:
    index = sample_data.indices[0]
    make(sample_client, q="roe > 12", index=index, rebalance="monthly", name="Good returns")
    body = {
        "strategy_ids": ["good_returns"], "universe": index, "start_date": "2024-03-01", "end_date": "2024-12-31",
    }  # fmt: skip
    run = sample_client.post("/api/portfolio/strategies/backtest", params={"wait": 120}, json=body).json()
    assert run["trades_count"] > 0 and run["proofs"][0]["proof"]["outcome"] == "passed"
    assert run["proofs"][0]["proof"]["tested"]["ports"] == ["fundamentals.roe"]
    assert any("Company figures are those known" in note for note in run["warnings"]), run["warnings"]

    def verified_after(day: str) -> dict[str, Any]:
        first = sample_client.get("/api/screener/", params={"index": index, "limit": 1}).json()["data"][0]["symbol"]
        head = "ticker,date,sector,revenue_growth,roe,net_profit,revenue,shares_outstanding,debt_to_equity"
        folder = tmp_path / "files"
        folder.mkdir(exist_ok=True)
        (folder / f"annual_{day}.csv").write_text(
            f"{head}\n{first}.NS,{day},Energy,0.2,99.5,100000000,5000000000,100,0.5\n"
        )
        platform = sample_client.app.state.platform  # type: ignore[attr-defined]
        engine = platform.database.engine(platform.active_market())
        summary = import_paths(engine, [folder], progress=lambda *_: None, cancelled=lambda: False)
        assert not summary.refused, summary.refused
        told: dict[str, Any] = sample_client.post(f"/api/portfolio/strategies/runs/{run['run_id']}/verify").json()
        return told

    assert verified_after("2025-03-31")["outcome"] == "identical"  # known in May 2025, after the run's end
    told = verified_after("2024-04-30")  # known at the end of June 2024, within it
    assert (told["outcome"], told["changed"]) == ("inputs_changed", ["data"])
