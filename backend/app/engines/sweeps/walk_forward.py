"""Walk-forward: choose parameters on what was known, test them on what came after, and do so again and again.

On each training window a metric chooses among the points of a grid, and the choice is run on the test window after it.
The account goes from window to window with its equity and without positions: what is open at the end of one is valued
at its last close, and leaving it there costs nothing here. A test is a run: it decides from the close of its
first bar on. The stitched curve holds test sessions only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from itertools import chain as chain_of
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from app.engines.backtest import CostSpec, run
from app.engines.backtest.benchmarks import benchmarks_of
from app.engines.backtest.spec import HIGHEST_BPS, ParamValue, RunSpec, canonical_json
from app.engines.evidence import anatomy
from app.engines.risk.report import Report, series_report
from app.engines.risk.returns import sharpe
from app.engines.strategies.base import Strategy
from app.engines.sweeps.doubt import doubt
from app.engines.sweeps.evaluate import METRICS, Chunk, Evaluator, Inputs
from app.engines.sweeps.spec import Points, SweepSpec
from app.engines.sweeps.stretches import stretch_of
from app.engines.sweeps.walk_summary import efficiency, frozen_warning, stability
from app.engines.sweeps.windows import Mode, Window, windows

F1 = NDArray[np.float64]
F2 = NDArray[np.float64]

CHOOSING: Final = {
    "sharpe": "the highest Sharpe ratio",
    "sortino": "the highest Sortino ratio",
    "calmar": "the highest Calmar ratio",
    "cagr": "the highest growth a year",
    "total_return": "the highest total return",
    "max_drawdown": "the shallowest drawdown",
    "profit_factor": "the highest profit factor",
    "win_rate": "the highest share of trades won",
}  # measures of which more is better, and what is chosen by each
STRESS: Final = (1, 2, 3)
MOST_RUNS: Final = 200_000  # points times windows
SAME: Final = 1e-9  # Sharpe ratios that differ by no more are the same one, worked out in another order


@cache
def method_version() -> str:
    """A hash of the sources that decide how a walk is made of its runs; `engine_version` is that of the runs."""
    engines = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for source in (*sorted((engines / "evidence").glob("*.py")), *sorted((engines / "sweeps").glob("*.py"))):
        digest.update(source.relative_to(engines).as_posix().encode() + b"\0")
        digest.update(source.read_text(encoding="utf-8").encode() + b"\0")  # text mode: one kind of line end
    return digest.hexdigest()[:12]


@dataclass(frozen=True)
class WalkForwardSpec:
    """What is asked.

    Attributes
    ----------
    base : a run of one strategy over the whole period, its parameters those of the first point
    grid, draws, seed : the points, as of `SweepSpec`
    metric : one of CHOOSING; the highest in training is chosen, the first of equals
    train, test, mode, purge, embargo : see `windows`
    method : `method_version`, so that what is stored is never taken for what another one would say
    """

    base: RunSpec
    grid: Mapping[str, tuple[ParamValue, ...]]
    train: int
    test: int
    metric: str = "sharpe"
    mode: Mode = "rolling"
    purge: int = 0
    embargo: int = 0
    draws: int | None = None
    seed: int = 0
    method: str = field(default_factory=method_version)

    def __post_init__(self) -> None:
        if self.metric not in CHOOSING:
            raise ValueError(f"metric: expected one of {', '.join(CHOOSING)}, got {self.metric!r}")
        _ = self.sweep(self.base)

    def sweep(self, base: RunSpec) -> SweepSpec:
        """The points on one window."""
        return SweepSpec((base,), self.grid, self.draws, self.seed)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, every input in them."""
        names = ("metric", "mode", "train", "test", "purge", "embargo", "method")
        points = {name: value for name, value in self.sweep(self.base).to_dict().items() if name != "bases"}
        return {"base": self.base.to_dict(), **points, **{name: getattr(self, name) for name in names}}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> WalkForwardSpec:
        """The spec that `to_dict` gave these values for."""
        grid = {name: tuple(found) for name, found in sorted(values["grid"].items())}
        return cls(**{**values, "base": RunSpec.from_dict(values["base"]), "grid": grid})

    @cached_property
    def walk_forward_id(self) -> str:
        """SHA-256 of the canonical bytes, 64 hex digits."""
        return hashlib.sha256(b"walk-forward\0" + canonical_json(self.to_dict())).hexdigest()


