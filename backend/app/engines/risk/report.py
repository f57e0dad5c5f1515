"""A tear sheet, gathered: every measure by name, and why one is missing. Of a run, or of any series."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.engines.risk import drawdowns as d
from app.engines.risk import exposure, moments, relative, tail, trades
from app.engines.risk import returns as r
from app.engines.risk.basics import F1, I1, Measure, gathered, returns_of

D1 = NDArray[np.datetime64]

DAILY: Final = 252  # periods a year of bars of a session or less
MOST_MISSING: Final = 0.05  # of the returns; a record with more of them missing is not measured
LOST: Final = "equity reached zero"


class Report(NamedTuple):
    """`values` by name (None = undefined), the reason of each None, and the deepest drawdown's sessions.

    `drawdown` has `peak`, `trough` and `recovery` as ISO dates; the reasons of None there stand under
    `max_drawdown_peak` and so on.
    """

    values: dict[str, float | int | None]
    reasons: dict[str, str]
    drawdown: dict[str, str | None]


class ClosedTrades(NamedTuple):
    """Of each closed trade: profit after costs in rupees, sessions held, and excursions (`excursions`)."""

    pnl: F1
    sessions_held: I1
    adverse: F1
    favourable: F1


def run_report(
    sessions: D1,
    equity: F1,
    at_work: exposure.Exposures,
    *,
    closes: I1,
    capital: float,
    periods: int,
    bought: float,
    sold: float,
    closed: ClosedTrades,
    open_trades: int,
    benchmark: F1 | str,
    frozen: F1 | None = None,
) -> Report:
    """The metrics of an account.

    Parameters
    ----------
    sessions : shape [T], of the measured bars
    equity : shape [T], rupees at each close
    at_work : of the same bars (`exposure.exposures_of`)
    closes : the last bar of each session
    capital : opening capital, rupees
    periods : periods a year
    bought, sold : rupees of all purchases and sales
    closed : the closed trades; `open_trades` is how many are still open
    benchmark : an index at session closes, or why there is none
    frozen : rupees of each holding that could not be sold at the end, at its last price; below zero when short

    `frozen_value` is their size, `frozen_share` that over the final equity, and `final_equity_without_frozen` the final
    equity if the long ones among them were worth nothing; nothing is gained from a short one.

    The risk-free rate is zero. Ratios use the equity at session closes; exposure uses every bar.
    """
    points, days = equity[closes], sessions[closes]
    solvent = bool((points > 0.0).all())
    returns, falls = returns_of(points) if solvent else np.empty(0), d.Falls(points, capital)
    against = returns_of(benchmark) if isinstance(benchmark, np.ndarray) else benchmark
    stuck = np.empty(0) if frozen is None else frozen
    lost = Measure(None, LOST)
    measures: dict[str, Measure] = {
        "total_return": r.total_return(equity, capital),
        **_of_curve(days, points, returns, returns, falls, periods, 0.0, solvent),
        **_beside(returns, against if solvent else LOST, periods, 0.0),
        "win_rate": trades.win_rate(closed.pnl),
        "profit_factor": trades.profit_factor(closed.pnl),
        "expectancy": trades.expectancy(closed.pnl),
        "expectancy_ratio": trades.expectancy_ratio(closed.pnl),
        "payoff": trades.payoff(closed.pnl),
        "sqn": trades.system_quality(closed.pnl),
        "kelly": trades.kelly(closed.pnl),
        "average_holding": trades.average_holding(closed.sessions_held),
        "mean_adverse_excursion": trades.mean_excursion(closed.adverse),
        "mean_favourable_excursion": trades.mean_excursion(closed.favourable),
        "exposure": at_work.time_in_market,
        "net_exposure": at_work.net if solvent else lost,
        "gross_exposure": at_work.gross if solvent else lost,
        "turnover": exposure.turnover(bought, sold, points, returns.size, periods),
        "frozen_share": exposure.frozen_share(stuck, float(equity[-1]) if equity.size else 0.0),
    }
    values, reasons = gathered(measures)
    values.update(
        frozen_value=float(np.abs(stuck).sum()),
        frozen_positions=stuck.size,
        final_equity_without_frozen=float(equity[-1] - stuck[stuck > 0.0].sum()) if equity.size else None,
        trades=int(closed.pnl.size),
        open_trades=open_trades,
        final_equity=float(equity[-1]) if equity.size else None,
        periods_per_year=periods,
        returns=int(returns.size),
    )
    drawdown, why = _drawdown_sessions(days, falls.deepest)
    return Report(values, {**reasons, **why}, drawdown)


def series_report(
    sessions: D1, equity: F1, *, periods: int, risk_free: float = 0.0, benchmark: F1 | str, returns: F1 | None = None
) -> Report:
    """The metrics of any equity curve, or of any series of returns.

    Parameters
    ----------
    sessions : shape [T]
    equity : shape [T], at the same times, NaN where it is not known: the returns into and out of it are missing, none
        is made up. Growth is from the first to the last that is known, over all periods between them, as the total
        return is. With more than 5 % of the returns missing, ratios are undefined
    periods : periods a year
    risk_free : annual; its rate a period compounds to it
    benchmark : shape [T], or why there is none; beside `returns` [T + 1], what it was before the first of them ahead
    returns : shape [T], of a series told by its returns: what 1 became of them is the equity, and that 1 the first peak

    Points that are not above zero leave what rests on returns undefined. ValueError without any known point.
    """
    known = ~np.isnan(equity)
    if not known.any():
        raise ValueError("equity: no value at all")
    points = equity[known]
    solvent = bool((points > 0.0).all())
    base = float(points[0]) if returns is None else 1.0
    against = benchmark[1:] / benchmark[:-1] - 1.0 if isinstance(benchmark, np.ndarray) else benchmark
    if returns is None or not solvent:
        returns = equity[1:] / equity[:-1] - 1.0 if solvent else np.empty(0)
        growth = _over_holes(np.flatnonzero(known), points) if solvent else returns
    else:
        growth = returns
        sessions, points, known = np.append(sessions[:1], sessions), np.append(1.0, points), np.append(True, known)
    missing, falls = int(np.isnan(returns).sum()), d.Falls(points, base)
    measures: dict[str, Measure] = {
        "total_return": r.total_return(points, base) if base > 0.0 else Measure(None, "equity begins at zero or below"),
        **_of_curve(sessions[known], points, returns, growth, falls, periods, risk_free, solvent),
        **_beside(returns, against if solvent else LOST, periods, risk_free),
    }
    if base <= 0.0 or (points < 0.0).any():
        why = Measure(None, "equity is at or below zero")
        measures.update(dict.fromkeys(_OF_DRAWDOWN, why))
    if missing > MOST_MISSING * returns.size:
        why = Measure(None, f"{missing} of {returns.size} returns are missing")
        measures.update({name: why for name in measures if name not in ("total_return", *_OF_DRAWDOWN)})
    values, reasons = gathered(measures)
    values.update(final_equity=float(points[-1]), periods_per_year=periods, returns=int(returns.size) - missing,
                  missing_returns=missing)  # fmt: skip
    drawdown: dict[str, str | None] = dict.fromkeys(("peak", "trough", "recovery"))
    if values["max_drawdown"] is None:
        return Report(values, reasons, drawdown)
    drawdown, after = _drawdown_sessions(sessions[known], falls.deepest)
    return Report(values, {**reasons, **after}, drawdown)


_OF_DRAWDOWN: Final = (
    *("max_drawdown", "mean_drawdown", "longest_drawdown", "recovery_sessions", "ulcer_index", "pain_index"),
)


def _over_holes(places: I1, points: F1) -> F1:
    """Returns between known points at these places in time, each where it ends; NaN for the periods it passed over."""
    found = np.full(int(places[-1] - places[0]), np.nan)
    found[places[1:] - places[0] - 1] = points[1:] / points[:-1] - 1.0
    return found


def _of_curve(
    sessions: D1, points: F1, returns: F1, growth: F1, falls: d.Falls, periods: int, risk_free: float, solvent: bool
) -> dict[str, Measure]:
    """What an equity curve alone tells; `risk_free` a year, `growth` the returns with those over holes."""
    free = 0.0 if risk_free == 0.0 else float(np.expm1(np.log1p(risk_free) / periods))
    of_returns: dict[str, Measure] = {
        "cagr": r.cagr(growth, periods),
        "volatility": r.volatility(returns, periods),
        "sharpe": r.sharpe(returns, periods, free),
        "sortino": r.sortino(returns, periods, free),
        "calmar": falls.calmar(growth, periods),
        "omega": r.omega(returns, free),
        "martin_ratio": falls.martin_ratio(growth, periods, risk_free),
        "downside_deviation": r.downside_deviation(returns, periods, free),
        "stability": r.stability(returns),
        "var_95": tail.value_at_risk(returns, 0.95),
        "var_99": tail.value_at_risk(returns, 0.99),
        "cvar_95": tail.expected_shortfall(returns, 0.95),
        "cvar_99": tail.expected_shortfall(returns, 0.99),
        "tail_ratio": tail.tail_ratio(returns),
        "skewness": moments.skewness(returns),
        "kurtosis": moments.kurtosis(returns),
        **_best_and_worst(sessions, points, returns, periods, solvent),
    }
    if not solvent:
        of_returns = dict.fromkeys(of_returns, Measure(None, LOST))
    return of_returns | {
        "max_drawdown": falls.max_drawdown(),
        "mean_drawdown": falls.mean_drawdown(),
        "longest_drawdown": falls.longest_drawdown(),
        "recovery_sessions": falls.recovery_periods(),
        "ulcer_index": falls.ulcer_index(),
        "pain_index": falls.pain_index(),
    }


def _best_and_worst(sessions: D1, points: F1, returns: F1, periods: int, solvent: bool) -> dict[str, Measure]:
    months = r.monthly_returns(sessions, points) if solvent else np.empty(0)
    found = {}
    for name, values, most in (("day", returns, DAILY), ("month", months, 12)):
        rare = Measure(None, f"the record has fewer than {most} values a year")
        for kind, measure in (("best", r.best), ("worst", r.worst), ("winning", r.winning_periods)):
            key = f"winning_{name}s" if kind == "winning" else f"{kind}_{name}"
            found[key] = measure(values) if periods >= most else rare
    return found


def _beside(returns: F1, benchmark: F1 | str, periods: int, risk_free: float) -> dict[str, Measure]:
    """What the returns are beside a benchmark's."""
    names = ("beta", "alpha", "correlation", "tracking_error", "information_ratio", "up_capture", "down_capture")
    if isinstance(benchmark, str):
        return dict.fromkeys(names, Measure(None, benchmark))
    free = 0.0 if risk_free == 0.0 else float(np.expm1(np.log1p(risk_free) / periods))
    return {
        "beta": relative.beta(returns, benchmark, free),
        "alpha": relative.alpha(returns, benchmark, periods, free),
        "correlation": relative.correlation(returns, benchmark),
        "tracking_error": relative.tracking_error(returns, benchmark, periods),
        "information_ratio": relative.information_ratio(returns, benchmark, periods),
        "up_capture": relative.up_capture(returns, benchmark, periods),
        "down_capture": relative.down_capture(returns, benchmark, periods),
    }


def _drawdown_sessions(sessions: D1, deepest: d.Drawdown) -> tuple[dict[str, str | None], dict[str, str]]:
    dates: dict[str, str | None] = {}
    reasons: dict[str, str] = {}
    for name, index in (("peak", deepest.peak), ("trough", deepest.trough), ("recovery", deepest.recovery)):
        dates[name] = None
        if deepest.trough is None:
            reasons[f"max_drawdown_{name}"] = d.NEVER_FELL
        elif index is None:
            reasons[f"max_drawdown_{name}"] = d.UNRECOVERED
        elif index < 0:
            reasons[f"max_drawdown_{name}"] = "the opening capital was the peak"
        else:
            dates[name] = str(sessions[index].astype("datetime64[D]"))
    return dates, reasons
