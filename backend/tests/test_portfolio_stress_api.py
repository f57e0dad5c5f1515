"""Scenarios, allocations and rebalances over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from app.database import Market
from app.schemas.portfolio_risk_out import FactorsOut, ImproveOut, RebalanceOut, StressOut
from tests.conftest import copied_database, served_application

from .test_portfolio_risk_api import HELD, URL, closes, made, refusal

pytestmark = pytest.mark.integration

OUT = {"stress": StressOut, "factors": FactorsOut, "improve": ImproveOut, "rebalance": RebalanceOut}
MORE = {**HELD, "BHAVRA": 50}


@pytest.fixture(scope="module")
def market_client(
    postgres: str, sample_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TestClient]:
    home = tmp_path_factory.mktemp("stress")
    with copied_database(postgres, sample_template) as url, served_application(url, home, home) as client:
        yield client


@pytest.fixture
def client(market_client: TestClient) -> TestClient:
    """The small market, without any portfolio."""
    with market_client.app.state.platform.database.transaction(Market.REAL) as session:  # type: ignore[attr-defined]
        session.execute(text("DELETE FROM user_portfolios"))
    return market_client


def told(client: TestClient, portfolio: int, what: str, **asked: Any) -> dict[str, Any]:
    answer = client.post(f"{URL}/{portfolio}/{what}", json={"lookback_days": 200, **asked})
    assert answer.status_code == 200, answer.text
    OUT[what].model_validate(answer.json())  # nothing more and nothing less than the contract says
    return answer.json()  # type: ignore[no-any-return]


def test_a_past_fall_is_told_by_what_the_shares_did(client: TestClient) -> None:
    portfolio = made(client, **HELD)
    replay = next(one for one in told(client, portfolio, "stress")["replays"] if one["id"] == "2024-06")
    bars = {symbol: closes(client, symbol) for symbol in HELD}
    value = {symbol: HELD[symbol] * list(bars[symbol].values())[-1] for symbol in HELD}
    fell = {symbol: bars[symbol]["2024-06-04"] / bars[symbol]["2024-06-03"] - 1.0 for symbol in HELD}
    expected = sum(value[symbol] * fell[symbol] for symbol in HELD) / sum(value.values())
    assert replay["portfolio_return"] == pytest.approx(expected, abs=1e-9)
    assert float(replay["change"]) == pytest.approx(expected * sum(value.values()), abs=0.01)
    assert {one["basis"] for one in replay["holdings"]} == {"OWN"}
    assert replay["own_share"] == pytest.approx(1.0)


def test_a_fall_before_all_prices_is_unknown_and_says_so(client: TestClient) -> None:
    replay = next(one for one in told(client, made(client, **HELD), "stress")["replays"] if one["id"] == "2020-03")
    assert replay["portfolio_return"] is None
    assert replay["reason"] == "neither the shares nor the benchmark have prices over it"
    assert {one["basis"] for one in replay["holdings"]} == {"NONE"}


def test_shocks_go_by_beta_and_a_sector_stands_in_its_place(client: TestClient) -> None:
    portfolio = made(client, **HELD)
    risk = client.post(f"{URL}/{portfolio}/analyze", json={"lookback_days": 200}).json()
    held = risk["portfolio_risk"]["marginal_contributions"]
    shock = {"name": "Capital goods halve", "market": -0.1, "sectors": {"Capital Goods": -0.5}}
    shocks = told(client, portfolio, "stress", shocks=[shock])["shocks"]
    expected = sum(one["weight"] * (-0.5 if one["sector"] == "Capital Goods" else -0.1 * one["beta"]) for one in held)
    assert shocks[-1]["portfolio_return"] == pytest.approx(expected, abs=1e-9)
    by_beta = sum(one["weight"] * one["beta"] for one in held)
    assert [one["portfolio_return"] for one in shocks[:2]] == pytest.approx([-0.1 * by_beta, -0.2 * by_beta])
    error = refusal(
        client.post(f"{URL}/{portfolio}/stress", json={"shocks": [{"name": "x", "sectors": {"Nothing": -0.5}}]}),
        422, "VALIDATION_ERROR",
    )  # fmt: skip
    assert "nothing of Nothing is held" in error["message"]


def test_a_factor_that_is_not_known_is_said_not_taken_for_zero(client: TestClient) -> None:
    portfolio = made(client, **HELD)
    found = told(client, portfolio, "factors")  # ten shares are too few to rank
    by_id = {one["id"]: one for one in found["factors"]}
    assert list(by_id) == ["market", "size", "value", "momentum", "low_volatility"]
    assert by_id["market"]["low"] < by_id["market"]["exposure"] < by_id["market"]["high"]
    assert by_id["momentum"]["exposure"] is None
    assert by_id["momentum"]["reason"] == (
        "prices of a year before are on file for fewer than 30 of the ranked shares on every day of the window"
    )
    shock = told(client, portfolio, "stress", shocks=[{"name": "m", "factors": {"momentum": -0.1}}])["shocks"][-1]
    assert shock["factors"] == {"momentum": None}
    assert shock["reasons"] == ["the exposure to momentum is not known"]


def test_five_lower_circuits_of_the_largest_holding(client: TestClient) -> None:
    portfolio = made(client, **HELD)
    found = told(client, portfolio, "stress")["circuit"]
    risk = client.post(f"{URL}/{portfolio}/analyze", json={"lookback_days": 200}).json()["portfolio_risk"]
    assert found["symbols"] == [risk["max_position_symbol"]]
    assert found["fall"] == pytest.approx(0.8**5 - 1)
    assert found["portfolio_return"] == pytest.approx(risk["max_position"] * (0.8**5 - 1))
    small = told(client, portfolio, "stress", circuit={"symbols": ["lumbra"], "sessions": 2, "band": 0.05})["circuit"]
    assert small["symbols"] == ["LUMBRA"] and small["fall"] == pytest.approx(0.95**2 - 1)
    refusal(
        client.post(f"{URL}/{portfolio}/stress", json={"circuit": {"symbols": ["BHAVRA"]}}), 422, "VALIDATION_ERROR"
    )


def test_the_cone_begins_at_one_widens_and_is_the_same_for_the_same_seed(client: TestClient) -> None:
    portfolio = made(client, **HELD)
    first, again = (told(client, portfolio, "stress", horizon=60, paths=300, seed=4)["cone"] for _ in range(2))
    assert first == again
    levels = np.array(first["levels"])
    assert levels.shape == (5, 61)
    assert (levels[:, 0] == 1.0).all()
    assert levels[4, 60] - levels[0, 60] > levels[4, 10] - levels[0, 10] > 0.0
    assert told(client, portfolio, "stress", horizon=60, paths=300, seed=5)["cone"]["levels"] != first["levels"]
    error = refusal(
        client.post(f"{URL}/{portfolio}/stress", json={"lookback_days": 100, "horizon": 101}), 422, "VALIDATION_ERROR"
    )
    assert "horizon: 101 sessions are more than the window has, 100" in error["message"]


def test_every_method_has_weights_and_a_judgement_out_of_sample(client: TestClient) -> None:
    found = told(client, made(client, **MORE), "improve", estimate_sessions=100, rebalance_every=40, max_weight=0.6)
    assert [one["id"] for one in found["methods"]] == [
        *("today", "equal", "minimum_variance", "risk_parity", "hierarchical_risk_parity", "minimum_cvar"),
        "maximum_diversification",
    ]
    assert found["limits"] == ["each holding at most 60%"]
    for one in found["methods"]:
        assert sum(row["weight"] for row in one["weights"]) == pytest.approx(1.0, abs=1e-6)
        assert one["out_of_sample"]["sessions"] == 100
        assert one["out_of_sample"]["rebalances"] == 3
        assert len(found["curves"]["growth"][one["id"]]) == len(found["curves"]["dates"]) == 100
    by_id = {one["id"]: one for one in found["methods"]}
    least = min(one["in_sample"]["volatility"] for one in found["methods"][1:])
    assert by_id["minimum_variance"]["in_sample"]["volatility"] <= 1.02 * least  # shrunk, so nearly the least
    assert (
        by_id["minimum_cvar"]["in_sample"]["cvar_95"]
        <= min(one["in_sample"]["cvar_95"] for one in found["methods"][1:]) * 1.02
    )
    assert by_id["today"]["turnover"] == 0.0


def test_limits_that_collide_are_named(client: TestClient) -> None:
    portfolio = made(client, **MORE)
    asked = {"estimate_sessions": 100, "max_weight": 0.15}
    found = told(client, portfolio, "improve", **asked)
    for one in found["methods"][2:]:
        assert one["weights"] is None
        assert one["colliding"] == ["each holding at most 15%"]
    error = refusal(
        client.post(f"{URL}/{portfolio}/rebalance", json={"lookback_days": 200, **asked}), 422, "VALIDATION_ERROR"
    )
    assert error["details"]["colliding"] == ["each holding at most 15%"]
    refusal(
        client.post(f"{URL}/{portfolio}/improve", json={**asked, "lookback_days": 200, "keep": ["CORALISX"]}),
        422,
        "VALIDATION_ERROR",
    )
    refusal(client.post(f"{URL}/{portfolio}/improve", json={"max_weight": 20}), 422, "VALIDATION_ERROR")


def test_too_few_sessions_or_shares_are_said(client: TestClient) -> None:
    portfolio = made(client, **MORE)
    error = refusal(
        client.post(f"{URL}/{portfolio}/improve", json={"lookback_days": 200, "estimate_sessions": 252}),
        400,
        "INSUFFICIENT_DATA",
    )
    assert error["details"] == {"required": 252, "available": 200}
    short = told(client, portfolio, "improve", estimate_sessions=190)["methods"][2]["out_of_sample"]
    assert short == {"reason": "200 sessions, 253 are needed: 190 to estimate and 63 after"}
    one = made(client, "One", LUMBRA=1)
    error = refusal(client.post(f"{URL}/{one}/improve", json={"lookback_days": 200}), 400, "INSUFFICIENT_DATA")
    assert error["details"] == {"required": 2, "available": 1}


def test_a_rebalance_is_in_whole_shares_pays_its_charges_and_spends_no_more_than_there_is(client: TestClient) -> None:
    portfolio = made(client, LUMBRA=4000, ARUVI=150)
    weights = {"LUMBRA": 0.3, "ARUVI": 0.7}
    found = told(client, portfolio, "rebalance", weights=weights)
    bought, sold, charges, left = (Decimal(found[name]) for name in ("bought", "sold", "charges", "cash_left"))
    assert left == sold - bought - charges
    assert left >= 0
    assert charges == sum(Decimal(one) for one in found["charges_by_line"].values())
    held = {one["symbol"]: one for one in client.get(f"{URL}/{portfolio}").json()["positions"]}
    whole = sum(Decimal(one["market_value"]) for one in held.values())
    for trade in found["trades"]:
        assert isinstance(trade["quantity"], int) and trade["quantity"] > 0
        assert Decimal(trade["value"]) == trade["quantity"] * Decimal(str(held[trade["symbol"]]["ltp"]))
        sign = 1 if trade["side"] == "buy" else -1
        after = (held[trade["symbol"]]["quantity"] + sign * trade["quantity"]) * Decimal(str(trade["price"]))
        assert abs(float(after / whole) - weights[trade["symbol"]]) < 1.5 * trade["price"] / float(whole) + 0.002
    assert client.get(f"{URL}/{portfolio}").json()["version"] == 2  # nothing was entered


def test_cash_put_in_is_spent_and_cash_taken_out_is_raised(client: TestClient) -> None:
    portfolio = made(client, LUMBRA=4000, ARUVI=150)
    now = {one["symbol"]: one["allocation_pct"] / 100 for one in client.get(f"{URL}/{portfolio}").json()["positions"]}
    more = told(client, portfolio, "rebalance", weights=now, cash="50000")
    assert {one["side"] for one in more["trades"]} == {"buy"}
    assert 0 <= Decimal(more["cash_left"]) < 3000
    less = told(client, portfolio, "rebalance", weights=now, cash="-50000")
    assert {one["side"] for one in less["trades"]} == {"sell"}
    assert abs(Decimal(less["cash_left"])) < 3000


def test_weights_that_make_no_sense_are_refused(client: TestClient) -> None:
    portfolio = made(client, **HELD)
    for weights in ({"LUMBRA": 0.7, "ARUVI": 0.7}, {"BHAVRA": 1.0}, {"LUMBRA": -0.1}):
        answer = client.post(f"{URL}/{portfolio}/rebalance", json={"lookback_days": 200, "weights": weights})
        refusal(answer, 422, "VALIDATION_ERROR")
    refusal(
        client.post(
            f"{URL}/{portfolio}/rebalance", json={"lookback_days": 200, "weights": {"LUMBRA": 1}, "plan": "nobody"}
        ),
        422,
        "VALIDATION_ERROR",
    )


def test_a_rebalance_tells_its_tax_and_what_waiting_saves(client: TestClient) -> None:
    """Bought 100 days ago at 1 rupee: every rupee of it is a short-term gain, 20 % and 4 % cess of it. After twelve
    months it is long-term: 12.5 % beyond 1.25 lakh, and 4 % cess."""
    today = client.app.state.platform.portfolios.today()  # type: ignore[attr-defined]
    bought = today - timedelta(days=100)
    lots = [
        {"symbol": "LUMBRA", "quantity": 4000, "entry_price": 1, "entry_date": bought.isoformat()},
        {"symbol": "ARUVI", "quantity": 150, "entry_price": 1, "entry_date": bought.isoformat()},
    ]
    portfolio = client.post(URL, json={"name": "Young", "positions": lots}).json()["id"]
    found = told(client, portfolio, "rebalance", weights={"ARUVI": 1.0}, plan="none")
    tax = found["tax"]
    sale = next(one for one in found["trades"] if one["side"] == "sell")
    [line] = tax["sales"]
    gain = Decimal(line["short_term_gain"])
    # 4,000 shares at the close less 4,000 rupees, less what the sale cost but for the transaction tax
    proceeds = Decimal(sale["value"])
    assert Decimal("0") <= proceeds - 4000 - gain < Decimal(sale["charges"])
    assert Decimal(line["long_term_gain"]) == 0
    assert abs(Decimal(tax["cost"]) - gain * Decimal("0.208")) < 1
    wait = line["wait"]
    until = date(bought.year + 1, bought.month, bought.day) + timedelta(days=1)
    assert wait["until"] == until.isoformat()
    assert wait["days"] == (until - today).days
    later = max(gain - 125_000, Decimal(0)) * Decimal("0.13")
    assert abs(Decimal(wait["saves"]) - (gain * Decimal("0.208") - later)) < 1
    old = told(client, portfolio, "rebalance", weights={"ARUVI": 1.0}, asof=today.isoformat())
    assert old["tax"]["reason"] == f"tax is estimated for sales of today, not of {today}"


def test_a_rebalance_without_sales_costs_no_tax(client: TestClient) -> None:
    portfolio = made(client, LUMBRA=4000, ARUVI=150)
    now = {one["symbol"]: one["allocation_pct"] / 100 for one in client.get(f"{URL}/{portfolio}").json()["positions"]}
    tax = told(client, portfolio, "rebalance", weights=now, cash="50000")["tax"]
    assert (tax["cost"], tax["sales"]) == ("0.00", [])