class Tested(NamedTuple):
    """What a run on a test window gave."""

    equity: F1  # at session closes
    costs: F1  # rupees of itemised charges until then
    metrics: Mapping[str, float | int | None]


TestRun = Callable[[RunSpec, Inputs, int], Tested]  # the last: how many times as high its costs are
Told = Callable[[float, str], None]


class Chunks(Protocol):
    """Works out stretches of points, in the order they are given."""

    def __call__(self, work: Sequence[tuple[Evaluator, int, int]], *, curves: bool, counted: bool) -> list[Chunk]:
        """`curves`: their returns are asked for, too. `counted`: they are trials, and not ones counted before."""


class Walked(NamedTuple):
    """The result, as plain values, and its canonical bytes."""

    values: dict[str, Any]
    canonical: bytes
    digest: str


def windows_of(spec: WalkForwardSpec, inputs: Inputs) -> list[Window]:
    """The windows on these bars. Raises as `windows`."""
    bars = inputs.bars
    sessions = int(bars.session[-1] - bars.session[bars.start]) + 1 if bars.start < bars.shape[0] else 0
    return windows(sessions, train=spec.train, test=spec.test, mode=spec.mode, purge=spec.purge, embargo=spec.embargo)


def walk_forward(
    spec: WalkForwardSpec,
    strategy: Strategy[Any],
    inputs: Inputs,
    *,
    chunks: Chunks,
    benchmark: F1 | None = None,
    tested: TestRun | None = None,
    evaluator: Callable[[SweepSpec, Inputs], Evaluator] | None = None,
    progress: Told = lambda _fraction, _message: None,
) -> Walked:
    """Walk forward.

    Parameters
    ----------
    inputs : bars over the whole period, with the longest warm-up of all points
    chunks : works out stretches of points
    benchmark : shape [T], closes of the index that the base names, NaN unknown; None = no series of it
    tested, evaluator : how a run, and the points of a window, are worked out; as the engine does, where not given

    Raises
    ------
    ValueError : no windows, or too many runs.
    """
    walker = _Walker(
        spec, strategy, inputs, tested or plain_test(strategy), evaluator or _evaluator(strategy), benchmark
    )
    found = windows_of(spec, inputs)
    points = len(Points(spec.sweep(spec.base), strategy))
    if points * len(found) > MOST_RUNS:
        raise ValueError(
            f"grid: expected at most {MOST_RUNS:,} runs, got {points:,} points in {len(found)} windows of training"
        )
    chosen = []
    for k, window in enumerate(found):
        chosen.append(walker.choose(window, chunks))
        progress(0.8 * (k + 1) / len(found), f"Window {k + 1} of {len(found)}")
    curves = {factor: walker.chained(found, chosen, factor) for factor in STRESS}
    progress(0.85, "All points over the tested sessions")
    values = walker.told(found, chosen, curves) | {"variants": walker.variants(found, curves[1], chunks)}
    canonical = canonical_json(values)
    return Walked(values, canonical, hashlib.sha256(canonical).hexdigest())


class _Choice(NamedTuple):
    """Which point a window chose; `params` None: no point had a value."""

    params: dict[str, ParamValue] | None
    value: float | None
    cagr: float | None
    points: int  # that had a value


class _Chain(NamedTuple):
    """The stitched account of one level of costs."""

    equity: F1  # at the closes of all tested sessions
    runs: list[Tested | None]
    why: str | None  # why there is none


