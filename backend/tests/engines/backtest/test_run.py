"""A run answers the same bytes for the same inputs, says what it assumed, and refuses what does not fit."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from app.engines.backtest import Jump, RunSpec, Sizing, UniverseSpec, book_of, fingerprint, run
from app.engines.backtest.warm import warm_up
from app.engines.bars import Bars
from app.engines.policy import Policy
from app.engines.strategies.registry import registry
from tests.engines.backtest.cases import NAN, Given, bars_of, fills_of, on, run_given, spec_of

BACKEND = Path(__file__).parents[3]


def walk(seed: int = 3, count: int = 400, columns: int = 5) -> Bars:
    random = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(random.normal(0, 0.02, (count, columns)), axis=0))
    return bars_of(close * np.exp(random.normal(0, 0.005, close.shape)), close)


def crossing(bars: Bars) -> RunSpec:
    return RunSpec(
        books=tuple(book_of(registry()[name]) for name in ("sma_cross", "rsi2")),
        universe=UniverseSpec(index="HAND MADE"),
        start=date(2024, 1, 1),
        end=date(2034, 1, 1),
        data_root="hand made",
    )


def test_the_same_inputs_give_the_same_bytes_in_another_process():
    bars = walk()
    result = run(crossing(bars), bars, registry())
    assert result.metrics["trades"] > 10
    code = (
        "from tests.engines.backtest.test_run import walk, crossing, registry, run\n"
        "bars = walk(); print(run(crossing(bars), bars, registry()).digest)"
    )
    # another hash seed and number of threads: neither may show
    env = {**os.environ, "PYTHONHASHSEED": "77", "NUMBA_NUM_THREADS": "1", "PYTHONPATH": str(BACKEND)}
    out = subprocess.run([sys.executable, "-c", code], cwd=BACKEND, env=env, capture_output=True, text=True, check=True)
    assert out.stdout.strip() == result.digest == hashlib.sha256(result.to_canonical()).hexdigest()


def test_runs_side_by_side_in_threads_give_the_bytes_of_one_alone():
    bars = walk()
    alone = run(crossing(bars), bars, registry()).canonical
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: run(crossing(bars), bars, registry()).canonical, range(8)))
    assert set(found) == {alone}


def test_the_layout_of_the_arrays_and_read_only_memory_change_nothing():
    bars = walk()
    columnwise = replace(bars, raw=type(bars.raw)(*(np.asfortranarray(field) for field in bars.raw)))
    for field in columnwise.raw:
        field.setflags(write=False)
    assert run(crossing(bars), columnwise, registry()).to_canonical() == run(crossing(bars), bars, registry()).canonical


def test_a_result_is_plain_json_without_nan():
    result = run(crossing(walk()), walk(), registry())
    plain = json.loads(result.to_canonical(), parse_constant=lambda name: pytest.fail(f"{name} in the bytes"))
    assert plain["run_id"] == result.run_id
    assert plain["equity"] == result.equity.tolist()
    assert plain["daily_return"][0] is None and np.isnan(result.daily_return[0])
    assert plain["sessions"][0] == "2024-01-01"
    assert set(plain) >= {"metrics", "reasons", "trades", "fills", "rejections", "events", "assumptions", "warnings"}


def test_what_is_undefined_has_a_reason():
    bars = bars_of([[10]] * 5, [[10]] * 5)
    result = run_given(bars, (on((5, 1)), on((5, 1))))
    for name in ("sharpe", "sortino", "calmar", "win_rate", "profit_factor", "expectancy", "average_holding"):
        assert result.metrics[name] is None and result.reasons[name]
    assert {name for name, value in result.metrics.items() if value is None} <= set(result.reasons)
    assert (result.metrics["total_return"], result.metrics["volatility"], result.metrics["max_drawdown"]) == (0, 0, 0)


def test_the_drawdown_counts_a_loss_from_the_opening_capital():
    # bought at 100 with 1000, closed at 90 that day: −10 % from the capital; the return of day 0 does not exist
    bars = bars_of([[100], [100], [90]], [[100], [90], [95]])
    result = run_given(bars, (on((3, 1), (0, 0)), on((3, 1))), initial_capital=1000)
    assert result.drawdown.tolist() == pytest.approx([0, -0.1, -0.05])
    assert result.daily_return[1:].tolist() == pytest.approx([-0.1, 950 / 900 - 1])
    assert result.drawdown_sessions == {"peak": "2024-01-01", "trough": "2024-01-02", "recovery": None}
    assert result.reasons["max_drawdown_recovery"] == "not recovered by the end of the run"


def test_jumps_of_the_symbols_in_the_slice_are_named():
    bars = walk(columns=2)
    jumps = [Jump("A", "2024-02-01", 0.5), Jump("ELSEWHERE", "2024-02-01", 0.5)]
    result = run(crossing(bars), bars, registry(), jumps=jumps)
    named = [w for w in result.warnings if "2024-02-01" in w]
    assert len(named) == 1 and named[0] == (
        "1 price moved by a factor that no corporate action on file explains: A by 0.5 on 2024-02-01."
    )


@pytest.mark.parametrize(
    ("universe", "words"),
    [
        (UniverseSpec(index="NIFTY50"), "POINT-IN-TIME"),
        (UniverseSpec(index="NIFTY50", asof_members=False), "NOT POINT-IN-TIME"),
        (UniverseSpec(symbols=("A",)), "NOT POINT-IN-TIME"),
    ],
)
def test_a_run_says_whether_its_universe_was_known_then(universe, words):
    result = run_given(walk(), (on((400, 5)), on((400, 5))), universe=universe)
    said = [a for a in result.assumptions if "POINT-IN-TIME" in a]
    assert len(said) == 1 and ("NOT" in said[0]) == ("NOT" in words)
    assert "No risk policy applies: the run is unconstrained." in result.assumptions
    assert set(result.state) == {"UNCONSTRAINED"}


def test_coverage_counts_the_days_on_which_members_traded():
    bars = bars_of([[10, 10], [10, NAN], [10, 10]], [[10, 10], [10, NAN], [10, 10]], member=[[1, 1], [1, 1], [1, 0]])
    assert run_given(bars, (on((3, 2)), on((3, 2)))).coverage == {"member_days": 5, "traded": 4}


def test_a_fixed_value_buys_as_many_shares_as_it_pays_for():
    bars = bars_of([[30]] * 3, [[30]] * 3)
    result = run_given(bars, (on((3, 1), (0, 0)), on((3, 1))), sizing=Sizing("value", 100))
    assert fills_of(result) == [(2, "A", "BUY", 3, 30)]


def test_equity_can_be_divided_by_the_positions_allowed():
    bars = bars_of([[10, 10, 10]] * 3, [[10, 10, 10]] * 3)
    result = run_given(
        bars,
        (on((3, 3), (0, 0)), on((3, 3))),
        initial_capital=100,
        max_positions=2,
        sizing=Sizing("equity_per_position"),
    )
    assert fills_of(result) == [(2, "A", "BUY", 5, 10)]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"engine_version": "0.1"}, "engine_version: the spec is for 0.1"),
        ({"sectors": "abc"}, "sectors: the spec says 'abc', the sectors given are 'none'"),
        ({"policy": Policy(max_sector_percent=20)}, "policy.max_sector_percent: no sectors are given"),
        ({"market_rules": "nse"}, "market_rules: the spec says 'nse', the rules given are 'none'"),
        ({"timeframe": "15m"}, "timeframe: the spec says 15m, the bars are 1d"),
        ({"start": date(2024, 1, 2)}, "bars: measured from 2024-01-01"),
        ({"end": date(2024, 1, 2)}, "bars: measured from 2024-01-01"),
    ],
)
def test_a_spec_that_the_engine_or_the_bars_cannot_meet_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        run_given(bars_of([[10]] * 3, [[10]] * 3), (on((3, 1)), on((3, 1))), **change)


def test_wrong_inputs_are_named():
    bars = bars_of([[10, 10]] * 3, [[10, 10]] * 3)
    none = on((3, 2))
    with pytest.raises(ValueError, match=r"dividends: expected shape \(3, 2\)"):
        run_given(bars, (none, none), dividends=np.zeros((3, 1)))
    with pytest.raises(ValueError, match=r"entry must be bool of shape \(3, 2\), got bool of shape \(3, 1\)"):
        run_given(bars, (on((3, 1)), none))
    with pytest.raises(ValueError, match="rank must be float64"):
        run_given(bars, (none, none, np.zeros((3, 2), np.int64)))
    with pytest.raises(ValueError, match=r"open of B on 2024-01-02 is 0\.0, expected a finite price above 0"):
        run_given(bars_of([[10, 10], [10, 0], [10, 10]], [[10, 10]] * 3), (none, none))
    with pytest.raises(ValueError, match="bars: none between"):
        run_given(replace(bars, start=3), (none, none))
    with pytest.raises(ValueError, match="strategy_id: there is no strategy 'unheard_of'"):
        run(spec_of(["unheard_of"]), bars, {})
    changed = Given("given_0", none, none)
    changed.source_hash = "1" * 64
    with pytest.raises(ValueError, match="source_hash: given_0"):
        run(spec_of(["given_0"]), bars, {"given_0": changed})


def test_what_a_strategy_raises_comes_through():
    class Broken(Given):
        def signals(self, bars, params):
            raise RuntimeError("it broke")

    bars = bars_of([[10]] * 3, [[10]] * 3)
    with pytest.raises(RuntimeError, match="it broke"):
        run(spec_of(["given_0"]), bars, {"given_0": Broken("given_0", on((3, 1)), on((3, 1)))})


def test_the_fingerprint_names_compiler_and_processor():
    assert set(fingerprint()) == {"python", "numpy", "numba", "llvm", "cpu", "system"} and all(fingerprint().values())


def test_warming_up_leaves_nothing_to_compile():
    from app.engines.backtest.loop import run_bars

    warm_up()
    compiled = len(run_bars.signatures)
    bars = walk()
    run(crossing(bars), bars, registry(), dividends=np.zeros(bars.shape))
    assert len(run_bars.signatures) == compiled == 1


def test_importing_the_engine_and_listing_strategies_does_not_load_the_compiler():
    code = (
        "import sys; import app.engines.backtest; from app.engines.strategies.registry import registry\n"
        "[(s.params_schema(), s.source_hash) for s in registry().values()]; assert 'numba' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], cwd=BACKEND, check=True)
