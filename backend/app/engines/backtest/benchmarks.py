"""What stands beside a run's curve: an index, the equal-weighted universe, and cash; never traded, only looked at.

Each begins with the run's capital at the close of the first measured session, as the run's own returns do, and is
taken at session closes. What cannot be told is None with a reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.engines.backtest.result import numbers
from app.engines.backtest.spec import RunSpec
from app.engines.bars import Bars
from app.engines.risk import returns as r
from app.engines.risk.basics import gathered, returns_of
from app.engines.risk.drawdowns import max_drawdown

F1 = NDArray[np.float64]
I1 = NDArray[np.int64]

MOST_MISSING = 0.05  # of the sessions; with more of them missing an index is not shown


def benchmarks_of(spec: RunSpec, bars: Bars, index: F1 | None) -> list[dict[str, Any]]:
    """The benchmarks of a run; `index` [T] holds the index's closes at each bar (NaN unknown), None = there is none."""
    rows = bars.closes[bars.closes >= bars.start]
    capital = spec.initial_capital
    return [
        index_of(spec, bars, index),
        _shown("universe", "Equal-weighted universe", _equal_weight(bars, rows, capital), _WITHOUT, capital, spec),
        _shown("cash", "Cash", *_cash(bars, rows, capital, spec.cash_rates), capital, spec),
    ]


def index_of(spec: RunSpec, bars: Bars, index: F1 | None) -> dict[str, Any]:
    """The first of `benchmarks_of`: the index beside a run."""
    rows = bars.closes[bars.closes >= bars.start]
    capital = spec.initial_capital
    return _shown("index", _index_name(spec), *_index(spec, index, rows, capital), capital, spec)


_WITHOUT = "Members of each session in equal parts, rebalanced at each close, price returns, no costs."


def _index_name(spec: RunSpec) -> str:
    return "Index" if spec.benchmark is None else spec.benchmark.partition("@")[0]


def _index(spec: RunSpec, index: F1 | None, rows: I1, capital: float) -> tuple[F1 | None, str]:
    name = _index_name(spec)
    if spec.benchmark is None:
        return None, "No index was chosen."
    if index is None:
        return None, f"No series of {name} is stored."
    points = index[rows]
    missing = int(np.isnan(points).sum())
    if points.size == 0 or np.isnan(points[0]):
        return None, f"The series of {name} has no close in the first session of the run."
    if missing > MOST_MISSING * points.size:
        return None, f"The series of {name} has no close in {missing} of {points.size} sessions."
    points = points[_last_known(points)]
    said = f" {missing} sessions without a close stand at the one before." if missing else ""
    return capital * points / points[0], f"The index without dividends and costs.{said}"


def _last_known(values: F1) -> I1:
    """For each place that of the last value that is no NaN; the first must not be one."""
    known: I1 = np.maximum.accumulate(np.where(np.isnan(values), 0, np.arange(values.size)))
    return known


def _equal_weight(bars: Bars, rows: I1, capital: float) -> F1 | None:
    close, last = bars.close, np.full(bars.shape[1], np.nan)
    equity = np.full(rows.size, capital)
    done = 0
    for i, row in enumerate(rows.tolist()):  # by row: whole panels of intermediate values take ten times as long
        before = last
        for t in range(done, row + 1):
            last = np.where(np.isnan(close[t]), last, close[t])
        if i:
            moves = last / before - 1.0
            counts = bars.member[rows[i - 1]] & ~bars.gap[done : row + 1].any(axis=0) & ~np.isnan(moves)
            mean = moves[counts].sum() / max(int(counts.sum()), 1)
            equity[i] = equity[i - 1] * (1.0 + mean)
        done = row + 1
    return equity


def _cash(bars: Bars, rows: I1, capital: float, rates: Sequence[tuple[date, float]]) -> tuple[F1 | None, str]:
    if not rates:
        return np.full(rows.size, capital), "Without interest: no rate was given."
    days = bars.sessions[rows].astype("datetime64[D]")
    begins = np.array([day for day, _ in rates], "datetime64[D]")
    annual = np.concatenate([[0.0], [percent / 100.0 for _, percent in rates]])
    daily = np.expm1(np.log1p(annual) / 252.0)[np.searchsorted(begins, days, side="right")]
    words = ", ".join(f"{percent:g} % from {day}" for day, percent in rates)
    before = " Before that without interest." if days.size and days[0] < begins[0] else ""
    return capital * np.concatenate([[1.0], np.cumprod(1.0 + daily[1:])]), f"At {words}, a year.{before}"


def _shown(kind: str, name: str, equity: F1 | None, words: str, capital: float, spec: RunSpec) -> dict[str, Any]:
    values: dict[str, float | int | None] = {}
    reasons: dict[str, str] = {}
    if equity is not None:
        returns = returns_of(equity)
        periods = spec.periods_per_year
        values, reasons = gathered(
            {
                "total_return": r.total_return(equity, capital),
                "cagr": r.cagr(returns, periods),
                "volatility": r.volatility(returns, periods),
                "sharpe": r.sharpe(returns, periods),
                "max_drawdown": max_drawdown(equity, capital),
            }
        )
    return {
        "kind": kind,
        "name": name,
        "words": words,
        "equity": None if equity is None else numbers(equity),
        "metrics": values,
        "reasons": reasons,
    }
