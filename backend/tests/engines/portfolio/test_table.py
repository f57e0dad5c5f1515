"""Many series at once say what the measures of one series say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.engines.portfolio import table
from app.engines.risk import drawdowns, moments, relative, returns, tail

from .made import random_returns


def measured(row: np.ndarray, benchmark: np.ndarray) -> dict[str, float | None]:
    equity = np.cumprod(1.0 + row)
    found = {
        "annual_return": returns.cagr(row, 252),
        "volatility": returns.volatility(row, 252),
        "sharpe": returns.sharpe(row, 252),
        "sortino": returns.sortino(row, 252),
        "max_drawdown": drawdowns.max_drawdown(equity, 1.0),
        "var_95": tail.value_at_risk(row, 0.95),
        "cvar_95": tail.expected_shortfall(row, 0.95),
        "var_99": tail.value_at_risk(row, 0.99),
        "cvar_99": tail.expected_shortfall(row, 0.99),
        "beta": relative.beta(row, benchmark),
        "skewness": moments.skewness(row),
        "kurtosis": moments.kurtosis(row),
        "downside_deviation": returns.downside_deviation(row, 252),
    }
    assert set(found) == set(table.NAMES)
    return {name: one.value for name, one in found.items()}


@pytest.mark.parametrize("sessions", [2, 20, 101, 252, 2520])
def test_each_figure_is_that_of_the_series_alone(sessions: int):
    rows = np.ascontiguousarray(random_returns(sessions, sessions, 7).T)
    benchmark = random_returns(99, sessions, 1)[:, 0]
    found = table.figures(rows, benchmark)
    for n, row in enumerate(rows):
        for name, value in measured(row, benchmark).items():
            assert found[name][n] == pytest.approx(np.nan if value is None else value, rel=1e-9, abs=1e-13, nan_ok=True)


@settings(deadline=None)
@given(st.lists(st.integers(-300, 300), min_size=2, max_size=130))
def test_ties_and_still_series_are_no_exception(moves: list[int]):
    row = np.array(moves) / 10_000.0  # many equal ones: the shortfall counts them all
    benchmark = np.linspace(-0.01, 0.01, row.size)
    found = table.figures(row[None, :], benchmark)
    for name, value in measured(row, benchmark).items():
        ours = float(found[name][0])
        if value is None:
            assert np.isnan(ours), name
        else:
            assert ours == pytest.approx(value, rel=1e-7, abs=1e-11), name


def test_covariances_and_correlations_are_numpys():
    rows = random_returns(5, 300, 9).T
    assert table.covariance(rows) == pytest.approx(np.cov(rows), rel=1e-11)
    assert table.correlation(table.covariance(rows)) == pytest.approx(np.corrcoef(rows), abs=1e-12)


def test_a_series_that_does_not_move_goes_with_no_other():
    rows = np.array([[0.01, -0.01, 0.02], [0.0, 0.0, 0.0]])
    assert table.correlation(table.covariance(rows)).tolist() == [[1.0, 0.0], [0.0, 1.0]]


def test_series_and_benchmark_must_be_of_one_length():
    with pytest.raises(ValueError, match="as many of the benchmark"):
        table.figures(np.zeros((2, 5)), np.zeros(4))
