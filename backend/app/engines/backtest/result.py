"""What a run answers: curves, trades, fills, refusals, metrics, and in words what was assumed and what is odd."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from importlib.metadata import version
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.engines.backtest.spec import RunSpec, canonical_json

F1 = NDArray[np.float64]
D1 = NDArray[np.datetime64]
Columns = dict[str, list[Any]]  # one list a column, all of one length; None = unknown or not yet


class Jump(NamedTuple):
    """A move of a price that no corporate action on file explains."""

    symbol: str
    session: str  # ISO date
    ratio: float  # price after / price before


def fingerprint() -> dict[str, str]:
    """Compiler and processor that compute here; kept beside a result, never inside its bytes."""
    from llvmlite import binding

    return {
        "python": platform.python_version(),
        "numpy": version("numpy"),
        "numba": version("numba"),
        "llvm": ".".join(str(part) for part in binding.llvm_version_info),
        "cpu": binding.get_host_cpu_name(),
        "system": f"{platform.system()} {platform.machine()}",
    }


@dataclass(frozen=True, eq=False)
class RunResult:
    """The outcome of a run; T counts the measured bars.

    Attributes
    ----------
    spec : what was asked
    sessions : shape [T]
    equity, cash : shape [T], rupees at each close
    exposure : shape [T], holdings over equity
    drawdown : shape [T], equity over its running peak minus 1; the opening capital is the first peak
    daily_return : shape [T], equity over the bar before minus 1; NaN at the first bar, which has none
    state : of the policy at each bar: NORMAL, CAUTIOUS, DEFENSIVE, HALTED; UNCONSTRAINED where none applies
    trades : by column: book, symbol, key, entry_at, entry_price, exit_at, exit_price, quantity, exit_quantity, pnl,
        costs, income, exit_reason, entry_intent, exit_intent, open, adverse_excursion, favourable_excursion. Prices in
        rupees as traded on their day; pnl net of costs, of open trades at the last close; excursions are fractions of
        the entry price
    decisions : of the policy, by column, with the numbers each was taken by, and `would_have_made`: rupees that the
        part refused made in the same run without the policy; None = unknown
    fills, rejections, events : the log, by column; `components` of the costs are columns cost_<name>
    metrics : by name; None = undefined, with the why in `reasons`
    drawdown_sessions : peak, trough and recovery of the deepest drawdown, ISO dates
    coverage : member_days of the universe in the window, and in how many of them the instrument traded
    naive_twin : final equity without bands, ticks, charges, caps and slippage, and the difference by cause, rupees
    benchmarks : index, equal-weighted universe and cash at session closes, each with a few measures, or why not
    assumptions, warnings : in plain words
    """

    spec: RunSpec
    sessions: D1
    equity: F1
    cash: F1
    exposure: F1
    drawdown: F1
    daily_return: F1
    state: list[str]
    trades: Columns
    fills: Columns
    rejections: Columns
    events: Columns
    decisions: Columns
    metrics: dict[str, float | int | None]
    reasons: dict[str, str]
    drawdown_sessions: dict[str, str | None]
    coverage: dict[str, int]
    naive_twin: dict[str, Any]
    benchmarks: list[dict[str, Any]]
    assumptions: list[str]
    warnings: list[str]

    @property
    def run_id(self) -> str:
        return self.spec.run_id

    @cached_property
    def canonical(self) -> bytes:
        """Canonical JSON of everything above: equal inputs give equal bytes, in every process."""
        return canonical_json(
            {"run_id": self.run_id, "spec": self.spec.to_dict()}
            | {f.name: _json(getattr(self, f.name)) for f in fields(self) if f.name != "spec"}
        )

    def to_canonical(self) -> bytes:
        return self.canonical

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the canonical bytes, 64 hex digits."""
        return hashlib.sha256(self.canonical).hexdigest()


def times(sessions: D1) -> list[str]:
    """Sessions as ISO dates, bars with a time of day as ISO times of the exchange's clock."""
    if sessions.dtype == np.dtype("datetime64[D]"):
        return [str(text) for text in np.datetime_as_string(sessions)]
    return [str(text) for text in np.datetime_as_string(sessions, unit="s")]


def numbers(values: F1) -> list[float | None]:
    """Floats as a list, None for NaN."""
    plain: list[float | None] = values.tolist()
    if np.isnan(values).any():
        return [None if x != x else x for x in plain]
    return plain


def _json(value: object) -> Any:
    if isinstance(value, np.ndarray):
        return times(value) if value.dtype.kind == "M" else numbers(value)
    if isinstance(value, Mapping):
        return dict(value)
    return value
