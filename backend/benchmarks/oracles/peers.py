"""What three engines and two metric packages say of given markets; run by `engines.py` in their own environment.

    python peers.py CASES.npz ANSWERS.json

The file holds, by name, prices and signals [T, N] of every case and equity curves; see `engines.py`, which writes it.
Answers are, of each case and engine, the closed trades of each symbol as (entry bar, exit bar, entry price, exit
price) and the equity at each bar where the case compares it.
"""

from __future__ import annotations

import json
import sys
import warnings
from typing import Any

import numpy as np

FEE, CASH, SHARES, VALUE = 0.001, 1_000_000.0, 10.0, 5_000.0

Market = dict[str, np.ndarray]
Answer = dict[str, Any]


def frame(market: Market, n: int) -> Any:
    import pandas as pd

    index = pd.date_range("2015-01-01", periods=len(market["close"]), freq="D")
    columns = {name.capitalize(): market[name][:, n] for name in ("open", "high", "low", "close")}
    return pd.DataFrame({**columns, "Volume": 1e6}, index=index)


def later(values: np.ndarray, first: Any) -> np.ndarray:
    """Decisions of a bar, at the bar that fills them."""
    return np.concatenate([np.full((1, values.shape[1]), first), values[:-1]])


def vectorbt(market: Market, kind: str) -> Answer:
    import vectorbt as vbt

    opens, closes = market["open"], market["close"]
    words: dict[str, Any] = {"size": SHARES, "fees": FEE, "init_cash": CASH, "freq": "1D"}
    if kind == "shared":
        words |= {"group_by": True, "cash_sharing": True}
    if kind == "short":
        words["direction"] = "shortonly"
    if kind == "brackets":
        stop, target = later(market["stop"], np.nan), later(market["target"], np.nan)
        words |= {
            "open": opens, "high": market["high"], "low": market["low"], "fees": 0.0, "stop_entry_price": "FillPrice",
            # its levels are fractions of the fill, and above zero: a fill beyond a level leaves none
            "sl_stop": np.maximum(1.0 - stop / opens, 1e-9), "tp_stop": np.maximum(target / opens - 1.0, 1e-9),
        }  # fmt: skip
    entries, exits = (later(market[name], False) for name in ("entry", "exit"))
    done = vbt.Portfolio.from_signals(closes, entries, exits, price=opens, **words)
    trades: list[list[tuple[int, int, float, float]]] = [[] for _ in range(closes.shape[1])]
    for row in done.trades.records.to_dict("records"):
        if row["status"] == 1:
            trades[row["col"]].append((row["entry_idx"], row["exit_idx"], row["entry_price"], row["exit_price"]))
    value = np.asarray(done.value())
    return {"trades": trades, "equity": None if kind == "brackets" else value.reshape(len(closes), -1).T.tolist()}


def backtesting(market: Market, kind: str) -> Answer:
    from backtesting import Backtest, Strategy

    trades, equities = [], []
    for n in range(market["close"].shape[1]):
        entry, leave = market["entry"][:, n], market["exit"][:, n]
        brackets = kind == "brackets"
        stop = market["stop"][:, n] if brackets else None
        target = market["target"][:, n] if brackets else None

        class Given(Strategy):  # type: ignore[misc]
            def init(self) -> None:
                pass

            def next(self, entry=entry, leave=leave, stop=stop, target=target) -> None:  # type: ignore[no-untyped-def]
                t = len(self.data) - 1
                if self.position:
                    if leave[t]:
                        self.position.close()
                elif entry[t]:
                    words = {} if stop is None else {"sl": stop[t], "tp": target[t]}
                    (self.sell if kind == "short" else self.buy)(size=int(SHARES), **words)

        fee = 0.0 if brackets else FEE
        done = Backtest(frame(market, n), Given, cash=CASH, commission=fee, finalize_trades=False).run()
        rows = done["_trades"]
        found = zip(rows["EntryBar"], rows["ExitBar"], rows["EntryPrice"], rows["ExitPrice"], strict=True)
        trades.append(sorted((int(a), int(b), float(p), float(q)) for a, b, p, q in found))
        equities.append(done["_equity_curve"]["Equity"].tolist())
    return {"trades": trades, "equity": None if kind == "brackets" else equities}


