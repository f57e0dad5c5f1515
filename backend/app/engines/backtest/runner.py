"""A run from its spec: signals, the compiled loop, trades, metrics, and the words that go with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.engines.backtest.arrays import by_key, decisions_of, market_of, rules_of
from app.engines.backtest.benchmarks import benchmarks_of, index_of
from app.engines.backtest.checks import answer_of, check_inputs
from app.engines.backtest.core import DECISIONS, REJECTIONS, Market, Rules
from app.engines.backtest.exchange import Exchange
from app.engines.backtest.fills import SEQUENCE
from app.engines.backtest.frozen import frozen_columns, frozen_holdings, frozen_warning, stuck_exits
from app.engines.backtest.orders import Product, Records
from app.engines.backtest.result import Columns, Fate, Jump, Later, RunResult, numbers
from app.engines.backtest.simulate import Outcome, play, simulate
from app.engines.backtest.spec import UNCONSTRAINED, RunSpec
from app.engines.backtest.tables import (
    decision_columns,
    event_columns,
    fill_columns,
    rejection_columns,
    trade_columns,
)
from app.engines.backtest.tear_sheet import tear_sheet
from app.engines.backtest.twin import naive_twin
from app.engines.backtest.words import assumptions, beyond_volume, policy_warnings, proxies, unverified, warnings
from app.engines.bars import Bars
from app.engines.policy.decide import REJECT, TRIM, State
from app.engines.risk.report import Report
from app.engines.strategies.base import EventStrategy, Strategy

F1 = NDArray[np.float64]
F2 = NDArray[np.float64]
I1 = NDArray[np.int64]


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
    fates: Mapping[str, Fate] | None = None,
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
    notes : what else a reader must know of the data, such as missing sessions; they come before other warnings, after
        what is frozen
    fates : by instrument key, why an instrument of the slice has no more bars, as far as something on file says it

    Raises
    ------
    ValueError : an input does not fit the spec (named in the message), or a strategy's answer has the wrong shape.
    Whatever a strategy raises goes through.
    """
    check_inputs(spec, bars, dividends, exchange, sectors)
    bars, dividends, exchange = by_key(bars, dividends, exchange)
    signals = [answer_of(spec, i, bars, strategies) for i in range(len(spec.books))]
    products = [Product[book.product] for book in spec.books]
    decisions = decisions_of(spec, bars, signals, products)
    market, rules = market_of(bars, dividends, exchange), rules_of(spec, bars, exchange, sectors)
    events = [(i, strategies[book.strategy_id], book) for i, book in enumerate(spec.books)]
    asked = [(i, s, s.params(b.params)) for i, s, b in events if isinstance(s, EventStrategy)]

    def simulated(over: Market, under: Rules) -> Outcome:
        if asked:
            return play(bars, over, decisions, under, asked, spec.book_names, capital=spec.initial_capital)
        return simulate(over, decisions, under, capital=spec.initial_capital, start=bars.start)

    def several(under: Sequence[tuple[Market, Rules]]) -> list[Outcome]:
        if asked or len(under) < 2:  # strategies asked bar by bar hold the interpreter
            return [simulated(*each) for each in under]
        with ThreadPoolExecutor(2) as threads:
            return list(threads.map(lambda each: simulated(*each), under))

    outcome = simulated(market, rules)
    twin = cache(lambda: naive_twin(market, rules, several, outcome.curves.equity[-1]))
    beside = partial(benchmarks_of, spec, bars, benchmark)
    index = partial(index_of, spec, bars, benchmark)
    inputs = market, rules, fates or {}
    return _result(spec, bars, inputs, outcome, dividends is not None, jumps, notes, exchange, twin, index, beside)


