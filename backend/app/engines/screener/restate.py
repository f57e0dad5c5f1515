"""Prices and counts of shares of one bar in the shares of another.

A screen tells a value of the past in the shares of the bar it is asked on. Between bars of one factor that is the value
as published, to the last bit. Across an action it is what a person works out, rounded once: a price before a split of
one into five is divided by 5, one before five were merged into one is multiplied by 5. The greater of the two factors
always stands above, for floats hold 5 to 1 exactly and 1 to 5 not; and a price in whole paise is taken as so many
paise, for floats do not hold 19.99, of which ten are 199.90.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

F1 = NDArray[np.float64]
I1 = NDArray[np.int64]


@njit(cache=True, nogil=True, error_model="numpy")
def restated(price: float, split: float, merged: float) -> float:
    """A price where since then one share became `split`, or `merged` became one; the other of the two is 1.

    With the two changed over it does the same for a count of shares.
    """
    paise: float = np.rint(100.0 * price)
    return paise * merged / (100.0 * split) if paise / 100.0 == price else price * merged / split


@njit(cache=True, nogil=True, error_model="numpy")
def price_now(price: float, then: float, now: float) -> float:
    """A price of a bar of factor `then` in shares of one of factor `now`."""
    if then == now:
        return price
    return restated(price, now / then, 1.0) if now > then else restated(price, 1.0, then / now)


@njit(cache=True, nogil=True, error_model="numpy")
def shares_now(count: float, then: float, now: float) -> float:
    """A count of shares of a bar of factor `then` in those of one of factor `now`."""
    return price_now(count, now, then)


@njit(cache=True, nogil=True, error_model="numpy")
def restate_run(values: F1, then: float, now: float, degree: int, out: F1) -> None:
    """Values of bars of factor `then` in shares of one of factor `now`; degree 1: prices, -1: counts of shares."""
    if then == now or degree == 0:
        for i in range(values.shape[0]):
            out[i] = values[i]
        return
    split, merged = (now / then, 1.0) if now > then else (1.0, then / now)
    if degree < 0:
        split, merged = merged, split
    for i in range(values.shape[0]):
        out[i] = restated(values[i], split, merged)
    for _ in range(1, abs(degree)):
        for i in range(values.shape[0]):
            out[i] = restated(out[i], split, merged)


@njit(cache=True, nogil=True, error_model="numpy")
def restate(values: F1, factor: F1, now: float, degree: int, out: F1) -> None:
    """Values of bars in shares of one of factor `now`; values, factor, out : [T]."""
    end = values.shape[0]
    while end > 0:
        then, begin = factor[end - 1], end - 1
        while begin > 0 and factor[begin - 1] == then:
            begin -= 1
        restate_run(values[begin:end], then, now, degree, out[begin:end])
        end = begin


@njit(cache=True, nogil=True, error_model="numpy")
def stretches(values: F1, factor: F1, first: I1, at: I1, end: I1, degree: int, out: F1) -> None:
    """Of K rows `at` the rows first … end - 1 in shares of that row, one after the other.

    values, factor : [R]; first, at, end : [K]; out : [sum of the lengths]
    """
    place = 0
    for k in range(at.shape[0]):
        a, b = first[k], end[k]
        restate(values[a:b], factor[a:b], factor[at[k]], degree, out[place : place + b - a])
        place += b - a


@njit(cache=True, nogil=True)
def put_back(found: F1, first: I1, at: I1, end: I1, out: F1) -> None:
    """Write what was worked out on `stretches` to the rows at … end - 1."""
    place = 0
    for k in range(at.shape[0]):
        a, i, b = first[k], at[k], end[k]
        out[i:b] = found[place + i - a : place + b - a]
        place += b - a
