"""Points of one instrument without an account: held stretches, and, where shares divide, work shared by all of them.

Both tell what the engine tells of a rule that holds all or nothing of one instrument at the market (tests hold them
side by side). `walks` goes from order to order of each, as `backtest.stretches` does of a run. `crosses` does a whole
grid of crossing averages: while everything is invested in shares that divide, the account's returns are the
instrument's, so that a held stretch costs a few look-ups in running sums, and its drawdown a few in tables of extremes.
With whole shares a rest of cash stays behind, returns are not the instrument's, and nothing of that is shared.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.engines.backtest.stretches import Terms, Tried, affordable, curve, trade
from app.engines.indicators.averages import STRETCH, means, running_sums
from app.engines.kernels import kernel

F1 = NDArray[np.float64]
F2 = NDArray[np.float64]
B1 = NDArray[np.bool_]
B2 = NDArray[np.bool_]
I1 = NDArray[np.int64]
I2 = NDArray[np.int64]
U1 = NDArray[np.uint8]
U8 = NDArray[np.uint64]

NOISE: Final = 1e-12  # as `risk.basics.NOISE`
LEVELS: Final = 7  # extremes are kept of 1, 2, 4 … 64 closes
MOST: Final = 2 << LEVELS - 1  # closes of which two overlapping stretches tell the extremes
LEVEL: Final = np.array([0, *(n.bit_length() - 1 for n in range(1, MOST)), LEVELS - 1])
FEW: Final = 8  # closes that are gone through one by one
# the side of a bar is a byte, and eight of them are looked at together, the first in the lowest bits (little-endian)
ONES: Final = np.uint64(0x0101010101010101)
ONE: Final = np.uint64(1)
NONE: Final = np.uint64(0)
BYTE: Final = np.uint64(8)
TOP: Final = np.uint64(56)
# columns of what a point gives, in the order of `evaluate.METRICS`
(RETURN, CAGR, VOLATILITY, SHARPE, SORTINO, DRAWDOWN, CALMAR, EXPOSURE, WINS, FACTOR, TURNOVER, TRADES, FINAL) = range(
    13
)


class Sums(NamedTuple):
    """Running sums and extremes over one instrument: what every point reads."""

    close: F1  # running sum of closes, shape [T + 1]
    move: F1  # of returns from close to close, shape [T]
    square: F1
    below: F1  # of the squares of returns below zero
    highest: F2  # shape [LEVELS, T]: of the 2^level closes from a bar on; undefined where there are not so many
    lowest: F2


@kernel(error_model="numpy")
def _extremes(high: F1, low: F1, half: int, higher: F1, lower: F1) -> None:
    """Those of twice as many closes, from those of `half` as many."""
    count = high.size - 2 * half + 1
    a, b, c, d = high[:count], high[half : half + count], low[:count], low[half : half + count]
    for t in range(count):
        higher[t] = a[t] if a[t] > b[t] else b[t]
        lower[t] = c[t] if c[t] < d[t] else d[t]


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
    highest, lowest = np.empty((LEVELS, bars)), np.empty((LEVELS, bars))
    highest[0], lowest[0] = close, close
    for level in range(1, LEVELS):
        half = 1 << level - 1
        _extremes(highest[level - 1], lowest[level - 1], half, highest[level], lowest[level])
    return Sums(total, move, square, below, highest, lowest)


@kernel(arrays=True, error_model="numpy")
def averages_of(close: F1, windows: I1, rows: F2) -> None:
    """The simple average of each window, `rows` [W, T], of closes without NaN: what `indicators.sma` says."""
    bars = close.size
    total, lost = np.zeros(bars + 1), np.zeros(bars + 1)
    running_sums(close, total, lost)
    rows[:] = np.nan
    for begin in range(0, bars, STRETCH):  # so many sums fit into the first cache
        for i in range(windows.size):
            first, after = max(begin, windows[i] - 1), min(begin + STRETCH, bars)
            if first < after:
                before = first + 1 - windows[i]
                means(windows[i], total[before:], lost[before:], after - before, rows[i, first:after])


@kernel(error_model="numpy", inline="always")
def fallen(
    close: F1, sums: Sums, first: int, after: int, shares: float, peak: float, deepest: float
) -> tuple[float, float]:
    """Peak, rupees, and deepest fall after the bars [first, after) in which so many shares are held."""
    t = first
    while t < after:
        size = min(after - t, MOST)
        while True:
            level = LEVEL[size]
            other = t + size - (1 << level)
            high = shares * max(sums.highest[level, t], sums.highest[level, other])
            low = shares * min(sums.lowest[level, t], sums.lowest[level, other])
            if high <= peak or low >= high * (1.0 + deepest):  # every fall is one from the peak, or none is deeper
                deepest = min(deepest, low / peak - 1.0)
                peak = max(peak, high)
                break
            if size <= FEW:
                for k in range(t, t + size):
                    peak = max(peak, shares * close[k])
                    deepest = min(deepest, shares * close[k] / peak - 1.0)
                break
            size //= 2
        t += size
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


@kernel(error_model="numpy", forceinline=True)
def _sides(x: F1, y: F1, marks: U1) -> None:
    """A byte for each bar: 1 where one average is above the other, 2 below, 0 on no side."""
    for k in range(x.size):
        marks[k] = (x[k] > y[k]) * 1 + (x[k] < y[k]) * 2


@kernel(error_model="numpy")
def crosses(
    open_: F1, close: F1, start: int, rows: F2, fast: I1, slow: I1, sums: Sums, terms: Terms, periods: float,
    words: U8, marks: U1, found: U8, at: I1, out: F2,
) -> None:  # fmt: skip
    """Points that hold everything from one cross of two averages until the opposite one, shares that divide.

    Parameters
    ----------
    rows : shape [W, T], the averages; NaN in warm-up. fast, slow : shape [P], rows of each point
    start : first measured bar; decisions begin with its close
    words, marks : the same memory twice, room for a byte a bar in whole words, all zero
    found, at : room for as many words
    out : shape [P, 13], written
    """
    bars = close.size
    first = max(start - 1, 0)  # the side before the first decision
    for p in range(fast.size):
        x, y = rows[fast[p]], rows[slow[p]]
        cash, shares, since, paid = terms.capital, 0.0, 0, 0.0
        won = lost = bought = sold = total = squares = below = average = deepest = 0.0
        wins = trades = held = 0
        peak = terms.capital
        flat = start  # since when nothing is held
        _sides(x[first : bars - 1], y[first : bars - 1], marks)  # a decision at the last bar never fills
        last_side, count = NONE, 0
        for w in range(words.size):
            word = words[w]
            changed = word ^ (word << BYTE | last_side)
            last_side = word >> TOP
            crossed = changed & changed >> ONE & ONES  # from one side to the other: both bits have changed
            found[count], at[count] = crossed | (crossed & word) << ONE, first + 8 * w + 1
            count += 1 if crossed != NONE else 0
        for w in range(count):
            left = found[w]
            while left != NONE:
                lowest = left & (~left + ONE)
                above = left & lowest << ONE != NONE
                left &= ~(lowest | lowest << ONE)
                # ones in the bytes below the lowest one, added up in the highest byte
                fill = at[w] + int(((lowest - ONE) & ONES) * ONES >> TOP)
                if shares == 0.0:
                    if not above:
                        continue
                    price = open_[fill] * (1.0 + terms.slippage)
                    shares = affordable(np.inf, cash, price, terms)
                    if shares > 0.0:
                        value = shares * price
                        paid = value + terms.fee * value
                        average += (fill - flat) * cash
                        before = cash
                        cash -= paid
                        bought += value
                        since = fill
                        r = (cash + shares * close[since]) / before - 1.0
                        if since > start:
                            total += r
                            squares += r * r
                            below += min(r, 0.0) ** 2
                elif not above:
                    last = fill - 1
                    total += sums.move[last] - sums.move[since]
                    squares += sums.square[last] - sums.square[since]
                    below += sums.below[last] - sums.below[since]
                    average += shares * (sums.close[fill] - sums.close[since]) + cash * (fill - since)
                    held += fill - since
                    peak, deepest = fallen(close, sums, since, fill, shares, peak, deepest)
                    value = shares * (open_[fill] * (1.0 - terms.slippage))
                    before = cash + shares * close[last]
                    cash += value - terms.fee * value
                    sold += value
                    r = cash / before - 1.0
                    total += r
                    squares += r * r
                    below += min(r, 0.0) ** 2
                    gain = value - terms.fee * value - paid
                    trades += 1
                    wins += 1 if gain > 0.0 else 0
                    won += max(gain, 0.0)
                    lost -= min(gain, 0.0)
                    shares = 0.0
                    flat = fill
                    peak = max(peak, cash)
                    deepest = min(deepest, cash / peak - 1.0)
        final = cash
        if shares > 0.0:
            total += sums.move[bars - 1] - sums.move[since]
            squares += sums.square[bars - 1] - sums.square[since]
            below += sums.below[bars - 1] - sums.below[since]
            average += shares * (sums.close[bars] - sums.close[since]) + cash * (bars - since)
            held += bars - since
            _, deepest = fallen(close, sums, since, bars, shares, peak, deepest)
            final = cash + shares * close[bars - 1]
        else:
            average += (bars - flat) * cash
        _told(
            out[p], terms.capital, periods, bars - start, final, terms.capital, total, squares, below, deepest, held,
            won, lost, wins, trades, bought, sold, average / (bars - start),
        )  # fmt: skip
