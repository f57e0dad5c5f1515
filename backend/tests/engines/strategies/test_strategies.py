"""Identity, parameters and signals of the shipped strategies."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.engines.indicators.crossings import crosses
from app.engines.strategies import source as source_module
from app.engines.strategies.crossing import at_previous_bar
from app.engines.strategies.registry import registry
from app.engines.strategies.source import Module, closure, imported_modules, project_module, source_hash
from tests.engines.backtest.cases import NAN, bars_of

ALL = sorted(registry())
# short windows: many signals in few bars
SHORT = {
    "sma_cross": {"fast": 2, "slow": 4},
    "ema_cross": {"fast": 2, "slow": 4},
    "rsi2": {"trend": 10, "threshold": 40, "exit": 3},
    "macd_cross": {"fast": 3, "slow": 6, "signal": 3},
    "donchian": {"entry": 5, "exit": 3},
    "bollinger_reversion": {"window": 5, "width": 1.0},
    "supertrend": {"window": 3, "multiplier": 1.0},
    "tsmom_150": {"lookback": 5, "filter": 4},
    "trend_envelope": {"window": 5, "width": 1.0},
    "atr_breakout": {"window": 3, "entry": 0.8, "exit": 0.8},
    "ma_ribbon": {"first": 2, "second": 3, "third": 4, "fourth": 6},
    "high_252": {"window": 20, "drop": 0.05},
}


def column(*values: float) -> np.ndarray:
    return np.array(values, float)[:, None]


def bars_from(*close: float):
    return bars_of(column(*close), column(*close))


def test_the_ids_are_those_used_everywhere():
    assert list(registry()) == [
        "sma_cross", "ema_cross", "macd_cross", "rsi2", "donchian", "bollinger_reversion", "supertrend",
        "momentum_12_1", "low_volatility", "dual_momentum", "opening_range", "gap_fade", "vwap_reversion",
        "nr7_breakout", "turtle", "pairs_distance", "overnight", "volatility_contraction", "darvas_box", "tsmom_150",
        "volume_spike_high", "trend_envelope", "atr_breakout", "ma_ribbon", "high_252", "vwap_reversion_index",
        "opening_range_volume",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ALL)
def test_a_strategy_says_what_it_claims_and_when_it_loses(name):
    strategy = registry()[name]
    for text in ("display_name", "description", "hypothesis", "when_it_loses", "citation", "regime", "universe"):
        assert len(getattr(strategy, text)) > 3
    assert strategy.timeframe in ("1d", "5m") and len(strategy.source_hash) == 64


def test_the_documentation_lists_every_strategy():
    text = (Path(__file__).parents[4] / "docs" / "strategies.md").read_text(encoding="utf-8")
    listed = [line for line in text.splitlines() if line.startswith("| `") and line.count("|") == 6]
    assert listed == [
        f"| `{s.id}` | {s.display_name} | {s.regime} | {s.timeframe} | {s.product} |" for s in registry().values()
    ]


@pytest.mark.parametrize("name", ALL)
def test_the_schema_describes_every_parameter(name):
    strategy = registry()[name]
    schema = strategy.params_schema()
    defaults = strategy.values(strategy.params())
    assert set(schema["properties"]) == set(defaults) and schema["additionalProperties"] is False
    for parameter, field in schema["properties"].items():
        assert field["minimum"] <= field["default"] == defaults[parameter] <= field["maximum"]
        assert field["type"] in ("integer", "number") and field["description"] and field["unit"]


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("sma_cross", {"fast": 50, "slow": 20}, "params.fast: expected a window shorter than slow"),
        ("sma_cross", {"fast": 20, "slow": 20}, "params.fast: expected a window shorter than slow"),
        ("sma_cross", {"fast": 1}, "params.fast: expected a whole number from 2 to 250, got 1"),
        ("sma_cross", {"fast": 2.5}, "params.fast: expected a whole number"),
        ("sma_cross", {"fast": float("nan")}, "params.fast: expected a whole number"),
        ("sma_cross", {"fast": float("inf")}, "params.fast: expected a whole number"),
        ("sma_cross", {"fast": "20"}, "params.fast: expected a whole number"),
        ("sma_cross", {"fast": True}, "params.fast: expected a whole number"),
        ("sma_cross", {"speed": 3}, "params.speed: sma_cross has no such parameter; it has fast, slow"),
        ("rsi2", {"threshold": 51}, "params.threshold: expected a number from 0 to 50"),
    ],
)
def test_wrong_parameters_are_named(name, values, message):
    with pytest.raises(ValueError, match=message):
        registry()[name].params(values)


def test_a_cross_is_strict_on_both_sides():
    fast = column(1, 3, 2, 2, 3, 1, 3)
    slow = column(2, 2, 2, 2, 2, 2, 2)
    traded = np.ones(fast.shape, bool)
    # up at 1; equal at 2 and 3, so the rise at 4 is no cross; down at 5, up at 6
    assert np.flatnonzero(crosses(fast, slow, traded)[0]).tolist() == [1, 6]
    assert np.flatnonzero(crosses(fast, slow, traded)[1]).tolist() == [5]


def test_a_cross_over_bars_without_trade_is_seen_and_one_out_of_warm_up_is_not():
    slow = column(2, 2, NAN, 2, 2)
    fast = column(NAN, 1, NAN, 3, 3)
    traded = ~np.isnan(column(9, 9, NAN, 9, 9))
    assert np.flatnonzero(crosses(fast, slow, traded)[0]).tolist() == [3]
    # here the average was not known at the last traded bar: not a cross, although an older value is below
    broken = column(1, NAN, NAN, 3, 3)
    assert not crosses(broken, slow, traded)[0].any()


@settings(deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.floats(-5, 5)), min_size=1, max_size=20))
def test_the_previous_bar_is_the_last_that_traded(cells):
    traded = column(*(float(t) for t, _ in cells)).astype(bool)
    x = np.where(traded, column(*(v for _, v in cells)), np.nan)
    found = at_previous_bar(x, traded)[:, 0]
    for t in range(len(cells)):
        before = [i for i in range(t) if traded[i, 0]]
        expected = x[before[-1], 0] if before else np.nan
        assert found[t] == expected or (np.isnan(found[t]) and np.isnan(expected))


def test_sma_cross_by_hand():
    # windows 2 and 3. closes 9 8 7 8 10 6: fast 8.5 7.5 7.5 9 8, slow 8 7.667 8.333 8 (from bar 2)
    # bar 2: 7.5 < 8, bar 3: 7.5 < 7.667, bar 4: 9 > 8.333 -> buy; bar 5: equal 8 = 8 -> nothing
    strategy = registry()["sma_cross"]
    signals = strategy.signals(bars_from(9, 8, 7, 8, 10, 6), strategy.params({"fast": 2, "slow": 3}))
    assert np.flatnonzero(signals.entry).tolist() == [4] and not signals.exit.any()
    assert signals.rank is None


def test_rsi2_by_hand():
    strategy = registry()["rsi2"]
    params = strategy.params({"trend": 100, "exit": 2, "threshold": 10})
    close = [*range(1, 101), 99.0, 97.0, 96.0, 99.0]
    signals = strategy.signals(bars_from(*close), params)
    # steady gains of 1; after −1: gain 0.5, loss 0.5 -> RSI 50; after −2: 0.25 and 1.25 -> 16.7; after −1: 0.125 and
    # 1.125 -> 10 exactly, and below 10 is strict. The close is above its average of 100 bars, about 50, throughout
    assert np.flatnonzero(signals.entry).tolist() == []
    looser = strategy.signals(bars_from(*close), strategy.params({"trend": 100, "exit": 2, "threshold": 10.5}))
    assert np.flatnonzero(looser.entry).tolist() == [102]
    assert signals.exit[103, 0] and not signals.exit[100:103, 0].any()  # 99 > (96 + 99) / 2


@pytest.mark.parametrize("name", sorted(SHORT))
def test_the_first_measured_bar_can_carry_a_signal_after_the_warm_up(name):
    strategy = registry()[name]
    params = strategy.params()
    random = np.random.default_rng(1)
    close = 100 * np.exp(np.cumsum(random.normal(0, 0.03, (900, 40)), axis=0))
    bars = bars_of(close, close, keys=[f"K{n:02d}" for n in range(40)])
    whole = strategy.signals(bars, params)
    warm_up = strategy.warm_up(params)
    # cutting history to the warm-up leaves every decision after it as it was
    late = 300
    cut = bars_of(close[late:], close[late:], keys=bars.keys)
    part = strategy.signals(cut, params)
    assert (part.entry[warm_up:] == whole.entry[late + warm_up :]).all()
    assert (part.exit[warm_up:] == whole.exit[late + warm_up :]).all()
    assert whole.entry[warm_up:].any() and whole.exit[warm_up:].any()


@pytest.mark.parametrize("name", sorted(SHORT))
def test_the_bars_after_t_change_no_decision_up_to_t(name):
    strategy = registry()[name]
    params = strategy.params(SHORT[name])
    random = np.random.default_rng(2)
    close = 100 * np.exp(np.cumsum(random.normal(0, 0.03, (60, 3)), axis=0))
    close[random.random(close.shape) < 0.1] = np.nan
    bars = bars_of(close, close)
    whole = strategy.signals(bars, params)
    assert whole.entry.any() and whole.exit.any()
    for t in range(1, 61):
        part = strategy.signals(bars.up_to(t), params)
        assert (part.entry == whole.entry[:t]).all() and (part.exit == whole.exit[:t]).all()
    assert not (whole.entry | whole.exit)[np.isnan(close)].any()


def test_the_source_hash_covers_what_a_module_imports(monkeypatch, tmp_path):
    # a project of three modules: a uses b inside a function, b uses c relatively, other is used by nobody
    package = tmp_path / "app"
    package.mkdir()
    files = {
        "__init__": "",
        "a": "def f():\n    from app.b import g\n",
        "b": "from .c import h\n",
        "c": "h = 1\n",
        "other": "x = 1\n",
    }
    for name, text in files.items():
        (package / f"{name}.py").write_text(text)
    monkeypatch.setattr(source_module, "ROOT", tmp_path)

    def hash_now() -> str:
        source_hash.cache_clear()
        project_module.cache_clear()
        return source_hash("app.a")

    first = hash_now()
    (package / "other.py").write_text("x = 2\n")
    assert hash_now() == first
    (package / "b.py").write_bytes(b"from .c import h\r\n")  # another system's line ends
    assert hash_now() == first
    (package / "c.py").write_text("h = 2\n")
    second = hash_now()
    assert second != first
    (package / "a.py").write_text("def f():\n    from app.b import g  # and why\n")
    assert hash_now() not in (first, second)
    with pytest.raises(ValueError, match=r"app\.missing has no source file"):
        source_hash("app.missing")
    source_hash.cache_clear()
    project_module.cache_clear()


def test_a_strategy_that_is_added_leaves_the_others_what_they_are():
    # what a strategy does not import is no part of it: the list of all is not, nor are the files of the others
    own = closure("app.engines.strategies.averages", project_module)
    of_strategies = {name.rsplit(".", 1)[1] for name in own if name.startswith("app.engines.strategies.")}
    assert of_strategies == {"averages", "base", "source"}


def test_imports_are_found_in_every_form():
    text = "import app.x.y\nimport numpy\nfrom app import z\nfrom . import w\nfrom ..v import u\n"
    found = imported_modules("app.p.q", Module(text, package=False))
    assert {"app", "app.x", "app.x.y", "app.z", "app.p.w", "app.v", "app.v.u", "numpy"} <= found
    assert "app.p.q.w" in imported_modules("app.p.q", Module("from . import w", package=True))
