"""A stored run, taken apart for whoever reads it: nothing here is in the run's bytes, all of it follows from them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from threading import Lock
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from app.engines.evidence import anatomy
from app.engines.evidence.anatomy import Luck, Month
from app.engines.risk.basics import returns_of, session_closes
from app.engines.risk.drawdowns import Drawdown
from app.services.backtests.stored import StoredRuns

F1 = NDArray[np.float64]
D1 = NDArray[np.datetime64]

SEED: Final = 0
_KEPT: Final = 16
_ROLLING: Final = 252
_SHALLOW: Final = 0.00005  # a fall that would be written as 0.00 % is none to speak of
_LOST: Final = "equity reached zero"


class RunAnalysis:
    """Takes runs apart; the newest answers are kept, for a run never changes."""

    def __init__(self, runs: StoredRuns) -> None:
        self._runs = runs
        self._kept: OrderedDict[str, dict[str, Any]] = OrderedDict()
        self._lock = Lock()

    def of(self, session: Session, run_id: str) -> dict[str, Any]:
        """Months, falls, rolling figures, distributions, positions through time, intervals and a cone of a stored run.

        Raises DataNotFoundError.
        """
        with self._lock:
            found = self._kept.get(run_id)
            # a run of one market is not there in the other
            if found is not None and self._runs.exists(session, run_id):
                self._kept.move_to_end(run_id)
                return found
        result, _ = self._runs.result(session, run_id)
        found = analysed(result)
        with self._lock:
            self._kept[run_id] = found
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return found


def analysed(result: Mapping[str, Any]) -> dict[str, Any]:
    """The analysis of a result as it was written."""
    times = np.array(result["sessions"], "datetime64[s]")
    closes = session_closes(times)
    days: D1 = times[closes].astype("datetime64[D]")
    equity = np.array(result["equity"], np.float64)[closes]
    capital, periods = float(result["spec"]["initial_capital"]), int(result["metrics"]["periods_per_year"])
    solvent = bool((equity > 0.0).all()) and equity.size > 0
    returns = returns_of(equity) if solvent else np.empty(0)
    chance = anatomy.luck(returns, periods=periods, seed=SEED) if solvent else _LOST
    trades = result["trades"]
    gains = np.array(
        [
            np.nan if still_open or pnl is None else pnl / (price * quantity)
            for still_open, pnl, price, quantity in zip(
                trades["open"], trades["pnl"], trades["entry_price"], trades["quantity"], strict=True
            )
        ],
        np.float64,
    )
    return {
        "run_id": result["run_id"],
        "days": [str(day) for day in days],
        "reason": None if solvent else _LOST,
        "months": [month._asdict() for month in anatomy.months(days, equity)] if solvent else [],
        "years": [_year(year) for year in anatomy.years(days, equity)] if solvent else [],
        "drawdowns": [_fall(fall, days) for fall in anatomy.worst_falls(equity, capital) if fall.depth <= -_SHALLOW]
        if solvent
        else [],
        "rolling_sharpe": _known(np.concatenate([[np.nan], anatomy.rolling_sharpe(returns, _ROLLING, periods)]))
        if solvent
        else [],
        "rolling_sessions": _ROLLING,
        "return_bins": _bins(returns),
        "trade_bins": _bins(gains),
        "positions": _positions(trades, days),
        "turnover": _turnover(result.get("fills") or {}, days, equity),
        "luck": chance if isinstance(chance, str) else _luck(chance, float(equity[0])),
    }


def _known(values: F1) -> list[float | None]:
    return [None if np.isnan(value) else float(value) for value in values]


def _year(year: Month) -> dict[str, Any]:
    return {"year": year.year, "value": year.value, "whole": year.whole}


def _fall(fall: Drawdown, days: D1) -> dict[str, Any]:
    assert fall.trough is not None and fall.peak is not None  # episodes have both
    last = len(days) - 1 if fall.recovery is None else fall.recovery
    return {
        "depth": fall.depth,
        "peak": None if fall.peak < 0 else str(days[fall.peak]),  # None: the opening capital
        "trough": str(days[fall.trough]),
        "recovery": None if fall.recovery is None else str(days[fall.recovery]),
        "sessions": last - max(fall.peak, 0),
    }


def _bins(values: F1) -> dict[str, Any]:
    found = anatomy.bins(values)
    return {"edges": found.edges.tolist(), "counts": found.counts.tolist()}


def _positions(trades: Mapping[str, Any], days: D1) -> list[int]:
    """Trades open at each session's close: entered by then and not yet left."""
    change = np.zeros(len(days) + 1, np.int64)
    left = [at for still_open, at in zip(trades["open"], trades["exit_at"], strict=True) if not still_open]
    for times, step in ((trades["entry_at"], 1), (left, -1)):
        at = np.array(times, "datetime64[s]").astype("datetime64[D]")  # of intraday bars they are times
        np.add.at(change, np.searchsorted(days, at), step)
    return [int(count) for count in np.cumsum(change)[:-1]]


def _turnover(fills: Mapping[str, Any], days: D1, equity: F1) -> list[dict[str, Any]]:
    """Of each month its purchases and sales in rupees, and the smaller of the two over its mean equity."""
    months = days.astype("datetime64[M]")
    names, first = np.unique(months, return_index=True)
    traded = {side: np.zeros(len(names)) for side in ("BUY", "SELL")}
    if fills.get("side"):
        at = np.searchsorted(names, np.array(fills["filled_at"], "datetime64[s]").astype("datetime64[M]"))
        value = np.array(fills["price"], np.float64) * np.array(fills["quantity"], np.float64)
        sides = np.array(fills["side"])
        for side, sums in traded.items():
            np.add.at(sums, at[sides == side], value[sides == side])
    mean = np.add.reduceat(equity, first) / np.diff([*first, len(equity)])
    return [
        {
            "year": int(str(name)[:4]),
            "month": int(str(name)[5:7]),
            "bought": float(bought),
            "sold": float(sold),
            "share": float(min(bought, sold) / average) if average > 0.0 else None,
        }
        for name, bought, sold, average in zip(names, traded["BUY"], traded["SELL"], mean, strict=True)
    ]


def _luck(found: Luck, first: float) -> dict[str, Any]:
    return {
        "intervals": {name: interval._asdict() for name, interval in found.intervals.items()},
        "cone": {"quantiles": list(anatomy.CONE), "equity": (first * found.cone).tolist()},
        "block": found.block,
        "resamples": found.resamples,
        "confidence": found.confidence,
        "seed": found.seed,
    }
