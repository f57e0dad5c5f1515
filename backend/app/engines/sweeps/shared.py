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
F3 = NDArray[np.float64]
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
    """What every point reads of one instrument; what is read together lies together."""

    running: F2  # shape [T + 1, 4]: sums up to a bar of the returns from close to close, of their squares, of the
    #              squares of those below zero; and of the closes before it
    extremes: (
        F3  # shape [LEVELS, T, 2]: the highest and lowest of the 2^level closes from a bar on, as far as there are
    )


class Room(NamedTuple):
    """Room for the work on one point of T bars."""

    marks: U1  # a byte a bar, in whole words; zero
    words: U8  # the same memory
    crossed: U8  # as many words
    found: U8
    at: I1
    fills: I1  # shape [T]


def room_of(bars: int) -> Room:
    """Room for points of so many bars."""
    words = np.zeros(-(-bars // 8), np.uint64)
    at, fills = np.empty(words.size, np.int64), np.empty(8 * words.size, np.int64)
    return Room(words.view(np.uint8), words, np.empty_like(words), np.empty_like(words), at, fills)


@kernel(alone=True, error_model="numpy")
def plain(
    open_: F1, high: F1, low: F1, close: F1, volume: F1, factor: F1, gap: B1, member: B1,
) -> bool:  # fmt: skip
    """Whether one instrument was dealt in at every bar, a member without a gap, and nothing happened to its shares.

    Prices are as traded; a high or low may be unknown. False, too, of values that `Bars.impossible` names.
    """
    bars, most = close.size, math.inf
    wrong = some = idle = 0
    for t in range(bars):  # without `and`, so that bars go by together; NaN is on neither side of a bound
        traded = (open_[t] > 0.0) & (open_[t] < most) & (close[t] > 0.0) & (close[t] < most)
        beyond = (high[t] <= 0.0) | (high[t] == most) | (low[t] <= 0.0) | (low[t] == most)
        shared = (factor[t] > 0.0) & (factor[t] < most) & (factor[t] == factor[0]) & member[t]
        wrong |= (not traded) | beyond | (volume[t] < 0.0) | (volume[t] == most) | (not shared) | gap[t]
        some |= volume[t] > 0.0
        idle |= volume[t] == 0.0
    return not (wrong or (some and idle))


@kernel(error_model="numpy")
def _extremes(before: F2, half: int, of_twice: F2) -> None:
    """Those of twice as many closes, from those of `half` as many."""
    count = before.shape[0] - 2 * half + 1
    first, second = before[:count], before[half : half + count]
    for t in range(count):
        of_twice[t, 0] = first[t, 0] if first[t, 0] > second[t, 0] else second[t, 0]
        of_twice[t, 1] = first[t, 1] if first[t, 1] < second[t, 1] else second[t, 1]


@kernel(arrays=True, error_model="numpy")
def sums_of(close: F1) -> Sums:
    """What `crosses` shares, of closes without NaN."""
    bars = close.size
    running, extremes = np.zeros((bars + 1, 4)), np.empty((LEVELS, bars, 2))
    move = square = below = total = 0.0
    for t in range(bars):
        if t > 0:
            r = close[t] / close[t - 1] - 1.0
            move += r
            square += r * r
            below += r * r if r < 0.0 else 0.0
        running[t, 0], running[t, 1], running[t, 2], running[t, 3] = move, square, below, total
        total += close[t]
        extremes[0, t, 0] = extremes[0, t, 1] = close[t]
    running[bars, 3] = total
    for level in range(1, LEVELS):
        _extremes(extremes[level - 1], 1 << level - 1, extremes[level])
    return Sums(running, extremes)


@kernel(arrays=True, error_model="numpy")
def averages_of(close: F1, windows: I1, rows: F2) -> None:
    """The simple average of each window, `rows` [W, T], of closes without NaN: what `indicators.sma` says."""
    bars = close.size
    total, lost = np.zeros(bars + 1), np.zeros(bars + 1)
    running_sums(close, total, lost)
    for i in range(windows.size):
        rows[i, : min(windows[i] - 1, bars)] = np.nan
    for begin in range(0, bars, STRETCH):  # so many sums fit into the first cache
        for i in range(windows.size):
            first, after = max(begin, windows[i] - 1), min(begin + STRETCH, bars)
            if first < after:
                before = first + 1 - windows[i]
                means(windows[i], total[before:], lost[before:], after - before, rows[i, first:after])


@kernel(arrays=True, error_model="numpy")
def shared_of(close: F1, factor: F1, windows: I1, rows: F2) -> Sums:
    """Both in one: the averages of the anchored closes in `rows` [W, T], and the sums over closes as traded."""
    averages_of(close * factor, windows, rows)
    return sums_of(close)


@kernel(error_model="numpy", forceinline=True)
def _fallen_in(extremes: F3, first: int, size: int, shares: float) -> tuple[float, float]:
    """The highest and the lowest value of so many shares over `size` closes, MOST at the most."""
    level = LEVEL[size]
    other = first + size - (1 << level)
    high = shares * max(extremes[level, first, 0], extremes[level, other, 0])
    return high, shares * min(extremes[level, first, 1], extremes[level, other, 1])


@kernel(error_model="numpy")
def _halved(
    close: F1, extremes: F3, first: int, after: int, shares: float, peak: float, deepest: float
) -> tuple[float, float]:
    """As `fallen`, by halves where the extremes of the whole do not tell."""
    t = first
    while t < after:
        size = min(after - t, MOST)
        while True:
            high, low = _fallen_in(extremes, t, size, shares)
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
def fallen(
    close: F1, extremes: F3, first: int, after: int, shares: float, peak: float, deepest: float
) -> tuple[float, float]:
    """Peak, rupees, and deepest fall after the bars [first, after) in which so many shares are held."""
    size = min(after - first, MOST)
    high, low = _fallen_in(extremes, first, size, shares)
    # one seldom taken branch: what is guessed wrongly costs more than what is worked out for nothing
    if (size < after - first) | ((high > peak) & (low < high * (1.0 + deepest))):
        return _halved(close, extremes, first, after, shares, peak, deepest)
    return max(peak, high), min(deepest, low / peak - 1.0)


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
def _changes(words: U8, crossed: U8) -> None:
    """Of sides a byte a bar: bit 0 where one side followed the other, bit 1 too where it is the upper one."""
    word = words[0]
    changed = word ^ word << BYTE
    crossing = changed & changed >> ONE & ONES
    crossed[0] = crossing | (crossing & word) << ONE
    before, now, out = words[:-1], words[1:], crossed[1:]
    for w in range(now.size):
        changed = now[w] ^ (now[w] << BYTE | before[w] >> TOP)
        crossing = changed & changed >> ONE & ONES  # from one side to the other: both bits have changed
        out[w] = crossing | (crossing & now[w]) << ONE


@kernel(error_model="numpy", forceinline=True)
def _fills(x: F1, y: F1, first: int, room: Room) -> int:
    """Write the bars at which crosses of two averages fill, upward and downward by turns; how many they are.

    `x` and `y` are the averages from bar `first` on.
    """
    _sides(x, y, room.marks)
    _changes(room.words, room.crossed)
    count = 0
    for w in range(room.words.size):
        room.found[count], room.at[count] = room.crossed[w], first + 8 * w + 1
        count += 1 if room.crossed[w] != NONE else 0
    fills = 0
    for w in range(count):
        left = room.found[w]
        while left != NONE:
            lowest = left & (~left + ONE)
            above = 1 if left & lowest << ONE != NONE else 0
            left &= ~(lowest | lowest << ONE)
            # ones in the bytes below the lowest one, added up in the highest byte
            room.fills[fills] = room.at[w] + int(((lowest - ONE) & ONES) * ONES >> TOP)
            fills += (above ^ fills) & 1  # kept where it is of the kind whose turn it is
    return fills


@kernel(error_model="numpy")
def crosses(
    open_: F1, close: F1, start: int, rows: F2, fast: I1, slow: I1, sums: Sums, terms: Terms, periods: float,
    room: Room, out: F2,
) -> None:  # fmt: skip
    """Points that hold everything from one cross of two averages until the opposite one, shares that divide.

    Parameters
    ----------
    rows : shape [W, T], the averages; NaN in warm-up. fast, slow : shape [P], rows of each point
    start : first measured bar; decisions begin with its close
    out : shape [P, 13], written
    """
    bars, running, fills = close.size, sums.running, room.fills
    first = max(start - 1, 0)  # the side before the first decision
    for p in range(fast.size):
        x, y = rows[fast[p]], rows[slow[p]]
        count = _fills(x[first : bars - 1], y[first : bars - 1], first, room)  # one decided at the last bar has no open
        cash, shares, paid = terms.capital, 0.0, 0.0
        won = lost = bought = sold = total = squares = below = average = deepest = 0.0
        wins = trades = held = 0
        peak = terms.capital
        flat = start  # since when nothing is held
        for k in range(0, count, 2):
            since, after = fills[k], fills[k + 1] if k + 1 < count else bars
            price = open_[since] * (1.0 + terms.slippage)
            shares = affordable(np.inf, cash, price, terms)
            if shares <= 0.0:
                continue
            value = shares * price
            paid = value + terms.fee * value
            average += (since - flat) * cash
            before = cash
            cash -= paid
            bought += value
            if since > start:
                r = (cash + shares * close[since]) / before - 1.0
                total += r
                squares += r * r
                below += min(r, 0.0) ** 2
            last = after - 1
            total += running[last, 0] - running[since, 0]
            squares += running[last, 1] - running[since, 1]
            below += running[last, 2] - running[since, 2]
            average += shares * (running[after, 3] - running[since, 3]) + cash * (after - since)
            held += after - since
            peak, deepest = fallen(close, sums.extremes, since, after, shares, peak, deepest)
            flat = after
            if after == bars:
                break
            value = shares * (open_[after] * (1.0 - terms.slippage))
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
            peak = max(peak, cash)
            deepest = min(deepest, cash / peak - 1.0)
        final = cash + shares * close[bars - 1]
        average += (bars - flat) * cash
        _told(
            out[p], terms.capital, periods, bars - start, final, terms.capital, total, squares, below, deepest, held,
            won, lost, wins, trades, bought, sold, average / (bars - start),
        )  # fmt: skip
