"""What stands beside a run: an index, the universe in equal parts, and cash; figures worked by hand."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest

from app.engines.backtest import run
from app.engines.backtest.benchmarks import equal_weight
from tests.engines.backtest.cases import Given, bars_of, spec_of

LAKH = 100_000.0
NAN = float("nan")


def beside(
    close: Any, index: Any = None, member: Any = None, start: int = 0, **fields: Any
) -> dict[str, dict[str, Any]]:
    close = np.asarray(close, float)
    bars = bars_of(close, close, member=member, start=start)
    nothing = np.zeros(close.shape, bool)
    spec = spec_of(["given_0"], initial_capital=LAKH, **fields)
    series = None if index is None else np.asarray(index, float)
    result = run(spec, bars, {"given_0": Given("given_0", nothing, nothing)}, benchmark=series)
    return {row["kind"]: row for row in result.benchmarks}


def test_the_universe_is_the_mean_of_its_members_moves():
    found = beside([[100, 50], [110, 50], [110, 60]])["universe"]
    assert found["equity"] == pytest.approx([LAKH, LAKH * 1.05, LAKH * 1.05 * 1.1])
    assert found["metrics"]["total_return"] == pytest.approx(0.155)


def test_who_joins_counts_from_the_next_session_and_who_does_not_trade_stands_still():
    member = [[True, False], [True, True], [True, True], [True, True]]
    found = beside([[100, 10], [110, 20], [110, NAN], [121, 40]], member=member)["universe"]
    # the second joins after its doubling; its two sessions' move comes when it trades again
    assert found["equity"] == pytest.approx([LAKH, LAKH * 1.1, LAKH * 1.1, LAKH * 1.1 * (1 + (0.1 + 1.0) / 2)])


@pytest.mark.parametrize("seed", range(8))
def test_the_universe_is_that_of_a_plain_calculation_by_row(seed):
    draw = np.random.default_rng(seed)
    shape = (60, 5)
    close = np.round(100 * np.exp(np.cumsum(draw.normal(0, 0.03, shape), axis=0)), 2)
    close[draw.random(shape) < 0.2] = NAN
    factor = np.cumprod(np.where(draw.random(shape) < 0.05, 2.0, 1.0), axis=0)
    gap, member = draw.random(shape) < 0.1, draw.random(shape) < 0.8
    rows = np.array([5, 6, 9, 20, 21, 22, 40, 59])
    work = np.full(5, NAN), np.full(5, NAN), np.zeros(5, bool)
    equity = np.full(rows.size, LAKH)
    equal_weight(close, factor, gap, member, rows, *work, equity)
    known, expected = np.full(5, NAN), [LAKH]
    for i, row in enumerate(rows):
        before = known
        for t in range(rows[i - 1] + 1 if i else 0, row + 1):
            known = np.where(np.isnan(close[t]), known, close[t] * factor[t])
        if i:
            moves = known / before - 1.0
            counts = member[rows[i - 1]] & ~gap[rows[i - 1] + 1 : row + 1].any(axis=0) & ~np.isnan(moves)
            expected.append(expected[-1] * (1.0 + moves[counts].sum() / max(counts.sum(), 1)))
    assert equity == pytest.approx(expected, rel=1e-12)


def test_warm_up_bars_are_not_in_it():
    found = beside([[100], [200], [220]], start=1)["universe"]
    assert found["equity"] == pytest.approx([LAKH, LAKH * 1.1])


def test_an_index_begins_with_the_capital_and_stands_still_where_it_is_unknown():
    close = [[100]] * 40
    index = [1000.0 + 10 * t for t in range(40)]
    index[7] = NAN
    found = beside(close, index, benchmark="NIFTY50@1")["index"]
    assert found["name"] == "NIFTY50" and found["equity"][0] == LAKH and found["equity"][-1] == LAKH * 1.39
    assert found["equity"][7] == found["equity"][6]
    assert "1 sessions without a close stand at the one before" in found["words"]


@pytest.mark.parametrize(
    ("index", "benchmark", "why"),
    [
        (None, None, "No index was chosen."),
        (None, "NIFTY50@none", "No series of NIFTY50 is stored."),
        ([NAN, 1.0, 2.0], "NIFTY50@1", "no close in the first session"),
        ([1.0, NAN, 2.0], "NIFTY50@1", "no close in 1 of 3 sessions"),
    ],
)
def test_an_index_that_cannot_be_told_is_none_with_the_reason(index, benchmark, why):
    found = beside([[100]] * 3, index, benchmark=benchmark)["index"]
    assert found["equity"] is None and found["metrics"] == {} and why in found["words"]


def test_cash_earns_the_rates_of_their_days_and_nothing_before():
    close = [[100]] * 4  # sessions from 2024-01-01 on
    found = beside(close, cash_rates=((date(2024, 1, 2), 7.0), (date(2024, 1, 4), 0.0)))["cash"]
    day = 1.07 ** (1 / 252)
    assert found["equity"] == pytest.approx([LAKH, LAKH * day, LAKH * day**2, LAKH * day**2], rel=1e-14)
    assert found["words"] == "At 7 % from 2024-01-02, 0 % from 2024-01-04, a year. Before that without interest."
    assert beside(close)["cash"]["words"] == "Without interest: no rate was given."
    with pytest.raises(ValueError, match="cash_rates: expected each day once"):
        spec_of(["given_0"], cash_rates=((date(2024, 1, 2), 7.0), (date(2024, 1, 2), 6.0)))
