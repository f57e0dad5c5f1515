"""Risk and returns of portfolios of real shares, against skfolio, SciPy and pyxirr, which know nothing of ours.

The figures come over HTTP from imported exchange files. What the libraries are given is read from those files by the
test itself; the one split of the time, ten Tata Steel for one on 28 July 2022, is undone by hand.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import pyxirr
from fastapi.testclient import TestClient
from scipy import stats
from skfolio import measures

from app.database import Market
from tests.conftest import copied_database, served_application

pytestmark = pytest.mark.integration

URL = "/api/portfolio/stocks"
FIRST, LAST = date(2021, 6, 1), date(2023, 12, 29)
PORTFOLIOS = {
    "banks": {"HDFCBANK": 120, "ICICIBANK": 200, "SBIN": 340, "YESBANK": 9000},
    "calm": {"HINDUNILVR": 40, "ITC": 500, "TCS": 30, "SUNPHARMA": 80, "MARUTI": 9, "TATASTEEL": 700},
    "wild": {"ADANIENT": 150, "IDEA": 20_000, "YESBANK": 15_000, "LT": 60, "BAJFINANCE": 12},
}
SPLIT = ("TATASTEEL", date(2022, 7, 28), 10)


@pytest.fixture(scope="module")
def bars(evidence: Path) -> pl.DataFrame:
    """Rows of the shares above, as the exchange published them."""
    symbols = sorted({symbol for held in PORTFOLIOS.values() for symbol in held})
    rows = pl.scan_parquet(sorted((evidence / "data" / "daily").glob("*.parquet")))
    kept = pl.col("symbol").is_in(symbols) & pl.col("date").is_between(FIRST, LAST) & (pl.col("series") == "EQ")
    return rows.filter(kept).collect()


@pytest.fixture(scope="module")
def real_client(
    evidence: Path, bars: pl.DataFrame, postgres: str, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TestClient]:
    home, folder, data = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("some"), evidence / "data"
    bars.write_parquet(folder / "nse_daily_some.parquet")
    paths = [
        folder,
        data / "masters" / "EQUITY_L_2026-04.csv",
        data / "corporate_actions" / "nse_splits_bonus_rights_2011_2022.csv",
        data / "index" / "NIFTY_50_1990_2024.csv",
    ]
    with copied_database(postgres, template) as url, served_application(url, home, folder) as client:
        platform = client.app.state.platform  # type: ignore[attr-defined]
        summary = platform.data.load(
            Market.REAL, paths, progress=lambda _fraction, _message: None, cancelled=lambda: False, strict_paths=True
        )
        assert summary.exit_code == 0, summary.lines()
        yield client


@pytest.fixture(scope="module")
def index(evidence: Path) -> dict[date, float]:
    rows = pl.read_csv(evidence / "data" / "index" / "NIFTY_50_1990_2024.csv", infer_schema=False)
    rows.columns = ["name", "day", "open", "high", "low", "close"]
    days = rows["day"].str.to_date("%d %b %Y").to_list()
    return dict(zip(days, rows["close"].cast(pl.Float64).to_list(), strict=True))


def made(client: TestClient, name: str, held: dict[str, int]) -> int:
    positions = [{"symbol": one, "quantity": count, "entry_price": 100} for one, count in held.items()]
    answer = client.post(URL, json={"name": name, "positions": positions})
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


def analyzed(client: TestClient, portfolio: int, lookback: int) -> dict[str, Any]:
    answer = client.post(f"{URL}/{portfolio}/analyze", json={"lookback_days": lookback, "benchmark": "NIFTY50"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["left_out"] == []
    return answer.json()  # type: ignore[no-any-return]


def returns_of(bars: pl.DataFrame, held: dict[str, int], lookback: int) -> tuple[list[date], np.ndarray]:
    """The sessions and the returns of today's shares in today's proportions, from the exchange's rows."""
    symbol, ex_date, shares = SPLIT
    before = (pl.col("symbol") == symbol) & (pl.col("date") < ex_date)
    close = pl.when(before).then(pl.col("close") / shares).otherwise(pl.col("close"))
    wide = bars.with_columns(close.alias("close")).pivot("symbol", index="date", values="close").sort("date")
    table = wide.select(list(held)).to_numpy()[-lookback - 1 :]
    value = table[-1] * np.array(list(held.values()))
    return wide["date"].to_list()[-lookback:], (table[1:] / table[:-1] - 1.0) @ (value / value.sum())


