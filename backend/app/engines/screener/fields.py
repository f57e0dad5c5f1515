"""The screener's fields: for each column its unit, formula and window, in the words a person is shown.

A field is a fact of one instrument at one session. What has the dimension of a price is in rupees of that session's
own bar. Too little history, or no trade in the session, is NaN (null on the wire), never a neutral number.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

Unit = Literal["rupees", "shares", "percent", "points", "fraction", "flag"]


class Field(NamedTuple):
    """A card of one field.

    Attributes
    ----------
    name : the column, as on the wire
    label : the heading
    unit : rupees, shares, percent, points (0 to 100 or an index of its own), fraction (0 to 1) or flag (1, 0)
    formula : how it is computed, in terms of other fields and bars
    window : traded bars of unbroken history that it needs, this one included
    description : one sentence
    dtype : "number" or "flag"; columns are float64 either way
    """

    name: str
    label: str
    unit: Unit
    formula: str
    window: int
    description: str

    @property
    def dtype(self) -> Literal["number", "flag"]:
        """How the column is to be read."""
        return "flag" if self.unit == "flag" else "number"


_FIELDS: Final = (
    Field("close", "Close", "rupees", "close", 1, "Official close of the session."),
    Field("open", "Open", "rupees", "open", 1, "First price of the session."),
    Field("high", "High", "rupees", "high", 1, "Highest price of the session."),
    Field("low", "Low", "rupees", "low", 1, "Lowest price of the session."),
    Field(
        "prev_close",
        "Previous close",
        "rupees",
        "close[-1] · factor[-1] / factor",
        2,
        "Close of the last traded bar before, adjusted for a corporate action of the day.",
    ),
    Field("change_pct", "Change", "percent", "100 · (close / prev_close - 1)", 2, "Change from the previous close."),
    Field("volume", "Volume", "shares", "volume", 1, "Shares traded in the session."),
    Field("turnover", "Turnover", "rupees", "turnover", 1, "Value traded in the session."),
    Field(
        "ema_20", "EMA 20", "rupees", "ema(close, 20)", 20, "Exponential average of 20 bars, seeded with their mean."
    ),
    Field(
        "ema_50", "EMA 50", "rupees", "ema(close, 50)", 50, "Exponential average of 50 bars, seeded with their mean."
    ),
    Field("rsi_14", "RSI 14", "points", "rsi(close, 14)", 15, "Wilder's relative strength index, 0 to 100."),
    Field(
        "atr_pct", "ATR", "percent", "100 · atr(14) / close", 15, "Wilder's average true range as a share of the close."
    ),
    Field("macd", "MACD", "rupees", "ema(close, 12) - ema(close, 26)", 26, "Fast average less the slow one."),
    Field("macd_signal", "MACD signal", "rupees", "ema(macd, 9)", 34, "Average of the MACD line."),
    Field("adx", "ADX", "points", "adx(14)", 28, "Wilder's trend strength, 0 to 100, whatever its direction."),
    Field(
        "stoch_k",
        "Stochastic %K",
        "points",
        "mean of 3 of 100 · (close - lowest(low, 14)) / (highest(high, 14) - lowest(low, 14))",
        16,
        "Where the close lies in the range of 14 bars, smoothed.",
    ),
    Field("stoch_d", "Stochastic %D", "points", "mean of 3 of stoch_k", 18, "The stochastic, smoothed once more."),
    Field("bb_upper", "Bollinger upper", "rupees", "bb_middle + 2 · std(close, 20)", 20, "Upper Bollinger band."),
    Field("bb_middle", "Bollinger middle", "rupees", "sma(close, 20)", 20, "Simple average of 20 bars."),
    Field("bb_lower", "Bollinger lower", "rupees", "bb_middle - 2 · std(close, 20)", 20, "Lower Bollinger band."),
    Field("trend_7d", "Week", "percent", "100 · (close / close[-5] - 1)", 6, "Change over 5 sessions."),
    Field("trend_30d", "Month", "percent", "100 · (close / close[-21] - 1)", 22, "Change over 21 sessions."),
    Field(
        "is_20d_breakout",
        "20-day breakout",
        "flag",
        "close > highest(close[-20] … close[-1])",
        21,
        "Whether the close is above every close of the previous 20 sessions.",
    ),
    Field(
        "vol_percentile",
        "Volume percentile",
        "points",
        "100 · (lower + equal / 2) / 251 among volume[-251] … volume[-1]",
        252,
        "Rank of the day's volume among its last 252: 0 the lowest, 100 the highest.",
    ),
    Field(
        "volume_ratio",
        "Volume ratio",
        "fraction",
        "volume / mean(volume[-20] … volume[-1])",
        21,
        "The day's volume against the mean of the previous 20, both in shares of one denomination.",
    ),
    Field("high_252d", "52-week high", "rupees", "highest(high, 252)", 252, "Highest high of 252 sessions."),
    Field("low_252d", "52-week low", "rupees", "lowest(low, 252)", 252, "Lowest low of 252 sessions."),
    Field(
        "trend_part",
        "Trend part",
        "fraction",
        "1 when ema_20 > ema_50 and close > ema_50, 1/2 when one holds, else 0",
        50,
        "What trend adds to the scores.",
    ),
    Field(
        "volume_part",
        "Volume part",
        "fraction",
        "(volume_ratio - 1) / 2, kept within 0 and 1",
        21,
        "What volume adds to the scores.",
    ),
    Field(
        "quiet_part",
        "Quiet part",
        "fraction",
        "1 when atr_pct < 3, 1/2 when atr_pct < 5, else 0",
        15,
        "What a calm price adds to the scores.",
    ),
    Field(
        "swing_score",
        "Swing score",
        "points",
        "40 · is_20d_breakout + 25 · trend_part + 20 · volume_part + 15 · quiet_part",
        50,
        "0 to 100: how well a breakout stands for a swing trade.",
    ),
    Field(
        "intraday_score",
        "Intraday score",
        "points",
        "30 · volume_part + 25 · is_20d_breakout + 15 · trend_part + 30 · quiet_part",
        50,
        "0 to 100: how well volume and calm stand for an intraday trade.",
    ),
)

FIELDS: Final[dict[str, Field]] = {field.name: field for field in _FIELDS}
