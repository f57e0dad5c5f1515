"""What a run answers: curves, trades, fills, refusals, metrics, and in words what was assumed and what is odd."""

from __future__ import annotations

import hashlib
import platform
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.engines.backtest.spec import RunSpec, canonical_json
from app.engines.risk.drawdowns import drawdowns

if TYPE_CHECKING:
    from app.engines.risk.report import Report

F1 = NDArray[np.float64]
D1 = NDArray[np.datetime64]
Columns = dict[str, list[Any]]  # one list a column, all of one length; None = unknown or not yet


class Jump(NamedTuple):
    """A move of a price that no corporate action on file explains."""

    symbol: str
    session: str  # ISO date
    ratio: float  # price after / price before


STALE = 5  # sessions without a trade up to the last one, from which on a holding is frozen without a fate


class Fate(NamedTuple):
    """Why an instrument has no more bars, as far as something on file says it."""

    reason: str  # "QUARANTINED" or "DELISTED"
    since: str  # ISO date: the first day of the quarantine; the day of the exchange's list that has it no more


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


LONG = 20_000  # values; a longer curve is written as bytes: its digits would take longer than the run


@dataclass(frozen=True, eq=False)
class Later:
    """What of a result is worked out when it is asked for; `report` are the metrics."""

    trade_rows: Callable[[], NDArray[np.void]]
    cash: Callable[[], F1]
    holdings: Callable[[], F1]
    report: Callable[[], Report]
    state: Callable[[], list[str]]
    trades: Callable[[], Columns]
    fills: Callable[[], Columns]
    rejections: Callable[[], Columns]
    frozen_holdings: Callable[[], Columns]
    events: Callable[[], Columns]
    decisions: Callable[[], Columns]
    coverage: Callable[[], dict[str, int]]
    naive_twin: Callable[[], dict[str, Any]]
    benchmarks: Callable[[], list[dict[str, Any]]]
    assumptions: Callable[[], list[str]]
    warnings: Callable[[], list[str]]