def _would_have_made(decisions: Records, free: Outcome | None) -> F1:
    """Rupees that the shares of each entry that were refused would have made, after costs; NaN = not known.

    A share is taken to make what it made in the same run without its policy, with the trade the same order began there
    (open ones at the last close). Unknown where that run did not give the order, or enlarged a position with it.
    """
    made = np.full(decisions.size, np.nan)
    if free is None:
        return made
    trades = free.trades
    begun = {int(intent): i for i, intent in enumerate(trades["entry_intent"])}
    for k in np.flatnonzero(np.isin(decisions["outcome"], (TRIM, REJECT))):
        i = begun.get(int(decisions["intent"][k]))
        if i is not None and decisions["wanted"][k] > 0.0:  # by the share: that account bought another number of them
            made[k] = trades["pnl"][i] / trades["quantity"][i] * (decisions["wanted"][k] - decisions["granted"][k])
    return made


def _result(
    spec: RunSpec, bars: Bars, inputs: tuple[Market, Rules, Mapping[str, Fate]], outcome: Outcome,
    with_dividends: bool, jumps: Sequence[Jump], notes: Sequence[str],
    exchange: Exchange | None, twin: Callable[[], tuple[dict[str, Any], Outcome | None]],
    index: Callable[[], dict[str, Any]], beside: Callable[[], list[dict[str, Any]]],
) -> RunResult:  # fmt: skip
    start, equity = bars.start, outcome.curves.equity[bars.start :]
    market, rules, fates = inputs
    frozen = frozen_holdings(bars, outcome.account, fates)

    @cache
    def stuck() -> Records:
        happened = int(outcome.log.used[SEQUENCE])
        return stuck_exits(bars, market, outcome.account, outcome.orders, rules, frozen, happened)

    @cache
    def rejections() -> Records:
        return np.concatenate([outcome.log.rejections[: outcome.log.used[REJECTIONS]], stuck()])

    def decisions() -> Records:
        return outcome.log.decisions[: outcome.log.used[DECISIONS]]

    @cache
    def sheet() -> tuple[Report, F1, F1]:
        return tear_sheet(spec, bars, outcome, frozen, index())

    def of_trades() -> Columns:
        _, adverse, favourable = sheet()
        excursions = {"adverse_excursion": numbers(adverse), "favourable_excursion": numbers(favourable)}
        return trade_columns(outcome.trades, spec, bars) | excursions

    def state() -> list[str]:
        if spec.policy is None:
            return [UNCONSTRAINED.upper()] * equity.size
        return [State(code).name for code in outcome.curves.state[start:].tolist()]

    def coverage() -> dict[str, int]:
        member, traded = bars.member[start:], bars.traded[start:]
        return {"member_days": int(member.sum()), "traded": int((member & traded).sum())}

    return RunResult(
        spec=spec,
        sessions=bars.sessions[start:],
        equity=equity,
        later=Later(
            trade_rows=lambda: outcome.trades,
            cash=lambda: outcome.curves.cash[start:],
            holdings=lambda: outcome.curves.holdings[start:],
            state=state,
            report=lambda: sheet()[0],
            trades=of_trades,
            fills=lambda: fill_columns(outcome.fills, outcome.log.components, spec, bars),
            rejections=lambda: rejection_columns(rejections(), stuck().size, spec, bars),
            frozen_holdings=lambda: frozen_columns(frozen, stuck(), spec, bars),
            events=lambda: event_columns(outcome.events, spec, bars),
            decisions=lambda: decision_columns(decisions(), _would_have_made(decisions(), twin()[1]), spec, bars),
            coverage=coverage,
            naive_twin=lambda: twin()[0],
            benchmarks=beside,
            assumptions=lambda: [
                *assumptions(spec, with_dividends),
                *proxies(spec),
                *unverified(spec, bars, outcome.fills),
                *([] if exchange is None else exchange.words),
            ],
            warnings=lambda: [
                *frozen_warning(frozen, bars, float(equity[-1])),
                *notes,
                *warnings(bars, outcome.trades, rejections(), jumps, {holding.column for holding in frozen}),
                *beyond_volume(spec, bars, outcome.fills),
                *policy_warnings(decisions(), bars),
            ],
        ),
    )  # fmt: skip
