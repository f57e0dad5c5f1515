"""Stops, targets and trailing stops beside three engines: where we differ, a documented convention is why."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.engines.backtest import RunResult, Sizing, run
from app.engines.backtest.result import times
from app.engines.bars import Bars
from app.engines.strategies import Signals
from app.engines.strategies.registry import registry
from tests.engines.backtest.cases import Given, spec_of
from tests.engines.backtest.test_golden_trades import golden_bars, read

Trade = tuple[int, int]  # entry bar, exit bar
FILES = [
    "btcusd_sma_cross_3_10_sl0p15_tp0p5",
    "eurusd_ema_cross_12_26_trail0p005",
    "eurusd_macd_sl0p003_tp0p006",
    "goog_bollinger_sl0p03_tp0p06",
    "goog_donchian_20_10_trail0p1",
    "goog_sma_cross_10_20_sl0p05_tp0p1",
    "goog_sma_cross_10_20_trail0p08",
]
ENTRIES: dict[str, tuple[str, tuple[str, ...]]] = {
    "sma_cross": ("sma_cross", ("fast", "slow")),
    "ema_cross": ("ema_cross", ("fast", "slow")),
    "donchian": ("donchian", ("entry", "exit")),
    "macd": ("macd_cross", ()),
    "bollinger": ("bollinger_reversion", ()),
}
ENGINES = ("same_bar_engine", "next_bar_engine", "vectorised_engine")
# what a difference may come from; domain/strategies.md, "How engines disagree"
TARGET_ON_ENTRY, STOP_ON_ENTRY, STOP_THROUGH = (
    "target on the entry bar",
    "stop on the entry bar",
    "entry beyond its stop",
)
FOLLOWS = "flat, or not, when the next signal came, because of an earlier difference"


def listed(evidence: Path) -> dict[str, dict[str, Any]]:
    entries = json.loads((evidence / "golden" / "trades" / "stops_index.json").read_text())
    return {Path(entry["file"]).stem: entry for entry in entries}


def ours(evidence: Path, entry: dict[str, Any]) -> tuple[RunResult, Bars]:
    bars = golden_bars(evidence, entry["data"])
    rule = next(name for name in ENTRIES if entry["entry_signal"].startswith(name))
    strategy_id, names = ENTRIES[rule]
    values = [int(part) for part in entry["entry_signal"].removeprefix(rule).split("_") if part]
    strategy = registry()[strategy_id]
    found = strategy.signals(bars, strategy.params(dict(zip(names, values, strict=True))))
    percent, never = entry["params"], np.zeros(bars.shape, bool)
    if "trail" in percent:
        answer = Signals(found.entry, never, trail=np.full(bars.shape, percent["trail"]))
    else:
        stop, target = bars.close * (1.0 - percent["sl"]), bars.close * (1.0 + percent["tp"])
        answer = Signals(found.entry, never, stop=stop, target=target)
    given = Given("given", [[False]], [[False]])
    given.answer = answer
    days = {"start": date(1990, 1, 1), "end": date(2100, 1, 1)}
    spec = spec_of(["given"], sizing=Sizing("quantity", 1), initial_capital=1e9, timeframe=bars.timeframe, **days)
    return run(spec, bars, {"given": given}), bars


@pytest.mark.parametrize("name", FILES)
def test_each_difference_from_each_engine_is_a_documented_one(evidence, name):
    assert sorted(listed(evidence)) == FILES
    entry = listed(evidence)[name]
    result, bars = ours(evidence, entry)
    at = {label: t for t, label in enumerate(times(bars.sessions))}
    columns = (result.trades[c] for c in ("entry_at", "exit_at", "entry_price", "exit_price", "exit_reason", "open"))
    mine = {(at[a], at[b]): (p, q, why) for a, b, p, q, why, still in zip(*columns, strict=True) if not still}
    refused = {at[bar] for bar, why in zip(result.rejections["at"], result.rejections["reason"], strict=True)
               if why == "STOP_THROUGH"}  # fmt: skip
    rows = read(evidence / "golden" / entry["file"])
    for engine in ENGINES:
        theirs = {(int(r["entry_bar"]), int(r["exit_bar"])): (float(r["entry_price"]), float(r["exit_price"]))
                  for r in rows if r[engine] == "1"}  # fmt: skip
        if not theirs:
            continue
        for trade in mine.keys() & theirs.keys():
            assert mine[trade][:2] == pytest.approx(theirs[trade], abs=5.01e-7 if "eurusd" in name else 1e-9)
        causes = classified(mine, theirs, refused)
        assert all(causes.values()), (engine, causes)
        assert len(mine.keys() & theirs.keys()) > 0.75 * len(theirs) or len(theirs) == 4


def classified(mine: dict[Trade, Any], theirs: dict[Trade, Any], refused: set[int]) -> dict[Trade, str | None]:
    """Why each trade that only one of the two has is not in the other's list, in order of time."""
    causes: dict[Trade, str | None] = {}
    free_again = -1  # until this bar a difference found earlier keeps one of the two in a position
    for trade in sorted(mine.keys() ^ theirs.keys()):
        entry, _ = trade
        other = next((t for t in (theirs if trade in mine else mine) if t[0] == entry), None)
        cause = None
        if entry in refused:
            cause = STOP_THROUGH
        elif other is not None:
            mine_exit, their_exit = (trade[1], other[1]) if trade in mine else (other[1], trade[1])
            if mine_exit == entry and mine[entry, mine_exit][2] == "STOP":
                cause = STOP_ON_ENTRY
            elif their_exit == entry:
                cause = TARGET_ON_ENTRY
        if cause is None and entry - 1 <= free_again:
            cause = FOLLOWS
        causes[trade] = cause
        free_again = max(free_again, trade[1], other[1] if other else -1)
    return causes
