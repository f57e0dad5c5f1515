"""The screens that come with the product. Each is an expression of the language, which is shown with it."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple


class Preset(NamedTuple):
    """A screen: its expression, and the column that is best looked at first."""

    name: str
    label: str
    expression: str
    description: str
    sort_by: str
    sort_order: Literal["asc", "desc"] = "desc"


_PRESETS: Final = (
    Preset(
        "VOLUME_SHOCKER",
        "Volume shocker",
        "volume > 3 * sma(volume, 20)[1]",
        "Volume above three times the mean of the previous 20 sessions.",
        "volume_ratio",
    ),
    Preset(
        "PRICE_SHOCKER",
        "Price shocker",
        "abs(close - prev_close) > 0.05 * prev_close",  # of 100 to 105, 105 / 100 - 1 is a little above 0.05
        "A move of more than 5 % in a day.",
        "change_pct",
    ),
    Preset(
        "52W_HIGH",
        "52-week high",
        "close >= 0.98 * highest(high, 252)",
        "Close within 2 % of the highest high of 252 sessions.",
        "dist_52w_high",
    ),
    Preset(
        "52W_LOW",
        "52-week low",
        "close <= 1.02 * lowest(low, 252)",
        "Close within 2 % of the lowest low of 252 sessions.",
        "dist_52w_low",
        "asc",
    ),
    Preset(
        "BREAKOUT_20D",
        "20-day breakout",
        "close > highest(close, 20)[1]",
        "Close above every close of the previous 20 sessions (Donchian).",
        "volume_ratio",
    ),
    Preset(
        "BREAKOUT_55D",
        "55-day breakout",
        "close > highest(close, 55)[1]",
        "Close above every close of the previous 55 sessions (the slower turtle entry).",
        "volume_ratio",
    ),
    Preset(
        "MOMENTUM_12_1",
        "Momentum 12-1",
        "percentile(close[21] / close[252] - 1) >= 90",
        "The tenth of the stocks that rose most over a year, its last month left out (Jegadeesh and Titman, 1993).",
        "momentum_12_1",
    ),
    Preset(
        "LOW_VOLATILITY",
        "Low volatility",
        "percentile(std(roc(close, 1), 252)) <= 20",
        "The fifth of the stocks whose daily changes varied least over a year (Blitz and van Vliet, 2007).",
        "volatility_252d",
        "asc",
    ),
    Preset(
        "RSI2_PULLBACK",
        "RSI-2 pullback",
        "close > sma(close, 200) and rsi(close, 2) < 10",
        "A sharp fall within a rise: RSI of 2 bars below 10 above the 200-bar average (Connors).",
        "rsi_2",
        "asc",
    ),
    Preset(
        "VALUE",
        "Value",
        "pe_ratio > 0 and percentile(1 / pe_ratio) >= 80 and pb_ratio > 0 and percentile(1 / pb_ratio) >= 60",
        "Cheap by earnings (the cheapest fifth) and by book (the cheaper two fifths), as known that day.",
        "pe_ratio",
        "asc",
    ),
    Preset(
        "QUALITY",
        "Quality",
        "roe > 15 and roce > 15 and debt_to_equity < 0.5 and operating_cash_flow > 0",
        "High returns on equity and on capital, little debt, and profit that comes in as cash, as known that day.",
        "roe",
    ),
    Preset(
        "GOLDEN_CROSS",
        "Golden cross",
        "crosses_above(sma(close, 50), sma(close, 200))",
        "The 50-bar average rose above the 200-bar one today.",
        "turnover",
    ),
    Preset(
        "DEATH_CROSS",
        "Death cross",
        "crosses_below(sma(close, 50), sma(close, 200))",
        "The 50-bar average fell below the 200-bar one today.",
        "turnover",
    ),
    Preset(
        "TREND_TEMPLATE",
        "Trend template",
        "close > sma(close, 50) > sma(close, 150) > sma(close, 200) and sma(close, 200) > sma(close, 200)[21] "
        "and close >= 1.3 * lowest(low, 252) and close >= 0.75 * highest(high, 252) "
        "and percentile(roc(close, 252)) >= 70",
        "Averages in order and rising, a third above the low of the year, near its high, strong (Minervini).",
        "rs_rank",
    ),
    Preset(
        "NR7",
        "NR7",
        "high - low == lowest(high - low, 7) and high > low",
        "The narrowest range of 7 sessions (Crabel).",
        "atr_pct",
        "asc",
    ),
    Preset(
        "SQUEEZE",
        "Bollinger squeeze",
        "bb_width == lowest(bb_width, 126)",
        "The bands are the narrowest of half a year (Bollinger).",
        "bb_width",
        "asc",
    ),
    Preset("GAP_UP", "Gap up", "low > high[1] and gap_pct > 2", "Opened over 2 % up, and never came back.", "gap_pct"),
    Preset(
        "GAP_DOWN",
        "Gap down",
        "high < low[1] and gap_pct < -2",
        "Opened over 2 % down, and never came back.",
        "gap_pct",
        "asc",
    ),
    Preset("OVERSOLD", "Oversold", "rsi(close, 14) < 30", "RSI of 14 bars below 30 (Wilder).", "rsi_14", "asc"),
    Preset("OVERBOUGHT", "Overbought", "rsi(close, 14) > 70", "RSI of 14 bars above 70 (Wilder).", "rsi_14"),
    Preset(
        "SUPERTREND_UP",
        "SuperTrend turned up",
        "supertrend_up(10, 3) and not supertrend_up(10, 3)[1]",
        "The SuperTrend turned up today.",
        "adx",
    ),
    Preset(
        "MACD_UP",
        "MACD crosses up",
        "crosses_above(macd(close, 12, 26), macd_signal(close, 12, 26, 9))",
        "MACD rose above its signal today.",
        "turnover",
    ),
    Preset(
        "DELIVERY_SURGE",
        "Delivery surge",
        "delivery > 2 * sma(delivery, 20)[1] and delivery_pct > 50",
        "Twice the usual number of shares taken into delivery, and more than half of the volume.",
        "delivery_ratio",
    ),
    Preset(
        "LIQUID",
        "Liquid",
        "median(turnover, 60) > 10cr and not trade_for_trade",
        "Median turnover of 60 sessions above ten crore, in a series open to day trades.",
        "turnover_median_60d",
    ),
)

PRESETS: Final[dict[str, Preset]] = {one.name: one for one in _PRESETS}
