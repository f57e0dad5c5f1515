"""Other engines on the workloads of `engine.py`, in an environment of their own; started by it, not by hand.

    PYTHON peers.py FOLDER        reads {"workload": …, "peer": …} a line, answers {"seconds", "count", "final"} a line

FOLDER holds the arrays of each workload as NAME.npz. A peer that is not installed or fails answers {"error": …}.
Signals are given to all; fills are at the next open with ten basis points a side.
"""

from __future__ import annotations

import gc
import json
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

FEE = 0.001
Work = Callable[[], tuple[int, float]]
MINUTE, DAY = 60_000_000_000, 86_400_000_000_000


def later(signal: Any) -> Any:
    """A signal acted on one bar on, for engines that trade in the bar of the signal."""
    return np.concatenate([np.zeros_like(signal[:1]), signal[:-1]])


def stamps(count: int, step: int) -> Any:
    return 1_420_000_000_000_000_000 + np.arange(count, dtype=np.int64) * step


def index(count: int, frequency: str) -> Any:
    import pandas as pd

    return pd.date_range("2015-01-01 09:15", periods=count, freq=frequency)


def raptorbt_w1(d: dict[str, Any]) -> Work:
    import raptorbt as rb

    config = rb.BacktestConfig(initial_capital=float(d["cash"]), fees=FEE, fill_timing="next_bar_open")
    # it has no orders of a number of shares: as many rupees as ten shares cost in the middle of the walk
    size = rb.InstrumentConfig(alloted_capital=float(d["shares"] * np.median(d["close"])))
    prices = [np.ascontiguousarray(d[name][:, 0]) for name in ("open", "high", "low", "close", "volume")]
    entry, leave = (np.ascontiguousarray(d[name][:, 0]) for name in ("entry", "exit"))
    at = stamps(len(entry), MINUTE)

    def work() -> tuple[int, float]:
        found = rb.run_single_backtest(at, *prices, entry, leave, 1, 1.0, "X", config, instrument_config=size)
        measures = found.metrics
        return int(measures.total_closed_trades), float(d["cash"]) * (1 + measures.total_return_pct / 100)

    return work


def vectorbt(d: dict[str, Any], frequency: str, **size: Any) -> Work:
    import pandas as pd
    import vectorbt as vbt

    at = index(len(d["close"]), frequency)
    close, open_ = (pd.DataFrame(d[name], at) for name in ("close", "open"))
    entry, leave = later(d["entry"]), later(d["exit"])

    def work() -> tuple[int, float]:
        made = vbt.Portfolio.from_signals(
            close, entry, leave, price=open_, fees=FEE, init_cash=float(d["cash"]), group_by=True, cash_sharing=True,
            freq=frequency, engine="rust", **size,
        )  # fmt: skip
        made.max_drawdown()
        made.sharpe_ratio()
        return int(made.trades.closed.count()), float(made.final_value())

    return work


def backtesting_w1(d: dict[str, Any]) -> Work:
    from backtesting import Backtest, Strategy

    frame, entry, leave = ohlc(d), d["entry"][:, 0], d["exit"][:, 0]

    class Given(Strategy):  # type: ignore[misc]
        def init(self) -> None:
            self.entry = self.I(lambda: entry.astype(float), plot=False)
            self.leave = self.I(lambda: leave.astype(float), plot=False)

        def next(self) -> None:
            if not self.position:
                if self.entry[-1]:
                    self.buy(size=int(d["shares"]))
            elif self.leave[-1]:
                self.position.close()

    return backtesting(Backtest(frame, Given, cash=float(d["cash"]), commission=FEE))


def ohlc(d: dict[str, Any]) -> Any:
    import pandas as pd

    names = ("open", "high", "low", "close", "volume")
    return pd.DataFrame({n.capitalize(): d[n][:, 0] for n in names}, index(len(d["close"]), "min"))


def backtesting(made: Any) -> Work:
    def work() -> tuple[int, float]:
        found = made.run()
        return int(found["# Trades"]), float(found["Equity Final [$]"])

    return work


