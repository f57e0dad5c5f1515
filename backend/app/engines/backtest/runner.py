"""A run from its spec: signals, the compiled loop, trades, metrics, and the words that go with them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.engines.backtest import loop
from app.engines.backtest.account import Account
from app.engines.backtest.account import new_account as account_of
from app.engines.backtest.benchmarks import benchmarks_of
from app.engines.backtest.charges import COMPONENTS, compiled_costs, plan_of
from app.engines.backtest.core import DECISIONS, EVENTS, FILLS, REJECTIONS, Log, Market, Orders, Rules
from app.engines.backtest.event import Context, EventRun, capacity
from app.engines.backtest.exchange import Exchange
from app.engines.backtest.orders import DECISION, EVENT, FILL, ORDER, REJECTION, Product, Records
from app.engines.backtest.result import Jump, RunResult, numbers
from app.engines.backtest.spec import UNCONSTRAINED, RunSpec, engine_version, sectors_version
from app.engines.backtest.tables import (
    decision_columns,
    event_columns,
    fill_columns,
    rejection_columns,
    trade_columns,
)
from app.engines.backtest.tear_sheet import tear_sheet
from app.engines.backtest.trades import TRADE, fold_trades
from app.engines.backtest.twin import naive_twin
from app.engines.backtest.words import assumptions, policy_warnings, proxies, unverified, warnings
from app.engines.bars import Bars, Prices
from app.engines.policy.decide import REJECT, TRIM, State
from app.engines.policy.policy import NO_POLICY
from app.engines.risk.drawdowns import drawdowns
from app.engines.strategies.base import Answer, EventStrategy, Signals, Strategy, Weights

F1 = NDArray[np.float64]
F2 = NDArray[np.float64]
I1 = NDArray[np.int64]

PRODUCTS = len(Product)
LOG_ROWS = 1024  # to begin with; doubled whenever the loop asks for more
TURNOVER_SESSIONS = 20
CUSHION = 2.0  # rupees a fill: a contract note rounds its lines and the tax up by less than that


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
    exchange: Exchange | None = None,
    sectors: Mapping[str, str] | None = None,
    benchmark: F1 | None = None,
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
    exchange : the market's rules for these bars; None = switched off, as the spec must say
    sectors : sector of each instrument by its key, for a policy that limits sectors; None = not known, as the spec says
    benchmark : shape [T], closes of the index that the spec names, NaN unknown; None = no series of it
    notes : what else a reader must know of the data, such as missing sessions; the first of the warnings

    Raises
    ------
    ValueError : an input does not fit the spec (named in the message), or a strategy's answer has the wrong shape.
    Whatever a strategy raises goes through.
    """
    _check(spec, bars, exchange, sectors)
    bars, dividends, exchange = _by_key(bars, dividends, exchange)
    signals = [_signals(spec, i, bars, strategies) for i in range(len(spec.books))]
    products = [Product[book.product] for book in spec.books]
    decisions = _decisions(spec, bars, signals, products)
    market, rules = _market(bars, dividends, exchange), rules_of(spec, bars, exchange, sectors)
    events = [(i, strategies[book.strategy_id], book) for i, book in enumerate(spec.books)]
    asked = [(i, s, s.params(b.params)) for i, s, b in events if isinstance(s, EventStrategy)]

    def simulated(over: Market, under: Rules) -> Outcome:
        if asked:
            return play(bars, over, decisions, under, asked, spec.book_names, capital=spec.initial_capital)
        return simulate(over, decisions, under, capital=spec.initial_capital, start=bars.start)

    outcome = simulated(market, rules)
    twin, free = naive_twin(market, rules, simulated, outcome.curves.equity[-1])
    beside = benchmarks_of(spec, bars, benchmark)
    return _result(spec, bars, outcome, dividends is not None, jumps, notes, exchange, twin, free, beside)


