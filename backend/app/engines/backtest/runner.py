"""A run from its spec: signals, the compiled loop, trades, metrics, and the words that go with them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.engines.backtest import loop
from app.engines.backtest.account import Account
from app.engines.backtest.account import new_account as account_of
from app.engines.backtest.charges import COMPONENTS, compiled_costs, plan_of
from app.engines.backtest.core import EVENTS, FILLS, REJECTIONS, Log, Market, Orders, Rules
from app.engines.backtest.event import Context, EventRun, capacity
from app.engines.backtest.exchange import Exchange
from app.engines.backtest.orders import EVENT, FILL, ORDER, REJECTION, Product, Records
from app.engines.backtest.result import Jump, RunResult
from app.engines.backtest.spec import UNCONSTRAINED, RunSpec, engine_version
from app.engines.backtest.tables import event_columns, fill_columns, rejection_columns, trade_columns
from app.engines.backtest.trades import OPEN, TRADE, fold_trades
from app.engines.backtest.words import assumptions, unverified, warnings
from app.engines.bars import Bars, Prices
from app.engines.risk.metrics import drawdowns, session_closes
from app.engines.risk.report import ClosedTrades, run_report
from app.engines.strategies.base import Answer, EventStrategy, Signals, Strategy, Weights

F1 = NDArray[np.float64]
F2 = NDArray[np.float64]
I1 = NDArray[np.int64]

PRODUCTS = len(Product)
LOG_ROWS = 1024  # to begin with; doubled whenever the loop asks for more
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
    notes : what else a reader must know of the data, such as missing sessions; the first of the warnings

    Raises
    ------
    ValueError : an input does not fit the spec (named in the message), or a strategy's answer has the wrong shape.
    Whatever a strategy raises goes through.
    """
    _check(spec, bars, exchange)
    bars, dividends, exchange = _by_key(bars, dividends, exchange)
    signals = [_signals(spec, i, bars, strategies) for i in range(len(spec.books))]
    products = [Product[strategies[book.strategy_id].product] for book in spec.books]
    decisions = _decisions(spec, bars, signals, products)
    market, rules = _market(bars, dividends, exchange), rules_of(spec, bars, exchange)
    events = [(i, strategies[book.strategy_id], book) for i, book in enumerate(spec.books)]
    asked = [(i, s, s.params(b.params)) for i, s, b in events if isinstance(s, EventStrategy)]

    def simulated(over: Market, under: Rules) -> Outcome:
        if asked:
            return play(bars, over, decisions, under, asked, spec.book_names, capital=spec.initial_capital)
        return simulate(over, decisions, under, capital=spec.initial_capital, start=bars.start)

    outcome = simulated(market, rules)
    twin = naive_twin(market, rules, simulated, outcome.curves.equity[-1])
    return _result(spec, bars, outcome, dividends is not None, jumps, notes, exchange, twin)


def rules_of(spec: RunSpec, bars: Bars | None = None, exchange: Exchange | None = None) -> Rules:
    """What the core has to know of a spec; the bars are needed for a broker's charges."""
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
    )


def new_account(capital: float, books: int, instruments: int) -> Account:
    """An account with cash and no position."""
    return account_of(capital, books, instruments, PRODUCTS)


def new_orders(capacity: int) -> Orders:
    """No orders, with room for some."""
    return Orders(np.zeros(capacity, ORDER), np.zeros(1, np.int64))


def new_log(rows: int, instruments: int) -> Log:
    """An empty log, with room for `rows` of each kind."""
    return Log(
        np.zeros(rows, FILL),
        np.zeros((rows, len(COMPONENTS))),
        np.zeros(rows, REJECTION),
        np.zeros(rows, EVENT),
        np.zeros(4, np.int64),
        np.zeros(instruments),
    )


def simulate(market: Market, decisions: loop.Decisions, rules: Rules, *, capital: float, start: int = 0) -> Outcome:
    """Run the loop over all bars from `start`, giving it a larger log whenever it is full."""
    bars, instruments = market.close.shape
    slots = decisions.books.size * instruments
    account, orders = new_account(capital, decisions.books.size, instruments), new_orders(4 * slots)
    log = new_log(LOG_ROWS, instruments)
    curves = loop.Curves(np.full(bars, np.nan), np.full(bars, np.nan), np.full(bars, np.nan))
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
    curves = loop.Curves(np.full(count, np.nan), np.full(count, np.nan), np.full(count, np.nan))
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

    return Log(grown(log.fills), grown(log.components), grown(log.rejections), grown(log.events), log.used, log.traded)


