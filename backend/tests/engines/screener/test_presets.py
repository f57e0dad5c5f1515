"""Presets on bars typed by hand, against the definitions of their textbooks worked out in the comments."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.engines.screener.cards import card_fields
from app.engines.screener.language import Vocabulary, compiled
from app.engines.screener.language.evaluate import Evaluator
from app.engines.screener.language.frame import rows_of_bars
from app.engines.screener.language.kinds import FALSE, TRUE, UNKNOWN
from app.engines.screener.presets import PRESETS
from tests.engines.strategies.panels import NAN, panel_of, sessions_of

SESSIONS = sessions_of("2022-01-03", "2024-12-31")


def last(
    name: str,
    columns: dict[str, dict[str, Any]],
    numbers: dict[str, list[float]] | None = None,
    through: dict[str, list[list[float]]] | None = None,
    texts: dict[str, list[str]] | None = None,
) -> dict[str, int]:
    """What a preset says of each stock at its last bar; fields of a stock: close, and open, high, low, volume.

    `numbers` and `texts` have a value a stock, `through` a list by bar for each stock.
    """
    length = max(len(fields["close"]) for fields in columns.values())

    def panel(field: str) -> np.ndarray:
        return np.column_stack([np.asarray(f.get(field, f["close"]), float) for f in columns.values()])

    volume = np.column_stack([np.asarray(f.get("volume", [1e6] * length), float) for f in columns.values()])
    bars = panel_of(
        SESSIONS[:length],
        tuple(columns),
        (panel("open"), panel("high"), panel("low"), panel("close")),
        volume=volume,
    )
    stored = {field: np.repeat([values], length, axis=0) for field, values in (numbers or {}).items()}
    stored |= {
        field: np.column_stack([np.asarray(one, float) for one in some]) for field, some in (through or {}).items()
    }
    stored["prev_close"] = np.vstack([np.full((1, len(columns)), NAN), bars.raw.close[:-1]])
    rows = rows_of_bars(bars, stored, texts or {})
    words = Vocabulary(card_fields())
    flags = Evaluator(rows, words).condition(compiled(PRESETS[name].expression, words, "flag").tree)
    at_end = rows.days == length - 1
    return {list(columns)[column]: int(flag) for column, flag in zip(rows.columns[at_end], flags[at_end], strict=True)}


def test_a_volume_shocker_trades_more_than_thrice_the_mean_of_the_twenty_before() -> None:
    # the mean of the twenty before is 100; the last bar is not in it
    flat, volumes = [10.0] * 21, [100.0] * 20
    told = last(
        "VOLUME_SHOCKER",
        {name: {"close": flat, "volume": [*volumes, v]} for name, v in (("A", 301.0), ("B", 300.0), ("C", 30.0))},
    )
    assert told == {"A": TRUE, "B": FALSE, "C": FALSE}
    assert last("VOLUME_SHOCKER", {"A": {"close": flat[1:], "volume": volumes}}) == {"A": UNKNOWN}


def test_a_price_shocker_moves_more_than_five_percent_either_way() -> None:
    told = last("PRICE_SHOCKER", {n: {"close": [100.0, c]} for n, c in (("A", 105.01), ("B", 105.0), ("C", 94.99))})
    assert told == {"A": TRUE, "B": FALSE, "C": TRUE}


def test_new_highs_and_lows_are_within_two_percent_of_the_extreme_of_252_sessions() -> None:
    # the highest high is 200 (of bar 1, still among the last 252), the lowest low 50
    body = [100.0] * 251

    def stock(close: float) -> dict[str, Any]:
        closes = [*body, close]
        return {"close": closes, "high": [200.0, *closes[1:]], "low": [50.0, *closes[1:]]}

    high = last("52W_HIGH", {"A": stock(196.0), "B": stock(195.9), "C": stock(100.0)})
    assert high == {"A": TRUE, "B": FALSE, "C": FALSE}
    low = last("52W_LOW", {"A": stock(51.0), "B": stock(51.1), "C": stock(100.0)})
    assert low == {"A": TRUE, "B": FALSE, "C": FALSE}
    short = {"close": body, "high": body, "low": body}
    assert last("52W_HIGH", {"A": short}) == {"A": UNKNOWN}  # 251 bars are no 52 weeks


@pytest.mark.parametrize(("name", "bars"), [("BREAKOUT_20D", 20), ("BREAKOUT_55D", 55)])
def test_a_breakout_closes_above_every_close_of_the_bars_before(name: str, bars: int) -> None:
    before = [100.0 + n % 7 for n in range(bars)]  # the highest is 106
    told = last(name, {n: {"close": [*before, c]} for n, c in (("A", 106.01), ("B", 106.0), ("C", 101.0))})
    assert told == {"A": TRUE, "B": FALSE, "C": FALSE}


def test_momentum_12_1_keeps_the_tenth_that_rose_most_without_the_last_month() -> None:
    # the stock n rose by n % from 252 bars ago to 21 bars ago, and what it did after is left out
    columns = {f"S{n:02d}": {"close": [100.0] * 100 + [100.0 + n] * 132 + [100.0 - n] * 21} for n in range(1, 21)}
    told = last("MOMENTUM_12_1", columns)
    assert [name for name, flag in told.items() if flag == TRUE] == ["S19", "S20"]


def test_low_volatility_keeps_the_fifth_whose_changes_varied_least() -> None:
    sign = np.where(np.arange(253) % 2 == 0, 1.0, -1.0)
    columns = {f"S{n}": {"close": 100.0 * np.cumprod(1.0 + sign * n / 1000.0)} for n in range(1, 11)}
    told = last("LOW_VOLATILITY", columns)
    assert [name for name, flag in told.items() if flag == TRUE] == ["S1", "S2"]


def test_an_rsi_2_pullback_is_a_sharp_fall_above_the_long_average() -> None:
    # a rise over 250 bars, then two falls: RSI 2 of Wilder. Before them only rises: average gain g, loss 0.
    # After falls of 6 and 6: gain g/4, loss 0.75 * 6 = 4.5; with g = 1, RSI = 100 * 0.25 / 4.75 = 5.3 < 10
    rise = [100.0 + n for n in range(250)]
    fallen = [*rise, rise[-1] - 6.0, rise[-1] - 12.0]
    # one fall of 1 after rises of 1: gain 0.5, loss 0.5, RSI 50
    dipped = [*rise, rise[-1] + 1.0, rise[-1]]
    below = [400.0 - n for n in range(252)]  # RSI 0, but below its average
    told = last("RSI2_PULLBACK", {"A": {"close": fallen}, "B": {"close": dipped}, "C": {"close": below}})
    assert told == {"A": TRUE, "B": FALSE, "C": FALSE}


def test_crosses_of_the_averages_of_fifty_and_two_hundred_are_told_on_their_day() -> None:
    # flat at 100, one bar at 101 lifts the average of 50 by 1/50 and that of 200 by 1/200: above, from equal
    flat = [100.0] * 200
    assert last("GOLDEN_CROSS", {"A": {"close": [*flat, 101.0]}, "B": {"close": [*flat, 100.0]}}) == {
        "A": TRUE,
        "B": FALSE,
    }
    assert last("DEATH_CROSS", {"A": {"close": [*flat, 99.0]}, "B": {"close": [*flat, 101.0]}}) == {
        "A": TRUE,
        "B": FALSE,
    }
    assert last("GOLDEN_CROSS", {"A": {"close": [*flat, 101.0, 101.0]}}) == {"A": FALSE}  # it was yesterday


def test_nr7_is_the_narrowest_range_of_seven() -> None:
    close = [100.0] * 7

    def stock(ranges: list[float]) -> dict[str, Any]:
        return {"close": close, "high": [100.0 + r for r in ranges], "low": close}

    told = last(
        "NR7",
        {"A": stock([5, 4, 3, 6, 7, 3, 2]), "B": stock([5, 1, 3, 6, 7, 3, 2]), "C": stock([5, 4, 3, 6, 7, 3, 0])},
    )
    assert told == {"A": TRUE, "B": FALSE, "C": FALSE}  # a bar without a range tells nothing


def test_gaps_open_over_two_percent_away_and_do_not_come_back() -> None:
    # the bar before: 100 to 102, close 101
    def stock(open_: float, high: float, low: float) -> dict[str, Any]:
        return {"close": [101.0, open_], "open": [101.0, open_], "high": [102.0, high], "low": [100.0, low]}

    up = last(
        "GAP_UP", {"A": stock(104.0, 106.0, 103.0), "B": stock(104.0, 106.0, 101.0), "C": stock(103.0, 106.0, 102.5)}
    )
    assert up == {"A": TRUE, "B": FALSE, "C": FALSE}  # 104/101 is 2.97 %; B came back; 103/101 is 1.98 %
    down = last("GAP_DOWN", {"A": stock(98.0, 99.0, 97.0), "B": stock(98.0, 101.0, 97.0), "C": stock(99.5, 99.7, 99.0)})
    assert down == {"A": TRUE, "B": FALSE, "C": FALSE}


def test_wilders_bounds_of_the_rsi_of_fourteen() -> None:
    # 14 changes, n of them -1 and the others +1: RSI = 100 * (14 - n) / 14
    def walked(falls: int) -> dict[str, Any]:
        return {"close": np.cumsum([100.0] + [1.0] * (14 - falls) + [-1.0] * falls)}

    assert last("OVERSOLD", {"A": walked(10), "B": walked(9)}) == {"A": TRUE, "B": FALSE}  # 28.6 and 35.7
    assert last("OVERBOUGHT", {"A": walked(4), "B": walked(5)}) == {"A": TRUE, "B": FALSE}  # 71.4 and 64.3


def test_value_is_cheap_by_earnings_and_by_book() -> None:
    # ten stocks with P/E 1 … 10 and P/B 10 … 1: the cheapest fifth by earnings are the dearest by book
    columns = {f"S{n}": {"close": [10.0]} for n in range(1, 11)}
    pe, pb = [float(n) for n in range(1, 11)], [float(n) for n in range(10, 0, -1)]
    assert TRUE not in last("VALUE", columns, {"pe_ratio": pe, "pb_ratio": pb}).values()
    told = last("VALUE", columns, {"pe_ratio": pe, "pb_ratio": pe})
    assert [name for name, flag in told.items() if flag == TRUE] == ["S1", "S2"]
    losing = last("VALUE", columns, {"pe_ratio": [-1.0, *pe[1:]], "pb_ratio": pe})
    assert losing["S1"] == FALSE  # a loss is not cheap


def test_quality_is_high_returns_little_debt_and_profit_in_cash() -> None:
    good = {"roe": 16.0, "roce": 16.0, "debt_to_equity": 0.4, "operating_cash_flow": 1.0}
    cases = [good, *({**good, name: bad} for name, bad in (("roe", 15.0), ("roce", 15.0), ("debt_to_equity", 0.5)))]
    cases += [{**good, "operating_cash_flow": 0.0}, {**good, "roce": NAN}]
    columns = {f"S{n}": {"close": [10.0]} for n in range(len(cases))}
    told = last("QUALITY", columns, {name: [case[name] for case in cases] for name in good})
    assert list(told.values()) == [TRUE, FALSE, FALSE, FALSE, FALSE, UNKNOWN]


def test_the_trend_template_wants_averages_in_order_a_third_above_the_low_near_the_high_and_strength() -> None:
    # stock n rises n/2000 a bar: of ten, percentile (n - 1)/9 * 100 of the year's change is 70 or more from n = 8 on
    def rise(a_bar: float) -> list[float]:
        return (100.0 * (1.0 + a_bar) ** np.arange(273)).tolist()

    field = {f"S{n}": {"close": rise(n / 2000.0)} for n in range(1, 11)}
    told = last("TREND_TEMPLATE", field)
    assert [name for name, flag in told.items() if flag == TRUE] == ["S8", "S9", "S10"]

    strong = rise(0.005)
    fallen = [*strong[:-1], strong[-60]]  # below the average of 50
    spiked = [*strong[:100], 2.0 * strong[-1], *strong[101:]]  # a high of the year twice the close: 0.5 of it, not 0.75
    others = {"F": {"close": fallen}, "H": {"close": strong, "high": spiked}}
    told = last("TREND_TEMPLATE", field | others)
    assert (told["F"], told["H"], told["S10"]) == (FALSE, FALSE, TRUE)

    # the strongest of a weak market: 1.0010^251 is 1.285 of the year's low, 1.0011^251 is 1.318; 1.3 is asked for
    weak = {f"W{n}": {"close": rise(-n / 2000.0)} for n in range(1, 10)}
    assert last("TREND_TEMPLATE", weak | {"A": {"close": rise(0.0010)}})["A"] == FALSE
    assert last("TREND_TEMPLATE", weak | {"A": {"close": rise(0.0011)}})["A"] == TRUE


def test_a_squeeze_has_the_narrowest_bands_of_126_sessions() -> None:
    # closes swing by 5 about 100, then by 1: the bands of 20 are 4 * 5 / 100 wide, in the end 4 * 1 / 100
    swing = np.where(np.arange(145) % 2 == 0, 1.0, -1.0)
    size = np.r_[np.full(125, 5.0), np.full(20, 1.0)]
    told = last("SQUEEZE", {"A": {"close": 100.0 + swing * size}, "B": {"close": 100.0 + swing * (6.0 - size)}})
    assert told == {"A": TRUE, "B": FALSE}
    short = 100.0 + (swing * size)[1:]  # 126 widths of 20 bars need 145 bars
    assert last("SQUEEZE", {"A": {"close": short}}) == {"A": UNKNOWN}


def test_the_supertrend_turns_up_when_the_close_passes_its_upper_band() -> None:
    # ranges of 2: ATR 2, bands 100 +- 6. A close of 80 lies below 94: down. True range of that bar 22 at most, so that
    # ATR <= 4 and the upper band <= 106 from then on; a close of 150 lies above it
    flat = {"close": [100.0] * 25, "high": [101.0] * 25, "low": [99.0] * 25}

    def after(*closes: float) -> dict[str, Any]:
        return {
            "close": [*flat["close"], *closes],
            "high": [*flat["high"], *(close + 1.0 for close in closes)],
            "low": [*flat["low"], *(close - 1.0 for close in closes)],
        }

    told = last(
        "SUPERTREND_UP", {"A": after(80.0, 80.0, 150.0), "B": after(80.0, 80.0, 80.0), "C": after(80.0, 150.0, 151.0)}
    )
    assert told == {"A": TRUE, "B": FALSE, "C": FALSE}  # C turned up the day before


def test_macd_crosses_its_signal_on_the_day_it_rises_above_it() -> None:
    # flat: both 0. One bar up by d: MACD = d (2/13 - 2/27), its signal a fifth of that
    flat = [100.0] * 60
    told = last(
        "MACD_UP", {"A": {"close": [*flat, 101.0]}, "B": {"close": [*flat, 99.0]}, "C": {"close": [*flat, 100.0]}}
    )
    assert told == {"A": TRUE, "B": FALSE, "C": FALSE}
    assert last("MACD_UP", {"A": {"close": [*flat, 101.0, 102.0]}}) == {"A": FALSE}  # it was yesterday


def test_a_delivery_surge_is_twice_the_usual_delivery_and_half_of_the_volume() -> None:
    # the mean of the twenty before is 100 shares
    before, close = [100.0] * 20, [10.0] * 21
    cases = {"A": (201.0, 400.0), "B": (200.0, 300.0), "C": (201.0, 402.0)}  # B: not above twice; C: exactly half
    told = last(
        "DELIVERY_SURGE",
        {name: {"close": close, "volume": [400.0] * 20 + [volume]} for name, (_, volume) in cases.items()},
        through={"delivery": [[*before, delivered] for delivered, _ in cases.values()]},
    )
    assert told == {"A": TRUE, "B": FALSE, "C": FALSE}


def test_a_liquid_stock_turns_over_ten_crore_on_most_days_and_is_not_trade_for_trade() -> None:
    # of 60 sessions 30 at 8 crore and 30 at 13 crore: median 10.5 crore; with 31 at 8 crore it is 8
    def turned(low: int) -> list[float]:
        return [8e7] * low + [13e7] * (60 - low)

    flat = {"close": [10.0] * 60}
    told = last(
        "LIQUID",
        {"A": flat, "B": flat, "C": flat},
        through={"turnover": [turned(30), turned(31), turned(30)]},
        texts={"series": ["EQ", "EQ", "BE"]},
    )
    assert told == {"A": TRUE, "B": FALSE, "C": FALSE}


def test_every_preset_has_a_test_here() -> None:
    told = Path(__file__).read_text()
    assert [name for name in PRESETS if f'"{name}"' not in told] == []