def rules_of(
    spec: RunSpec,
    bars: Bars | None = None,
    exchange: Exchange | None = None,
    sectors: Mapping[str, str] | None = None,
) -> Rules:
    """What the core has to know of a spec; the bars are needed for a broker's charges and for a policy."""
    costs, assets = spec.costs, None if exchange is None else exchange.assets
    plan = plan_of(costs.plan, fraction=costs.fraction, cap=costs.cap, flat=costs.flat, depository=costs.depository)
    days: list[Any] = []
    if plan is not None and bars is not None:
        days = np.unique(bars.sessions.astype("datetime64[D]")).astype(object).tolist()
        assets = np.zeros(bars.shape[1], np.int64) if assets is None else assets
    return Rules(
        costs=compiled_costs(plan, costs.bps, days, np.empty(0, np.int64) if assets is None else assets),
        slippage=spec.slippage_bps / 10_000.0,
        impact=spec.impact_bps / 10_000.0,
        volume_cap=spec.volume_cap or 0.0,
        carry=spec.unfilled == "carry",
        max_positions=spec.max_positions or 0,
        short_delivery=spec.market_rules == "none",
        settle_next_session=spec.settle_next_session,
        fractional=spec.fractional,
        cushion=0.0 if plan is None else CUSHION,
        books=np.array([name_hash(name) for name in spec.book_names], np.uint64),
        policy=NO_POLICY if spec.policy is None else spec.policy.terms(),
        sectors=_sector_numbers(bars, sectors),
        turnover=_median_turnover(spec, bars),
    )


def _sector_numbers(bars: Bars | None, sectors: Mapping[str, str] | None) -> I1:
    """The number of each column's sector; all without one share one, so that an unknown sector has a limit, too."""
    if bars is None or sectors is None:
        return np.zeros(0 if bars is None else bars.shape[1], np.int64)
    names = {name: i for i, name in enumerate(sorted({sectors.get(key, "") for key in bars.keys}))}
    return np.array([names[sectors.get(key, "")] for key in bars.keys], np.int64)


def _median_turnover(spec: RunSpec, bars: Bars | None) -> F2:
    """Median turnover of the 20 sessions before each bar's, rupees, [T, N]; NaN with fewer than 20 on file.

    One row of NaN where no policy asks for it. A session without trade counts as zero, missing history as unknown.
    """
    if spec.policy is None or spec.policy.max_turnover_percent is None or bars is None:
        return np.full((1, 0 if bars is None else bars.shape[1]), np.nan)
    first = np.flatnonzero(np.concatenate([[True], np.diff(bars.sessions.astype("datetime64[D]").astype(int)) != 0]))
    turnover = np.add.reduceat(np.nan_to_num(bars.raw.close * bars.raw_volume), first, axis=0)
    seen = np.maximum.accumulate(~np.isnan(bars.raw.close), axis=0)[np.append(first[1:], bars.shape[0]) - 1]
    turnover[~seen] = np.nan  # not listed yet
    medians = np.full_like(turnover, np.nan)
    if len(turnover) > TURNOVER_SESSIONS:
        windows = np.lib.stride_tricks.sliding_window_view(turnover, TURNOVER_SESSIONS, axis=0)
        medians[TURNOVER_SESSIONS:] = np.median(windows[:-1], axis=2)
    session = np.searchsorted(first, np.arange(bars.shape[0]), side="right") - 1
    return _kernel_array(medians[session], np.float64)


def new_account(capital: float, books: int, instruments: int) -> Account:
    """An account with cash and no position."""
    return account_of(capital, books, instruments, PRODUCTS)


def new_orders(capacity: int) -> Orders:
    """No orders, with room for some."""
    return Orders(
        np.zeros(capacity, ORDER), np.zeros(1, np.int64), np.zeros(capacity, np.bool_), np.zeros(capacity, np.int64)
    )


def new_log(rows: int, instruments: int) -> Log:
    """An empty log, with room for `rows` of each kind."""
    return Log(
        np.zeros(rows, FILL),
        np.zeros((rows, len(COMPONENTS))),
        np.zeros(rows, REJECTION),
        np.zeros(rows, EVENT),
        np.zeros(rows, DECISION),
        np.zeros(5, np.int64),
        np.zeros(instruments),
    )


