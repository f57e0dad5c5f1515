"""The figures of many series at once: what `engines/risk` says of one, in two passes over sorted and unsorted rows.

A test holds every column against the measure of one series. Returns must be finite, so that sums may be reordered.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.engines.kernels import kernel

F1 = NDArray[np.float64]
F2 = NDArray[np.float64]

NAMES: Final = (
    *("annual_return", "volatility", "sharpe", "sortino", "max_drawdown", "var_95", "cvar_95", "var_99", "cvar_99"),
    *("beta", "skewness", "kurtosis", "downside_deviation"),
)
_COLUMN: Final = {name: n for n, name in enumerate(NAMES)}
_NOISE: Final = 1e-12
_REORDER: Final = {"reassoc", "contract", "arcp", "nsz"}  # sums by lanes; not NaN-blind


def figures(rows: F2, benchmark: F1, periods: int = 252) -> dict[str, F1]:
    """Figures by name, each of shape [N], of the returns `rows` [N, T]; NaN where one is undefined.

    Parameters
    ----------
    rows : shape [N, T], finite, contiguous, one series a row; T at least 2
    benchmark : shape [T], finite; returns of the same sessions

    `var_*`, `cvar_*` are historical, positive losses of one session; `max_drawdown` is a fraction in [-1, 0], the money
    before the first return being the first peak; the rest as in `engines/risk`, at a risk-free rate of zero.
    """
    if rows.shape[1] < 2 or rows.shape[1] != benchmark.shape[0]:
        raise ValueError(f"expected two or more returns and as many of the benchmark, got {rows.shape[1]}")
    out = np.empty((len(NAMES), rows.shape[0]))
    rows = np.ascontiguousarray(rows)
    _figures(rows, np.sort(rows, axis=1), np.ascontiguousarray(benchmark), float(periods), out)
    return {name: out[n] for name, n in _COLUMN.items()}


def covariance(rows: F2) -> F2:
    """Sample covariance [N, N] of returns `rows` [N, T], T at least 2. Not by BLAS: its order depends on threads."""
    centred = np.ascontiguousarray(rows - rows.mean(axis=1, keepdims=True))
    out = np.empty((rows.shape[0], rows.shape[0]))
    _products(centred, out)
    out /= rows.shape[1] - 1
    return out


def correlation(covariances: F2) -> F2:
    """Correlations of covariances; 0 with a series that does not vary, 1 with itself."""
    spread = np.sqrt(np.diag(covariances))
    still = spread < _NOISE
    scale = np.where(still, 1.0, spread)
    found: F2 = covariances / np.outer(scale, scale)
    found[still, :] = 0.0
    found[:, still] = 0.0
    np.clip(found, -1.0, 1.0, out=found)
    np.fill_diagonal(found, 1.0)
    return found


@kernel(error_model="numpy", fastmath=_REORDER)
def _products(x: F2, out: F2) -> None:
    for a in range(x.shape[0]):
        left = x[a]
        for b in range(a + 1):
            right = x[b]
            total = 0.0
            for t in range(left.size):
                total += left[t] * right[t]
            out[a, b] = total
            out[b, a] = total


@kernel(error_model="numpy", fastmath=_REORDER)
def _figures(rows: F2, ordered: F2, benchmark: F1, periods: float, out: F2) -> None:
    n = benchmark.size
    year = math.sqrt(periods)
    bench_mean = 0.0
    for t in range(n):
        bench_mean += benchmark[t]
    bench_mean /= n
    bench_square = 0.0
    for t in range(n):
        bench_square += (benchmark[t] - bench_mean) ** 2
    for s in range(rows.shape[0]):
        row = rows[s]
        mean = 0.0
        for t in range(n):
            mean += row[t]
        mean /= n
        second = third = fourth = common = below = 0.0
        for t in range(n):
            move = row[t] - mean
            square = move * move
            second += square
            third += square * move
            fourth += square * square
            common += move * (benchmark[t] - bench_mean)
            loss = min(row[t], 0.0)
            below += loss * loss
        equity = peak = 1.0
        deepest = 0.0
        for t in range(n):
            equity *= 1.0 + row[t]
            peak = max(peak, equity)
            if equity < peak * (1.0 + deepest):
                deepest = equity / peak - 1.0
        deviation = math.sqrt(second / (n - 1))
        spread = math.sqrt(second / n)
        downside = math.sqrt(below / n)
        out[0, s] = equity ** (periods / n) - 1.0 if equity > 0.0 else math.nan
        out[1, s] = deviation * year if deviation >= 1e-12 else 0.0
        out[2, s] = mean / deviation * year if deviation >= 1e-12 else math.nan
        out[3, s] = mean / downside * year if downside >= 1e-12 else math.nan
        out[4, s] = deepest
        for c in range(2):
            place = (0.05 if c == 0 else 0.01) * (n - 1)
            k = int(place + 1e-9)
            ahead = max(place - k, 0.0)
            row_sorted = ordered[s]
            edge = row_sorted[k]
            if ahead > 1e-9:
                edge += ahead * (row_sorted[k + 1] - row_sorted[k])
            count = k + 1
            while count < n and row_sorted[count] <= edge:
                count += 1
            total = 0.0
            for t in range(count):
                total += row_sorted[t]
            out[5 + 2 * c, s] = -edge
            out[6 + 2 * c, s] = -total / count
        out[9, s] = common / bench_square if math.sqrt(bench_square / (n - 1)) >= 1e-12 else math.nan
        out[10, s] = third / n / spread**3 if spread >= 1e-12 else math.nan
        out[11, s] = fourth / n / spread**4 if spread >= 1e-12 else math.nan
        out[12, s] = downside * year
