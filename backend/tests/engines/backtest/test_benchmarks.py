"""What stands beside a run: an index, the universe in equal parts, and cash; figures worked by hand."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest

from app.engines.backtest import run
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
