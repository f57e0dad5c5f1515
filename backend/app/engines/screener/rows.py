"""What the fused kernel leaves behind for each instrument: the rows of its result."""

from __future__ import annotations

from enum import IntEnum


class Last(IntEnum):
    """Rows of the kernel's result. Prices and volumes are in shares as they are at the newest bar."""

    PREVIOUS_CLOSE = 0
    EMA_20 = 1
    EMA_50 = 2
    RSI = 3
    ATR = 4
    MACD = 5
    MACD_SIGNAL = 6
    ADX = 7
    STOCH_K = 8
    STOCH_D = 9
    MEAN_20 = 10
    STD_20 = 11
    CLOSE_5 = 12
    CLOSE_21 = 13
    HIGHEST_CLOSE_20 = 14  # of the 20 bars before
    VOLUME_PERCENTILE = 15
    VOLUME_MEAN_20 = 16  # of the 20 bars before
    HIGHEST_HIGH_252 = 17
    LOWEST_LOW_252 = 18


ROWS = len(Last)
