"""The metrics of a run, from what its account did: curves at the closes, fills, trades and the index beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.engines.backtest.frozen import Frozen
from app.engines.backtest.loop import Curves
from app.engines.backtest.orders import Records
from app.engines.backtest.spec import RunSpec
from app.engines.backtest.trades import OPEN
from app.engines.bars import Bars
from app.engines.risk.excursions import excursions
from app.engines.risk.report import ClosedTrades, Report, run_report

F1 = NDArray[np.float64]


def tear_sheet(
    spec: RunSpec, bars: Bars, curves: Curves, fills: Records, events: Records, trades: Records,
    frozen: Sequence[Frozen], index: dict[str, Any],
) -> tuple[Report, F1, F1]:  # fmt: skip
    """The report, and the worst and best excursion of every trade; `index` is the first of `benchmarks_of`."""
    start = bars.start
    adverse, favourable = _excursions(trades, bars)
    is_closed = trades["exit_why"] != OPEN
    closed = trades[is_closed]
    # so that holding is counted in sessions on intraday bars too
    held = bars.session[closed["exit_bar"]] - bars.session[closed["entry_bar"]]
    value = fills["quantity"] * fills["price"]
    report = run_report(
        bars.sessions[start:],
        curves.equity[start:],
        curves.holdings[start:],
        closes=bars.closes[np.searchsorted(bars.closes, start) :] - start,
        capital=spec.initial_capital,
        periods=spec.periods_per_year,
        bought=float(value[fills["side"] > 0].sum()),
        sold=float(value[fills["side"] < 0].sum()),
        closed=ClosedTrades(
            np.ascontiguousarray(closed["pnl"]),
            held,
            adverse[is_closed],
            favourable[is_closed],
        ),
        open_trades=trades.size - closed.size,
        benchmark=index["words"] if index["equity"] is None else np.array(index["equity"], np.float64),
        shorts=short_values(bars, fills, events)[start:] if _hedged(trades, bars.shape[0]) else None,
        frozen=np.array([holding.value for holding in frozen]),
    )
    return report, adverse, favourable


def _excursions(trades: Records, bars: Bars) -> tuple[F1, F1]:
    adverse, favourable = np.zeros(trades.size), np.zeros(trades.size)
    column, side, entry_bar, exit_bar, entry_price, exit_price = (
        np.ascontiguousarray(trades[name])
        for name in ("column", "side", "entry_bar", "exit_bar", "entry_price", "exit_price")
    )
    # one layout and writable: another would compile the kernel again
    high, low, factor = (np.require(v, np.float64, ["C", "W"]) for v in (bars.raw.high, bars.raw.low, bars.factor))
    excursions(column, side, entry_bar, exit_bar, entry_price, exit_price, high, low, factor, adverse, favourable)
    return adverse, favourable


def short_values(bars: Bars, fills: Records, events: Records) -> F1:
    """Value of what is held short at each close, shape [T], rupees, 0 or below.

    Folded from the log: the account keeps only the sum of both sides. As the core marks it: at the close, or at the
    last one seen, restated on ex-dates; before the first one at the price of the fill.
    """
    value = np.zeros(bars.shape[0])
    places = np.unique(fills[(fills["side"] < 0) & (fills["closing"] == 0)][["book", "column", "product"]])
    for place in places:
        mine, told = (rows[rows[["book", "column", "product"]] == place] for rows in (fills, events))
        order = np.argsort(np.concatenate([mine["sequence"], told["sequence"]]))
        bar = np.concatenate([mine["bar"], told["bar"]])[order]
        change = np.concatenate([mine["side"] * mine["quantity"], told["after"] - told["before"]])[order]
        price = np.concatenate([mine["reference"], np.full(told.size, np.nan)])[order]
        at = np.searchsorted(bar, np.arange(bars.shape[0]), side="right") - 1
        held = np.where(at >= 0, np.cumsum(change)[at], 0.0)
        column = int(place["column"])
        anchored = bars.dealt.close[:, column] * bars.factor[:, column]
        seen = np.maximum.accumulate(np.where(np.isnan(anchored), -1, np.arange(anchored.size)))
        mark = np.where(seen >= 0, anchored[seen], np.nan) / bars.factor[:, column]
        mark = np.where(np.isnan(mark) & (at >= 0), price[at], mark)
        value += np.where(held < 0.0, held * mark, 0.0)
    return value


def _hedged(trades: Records, bars: int) -> bool:
    """Whether some bar closed with long and short positions."""
    if trades.size == 0 or (trades["side"] == trades["side"][0]).all():
        return False
    open_ = np.zeros((2, bars + 1), np.int64)
    side = (trades["side"] > 0).astype(np.int64)
    np.add.at(open_, (side, trades["entry_bar"]), 1)
    np.add.at(open_, (side, np.where(trades["exit_bar"] < 0, bars, trades["exit_bar"])), -1)
    return bool((np.cumsum(open_, axis=1) > 0).all(axis=0).any())