def raptorbt_w2(d: dict[str, Any]) -> Work:
    import raptorbt as rb

    names = ("open", "high", "low", "close", "volume")
    at, columns = stamps(len(d["close"]), DAY), d["close"].shape[1]
    entry, leave = later(d["entry"]), later(d["exit"])
    of = [
        (at, *(np.ascontiguousarray(d[k][:, n]) for k in names), np.ascontiguousarray(entry[:, n]),
         np.ascontiguousarray(leave[:, n]), 1, 1.0, f"S{n}")
        for n in range(columns)
    ]  # fmt: skip
    sizes = {f"S{n}": rb.InstrumentConfig(alloted_capital=float(d["rupees"])) for n in range(columns)}
    # its portfolio runner loses entries when it shifts them itself: they are shifted before, and fill at that open
    config = rb.BacktestConfig(
        initial_capital=float(d["cash"]), fees=FEE, fill_timing="same_bar_open_lookahead", periods_per_year=252.0
    )

    def work() -> tuple[int, float]:
        found = rb.run_portfolio_backtest(of, config, "equal_weight", sizes)
        measures = (found.result if hasattr(found, "result") else found).metrics
        return int(measures.total_closed_trades), float(d["cash"]) * (1 + measures.total_return_pct / 100)

    return work


def vectorbt_w4(d: dict[str, Any]) -> Work:
    import pandas as pd
    import vectorbt as vbt

    at = index(len(d["close"]), "D")
    close, open_ = (pd.DataFrame(d[name], at) for name in ("close", "open"))
    target = np.vstack([np.full((1, d["close"].shape[1]), np.nan), d["target"][:-1]])

    def work() -> tuple[int, float]:
        made = vbt.Portfolio.from_orders(
            close, target, price=open_, size_type="targetpercent", fees=FEE, init_cash=float(d["cash"]), group_by=True,
            cash_sharing=True, call_seq="auto", freq="1D", engine="rust",
        )  # fmt: skip
        return int(made.orders.count()), float(made.final_value())

    return work


def bt_w4(d: dict[str, Any]) -> Work:
    import bt
    import pandas as pd

    at = index(len(d["close"]), "D")
    names = [f"S{n}" for n in range(d["close"].shape[1])]
    close = pd.DataFrame(d["close"], at, names)
    rows = ~np.isnan(d["target"]).all(axis=1)
    target = pd.DataFrame(d["target"][rows], at[rows], names)

    def work() -> tuple[int, float]:
        plan = bt.Strategy("given", [bt.algos.WeighTarget(target), bt.algos.Rebalance()])
        found = bt.run(
            bt.Backtest(
                plan, close, initial_capital=float(d["cash"]), commissions=lambda q, p: abs(q) * p * FEE,
                integer_positions=False, progress_bar=False,
            )
        )  # fmt: skip
        return len(found.get_transactions()), float(found.backtests["given"].strategy.values.iloc[-1])

    return work


def raptorbt_w6(d: dict[str, Any]) -> Work:
    import raptorbt as rb

    prices = [np.ascontiguousarray(d[name][:, 0]) for name in ("open", "high", "low", "close", "volume")]
    entry, close = d["entry"][:, 0].tolist(), d["close"][:, 0].tolist()
    at, part = stamps(len(entry), MINUTE), float(d["shares"] * np.median(d["close"]) / d["cash"])

    class Given(rb.Strategy):  # type: ignore[misc]
        def on_bar(self, context: Any) -> None:
            t = context.idx
            if context.position is None and entry[t]:
                self.enter(
                    size_frac=part, stop_price=close[t] * float(d["stop"]), target_price=close[t] * float(d["goal"])
                )

    config = rb.BacktestConfig(initial_capital=float(d["cash"]), fees=FEE, fill_timing="next_bar_open")

    def work() -> tuple[int, float]:
        found = rb.run_strategy_backtest(Given(), at, *prices, symbol="X", config=config).metrics
        return int(found.total_closed_trades), float(d["cash"]) * (1 + found.total_return_pct / 100)

    return work


def backtesting_w6(d: dict[str, Any]) -> Work:
    from backtesting import Backtest, Strategy

    entry = d["entry"][:, 0]

    class Given(Strategy):  # type: ignore[misc]
        def init(self) -> None:
            self.entry = self.I(lambda: entry.astype(float), plot=False)

        def next(self) -> None:
            if not self.position and self.entry[-1]:
                close = self.data.Close[-1]
                self.buy(size=int(d["shares"]), sl=close * float(d["stop"]), tp=close * float(d["goal"]))

    return backtesting(Backtest(ohlc(d), Given, cash=float(d["cash"]), commission=FEE))