def raptorbt(market: Market, kind: str) -> Answer:
    import raptorbt as rb

    count = len(market["close"])
    times = np.arange(count, dtype=np.int64) * 86_400_000_000_000 + 1_420_000_000_000_000_000
    trades, equities = [], []
    for n in range(market["close"].shape[1]):
        bars = (np.ascontiguousarray(market[name][:, n]) for name in ("open", "high", "low", "close"))
        entry, leave = (np.ascontiguousarray(market[name][:, n]) for name in ("entry", "exit"))
        done = rb.run_single_backtest(
            times, *bars, np.full(count, 1e6), entry, leave, -1 if kind == "short" else 1, 1.0, "X",
            rb.BacktestConfig(initial_capital=CASH, fees=FEE, fill_timing="next_bar_open"),
            instrument_config=rb.InstrumentConfig(alloted_capital=VALUE),
        )  # fmt: skip
        found = [
            (t.entry_idx, t.exit_idx, t.entry_price, t.exit_price) for t in done.trades() if t.exit_reason == "Signal"
        ]
        trades.append(found)
        equities.append(np.asarray(done.equity_curve()).tolist())
    return {"trades": trades, "equity": equities}


ENGINES = {"vectorbt": vectorbt, "backtesting.py": backtesting, "raptorbt": raptorbt}


def empyrical(returns: Any, market: Any) -> dict[str, float]:
    import empyrical as e

    return {
        "cagr": e.cagr(returns),
        "volatility": e.annual_volatility(returns),
        "sharpe": e.sharpe_ratio(returns),
        "sortino": e.sortino_ratio(returns),
        "calmar": e.calmar_ratio(returns),
        "omega": e.omega_ratio(returns),
        "max_drawdown": e.max_drawdown(returns),
        "downside_deviation": e.downside_risk(returns),
        "tail_ratio": e.tail_ratio(returns),
        "stability": e.stability_of_timeseries(returns),
        "var_95": -e.value_at_risk(returns, 0.05),
        "cvar_95": -e.conditional_value_at_risk(returns, 0.05),
        "beta": e.beta(returns, market),
        "alpha": e.alpha(returns, market),
        "up_capture": e.up_capture(returns, market),
        "down_capture": e.down_capture(returns, market),
    }


def quantstats(returns: Any) -> dict[str, float]:
    import quantstats.stats as q

    return {
        "volatility": q.volatility(returns, 252),
        "sharpe": q.sharpe(returns, periods=252),
        "sortino": q.sortino(returns, periods=252),
        "max_drawdown": q.max_drawdown(returns),
        "omega": q.omega(returns),
        "tail_ratio": q.tail_ratio(returns),
        "var_95_normal": -q.value_at_risk(returns),
        "sample_skewness": q.skew(returns),
        "sample_excess_kurtosis": q.kurtosis(returns),
        "winning_days": q.win_rate(returns),
        "best_day": q.best(returns),
        "worst_day": q.worst(returns),
    }


def main() -> None:
    import pandas as pd

    warnings.simplefilter("ignore")
    given = np.load(sys.argv[1])
    cases: dict[str, Market] = {}
    for name in given.files:
        case, _, field = name.rpartition("/")
        cases.setdefault(case, {})[field] = given[name]
    answers: dict[str, Any] = {}
    for case, market in cases.items():
        kind = case.partition(" ")[0]
        if kind == "curve":
            index = pd.date_range("2015-01-01", periods=len(market["equity"]), freq="D")
            returns, other = (pd.Series(market[name], index).pct_change().dropna() for name in ("equity", "market"))
            answers[case] = {"empyrical": empyrical(returns, other), "quantstats": quantstats(returns)}
            continue
        engines = json.loads(str(market.pop("engines")))
        answers[case] = {name: ENGINES[name](market, kind) for name in engines}
    with open(sys.argv[2], "w") as file:
        json.dump(answers, file, default=float)


if __name__ == "__main__":
    main()
