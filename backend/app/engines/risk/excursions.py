"""How far a trade went against us and with us before it ended."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.engines.kernels import kernel
from app.engines.risk.basics import F1, I1

B1 = NDArray[np.bool_]
F2 = NDArray[np.float64]
Whole = Any  # a 64-bit integer; to numpy's types it is no int

INFINITE: Final = 0x7FF0000000000000  # bits of the first float that is no price


@kernel(forceinline=True)
def _price(bits: Whole) -> float:
    """The float of these bits."""
    return np.int64(bits).view(np.float64)


@kernel(forceinline=True)
def _bounds(bits: I1, columns: int, n: int, begin: int, end: int) -> tuple[Whole, Whole]:
    """Lowest and highest bits of a column's bars; those of floats above zero stand in the order of the floats."""
    low = high = bits[begin * columns + n]
    if columns == 1:
        part = bits[begin:end]
        for i in range(part.size):
            low, high = min(low, part[i]), max(high, part[i])
    else:
        for t in range(begin, end):
            value = bits[t * columns + n]
            low, high = min(low, value), max(high, value)
    return low, high


@kernel()
def _excursions(
    column: I1, side: I1, entry_bar: I1, exit_bar: I1, entry_price: F1, exit_price: F1, entered_late: B1, left_late: B1,
    high: F2, low: F2, factor: F2, ex_dates: I1, high_bits: I1, low_bits: I1, adverse: F1, favourable: F1,
) -> None:  # fmt: skip
    bars, columns = high.shape
    passed = since = 0  # factors are those of bar `since` up to the next ex-date
    for i in range(column.size):
        n, begin = column[i], entry_bar[i]
        while passed < ex_dates.size and ex_dates[passed] <= begin:
            since = ex_dates[passed]
            passed += 1
        last = bars if exit_bar[i] < 0 else exit_bar[i]
        steady = passed == ex_dates.size or ex_dates[passed] > last
        first, after = begin + int(entered_late[i]), last + int(left_late[i])
        worst = best = 0.0
        paid = entry_price[i] * factor[since, n]
        lowest: Whole = np.int64(-1)
        highest: Whole = np.int64(-1)
        if steady and first < after:
            least, highest = _bounds(high_bits, columns, n, first, after)
            lowest, most = _bounds(low_bits, columns, n, first, after)
            if least < 0 or highest >= INFINITE or most >= INFINITE:
                lowest = np.int64(-1)  # a bar is missing
        if lowest >= 0:
            up, down = _price(highest) * factor[since, n] / paid - 1.0, _price(lowest) * factor[since, n] / paid - 1.0
            if side[i] < 0:
                up, down = -down, -up
            best, worst = max(best, up), min(worst, down)
        else:
            for t in range(first, after):
                if high[t, n] == high[t, n]:
                    up, down = high[t, n] * factor[t, n] / paid - 1.0, low[t, n] * factor[t, n] / paid - 1.0
                    if side[i] < 0:
                        up, down = -down, -up
                    best, worst = max(best, up), min(worst, down)
        if exit_bar[i] >= 0 and exit_price[i] == exit_price[i]:
            at_exit = side[i] * (exit_price[i] * factor[since if steady else exit_bar[i], n] / paid - 1.0)
            best, worst = max(best, at_exit), min(worst, at_exit)
        adverse[i], favourable[i] = worst, best


def excursions(
    column: I1, side: I1, entry_bar: I1, exit_bar: I1, entry_price: F1, exit_price: F1,
    high: F2, low: F2, factor: F2, ex_dates: I1, entered_late: B1 | None = None, left_late: B1 | None = None,
) -> tuple[F1, F1]:  # fmt: skip
    """The worst and the best excursion of each trade as fractions of its entry price: at most 0, at least 0.

    Parameters
    ----------
    column, side, entry_bar, exit_bar : of each trade, in order of entry; side 1 long, -1 short; exit_bar -1 while
        open: to the last bar
    entry_price, exit_price : rupees as traded on their day; the exit's NaN while open
    high, low, factor : [T, N], as traded, and what makes prices of different days comparable; NaN highs are skipped
    ex_dates : ascending bars at which any factor changes
    entered_late, left_late : entered, and left, at the close of its bar; None = none was

    The entry bar counts whole, its extremes may have come before the fill; of the exit bar only the price of the exit.
    What is entered at a close was held in no part of that bar, what is left at one in all of it.

    Where no factor changes during a trade only the highest and the lowest price are divided by what was paid: the
    larger of two prices gives the larger fraction, rounded or not.
    """
    adverse, favourable = np.empty(column.size), np.empty(column.size)
    late, whole = (np.zeros(column.size, np.bool_) if at is None else at for at in (entered_late, left_late))
    # one layout and writable: another would compile the kernel again
    highs, lows, factors = (np.require(values, np.float64, ["C", "W"]) for values in (high, low, factor))
    _excursions(
        column, side, entry_bar, exit_bar, entry_price, exit_price, late, whole, highs, lows, factors, ex_dates,
        highs.reshape(-1).view(np.int64), lows.reshape(-1).view(np.int64), adverse, favourable,
    )  # fmt: skip
    return adverse, favourable
