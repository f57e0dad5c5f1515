"""A stored result in the shapes that are shown."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any


def _rows(columns: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _filled(columns: Mapping[str, Sequence[Any]]) -> dict[str, Sequence[Any]]:
    return dict(columns) if any(columns.values()) else {}


_TRADE_COLUMNS = (
    *("book", "symbol", "key", "entry_at", "entry_price", "exit_at", "exit_price", "quantity", "exit_quantity"),
    *("pnl", "costs", "income", "exit_reason", "open", "side", "ambiguous"),
    *("adverse_excursion", "favourable_excursion"),
)
TABLES = ("daily_chart", "trades", "rejections", "frozen_holdings", "decisions")
SHAPE = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:16]  # another one after any change of this file
LONG_TABLES = ("trades", "rejections", "decisions")  # as long as the run traded; its head is shown without them
_DAILY_COLUMNS = ("equity", "drawdown", "exposure", "daily_return", "state")


def at_closes(bars: Mapping[str, Sequence[Any]]) -> dict[str, list[Any]]:
    """The account at the close of each session, of columns at every intraday bar; returns from close to close."""
    days = [str(at)[:10] for at in bars["date"]]
    rows = [i for i, day in enumerate(days) if i + 1 == len(days) or days[i + 1] != day]
    closes = {name: [values[i] for i in rows] for name, values in bars.items()}
    equity = closes["equity"]
    returns = [None, *(b / a - 1.0 if a > 0.0 else None for a, b in pairwise(equity))]
    return closes | {"date": [days[i] for i in rows], "daily_return": returns}


def in_rows(answer: Mapping[str, Any]) -> dict[str, Any]:
    """An answer of `in_columns`, or a part of it, with its tables as rows."""
    return dict(answer) | {name: _rows(answer[name]) for name in TABLES if name in answer}


def head_of(answer: Mapping[str, Any]) -> dict[str, Any]:
    """An answer without its long tables."""
    return {name: value for name, value in answer.items() if name not in LONG_TABLES}


def in_columns(result: dict[str, Any], digest: str) -> dict[str, Any]:
    """A stored result in the shape that is shown, its tables as columns; {} for a table without rows."""
    daily = {"date": result["sessions"], **{name: result[name] for name in _DAILY_COLUMNS}}
    if result["spec"]["timeframe"] not in ("1d", "1w", "1mo"):
        daily = at_closes(daily)
    trades = result["trades"]
    if "side" not in trades:  # a run of an engine that knew neither shorts nor stops
        count = len(trades["symbol"])
        trades = trades | {"side": ["LONG"] * count, "ambiguous": [False] * count}
    for name in ("adverse_excursion", "favourable_excursion"):
        if name not in trades:  # a run of an engine that did not measure them
            trades = trades | {name: [None] * len(trades["symbol"])}
    spec = result["spec"]
    return {
        "run_id": result["run_id"],
        "digest": digest,
        "strategy_ids": [book["strategy_id"] for book in spec["books"]],
        "start_date": spec["start"],
        "end_date": spec["end"],
        "metrics": result["metrics"],
        "metric_reasons": result["reasons"],
        "daily_chart": _filled(daily),
        "trades": _filled({name: trades[name] for name in _TRADE_COLUMNS}),
        "trades_count": len(result["trades"]["symbol"]),
        "closed_trades": closed(trades),
        "refused": dict(sorted(Counter(result["rejections"].get("reason", [])).items())),
        "rejections": _filled(result["rejections"]),
        "frozen_holdings": _filled(result.get("frozen_holdings", {})),
        "decisions": _filled(result.get("decisions", {})),
        "drawdown_sessions": result["drawdown_sessions"],
        "coverage": result["coverage"],
        "naive_twin": result.get("naive_twin"),
        "benchmarks": result.get("benchmarks", []),
        "assumptions": result["assumptions"],
        "warnings": result["warnings"],
        "spec": spec,
        "point_in_time": bool(spec["universe"]["index"] and spec["universe"]["asof_members"]),
    }


def closed(trades: Mapping[str, Sequence[Any]]) -> dict[str, float]:
    """How many trades were closed, and the rupees that they won and lost after costs; both are above zero."""
    made = [pnl for pnl, still in zip(trades["pnl"], trades["open"], strict=True) if pnl is not None and not still]
    won, lost = (sum((max(0.0, sign * pnl) for pnl in made), 0.0) for sign in (1, -1))
    return {"count": len(made), "won": won, "lost": lost}


def with_proofs(answer: Mapping[str, Any], said: Sequence[str]) -> list[str]:
    """The warnings of an answer of `in_columns` with those of the proofs; what is frozen stays the first."""
    first = 1 if answer["frozen_holdings"] else 0
    return [*answer["warnings"][:first], *said, *answer["warnings"][first:]]
