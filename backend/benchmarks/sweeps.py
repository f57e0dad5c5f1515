"""W3: ten thousand pairs of averages on one symbol (a), a hundred on each of fifty (b); measures of each, no curves.

Ours is the real way: a SweepSpec and bars into an `Evaluator`, in the bundles of stretches that two threads are given.
"shared" is of shares that divide; of whole shares each pair has a loop of its own. The points of a sweep are listed
before, as the request that makes a sweep does; "listed too" counts that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from itertools import chain

import numpy as np
import sweep_limits
from numpy.typing import NDArray
from workload import Answered, Line, Workload, panel, spec_of

from app.engines.backtest import Sizing, book_of
from app.engines.bars import Bars
from app.engines.strategies.registry import registry
from app.engines.sweeps.evaluate import METRICS, Evaluator, Inputs, Stretch
from app.engines.sweeps.spec import Points, SweepSpec
from app.engines.sweeps.stretches import bundles_of, stretch_of, stretches_of

F2 = NDArray[np.float64]
THREADS = 2
CAPITAL = 1_000_000.0
PLAIN = {field.name for field in fields(Bars)}
TRADES, FINAL = METRICS.index("trades"), METRICS.index("final_equity")


def _w3(columns: int, fast: Sequence[int], slow: Sequence[int], title: str) -> Workload:
    whole, strategy = panel(2_500, columns, 0.02, "1d"), registry()["sma_cross"]
    inputs = [Inputs(whole.columns([n])) for n in range(columns)]
    book = book_of(strategy, {"fast": fast[0], "slow": slow[0]})
    grid = {"fast": tuple(fast), "slow": tuple(slow)}

    def sweep(fractional: bool) -> SweepSpec:
        bases = [replace(spec_of(i.bars, CAPITAL, Sizing(), book), fractional=fractional) for i in inputs]
        return SweepSpec(tuple(bases), grid)

    def of(spec: SweepSpec, points: Points | None = None) -> Evaluator:
        for each in inputs:  # nothing worked out before may help
            for kept in vars(each.bars).keys() - PLAIN:
                del vars(each.bars)[kept]
        return Evaluator(spec, strategy, inputs, points=points)

    def done(evaluator: Evaluator) -> Answered:
        sizes = [stretch_of(strategy, found) for found in inputs]
        bundles = bundles_of(evaluator.points, stretches_of(evaluator.points, sizes), sizes, THREADS)

        def part(bundle: Sequence[Stretch]) -> list[F2]:
            return [chunk.values for chunk in evaluator.chunks(bundle, curves=False)]

        with ThreadPoolExecutor(THREADS) as threads:
            found = np.concatenate(list(chain.from_iterable(threads.map(part, bundles))))
        return int(found[:, TRADES].sum()), float(found[:, FINAL].max())

    def listed(spec: SweepSpec) -> Callable[[], Answered]:
        points = Points(spec, strategy)
        return lambda: done(of(spec, points))

    opens = [np.ascontiguousarray(i.bars.raw.open[:, 0]) for i in inputs]
    closes = [np.ascontiguousarray(i.bars.raw.close[:, 0]) for i in inputs]
    pairs = np.array([[f, s] for f in fast for s in slow])
    shares, whole_shares = sweep(True), sweep(False)

    def limit(loop: sweep_limits.Loop) -> Answered:
        return sweep_limits.every(loop, opens, closes, pairs, CAPITAL, THREADS)

    arrays = whole.raw._asdict() | {
        "volume": whole.raw_volume, "pairs": pairs, "cash": CAPITAL,
    }  # fmt: skip
    return Workload(
        title,
        {
            "limit, segments": Line(lambda: limit(sweep_limits.segments)),
            "limit, a loop a pair": Line(lambda: limit(sweep_limits.loops)),
            "sweep, shared": Line(listed(shares)),
            "sweep, shared, listed too": Line(lambda: done(of(shares))),
            "sweep, a loop a pair": Line(listed(whole_shares), exact=False),  # whole shares are another account
        },
        arrays,
        ("raptorbt", "vectorbt (Rust)"),
    )  # fmt: skip


def w3a(quick: bool) -> Workload:
    """One symbol, every pair."""
    step = 10 if quick else 1
    fast, slow = range(2, 102, step), range(105, 305, 2 * step)
    return _w3(1, fast, slow, f"W3a: one symbol x 2,500 days x {len(fast) * len(slow):,} pairs of averages")


def w3b(quick: bool) -> Workload:
    """Fifty symbols, each by itself."""
    fast, slow = range(5, 25, 2), range(30, 80, 5)
    columns = 5 if quick else 50
    return _w3(columns, fast, slow, f"W3b: {columns} symbols x 2,500 days x {len(fast) * len(slow)} pairs of averages")