def simulate(market: Market, decisions: loop.Decisions, rules: Rules, *, capital: float, start: int = 0) -> Outcome:
    """Run the loop over all bars from `start`, giving it a larger log whenever it is full."""
    bars, instruments = market.close.shape
    slots = decisions.books.size * instruments
    account, orders = new_account(capital, decisions.books.size, instruments), new_orders(4 * slots)
    log = new_log(LOG_ROWS + 2 * decisions.entries.size, instruments)  # untouched rows cost nothing
    curves = loop.new_curves(bars)
    at = start
    while True:
        at = loop.run_bars(at, bars, market, decisions, account, orders, rules, log, curves, False)
        if at >= bars:
            return Outcome(account, orders, log, curves)
        log = _larger(log, 24 * slots)


def play(
    bars: Bars, market: Market, decisions: loop.Decisions, rules: Rules,
    asked: Sequence[tuple[int, EventStrategy[Any], Any]], names: Sequence[str], *, capital: float,
) -> Outcome:  # fmt: skip
    """Run event strategies, each as (book, strategy, parameters), beside the vectorised ones of `decisions`."""
    count, instruments = market.close.shape
    books = decisions.books.size
    curves = loop.new_curves(count)
    rows = capacity(books, instruments)
    run = EventRun(
        bars, market, decisions, rules, new_account(capital, books, instruments), new_orders(rows),
        new_log(LOG_ROWS, instruments), curves, lambda log: _larger(log, LOG_ROWS + 16 * books * instruments), names,
    )  # fmt: skip
    run.play([(strategy, Context(run, book, params)) for book, strategy, params in asked], bars.start)
    return Outcome(run.account, run.orders, run.log, curves)


def _larger(log: Log, more_rows: int) -> Log:
    def grown(rows: Any) -> Any:
        more = np.zeros((len(rows) + max(len(rows), more_rows), *rows.shape[1:]), rows.dtype)
        more[: len(rows)] = rows
        return more

    grows = ("fills", "components", "rejections", "events", "decisions")
    return log._replace(**{name: grown(getattr(log, name)) for name in grows})


def _check(spec: RunSpec, bars: Bars, exchange: Exchange | None, sectors: Mapping[str, str] | None) -> None:
    if spec.engine_version != engine_version():
        raise ValueError(f"engine_version: the spec is for {spec.engine_version}, this engine is {engine_version()}")
    known = sectors_version(sectors)
    if spec.sectors != known:
        raise ValueError(f"sectors: the spec says {spec.sectors!r}, the sectors given are {known!r}")
    if spec.policy is not None and spec.policy.max_sector_percent is not None and sectors is None:
        raise ValueError("policy.max_sector_percent: no sectors are given, so that no limit of them can be kept")
    if spec.market_rules != ("none" if exchange is None else exchange.version):
        given = "none" if exchange is None else exchange.version
        raise ValueError(f"market_rules: the spec says {spec.market_rules!r}, the rules given are {given!r}")
    if bars.timeframe != spec.timeframe:
        raise ValueError(f"timeframe: the spec says {spec.timeframe}, the bars are {bars.timeframe}")
    if bars.start >= bars.shape[0]:
        raise ValueError(f"bars: none between {spec.start} and {spec.end}")
    first, last = (bars.sessions[i].astype("datetime64[D]").item() for i in (bars.start, -1))
    if first < spec.start or last > spec.end:
        raise ValueError(f"bars: measured from {first} to {last}, the spec asks for {spec.start} to {spec.end}")
    for name, prices in bars.raw._asdict().items():
        bad = np.argwhere(prices <= 0.0)
        if bad.size:
            t, n = bad[0]
            raise ValueError(
                f"bars: {name} of {bars.symbols[n]} on {bars.sessions[t]} is {prices[t, n]}, expected above 0"
            )


