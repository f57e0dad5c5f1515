"""Momentum, volatility, ranges, and the scores made of them."""

from __future__ import annotations

from collections.abc import Iterator

from app.engines.screener.cards.card import Card


def cards() -> Iterator[Card]:
    """The cards of this file."""
    yield from _momentum()
    yield from _volatility()
    yield from _ranges()


def _momentum() -> Iterator[Card]:
    for n in (2, 5, 14, 21):
        yield Card(
            f"rsi_{n}",
            f"RSI {n}",
            "points",
            f"rsi(close, {n})",
            "Wilder's relative strength index, 0 to 100.",
            "Momentum",
        )
    yield Card("roc_12", "Rate of change 12", "percent", "100 * roc(close, 12)", "Change over 12 bars.", "Momentum")
    yield Card("macd", "MACD", "rupees", "macd(close, 12, 26)", "Fast average less the slow one.", "Momentum")
    yield Card(
        "macd_signal",
        "MACD signal",
        "rupees",
        "macd_signal(close, 12, 26, 9)",
        "Average of the MACD line.",
        "Momentum",
    )
    yield Card(
        "macd_histogram", "MACD histogram", "rupees", "macd() - macd_signal()", "MACD less its signal.", "Momentum"
    )
    yield Card(
        "macd_cross_up",
        "MACD crosses up",
        "flag",
        "crosses_above(macd(), macd_signal())",
        "Whether MACD rose above its signal today.",
        "Momentum",
    )
    yield Card(
        "macd_cross_down",
        "MACD crosses down",
        "flag",
        "crosses_below(macd(), macd_signal())",
        "Whether MACD fell below its signal today.",
        "Momentum",
    )
    yield Card(
        "adx", "ADX", "points", "adx(14)", "Wilder's trend strength, 0 to 100, whatever its direction.", "Momentum"
    )
    yield Card(
        "stoch_k",
        "Stochastic %K",
        "points",
        "stoch_k(14, 3)",
        "Where the close lies in the range of 14 bars, smoothed.",
        "Momentum",
    )
    yield Card(
        "stoch_d", "Stochastic %D", "points", "stoch_d(14, 3, 3)", "The stochastic, smoothed once more.", "Momentum"
    )
    yield Card(
        "williams_r",
        "Williams %R",
        "points",
        "100 * (close - highest(high, 14)) / (highest(high, 14) - lowest(low, 14))",
        "Where the close lies in the range of 14 bars: -100 the low, 0 the high.",
        "Momentum",
    )
    yield Card(
        "stoch_rsi",
        "Stochastic RSI",
        "points",
        "100 * (rsi(14) - lowest(rsi(14), 14)) / (highest(rsi(14), 14) - lowest(rsi(14), 14))",
        "Where RSI 14 lies in its own range of 14 bars.",
        "Momentum",
    )
    yield Card("supertrend_line", "SuperTrend", "rupees", "supertrend(10, 3)", "The SuperTrend line.", "Momentum")
    yield Card(
        "supertrend_is_up",
        "SuperTrend up",
        "flag",
        "supertrend_up(10, 3)",
        "Whether the SuperTrend points up.",
        "Momentum",
    )
    yield Card(
        "supertrend_turned_up",
        "SuperTrend turned up",
        "flag",
        "supertrend_up(10, 3) and not supertrend_up(10, 3)[1]",
        "Whether the SuperTrend turned up today.",
        "Momentum",
    )
    yield Card(
        "supertrend_turned_down",
        "SuperTrend turned down",
        "flag",
        "not supertrend_up(10, 3) and supertrend_up(10, 3)[1]",
        "Whether the SuperTrend turned down today.",
        "Momentum",
    )
    yield Card(
        "dist_supertrend",
        "To SuperTrend",
        "percent",
        "100 * (close / supertrend_line - 1)",
        "Close against the SuperTrend line.",
        "Momentum",
    )


