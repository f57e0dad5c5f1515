"""The inputs of a run as arrays the compiled loop reads: market, rules, and the strategies' decisions."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.engines.backtest import loop
from app.engines.backtest.charges import compiled_costs, plan_of
from app.engines.backtest.core import Market, Rules
from app.engines.backtest.exchange import Exchange
from app.engines.backtest.spec import RunSpec
from app.engines.bars import Bars, Prices
from app.engines.policy.policy import NO_POLICY
from app.engines.strategies.base import Answer, Signals, Weights

F2 = NDArray[np.float64]
I1 = NDArray[np.int64]

TURNOVER_SESSIONS = 20
CUSHION = 2.0  # rupees a fill: a contract note rounds its lines and the tax up by less than that


def by_key(bars: Bars, dividends: F2 | None, exchange: Exchange | None) -> tuple[Bars, F2 | None, Exchange | None]:
    """The same with columns in the order of the keys: no result may depend on how columns happened to stand."""
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


@lru_cache(maxsize=1 << 16)
def name_hash(text: str) -> int:
    """The 64 bits that stand for a name in an intent id."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def _kernel_array(values: NDArray[Any], dtype: type[Any]) -> NDArray[Any]:
    # one layout and writable: another would compile the loop again
    return np.require(values, dtype, ["C", "W"])


def market_of(bars: Bars, dividends: F2 | None, exchange: Exchange | None = None) -> Market:
    """What the market was at each bar, as the core reads it.

    A bar of no volume is no bar: nobody traded, so that nothing fills there and the last mark stands. Where an
    instrument never has any volume it is taken for unknown.
    """
    instruments = bars.shape[1]
    traded, dividend, ex_date = bars.dealt, np.zeros((1, instruments)), bars.ex_date
    if dividends is not None and np.nansum(dividends) > 0.0:
        dividend = np.nan_to_num(dividends.astype(np.float64))
        ex_date = ex_date | (dividend > 0.0).any(axis=1)
    if exchange is None:
        exchange = Exchange.none(instruments, bars.last)
    return Market(
        open=_kernel_array(traded.open, np.float64),
        high=_kernel_array(traded.high, np.float64),
        low=_kernel_array(traded.low, np.float64),
        close=_kernel_array(traded.close, np.float64),
        volume=_kernel_array(bars.raw_volume, np.float64),
        step=_kernel_array(bars.step, np.float64),
        dividend=_kernel_array(dividend, np.float64),
        ex_date=ex_date,
        member=_kernel_array(bars.member, np.bool_),
        seconds=_kernel_array(bars.seconds, np.int64),
        session=bars.session,
        last=bars.last,
        square=_kernel_array(exchange.square, np.int8),
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
    measured = answer.entry[bars.start :] & bars.member[bars.start :]
    cells = np.flatnonzero(measured) + bars.start * bars.shape[1]
    details = np.full((cells.size, 6), np.nan)
    if answer.rank is not None:
        details[:, loop.RANK] = answer.rank.reshape(-1)[cells]
    if answer.trail is not None:
        details[:, loop.TRAIL] = answer.trail.reshape(-1)[cells]
    prices = (answer.stop, answer.target, answer.limit, answer.trigger)
    for place, level in zip((loop.STOP, loop.TARGET, loop.LIMIT_AT, loop.TRIGGER_AT), prices, strict=True):
        if level is not None:  # forward-anchored to rupees of its own bar
            details[:, place] = level.reshape(-1)[cells] / bars.factor.reshape(-1)[cells]
    return (cells * books + book) * 2 + side, details


def decisions_of(
    spec: RunSpec, bars: Bars, signals: Sequence[Answer], products: Sequence[int] | None = None
) -> loop.Decisions:
    """The strategies' answers as the loop reads them: entries of members in the measured window, ascending."""
    count, books = bars.shape[0], len(signals)
    parts = [(np.empty(0, np.int64), np.empty((0, 6)))]
    exits, covers = np.zeros((books, 0, 0), np.bool_), np.zeros((books, 0, 0), np.bool_)
    valid, hold, risk = np.ones((books, 2), np.int64), np.zeros((books, 2), np.int64), np.zeros((books, 2))
    rebalances = np.zeros((books, count), np.bool_)
    targets = ranks = np.empty((0, 0, 0))
    sides = [(i, s, a) for i, answer in enumerate(signals) if isinstance(answer, Signals)
             for s, a in enumerate((answer, answer.short)) if a is not None]  # fmt: skip
    shorts = any(side for _, side, _ in sides)
    if sides:
        exits = sides[0][2].exit[None] if books == 1 else np.zeros((books, *bars.shape), np.bool_)
    if shorts:
        covers = np.zeros((books, *bars.shape), np.bool_)
    for book, side, answer in sides:
        parts.append(_entries(answer, side, book, books, bars))
        valid[book, side], hold[book, side], risk[book, side] = answer.valid, answer.hold or 0, answer.risk or 0.0
        if side:
            covers[book] = answer.exit
        elif books > 1:
            exits[book] = answer.exit
    if any(isinstance(answer, Weights) for answer in signals):
        only = signals[0] if books == 1 else None
        targets = only.target[None] if isinstance(only, Weights) else np.full((books, *bars.shape), np.nan)
        ranked = any(isinstance(answer, Weights) and answer.rank is not None for answer in signals)
        ranks = np.full((books, count if ranked else 1, bars.shape[1]), np.nan)
        for book, weights in enumerate(signals):
            if isinstance(weights, Weights):
                if books > 1:
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
    slots = bars.members
    if sizing.kind == "equity_per_position" and spec.max_positions is not None:
        slots = np.full(count, float(spec.max_positions))
    return loop.Decisions(
        entries=_kernel_array(flat, np.int64),
        details=_kernel_array(details, np.float64),
        levels=any(level is not None for _, _, a in sides for level in (a.stop, a.target, a.trail, a.limit, a.trigger)),
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
