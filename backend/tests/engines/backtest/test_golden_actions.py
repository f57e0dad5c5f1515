"""The golden examples of corporate actions: what a holding and its stop become; every key of the file is looked at."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.engines.backtest import RunResult, Sizing, run
from app.engines.strategies import Signals
from tests.engines.backtest.cases import NAN, Given, bars_of, on, spec_of

# where each key of the file is tested; what is here as None is no business of the engine
WHERE = {
    "index_circuit_limits": "tests/engines/market_rules/test_rules.py",
    "index_circuit_limits_anomaly": None,  # the file itself says not to assert it
    "dynamic_band_slide": "tests/engines/market_rules/test_rules.py",
    "tick": "tests/engines/market_rules/test_rules.py",
    "bonus_adjustment": __name__,
    "demerger_example": __name__,
    "phantom_split": __name__,
    "grandfathering": None,  # of the tax on a gain
}


@pytest.fixture(scope="module")
def golden(evidence: Path) -> Any:
    return json.loads((evidence / "golden" / "market_rules.json").read_text())


def held_over(prices: list[float], factor: list[float], quantity: float, *, stop: float = NAN) -> RunResult:
    """Bought at the open of bar 1 and held; bar 2 is the ex-date. `stop` in rupees of bar 0."""
    bars = bars_of(np.array(prices)[:, None], np.array(prices)[:, None], factor=np.array(factor)[:, None])
    entry = on(bars.shape, (0, 0))
    strategy = Given("given", [[False]], [[False]])
    strategy.answer = Signals(entry, np.zeros(bars.shape, bool), stop=np.where(entry, stop, NAN))
    spec = spec_of(["given"], sizing=Sizing("quantity", quantity), initial_capital=10_000_000.0)
    return run(spec, bars, {"given": strategy})


def test_every_key_of_the_file_is_accounted_for(golden: Any) -> None:
    assert set(golden) == set(WHERE)


def test_a_bonus_multiplies_a_holding_and_divides_its_stop(golden: Any) -> None:
    case = golden["bonus_adjustment"]
    factor, price = case["factor"], 700.0
    after = [1.0, 1.0, factor, factor]
    result = held_over([701.0, 701.0, 600.0, case["futures_700_becomes"]], after, 1100, stop=price)
    assert result.trades["quantity"] == [1100.0] and result.trades["exit_quantity"] == [case["lot_1100_becomes"]]
    # a stop at 700 would be 583.33 after it: 600 holds, and 583.30, printed to the tick, is through it
    assert result.trades["exit_reason"] == ["STOP"]
    assert result.trades["exit_price"] == [pytest.approx(case["futures_700_becomes"], abs=0.05)]
    result = held_over([701.0, 701.0, 600.0, 583.4], after, 1100, stop=price)
    assert result.trades["open"] == [True]


def test_on_the_ex_date_of_a_real_bonus_the_account_moves_as_the_stock_did(golden: Any) -> None:
    check = golden["bonus_adjustment"]["daily_file_check"]
    before, open_, close = check["prev_close_raw"], check["open"], check["close"]
    factor = golden["bonus_adjustment"]["factor"]
    bars = bars_of([[before], [before], [open_]], [[before], [before], [close]], factor=[[1.0], [1.0], [factor]])
    result = run(
        spec_of(["g"], sizing=Sizing("quantity", 1000), initial_capital=before * 1000),
        bars,
        {"g": Given("g", on(bars.shape, (0, 0)), np.zeros(bars.shape, bool))},
    )
    moved = result.equity[2] / result.equity[1] - 1.0
    assert moved == pytest.approx(close / check["expected_adjusted_prev_close"] - 1.0, rel=1e-7)
    assert bars.close[2, 0] / bars.close[1, 0] - 1.0 == pytest.approx(moved)


def test_a_demerger_at_the_discovered_price_changes_no_value_but_a_fraction_of_a_share(golden: Any) -> None:
    case = golden["demerger_example"]
    factor, before, opened = case["factor"], case["prev_close_raw"], case["discovered_open"]
    assert factor == pytest.approx(before / opened, rel=1e-12)
    result = held_over([before, before, opened, opened], [1.0, 1.0, factor, factor], 1000)
    assert result.equity == pytest.approx([10_000_000.0] * 4)
    event = {name: values[0] for name, values in result.events.items()}
    assert len(result.events["at"]) == 1
    assert (event["quantity_before"], event["quantity_after"]) == (1000.0, 1101.0)
    assert event["amount"] == pytest.approx(0.4922480620155 * opened)  # the fraction, paid out at the open


def test_a_split_that_never_was_leaves_a_holding_alone(golden: Any) -> None:
    case = golden["phantom_split"]
    fell = case["close"] / case["prev_close"] - 1.0
    assert abs(fell) < 0.03, "no jump: nothing to adjust for"
    result = held_over([case["prev_close"], case["prev_close"], case["close"], case["close"]], [1.0] * 4, 1000)
    assert result.equity[2] - result.equity[1] == pytest.approx(1000 * (case["close"] - case["prev_close"]))
    assert result.events["at"] == []