class _Walker:
    def __init__(
        self, spec: WalkForwardSpec, strategy: Strategy[Any], inputs: Inputs, tested: TestRun,
        evaluator: Callable[[SweepSpec, Inputs], Evaluator], benchmark: F1 | None,
    ) -> None:  # fmt: skip
        self._spec, self._strategy, self._inputs = spec, strategy, inputs
        self._tested, self._evaluator, self._benchmark = tested, evaluator, benchmark
        bars = inputs.bars
        first = int(bars.session[bars.start])
        self._ends = bars.closes[first:] + 1  # the bar after each measured session
        self._begins = np.concatenate([[bars.start], self._ends[:-1]])
        self._days = bars.sessions[self._ends - 1].astype("datetime64[D]")

    def _cut(self, first: int, after: int, base: RunSpec) -> tuple[RunSpec, Inputs]:
        """Sessions [first, after) as a base and what it reads, and nothing that comes later."""
        begin, end = int(self._begins[first]), int(self._ends[after - 1])
        days = self._days[[first, after - 1]].astype(object)
        return replace(base, start=days[0], end=days[1]), self._inputs.between(0, end, begin)

    def choose(self, window: Window, chunks: Chunks) -> _Choice:
        """The best point of a training window."""
        base, inputs = self._cut(window.train_first, window.train_after, self._spec.base)
        work, points = self._work(base, inputs)
        values = np.concatenate([part.values for part in chunks(work, curves=False, counted=True)])
        column = values[:, METRICS.index(self._spec.metric)]
        known = int(np.count_nonzero(~np.isnan(column)))
        if not known:
            return _Choice(None, None, None, 0)
        best = int(np.nanargmax(column))
        return _Choice(points.varied(best), _plain_value(column[best]),
                       _plain_value(values[best, METRICS.index("cagr")]), known)  # fmt: skip

    def _work(self, base: RunSpec, inputs: Inputs) -> tuple[list[tuple[Evaluator, int, int]], Points]:
        """All points on these inputs, in stretches."""
        found = self._evaluator(self._spec.sweep(base), inputs)
        total = len(found.points)
        size = stretch_of(self._strategy, inputs.with_warm_up(found.points.found.warm_up))
        return [(found, first, min(first + size, total)) for first in range(0, total, size)], found.points

    def chained(self, found: Sequence[Window], chosen: Sequence[_Choice], factor: int) -> _Chain:
        """Every choice on its test window, the account going from one to the next, costs so many times as high."""
        base, why = _stressed(self._spec.base, factor)
        if base is None:
            return _Chain(np.empty(0), [], why)
        capital, parts = base.initial_capital, list[F1]()
        runs: list[Tested | None] = []
        for window, choice in zip(found, chosen, strict=True):
            one, inputs = self._cut(window.test_first, window.test_after, base)
            if choice.params is None or capital <= 0.0:
                parts.append(np.full(window.test_after - window.test_first, capital))
                runs.append(None)
                continue
            book = one.books[0]
            params = {**book.params, **choice.params}
            one = replace(one, books=(replace(book, params=params),), initial_capital=capital)
            before = self._strategy.warm_up(self._strategy.params(params))
            result = self._tested(one, inputs.with_warm_up(before), factor)
            equity = result.equity - (factor - 1) * result.costs  # zero where the charges are in the rate
            parts.append(equity)
            runs.append(result)
            capital = float(equity[-1])
        return _Chain(np.concatenate(parts), runs, None)

    def variants(self, found: Sequence[Window], chain: _Chain, chunks: Chunks) -> dict[str, Any]:
        """All points over the tested sessions as if each had been fixed, and where walking forward is among them.

        How far the best of them is luck is asked of points that are held right through. Beside the walk stand points
        that begin each test in cash, with the account that the walk had there: what it did in every test, too.
        """
        base, inputs = self._cut(found[0].test_first, found[-1].test_after, self._spec.base)
        work, points = self._work(base, inputs)
        parts = chunks(work, curves=True, counted=True)
        numbers = [number for part in parts for number in part.kept]
        told = doubt(np.concatenate([part.returns for part in parts]), numbers, len(points))
        periods = self._spec.base.periods_per_year
        own = self._report(chain.equity, found).values.get("sharpe")
        known, kept = np.empty(0), 0
        if (chain.equity > 0.0).all():
            beside = self._restarted(found, chain, chunks)
            sharpes = [sharpe(row, periods).value for row in beside if not np.isnan(row).any()]
            known, kept = np.array([value for value in sharpes if value is not None]), len(beside)
        return told | {
            "restarted": True,
            "compared": int(known.size),
            "not_compared": kept - int(known.size),  # accounts that were lost in a test, or stood still
            "sharpe_median": float(np.median(known)) if known.size else None,
            "sharpe_best": float(known.max()) if known.size else None,
            "share_below": float(np.mean(known <= own + SAME)) if known.size and own is not None else None,
        }

    def _restarted(self, found: Sequence[Window], chain: _Chain, chunks: Chunks) -> F2:
        """Shape [kept points, tested sessions]: the returns of points that are walked forward alone, NaN lost."""
        work, capitals = list[list[tuple[Evaluator, int, int]]](), list[float]()
        at, capital = 0, self._spec.base.initial_capital
        for window in found:
            one = replace(self._spec.base, initial_capital=capital)
            work.append(self._work(*self._cut(window.test_first, window.test_after, one))[0])
            capitals.append(capital)
            at += window.test_after - window.test_first
            capital = float(chain.equity[at - 1])
        parts = iter(chunks(list(chain_of.from_iterable(work)), curves=True, counted=False))
        windows = []
        for stretches, capital in zip(work, capitals, strict=True):
            its = [next(parts) for _ in stretches]
            after = np.concatenate([part.returns for part in its])
            finals = np.concatenate([part.values for part in its])[:, METRICS.index("final_equity")]
            kept = [number for part in its for number in part.kept]
            # what the first session gave is the rest: returns are those from its close on
            first = finals[kept] / (capital * np.prod(1.0 + after, axis=1)) - 1.0
            windows.append(np.column_stack([first, after]))
        return np.concatenate(windows, axis=1)

    def _tested_days(self, found: Sequence[Window]) -> NDArray[np.datetime64]:
        return self._days[found[0].test_first : found[-1].test_after]

    def _returns(self, equity: F1) -> F1:
        before = np.concatenate([[self._spec.base.initial_capital], equity[:-1]])
        grown: F1 = np.divide(equity, before, out=np.full(equity.size, np.nan), where=before > 0.0)
        return grown - 1.0

    def _benchmarks(self, found: Sequence[Window]) -> list[dict[str, Any]]:
        """What stands beside the tested curve, from the close before the first test on, as the account does."""
        begin, end = int(self._begins[found[0].test_first - 1]), int(self._ends[found[-1].test_after - 1])
        index = None if self._benchmark is None else self._benchmark[:end]
        return benchmarks_of(self._spec.base, self._inputs.between(0, end, begin).bars, index)

    def _report(self, equity: F1, found: Sequence[Window], index: Mapping[str, Any] | None = None) -> Report:
        """The metrics of a tested curve; `index` of `benchmarks_of`, where it is to be held against one."""
        capital = self._spec.base.initial_capital
        if index is None or index["equity"] is None:
            beside: F1 | str = "not held against an index" if index is None else index["words"]
        else:
            beside = np.array(index["equity"], np.float64)
        report = series_report(
            self._tested_days(found), equity / capital, periods=self._spec.base.periods_per_year, benchmark=beside,
            returns=self._returns(equity),
        )  # fmt: skip
        report.values["final_equity"] = float(equity[-1])  # rupees, as of a run: a series ends with what 1 became
        return report

    def told(self, found: Sequence[Window], chosen: Sequence[_Choice], curves: Mapping[int, _Chain]) -> dict[str, Any]:
        """The result as plain values."""
        chain, capital = curves[1], self._spec.base.initial_capital
        benchmarks = self._benchmarks(found)
        report = self._report(chain.equity, found, benchmarks[0])
        rows, at = [], 0
        for window, choice, result in zip(found, chosen, chain.runs, strict=True):
            count = window.test_after - window.test_first
            before = capital if at == 0 else float(chain.equity[at - 1])
            metrics = {} if result is None else result.metrics
            rows.append(
                {
                    "train_start": str(self._days[window.train_first]),
                    "train_end": str(self._days[window.train_after - 1]),
                    "test_start": str(self._days[window.test_first]),
                    "test_end": str(self._days[window.test_after - 1]),
                    "sessions": count,
                    "params": choice.params,
                    "points": choice.points,
                    "trained": choice.value,
                    "trained_cagr": choice.cagr,
                    "tested": metrics.get(self._spec.metric),
                    "tested_cagr": metrics.get("cagr"),
                    "tested_return": float(chain.equity[at + count - 1]) / before - 1.0 if before > 0.0 else None,
                    "trades": metrics.get("trades", 0),
                    "frozen_share": metrics.get("frozen_share"),
                }
            )
            at += count
        lost = not bool((chain.equity > 0.0).all())
        luck = "equity reached zero" if lost else anatomy.luck(
            self._returns(chain.equity), periods=self._spec.base.periods_per_year, seed=self._spec.base.seed
        )  # fmt: skip
        return {
            "walk_forward_id": self._spec.walk_forward_id,
            "spec": self._spec.to_dict(),
            "sessions": [str(day) for day in self._tested_days(found)],
            "equity": chain.equity.tolist(),
            "metrics": report.values,
            "reasons": report.reasons,
            "benchmarks": benchmarks,
            "windows": rows,
            "stability": stability(self._spec.grid, [choice.params for choice in chosen]),
            "efficiency": efficiency(rows, self._spec.base.periods_per_year),
            "stress": [
                {
                    "factor": factor, "reason": stressed.why,
                    "metrics": None if stressed.why is not None else self._report(stressed.equity, found).values,
                }
                for factor, stressed in curves.items()
            ],
            "luck": luck if isinstance(luck, str) else {
                "intervals": {name: list(bounds) for name, bounds in luck.intervals.items()},
                "quantiles": list(anatomy.CONE), "cone": (capital * luck.cone).tolist(),
                "block": luck.block, "resamples": luck.resamples, "confidence": luck.confidence, "seed": luck.seed,
            },
            "warnings": frozen_warning(rows),
            "words": _words(self._spec),
        }  # fmt: skip


