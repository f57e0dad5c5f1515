"""The snapshot against the indicators it repeats, and its fields worked by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.engines import indicators as ind
from app.engines.bars import Bars, Prices
from app.engines.screener import FIELDS
from app.engines.screener.kernel import newest
from app.engines.screener.language.frame import rows_of_bars
from app.engines.screener.snapshot import Snapshot, snapshot, snapshot_of_rows, warm_up
from tests.engines.screener.language.words import in_shares_of


def market(bars: int, columns: int, seed: int, *, holes: float = 0.0, gaps: float = 0.0, splits: float = 0.0) -> Bars:
    """Random walks as traded: with holes, missing history, and splits that divide the price."""
    random = np.random.default_rng(seed)
    shape = (bars, columns)
    factor = np.cumprod(np.where(random.random(shape) < splits, 5.0, 1.0), axis=0)
    anchored = 500 * np.exp(np.cumsum(random.normal(0, 0.02, shape), axis=0))
    close = np.round(anchored / factor, 2)
    high = np.round(close * (1 + np.abs(random.normal(0, 0.01, shape))), 2)
    low = np.round(close * (1 - np.abs(random.normal(0, 0.01, shape))), 2)
    volume = np.floor(random.lognormal(8, 1, shape) * factor)
    hole = random.random(shape) < holes
    for field in (high, low, close, volume):
        field[hole] = np.nan
    return Bars(
        sessions=np.datetime64("2020-01-01") + np.arange(bars),
        keys=tuple(f"{n:03d}" for n in range(columns)),
        symbols=tuple(f"S{n}" for n in range(columns)),
        raw=Prices(close.copy(), high, low, close),
        raw_volume=volume,
        factor=factor,
        gap=random.random(shape) < gaps,
        member=np.ones(shape, dtype=np.bool_),
    )


def rising(closes: list[float], **fields: np.ndarray) -> Bars:
    """One instrument from its closes; high and low at the close unless given."""
    close = np.array(closes)
    made = Bars.from_ohlcv(
        np.datetime64("2024-01-01") + np.arange(len(closes)),
        {"AAA": (close, fields.get("high", close), fields.get("low", close), close, fields.get("volume", close))},
    )
    return made if "factor" not in fields else replace(made, factor=fields["factor"][:, None])


def value(of: Snapshot, field: str) -> float:
    return float(of[field][0])


markets = st.builds(
    market,
    bars=st.sampled_from([1, 2, 25, 60, 300]),
    columns=st.integers(1, 19),
    seed=st.integers(0, 2**32 - 1),
    holes=st.sampled_from([0.0, 0.1, 0.5]),
    gaps=st.sampled_from([0.0, 0.01]),
    splits=st.sampled_from([0.0, 0.01]),
)


@given(bars=markets)
@settings(deadline=None, max_examples=30)
def test_the_newest_values_are_those_of_the_indicators_to_the_last_bit(bars: Bars) -> None:
    read = in_shares_of(bars, len(bars.sessions) - 1)
    (_, hi, lo, cl), gap = read.raw, bars.gap
    macd, stochastic, bands = ind.macd(cl, gap=gap), ind.stochastic(hi, lo, cl, gap=gap), ind.bollinger(cl, gap=gap)
    expected = {
        "ema_20": ind.ema(cl, 20, gap=gap),
        "ema_50": ind.ema(cl, 50, gap=gap),
        "rsi_14": ind.rsi(cl, 14, gap=gap),
        "atr_pct": 100 * (ind.atr(hi, lo, cl, 14, gap=gap) / cl),
        "macd": macd.line,
        "macd_signal": macd.signal,
        "adx": ind.adx(hi, lo, cl, 14, gap=gap),
        "stoch_k": stochastic.k,
        "stoch_d": stochastic.d,
        "bb_upper": bands.upper,
        "bb_middle": bands.middle,
        "bb_lower": bands.lower,
        "high_252d": ind.highest(hi, 252, gap=gap),
        "low_252d": ind.lowest(lo, 252, gap=gap),
    }
    result = snapshot(bars)
    for name, panel in expected.items():
        np.testing.assert_array_equal(result[name], np.where(result.traded, panel[-1], np.nan), err_msg=name)


@given(bars=markets)
@settings(deadline=None, max_examples=20)
def test_the_order_of_the_arrays_in_memory_does_not_matter(bars: Bars) -> None:
    def turned(array: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(array.T).T

    other = replace(
        bars,
        raw=Prices(*(turned(field) for field in bars.raw)),
        raw_volume=turned(bars.raw_volume),
        factor=turned(bars.factor),
        gap=turned(bars.gap),
    )
    for asof in (-1, -(len(bars.sessions) // 2) - 1):
        one, two = snapshot(bars, asof=asof), snapshot(other, asof=asof, threads=2)
        for name in FIELDS:
            np.testing.assert_array_equal(one[name], two[name], err_msg=name)


@given(bars=markets)
@settings(deadline=None, max_examples=30)
def test_changes_and_ranks_agree_with_the_obvious_ones(bars: Bars) -> None:
    result = snapshot(bars)
    for n in range(bars.shape[1]):
        last_gap = max(np.flatnonzero(bars.gap[:, n]), default=0)
        times = [t for t in range(last_gap, bars.shape[0]) if np.isfinite(bars.raw.close[t, n])]
        close, volume = bars.close[times, n], bars.volume[times, n]
        traded = bool(times) and times[-1] == bars.shape[0] - 1
        assert result.traded[n] == traded

        def check(name: str, needs: int, obvious: float, n: int = n, c: int = len(times), ok: bool = traded) -> None:
            expected = obvious if ok and c >= needs else np.nan
            np.testing.assert_allclose(result[name][n], expected, rtol=1e-12, atol=1e-9, err_msg=name)

        def back(days: int, close: np.ndarray = close) -> float:
            return 100 * (close[-1] / close[-1 - days] - 1) if len(close) > days else np.nan

        check("change_pct", 2, back(1))
        check("trend_7d", 6, back(5))
        check("trend_30d", 22, back(21))
        if len(times) > 20:
            check("is_20d_breakout", 21, float(close[-1] > close[-21:-1].max()))
            check("volume_ratio", 21, volume[-1] / volume[-21:-1].mean())
        if len(times) >= 252:
            others = volume[-252:-1]
            rank = ((others < volume[-1]).sum() + 0.5 * (others == volume[-1]).sum()) / 251
            check("vol_percentile", 252, 100 * rank)
        else:
            assert np.isnan(result["vol_percentile"][n])


@given(bars=markets, share=st.floats(0, 1))
@settings(deadline=None, max_examples=20)
def test_a_snapshot_of_the_past_knows_nothing_of_the_future(bars: Bars, share: float) -> None:
    asof = int(share * (bars.shape[0] - 1))
    then, now = snapshot(bars.up_to(asof + 1)), snapshot(bars, asof=asof)
    for name in FIELDS:
        np.testing.assert_array_equal(then[name], now[name], err_msg=name)


@pytest.mark.parametrize("threads", [2, 3, 50])
def test_threads_change_nothing(threads: int) -> None:
    bars = market(120, 45, seed=5, holes=0.1, gaps=0.01, splits=0.01)
    one, many = snapshot(bars), snapshot(bars, threads=threads)
    for name in FIELDS:
        np.testing.assert_array_equal(one[name], many[name])


def test_a_field_with_too_little_history_is_unknown_and_with_just_enough_is_not() -> None:
    bars = market(300, 1, seed=2)
    for name, card in FIELDS.items():
        if name == "turnover":
            continue
        assert np.isfinite(value(snapshot(bars.up_to(card.window)), name)), name
        if card.window > 1:
            assert np.isnan(value(snapshot(bars.up_to(card.window - 1)), name)), name


def test_an_instrument_that_did_not_trade_that_day_has_no_fields() -> None:
    bars = market(60, 2, seed=3)
    for field in (*bars.raw, bars.raw_volume):
        field[-1, 0] = np.nan
    result = snapshot(bars, np.array([1e6, 2e6]))
    assert result.traded.tolist() == [False, True]
    assert all(np.isnan(result[name][0]) for name in FIELDS)
    assert result["turnover"][1] == 2e6


def test_on_the_day_of_a_split_the_change_is_against_the_adjusted_close() -> None:
    # 1:5 on the third day: 1000.50 becomes 200.10 in today's shares, and a close of 210.105 is 5 % above it.
    bars = rising([990.0, 1000.5, 210.105], factor=np.array([1.0, 1.0, 5.0]))
    result = snapshot(bars)
    assert value(result, "prev_close") == pytest.approx(200.10, abs=1e-12)
    assert value(result, "change_pct") == pytest.approx(5.0, abs=1e-9)
    assert value(result, "close") == 210.105


def test_prices_are_in_rupees_of_their_own_bar_after_a_split() -> None:
    before = [1000.0 + n for n in range(30)]
    after = [(1030.0 + n) / 5 for n in range(30)]
    factor = np.array([1.0] * 30 + [5.0] * 30)
    split, whole = snapshot(rising(before + after, factor=factor)), snapshot(rising(before + [5 * p for p in after]))
    for name in ("ema_20", "ema_50", "macd", "bb_upper", "bb_middle", "bb_lower", "prev_close"):
        assert value(split, name) == pytest.approx(value(whole, name) / 5, rel=1e-12), name
    for name in ("rsi_14", "atr_pct", "trend_30d", "change_pct", "swing_score"):
        assert value(split, name) == pytest.approx(value(whole, name), rel=1e-9), name


def test_the_previous_close_is_the_printed_one_to_the_last_digit() -> None:
    # as floats go, 719.25 · 0.1 / 0.1 and 100.35 · 3 / 3 are other numbers
    for factor in (1.1, 3.0, 7.0, 0.1):
        closes = [719.25] * 251 + [100.35, 101.0]
        result = snapshot(rising(closes, factor=np.full(253, factor)))
        assert value(result, "prev_close") == 100.35
        assert (value(result, "high_252d"), value(result, "low_252d")) == (719.25, 100.35)
        # (719.25 · 18 + 100.35 + 101) / 20 = 657.3925
        assert value(result, "bb_middle") == 657.3925


def test_a_price_before_an_action_is_what_a_person_works_out() -> None:
    # 1:5 before the last bar: 1000.5 / 5 = 200.1, which 1000.5 · 0.2 is not
    result = snapshot(rising([1000.5] * 252 + [210.105], factor=np.array([3.0] * 252 + [15.0])))
    assert value(result, "prev_close") == 200.1
    assert (value(result, "high_252d"), value(result, "low_252d")) == (210.105, 200.1)


def test_after_missing_history_there_is_no_previous_close() -> None:
    bars = rising([100.0, 101.0, 150.0])
    bars.gap[2, 0] = True
    assert np.isnan(value(snapshot(bars), "prev_close"))
    assert np.isnan(value(snapshot(bars), "change_pct"))
    assert value(snapshot(bars), "close") == 150.0


def test_scores_worked_by_hand() -> None:
    # A steady rise of 0.1 % a day breaks out every day with ema_20 > ema_50 and an ATR of about 0.1 %: trend 1,
    # quiet 1, breakout 1. Volume 1.5 times the mean before: (1.5 - 1) / 2 = 0.25.
    close = [100 * 1.001**n for n in range(60)]
    volume = np.array([1000.0] * 59 + [1500.0])
    result = snapshot(rising(close, volume=volume))
    parts = [value(result, name) for name in ("trend_part", "volume_part", "quiet_part", "is_20d_breakout")]
    assert parts == [1.0, 0.25, 1.0, 1.0]
    assert value(result, "swing_score") == 40 + 25 + 20 * 0.25 + 15
    assert value(result, "intraday_score") == 30 * 0.25 + 25 + 15 + 30


def test_parts_are_halved_when_half_holds() -> None:
    # A long rise and a last day just below ema_50: ema_20 is still above it. High and low 4 % apart: ATR below 5 %.
    close = [100 * 1.002**n for n in range(60)] + [104.0]
    bars = rising(close, high=np.array(close) * 1.02, low=np.array(close) * 0.98)
    result = snapshot(bars)
    assert value(result, "close") < value(result, "ema_50") < value(result, "ema_20")
    assert 3 < value(result, "atr_pct") < 5
    assert [value(result, name) for name in ("trend_part", "quiet_part", "is_20d_breakout")] == [0.5, 0.5, 0.0]


def test_volume_before_a_split_counts_in_shares_of_today() -> None:
    volume = np.array([1000.0] * 21 + [5000.0] * 9)
    factor = np.array([1.0] * 21 + [5.0] * 9)
    close = np.where(factor > 1, 20.0, 100.0)
    assert value(snapshot(rising(list(close), volume=volume, factor=factor)), "volume_ratio") == 1.0


def test_a_memory_mapped_panel_needs_no_second_compilation(tmp_path: Path) -> None:
    bars = market(40, 9, seed=6)
    expected, compiled = snapshot(bars), len(newest.signatures)
    for n, field in enumerate(bars.raw):
        np.save(tmp_path / f"{n}.npy", field)
    mapped = Prices(*(np.load(tmp_path / f"{n}.npy", mmap_mode="r") for n in range(4)))
    result = snapshot(replace(bars, raw=mapped, factor=np.asfortranarray(bars.factor)))
    assert len(newest.signatures) == compiled
    np.testing.assert_array_equal(result["ema_20"], expected["ema_20"])


def test_warming_up_says_how_long_it_took() -> None:
    assert warm_up() > 0


def test_wrong_input_is_named() -> None:
    bars = market(5, 2, seed=1)
    with pytest.raises(IndexError, match="bar 5 of 5"):
        snapshot(bars, asof=5)
    with pytest.raises(ValueError, match="turnover has shape"):
        snapshot(bars, np.zeros(3))


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_packed_rows_give_the_same_snapshot_to_the_last_bit(threads: int) -> None:
    bars = market(400, 12, seed=9, holes=0.05, gaps=0.002, splits=0.002)
    turnover = bars.raw.close * bars.raw_volume
    rows = rows_of_bars(bars, {"turnover": turnover})
    for day in (0, 25, 300, 399):
        wanted, found = snapshot(bars, turnover, asof=day), snapshot_of_rows(rows, day, threads=threads)
        held = [n for n, key in enumerate(bars.keys) if key in found.keys]
        assert found.keys == tuple(bars.keys[n] for n in np.flatnonzero(~np.isnan(bars.raw.close[day])))
        for name in FIELDS:
            assert found.columns[name].tobytes() == wanted.columns[name][held].tobytes(), (name, day)
