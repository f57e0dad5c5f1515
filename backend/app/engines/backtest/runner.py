"""A run from its spec: signals, the compiled loop, trades, metrics, and the words that go with them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.engines.backtest import loop
from app.engines.backtest.core import EVENTS, FILLS, REJECTIONS, Account, Log, Orders, Rules
from app.engines.backtest.costs import COMPONENTS, Costs
from app.engines.backtest.orders import EVENT, FILL, ORDER, REJECTION, Product, Records
from app.engines.backtest.result import Jump, RunResult
from app.engines.backtest.spec import UNCONSTRAINED, RunSpec, engine_version
from app.engines.backtest.tables import event_columns, fill_columns, rejection_columns, trade_columns
from app.engines.backtest.trades import OPEN, TRADE, fold_trades
from app.engines.backtest.words import assumptions, warnings
from app.engines.bars import Bars, Prices
from app.engines.risk.metrics import drawdowns, session_closes
from app.engines.risk.report import ClosedTrades, run_report
from app.engines.strategies.base import Signals, Strategy

F1 = NDArray[np.float64]
F2 = NDArray[np.float64]

PRODUCTS = len(Product)
LOG_ROWS = 1024  # to begin with; doubled whenever the loop asks for more


class Outcome(NamedTuple):
    """The account after the last bar, everything that happened to it, and its curves over all bars."""

    account: Account
    orders: Orders
    log: Log
    curves: loop.Curves


def run(
    spec: RunSpec,
    bars: Bars,
    strategies: Mapping[str, Strategy[Any]],
    *,
    dividends: F2 | None = None,
    jumps: Sequence[Jump] = (),
    notes: Sequence[str] = (),
) -> RunResult:
    """Carry out a spec over its bars.

    Parameters
    ----------
    spec : what to run
    bars : the slice the spec names: warm-up bars, then the measured ones from `bars.start`
    strategies : by id, at least those of the spec (`registry()`)
    dividends : shape [T, N], rupees for each share held into the bar, NaN or 0 on other days; None = not counted,
        which the result says
    jumps : unexplained moves of prices; those of instruments in the slice are named in the warnings
    notes : what else a reader must know of the data, such as missing sessions; the first of the warnings

    Raises
    ------
    ValueError : an input does not fit the spec (named in the message), or a strategy's answer has the wrong shape.
    Whatever a strategy raises goes through.
    """
    _check(spec, bars)
    bars, dividends = _by_key(bars, dividends)
    signals = [_signals(spec, i, bars, strategies) for i in range(len(spec.books))]
    market = _market(bars, dividends)
    outcome = simulate(
        market, _decisions(spec, bars, signals), rules_of(spec), capital=spec.initial_capital, start=bars.start
    )
    return _result(spec, bars, outcome, dividends is not None, jumps, notes)


def rules_of(spec: RunSpec) -> Rules:
    """What the core has to know of a spec."""
    return Rules(Costs(spec.costs.bps / 10_000.0), spec.slippage_bps / 10_000.0, spec.max_positions or 0)


def new_account(capital: float, books: int, instruments: int) -> Account:
    """An account with cash and no position."""
    slots = books * instruments * PRODUCTS
    book, column, _ = np.unravel_index(np.arange(slots), (books, instruments, PRODUCTS))
    return Account(
        instruments,
        PRODUCTS,
        book.astype(np.int64),
        column.astype(np.int64),
        np.array([capital]),
        np.zeros(slots),
        np.zeros(slots),
        np.zeros(slots),
        np.zeros(slots, np.int64),
        np.zeros(1, np.int64),
    )


def new_orders(capacity: int) -> Orders:
    """No orders, with room for some."""
    return Orders(np.zeros(capacity, ORDER), np.zeros(1, np.int64))


def new_log(rows: int) -> Log:
    """An empty log, with room for `rows` of each kind."""
    return Log(
        np.zeros(rows, FILL),
        np.zeros((rows, len(COMPONENTS))),
        np.zeros(rows, REJECTION),
        np.zeros(rows, EVENT),
        np.zeros(4, np.int64),
    )


def simulate(
    market: loop.Market, decisions: loop.Decisions, rules: Rules, *, capital: float, start: int = 0
) -> Outcome:
    """Run the loop over all bars from `start`, giving it a larger log whenever it is full."""
    bars, instruments = market.close.shape
    slots = decisions.books.size * instruments * PRODUCTS
    account, orders = new_account(capital, decisions.books.size, instruments), new_orders(slots)
    log = new_log(LOG_ROWS)
    curves = loop.Curves(np.full(bars, np.nan), np.full(bars, np.nan), np.full(bars, np.nan))
    at = start
    while True:
        at = loop.run_bars(at, bars, market, decisions, account, orders, rules, log, curves)
        if at >= bars:
            return Outcome(account, orders, log, curves)
        log = _larger(log, slots)


def _larger(log: Log, slots: int) -> Log:
    def grown(rows: Any) -> Any:
        more = np.zeros((len(rows) + max(len(rows), 2 * slots + 1), *rows.shape[1:]), rows.dtype)
        more[: len(rows)] = rows
        return more

    return Log(grown(log.fills), grown(log.components), grown(log.rejections), grown(log.events), log.used)


def _check(spec: RunSpec, bars: Bars) -> None:
    if spec.engine_version != engine_version():
        raise ValueError(f"engine_version: the spec is for {spec.engine_version}, this engine is {engine_version()}")
    if spec.policy != UNCONSTRAINED:
        raise ValueError(f"policy: this engine applies no policy, got {spec.policy!r}")
    if spec.market_rules != "none":
        raise ValueError(f"market_rules: this engine knows no exchange rules, got {spec.market_rules!r}")
    if bars.timeframe != spec.timeframe:
        raise ValueError(f"timeframe: the spec says {spec.timeframe}, the bars are {bars.timeframe}")
    if bars.start >= bars.shape[0]:
        raise ValueError(f"bars: none between {spec.start} and {spec.end}")
    first, last = (bars.sessions[i].astype("datetime64[D]").item() for i in (bars.start, -1))
    if first < spec.start or last > spec.end:
        raise ValueError(f"bars: measured from {first} to {last}, the spec asks for {spec.start} to {spec.end}")
    for name, prices in (("open", bars.raw.open), ("close", bars.raw.close)):
        bad = np.argwhere(prices <= 0.0)
        if bad.size:
            t, n = bad[0]
            raise ValueError(
                f"bars: {name} of {bars.symbols[n]} on {bars.sessions[t]} is {prices[t, n]}, expected above 0"
            )


def _by_key(bars: Bars, dividends: F2 | None) -> tuple[Bars, F2 | None]:
    """The same with columns in the order of the keys: no result may depend on how columns happened to stand."""
    if dividends is not None and dividends.shape != bars.shape:
        raise ValueError(f"dividends: expected shape {bars.shape}, got {dividends.shape}")
    order = sorted(range(len(bars.keys)), key=bars.keys.__getitem__)
    if order == list(range(len(order))):
        return bars, dividends
    ordered = replace(
        bars,
        keys=tuple(bars.keys[n] for n in order),
        symbols=tuple(bars.symbols[n] for n in order),
        raw=Prices(*(values[:, order] for values in bars.raw)),
        raw_volume=bars.raw_volume[:, order],
        factor=bars.factor[:, order],
        gap=bars.gap[:, order],
        member=bars.member[:, order],
    )
    return ordered, None if dividends is None else dividends[:, order]


def _signals(spec: RunSpec, i: int, bars: Bars, strategies: Mapping[str, Strategy[Any]]) -> Signals:
    book = spec.books[i]
    strategy = strategies.get(book.strategy_id)
    if strategy is None:
        raise ValueError(f"strategy_id: there is no strategy {book.strategy_id!r}; there are {sorted(strategies)}")
    if strategy.source_hash != book.source_hash:
        raise ValueError(f"source_hash: {book.strategy_id} is {strategy.source_hash}, the spec says {book.source_hash}")
    signals = strategy.signals(bars, strategy.params(book.params))
    for name, array, kind in (
        ("entry", signals.entry, np.bool_),
        ("exit", signals.exit, np.bool_),
        ("rank", signals.rank, np.float64),
    ):
        if array is not None and (array.shape != bars.shape or array.dtype != kind):
            raise ValueError(
                f"strategy {book.strategy_id}: {name} must be {kind.__name__} of shape {bars.shape}, "
                f"got {array.dtype} of shape {array.shape}"
            )
    return signals


def name_hash(text: str) -> int:
    """The 64 bits that stand for a name in an intent id."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def _kernel_array(values: NDArray[Any], dtype: type[Any]) -> NDArray[Any]:
    # one layout and writable: another would compile the loop again
    return np.require(values, dtype, ["C", "W"])


