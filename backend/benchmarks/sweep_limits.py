"""Minimal loops over pairs of averages: the practical limit of a sweep, with four measures a pair."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from limits import FEE
from numba import njit

F1 = np.ndarray[Any, Any]
Loop = Callable[..., None]


@njit(cache=True, nogil=True, error_model="numpy")
def loops(open_: F1, close: F1, pairs: F1, cash: float, out: F1) -> None:
    """A run for each pair, everything in one pass: running sums, fills, equity, drawdown, moments."""
    for p in range(len(pairs)):
        fast, slow = pairs[p]
        money, held, wish, trades, peak, deepest, s1, s2, before = cash, 0.0, 0, 0, cash, 0.0, 0.0, 0.0, cash
        x = y = last = 0.0
        for t in range(close.size):
            price = close[t]
            x += price
            y += price
            if t >= fast:
                x -= close[t - fast]
            if t >= slow:
                y -= close[t - slow]
            if wish == 1:
                held = money / (open_[t] * (1.0 + FEE))
                money = 0.0
            elif wish == 2:
                money = held * open_[t] * (1.0 - FEE)
                held = 0.0
                trades += 1
            wish = 0
            now = money + held * price
            r = now / before - 1.0
            s1 += r
            s2 += r * r
            before = now
            if now > peak:
                peak = now
            elif now < peak * (1.0 + deepest):
                deepest = now / peak - 1.0
            if t >= slow - 1:
                d = x / fast - y / slow
                if held == 0.0:
                    wish = 1 if d > 0.0 and last < 0.0 else 0
                elif d < 0.0 and last > 0.0:
                    wish = 2
                last = d
        mean = s1 / close.size
        spread = s2 / close.size - mean * mean
        out[p, 0], out[p, 1], out[p, 2] = before, deepest, trades
        out[p, 3] = mean / math.sqrt(spread) * math.sqrt(252.0) if spread > 0.0 else 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def segments(open_: F1, close: F1, pairs: F1, cash: float, out: F1) -> None:
    """Averages once a window; a stretch that is held costs two look-ups in running sums, and blocks for its fall."""
    n = close.size
    widest = pairs.max()
    sums = np.zeros(n + 1)
    for t in range(n):
        sums[t + 1] = sums[t] + close[t]
    known = np.zeros(widest + 1, np.bool_)
    rows = np.zeros((widest + 1, n))
    for p in range(len(pairs)):
        for w in pairs[p]:
            if not known[w]:
                known[w] = True
                high, low, row = sums[w:], sums[: n + 1 - w], rows[w, w - 1 :]
                for t in range(row.size):
                    row[t] = (high[t] - low[t]) / w
    r1, r2 = np.zeros(n), np.zeros(n)
    for t in range(1, n):
        r = close[t] / close[t - 1] - 1.0
        r1[t] = r1[t - 1] + r
        r2[t] = r2[t - 1] + r * r
    blocks = np.empty((n // 16, 3))
    for b in range(n // 16):
        top = bottom = close[16 * b]
        fall = 0.0
        for t in range(16 * b, 16 * b + 16):
            top, bottom = max(top, close[t]), min(bottom, close[t])
            fall = min(fall, close[t] / top - 1.0)
        blocks[b, 0], blocks[b, 1], blocks[b, 2] = top, bottom, fall
    for p in range(len(pairs)):
        fast, slow = pairs[p]
        x, y = rows[fast], rows[slow]
        money, held, at, trades, peak, deepest, s1, s2 = cash, 0.0, 0, 0, cash, 0.0, 0.0, 0.0
        up = x[slow - 1] > y[slow - 1]
        t = slow
        while t < n:
            stop = min(t + 32, n)
            a, b = x[t:stop], y[t:stop]
            ups = 0
            for k in range(stop - t):
                ups += 1 if a[k] > b[k] else 0
            if ups != (stop - t if up else 0) or stop == n:
                for k in range(stop - t + (1 if stop == n else 0)):
                    ending = t + k == n
                    if not ending:
                        if (a[k] > b[k]) == up:
                            continue
                        up = not up
                    fill = n if ending else t + k + 1
                    if fill >= n and not ending:
                        continue
                    if held > 0.0 and (ending or not up):
                        s1 += r1[fill - 1] - r1[at]
                        s2 += r2[fill - 1] - r2[at]
                        top = peak / held
                        i = at
                        while i < fill:
                            if i & 15 == 0 and i + 16 <= fill:
                                q = i >> 4
                                if blocks[q, 1] < top * (1.0 + deepest):
                                    deepest = blocks[q, 1] / top - 1.0
                                deepest = min(deepest, blocks[q, 2])
                                top = max(top, blocks[q, 0])
                                i += 16
                            else:
                                top = max(top, close[i])
                                if close[i] < top * (1.0 + deepest):
                                    deepest = close[i] / top - 1.0
                                i += 1
                        peak = top * held
                        if not ending:
                            money = held * open_[fill] * (1.0 - FEE)
                            r = money / (held * close[fill - 1]) - 1.0
                            s1 += r
                            s2 += r * r
                            held = 0.0
                            trades += 1
                            if money < peak * (1.0 + deepest):
                                deepest = money / peak - 1.0
                    elif up and held == 0.0 and not ending:
                        held = money / (open_[fill] * (1.0 + FEE))
                        at = fill
                        r = held * close[at] / money - 1.0
                        s1 += r
                        s2 += r * r
            t = stop
        mean = s1 / n
        spread = s2 / n - mean * mean
        out[p, 0], out[p, 1], out[p, 2] = held * close[n - 1] if held > 0.0 else money, deepest, trades
        out[p, 3] = mean / math.sqrt(spread) * math.sqrt(252.0) if spread > 0.0 else 0.0


def every(
    loop: Loop, opens: Sequence[F1], closes: Sequence[F1], pairs: F1, cash: float, threads: int
) -> tuple[int, float]:
    """All pairs on all symbols; trades closed and the best final equity."""
    parts = threads if len(opens) == 1 else 1
    out = [[np.empty((len(part), 4)) for part in np.array_split(pairs, parts)] for _ in opens]
    work = [
        (opens[n], closes[n], part, cash, out[n][i])
        for n in range(len(opens))
        for i, part in enumerate(np.array_split(pairs, parts))
    ]
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda each: loop(*each), work))
    found = np.concatenate([part for symbol in out for part in symbol])
    return int(found[:, 2].sum()), float(found[:, 0].max())
