"""What the points of a sweep give: a row of measures each, and the returns of some of them.

Every point is what `app.engines.backtest.run` says of its specification on the bars it would be given alone. Where a
point holds all or nothing of one instrument at the market, without an exchange's rules, `shared` says the same sooner;
which points that are is decided here, from the inputs alone, so that every machine takes the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from threading import Lock
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.engines.backtest import run
from app.engines.backtest.checks import check_inputs
from app.engines.backtest.exchange import Exchange
from app.engines.backtest.spec import RunSpec
from app.engines.backtest.stretches import Terms, curve, room, trade
from app.engines.bars import Bars, Prices
from app.engines.risk.basics import returns_of, session_closes
from app.engines.strategies.averages import SmaCross
from app.engines.strategies.base import Signals, Strategy
from app.engines.sweeps import shared
from app.engines.sweeps.spec import Points, SweepSpec

F1 = NDArray[np.float64]
F2 = NDArray[np.float64]
I1 = NDArray[np.int64]

METRICS: Final = (
    *("total_return", "cagr", "volatility", "sharpe", "sortino", "max_drawdown", "calmar", "exposure", "win_rate"),
    *("profit_factor", "turnover", "trades", "final_equity"),
)
CHUNK: Final = 500  # points that are worked out and kept together
MOST_CURVES: Final = 1_000  # points of which the returns are kept
MOST_SHARED: Final = 64 * 2**20  # bytes of averages that points may share


@dataclass(frozen=True, eq=False)
class Inputs:
    """What the points of one base read beside their specification; bars with the longest warm-up of them all."""

    bars: Bars
    dividends: F2 | None = None
    exchange: Exchange | None = None
    sectors: Mapping[str, str] | None = None

    def with_warm_up(self, bars: int) -> Inputs:
        """The same with so many bars before the first measured one, as far as there are: what a run alone is given."""
        cut = max(0, self.bars.start - bars)
        return self if cut == 0 else self.between(cut, self.bars.shape[0], self.bars.start - cut)

    def between(self, first: int, after: int, start: int) -> Inputs:
        """Bars [first, after) of these, the measured ones from the `start`-th of them on."""
        bars, rows = self.bars, slice(first, after)
        ports = bars.ports
        if after < bars.shape[0] and len(ports):
            ports = bars.up_to(after).ports
        cut = replace(
            bars,
            sessions=bars.sessions[rows],
            raw=Prices(*(prices[rows] for prices in bars.raw)),
            raw_volume=bars.raw_volume[rows],
            factor=bars.factor[rows],
            gap=bars.gap[rows],
            member=bars.member[rows],
            start=start,
            ports=ports,
        )
        exchange = self.exchange
        if exchange is not None:
            names = ("tick", "lower", "upper", "lot", "spread", "delivered", "square")
            known = {name: getattr(exchange, name) for name in names}
            whole = {name: rules[rows] for name, rules in known.items() if len(rules) == len(bars.sessions)}
            exchange = replace(exchange, **whole)
        return Inputs(cut, None if self.dividends is None else self.dividends[rows], exchange, self.sectors)


class Evaluated(NamedTuple):
    """What one point gives."""

    metrics: Mapping[str, float | int | None]
    equity: F1  # at session closes


Carry = Callable[[RunSpec, Inputs], Evaluated]
Stretch = tuple[int, int]  # the first point, and the one after the last


class Chunk(NamedTuple):
    """What some neighbouring points give.

    `values` [points, METRICS], NaN undefined or failed; `returns` [kept points, sessions - 1] of those `kept`, by
    number, NaN where an account was lost; `failures` why a point failed, by number.
    """

    values: F2
    kept: list[int]
    returns: F2
    failures: dict[int, str]


def stride_of(points: int) -> int:
    """The returns of every so manieth point are kept."""
    return -(-points // MOST_CURVES)


class Evaluator:
    """Works out points of a sweep; may be asked by many threads at once."""

    def __init__(
        self,
        spec: SweepSpec,
        strategy: Strategy[Any],
        inputs: Sequence[Inputs],
        *,
        carry: Carry | None = None,
        points: Points | None = None,
    ) -> None:
        self.points = points or Points(spec, strategy)
        self._strategy = strategy
        self.stride = stride_of(len(self.points))
        self._carry = carry or self._plain_run
        grids: dict[tuple[float | str, ...], _Pairs] = {}
        self._bases = [
            _Base(base, strategy, found, self.points, grids) for base, found in zip(spec.bases, inputs, strict=True)
        ]

    def chunk(self, first: int, after: int, *, curves: bool = True) -> Chunk:
        """The points [first, after), which must be of one base; without `curves` no returns are kept, [0, 0]."""
        base = self._bases[self.points.base(first)]
        values, failures = np.empty((after - first, len(METRICS))), dict[int, str]()
        kept = [number for number in range(first, after) if number % self.stride == 0] if curves else []
        equities: dict[int, F1] = {}
        if base.shares:
            at = first % len(self.points.found.taken)
            base.crosses(at, at + after - first, values)
            equities = {number: base.crossed(at + number - first) for number in kept}
            base.finished(after - first)
        else:
            specs = [self.points.run_spec(number) for number in range(first, after)]
            found = self._one_by_one(base, specs, values)
            for number in range(first, after):
                outcome = found[number - first]
                if isinstance(outcome, str):
                    failures[number] = outcome
                elif number in kept:
                    equities[number] = outcome
        returns = np.full((len(kept), max(base.sessions - 1, 0) if curves else 0), np.nan)
        for row, number in enumerate(kept):
            equity = equities.get(number)
            if equity is not None and (equity > 0.0).all():
                returns[row] = returns_of(equity)
        return Chunk(values, kept, returns, failures)

    def chunks(self, stretches: Sequence[Stretch], *, curves: bool = True) -> list[Chunk]:
        """See `chunk`, of each stretch."""
        return [self.chunk(first, after, curves=curves) for first, after in stretches]

    def _one_by_one(self, base: _Base, specs: Sequence[RunSpec], values: F2) -> list[F1 | str]:
        """The equity of each point, or why it failed; its measures go to `values`."""
        warm_ups = [self._strategy.warm_up(self._strategy.params(spec.books[0].params)) for spec in specs]
        inputs, warm_up = base.inputs, -1
        outcomes: list[F1 | str] = [""] * len(specs)
        for i in sorted(range(len(specs)), key=lambda i: warm_ups[i]):  # cut the bars once for each warm-up
            if warm_ups[i] != warm_up:
                warm_up = warm_ups[i]
                inputs = base.inputs.with_warm_up(warm_up)
            try:
                equity = base.walked(specs[i], inputs, values[i]) if base.simple else None
                if equity is None:
                    found = self._carry(specs[i], inputs)
                    equity = found.equity
                    values[i] = [np.nan if (v := found.metrics[name]) is None else v for name in METRICS]
                outcomes[i] = equity
            except Exception as error:  # a strategy may raise anything; the point has failed, and says so
                values[i] = np.nan
                outcomes[i] = f"{type(error).__name__}: {error}"
        return outcomes

    def _plain_run(self, spec: RunSpec, inputs: Inputs) -> Evaluated:
        result = run(
            spec, inputs.bars, {self._strategy.id: self._strategy}, dividends=inputs.dividends,
            exchange=inputs.exchange, sectors=inputs.sectors,
        )  # fmt: skip
        return Evaluated(result.metrics, result.equity[session_closes(result.sessions)])


class _Pairs(NamedTuple):
    """The windows of a grid of two averages, ascending, and which two of them each point takes."""

    windows: I1
    fast: I1
    slow: I1


@dataclass(eq=False)
class _Base:
    """One universe and period: its inputs, and what its points can share."""

    spec: RunSpec
    strategy: Strategy[Any]
    inputs: Inputs
    points: Points
    grids: dict[tuple[float | str, ...], _Pairs]  # of all bases: most have the same
    _lock: Lock = field(default_factory=Lock)
    _finished: int = 0

    @cached_property
    def sessions(self) -> int:
        """Session closes measured."""
        return session_closes(self.inputs.bars.sessions[self.inputs.bars.start :]).size

    @cached_property
    def simple(self) -> bool:
        """Whether `stretches.trade` says of plain signals what the engine says."""
        spec, bars = self.spec, self.inputs.bars
        book = spec.books[0]
        if not (
            bars.shape[1] == 1 and spec.timeframe == "1d" and book.product == "CNC" and book.allocation == 1.0
            and self.strategy.kind == "vectorised"
            and spec.costs.plan in ("none", "bps") and spec.market_rules == "none" and self.inputs.exchange is None
            and spec.policy is None and spec.volume_cap is None and spec.impact_bps == 0.0
            and spec.fill_at == "next_open" and spec.sizing.kind == "equity_per_member" and spec.max_positions is None
        ):  # fmt: skip
            return False
        paid = self.inputs.dividends
        if paid is not None and np.nansum(paid) > 0.0:
            return False
        prices = (*bars.raw, bars.raw_volume, bars.factor)
        open_, high, low, close, volume, factor = (np.ascontiguousarray(v[:, 0], np.float64) for v in prices)
        gap, member = (np.ascontiguousarray(flags[:, 0], np.bool_) for flags in (bars.gap, bars.member))
        return shared.plain(open_, high, low, close, volume, factor, gap, member)

    @cached_property
    def pairs(self) -> _Pairs:
        """The averages of the points."""
        fixed, varied, names = self.spec.books[0].params, self.points.columns, ("fast", "slow")
        key = tuple(fixed[name] for name in names if name not in varied)
        if key not in self.grids:
            sides = [varied.get(name, np.full(len(self.points.found.taken), fixed[name])) for name in names]
            windows, rows = np.unique(np.stack(sides, axis=1).astype(np.int64), return_inverse=True)
            self.grids[key] = _Pairs(windows, *(np.ascontiguousarray(side) for side in rows.reshape(-1, 2).T))
        return self.grids[key]

    @cached_property
    def shares(self) -> bool:
        """Whether its points share their averages: crossings of simple ones, which forget what lies before a window."""
        if not (self.simple and type(self.strategy) is SmaCross):
            return False
        return (self.pairs.windows.size + 2 * shared.LEVELS) * 8 * self.inputs.bars.shape[0] <= MOST_SHARED

    @cached_property
    def terms(self) -> Terms:
        spec = self.spec
        return Terms(
            spec.initial_capital, spec.costs.bps / 10_000.0, spec.slippage_bps / 10_000.0, spec.fractional,
            allocation=1.0, value=np.nan, quantity=np.nan,
        )  # fmt: skip

    @cached_property
    def slots(self) -> F1:
        """Parts of the equity: it is one."""
        return np.ones(self.inputs.bars.shape[0])

    @cached_property
    def prices(self) -> tuple[F1, F1]:
        """Opens and closes as traded, of the bars with the longest warm-up."""
        raw = self.inputs.bars.raw
        return np.ascontiguousarray(raw.open[:, 0]), np.ascontiguousarray(raw.close[:, 0])

    def walked(self, spec: RunSpec, inputs: Inputs, out: F1) -> F1 | None:
        """The equity of a point by `stretches.trade`, `out` its measures; None where its signals are not plain."""
        bars = inputs.bars
        answer = self.strategy.signals(bars, self.strategy.params(spec.books[0].params))
        if not isinstance(answer, Signals) or answer.entry.shape != bars.shape or answer.exit.shape != bars.shape:
            return None
        more = (answer.stop, answer.target, answer.trail, answer.limit, answer.trigger, answer.hold, answer.risk)
        if answer.short is not None or any(part is not None for part in more):
            return None
        check_inputs(spec, bars, inputs.dividends, inputs.exchange, inputs.sectors, sound=True)
        open_, close = (values[values.size - bars.shape[0] :] for values in self.prices)
        enter = np.flatnonzero(answer.entry[bars.start :, 0]) + bars.start
        leave = np.flatnonzero(answer.exit[bars.start :, 0]) + bars.start
        return self._gone_through(open_, close, bars.start, enter, leave, out)

    def _gone_through(self, open_: F1, close: F1, start: int, enter: I1, leave: I1, out: F1) -> F1:
        """The equity of a point that enters and leaves at these bars, `out` its measures."""
        tried, equity = room(enter.size), np.empty(close.size - start)
        enter, leave = (bars[bars < close.size - 1] for bars in (enter, leave))  # the last one never fills
        used = trade(self.slots, enter, open_[enter + 1], leave, open_[leave + 1], self.terms, tried)
        curve(close, start, tried, used, self.terms.capital, equity)
        shared.measure(start, tried, used, equity, self.terms, float(self.spec.periods_per_year), out)
        return equity

    @cached_property
    def _shared(self) -> tuple[F2, shared.Sums]:
        """A row of averages for each window, and the running sums."""
        check_inputs(self.spec, self.inputs.bars, self.inputs.dividends, None, self.inputs.sectors, sound=True)
        bars, windows = self.inputs.bars, self.pairs.windows
        table, factor = np.empty((windows.size, bars.shape[0])), np.ascontiguousarray(bars.factor[:, 0], np.float64)
        return table, shared.shared_of(self.prices[1], factor, windows, table)

    def finished(self, points: int) -> None:
        """So many of its points are done; after the last of them what they shared is not kept."""
        with self._lock:
            self._finished += points
            if self._finished >= len(self.points.found.taken):
                self.__dict__.pop("_shared", None)

    def crosses(self, first: int, after: int, out: F2) -> None:
        """The points [first, after) of the base, by what they share."""
        with self._lock:
            table, sums = self._shared
        open_, close = self.prices
        start, periods = self.inputs.bars.start, float(self.spec.periods_per_year)
        fast, slow = self.pairs.fast[first:after], self.pairs.slow[first:after]
        if self.spec.fractional:
            shared.crosses(
                open_, close, start, table, fast, slow, sums, self.terms, periods, shared.room_of(close.size), out
            )
            return
        sides, at = np.empty((2, close.size), np.bool_), np.empty((2, close.size), np.int64)
        opens, equity = np.empty((2, close.size)), np.empty(close.size - start)
        shared.walks(
            open_, close, start, table, fast, slow, self.slots, self.terms, periods, sides, at, opens,
            room(close.size), equity, out,
        )  # fmt: skip

    def crossed(self, point: int) -> F1:
        """The equity of one of them."""
        with self._lock:
            table, _ = self._shared
        (open_, close), start = self.prices, self.inputs.bars.start
        above, below = np.empty(close.size, np.bool_), np.empty(close.size, np.bool_)
        shared.crossings(table[self.pairs.fast[point]], table[self.pairs.slow[point]], above, below)
        enter, leave = (np.flatnonzero(side[start:]) + start for side in (above, below))
        return self._gone_through(open_, close, start, enter, leave, np.empty(len(METRICS)))
