"""What an expression answers: against the indicators, against a twin in Polars, and by hand."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from app.engines import indicators
from app.engines.bars import Bars
from app.engines.screener.language import compiled, evaluate, parse
from app.engines.screener.language.evaluate import DayEvaluator, Evaluator, matches, to_number
from app.engines.screener.language.frame import Rows, rows_of_bars
from app.engines.screener.language.kinds import FALSE, TRUE, UNKNOWN
from app.engines.screener.language.warm import warm_up
from tests.engines.screener.language.twin import Twin, known
from tests.engines.screener.language.words import NAMES, SECTORS, grid, in_shares_of, small_market, vocabulary
from tests.engines.screener.language.writer import Words, Writer

WORDS = vocabulary()
WRITTEN = Words(
    ("turnover", "roe", "index_close"),
    {"sector": SECTORS, "name": NAMES},
    {"NIFTY50": "NIFTY50", "nifty 50": "NIFTY50"},
    ("up_day",),
)


def twin_of(rows: Rows) -> Twin:
    names = ("open", "high", "low", "close", "volume", "turnover", "roe", "index_close", "eps")
    segment = np.searchsorted(rows.segments, np.arange(len(rows)), side="right") - 1
    texts = {name: rows.source.text(name) for name in ("sector", "name")}
    frame = pl.DataFrame(
        {
            "column": rows.columns,
            "day": rows.days,
            "segment": segment,
            "universe": rows.universe,
            "factor": rows.factor,
            **{name: [None if code < 0 else text.values[code] for code in text.codes] for name, text in texts.items()},
            "in:NIFTY50": known(rows.source.members("NIFTY50")),
            **{name: rows.source.number(name) for name in names},
        }
    ).with_columns(pl.col(pl.Float64).fill_nan(None))
    return Twin(frame, {"ema_20": parse("ema(close, 20)"), "up_day": parse("close > close[1]")})


@pytest.mark.parametrize("seed", range(4))
def test_random_expressions_agree_with_a_twin_in_polars(seed: int) -> None:
    _, rows = small_market(bars=160, seed=seed)
    twin = twin_of(rows)
    writer = Writer(seed, WRITTEN)
    compared = told = 0
    for _ in range(50):
        text, meant = writer.written()
        tree = compiled(text, WORDS, "flag").tree
        ours = Evaluator(rows, WORDS).condition(tree)
        answer = twin.of(parse(meant))
        theirs = answer.values.cast(pl.Int8).fill_null(-1).to_numpy()
        sure = ~answer.near.fill_null(False).to_numpy()
        wanted = np.select([theirs == 1, theirs == 0], [TRUE, FALSE], UNKNOWN)
        np.testing.assert_array_equal(ours[sure], wanted[sure], err_msg=text)
        compared += int(sure.sum())
        told += int((wanted[sure] != UNKNOWN).sum())
    assert compared > 0.8 * 50 * len(rows)  # the twin did not excuse itself
    assert told > 0.5 * compared


@pytest.mark.parametrize("seed", range(3))
def test_one_day_answers_as_all_days_do(seed: int) -> None:
    _, rows = small_market(bars=160, seed=seed)
    writer = Writer(100 + seed, WRITTEN)
    texts = [writer.written().text for _ in range(30)]
    texts += ["rank(roe)[3] < rank(roe)", "sma(rank(close), 5) <= 3", "bars_since(close > highest(high, 10)[1]) < 4"]
    for text in texts:
        tree = compiled(text, WORDS, "flag").tree
        everything = Evaluator(rows, WORDS).condition(tree)
        for day in (0, 7, 80, 159):
            here = DayEvaluator(rows, day, WORDS)
            np.testing.assert_array_equal(here.condition(tree), everything[rows.at(day)], err_msg=f"{text} on {day}")


@pytest.mark.parametrize("seed", range(2))
def test_cutting_off_the_future_changes_nothing(seed: int) -> None:
    _, rows = small_market(bars=160, seed=seed)
    writer = Writer(200 + seed, WRITTEN)
    taken = np.flatnonzero(rows.days <= 120)
    then = rows.taken(taken, np.unique(np.searchsorted(taken, rows.segments)).astype(np.int64))
    for _ in range(30):
        tree = compiled(writer.written().text, WORDS, "flag").tree
        whole = Evaluator(rows, WORDS).condition(tree)
        np.testing.assert_array_equal(Evaluator(then, WORDS).condition(tree), whole[rows.days <= 120])


def test_functions_equal_the_indicators_to_the_last_bit() -> None:
    """On every bar they are the indicators' over the prices as that bar's day reads them."""
    bars, rows = small_market(bars=400)
    wanted: dict[str, np.ndarray] = {}
    # days of one factor are read alike
    ends = [*(np.flatnonzero(bars.ex_date) - 1).tolist(), len(bars.sessions) - 1]
    assert len(ends) > 2
    for first, last in zip([0, *(end + 1 for end in ends[:-1])], ends, strict=True):
        for text, values in indicators_of(in_shares_of(bars, last)).items():
            wanted.setdefault(text, np.full(bars.shape, np.nan))[first : last + 1] = values[first:]
    up = wanted.pop("supertrend_up()")
    for text, values in wanted.items():
        found = Evaluator(rows, WORDS).number(compiled(text, WORDS, "number").tree)
        np.testing.assert_array_equal(grid(bars, rows, found), values, err_msg=text)
    flags = Evaluator(rows, WORDS).condition(compiled("supertrend_up()", WORDS).tree)
    np.testing.assert_array_equal(grid(bars, rows, to_number(flags)), np.where(up > 0, 1.0, up * 0.0))


def indicators_of(bars: Bars) -> dict[str, np.ndarray]:
    high, low, close, gap = bars.raw.high, bars.raw.low, bars.raw.close, bars.gap
    bands = indicators.bollinger(close, gap=gap)
    line = indicators.macd(close, gap=gap)
    stochastic = indicators.stochastic(high, low, close, 14, 3, 3, gap=gap)
    trend = indicators.supertrend(high, low, close, gap=gap)
    return {
        "sma(close, 20)": indicators.sma(close, 20, gap=gap),
        "ema(close, 20)": indicators.ema(close, 20, gap=gap),
        "rsi(14)": indicators.rsi(close, 14, gap=gap),
        "roc(close, 5)": indicators.roc(close, 5, gap=gap),
        "highest(high, 20)": indicators.highest(high, 20, gap=gap),
        "lowest(low, 20)": indicators.lowest(low, 20, gap=gap),
        "std(close, 20)": indicators.rolling_std(close, 20, gap=gap),
        "sma(volume, 20)": indicators.sma(bars.raw_volume, 20, gap=gap),
        "bb_upper()": bands.upper,
        "bb_lower()": bands.lower,
        "macd()": line.line,
        "macd_signal()": line.signal,
        "atr(14)": indicators.atr(high, low, close, 14, gap=gap),
        "adx(14)": indicators.adx(high, low, close, 14, gap=gap),
        "stoch_k()": stochastic.k,
        "stoch_d()": stochastic.d,
        "supertrend()": trend.line,
        "supertrend_up()": trend.trend,
    }


def by_hand(close: list[float], volume: list[float] | None = None, factor: list[float] | None = None) -> Rows:
    """One instrument, one segment; high and low are the close."""
    n = len(close)
    days = np.datetime64("2024-01-01") + np.arange(n)
    column = np.array(close, np.float64)
    bars = Bars.from_ohlcv(
        days,
        {"A": (column, column, column, column, volume or [1.0] * n)},
        factor=None if factor is None else np.array(factor, np.float64).reshape(-1, 1),
    )
    return rows_of_bars(
        bars, {"roe": np.full((n, 1), np.nan), "turnover": np.arange(n, dtype=np.float64).reshape(-1, 1)}
    )


def flags(rows: Rows, text: str) -> list[bool | None]:
    found = Evaluator(rows, WORDS).condition(compiled(text, WORDS, "flag").tree)
    return [{FALSE: False, UNKNOWN: None, TRUE: True}[int(one)] for one in found]


def numbers(rows: Rows, text: str) -> list[float | None]:
    found = Evaluator(rows, WORDS).number(compiled(text, WORDS, "number").tree)
    return [None if one != one else float(one) for one in found]


# A share of 900 becomes two of 450 on the third day: prices before are as printed, the factor is 2 from there on.
SPLIT = by_hand([880, 900, 460, 440], [10, 10, 20, 20], [1, 1, 2, 2])


def test_a_price_against_a_number_is_in_rupees_of_its_own_bar() -> None:
    assert flags(SPLIT, "close < 500") == [False, False, True, True]
    assert flags(SPLIT, "close > 450") == [True, True, True, False]
    assert flags(SPLIT, "close + 50 > 500") == [True, True, True, False]  # 490 on the last day
    assert flags(SPLIT, "max(close, 450) == 450") == [False, False, False, True]


def test_a_price_against_a_price_is_the_same_before_and_after_a_split() -> None:
    # 900 is worth 450 of the new shares: 460 is a rise, and the mean of 900 and 920 is 910 old rupees, 455 new ones
    assert flags(SPLIT, "close > close[1]") == [None, True, True, False]
    assert numbers(SPLIT, "sma(close, 2)") == [None, 890.0, 455.0, 450.0]
    assert numbers(SPLIT, "close[1]") == [None, 880.0, 450.0, 460.0]
    assert numbers(SPLIT, "roc(close, 1)")[2] == pytest.approx(920 / 900 - 1)


def test_a_count_of_shares_is_in_shares_of_its_own_bar() -> None:
    assert flags(SPLIT, "volume > 15") == [False, False, True, True]
    assert numbers(SPLIT, "volume / sma(volume, 2)") == [None, 1.0, 1.0, 1.0]  # 20 new shares are 10 old ones
    assert numbers(SPLIT, "close * volume") == [8800.0, 9000.0, 9200.0, 8800.0]  # rupees have no denomination


def test_a_price_of_the_past_is_the_one_that_was_published() -> None:
    """A factor that lies behind both bars is in neither: as floats go, 719.25 · 0.1 / 0.1 is another number."""
    closes = [719.25, 100.35, 19.99, 0.05, 2857.65, 719.25]
    for factor in (1.1, 3.0, 7.0, 5 / 3, 0.1):
        rows = by_hand(closes, closes, [factor] * 6)
        for back, text in enumerate(("close", "close[1]", "close[2]"), 0):
            assert numbers(rows, text)[back:] == closes[: 6 - back], (factor, text)
            assert numbers(rows, text.replace("close", "volume"))[back:] == closes[: 6 - back], (factor, text)
        assert numbers(rows, "highest(close, 2)")[1:] == [719.25, 100.35, 19.99, 2857.65, 2857.65]
        assert flags(rows, "close[1] >= 719.25")[1] and flags(rows, "close[1] <= 719.25")[1]
        assert flags(rows, "close[1] == 719.25 and close[1] in (719.25)")[1]
        assert numbers(rows, "sma(close, 1)") == closes
        # a later action changes nothing of what the bars before it saw
        later = by_hand([*closes, 10.0], [*closes, 1.0], [*[factor] * 6, factor * 5])
        assert numbers(later, "close[1]")[:6] == numbers(rows, "close[1]")


def test_a_price_before_an_action_is_what_a_person_works_out() -> None:
    # one share became two, then each five: 719.25 / 2 = 359.625, 719.25 / 10 = 71.925, 100.35 / 5 = 20.07
    rows = by_hand([719.25, 100.35, 20.0], [10, 10, 7], [3, 6, 30])
    assert numbers(rows, "close[1]") == [None, 359.625, 20.07]
    assert numbers(rows, "close[2]") == [None, None, 71.925]
    assert numbers(rows, "volume[2]") == [None, None, 100.0]
    assert numbers(rows, "sum(volume, 3)") == [None, None, 157.0]  # 100 + 50 + 7
    assert numbers(rows, "highest(close, 3)") == [None, None, 71.925]
    assert numbers(rows, "change(close, 1)")[2] == 20.0 - 20.07
    # ten shares became one: 19.99 is worth 199.90 of the new shares, 30 old ones are 3
    merged = by_hand([19.99, 200.0], [30, 4], [1.0, 0.1])
    assert numbers(merged, "close[1]")[1] == 199.9 and numbers(merged, "volume[1]")[1] == 3.0
    # 0.15 / 3 = 0.05, though as floats go it is 0.049999999999999996
    assert numbers(by_hand([0.15, 0.05], None, [1.0, 3.0]), "close[1]")[1] == 0.05
    # a bonus of one for two: three shares for two, 100.35 / 1.5 = 66.9
    assert numbers(by_hand([100.35, 67.0], None, [2.0, 3.0]), "close[1]")[1] == 66.9
    # a product of prices is restated twice: (10 · 10) / 2 / 2
    assert numbers(by_hand([10, 5], None, [1, 2]), "(close * close)[1]")[1] == 25.0


def test_a_level_is_crossed_in_the_rupees_of_each_bar() -> None:
    # on the first day it is not below, so that it does not matter what was before
    assert flags(SPLIT, "crosses_below(close, 500)") == [False, False, True, False]
    assert flags(SPLIT, "crosses_above(close, 500)") == [None, False, False, False]


def test_the_unknown_is_neither_true_nor_false() -> None:
    rows = by_hand([1, 2, 3])
    assert flags(rows, "roe > 5") == [None] * 3
    assert flags(rows, "not roe > 5") == [None] * 3
    assert flags(rows, "roe > 5 or close > 2") == [None, None, True]
    assert flags(rows, "roe > 5 and close > 2") == [False, False, None]
    assert flags(rows, "known(roe)") == [False] * 3
    assert flags(rows, "if(roe > 5, 1, 2) == 2") == [None] * 3
    assert flags(rows, "turnover / (close - 1) > 0") == [None, True, True]  # 0 / 0 is not known
    assert flags(rows, "count(roe > 5, 2) >= 0") == [None] * 3
    assert not matches(Evaluator(rows, WORDS).condition(compiled("not roe > 5", WORDS).tree)).any()


def test_windows_by_hand() -> None:
    rows = by_hand([3, 1, 4, 1, 5, 9, 2, 6])
    assert numbers(rows, "median(close, 4)") == [None, None, None, 2.0, 2.5, 4.5, 3.5, 5.5]
    assert numbers(rows, "own_percentile(close, 3)") == [None, None, 100.0, 25.0, 100.0, 100.0, 0.0, 50.0]
    assert numbers(rows, "bars_since(close == 1)") == [None, 0.0, 1.0, 0.0, 1.0, 2.0, 3.0, 4.0]
    assert numbers(rows, "count(close > 2, 3)") == [None, None, 2.0, 1.0, 2.0, 2.0, 2.0, 2.0]
    assert numbers(rows, "sum(close, 3)") == [None, None, 8.0, 6.0, 10.0, 15.0, 16.0, 17.0]
    assert numbers(rows, "change(close)") == [None, -2.0, 3.0, -3.0, 4.0, 4.0, -7.0, 4.0]


def test_correlation_and_slope_by_hand() -> None:
    rows = by_hand([1, 2, 4, 7])  # turnover is 0, 1, 2, 3
    assert numbers(rows, "beta(turnover, turnover, 3)") == [None, None, 1.0, 1.0]
    slope = numbers(rows, "beta(turnover * turnover, turnover, 3)")
    # 0, 1, 4 on 0, 1, 2: Σxy = 4, Σyy = 2 → 2; 1, 4, 9 on 1, 2, 3: Σxy = 8, Σyy = 2 → 4
    assert slope == [None, None, 2.0, 4.0]
    # 0, 1, 4: mean 5/3, Σxx = 17 - 25/3 = 26/3; r = 4 / sqrt(26/3 · 2)
    assert numbers(rows, "corr(turnover * turnover, turnover, 3)")[2] == pytest.approx(4 / (26 / 3 * 2) ** 0.5)
    assert numbers(rows, "corr(turnover, turnover - turnover, 3)") == [None] * 4  # what does not vary has none
    # nor where the mean of equals is not quite what they are, as of three times 0.1
    for text in ("corr(turnover, {0}, 3)", "corr({0}, turnover, 3)", "beta(turnover, {0}, 3)"):
        assert numbers(rows, text.format("(turnover - turnover + 0.1)")) == [None] * 4
    assert numbers(rows, "beta(turnover - turnover + 0.1, turnover, 3)")[2:] == [pytest.approx(0.0, abs=1e-15)] * 2


def cross(values: list[float], universe: list[bool] | None = None) -> Rows:
    """One day of several instruments with that turnover; the sector changes after every second."""
    n = len(values)
    flat = {chr(65 + k): ([10.0], [10.0], [10.0], [10.0], [1.0]) for k in range(n)}
    bars = Bars.from_ohlcv([np.datetime64("2024-01-01")], flat)
    rows = rows_of_bars(bars, {"turnover": np.array([values])}, {"sector": [SECTORS[k // 2 % 2] for k in range(n)]})
    return rows.with_universe(np.array(universe or [True] * n))


def test_stocks_of_a_day_by_hand() -> None:
    rows = cross([5.0, 1.0, 5.0, np.nan, 9.0])
    assert numbers(rows, "rank(turnover)") == [2.0, 4.0, 2.0, None, 1.0]
    assert numbers(rows, "percentile(turnover)") == [50.0, 0.0, 50.0, None, 100.0]
    # 5, 1, 5, 9: mean 5, deviation sqrt(32 / 4)
    assert numbers(rows, "zscore(turnover)") == [0.0, pytest.approx(-4 / 8**0.5), 0.0, None, pytest.approx(4 / 8**0.5)]
    # the first sector holds 5, 1 and 9; of the second one is known
    assert numbers(rows, "sector_median(turnover)") == [5.0, 5.0, 5.0, None, 5.0]
    assert numbers(cross([5.0, 1.0, 7.0], [True, False, True]), "rank(turnover)") == [2.0, None, 1.0]
    assert numbers(cross([5.0]), "percentile(turnover)") == [None]
    assert numbers(cross([5.0, 5.0]), "zscore(turnover)") == [None, None]
    # three times 0.1 is 0.30000000000000004, so that the mean of equals is not quite what they are
    assert numbers(cross([0.1, 0.1, 0.1]), "zscore(turnover)") == [None] * 3


def test_gaps_end_windows() -> None:
    bars = Bars.from_ohlcv(
        np.arange("2024-01-01", "2024-01-06", dtype="datetime64[D]"), {"A": (np.arange(1.0, 6.0),) * 5}
    )
    bars.gap[2, 0] = True  # history is missing before the third bar
    rows = rows_of_bars(bars)
    assert numbers(rows, "close[1]") == [None, 1.0, None, 3.0, 4.0]
    assert numbers(rows, "sma(close, 2)") == [None, 1.5, None, 3.5, 4.5]


def test_warming_up_looks_over_an_action_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody's first screen waits for the compiler, of a share that split neither."""
    asked = []
    for name in ("stretches", "put_back"):
        kernel = getattr(evaluate, name)
        monkeypatch.setattr(evaluate, name, lambda *of, name=name, kernel=kernel: (asked.append(name), kernel(*of))[1])
    assert warm_up() > 0 and set(asked) == {"stretches", "put_back"}


def test_what_takes_too_long_can_be_ended() -> None:
    class Late(Exception):
        pass

    def late() -> None:
        raise Late

    with pytest.raises(Late):
        Evaluator(SPLIT, WORDS, late).condition(compiled("sma(close, 2) > 1", WORDS).tree)


def test_stocks_without_a_sector_share_no_median() -> None:
    """Unclassified says that no list gives a sector: the first two have nothing in common, the others are one."""
    bars, _ = small_market(bars=40)
    columns = bars.shape[1]
    sectors = ["Unclassified", "Unclassified", *["Banks"] * (columns - 2)]
    rows = rows_of_bars(bars, {"roe": np.full(bars.shape, 5.0)}, {"sector": sectors})
    found = Evaluator(rows, WORDS).number(compiled("sector_median(roe)", WORDS, "number").tree)
    assert np.isnan(found[rows.columns < 2]).all()
    in_sector = rows.universe & (rows.columns >= 2)
    assert in_sector.any() and (rows.universe & (rows.columns < 2)).any()
    assert (found[in_sector] == 5.0).all()
