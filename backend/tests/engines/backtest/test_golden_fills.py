"""The documented fill scenarios: a market entry with a fixed stop and target, and the closed trades it must give."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.engines.backtest import RunResult, Sizing, run
from app.engines.bars import Bars
from app.engines.strategies import Signals
from tests.engines.backtest.cases import Given, on, spec_of

IDS = [f"{letter}" for letter in "ABCDFGIKNP"]


def scenario(evidence: Path, letter: str) -> dict[str, Any]:
    cases = json.loads((evidence / "golden" / "fill_scenarios.json").read_text())["cases"]
    assert sorted(case["id"][0] for case in cases) == sorted(IDS)
    return next(case for case in cases if case["id"].startswith(f"{letter}_"))


def outcome(case: dict[str, Any]) -> RunResult:
    ohlc = np.array(case["bars_ohlc"], float)
    if case.get("mirrored"):
        ohlc = 200.0 - ohlc[:, [0, 2, 1, 3]]
    days = np.datetime64("2024-01-01") + np.arange(len(ohlc))
    bars = Bars.from_ohlcv(days, {"A": (*ohlc.T, np.full(len(ohlc), 1e6))})
    shape = bars.shape
    level = {
        name: None
        if case[name] is None
        else np.full(shape, float(200 - case[name] if case.get("mirrored") else case[name]))
        for name in ("stop", "target")
    }
    leave = case["exit_signal_at_close_of_bar"]
    signals = Signals(
        on(shape, *((t, 0) for t in case["signal_bars"])), on(shape, *([] if leave is None else [(leave, 0)])), **level
    )
    if case.get("mirrored"):
        none = np.zeros(shape, bool)
        signals = Signals(none, none, short=signals)
    strategy = Given("given", [[False]], [[False]])
    strategy.answer = signals
    spec = spec_of(["given"], sizing=Sizing("quantity", 1), initial_capital=1000.0)
    return run(spec, bars, {"given": strategy})


def closed(result: RunResult) -> list[list[float]]:
    day = {str(label): t for t, label in enumerate(np.datetime_as_string(result.sessions))}
    columns = (result.trades[name] for name in ("entry_at", "entry_price", "exit_at", "exit_price", "open"))
    return [[day[a], p, day[b], q] for a, p, b, q, still in zip(*columns, strict=True) if not still]


@pytest.mark.parametrize("letter", IDS)
def test_the_adopted_rule_gives_the_documented_trades(evidence, letter):
    case = scenario(evidence, letter)
    result = outcome(case)
    assert closed(result) == case["adopted"]["closed"]
    assert any(result.trades["ambiguous"]) == ("ambiguous" in case["adopted"]["note"])
    if "rejected" in case["adopted"]["note"]:
        assert result.rejections["reason"] == ["STOP_THROUGH"]


@pytest.mark.parametrize("letter", IDS)
def test_the_short_side_is_the_mirror_of_it(evidence, letter):
    # prices reflected at 100: 200 − p; entry, stop and target likewise
    case = scenario(evidence, letter) | {"mirrored": True}
    expected = [[t, 200 - p, u, 200 - q] for t, p, u, q in case["adopted"]["closed"]]
    assert closed(outcome(case)) == expected