@pytest.mark.parametrize("name", PORTFOLIOS)
def test_losses_and_drawdown_agree_with_skfolio(real_client: TestClient, bars: pl.DataFrame, name: str) -> None:
    portfolio = made(real_client, f"losses of {name}", PORTFOLIOS[name])
    # A quantile between two returns is ours by their straight line, skfolio's the worse of the two. Of 501 returns
    # 5 % and 1 % fall on one return (500 / 20 and 500 / 100 before it), so there is nothing to choose.
    _, returns = returns_of(bars, PORTFOLIOS[name], 501)
    risk = analyzed(real_client, portfolio, 501)["market_risk"]
    assert risk["var_95"] == pytest.approx(measures.value_at_risk(returns, beta=0.95), rel=1e-9)
    assert risk["var_99"] == pytest.approx(measures.value_at_risk(returns, beta=0.99), rel=1e-9)
    # Of 500 returns 5 % and 1 % are whole numbers of days, 25 and 5, and both mean those days' loss.
    days, returns = returns_of(bars, PORTFOLIOS[name], 500)
    risk = analyzed(real_client, portfolio, 500)["market_risk"]
    assert risk["cvar_95"] == pytest.approx(measures.cvar(returns, beta=0.95), rel=1e-9)
    assert risk["cvar_99"] == pytest.approx(measures.cvar(returns, beta=0.99), rel=1e-9)
    deepest = measures.max_drawdown(measures.get_drawdowns(returns, compounded=True))
    assert risk["max_drawdown"]["max_drawdown"] == pytest.approx(-deepest, rel=1e-9)
    equity = np.cumprod(1.0 + returns)
    low = int((equity / np.maximum.accumulate(np.maximum(equity, 1.0))).argmin())
    assert risk["max_drawdown"]["trough_date"] == str(days[low])
    assert risk["volatility"] == pytest.approx(measures.standard_deviation(returns) * math.sqrt(252), rel=1e-9)
    assert risk["downside_deviation"] == pytest.approx(
        math.sqrt(float((np.minimum(returns, 0.0) ** 2).mean()) * 252), rel=1e-9
    )


@pytest.mark.parametrize("name", PORTFOLIOS)
def test_beta_and_moments_agree_with_scipy(
    real_client: TestClient, bars: pl.DataFrame, index: dict[date, float], name: str
) -> None:
    portfolio = made(real_client, f"beta of {name}", PORTFOLIOS[name])
    found = analyzed(real_client, portfolio, 500)
    days, returns = returns_of(bars, PORTFOLIOS[name], 500)
    before = bars["date"].unique().sort().to_list()[-501]
    levels = np.array([index[day] for day in (before, *days)])
    line = stats.linregress(levels[1:] / levels[:-1] - 1.0, returns)
    risk = found["market_risk"]
    assert found["benchmark"]["reason"] is None
    assert risk["beta"] == pytest.approx(line.slope, rel=1e-9)
    assert risk["correlation"] == pytest.approx(line.rvalue, rel=1e-9)
    assert risk["skewness"] == pytest.approx(stats.skew(returns), rel=1e-9)
    assert risk["excess_kurtosis"] == pytest.approx(stats.kurtosis(returns), rel=1e-9)


@pytest.mark.parametrize("name", PORTFOLIOS)
def test_the_money_weighted_return_agrees_with_pyxirr(real_client: TestClient, bars: pl.DataFrame, name: str) -> None:
    """Bought in three parts over two years at closes of their days, some sold, a dividend; charges on every trade."""
    closes = {(symbol, day): close for symbol, day, close in bars.select("symbol", "date", "close").iter_rows()}
    days = bars["date"].unique().sort().to_list()
    lines, flows = [], []

    def trade(kind: str, symbol: str, day: date, quantity: int) -> None:
        value, sign = quantity * closes[symbol, day], 1 if kind == "SELL" else -1
        lines.append(
            {"kind": kind, "date": str(day), "symbol": symbol, "quantity": quantity, "price": closes[symbol, day],
             "charges": "12.50", "stt": "3"}
        )  # fmt: skip
        flows.append((day, sign * value - 15.5))

    held = {symbol: count for symbol, count in PORTFOLIOS[name].items() if symbol != SPLIT[0]}
    worth = 0.0
    for symbol, count in held.items():
        for day, part in ((days[7], count), (days[211], count // 2), (days[400], count // 3)):
            trade("BUY", symbol, day, part)
        trade("SELL", symbol, days[520], count // 4)
        worth += (count + count // 2 + count // 3 - count // 4) * closes[symbol, LAST]
    paid = next(iter(held))
    lines.append({"kind": "DIVIDEND", "date": str(days[300]), "symbol": paid, "amount": "1234.50"})
    flows += [(days[300], 1234.5), (LAST, worth)]

    portfolio = real_client.post(URL, json={"name": f"money of {name}", "positions": []}).json()["id"]
    answer = real_client.post(f"{URL}/{portfolio}/transactions", json={"transactions": lines})
    assert answer.status_code == 201, answer.text
    told = real_client.get(f"{URL}/{portfolio}/performance", params={"end": str(LAST)}).json()
    assert float(told["end_value"]) == pytest.approx(worth, abs=0.01)
    assert told["money_weighted"] == pytest.approx(pyxirr.xirr([*flows]), rel=1e-7)
    assert told["money_weighted"] == pytest.approx(pyxirr.xirr([*flows], day_count="Actual/365F"), rel=1e-7)