def _by_key(bars: Bars, dividends: F2 | None, exchange: Exchange | None) -> tuple[Bars, F2 | None, Exchange | None]:
    """The same with columns in the order of the keys: no result may depend on how columns happened to stand."""
    if dividends is not None and dividends.shape != bars.shape:
        raise ValueError(f"dividends: expected shape {bars.shape}, got {dividends.shape}")
    order = sorted(range(len(bars.keys)), key=bars.keys.__getitem__)
    if order == list(range(len(order))):
        return bars, dividends, exchange
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
    return (
        ordered,
        None if dividends is None else dividends[:, order],
        None if exchange is None else exchange.columns(order),
    )


def _signals(spec: RunSpec, i: int, bars: Bars, strategies: Mapping[str, Strategy[Any]]) -> Answer:
    book = spec.books[i]
    strategy = strategies.get(book.strategy_id)
    if strategy is None:
        raise ValueError(f"strategy_id: there is no strategy {book.strategy_id!r}; there are {sorted(strategies)}")
    if strategy.source_hash != book.source_hash:
        raise ValueError(f"source_hash: {book.strategy_id} is {strategy.source_hash}, the spec says {book.source_hash}")
    params = strategy.params(book.params)
    strategy.require(bars, params)
    answer = strategy.signals(bars, params)
    if not isinstance(answer, Signals | Weights):
        raise ValueError(
            f"strategy {book.strategy_id}: signals must answer Signals or Weights, got {type(answer).__name__}"
        )
    _check_answer(book.strategy_id, answer, bars)
    return answer


def _check_answer(name: str, answer: Answer, bars: Bars, where: str = "") -> None:
    for field in fields(answer):
        value = getattr(answer, field.name)
        if field.name in ("entry", "exit", "target", "rank", "stop", "trail", "limit", "trigger"):
            if value is None:
                continue
            kind = np.bool_ if field.name in ("entry", "exit") else np.float64
            got = f"{value.dtype} of shape {value.shape}" if isinstance(value, np.ndarray) else type(value).__name__
            if not isinstance(value, np.ndarray) or value.shape != bars.shape or value.dtype != kind:
                raise ValueError(
                    f"strategy {name}: {where}{field.name} must be {kind.__name__} of shape {bars.shape}, got {got}"
                )
        elif field.name in ("valid", "hold") and value is not None and (type(value) is not int or value < 1):
            raise ValueError(f"strategy {name}: {where}{field.name} must be a whole number of 1 or more, got {value!r}")
        elif field.name == "risk" and value is not None and not (type(value) is float and 0.0 < value <= 1.0):
            raise ValueError(f"strategy {name}: {where}risk must be a fraction above 0 and up to 1, got {value!r}")
        elif field.name == "short" and value is not None:
            if value.short is not None:
                raise ValueError(f"strategy {name}: the short side has no short side of its own")
            _check_answer(name, value, bars, "short.")


