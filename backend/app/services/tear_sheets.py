"""The tear sheet of any series: what was read, the metrics, the doubt about the Sharpe, and why a figure is missing."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from app.engines.evidence.report import significance_report
from app.engines.evidence.trials import Trials
from app.engines.risk.report import MOST_MISSING, series_report
from app.exceptions import ValidationError
from app.services.market_series import index_bars
from app.services.series_files import Series, by_session, closes_at, gap_note, growth_of, periods_a_year

DOUBT = ("probabilistic_sharpe", "min_track_record_sessions", "min_track_record_years")


class Against:
    """A benchmark: its name and its closes by day."""

    def __init__(self, name: str, days: NDArray[np.datetime64], closes: NDArray[np.float64]) -> None:
        self.name, self.days, self.closes = name, days, closes


def of_file(series: Series) -> Against:
    """The benchmark that a file holds, equity or returns."""
    daily = by_session(series)
    growth = growth_of(daily)
    known = ~np.isnan(growth)
    days, growth = daily.sessions[known], growth[known]
    if not (growth > 0.0).all():
        raise ValidationError(f"{series.name}: a benchmark is above zero; on {days[int(np.argmin(growth))]} it is not")
    if series.kind == "returns":  # what 1 became; the day before its first return it was 1
        days, growth = np.append(days[:1] - 1, days), np.append(1.0, growth)
    return Against(f"{series.name}, {series.value_column}", days, growth)


def of_index(session: Session, name: str, first: date, last: date) -> Against:
    """A stored index. Raises DataNotFoundError."""
    found = index_bars(session, name, None, last, "price", None)
    days = np.array(found["t"], "datetime64[D]")
    if days.size == 0 or days[-1] < np.datetime64(first):
        raise ValidationError(f"The series of {found['name']} ends before {first}", "benchmark")
    return Against(found["name"], days, np.array(found["c"], np.float64))


def tear_sheet(
    series: Series, *, periods: int | None = None, risk_free: float = 0.0, benchmark: Against | None = None
) -> dict[str, Any]:
    """Everything of a series as JSON.

    Parameters
    ----------
    periods : a year; None = by the distance of the rows. With several rows a day, days are measured
    risk_free : annual fraction
    benchmark : at the series' own days; of series that are not daily, its last close within the week before

    Raises
    ------
    ValidationError : the distance of the rows is unclear, or a number makes no sense.
    """
    daily = by_session(series)
    notes = [*daily.notes, *gap_note(daily)]
    if periods is None:
        periods, said = periods_a_year(daily)
        notes.append(said)
    elif periods < 1:
        raise ValidationError(f"periods per year: expected 1 or more, got {periods}")
    if not -1.0 < risk_free < 10.0:
        raise ValidationError(f"risk-free rate: expected percent a year, got {100.0 * risk_free:g}")
    equity = growth_of(daily)
    returns = daily.values if daily.kind == "returns" else None
    if returns is not None and (returns < -1.0).any():
        day = daily.sessions[int(np.nanargmin(returns))]
        notes.append(f"On {day} the return is below -100 %: nothing is compounded beyond it.")
    against = _closes(daily, benchmark, periods, notes)
    report = series_report(
        daily.sessions, equity, periods=periods, risk_free=risk_free, benchmark=against, returns=returns
    )
    values, reasons = dict(report.values), dict(report.reasons)
    known = equity[~np.isnan(equity)]
    moves = np.empty(0)
    if values["sharpe"] is not None:
        moves = returns if returns is not None else equity[1:] / equity[:-1] - 1.0
        free = float(np.expm1(np.log1p(risk_free) / periods))
        moves = moves - free
    doubt = significance_report(moves, Trials(1, None), periods=periods, undefined=reasons.get("sharpe"))
    for name in DOUBT:
        values[name] = doubt.values[name]
        if name in doubt.reasons:
            reasons[name] = doubt.reasons[name]
    if daily.kind == "returns":
        values["final_equity"] = None
        reasons["final_equity"] = "the file holds returns, no equity"
    if daily.kind == "equity" and not (known > 0.0).all():
        bad = int(np.flatnonzero(~(equity > 0.0) & ~np.isnan(equity))[0])
        notes.append(f"On {daily.sessions[bad]} equity is {equity[bad]:g}: returns are undefined from there on.")
    return {
        "file": series.name,
        "kind": series.kind,
        "date_column": series.date_column,
        "value_column": series.value_column,
        "rows": int(series.values.size),
        "first": str(daily.sessions[0]),
        "last": str(daily.sessions[-1]),
        "periods_per_year": periods,
        "risk_free": risk_free,
        "benchmark": None if benchmark is None else benchmark.name,
        "metrics": values,
        "reasons": reasons,
        "max_drawdown": report.drawdown,
        "notes": notes,
    }


def _closes(series: Series, benchmark: Against | None, periods: int, notes: list[str]) -> NDArray[np.float64] | str:
    if benchmark is None:
        return "no benchmark was given"
    closes = closes_at(series.sessions, benchmark.days, benchmark.closes, 0 if periods > 100 else 7)
    missing = int(np.isnan(closes).sum())
    if missing > MOST_MISSING * closes.size:
        return f"{benchmark.name} has no value on {missing} of {closes.size} dates"
    if missing:
        notes.append(f"{benchmark.name} has no value on {missing} of {closes.size} dates: they are left out beside it.")
    if series.kind == "equity":
        return closes
    # what it was when the first return began: the session before, or, of rarer returns, where its own begin there too
    before = series.sessions[:1] - 1
    known = periods > 100 or benchmark.days[0] == before[0]
    ahead = closes_at(before, benchmark.days, benchmark.closes, 5) if known else np.full(1, np.nan)
    return np.append(ahead, closes)