def _market(bars: Bars, dividends: F2 | None) -> loop.Market:
    count, instruments = bars.shape
    step, dividend = np.ones((1, instruments)), np.zeros((1, instruments))
    ex_date = np.zeros(count, np.bool_)
    changes = bars.factor[1:] != bars.factor[:-1]
    if changes.any():
        step = np.ones((count, instruments))
        step[1:] = bars.factor[1:] / bars.factor[:-1]
        ex_date[1:] |= changes.any(axis=1)
    if dividends is not None and np.nansum(dividends) > 0.0:
        dividend = np.nan_to_num(dividends.astype(np.float64))
        ex_date |= (dividend > 0.0).any(axis=1)
    return loop.Market(
        _kernel_array(bars.raw.open, np.float64),
        _kernel_array(bars.raw.close, np.float64),
        step,
        _kernel_array(dividend, np.float64),
        ex_date,
        _kernel_array(bars.member, np.bool_),
        _kernel_array(bars.sessions.astype("datetime64[s]").astype(np.int64), np.int64),
        np.array([name_hash(key) for key in bars.keys], np.uint64),
    )


def _decisions(spec: RunSpec, bars: Bars, signals: Sequence[Signals]) -> loop.Decisions:
    """The strategies' answers as the loop reads them: entries of members in the measured window, ascending."""
    count, books = bars.shape[0], len(signals)
    entries, ranks = [], []
    for book, answer in enumerate(signals):
        allowed = answer.entry & bars.member
        allowed[: bars.start] = False
        cells = np.flatnonzero(allowed)
        entries.append(cells * books + book)
        ranks.append(np.full(cells.size, np.nan) if answer.rank is None else answer.rank.reshape(-1)[cells])
    flat, rank = np.concatenate(entries), np.concatenate(ranks)
    if books > 1:
        order = np.argsort(flat)
        flat, rank = flat[order], rank[order]
    exits = signals[0].exit[None] if books == 1 else np.stack([answer.exit for answer in signals])
    sizing = spec.sizing
    slots = bars.member.sum(axis=1, dtype=np.float64)
    if sizing.kind == "equity_per_position" and spec.max_positions is not None:
        slots = np.full(count, float(spec.max_positions))
    return loop.Decisions(
        _kernel_array(flat, np.int64),
        _kernel_array(rank, np.float64),
        _kernel_array(exits, np.bool_),
        np.array([name_hash(name) for name in spec.book_names], np.uint64),
        np.array([book.allocation for book in spec.books], np.float64),
        slots,
        sizing.value if sizing.kind == "value" and sizing.value is not None else np.nan,
        sizing.value if sizing.kind == "quantity" and sizing.value is not None else np.nan,
    )


