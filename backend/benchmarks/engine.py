"""The engine beside minimal loops and, where there is an environment with them, other engines; interleaved.

    python benchmarks/engine.py [--only w1,w2,w3a,w3b,w4,w6] [--quick] [--peers PYTHON] [--rounds N] [--no-cold] [--cpu]

Every line of ours is the real way: a RunSpec and bars into `run`, and of the result its curve and metrics, which rest
on every trade; "log too" adds the records of fills and trades, which are made where somebody asks; "all of it" adds the
naive twin, the benchmarks, the log by column and the canonical bytes. The first line is a minimal
loop (`limits.py`) and marks what the machine can do: ratios to it and to the peers are what counts, times belong to the
machine. PYTHON is the interpreter of an environment with raptorbt, vectorbt[rust], backtesting and bt.

Cold: a fresh process from its start to its first result, with the kernels compiled before. Peak: its largest resident
memory. Where semantics agree trades and final equity must be those of the limit, or the script ends with an error.
"""

from __future__ import annotations

import argparse
import gc
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import limits
import numpy as np
from sweeps import w3a, w3b
from workload import NO_SOURCE, Answered, Line, Workload, panel, spec_of

from app.engines.backtest import BookSpec, RunResult, Sizing, book_of, run
from app.engines.backtest.warm import warm_up
from app.engines.bars import Bars
from app.engines.strategies import Params, Signals
from app.engines.strategies.base import Answer, EventStrategy, Strategy, Weights
from app.engines.strategies.registry import registry

FEE = limits.FEE
SHARES, STOP, GOAL = 10.0, 0.995, 1.01


@dataclass(frozen=True)
class NoParams(Params):
    """None."""


class Given(Strategy[NoParams]):
    """Answers what it was given."""

    id = "given"
    display_name = description = hypothesis = when_it_loses = citation = regime = "for measuring"
    params_type = NoParams
    source_hash = NO_SOURCE  # type: ignore[assignment]  # no source to hash

    def __init__(self, answer: Answer) -> None:
        self.answer = answer

    def warm_up(self, params: NoParams) -> int:
        return 0

    def signals(self, bars: Bars, params: NoParams) -> Answer:
        return self.answer


class Brackets(EventStrategy[NoParams]):
    """Buys where it is told to, with a stop and a target."""

    id = "given"
    display_name = description = hypothesis = when_it_loses = citation = regime = "for measuring"
    params_type = NoParams
    source_hash = NO_SOURCE  # type: ignore[assignment]  # no source to hash

    def __init__(self, entries: list[bool], closes: list[float]) -> None:
        self.entries, self.closes = entries, closes

    def warm_up(self, params: NoParams) -> int:
        return 0

    def on_bar(self, context: Any) -> None:
        t = context.t
        if self.entries[t] and not context.positions[0]:
            close = self.closes[t]
            context.buy(quantity=SHARES, stop=close * STOP, target=close * GOAL)


def said(result: RunResult) -> Answered:
    return int(result.metrics["trades"] or 0), float(result.metrics["final_equity"] or 0.0)


def logged(result: RunResult) -> Answered:
    assert result.trade_rows.size >= int(result.metrics["trades"] or 0)
    return said(result)


def all_of(result: RunResult) -> Answered:
    assert len(result.canonical) > 0
    return said(result)


def crossing(bars: Bars) -> tuple[Signals, BookSpec]:
    strategy = registry()["sma_cross"]
    params = {"fast": 20, "slow": 50}
    answer = strategy.signals(bars, strategy.params(params))
    assert isinstance(answer, Signals)
    return answer, book_of(strategy, params)


def prices(bars: Bars) -> dict[str, Any]:
    return {**bars.raw._asdict(), "volume": bars.raw_volume}


