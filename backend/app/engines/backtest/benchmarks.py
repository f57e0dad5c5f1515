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
from app.engines.kernels import kernel
from app.engines.risk import returns as r
from app.engines.risk.basics import gathered, returns_of
from app.engines.risk.drawdowns import max_drawdown

F1 = NDArray[np.float64]
F2 = NDArray[np.float64]
B1 = NDArray[np.bool_]
B2 = NDArray[np.bool_]
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
    equity = np.full(rows.size, capital)
    # one layout and writable: another would compile the kernel again
    close, factor = (np.require(values, np.float64, ["C", "W"]) for values in (bars.raw.close, bars.factor))
    gap, member = (np.require(values, np.bool_, ["C", "W"]) for values in (bars.gap, bars.member))
    columns = bars.shape[1]
    work = np.full(columns, np.nan), np.full(columns, np.nan), np.zeros(columns, np.bool_)
    equal_weight(close, factor, gap, member, np.ascontiguousarray(rows, np.int64), *work, equity)
    return equity


@kernel(error_model="numpy")
def equal_weight(
    close: F2, factor: F2, gap: B2, member: B2, rows: I1, before: F1, last: F1, broken: B1, equity: F1
) -> None:
    """Write what the first value of `equity` [R] becomes, held in equal parts of the members of each row's bar.

    Parameters
    ----------
    close, factor, gap, member : [T, N]; NaN closes stand at the last one known
    rows : [R], ascending bars at whose close it is rebalanced
    before, last, broken : [N], room to work in; the first two NaN

    A move across missing history, or without a price before, does not count.
    """
    done = 0
    for i in range(rows.size):
        for n in range(last.size):
            before[n], broken[n] = last[n], False
        for t in range(done, rows[i] + 1):
            for n in range(last.size):
                price = close[t, n] * factor[t, n]
                last[n] = last[n] if np.isnan(price) else price
                broken[n] |= gap[t, n]
        if i:
            total, count = 0.0, 0
            for n in range(last.size):
                move = last[n] / before[n] - 1.0
                if member[rows[i - 1], n] and not broken[n] and not np.isnan(move):
                    total += move
                    count += 1
            equity[i] = equity[i - 1] * (1.0 + total / max(count, 1))
        done = rows[i] + 1


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