def _volatility() -> Iterator[Card]:
    yield Card("atr_14", "ATR 14", "rupees", "atr(14)", "Wilder's average true range.", "Volatility")
    yield Card(
        "atr_pct",
        "ATR",
        "percent",
        "100 * (atr(14) / close)",
        "Wilder's average true range as a share of the close.",
        "Volatility",
    )
    yield Card(
        "true_range_pct",
        "True range",
        "percent",
        "100 * true_range() / prev_close",
        "The session's true range over the previous close.",
        "Volatility",
    )
    yield Card("bb_upper", "Bollinger upper", "rupees", "bb_upper(close, 20, 2)", "Upper Bollinger band.", "Volatility")
    yield Card("bb_middle", "Bollinger middle", "rupees", "sma(close, 20)", "Simple average of 20 bars.", "Volatility")
    yield Card("bb_lower", "Bollinger lower", "rupees", "bb_lower(close, 20, 2)", "Lower Bollinger band.", "Volatility")
    yield Card(
        "bb_position",
        "Bollinger position",
        "fraction",
        "(close - bb_lower(close, 20, 2)) / (bb_upper(close, 20, 2) - bb_lower(close, 20, 2))",
        "Where the close lies between the bands: 0 the lower, 1 the upper (%b).",
        "Volatility",
    )
    yield Card(
        "bb_width",
        "Bollinger width",
        "percent",
        "100 * (bb_upper(close, 20, 2) - bb_lower(close, 20, 2)) / sma(close, 20)",
        "Distance of the bands over the middle one.",
        "Volatility",
    )
    yield Card(
        "bb_squeeze",
        "Bollinger squeeze",
        "flag",
        "bb_width == lowest(bb_width, 126)",
        "Whether the bands are the narrowest of 126 sessions.",
        "Volatility",
    )
    for n, label in ((20, "month"), (60, "quarter"), (252, "year")):
        yield Card(
            f"volatility_{n}d",
            f"Volatility, {label}",
            "percent",
            f"100 * std(roc(close, 1), {n}) * sqrt(252)",
            f"Deviation of the daily changes of {n} sessions, a year's worth.",
            "Volatility",
        )
    yield Card(
        "downside_60d",
        "Downside volatility",
        "percent",
        "100 * sqrt(sma(min(roc(close, 1), 0) * min(roc(close, 1), 0), 60)) * sqrt(252)",
        "Deviation below zero of the daily changes of 60 sessions, a year's worth.",
        "Volatility",
    )
    yield Card(
        "drawdown_1y",
        "Drawdown",
        "percent",
        "100 * (close / highest(close, 252) - 1)",
        "Close against the highest close of 252 sessions.",
        "Volatility",
    )
    yield Card(
        "deepest_drawdown_1y",
        "Deepest drawdown",
        "percent",
        "lowest(drawdown_1y, 252)",
        "The deepest such drawdown of the last 252 sessions.",
        "Volatility",
    )
    yield Card(
        "nr4",
        "NR4",
        "flag",
        "high - low == lowest(high - low, 4)",
        "Whether the range is the narrowest of 4 sessions.",
        "Volatility",
    )
    yield Card(
        "nr7",
        "NR7",
        "flag",
        "high - low == lowest(high - low, 7)",
        "Whether the range is the narrowest of 7 sessions.",
        "Volatility",
    )
    yield Card(
        "inside_bar",
        "Inside bar",
        "flag",
        "high <= high[1] and low >= low[1]",
        "Whether the bar lies within the one before.",
        "Volatility",
    )
    yield Card(
        "outside_bar",
        "Outside bar",
        "flag",
        "high > high[1] and low < low[1]",
        "Whether the bar reaches beyond the one before both ways.",
        "Volatility",
    )