@dataclass(frozen=True, eq=False)
class RunResult:
    """The outcome of a run; T counts the measured bars.

    Attributes
    ----------
    spec : what was asked
    sessions : shape [T]
    equity : shape [T], rupees at each close
    """

    spec: RunSpec
    sessions: D1
    equity: F1
    later: Later

    @property
    def run_id(self) -> str:
        return self.spec.run_id

    @cached_property
    def _report(self) -> Report:
        return self.later.report()

    @property
    def metrics(self) -> dict[str, float | int | None]:
        """Measures by name; None = undefined, with the why in `reasons`."""
        return self._report.values

    @property
    def reasons(self) -> dict[str, str]:
        """Why a measure is None, by its name."""
        return self._report.reasons

    @property
    def drawdown_sessions(self) -> dict[str, str | None]:
        """Peak, trough and recovery of the deepest drawdown, ISO dates."""
        return self._report.drawdown

    @cached_property
    def trade_rows(self) -> NDArray[np.void]:
        """The trades in order of entry, TRADE; `trades` are the same as plain values."""
        return self.later.trade_rows()

    @cached_property
    def cash(self) -> F1:
        """Shape [T], rupees at each close."""
        return self.later.cash()

    @cached_property
    def holdings(self) -> F1:
        """Shape [T], rupees at each close; what is held short counts below zero."""
        return self.later.holdings()

    @cached_property
    def exposure(self) -> F1:
        """Holdings over equity, shape [T]."""
        return np.divide(self.holdings, self.equity, out=np.zeros_like(self.equity), where=self.equity > 0.0)

    @cached_property
    def drawdown(self) -> F1:
        """Equity over its running peak minus 1, shape [T]; the opening capital is the first peak."""
        return drawdowns(self.equity, self.spec.initial_capital)

    @cached_property
    def daily_return(self) -> F1:
        """Equity over the bar before minus 1, shape [T]; NaN at the first bar, which has none."""
        found = np.full(self.equity.size, np.nan)
        np.divide(self.equity[1:], self.equity[:-1], out=found[1:], where=self.equity[:-1] > 0.0)
        found[1:] -= 1.0
        return found

    @cached_property
    def state(self) -> list[str]:
        """Of the policy at each bar: NORMAL, CAUTIOUS, DEFENSIVE, HALTED; UNCONSTRAINED where none applies."""
        return self.later.state()

    @cached_property
    def trades(self) -> Columns:
        """By column: book, symbol, key, entry_at, entry_price, exit_at, exit_price, quantity, exit_quantity, pnl,
        costs, income, exit_reason, entry_intent, exit_intent, open, adverse_excursion, favourable_excursion. Prices in
        rupees as traded on their day; pnl net of costs, of open trades at the last close; excursions are fractions of
        the entry price."""
        return self.later.trades()

    @cached_property
    def fills(self) -> Columns:
        """The fills by column; `components` of the costs are columns cost_<name>."""
        return self.later.fills()

    @cached_property
    def rejections(self) -> Columns:
        """What was refused or cut down, by column; `until` of exits that found no bar up to the end."""
        return self.later.rejections()

    @cached_property
    def frozen_holdings(self) -> Columns:
        """What is held at the end and could not be sold, by column, the largest first: book, symbol, key, quantity,
        last_price, last_traded, value (rupees), reason, since, exit_refused_at."""
        return self.later.frozen_holdings()

    @cached_property
    def events(self) -> Columns:
        """What ex-dates did to holdings, by column."""
        return self.later.events()

    @cached_property
    def decisions(self) -> Columns:
        """Of the policy, by column, with the numbers each was taken by, and `would_have_made`: rupees that the part
        refused made in the same run without the policy; None = unknown. Wanted and granted are shares, of a SCALE
        rupees of all targets of a book before and after the rule."""
        return self.later.decisions()

    @cached_property
    def coverage(self) -> dict[str, int]:
        """Member_days of the universe in the window, and in how many of them the instrument traded."""
        return self.later.coverage()

    @cached_property
    def naive_twin(self) -> dict[str, Any]:
        """Final equity without bands, ticks, charges, caps and slippage, and the difference by cause, rupees."""
        return self.later.naive_twin()

    @cached_property
    def benchmarks(self) -> list[dict[str, Any]]:
        """Index, equal-weighted universe and cash at session closes, each with a few measures, or why not."""
        return self.later.benchmarks()

    @cached_property
    def assumptions(self) -> list[str]:
        """What was assumed, in plain words."""
        return self.later.assumptions()

    @cached_property
    def warnings(self) -> list[str]:
        """What is odd, in plain words."""
        return self.later.warnings()

    @cached_property
    def canonical(self) -> bytes:
        """Canonical JSON of everything above: equal inputs give equal bytes, in every process.

        Curves of more than LONG bars stand in it as bytes; `decoded` reads both.
        """
        values: dict[str, Any] = {"run_id": self.run_id, "spec": self.spec.to_dict()}
        return canonical_json(values | {name: _json(getattr(self, name)) for name in WRITTEN})

    def to_canonical(self) -> bytes:
        return self.canonical

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the canonical bytes, 64 hex digits."""
        return hashlib.sha256(self.canonical).hexdigest()


WRITTEN = (
    *("sessions", "equity", "cash", "exposure", "drawdown", "daily_return", "state", "trades", "fills", "rejections"),
    "frozen_holdings",
    *("events", "decisions", "metrics", "reasons", "drawdown_sessions", "coverage", "naive_twin", "benchmarks"),
    *("assumptions", "warnings"),
)  # what the canonical bytes hold beside the spec
CURVES = ("sessions", "equity", "cash", "exposure", "drawdown", "daily_return", "state")


def decoded(result: dict[str, Any]) -> dict[str, Any]:
    """A result read back from its canonical bytes, with every curve as a list, however it was written."""
    return result | {name: _plain(result[name]) for name in CURVES if name in result}


def _plain(curve: Any) -> list[Any]:
    if not isinstance(curve, dict):
        return list(curve)
    if "repeated" in curve:
        return [curve["repeated"]] * int(curve["count"])
    values = np.frombuffer(b64decode(curve["bytes"]), np.dtype(curve["dtype"]))
    return times(values.view("datetime64[s]")) if values.dtype.kind == "i" else numbers(values)


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
        if value.size > LONG:
            whole = value.dtype.kind == "M"
            plain = value.astype("datetime64[s]").astype("<i8") if whole else np.ascontiguousarray(value, "<f8")
            return {"bytes": b64encode(plain.tobytes()).decode(), "dtype": "<i8" if whole else "<f8"}
        return times(value) if value.dtype.kind == "M" else numbers(value)
    if isinstance(value, list) and len(value) > LONG and value.count(value[0]) == len(value):
        return {"repeated": value[0], "count": len(value)}
    if isinstance(value, Mapping):
        return dict(value)
    return value
