"""W7: the risk report of 50 shares over 2,520 sessions, ours beside the practical limit and open packages in one run.

    python benchmarks/risk_report.py [--shares 50] [--sessions 2520] [--rounds 9]

Annual return, volatility, Sharpe, Sortino, deepest drawdown, VaR and CVaR at 95 % and beta of every share and of the
portfolio of equal weights, and the matrix of correlations. The limit is a bare loop with reordered sums, NumPy's sort
and correlations. Ours says five more figures of each (VaR and CVaR at 99 %, skewness, kurtosis, downside deviation) and
is what an analysis calls. Packages are timed where they are installed. Interleaved, medians, the first call left out;
the bare loop and empyrical must agree with it on the portfolio's figures. One thread, that of BLAS too: on a busy
machine its threads wait for each other for longer than they work.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read when NumPy is loaded

import numpy as np
from numba import njit

from app.engines.portfolio.table import correlation, covariance, figures

Report = tuple[float, ...]  # of the portfolio: annual return, volatility, drawdown, VaR, CVaR; mean beta, correlation


def market(shares: int, sessions: int) -> tuple[np.ndarray, np.ndarray]:
    stream = np.random.default_rng(11)
    common = stream.standard_t(4, sessions) * 0.008
    returns = common[:, None] * stream.uniform(0.4, 1.5, shares) + stream.standard_t(5, (sessions, shares)) * 0.011
    return np.ascontiguousarray(returns + 0.0004), common


def ours(returns: np.ndarray, benchmark: np.ndarray) -> Report:
    rows = np.ascontiguousarray(np.column_stack([returns, returns.mean(axis=1)]).T)
    found = figures(rows, benchmark)
    together = correlation(covariance(rows[:-1]))
    names = ("annual_return", "volatility", "max_drawdown")
    return (
        *(float(found[name][-1]) for name in names),
        -float(found["var_95"][-1]),
        -float(found["cvar_95"][-1]),
        float(found["beta"].mean()),
        float(together.mean()),
    )


@njit(cache=True, error_model="numpy", fastmath=True)
def bare(rows, ordered, benchmark, out):  # type: ignore[no-untyped-def]
    count, n = rows.shape
    k = int(0.05 * (n - 1))
    mean_b = benchmark.mean()
    square_b = 0.0
    for i in range(n):
        square_b += (benchmark[i] - mean_b) ** 2
    for s in range(count):
        x = rows[s]
        mean = below = common = square = 0.0
        for i in range(n):
            mean += x[i]
        mean /= n
        for i in range(n):
            e = x[i] - mean
            square += e * e
            common += e * (benchmark[i] - mean_b)
            y = min(x[i], 0.0)
            below += y * y
        equity = peak = 1.0
        deepest = 0.0
        for i in range(n):
            equity *= 1.0 + x[i]
            peak = max(peak, equity)
            if equity < peak * (1.0 + deepest):
                deepest = equity / peak - 1.0
        z = ordered[s]
        at_risk = z[k] + (0.05 * (n - 1) - k) * (z[k + 1] - z[k])
        tail = 0.0
        for i in range(k + 1):
            tail += z[i]
        deviation = np.sqrt(square / (n - 1))
        out[s, 0] = equity ** (252.0 / n) - 1.0
        out[s, 1] = deviation * np.sqrt(252.0)
        out[s, 2] = mean / deviation * np.sqrt(252.0)
        out[s, 3] = mean / np.sqrt(below / n) * np.sqrt(252.0)
        out[s, 4], out[s, 5], out[s, 6], out[s, 7] = deepest, at_risk, tail / (k + 1), common / square_b


def limit(returns: np.ndarray, benchmark: np.ndarray) -> Report:
    rows = np.ascontiguousarray(np.column_stack([returns, returns.mean(axis=1)]).T)
    out = np.empty((rows.shape[0], 8))
    bare(rows, np.sort(rows, axis=1), benchmark, out)
    last = out[-1]
    return (*last[[0, 1, 4, 5, 6]].tolist(), float(out[:, 7].mean()), float(np.corrcoef(rows[:-1]).mean()))


def empyrical() -> Callable[[np.ndarray, np.ndarray], Report] | None:
    try:
        import empyrical as e
        import pandas as pd
    except ImportError:
        return None

    def report(returns: np.ndarray, benchmark: np.ndarray) -> Report:
        index = pd.date_range("2015-01-01", periods=len(returns), freq="B")
        table, against, rows = pd.DataFrame(returns, index), pd.Series(benchmark, index), []
        table = table.assign(p=table.mean(axis=1))
        for name in table:
            s = table[name]
            rows.append(
                (e.annual_return(s), e.annual_volatility(s), e.sharpe_ratio(s), e.sortino_ratio(s), e.max_drawdown(s),
                 e.value_at_risk(s), e.conditional_value_at_risk(s), e.beta(s, against))
            )  # fmt: skip
        last = rows[-1]
        together = float(table.drop(columns="p").corr().to_numpy().mean())
        return last[0], last[1], last[4], last[5], last[6], float(np.mean([row[7] for row in rows])), together

    return report


def skfolio() -> Callable[[np.ndarray, np.ndarray], Report] | None:
    try:
        import skfolio.measures as m
    except ImportError:
        return None

    def report(returns: np.ndarray, benchmark: np.ndarray) -> Report:
        table, rows = np.column_stack([returns, returns.mean(axis=1)]), []
        for s in table.T:
            deviation, mean = m.standard_deviation(s), m.mean(s)
            rows.append(
                (float(np.prod(1 + s)) ** (252 / s.size) - 1, deviation * 252**0.5, mean / deviation,
                 mean / m.semi_deviation(s), -m.max_drawdown(m.get_drawdowns(s, compounded=True)),
                 -m.value_at_risk(s, 0.95), -m.cvar(s, 0.95), np.cov(s, benchmark)[0, 1] / benchmark.var(ddof=1))
            )  # fmt: skip
        last = rows[-1]
        mean_beta = float(np.mean([row[7] for row in rows]))
        return last[0], last[1], last[4], last[5], last[6], mean_beta, float(np.corrcoef(returns.T).mean())

    return report


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shares", type=int, default=50)
    parser.add_argument("--sessions", type=int, default=2520)
    parser.add_argument("--rounds", type=int, default=9)
    asked = parser.parse_args()
    returns, benchmark = market(asked.shares, asked.sessions)
    work = {"ours": ours, "limit (bare loop)": limit, "empyrical-reloaded": empyrical(), "skfolio measures": skfolio()}
    runs = {name: call for name, call in work.items() if call is not None}
    took: dict[str, list[float]] = {name: [] for name in runs}
    said = {name: call(returns, benchmark) for name, call in runs.items()}
    for _ in range(asked.rounds):
        for name, call in runs.items():
            began = time.perf_counter()
            call(returns, benchmark)
            took[name].append(time.perf_counter() - began)
    for name, seconds in took.items():
        median = statistics.median(seconds)
        ratio = median / statistics.median(took["ours"])
        shown = " ".join(f"{value:.6f}" for value in said[name])
        print(f"{name:20} {median * 1e3:8.2f} ms  {ratio:6.2f} × ours  {shown}")
    for name in set(work) - set(runs):
        print(f"{name:20} not installed")
    for name in ("limit (bare loop)", "empyrical-reloaded"):
        if name in said:
            assert np.allclose(said[name], said["ours"], rtol=1e-9), name


if __name__ == "__main__":
    main()
