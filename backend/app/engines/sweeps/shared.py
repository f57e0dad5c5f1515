"""Points of one instrument without an account: held stretches, and, where shares divide, work shared by all of them.

Both tell what the engine tells of a rule that holds all or nothing of one instrument at the market (tests hold them
side by side). `walks` goes from order to order of each, as `backtest.stretches` does of a run. `crosses` does a whole
grid of crossing averages: while everything is invested in shares that divide, the account's returns are the
instrument's, so that a held stretch costs a few look-ups in running sums, and its drawdown one in blocks of bars that
merge. With whole shares a rest of cash stays behind, returns are not the instrument's, and nothing of that is shared.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.engines.backtest.stretches import Terms, Tried, affordable, curve, trade
from app.engines.indicators.averages import STRETCH, sma_dense
from app.engines.kernels import kernel

F1 = NDArray[np.float64]
F2 = NDArray[np.float64]
B1 = NDArray[np.bool_]
B2 = NDArray[np.bool_]
I1 = NDArray[np.int64]
I2 = NDArray[np.int64]

NOISE: Final = 1e-12  # as `risk.basics.NOISE`
BLOCK: Final = 16
STRIDE: Final = 32  # bars compared at once in the search for a cross
# columns of what a point gives, in the order of `evaluate.METRICS`
(RETURN, CAGR, VOLATILITY, SHARPE, SORTINO, DRAWDOWN, CALMAR, EXPOSURE, WINS, FACTOR, TURNOVER, TRADES, FINAL) = range(
    13
)


class Sums(NamedTuple):
    """Running sums over one instrument, and blocks of its closes: what every point reads."""

    close: F1  # running sum of closes, shape [T + 1]
    move: F1  # of returns from close to close, shape [T]
    square: F1
    below: F1  # of the squares of returns below zero
    blocks: F2  # shape [T // BLOCK, 3]: highest, lowest close, deepest fall inside


@kernel(arrays=True, error_model="numpy")
def sums_of(close: F1) -> Sums:
    """What `crosses` shares, of closes without NaN."""
    bars = close.size
    total, move, square, below = np.zeros(bars + 1), np.zeros(bars), np.zeros(bars), np.zeros(bars)
    for t in range(bars):
        total[t + 1] = total[t] + close[t]
    for t in range(1, bars):
        r = close[t] / close[t - 1] - 1.0
        move[t] = move[t - 1] + r
        square[t] = square[t - 1] + r * r
        below[t] = below[t - 1] + (r * r if r < 0.0 else 0.0)
    blocks = np.empty((bars // BLOCK, 3))
    for b in range(bars // BLOCK):
        high = low = close[BLOCK * b]
        deepest = 0.0
        for t in range(BLOCK * b + 1, BLOCK * b + BLOCK):
            high = max(high, close[t])
            low = min(low, close[t])
            deepest = min(deepest, close[t] / high - 1.0)
        blocks[b, 0], blocks[b, 1], blocks[b, 2] = high, low, deepest
    return Sums(total, move, square, below, blocks)


@kernel(arrays=True, error_model="numpy")
def averages_of(close: F1, windows: I1, rows: F2) -> None:
    """The simple average of each window, `rows` [W, T], of closes without NaN: what `indicators.sma` says."""
    room = close.size + 1 + max(STRETCH, 4 * windows.max())
    total, lost = np.empty(room), np.empty(room)
    for i in range(windows.size):
        sma_dense(close, windows[i], total, lost, rows[i])


@kernel(error_model="numpy", inline="always")
def _fallen(close: F1, blocks: F2, first: int, after: int, peak: float, deepest: float) -> tuple[float, float]:
    """Peak and deepest fall after the bars [first, after), both in the price of a share."""
    t = first
    while t < after:
        if (t & (BLOCK - 1)) == 0 and t + BLOCK <= after:
            b = t // BLOCK
            if blocks[b, 1] < peak * (1.0 + deepest):
                deepest = blocks[b, 1] / peak - 1.0
            if blocks[b, 2] < deepest:
                deepest = blocks[b, 2]
            if blocks[b, 0] > peak:
                peak = blocks[b, 0]
            t += BLOCK
        else:
            price = close[t]
            if price > peak:
                peak = price
            elif price < peak * (1.0 + deepest):
                deepest = price / peak - 1.0
            t += 1
    return peak, deepest


@kernel(error_model="numpy", inline="always")
def _told(
    out: F1, capital: float, periods: float, bars: int, final: float, first: float, total: float, squares: float,
    below: float, deepest: float, held: int, won: float, lost: float, wins: int, trades: int, bought: float,
    sold: float, average: float,
) -> None:  # fmt: skip
    """The measures from their sums; `bars` are those measured, one more than there are returns."""
    count = bars - 1
    for k in range(out.size):
        out[k] = np.nan
    out[RETURN] = final / capital - 1.0
    out[FINAL] = final
    out[DRAWDOWN] = deepest
    out[EXPOSURE] = held / bars
    out[TRADES] = trades
    if count > 0:
        out[CAGR] = (final / first) ** (periods / count) - 1.0
        out[TURNOVER] = min(bought, sold) / average * periods / count
        if -deepest >= NOISE:
            out[CALMAR] = out[CAGR] / -deepest
    if count > 1:
        mean = total / count
        deviation = math.sqrt(max(squares - count * mean * mean, 0.0) / (count - 1))
        if deviation < NOISE:
            deviation = 0.0
        out[VOLATILITY] = deviation * math.sqrt(periods)
        if deviation > 0.0:
            out[SHARPE] = mean / deviation * math.sqrt(periods)
        shortfall = math.sqrt(below / count)
        if shortfall >= NOISE:
            out[SORTINO] = mean / shortfall * math.sqrt(periods)
    if trades > 0:
        out[WINS] = wins / trades
        if lost > 0.0:
            out[FACTOR] = won / lost
    for k in range(out.size):
        if not np.isfinite(out[k]):
            out[k] = np.nan


@kernel(error_model="numpy")
def measure(start: int, tried: Tried, used: int, equity: F1, terms: Terms, periods: float, out: F1) -> None:
    """The measures of one point from its `equity` [T - start] and what it `tried`, written to `out`."""
    bars = equity.size
    before = peak = terms.capital
    total = squares = below = average = deepest = 0.0
    for t in range(bars):
        now = equity[t]
        average += now
        if t > 0:
            r = now / before - 1.0
            total += r
            squares += r * r
            if r < 0.0:
                below += r * r
        before = now
        if now > peak:
            peak = now
        elif now < peak * (1.0 + deepest):
            deepest = now / peak - 1.0
    won = lost = bought = sold = paid = 0.0
    wins = trades = held = 0
    since = -1  # bar of the purchase; -1 = nothing is held
    for k in range(used):
        value = tried.done[k] * tried.price[k]
        if tried.done[k] == 0.0:
            continue
        if since < 0:
            since = tried.decided[k] + 1
            paid = value + terms.fee * value
            bought += value
            continue
        held += tried.decided[k] + 1 - since
        since = -1
        sold += value
        gain = value - terms.fee * value - paid
        trades += 1
        if gain > 0.0:
            wins += 1
            won += gain
        else:
            lost -= gain
    if since >= 0:
        held += start + bars - since
    _told(
        out, terms.capital, periods, bars, before, equity[0], total, squares, below, deepest, held, won, lost, wins,
        trades, bought, sold, average / bars,
    )  # fmt: skip


@kernel(error_model="numpy")
def crossings(x: F1, y: F1, above: B1, below: B1) -> None:
    """Where one average crosses another, as `indicators.crosses` says of bars that all traded."""
    above[:] = False
    below[:] = False
    for t in range(1, x.size):
        above[t] = x[t] > y[t] and x[t - 1] < y[t - 1]
        below[t] = x[t] < y[t] and x[t - 1] > y[t - 1]


@kernel(error_model="numpy", forceinline=True)
def fills_of(said: B1, open_: F1, start: int, at: I1, opens: F1) -> int:
    """Write the bars from `start` on at whose close something is said, and the opens after them; how many they are."""
    count = 0
    for t in range(start, said.size - 1):
        at[count], opens[count] = t, open_[t + 1]
        count += 1 if said[t] else 0
    return count


@kernel(error_model="numpy")
def walks(
    open_: F1, close: F1, start: int, rows: F2, fast: I1, slow: I1, slots: F1, terms: Terms, periods: float, sides: B2,
    at: I2, opens: F2, tried: Tried, equity: F1, out: F2,
) -> None:  # fmt: skip
    """The measures of some points of crossing averages, each gone through by itself.

    `sides`, `at`, `opens` [2, T], `tried` and `equity` [T - start] are room to work in.
    """
    for p in range(fast.size):
        crossings(rows[fast[p]], rows[slow[p]], sides[0], sides[1])
        entries = fills_of(sides[0], open_, start, at[0], opens[0])
        exits = fills_of(sides[1], open_, start, at[1], opens[1])
        used = trade(slots, at[0, :entries], opens[0, :entries], at[1, :exits], opens[1, :exits], terms, tried)
        curve(close, start, tried, used, terms.capital, equity)
        measure(start, tried, used, equity, terms, periods, out[p])


@kernel(error_model="numpy")
def crosses(
    open_: F1, close: F1, start: int, rows: F2, fast: I1, slow: I1, sums: Sums, terms: Terms, periods: float, out: F2
) -> None:
    """Points that hold everything from one cross of two averages until the opposite one, shares that divide.

    Parameters
    ----------
    rows : shape [W, T], the averages; NaN in warm-up. fast, slow : shape [P], rows of each point
    start : first measured bar; decisions begin with its close
    out : shape [P, 13], written
    """
    bars = close.size
    for p in range(fast.size):
        x, y = rows[fast[p]], rows[slow[p]]
        cash, shares, at, paid = terms.capital, 0.0, 0, 0.0
        won = lost = bought = sold = total = squares = below = average = deepest = 0.0
        wins = trades = held = 0
        peak = terms.capital
        flat = start  # since when nothing is held
        t = start
        above = False
        side = 0
        if start > 0:
            side = 1 if x[start - 1] > y[start - 1] else -1 if x[start - 1] < y[start - 1] else 0
        while t < bars - 1:  # a decision at the last bar never fills
            after = min(t + STRIDE, bars - 1)
            a, b = x[t:after], y[t:after]
            same = 0
            if side > 0:
                for k in range(after - t):
                    same += 1 if a[k] > b[k] else 0
            elif side < 0:
                for k in range(after - t):
                    same += 1 if a[k] < b[k] else 0
            if same == after - t:
                t = after
                continue
            for k in range(after - t):
                now = 1 if a[k] > b[k] else -1 if a[k] < b[k] else 0
                crossed = now * side < 0
                side = now
                if not crossed:
                    continue
                above = now > 0
                fill = t + k + 1
                if above and shares == 0.0:
                    price = open_[fill] * (1.0 + terms.slippage)
                    shares = affordable(np.inf, cash, price, terms)
                    if shares > 0.0:
                        value = shares * price
                        paid = value + terms.fee * value
                        average += (fill - flat) * cash
                        before = cash
                        cash -= paid
                        bought += value
                        at = fill
                        r = (cash + shares * close[at]) / before - 1.0
                        if at > start:
                            total += r
                            squares += r * r
                            below += r * r if r < 0.0 else 0.0
                elif not above and shares > 0.0:
                    last = fill - 1
                    total += sums.move[last] - sums.move[at]
                    squares += sums.square[last] - sums.square[at]
                    below += sums.below[last] - sums.below[at]
                    average += shares * (sums.close[fill] - sums.close[at]) + cash * (fill - at)
                    held += fill - at
                    unit, deepest = _fallen(close, sums.blocks, at, fill, peak / shares, deepest)
                    peak = unit * shares
                    value = shares * (open_[fill] * (1.0 - terms.slippage))
                    before = cash + shares * close[last]
                    cash += value - terms.fee * value
                    sold += value
                    r = cash / before - 1.0
                    total += r
                    squares += r * r
                    below += r * r if r < 0.0 else 0.0
                    gain = value - terms.fee * value - paid
                    trades += 1
                    if gain > 0.0:
                        wins += 1
                        won += gain
                    else:
                        lost -= gain
                    shares = 0.0
                    flat = fill
                    if cash > peak:
                        peak = cash
                    elif cash < peak * (1.0 + deepest):
                        deepest = cash / peak - 1.0
            t = after
        final = cash
        if shares > 0.0:
            total += sums.move[bars - 1] - sums.move[at]
            squares += sums.square[bars - 1] - sums.square[at]
            below += sums.below[bars - 1] - sums.below[at]
            average += shares * (sums.close[bars] - sums.close[at]) + cash * (bars - at)
            held += bars - at
            _, deepest = _fallen(close, sums.blocks, at, bars, peak / shares, deepest)
            final = cash + shares * close[bars - 1]
        else:
            average += (bars - flat) * cash
        _told(
            out[p], terms.capital, periods, bars - start, final, terms.capital, total, squares, below, deepest, held,
            won, lost, wins, trades, bought, sold, average / (bars - start),
        )  # fmt: skip