def _words(spec: WalkForwardSpec) -> list[str]:
    """The conventions."""
    begins = "the last" if spec.mode == "rolling" else "all sessions from the first, at least"
    told = [
        f"Parameters are chosen by {CHOOSING[spec.metric]} on {begins} {spec.train} sessions, and tested on the "
        f"{spec.test} after them; then again.",
        "The curve holds tested sessions only; what was chosen saw none of them.",
        "The account goes from window to window without positions: what is open at the end of one is valued at its "
        "last close, and leaving it there costs nothing.",
        "Each test begins in cash: what is decided at the close of its first bar is its first order, and a rule that "
        "buys at an event (a crossing, say) waits for the next one.",
        "So do the points that the walk is held against: each test with the account that the walk had there.",
        "Ratios rest on the tested sessions; the risk-free rate is taken as zero.",
    ]
    if spec.purge or spec.embargo:
        told.append(
            f"{spec.purge} sessions are left out before each test as their positions may be held into it (purge), and "
            f"{spec.embargo} more as they are alike (embargo)."
        )
    if spec.base.costs.plan not in ("none", "bps"):
        told.append(
            "Charges of a broker at two and three times: what they came to is taken from the account once and twice "
            "more, with the sizes that it had."
        )
    return told


def _stressed(base: RunSpec, factor: int) -> tuple[RunSpec | None, str | None]:
    """The base with rates, slippage and impact so many times as high; None and why, where they are too high then."""
    costs, slippage, impact = base.costs, base.slippage_bps * factor, base.impact_bps * factor
    rates = (("costs", costs.bps * factor, HIGHEST_BPS), ("slippage", slippage, HIGHEST_BPS),
             ("impact", impact, 10 * HIGHEST_BPS))  # fmt: skip
    for name, value, most in rates:
        if value > most:
            return None, f"{name} of {value:g} bps are beyond the {most:g} that a run takes"
    costs = CostSpec("bps", costs.bps * factor) if costs.plan == "bps" else costs
    return replace(base, costs=costs, slippage_bps=slippage, impact_bps=impact), None


