"""The screener's fields: for each column its unit, formula, window and function, in the words a person is shown.

A field is a fact of one instrument at one session. What has the dimension of a price is in rupees of that session's
own bar. Too little history, or no trade in the session, is NaN (null on the wire), never a neutral number.

This file is the registry: a field joins by one entry, and is then computed, stored, sorted by and described. Its
function takes an `Inputs` (duck-typed here, so that reading the cards does not bring the compiler): the session's own
bar (`close`, `volume`, …), what the fused kernel worked out (`last`), other fields (`x["ema_20"]`), and, for what the
kernel does not hold, the newest value of any indicator over the history (`newest`).
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.engines.screener.rows import Last

if TYPE_CHECKING:
    from app.engines.screener.inputs import Inputs

F1 = NDArray[np.float64]
B1 = NDArray[np.bool_]
Unit = Literal["rupees", "shares", "percent", "points", "fraction", "flag"]

_FADED = 1e-9  # a start that weighs less than this is not seen any more


class Field(NamedTuple):
    """A field and its card.

    Attributes
    ----------
    name : the column, as on the wire
    label : the heading
    unit : rupees, shares, percent, points (0 to 100 or an index of its own), fraction (0 to 1) or flag (1, 0)
    formula : how it is computed, in terms of other fields and bars
    window : traded bars of unbroken history that it needs, this one included
    description : one sentence
    of : the function: `Inputs` → shape [N], NaN where unknown
    warm_up : bars after which it no longer shows where history began (to 1e-9); `window` unless it is a recursion
    """

    name: str
    label: str
    unit: Unit
    formula: str
    window: int
    description: str
    of: Callable[[Inputs], F1]
    warm_up: int = 0

    @property
    def dtype(self) -> Literal["number", "flag"]:
        """How the column is to be read."""
        return "flag" if self.unit == "flag" else "number"


def fading(weight: float) -> int:
    """Bars after which the start of an exponential average with that weight has faded."""
    return math.ceil(math.log(_FADED) / math.log(1.0 - weight))


def flag(condition: B1, known: F1) -> F1:
    """1.0 where the condition holds, 0.0 where not, NaN where `known` is."""
    return np.where(np.isnan(known), np.nan, condition.astype(np.float64))


def positive(x: F1) -> F1:
    """`x` where it is above zero, else NaN: zero is no base for a ratio."""
    return np.where(x > 0.0, x, np.nan)


def _trend_part(x: Inputs) -> F1:
    ema_20, ema_50 = x["ema_20"], x["ema_50"]
    rising = np.where(ema_20 > ema_50, 0.5, 0.0) + np.where(x.close > ema_50, 0.5, 0.0)
    return np.where(np.isnan(ema_20) | np.isnan(ema_50), np.nan, rising)


def _quiet_part(x: Inputs) -> F1:
    atr_pct = x["atr_pct"]
    return np.where(np.isnan(atr_pct), np.nan, np.where(atr_pct < 3.0, 1.0, np.where(atr_pct < 5.0, 0.5, 0.0)))


def _swing_score(x: Inputs) -> F1:
    return 40.0 * x["is_20d_breakout"] + 25.0 * x["trend_part"] + 20.0 * x["volume_part"] + 15.0 * x["quiet_part"]


def _intraday_score(x: Inputs) -> F1:
    return 30.0 * x["volume_part"] + 25.0 * x["is_20d_breakout"] + 15.0 * x["trend_part"] + 30.0 * x["quiet_part"]


_FIELDS: Final = (
    Field("close", "Close", "rupees", "close", 1, "Official close of the session.", lambda x: x.close),
    Field("open", "Open", "rupees", "open", 1, "First price of the session.", lambda x: x.open),
    Field("high", "High", "rupees", "high", 1, "Highest price of the session.", lambda x: x.high),
    Field("low", "Low", "rupees", "low", 1, "Lowest price of the session.", lambda x: x.low),
    Field(
        "prev_close",
        "Previous close",
        "rupees",
        "close[-1] · factor[-1] / factor",
        2,
        "Close of the last traded bar before, adjusted for a corporate action of the day.",
        lambda x: x.last(Last.PREVIOUS_CLOSE),
    ),
    Field(
        "change_pct",
        "Change",
        "percent",
        "100 · (close / prev_close - 1)",
        2,
        "Change from the previous close.",
        lambda x: 100.0 * (x.close / x["prev_close"] - 1.0),
    ),
    Field("volume", "Volume", "shares", "volume", 1, "Shares traded in the session.", lambda x: x.volume),
    Field("turnover", "Turnover", "rupees", "turnover", 1, "Value traded in the session.", lambda x: x.turnover),
    Field(
        "ema_20",
        "EMA 20",
        "rupees",
        "ema(close, 20)",
        20,
        "Exponential average of 20 bars, seeded with their mean.",
        lambda x: x.last(Last.EMA_20),
        warm_up=20 + fading(2 / 21),
    ),
    Field(
        "ema_50",
        "EMA 50",
        "rupees",
        "ema(close, 50)",
        50,
        "Exponential average of 50 bars, seeded with their mean.",
        lambda x: x.last(Last.EMA_50),
        warm_up=50 + fading(2 / 51),
    ),
    Field(
        "rsi_14",
        "RSI 14",
        "points",
        "rsi(close, 14)",
        15,
        "Wilder's relative strength index, 0 to 100.",
        lambda x: x.last(Last.RSI),
        warm_up=15 + fading(1 / 14),
    ),
    Field(
        "atr_pct",
        "ATR",
        "percent",
        "100 · atr(14) / close",
        15,
        "Wilder's average true range as a share of the close.",
        lambda x: 100.0 * (x.last(Last.ATR) / x.close),
        warm_up=15 + fading(1 / 14),
    ),
    Field(
        "macd",
        "MACD",
        "rupees",
        "ema(close, 12) - ema(close, 26)",
        26,
        "Fast average less the slow one.",
        lambda x: x.last(Last.MACD),
        warm_up=26 + fading(2 / 27),
    ),
    Field(
        "macd_signal",
        "MACD signal",
        "rupees",
        "ema(macd, 9)",
        34,
        "Average of the MACD line.",
        lambda x: x.last(Last.MACD_SIGNAL),
        warm_up=34 + fading(2 / 27) + fading(2 / 10),
    ),
    Field(
        "adx",
        "ADX",
        "points",
        "adx(14)",
        28,
        "Wilder's trend strength, 0 to 100, whatever its direction.",
        lambda x: x.last(Last.ADX),
        warm_up=28 + 2 * fading(1 / 14),
    ),
    Field(
        "stoch_k",
        "Stochastic %K",
        "points",
        "mean of 3 of 100 · (close - lowest(low, 14)) / (highest(high, 14) - lowest(low, 14))",
        16,
        "Where the close lies in the range of 14 bars, smoothed.",
        lambda x: x.last(Last.STOCH_K),
    ),
    Field(
        "stoch_d",
        "Stochastic %D",
        "points",
        "mean of 3 of stoch_k",
        18,
        "The stochastic, smoothed once more.",
        lambda x: x.last(Last.STOCH_D),
    ),
    Field(
        "bb_upper",
        "Bollinger upper",
        "rupees",
        "bb_middle + 2 · std(close, 20)",
        20,
        "Upper Bollinger band.",
        lambda x: x.last(Last.MEAN_20) + 2.0 * x.last(Last.STD_20),
    ),
    Field(
        "bb_middle",
        "Bollinger middle",
        "rupees",
        "sma(close, 20)",
        20,
        "Simple average of 20 bars.",
        lambda x: x.last(Last.MEAN_20),
    ),
    Field(
        "bb_lower",
        "Bollinger lower",
        "rupees",
        "bb_middle - 2 · std(close, 20)",
        20,
        "Lower Bollinger band.",
        lambda x: x.last(Last.MEAN_20) - 2.0 * x.last(Last.STD_20),
    ),
    Field(
        "trend_7d",
        "Week",
        "percent",
        "100 · (close / close[-5] - 1)",
        6,
        "Change over 5 sessions.",
        lambda x: 100.0 * (x.close / x.last(Last.CLOSE_5) - 1.0),
    ),
    Field(
        "trend_30d",
        "Month",
        "percent",
        "100 · (close / close[-21] - 1)",
        22,
        "Change over 21 sessions.",
        lambda x: 100.0 * (x.close / x.last(Last.CLOSE_21) - 1.0),
    ),
    Field(
        "is_20d_breakout",
        "20-day breakout",
        "flag",
        "close > highest(close[-20] … close[-1])",
        21,
        "Whether the close is above every close of the previous 20 sessions.",
        lambda x: flag(x.close > x.last(Last.HIGHEST_CLOSE_20), x.last(Last.HIGHEST_CLOSE_20)),
    ),
    Field(
        "vol_percentile",
        "Volume percentile",
        "points",
        "100 · (lower + equal / 2) / 251 among volume[-251] … volume[-1]",
        252,
        "Rank of the day's volume among its last 252: 0 the lowest, 100 the highest.",
        lambda x: x.last(Last.VOLUME_PERCENTILE),
    ),
    Field(
        "volume_ratio",
        "Volume ratio",
        "fraction",
        "volume / mean(volume[-20] … volume[-1])",
        21,
        "The day's volume against the mean of the previous 20, both in shares of one denomination.",
        lambda x: x.volume / positive(x.last(Last.VOLUME_MEAN_20)),
    ),
    Field(
        "high_252d",
        "52-week high",
        "rupees",
        "highest(high, 252)",
        252,
        "Highest high of 252 sessions.",
        lambda x: x.last(Last.HIGHEST_HIGH_252),
    ),
    Field(
        "low_252d",
        "52-week low",
        "rupees",
        "lowest(low, 252)",
        252,
        "Lowest low of 252 sessions.",
        lambda x: x.last(Last.LOWEST_LOW_252),
    ),
    Field(
        "trend_part",
        "Trend part",
        "fraction",
        "1 when ema_20 > ema_50 and close > ema_50, 1/2 when one holds, else 0",
        50,
        "What trend adds to the scores.",
        _trend_part,
        warm_up=50 + fading(2 / 51),
    ),
    Field(
        "volume_part",
        "Volume part",
        "fraction",
        "(volume_ratio - 1) / 2, kept within 0 and 1",
        21,
        "What volume adds to the scores.",
        lambda x: np.clip((x["volume_ratio"] - 1.0) / 2.0, 0.0, 1.0),
    ),
    Field(
        "quiet_part",
        "Quiet part",
        "fraction",
        "1 when atr_pct < 3, 1/2 when atr_pct < 5, else 0",
        15,
        "What a calm price adds to the scores.",
        _quiet_part,
        warm_up=15 + fading(1 / 14),
    ),
    Field(
        "swing_score",
        "Swing score",
        "points",
        "40 · is_20d_breakout + 25 · trend_part + 20 · volume_part + 15 · quiet_part",
        50,
        "0 to 100: how well a breakout stands for a swing trade.",
        _swing_score,
        warm_up=50 + fading(2 / 51),
    ),
    Field(
        "intraday_score",
        "Intraday score",
        "points",
        "30 · volume_part + 25 · is_20d_breakout + 15 · trend_part + 30 · quiet_part",
        50,
        "0 to 100: how well volume and calm stand for an intraday trade.",
        _intraday_score,
        warm_up=50 + fading(2 / 51),
    ),
)


def registered(*fields: Field) -> dict[str, Field]:
    """Fields by name, the warm-up filled in.

    Raises
    ------
    ValueError : two have one name, or a window is below 1.
    """
    found: dict[str, Field] = {}
    for field in fields:
        if field.name in found:
            raise ValueError(f"there are two fields called {field.name}")
        if field.window < 1:
            raise ValueError(f"the window of {field.name} must be at least 1, got {field.window}")
        found[field.name] = field._replace(warm_up=max(field.warm_up, field.window))
    return found


FIELDS: Final[dict[str, Field]] = registered(*_FIELDS)


def registry_version() -> str:
    """A hash over the sources of all fields and indicators: it changes whenever a stored value might."""
    here = Path(__file__).parent
    digest = hashlib.sha256()
    for path in sorted((*here.glob("*.py"), *(here.parent / "indicators").glob("*.py"))):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()