def _check(spec: RunSpec, bars: Bars, exchange: Exchange | None) -> None:
    if spec.engine_version != engine_version():
        raise ValueError(f"engine_version: the spec is for {spec.engine_version}, this engine is {engine_version()}")
    if spec.policy != UNCONSTRAINED:
        raise ValueError(f"policy: this engine applies no policy, got {spec.policy!r}")
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
    answer = strategy.signals(bars, strategy.params(book.params))
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
    valid, hold = np.ones((books, 2), np.int64), np.zeros((books, 2), np.int64)
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
        valid[book, side], hold[book, side] = answer.valid, answer.hold or 0
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


def naive_twin(
    market: Market, rules: Rules, simulated: Callable[[Market, Rules], Outcome], final: float
) -> dict[str, Any]:
    """What an engine without bands, ticks, charges, caps and slippage would have said, and where the difference lies.

    One cause after another is switched on, in the order listed; the difference of each is that of the final equities
    before and after it, in whole paise, so that they add up from the naive figure to the run's own exactly. A cause
    that the run does not have is not in the list. The order matters a little: causes act on one another.
    """
    nothing = Exchange.none(market.close.shape[1], market.last)
    bare_market = market._replace(
        tick=nothing.tick, lower=nothing.lower, upper=nothing.upper, spread=nothing.spread, delivered=nothing.delivered
    )
    bare_rules = rules._replace(
        costs=compiled_costs("none", 0.0, [], np.empty(0, np.int64)), slippage=0.0, impact=0.0, volume_cap=0.0,
        settle_next_session=False, cushion=0.0,
    )  # fmt: skip
    rungs: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
        ("slippage", {}, {"slippage": rules.slippage, "impact": rules.impact}),
        ("charges", {}, {"costs": rules.costs, "cushion": rules.cushion}),
        ("ticks and spread", {"tick": market.tick, "spread": market.spread}, {}),
        ("price bands and trade-for-trade",
         {"lower": market.lower, "upper": market.upper, "delivered": market.delivered}, {}),
        ("volume cap", {}, {"volume_cap": rules.volume_cap}),
        ("settlement", {}, {"settle_next_session": rules.settle_next_session}),
    ]  # fmt: skip
    at_market, at_rules = bare_market, bare_rules
    steps: list[tuple[str, Market, Rules]] = []
    for cause, of_market, of_rules in rungs:
        active = any(not _same(getattr(at_market, name), value) for name, value in of_market.items())
        active = active or any(not _same(getattr(at_rules, name), value) for name, value in of_rules.items())
        if active:
            at_market, at_rules = at_market._replace(**of_market), at_rules._replace(**of_rules)
            steps.append((cause, at_market, at_rules))
    if not steps:
        return {"final_equity": round(final, 2), "causes": []}
    finals = [simulated(bare_market, bare_rules).curves.equity[-1]]
    finals += [simulated(m, r).curves.equity[-1] for _, m, r in steps[:-1]]
    paise = [round(value * 100.0) for value in (*finals, final)]
    return {
        "final_equity": paise[0] / 100.0,
        "causes": [
            {"cause": cause, "difference": (after - before) / 100.0}
            for (cause, _, _), before, after in zip(steps, paise, paise[1:], strict=False)
        ],
    }


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, tuple):
        return all(_same(x, y) for x, y in zip(a, b, strict=True))
    return np.array_equal(a, b, equal_nan=np.asarray(a).dtype.kind == "f")


def trades_of(outcome: Outcome, fills: Records, events: Records) -> Records:
    """The trades that the log of an outcome folds to, in order of entry."""
    account = outcome.account
    trades = np.zeros(fills.size, TRADE)
    slots = account.quantity.size
    count = fold_trades(fills, events, account.mark, account.instruments, account.products, slots, trades)
    return trades[:count]


def _result(
    spec: RunSpec, bars: Bars, outcome: Outcome, with_dividends: bool, jumps: Sequence[Jump], notes: Sequence[str],
    exchange: Exchange | None, twin: dict[str, Any],
) -> RunResult:  # fmt: skip
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
        naive_twin=twin,
        assumptions=[
            *assumptions(spec, with_dividends),
            *unverified(spec, bars, fills),
            *([] if exchange is None else exchange.words),
        ],
        warnings=[*notes, *warnings(bars, trades, rejections, jumps)],
    )