def _plain_value(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _evaluator(strategy: Strategy[Any]) -> Callable[[SweepSpec, Inputs], Evaluator]:
    return lambda spec, inputs: Evaluator(spec, strategy, [inputs])


def plain_test(strategy: Strategy[Any]) -> TestRun:
    """A run on a test window by the engine."""

    def tested(spec: RunSpec, inputs: Inputs, _factor: int) -> Tested:
        result = run(
            spec, inputs.bars, {strategy.id: strategy}, dividends=inputs.dividends, exchange=inputs.exchange,
            sectors=inputs.sectors,
        )  # fmt: skip
        return tested_of(spec, result.sessions, result.equity, result.fills, result.metrics)

    return tested


def tested_of(
    spec: RunSpec, sessions: NDArray[np.datetime64], equity: F1, fills: Mapping[str, Sequence[Any]],
    metrics: Mapping[str, float | int | None],
) -> Tested:  # fmt: skip
    """A run on a test window, at the closes of its sessions."""
    days = sessions.astype("datetime64[D]")
    closes = np.flatnonzero(np.append(days[1:] != days[:-1], True))
    costs = np.zeros(closes.size)
    if spec.costs.plan not in ("none", "bps") and len(fills["cost"]):
        at = np.array(fills["filled_at"], "datetime64[s]").astype("datetime64[D]")
        np.add.at(costs, np.searchsorted(days[closes], at), np.array(fills["cost"], np.float64))
    return Tested(equity[closes], np.cumsum(costs), metrics)