def trades_of(outcome: Outcome, fills: Records, events: Records) -> Records:
    """The trades that the log of an outcome folds to, in order of entry."""
    account = outcome.account
    trades = np.zeros(fills.size, TRADE)
    slots = account.quantity.size
    count = fold_trades(fills, events, account.mark, account.instruments, account.products, slots, trades)
    return trades[:count]


def _result(
    spec: RunSpec, bars: Bars, outcome: Outcome, with_dividends: bool, jumps: Sequence[Jump], notes: Sequence[str]
) -> RunResult:
    log, start = outcome.log, bars.start
    fills, events = log.fills[: log.used[FILLS]], log.events[: log.used[EVENTS]]
    rejections = log.rejections[: log.used[REJECTIONS]]
    trades = trades_of(outcome, fills, events)
    closed = trades[trades["exit_why"] != OPEN]
    # the index of each bar's session, so that holding is counted in sessions on intraday bars too
    day = np.searchsorted(session_closes(bars.sessions), np.arange(bars.shape[0]))
    value = fills["quantity"] * fills["price"]
    equity, holdings = outcome.curves.equity[start:], outcome.curves.holdings[start:]
    report = run_report(
        bars.sessions[start:],
        equity,
        holdings,
        capital=spec.initial_capital,
        periods=spec.periods_per_year,
        bought=float(value[fills["side"] > 0].sum()),
        sold=float(value[fills["side"] < 0].sum()),
        closed=ClosedTrades(np.ascontiguousarray(closed["pnl"]), day[closed["exit_bar"]] - day[closed["entry_bar"]]),
        open_trades=trades.size - closed.size,
    )
    daily_return = np.full(equity.size, np.nan)
    np.divide(equity[1:], equity[:-1], out=daily_return[1:], where=equity[:-1] > 0.0)
    daily_return[1:] -= 1.0
    member, traded = bars.member[start:], ~np.isnan(bars.raw.close[start:])
    return RunResult(
        spec=spec,
        sessions=bars.sessions[start:],
        equity=equity,
        cash=outcome.curves.cash[start:],
        exposure=np.divide(holdings, equity, out=np.zeros_like(equity), where=equity > 0.0),
        drawdown=drawdowns(equity, spec.initial_capital),
        daily_return=daily_return,
        state=[UNCONSTRAINED.upper()] * equity.size,
        trades=trade_columns(trades, spec, bars),
        fills=fill_columns(fills, log.components, spec, bars),
        rejections=rejection_columns(rejections, spec, bars),
        events=event_columns(events, spec, bars),
        metrics=report.values,
        reasons=report.reasons,
        drawdown_sessions=report.drawdown,
        coverage={"member_days": int(member.sum()), "traded": int((member & traded).sum())},
        assumptions=assumptions(spec, with_dividends),
        warnings=[*notes, *warnings(bars, trades, rejections, jumps)],
    )