def w1(quick: bool) -> Workload:
    """One symbol, one-minute bars, a crossing of averages, ten shares a trade."""
    bars = panel(100_000 if quick else 1_000_000, 1, 0.001, "1m")
    signals, book = crossing(bars)
    capital, count = 1_000_000.0, bars.shape[0]
    given, shipped = {"given": Given(signals)}, registry()
    spec, of_prices = spec_of(bars, capital, Sizing("quantity", SHARES)), spec_of(
        bars, capital, Sizing("quantity", SHARES), book
    )  # fmt: skip
    open_, close = np.ascontiguousarray(bars.raw.open[:, 0]), np.ascontiguousarray(bars.raw.close[:, 0])
    entry, leave = np.ascontiguousarray(signals.entry[:, 0]), np.ascontiguousarray(signals.exit[:, 0])

    def limit() -> Answered:
        return limits.single(open_, close, entry, leave, capital, SHARES, np.empty(count), np.empty((count // 2, 3)))

    def limit_of_prices() -> Answered:
        return limits.single_of_prices(open_, close, 20, 50, capital, SHARES, np.empty(count))

    return Workload(
        f"W1: one symbol, {count:,} one-minute bars, SMA 20/50",
        {
            "limit, signals given": Line(limit),
            "limit, from prices": Line(limit_of_prices, exact=False),  # its running sums drift
            "engine, signals given": Line(lambda: said(run(spec, bars, given))),
            "engine, log too": Line(lambda: logged(run(spec, bars, given))),
            "engine, from prices": Line(lambda: said(run(of_prices, bars, shipped))),
            "engine, all of it": Line(lambda: all_of(run(of_prices, bars, shipped))),
        },
        prices(bars) | {"entry": signals.entry, "exit": signals.exit, "cash": capital, "shares": SHARES},
        ("raptorbt", "vectorbt (Rust)", "backtesting.py"),
    )


def w2(quick: bool) -> Workload:
    """Many symbols by day, one account, a fixed value an entry."""
    bars = panel(250 if quick else 2_500, 500, 0.02, "1d")
    signals, book = crossing(bars)
    capital, rupees = 10_000_000.0, 20_000.0
    given, shipped = {"given": Given(signals)}, registry()
    spec, of_prices = (spec_of(bars, capital, Sizing("value", rupees), b) for b in (None, book))
    return Workload(
        f"W2: 500 symbols x {bars.shape[0]:,} days, shared cash, SMA 20/50",
        {
            "limit, signals given": Line(
                lambda: limits.panel(
                    bars.raw.open, bars.raw.close, signals.entry, signals.exit, capital, rupees, np.empty(bars.shape[0])
                )
            ),
            "engine, signals given": Line(lambda: said(run(spec, bars, given))),
            "engine, from prices": Line(lambda: said(run(of_prices, bars, shipped))),
            "engine, all of it": Line(lambda: all_of(run(of_prices, bars, shipped))),
        },
        prices(bars) | {"entry": signals.entry, "exit": signals.exit, "cash": capital, "rupees": rupees},
        ("raptorbt", "vectorbt (Rust)"),
    )


def w4(quick: bool) -> Workload:
    """The 50 strongest of 500 by 12-1 momentum at each 21st close, in equal parts; the weights are given to all."""
    count, columns = (750, 100) if quick else (2_500, 500)
    bars, capital = panel(count, columns, 0.02, "1d"), 10_000_000.0
    at = np.zeros(count, np.bool_)
    at[252:-1:21] = True
    target = np.full(bars.shape, np.nan)
    for t in np.flatnonzero(at).tolist():
        strongest = np.argsort(-bars.close[t - 21] / bars.close[t - 252])[: columns // 10]
        target[t] = 0.0
        target[t, strongest] = 10.0 / columns
    spec, given = spec_of(bars, capital, Sizing()), {"given": Given(Weights(target))}
    weights = np.nan_to_num(target)

    def final(answer: Answered) -> Answered:
        return 0, answer[1]

    return Workload(
        f"W4: monthly rebalance to the strongest {columns // 10} of {columns} over {count:,} days",
        {
            "limit": Line(
                lambda: final(
                    limits.rebalance(bars.raw.open, bars.raw.close, weights, at, capital, np.empty(bars.shape[0]))
                )
            ),
            "engine, weights given": Line(lambda: final(said(run(spec, bars, given)))),
            "engine, all of it": Line(lambda: final(all_of(run(spec, bars, given)))),
        },
        prices(bars) | {"target": target, "cash": capital},
        ("vectorbt (Rust)", "bt"),
    )


def w6(quick: bool) -> Workload:
    """A callback a bar in Python, entries with a stop and a target."""
    bars, capital = panel(20_000 if quick else 100_000, 1, 0.001, "1m"), 1_000_000.0
    signals, _ = crossing(bars)
    entries, columns = signals.entry[:, 0].tolist(), [values[:, 0].tolist() for values in bars.raw]
    spec, asked = spec_of(bars, capital, Sizing("quantity", SHARES)), {"given": Brackets(entries, columns[3])}
    return Workload(
        f"W6: {bars.shape[0]:,} one-minute bars, a Python callback each, brackets",
        {
            "bare callback": Line(lambda: limits.brackets(columns, entries, capital, SHARES, STOP, GOAL)),
            "engine": Line(lambda: said(run(spec, bars, asked))),
            "engine, all of it": Line(lambda: all_of(run(spec, bars, asked))),
        },
        prices(bars) | {"entry": signals.entry, "cash": capital, "shares": SHARES, "stop": STOP, "goal": GOAL},
        ("raptorbt", "backtesting.py"),
    )


WORKLOADS = {"w1": w1, "w2": w2, "w3a": w3a, "w3b": w3b, "w4": w4, "w6": w6}


class Peers:
    """A process with other engines in it."""

    def __init__(self, python: str, folder: Path) -> None:
        self._command = [python, str(Path(__file__).with_name("peers.py")), str(folder)]
        self._process = self._started()

    def _started(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )  # fmt: skip

    @staticmethod
    def _ask(process: subprocess.Popen[str], workload: str, peer: str) -> dict[str, Any]:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(json.dumps({"workload": workload, "peer": peer}) + "\n")
        process.stdin.flush()
        line = process.stdout.readline()
        return json.loads(line) if line else {"error": "its process ended"}  # type: ignore[no-any-return]

    def ask(self, workload: str, peer: str) -> dict[str, Any]:
        return self._ask(self._process, workload, peer)

    def cold(self, workload: str, peer: str) -> tuple[float, float]:
        """Seconds from the start of a fresh process to its first result, and its peak memory, MB."""
        began = time.perf_counter()
        process = self._started()
        answer = self._ask(process, workload, peer)
        taken = time.perf_counter() - began
        process.kill()
        process.wait()
        return taken, float(answer.get("peak", np.nan))

    def end(self) -> None:
        self._process.kill()
        self._process.wait()


def cold(name: str, line: str, quick: bool) -> tuple[float, float, float]:
    """Of one of our lines: seconds to its first result in a fresh process, peak and what of it came with the call."""
    command = [sys.executable, __file__, "--child", f"{name}:{line}", *(["--quick"] if quick else [])]
    began = time.perf_counter()
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    peak, more = json.loads(out.splitlines()[-1])
    return time.perf_counter() - began, peak, more


def peak() -> float:
    # not ru_maxrss: a process inherits that of the one that started it
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["VmHWM"].split()[0]) / 1024


def child(name: str, quick: bool) -> None:
    workload, _, line = name.partition(":")
    work = WORKLOADS[workload](quick).lines[line].work
    before = peak()
    work()
    print(json.dumps([peak(), peak() - before]))


def measure(
    name: str,
    work: Workload,
    peers: Peers | None,
    rounds: int,
    quick: bool,
    with_cold: bool,
    clock: Callable[[], float],
) -> bool:
    """Print one workload; whether all that must agree does."""
    taken: dict[str, list[float]] = {line: [] for line in work.lines}
    theirs: dict[str, list[float]] = {peer: [] for peer in work.peers} if peers is not None else {}
    answers = {line: each.work() for line, each in work.lines.items()}
    for peer in list(theirs):
        first = peers.ask(name, peer)  # type: ignore[union-attr]  # there are none without
        if "error" in first:
            print(f"  {peer}: not run ({first['error']})")
            del theirs[peer]
        else:
            answers[peer] = first["count"], first["final"]
            theirs[peer] = [first["seconds"]] if first["seconds"] > 20 else []
    for _ in range(rounds):
        for line, each in work.lines.items():
            gc.collect()
            began = clock()
            each.work()
            taken[line].append(clock() - began)
        for peer, times in theirs.items():
            if not (times and times[0] > 20):  # a slow one is measured once
                times.append(peers.ask(name, peer)["seconds"])  # type: ignore[union-attr]
    print(f"\n{work.title}: medians of {rounds} interleaved rounds")
    base = next(iter(work.lines))
    limit, agreed = float(np.median(taken[base])), True
    for line, times in {**taken, **theirs}.items():
        median = float(np.median(times))
        count, final = answers[line]
        text = f"  {line:26s} {median * 1e3:10.2f} ms {median / limit:8.2f}x  {count:6d}  {final:16.2f}"
        if with_cold:
            found = cold(name, line, quick) if line in taken else peers.cold(name, line)  # type: ignore[union-attr]
            text += f"  cold {found[0]:6.2f} s  peak {found[1]:6.0f} MB"
            text += f" (+{found[2]:.0f})" if len(found) > 2 else ""
        if line in work.lines and work.lines[line].exact:
            same = count == answers[base][0] and abs(final - answers[base][1]) <= 1e-9 * abs(final)
            agreed, text = agreed and same, text + ("" if same else "  DIFFERS")
        print(text, flush=True)
    return agreed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="w1,w2,w3a,w3b,w4,w6", help="workloads, by comma")
    parser.add_argument("--quick", action="store_true", help="a tenth of the bars")
    parser.add_argument("--peers", help="Python of an environment with other engines")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--no-cold", action="store_true", help="without fresh processes")
    parser.add_argument("--cpu", action="store_true", help="CPU time of ours, for a machine that is not idle")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.child:
        child(asked.child, asked.quick)
        return
    print(f"kernels ready after {warm_up():.2f} s")
    agreed, clock = True, time.process_time if asked.cpu else time.perf_counter
    with tempfile.TemporaryDirectory() as folder:
        peers = Peers(asked.peers, Path(folder)) if asked.peers else None
        try:
            for name in asked.only.split(","):
                work = WORKLOADS[name](asked.quick)
                if peers is not None:
                    np.savez(Path(folder) / f"{name}.npz", **work.arrays)
                agreed &= measure(name, work, peers, asked.rounds, asked.quick, not asked.no_cold, clock)
        finally:
            if peers is not None:
                peers.end()
    if not agreed:
        sys.exit("trades or final equity differ from the limit's")


if __name__ == "__main__":
    main()