def name_hash(text: str) -> int:
    """The 64 bits that stand for a name in an intent id."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def _kernel_array(values: NDArray[Any], dtype: type[Any]) -> NDArray[Any]:
    # one layout and writable: another would compile the loop again
    return np.require(values, dtype, ["C", "W"])


def _market(bars: Bars, dividends: F2 | None, exchange: Exchange | None = None) -> Market:
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
    days = bars.sessions.astype("datetime64[D]")
    last = np.ones(count, np.bool_)
    last[:-1] = days[1:] != days[:-1]
    session = np.zeros(count, np.int64)
    session[1:] = np.cumsum(last[:-1])
    if exchange is None:
        exchange = Exchange.none(instruments, last)
    return Market(
        open=_kernel_array(bars.raw.open, np.float64),
        high=_kernel_array(bars.raw.high, np.float64),
        low=_kernel_array(bars.raw.low, np.float64),
        close=_kernel_array(bars.raw.close, np.float64),
        volume=_kernel_array(bars.raw_volume, np.float64),
        step=step,
        dividend=_kernel_array(dividend, np.float64),
        ex_date=ex_date,
        member=_kernel_array(bars.member, np.bool_),
        seconds=_kernel_array(bars.sessions.astype("datetime64[s]").astype(np.int64), np.int64),
        session=session,
        last=last,
        square=_kernel_array(exchange.square, np.int64),
        tick=_kernel_array(exchange.tick, np.float64),
        lower=_kernel_array(exchange.lower, np.float64),
        upper=_kernel_array(exchange.upper, np.float64),
        lot=_kernel_array(exchange.lot, np.float64),
        spread=_kernel_array(exchange.spread, np.float64),
        delivered=_kernel_array(exchange.delivered, np.bool_),
        keys=np.array([name_hash(key) for key in bars.keys], np.uint64),
    )


def _entries(answer: Signals, side: int, book: int, books: int, bars: Bars) -> tuple[I1, F2]:
    """The codes and details of the entries of members in the measured window, one side of one book."""
    allowed = answer.entry & bars.member
    allowed[: bars.start] = False
    cells = np.flatnonzero(allowed)
    details = np.full((cells.size, 6), np.nan)
    if answer.rank is not None:
        details[:, loop.RANK] = answer.rank.reshape(-1)[cells]
    if answer.trail is not None:
        details[:, loop.TRAIL] = answer.trail.reshape(-1)[cells]
    factor = bars.factor.reshape(-1)[cells]
    levels = (
        (loop.STOP, answer.stop),
        (loop.TARGET, answer.target),
        (loop.LIMIT_AT, answer.limit),
        (loop.TRIGGER_AT, answer.trigger),
    )
    for place, level in levels:
        if level is not None:
            details[:, place] = level.reshape(-1)[cells] / factor  # forward-anchored to rupees of its own bar
    return (cells * books + book) * 2 + side, details


def _decisions(
    spec: RunSpec, bars: Bars, signals: Sequence[Answer], products: Sequence[int] | None = None
) -> loop.Decisions:
    """The strategies' answers as the loop reads them: entries of members in the measured window, ascending."""
    count, books = bars.shape[0], len(signals)
    parts = [(np.empty(0, np.int64), np.empty((0, 6)))]
    exits, covers = np.zeros((books, *bars.shape), np.bool_), np.zeros((books, 0, 0), np.bool_)
    valid, hold, risk = np.ones((books, 2), np.int64), np.zeros((books, 2), np.int64), np.zeros((books, 2))
    rebalances = np.zeros((books, count), np.bool_)
    targets = ranks = np.empty((0, 0, 0))
    sides = [(i, s, a) for i, answer in enumerate(signals) if isinstance(answer, Signals)
             for s, a in enumerate((answer, answer.short)) if a is not None]  # fmt: skip
    shorts = any(side for _, side, _ in sides)
    if books == 1 and sides:
        exits = sides[0][2].exit[None]
    if shorts or any(isinstance(answer, Weights) for answer in signals):
        covers = np.zeros((books, *bars.shape), np.bool_)
    for book, side, answer in sides:
        parts.append(_entries(answer, side, book, books, bars))
        valid[book, side], hold[book, side], risk[book, side] = answer.valid, answer.hold or 0, answer.risk or 0.0
        if side:
            covers[book] = answer.exit
        elif books > 1:
            exits[book] = answer.exit
    if any(isinstance(answer, Weights) for answer in signals):
        targets, ranks = (np.full((books, *bars.shape), np.nan) for _ in range(2))
        for book, weights in enumerate(signals):
            if isinstance(weights, Weights):
                targets[book] = weights.target
                rebalances[book] = ~np.isnan(weights.target).all(axis=1)
                rebalances[book, : bars.start] = False
                if weights.rank is not None:
                    ranks[book] = weights.rank
    flat, details = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    if len(sides) > 1:
        order = np.argsort(flat)
        flat, details = flat[order], details[order]
    sizing = spec.sizing
    slots = bars.member.sum(axis=1, dtype=np.float64)
    if sizing.kind == "equity_per_position" and spec.max_positions is not None:
        slots = np.full(count, float(spec.max_positions))
    return loop.Decisions(
        entries=_kernel_array(flat, np.int64),
        details=_kernel_array(details, np.float64),
        exits=_kernel_array(exits, np.bool_),
        covers=_kernel_array(covers, np.bool_),
        valid=valid,
        hold=hold,
        risk=risk,
        targets=_kernel_array(targets, np.float64),
        target_ranks=_kernel_array(ranks, np.float64),
        rebalances=rebalances,
        product=np.array([0] * books if products is None else [int(p) for p in products], np.int64),
        books=np.array([name_hash(name) for name in spec.book_names], np.uint64),
        allocation=np.array([book.allocation for book in spec.books], np.float64),
        slots=slots,
        value=sizing.value if sizing.kind == "value" and sizing.value is not None else np.nan,
        quantity=sizing.value if sizing.kind == "quantity" and sizing.value is not None else np.nan,
        this_close=spec.fill_at == "this_close",
    )


