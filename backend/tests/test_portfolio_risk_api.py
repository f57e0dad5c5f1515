"""The risk of portfolios over HTTP, worked out again from the bars the market answers."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from app.database import Market
from app.repositories.index_series import index_closes
from app.schemas.portfolio_risk_out import AnalysisOut
from tests.conftest import copied_database, served_application

pytestmark = pytest.mark.integration

URL = "/api/portfolio/stocks"
LOOKBACK = 120


@pytest.fixture(scope="module")
def market_client(
    postgres: str, sample_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TestClient]:
    home = tmp_path_factory.mktemp("risk")
    with copied_database(postgres, sample_template) as url, served_application(url, home, home) as client:
        yield client


@pytest.fixture
def client(market_client: TestClient) -> TestClient:
    """The small market, without any portfolio."""
    with market_client.app.state.platform.database.transaction(Market.REAL) as session:  # type: ignore[attr-defined]
        session.execute(text("DELETE FROM user_portfolios"))
    return market_client


def made(client: TestClient, name: str = "P", **quantities: int) -> int:
    positions = [{"symbol": one, "quantity": count, "entry_price": 100} for one, count in quantities.items()]
    answer = client.post(URL, json={"name": name, "positions": positions})
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


def analyzed(client: TestClient, portfolio: int, **asked: Any) -> dict[str, Any]:
    answer = client.post(f"{URL}/{portfolio}/analyze", json={"lookback_days": LOOKBACK, **asked})
    assert answer.status_code == 200, answer.text
    AnalysisOut.model_validate(answer.json())  # nothing more and nothing less than the contract says
    return answer.json()  # type: ignore[no-any-return]


def refusal(answer: Any, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.json()["error"]["code"] == code
    return answer.json()["error"]  # type: ignore[no-any-return]


def closes(client: TestClient, symbol: str, end: str | None = None) -> dict[str, float]:
    params = {"adjust": "price", **({} if end is None else {"end": end})}
    bars = client.get(f"/api/market/bars/{symbol}", params=params).json()
    return dict(zip(bars["t"], bars["c"], strict=True))


HELD = {"LUMBRA": 40, "ARUVI": 15, "CORALIS": 100, "INDRAVAT": 20}  # the last one splits


def test_the_answer_has_every_name_that_is_required(client: TestClient) -> None:
    found = analyzed(client, made(client, **HELD))
    assert {"market_risk", "portfolio_risk", "fundamental_risk", "charts", "timestamp"} <= found.keys()
    assert {
        *("volatility", "portfolio_volatility", "var_95", "var_99", "cvar_95", "cvar_99", "beta", "sharpe_ratio"),
        *("max_drawdown", "skewness", "kurtosis", "excess_kurtosis"),
    } <= found["market_risk"].keys()
    assert {"max_drawdown", "peak_date", "trough_date", "recovery_date", "recovery_days"} <= found["market_risk"][
        "max_drawdown"
    ].keys()
    assert {
        *("hhi", "top_3_concentration", "top_5_concentration", "top_10_concentration", "max_position"),
        *("marginal_contributions", "avg_correlation", "max_correlation", "min_correlation", "correlation_matrix"),
    } <= found["portfolio_risk"].keys()
    assert {"avg_leverage", "fragility_scores", "avg_fragility"} <= found["fundamental_risk"].keys()
    assert found["charts"]["performance"].keys() == {"dates", "portfolio_returns", "benchmark_returns"}
    assert found["charts"]["sectors"][0].keys() == {"name", "allocation"}
    assert client.post(f"{URL}/{found['portfolio_id']}/analyze").status_code in (200, 400)  # no body: the defaults


def test_the_figures_are_those_of_the_bars_worked_out_again(client: TestClient) -> None:
    found = analyzed(client, made(client, **HELD))
    series = {symbol: closes(client, symbol) for symbol in HELD}
    with client.app.state.platform.database.transaction(Market.REAL) as session:  # type: ignore[attr-defined]
        levels = {day.isoformat(): close for day, close in index_closes(session, found["benchmark"]["id"])}
    days = sorted(series["LUMBRA"])[-LOOKBACK - 1 :]
    table = np.array([[series[symbol][day] for day in days] for symbol in HELD])
    values = table[:, -1] * np.array(list(HELD.values()))
    weights = values / values.sum()
    returns = ((table[:, 1:] / table[:, :-1] - 1.0).T @ weights).ravel()
    index = np.array([levels[day] for day in days])
    benchmark = index[1:] / index[:-1] - 1.0

    risk = found["market_risk"]
    assert found["window"]["sessions"] == LOOKBACK
    assert found["charts"]["performance"]["dates"] == days[1:]
    assert found["charts"]["performance"]["portfolio_returns"] == pytest.approx(returns.tolist(), abs=1e-12)
    assert found["charts"]["performance"]["benchmark_returns"] == pytest.approx(benchmark.tolist(), abs=1e-12)
    assert risk["volatility"] == pytest.approx(returns.std(ddof=1) * math.sqrt(252), rel=1e-9)
    assert risk["portfolio_volatility"] == risk["volatility"]
    assert risk["var_95"] == pytest.approx(-np.quantile(returns, 0.05), rel=1e-9)
    assert risk["cvar_95"] == pytest.approx(-returns[returns <= np.quantile(returns, 0.05)].mean(), rel=1e-9)
    assert risk["var_99"] >= risk["var_95"] and risk["cvar_99"] >= risk["var_99"]
    together = np.cov(returns, benchmark)
    assert risk["beta"] == pytest.approx(together[0, 1] / together[1, 1], rel=1e-9)
    low, high = risk["beta_interval"]
    assert low < risk["beta"] < high
    assert risk["tracking_error"] == pytest.approx((returns - benchmark).std(ddof=1) * math.sqrt(252), rel=1e-9)
    equity = np.cumprod(1.0 + returns)
    depth = equity / np.maximum.accumulate(np.maximum(equity, 1.0)) - 1.0
    assert risk["max_drawdown"]["max_drawdown"] == pytest.approx(depth.min(), rel=1e-9)
    assert risk["max_drawdown"]["trough_date"] == days[1 + int(depth.argmin())]
    assert risk["excess_kurtosis"] == pytest.approx(risk["kurtosis"] - 3.0)

    spread = found["portfolio_risk"]
    assert spread["hhi"] == pytest.approx(float((weights**2).sum()), rel=1e-9)
    assert spread["max_position"] == pytest.approx(float(weights.max()), rel=1e-9)
    assert spread["top_3_concentration"] == pytest.approx(float(np.sort(weights)[-3:].sum()))
    assert sum(one["contribution_share"] for one in spread["marginal_contributions"]) == pytest.approx(1.0, abs=1e-9)
    assert sum(one["contribution"] for one in spread["marginal_contributions"]) == pytest.approx(risk["volatility"])
    pairs = np.corrcoef(table[:, 1:] / table[:, :-1])[np.triu_indices(len(HELD), 1)]
    assert spread["max_correlation"] == pytest.approx(pairs.max(), abs=1e-9)
    assert sum(one["allocation"] for one in found["charts"]["sectors"]) == pytest.approx(1.0)


def test_more_of_everything_is_the_same_risk(client: TestClient) -> None:
    one, other = made(client, **HELD), made(client, "Twice", **{name: 2 * count for name, count in HELD.items()})
    first, second = analyzed(client, one), analyzed(client, other)
    assert first["market_risk"] == second["market_risk"]
    assert first["portfolio_risk"] == second["portfolio_risk"]
    assert float(second["value"]) == pytest.approx(2 * float(first["value"]))
    days = {row["symbol"]: row["days"] for row in first["liquidity"]["holdings"]}
    for row in second["liquidity"]["holdings"]:
        assert row["days"] == pytest.approx(2 * days[row["symbol"]])


def test_the_same_question_has_the_same_answer(client: TestClient) -> None:
    portfolio = made(client, **HELD)
    first, second = analyzed(client, portfolio), analyzed(client, portfolio)
    assert {**first, "timestamp": ""} == {**second, "timestamp": ""}


def test_an_analysis_as_of_a_day_knows_nothing_after_it(client: TestClient) -> None:
    days = sorted(closes(client, "LUMBRA"))
    asof = days[-30]
    portfolio = client.post(
        URL,
        json={
            "name": "Then",
            "positions": [
                {"symbol": name, "quantity": count, "entry_price": 100, "entry_date": days[10]}
                for name, count in HELD.items()
            ],
        },
    ).json()["id"]
    found = analyzed(client, portfolio, asof=asof)
    assert found["asof"] == asof
    assert found["charts"]["performance"]["dates"] == days[-30 - LOOKBACK + 1 : -29]
    weights = {one["symbol"]: one["weight"] for one in found["portfolio_risk"]["marginal_contributions"]}
    value = {name: count * closes(client, name, asof)[asof] for name, count in HELD.items()}
    raw = client.get(f"{URL}/{portfolio}", params={"asof": asof}).json()
    assert found["value"] == raw["market_value"]
    assert set(weights) == set(value)


def test_a_portfolio_of_one_share_has_no_correlations_and_all_the_risk(client: TestClient) -> None:
    found = analyzed(client, made(client, LUMBRA=5))
    spread = found["portfolio_risk"]
    assert spread["avg_correlation"] is None
    assert spread["correlation_matrix"] == {"symbols": ["LUMBRA"], "matrix": [[1.0]]}
    assert spread["hhi"] == spread["effective_holdings"] == 1.0
    assert spread["marginal_contributions"][0]["contribution_share"] == 1.0


def test_too_little_history_says_what_is_required_and_what_there_is(client: TestClient) -> None:
    portfolio, days = made(client, **HELD), sorted(closes(client, "LUMBRA"))
    with_day = client.post(
        URL,
        json={
            "name": "Early",
            "positions": [{"symbol": "LUMBRA", "quantity": 1, "entry_price": 1, "entry_date": days[0]}],
        },
    ).json()["id"]
    error = refusal(client.post(f"{URL}/{with_day}/analyze", json={"asof": days[20]}), 400, "INSUFFICIENT_DATA")
    assert error["details"] == {"required": 126, "available": 20}
    empty = client.post(URL, json={"name": "Empty"}).json()["id"]
    error = refusal(client.post(f"{URL}/{empty}/analyze"), 400, "INSUFFICIENT_DATA")
    assert error["message"] == "Empty holds no share: there is nothing to judge"
    assert portfolio != empty


def test_bad_questions_are_refused_and_change_nothing(client: TestClient) -> None:
    portfolio = made(client, **HELD)
    before = client.get(f"{URL}/{portfolio}").json()
    refusal(client.post(f"{URL}/999999/analyze"), 404, "DATA_NOT_FOUND")
    refusal(client.post(f"{URL}/{portfolio}/analyze", json={"benchmark": "NIFTY51"}), 404, "DATA_NOT_FOUND")
    refusal(client.post(f"{URL}/{portfolio}/analyze", json={"lookback_days": 5}), 422, "VALIDATION_ERROR")
    refusal(client.post(f"{URL}/{portfolio}/analyze", json={"lookback": 100}), 422, "VALIDATION_ERROR")
    error = refusal(client.post(f"{URL}/{portfolio}/analyze", json={"asof": "2999-01-01"}), 422, "VALIDATION_ERROR")
    assert error["details"]["field"] == "asof"
    assert client.get(f"{URL}/{portfolio}").json() == before


def test_a_benchmark_goes_by_its_written_name_and_one_without_values_says_so(client: TestClient) -> None:
    portfolio = made(client, **HELD)
    usual = analyzed(client, portfolio)
    assert usual["benchmark"]["id"].startswith("SAMPLE")
    written = usual["benchmark"]["id"].replace("SAMPLE", "Sample ")
    assert analyzed(client, portfolio, benchmark=written)["market_risk"] == usual["market_risk"]
    without = analyzed(client, portfolio, benchmark="Nifty 50")
    assert without["benchmark"]["reason"] == "NIFTY 50 has 0 returns in the window, 60 are needed"
    assert without["market_risk"]["beta"] is None
    assert without["reasons"]["beta"] == without["benchmark"]["reason"]
    assert without["market_risk"]["var_95"] == usual["market_risk"]["var_95"]


def test_a_share_listed_too_late_is_left_out_and_named(client: TestClient) -> None:
    days, listed = sorted(closes(client, "LUMBRA")), sorted(closes(client, "TARANGTL"))
    asof = listed[70]  # half of the sessions up to then are a few more than 70
    portfolio = client.post(
        URL,
        json={
            "name": "Young",
            "positions": [
                {"symbol": name, "quantity": 10, "entry_price": 100, "entry_date": listed[0]}
                for name in (*HELD, "TARANGTL")
            ],
        },
    ).json()["id"]
    found = analyzed(client, portfolio, lookback_days=days.index(asof), asof=asof)
    needed = days.index(asof) // 2
    assert found["left_out"] == [{"symbol": "TARANGTL", "reason": f"70 sessions, needs {needed}"}]
    assert found["window"]["covered"] < 1.0
    assert "TARANGTL" not in found["portfolio_risk"]["correlation_matrix"]["symbols"]
    assert found["portfolio_risk"]["holdings"] == len(HELD) + 1  # it counts in the concentration in any case
