"""Indicators: functions of [T, N] panels, one canonical arithmetic each.

Common rules. A bar that did not trade is NaN: it yields NaN and is skipped, so that a window is the last n bars that
traded. A True in `gap` says that history is missing just before that bar: every window and recursion of its column
restarts there. Warm-up is NaN. No value looks ahead. Where TA-Lib has the indicator, the values equal its own.
"""

from app.engines.indicators.averages import Macd, ema, macd, sma
from app.engines.indicators.extremes import highest, lowest
from app.engines.indicators.momentum import Stochastic, roc, rsi, stochastic
from app.engines.indicators.trend import SuperTrend, adx, supertrend
from app.engines.indicators.volatility import Bollinger, atr, bollinger, rolling_std

__all__ = [
    "Bollinger",
    "Macd",
    "Stochastic",
    "SuperTrend",
    "adx",
    "atr",
    "bollinger",
    "ema",
    "highest",
    "lowest",
    "macd",
    "roc",
    "rolling_std",
    "rsi",
    "sma",
    "stochastic",
    "supertrend",
]
