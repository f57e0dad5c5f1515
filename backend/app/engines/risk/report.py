"""The metrics of a run, gathered: every measure by name, and why one is missing."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.engines.risk import metrics as m

F1 = NDArray[np.float64]
I1 = NDArray[np.int64]


class Report(NamedTuple):
    """`values` by name (None = undefined), the reason of each None, and the deepest drawdown's sessions.

    `drawdown` has `peak`, `trough` and `recovery` as ISO dates; the reasons of None there stand under
    `max_drawdown_peak` and so on.
    """

    values: dict[str, float | int | None]
    reasons: dict[str, str]
    drawdown: dict[str, str | None]


class ClosedTrades(NamedTuple):
    """Of each closed trade: profit after costs in rupees, and sessions held."""

    pnl: F1
    sessions_held: I1


def run_report(
    sessions: NDArray[np.datetime64],
    equity: F1,
    holdings: F1,
    *,
    capital: float,
    periods: int,
    bought: float,
    sold: float,
    closed: ClosedTrades,
    open_trades: int,
) -> Report:
    """The metrics of an account.

    Parameters
    ----------
    sessions : shape [T], of the measured bars
    equity, holdings : shape [T], rupees at each close
    capital : opening capital, rupees
    periods : periods a year
    bought, sold : rupees of all purchases and sales
    closed : the closed trades; `open_trades` is how many are still open

    The risk-free rate is zero. Ratios use the equity at session closes; exposure uses every bar.
    """
    closes = m.session_closes(sessions)
    points = equity[closes]
    solvent = bool((points > 0.0).all())
    returns = m.returns_of(points) if solvent else np.empty(0)
    measures: dict[str, m.Measure] = {
        "total_return": m.total_return(equity, capital),
        "cagr": m.cagr(returns, periods),
        "volatility": m.volatility(returns, periods),
        "sharpe": m.sharpe(returns, periods),
        "sortino": m.sortino(returns, periods),
        "calmar": m.calmar(returns, points, capital, periods),
        "max_drawdown": m.max_drawdown(points, capital),
        "win_rate": m.win_rate(closed.pnl),
        "profit_factor": m.profit_factor(closed.pnl),
        "expectancy": m.expectancy(closed.pnl),
        "average_holding": m.average_holding(closed.sessions_held),
        "exposure": m.time_in_market(holdings),
        "gross_exposure": m.mean_gross_exposure(holdings, equity)
        if solvent
        else m.Measure(None, "equity reached zero"),
        "turnover": m.turnover(bought, sold, points, returns.size, periods),
    }
    values: dict[str, float | int | None] = {name: measure.value for name, measure in measures.items()}
    reasons = {name: measure.reason for name, measure in measures.items() if measure.reason is not None}
    if not solvent:
        reasons.update(dict.fromkeys(("cagr", "volatility", "sharpe", "sortino", "calmar"), "equity reached zero"))
    values.update(
        trades=int(closed.pnl.size),
        open_trades=open_trades,
        final_equity=float(equity[-1]) if equity.size else None,
        periods_per_year=periods,
        returns=int(returns.size),
    )
    drawdown, why = _drawdown_sessions(sessions[closes], points, capital)
    return Report(values, {**reasons, **why}, drawdown)


def _drawdown_sessions(
    sessions: NDArray[np.datetime64], equity: F1, capital: float
) -> tuple[dict[str, str | None], dict[str, str]]:
    deepest = m.deepest_drawdown(equity, capital)
    dates: dict[str, str | None] = {}
    reasons: dict[str, str] = {}
    for name, index in (("peak", deepest.peak), ("trough", deepest.trough), ("recovery", deepest.recovery)):
        dates[name] = None
        if deepest.trough is None:
            reasons[f"max_drawdown_{name}"] = "equity never fell below its peak"
        elif index is None:
            reasons[f"max_drawdown_{name}"] = "not recovered by the end of the run"
        elif index < 0:
            reasons[f"max_drawdown_{name}"] = "the opening capital was the peak"
        else:
            dates[name] = str(sessions[index].astype("datetime64[D]"))
    return dates, reasons