def raptorbt_w3(d: dict[str, Any]) -> Work:
    import raptorbt as rb

    config = rb.BacktestConfig(
        initial_capital=float(d["cash"]), fees=FEE, fill_timing="next_bar_open", periods_per_year=252.0
    )
    fields = ("open", "high", "low", "close", "volume")
    count, columns = d["close"].shape
    at = stamps(count, DAY)
    symbols = [[np.ascontiguousarray(d[name][:, n]) for name in fields] for n in range(columns)]

    def average(x: Any, window: int) -> Any:
        total = np.cumsum(x)
        out = np.full(x.size, np.nan)
        out[window - 1] = total[window - 1] / window
        out[window:] = (total[window:] - total[:-window]) / window
        return out

    def work() -> tuple[int, float]:
        trades, best = 0, 0.0
        for prices in symbols:
            rows = {int(w): average(prices[3], int(w)) for w in np.unique(d["pairs"])}
            items = []
            for fast, slow in d["pairs"].tolist():
                difference = rows[fast] - rows[slow]
                entry, leave = np.zeros(count, bool), np.zeros(count, bool)
                with np.errstate(invalid="ignore"):
                    entry[1:] = (difference[1:] > 0) & (difference[:-1] < 0)
                    leave[1:] = (difference[1:] < 0) & (difference[:-1] > 0)
                items.append(rb.BatchSingleItem("p", entry, leave))
            for _, result in rb.batch_single_backtest(at, *prices, items, config):
                trades += int(result.metrics.total_closed_trades)
                best = max(best, float(d["cash"]) * (1 + result.metrics.total_return_pct / 100))
        return trades, best

    return work


def vectorbt_w3(d: dict[str, Any]) -> Work:
    import pandas as pd
    import vectorbt as vbt

    at = index(len(d["close"]), "D")
    close, open_ = pd.DataFrame(d["close"], index=at), d["open"]
    fast, slow = d["pairs"][:, 0], d["pairs"][:, 1]

    def work() -> tuple[int, float]:
        a = vbt.MA.run(close, fast, short_name="f", engine="rust")
        b = vbt.MA.run(close, slow, short_name="s", engine="rust")
        entry, leave = later(a.ma_crossed_above(b).to_numpy()), later(a.ma_crossed_below(b).to_numpy())
        k = entry.shape[1] // close.shape[1]
        made = vbt.Portfolio.from_signals(
            np.tile(close.to_numpy(), (1, k)), entry, leave, price=np.tile(open_, (1, k)), fees=FEE,
            init_cash=float(d["cash"]), freq="1D", engine="rust",
        )  # fmt: skip
        total, _, _ = made.total_return(), made.sharpe_ratio(year_freq="252D"), made.max_drawdown()
        return int(made.trades.closed.count().sum()), float(d["cash"]) * (1 + float(total.max()))

    return work


PEERS: dict[str, dict[str, Callable[[dict[str, Any]], Work]]] = {
    "w1": {
        "raptorbt": raptorbt_w1,
        "vectorbt (Rust)": lambda d: vectorbt(d, "min", size=float(d["shares"])),
        "backtesting.py": backtesting_w1,
    },
    "w2": {
        "raptorbt": raptorbt_w2,
        "vectorbt (Rust)": lambda d: vectorbt(d, "D", size=float(d["rupees"]), size_type="value"),
    },
    "w3a": {"raptorbt": raptorbt_w3, "vectorbt (Rust)": vectorbt_w3},
    "w3b": {"raptorbt": raptorbt_w3, "vectorbt (Rust)": vectorbt_w3},
    "w4": {"vectorbt (Rust)": vectorbt_w4, "bt": bt_w4},
    "w6": {"raptorbt": raptorbt_w6, "backtesting.py": backtesting_w6},
}


def peak() -> float:
    """The largest resident memory, MB; not ru_maxrss: a process inherits that of the one that started it."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["VmHWM"].split()[0]) / 1024


def main() -> None:
    warnings.filterwarnings("ignore")
    folder, ready, loaded = Path(sys.argv[1]), {}, {}
    answers, sys.stdout = sys.stdout, sys.stderr  # peers print what they like
    for line in sys.stdin:
        asked = json.loads(line)
        workload, peer = asked["workload"], asked["peer"]
        try:
            if workload not in loaded:
                with np.load(folder / f"{workload}.npz") as arrays:
                    loaded[workload] = dict(arrays)
            if (workload, peer) not in ready:
                ready[workload, peer] = PEERS[workload][peer](loaded[workload])
            gc.collect()
            began = time.perf_counter()
            count, final = ready[workload, peer]()
            answer = {"seconds": time.perf_counter() - began, "count": count, "final": final}
            answer["peak"] = peak()
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"[:200]}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