def _ranges() -> Iterator[Card]:
    for n, label in ((20, "20-day"), (55, "55-day")):
        yield Card(
            f"donchian_high_{n}",
            f"{label} high",
            "rupees",
            f"highest(high, {n})",
            f"Highest high of {n} sessions.",
            "Range",
        )
        yield Card(
            f"donchian_low_{n}", f"{label} low", "rupees", f"lowest(low, {n})", f"Lowest low of {n} sessions.", "Range"
        )
    yield Card(
        "donchian_position",
        "Donchian position",
        "points",
        "100 * (close - lowest(low, 20)) / (highest(high, 20) - lowest(low, 20))",
        "Where the close lies in the range of 20 sessions: 0 the low, 100 the high.",
        "Range",
    )
    yield Card("high_252d", "52-week high", "rupees", "highest(high, 252)", "Highest high of 252 sessions.", "Range")
    yield Card("low_252d", "52-week low", "rupees", "lowest(low, 252)", "Lowest low of 252 sessions.", "Range")
    yield Card(
        "dist_52w_high",
        "To 52-week high",
        "percent",
        "100 * (close / high_252d - 1)",
        "Close against the highest high of 252 sessions.",
        "Range",
    )
    yield Card(
        "dist_52w_low",
        "To 52-week low",
        "percent",
        "100 * (close / low_252d - 1)",
        "Close against the lowest low of 252 sessions.",
        "Range",
    )
    yield Card(
        "position_52w",
        "Position in 52 weeks",
        "points",
        "100 * (close - low_252d) / (high_252d - low_252d)",
        "Where the close lies in the range of 252 sessions.",
        "Range",
    )
    yield Card(
        "new_52w_high",
        "New 52-week high",
        "flag",
        "high > highest(high, 251)[1]",
        "Whether the session's high is above every high of the 251 before.",
        "Range",
    )
    yield Card(
        "new_52w_low",
        "New 52-week low",
        "flag",
        "low < lowest(low, 251)[1]",
        "Whether the session's low is below every low of the 251 before.",
        "Range",
    )
    yield Card(
        "days_since_52w_high",
        "Since 52-week high",
        "bars",
        "bars_since(high == highest(high, 252))",
        "Sessions since the high was the highest of 252.",
        "Range",
    )
    yield Card(
        "is_20d_breakout",
        "20-day breakout",
        "flag",
        "close > highest(close, 20)[1]",
        "Whether the close is above every close of the previous 20 sessions.",
        "Range",
    )
    yield Card(
        "is_55d_breakout",
        "55-day breakout",
        "flag",
        "close > highest(close, 55)[1]",
        "Whether the close is above every close of the previous 55 sessions.",
        "Range",
    )
    yield Card(
        "is_20d_breakdown",
        "20-day breakdown",
        "flag",
        "close < lowest(close, 20)[1]",
        "Whether the close is below every close of the previous 20 sessions.",
        "Range",
    )


def scores() -> Iterator[Card]:
    """The scores and their parts; after the fields they are made of."""
    yield Card(
        "trend_part",
        "Trend part",
        "fraction",
        "if(ema_20 > ema_50, 0.5, 0) + if(close > ema_50, 0.5, 0)",
        "What trend adds to the scores: 1 when ema_20 > ema_50 and close > ema_50, half when one holds.",
        "Score",
    )
    yield Card(
        "volume_part",
        "Volume part",
        "fraction",
        "min(max((volume_ratio - 1) / 2, 0), 1)",
        "What volume adds to the scores: (volume_ratio - 1) / 2, kept within 0 and 1.",
        "Score",
    )
    yield Card(
        "quiet_part",
        "Quiet part",
        "fraction",
        "if(atr_pct < 3, 1, if(atr_pct < 5, 0.5, 0))",
        "What a calm price adds to the scores: 1 when atr_pct < 3, half when < 5.",
        "Score",
    )
    yield Card(
        "swing_score",
        "Swing score",
        "points",
        "40 * if(is_20d_breakout, 1, 0) + 25 * trend_part + 20 * volume_part + 15 * quiet_part",
        "0 to 100: how well a breakout stands for a swing trade.",
        "Score",
    )
    yield Card(
        "intraday_score",
        "Intraday score",
        "points",
        "30 * volume_part + 25 * if(is_20d_breakout, 1, 0) + 15 * trend_part + 30 * quiet_part",
        "0 to 100: how well volume and calm stand for an intraday trade.",
        "Score",
    )