def trades_of(outcome: Outcome, fills: Records, events: Records) -> Records:
    """The trades that the log of an outcome folds to, in order of entry."""
    account = outcome.account
    trades = np.zeros(fills.size, TRADE)
    slots = account.quantity.size
    count = fold_trades(fills, events, account.mark, account.instruments, account.products, slots, trades)
    return trades[:count]


def _would_have_made(decisions: Records, free: Outcome | None) -> F1:
    """Rupees that each entry refused or cut down would have made, in the share refused, after costs; NaN = not known.

    As the same run without its policy made them, with the trade the same order began there (open ones at the last
    close). Unknown where that run did not give the order, or enlarged a position with it.
    """
    made = np.full(decisions.size, np.nan)
    if free is None:
        return made
    log = free.log
    trades = trades_of(free, log.fills[: log.used[FILLS]], log.events[: log.used[EVENTS]])
    begun = {int(intent): i for i, intent in enumerate(trades["entry_intent"])}
    for k in np.flatnonzero(np.isin(decisions["outcome"], (TRIM, REJECT))):
        i = begun.get(int(decisions["intent"][k]))
        if i is not None and decisions["wanted"][k] > 0.0:
            refused = 1.0 - decisions["granted"][k] / decisions["wanted"][k]
            made[k] = trades["pnl"][i] * refused
    return made


def _result(
    spec: RunSpec, bars: Bars, outcome: Outcome, with_dividends: bool,
    jumps: Sequence[Jump], notes: Sequence[str], exchange: Exchange | None, twin: dict[str, Any], free: Outcome | None,
    beside: list[dict[str, Any]],
) -> RunResult:  # fmt: skip
    log, start = outcome.log, bars.start
    fills, events = log.fills[: log.used[FILLS]], log.events[: log.used[EVENTS]]
    rejections, decisions = log.rejections[: log.used[REJECTIONS]], log.decisions[: log.used[DECISIONS]]
    trades = trades_of(outcome, fills, events)
    report, adverse, favourable = tear_sheet(spec, bars, outcome.curves, fills, trades, beside[0])
    equity, holdings = outcome.curves.equity[start:], outcome.curves.holdings[start:]
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
        state=[UNCONSTRAINED.upper()] * equity.size
        if spec.policy is None
        else [State(code).name for code in outcome.curves.state[start:].tolist()],
        trades=trade_columns(trades, spec, bars)
        | {"adverse_excursion": numbers(adverse), "favourable_excursion": numbers(favourable)},
        fills=fill_columns(fills, log.components, spec, bars),
        rejections=rejection_columns(rejections, spec, bars),
        events=event_columns(events, spec, bars),
        decisions=decision_columns(decisions, _would_have_made(decisions, free), spec, bars),
        metrics=report.values,
        reasons=report.reasons,
        drawdown_sessions=report.drawdown,
        coverage={"member_days": int(member.sum()), "traded": int((member & traded).sum())},
        naive_twin=twin,
        benchmarks=beside,
        assumptions=[
            *assumptions(spec, with_dividends),
            *proxies(spec),
            *unverified(spec, bars, fills),
            *([] if exchange is None else exchange.words),
        ],
        warnings=[*notes, *warnings(bars, trades, rejections, jumps), *policy_warnings(decisions, bars)],
    )
