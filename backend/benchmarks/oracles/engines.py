"""Our engine beside vectorbt, backtesting.py and raptorbt on random signals, our metrics beside two packages'.

    python benchmarks/oracles/engines.py [--seeds 20] [--environment DIR]

Makes an environment of their own for the peers (some 650 MB) and asks them in one process there. Compared, with whole
shares and 0.1 % a side unless said otherwise:

- signals: one symbol, in and out at the next open; trades and the equity of every bar equal
- short: the same, sold first
- shared: three symbols from one account, cash enough for all
- value: 5,000 rupees an entry in fractions of shares, as raptorbt sizes
- brackets: stop and target of each entry, inside the bar; every trade that only one side has must follow from a
  convention on which engines differ (stop or target on the entry bar, an entry that opens beyond its stop, or a
  position kept by an earlier one of these)
- curve: the metrics of our equity curves

Exit code 1 where anything differs and no convention says why.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from app.engines.backtest import CostSpec, RunResult, Sizing, run
from app.engines.backtest.result import times
from app.engines.bars import Bars
from app.engines.risk import moments, tail
from app.engines.risk.report import series_report
from app.engines.strategies import Signals
from benchmarks.oracles.peers import CASH, FEE, SHARES, VALUE
from tests.engines.backtest.cases import Given, spec_of
from tests.engines.backtest.test_golden_stops import classified

PACKAGES = (
    "vectorbt==1.2.0", "backtesting==0.6.6", "raptorbt==0.13.4", "empyrical-reloaded==0.7.1", "quantstats==0.0.86",
    "setuptools",
)  # fmt: skip
PEERS = {
    "signals": ["vectorbt", "backtesting.py"],
    "short": ["vectorbt", "backtesting.py"],
    "shared": ["vectorbt"],
    "value": ["raptorbt"],
    "brackets": ["vectorbt", "backtesting.py"],
}
BARS, SYMBOLS = 400, 3
STOP, TARGET = 0.03, 0.05

Trade = tuple[int, int]


def environment(folder: Path) -> Path:
    """The interpreter of an environment with the peers."""
    python = folder / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", *PACKAGES], check=True)
    return python


def market(seed: int) -> dict[str, np.ndarray]:
    """Random walks in paise with random signals; none in the first two bars, which one peer does not look at."""
    random = np.random.default_rng(seed)
    shape = (BARS, SYMBOLS)
    close = random.uniform(50.0, 500.0, SYMBOLS) * np.exp(np.cumsum(random.normal(0.0, 0.02, shape), axis=0))
    before = np.concatenate([close[:1], close[:-1]])
    open_ = before * np.exp(random.normal(0.0, 0.01, shape))
    high = np.maximum(open_, close) * np.exp(np.abs(random.normal(0.0, 0.008, shape)))
    low = np.minimum(open_, close) * np.exp(-np.abs(random.normal(0.0, 0.008, shape)))
    open_, high, low, close = (np.round(values, 2) for values in (open_, high, low, close))
    entry = random.random(shape) < 0.06
    leave = (random.random(shape) < 0.08) & ~entry
    entry[:2] = leave[:2] = False
    return {
        "open": open_, "high": np.maximum(high, np.maximum(open_, close)),
        "low": np.minimum(low, np.minimum(open_, close)), "close": close, "entry": entry, "exit": leave,
    }  # fmt: skip


def ours(given: dict[str, np.ndarray], kind: str, columns: slice) -> tuple[RunResult, Bars]:
    """Our run of some of the columns."""
    fields = {name: np.ascontiguousarray(values[:, columns]) for name, values in given.items()}
    names = [f"S{n}" for n in range(fields["close"].shape[1])]
    ohlcv = {
        name: (*(fields[f][:, n] for f in ("open", "high", "low", "close")), np.full(BARS, 1e6))
        for n, name in enumerate(names)
    }
    bars = Bars.from_ohlcv(np.datetime64("2015-01-01") + np.arange(BARS), ohlcv, timeframe="1d")
    never = np.zeros(bars.shape, bool)
    answer = Signals(fields["entry"], fields["exit"])
    if kind == "short":
        answer = Signals(never, never, short=answer)
    if kind == "brackets":
        answer = Signals(fields["entry"], never, stop=fields["stop"], target=fields["target"])
    strategy = Given("given", [[False]], [[False]])
    strategy.answer = answer
    spec = spec_of(
        ["given"],
        start=date(1990, 1, 1),
        end=date(2100, 1, 1),
        initial_capital=CASH,
        sizing=Sizing("value", VALUE) if kind == "value" else Sizing("quantity", SHARES),
        fractional=kind == "value",
        costs=CostSpec("none") if kind == "brackets" else CostSpec("bps", FEE * 1e4),
    )
    return run(spec, bars, {"given": strategy}), bars


def trades_of(result: RunResult, bars: Bars, symbol: str) -> dict[Trade, tuple[float, float, str]]:
    """Our closed trades of a symbol: entry and exit bar → prices and reason of the exit."""
    at = {label: t for t, label in enumerate(times(bars.sessions))}
    names = ("symbol", "entry_at", "exit_at", "entry_price", "exit_price", "exit_reason", "open")
    rows = zip(*(result.trades[name] for name in names), strict=True)
    return {(at[a], at[b]): (p, q, why) for s, a, b, p, q, why, still in rows if s == symbol and not still}


class Table:
    """What was compared, a line a case and peer."""

    def __init__(self) -> None:
        self.lines: dict[tuple[str, str], Counter[str]] = {}
        self.apart: dict[tuple[str, str], float] = {}
        self.wrong: list[str] = []

    def add(self, kind: str, peer: str, **counts: int) -> None:
        self.lines.setdefault((kind, peer), Counter()).update(counts)

    def equity(self, kind: str, peer: str, case: str, mine: np.ndarray, theirs: np.ndarray) -> None:
        gap = float(np.max(np.abs(mine / theirs - 1.0)))
        self.apart[kind, peer] = max(self.apart.get((kind, peer), 0.0), gap)
        if not gap < 1e-9:
            self.wrong.append(f"{case}, {peer}: equity differs by {gap:.2e} of it at most")

    def print(self) -> None:
        print(f"{'case':<10} {'peer':<16} {'compared':>9} {'equal':>9} {'by convention':>14} {'equity within':>14}")
        for (kind, peer), counts in self.lines.items():
            apart = self.apart.get((kind, peer))
            within = "-" if apart is None else f"{apart:.1e}"
            numbers = f"{counts['compared']:>9,} {counts['equal']:>9,} {counts['convention']:>14,}"
            print(f"{kind:<10} {peer:<16} {numbers} {within:>14}")
            for cause, count in sorted(counts.items()):
                if cause not in ("compared", "equal", "convention"):
                    print(f"{'':<27} {count:>9,}  {cause}")


def compare_trades(
    table: Table, case: str, peer: str, mine: dict[Trade, Any], theirs: dict[Trade, Any], refused: set[int]
) -> None:
    kind = case.partition(" ")[0]
    both = mine.keys() & theirs.keys()
    for trade in sorted(both):
        if not np.allclose(mine[trade][:2], theirs[trade], rtol=1e-9, atol=0.0):
            table.wrong.append(f"{case}, {peer}, bars {trade}: prices {mine[trade][:2]}, theirs {theirs[trade]}")
    causes = classified(mine, theirs, refused) if kind == "brackets" else dict.fromkeys(mine.keys() ^ theirs.keys())
    for trade, cause in causes.items():
        if cause is None:
            whose = "ours" if trade in mine else "theirs"
            table.wrong.append(
                f"{case}, {peer}: a trade of bars {trade} is only in {whose}, and no convention says why"
            )
    known = Counter(cause for cause in causes.values() if cause)
    table.add(kind, peer, compared=len(mine.keys() | theirs.keys()), equal=len(both), convention=known.total(), **known)


def compare_metrics(table: Table, case: str, curve: dict[str, np.ndarray], theirs: dict[str, dict[str, float]]) -> None:
    days = np.datetime64("2015-01-01") + np.arange(curve["equity"].size)
    mine = dict(series_report(days, curve["equity"], periods=252, benchmark=curve["market"]).values)
    returns = curve["equity"][1:] / curve["equity"][:-1] - 1.0
    mine["var_95_normal"] = tail.value_at_risk_normal(returns).value
    mine["sample_skewness"] = moments.sample_skewness(returns).value
    mine["sample_excess_kurtosis"] = moments.sample_excess_kurtosis(returns).value
    for package, values in theirs.items():
        for name, value in values.items():
            found = mine[name]
            equal = found is not None and abs(found - value) <= 1e-9 * max(abs(value), 1e-3)
            table.add("curve", package, compared=1, equal=int(equal))
            if not equal:
                table.wrong.append(f"{case}, {package}: {name} is {value!r}, ours {found!r}")


def main() -> None:
    """Ask all, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=20, help="markets of each case")
    parser.add_argument("--environment", type=Path, default=Path(tempfile.gettempdir()) / "smarttrader-engine-oracles")
    asked = parser.parse_args()
    python = environment(asked.environment)
    given: dict[str, dict[str, np.ndarray]] = {}
    for kind in PEERS:
        for seed in range(asked.seeds):
            case = market(seed)
            if kind == "brackets":
                case["exit"][:] = False
                case |= {"stop": case["close"] * (1.0 - STOP), "target": case["close"] * (1.0 + TARGET)}
            given[f"{kind} {seed}"] = case
    mine = {case: asked_of(case, fields) for case, fields in given.items()}
    curves = {
        f"curve {seed}": {
            "equity": mine[f"shared {seed}"][0][0].equity,
            "market": given[f"shared {seed}"]["close"][:, 0],
        }
        for seed in range(asked.seeds)
    }
    with tempfile.TemporaryDirectory() as folder:
        file, answers = Path(folder) / "cases.npz", Path(folder) / "answers.json"
        arrays = {
            f"{case}/{name}": values for case, fields in {**given, **curves}.items() for name, values in fields.items()
        }
        arrays |= {f"{case}/engines": np.array(json.dumps(PEERS[case.partition(" ")[0]])) for case in given}
        np.savez(file, **arrays)
        words = [str(python), str(Path(__file__).with_name("peers.py")), str(file), str(answers)]
        done = subprocess.run(words, stderr=subprocess.PIPE, text=True)
        if done.returncode:
            raise SystemExit(f"a peer failed:\n{done.stderr[-3000:]}")
        theirs = json.loads(answers.read_text())
    table = Table()
    for case in given:
        for peer, answer in theirs[case].items():
            for i, (result, bars) in enumerate(mine[case]):
                for n, symbol in enumerate(bars.symbols):
                    found = {(int(a), int(b)): (p, q) for a, b, p, q in answer["trades"][i + n]}
                    refused = refused_at(result, bars)
                    compare_trades(table, case, peer, trades_of(result, bars, symbol), found, refused)
                if answer["equity"] is not None:
                    table.equity(case.partition(" ")[0], peer, case, result.equity, np.array(answer["equity"][i]))
    for case, curve in curves.items():
        compare_metrics(table, case, curve, theirs[case])
    table.print()
    if table.wrong:
        print(f"\n{len(table.wrong)} differences that nothing explains:", *table.wrong[:20], sep="\n  ")
        raise SystemExit(1)
    print("\nEvery trade, equity and metric is equal, or differs by a named convention.")


def asked_of(case: str, fields: dict[str, np.ndarray]) -> list[tuple[RunResult, Bars]]:
    """Our runs of a case: of all symbols together where they share an account, else of each."""
    kind = case.partition(" ")[0]
    columns = [slice(None)] if kind == "shared" else [slice(n, n + 1) for n in range(SYMBOLS)]
    return [ours(fields, kind, column) for column in columns]


def refused_at(result: RunResult, bars: Bars) -> set[int]:
    """The bars at which an entry was refused for opening beyond its stop."""
    at = {label: t for t, label in enumerate(times(bars.sessions))}
    rows = zip(result.rejections["at"], result.rejections["reason"], strict=True)
    return {at[bar] for bar, why in rows if why == "STOP_THROUGH"}


if __name__ == "__main__":
    main()
