"""The metrics of a run, from what its account did: curves at the closes, fills, trades and the index beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.engines.backtest.frozen import Frozen
from app.engines.backtest.orders import Kind, Records, Why
from app.engines.backtest.simulate import Outcome
from app.engines.backtest.spec import RunSpec
from app.engines.backtest.stretches import Stretches
from app.engines.backtest.trades import Traded
from app.engines.bars import Bars
from app.engines.risk.excursions import excursions
from app.engines.risk.report import ClosedTrades, Report, run_report

B1 = NDArray[np.bool_]
F1 = NDArray[np.float64]


def tear_sheet(
    spec: RunSpec, bars: Bars, outcome: Outcome, frozen: Sequence[Frozen], index: dict[str, Any]
) -> tuple[Report, F1, F1]:
    """The report, and the worst and best excursion of every trade; `index` is the first of `benchmarks_of`."""
    start, traded = bars.start, outcome.traded
    adverse, favourable = excursions(
        traded.column, traded.side, traded.entry_bar, traded.exit_bar, traded.entry_price, traded.exit_price,
        bars.raw.high, bars.raw.low, bars.factor, np.flatnonzero(bars.ex_date), *_at_closes(spec, bars, outcome),
    )  # fmt: skip
    closed = traded.exit_bar >= 0
    # so that holding is counted in sessions on intraday bars too
    held = bars.session[traded.exit_bar[closed]] - bars.session[traded.entry_bar[closed]]
    shorts = short_values(bars, outcome.fills, outcome.events) if _hedged(traded, bars.shape[0]) else None
    report = run_report(
        bars.sessions[start:],
        outcome.curves.equity[start:],
        outcome.curves.exposures(start, shorts),
        closes=bars.closes[np.searchsorted(bars.closes, start) :] - start,
        capital=spec.initial_capital,
        periods=spec.periods_per_year,
        bought=traded.bought,
        sold=traded.sold,
        closed=ClosedTrades(traded.pnl[closed], held, adverse[closed], favourable[closed]),
        open_trades=int(np.count_nonzero(~closed)),
        benchmark=index["words"] if index["equity"] is None else np.array(index["equity"], np.float64),
        frozen=np.array([holding.value for holding in frozen]),
    )
    return report, adverse, favourable


def _at_closes(spec: RunSpec, bars: Bars, outcome: Outcome) -> tuple[B1 | None, B1 | None]:
    """Of each trade whether it was entered, and left, at the close of its bar; None: none was.

    Of intraday bars the end of a position by its product is taken to come before its bar's extremes, as other exits do.
    """
    if isinstance(outcome.curves, Stretches):  # of orders for the open alone
        return None, None
    fills = outcome.fills
    at = fills["kind"] == Kind.CLOSE
    if spec.timeframe == "1d":
        at |= (fills["why"] == Why.SQUARE_OFF) & (fills["reference"] == bars.dealt.close[fills["bar"], fills["column"]])
    if not at.any():
        return None, None
    entered, left = (fills["intent"][at & (fills["closing"] == closing)] for closing in (0, 1))
    trades = outcome.trades
    closed = trades["exit_bar"] >= 0
    return np.isin(trades["entry_intent"], entered), closed & np.isin(trades["exit_intent"], left)


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


def _hedged(traded: Traded, bars: int) -> bool:
    """Whether some bar closed with long and short positions."""
    if traded.side.size == 0 or (traded.side == traded.side[0]).all():
        return False
    open_ = np.zeros((2, bars + 1), np.int64)
    side = (traded.side > 0).astype(np.int64)
    np.add.at(open_, (side, traded.entry_bar), 1)
    np.add.at(open_, (side, np.where(traded.exit_bar < 0, bars, traded.exit_bar)), -1)
    return bool((np.cumsum(open_, axis=1) > 0).all(axis=0).any())
