"""Prices, returns, averages and the distances from them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from app.engines.screener.cards.card import PLAIN, PRICE, SHARES, Card

_SPANS: Final = (
    ("10d", 10, "2 weeks"),
    ("3m", 63, "3 months"),
    ("6m", 126, "6 months"),
    ("1y", 252, "year"),
    ("2y", 504, "2 years"),
    ("3y", 756, "3 years"),
    ("5y", 1260, "5 years"),
)


def cards() -> Iterator[Card]:
    """The cards of this file."""
    yield from _prices()
    yield from _returns()
    yield from _averages()


def _prices() -> Iterator[Card]:
    for name, label, told in (
        ("close", "Close", "Official close of the session."),
        ("open", "Open", "First price of the session."),
        ("high", "High", "Highest price of the session."),
        ("low", "Low", "Lowest price of the session."),
    ):
        yield Card(name, label, "rupees", None, told, "Price", PRICE)
    yield Card("volume", "Volume", "shares", None, "Shares traded in the session.", "Volume", SHARES)
    yield Card("turnover", "Turnover", "rupees", None, "Value traded in the session.", "Volume", PLAIN)
    yield Card(
        "prev_close",
        "Previous close",
        "rupees",
        "close[1]",
        "Close of the last traded bar before, adjusted for a corporate action of the day.",
        "Price",
    )
    yield Card(
        "change_pct", "Change", "percent", "100 * (close / prev_close - 1)", "Change from the previous close.", "Price"
    )
    yield Card("change_abs", "Change in rupees", "rupees", "close - prev_close", "Change in rupees.", "Price")
    yield Card(
        "gap_pct", "Gap", "percent", "100 * (open / prev_close - 1)", "Open against the previous close.", "Price"
    )
    yield Card("gap_up", "Gap up", "flag", "low > high[1]", "Whether the whole bar lies above the one before.", "Price")
    yield Card(
        "gap_down", "Gap down", "flag", "high < low[1]", "Whether the whole bar lies below the one before.", "Price"
    )
    yield Card(
        "intraday_pct", "Open to close", "percent", "100 * (close / open - 1)", "Change within the session.", "Price"
    )
    yield Card(
        "range_pct",
        "Range",
        "percent",
        "100 * (high - low) / prev_close",
        "High less low over the previous close.",
        "Price",
    )
    yield Card(
        "close_in_range",
        "Close in range",
        "points",
        "100 * (close - low) / (high - low)",
        "Where the close lies in the session's range: 0 the low, 100 the high.",
        "Price",
    )
    yield Card("vwap", "Average price", "rupees", "turnover / volume", "Value traded over shares traded.", "Price")
    yield Card(
        "close_to_vwap",
        "Close to average price",
        "percent",
        "100 * (close / vwap - 1)",
        "Close against the session's average price.",
        "Price",
    )


def _returns() -> Iterator[Card]:
    yield Card("trend_7d", "Week", "percent", "100 * (close / close[5] - 1)", "Change over 5 sessions.", "Return")
    yield Card("trend_30d", "Month", "percent", "100 * (close / close[21] - 1)", "Change over 21 sessions.", "Return")
    for name, bars, told in _SPANS:
        yield Card(
            f"return_{name}",
            f"Return, {told}",
            "percent",
            f"100 * (close / close[{bars}] - 1)",
            f"Change over {bars:,} sessions, without dividends.",
            "Return",
        )
    yield Card(
        "momentum_12_1",
        "Momentum 12-1",
        "percent",
        "100 * (close[21] / close[252] - 1)",
        "Change over a year, its last month left out (Jegadeesh and Titman, 1993).",
        "Return",
    )
    yield Card(
        "momentum_6_1",
        "Momentum 6-1",
        "percent",
        "100 * (close[21] / close[126] - 1)",
        "Change over half a year, its last month left out.",
        "Return",
    )
    yield Card(
        "up_days_20",
        "Up days of 20",
        "bars",
        "count(close > close[1], 20)",
        "Sessions of 20 that closed higher.",
        "Return",
    )
    yield Card(
        "up_streak",
        "Up streak",
        "bars",
        "bars_since(not close > close[1])",
        "Sessions in a row that closed higher.",
        "Return",
    )
    yield Card(
        "down_streak",
        "Down streak",
        "bars",
        "bars_since(not close < close[1])",
        "Sessions in a row that closed lower.",
        "Return",
    )


def _averages() -> Iterator[Card]:
    for n in (5, 10, 20, 50, 100, 150, 200):
        yield Card(f"sma_{n}", f"SMA {n}", "rupees", f"sma(close, {n})", f"Simple average of {n} bars.", "Average")
    for n in (10, 20, 50, 100, 200):
        yield Card(
            f"ema_{n}",
            f"EMA {n}",
            "rupees",
            f"ema(close, {n})",
            f"Exponential average of {n} bars, seeded with their mean.",
            "Average",
        )
    for kind, n in (("sma", 20), ("sma", 50), ("sma", 200), ("ema", 20), ("ema", 50), ("ema", 200)):
        yield Card(
            f"dist_{kind}_{n}",
            f"To {kind.upper()} {n}",
            "percent",
            f"100 * (close / {kind}_{n} - 1)",
            f"Close against the {kind.upper()} of {n} bars.",
            "Average",
        )
    yield Card(
        "above_sma_200",
        "Above SMA 200",
        "flag",
        "close > sma_200",
        "Whether the close is above the 200-bar average.",
        "Average",
    )
    yield Card(
        "sma_50_to_200",
        "SMA 50 to 200",
        "percent",
        "100 * (sma_50 / sma_200 - 1)",
        "The 50-bar average against the 200-bar one.",
        "Average",
    )
    yield Card(
        "sma_200_slope",
        "Slope of SMA 200",
        "percent",
        "100 * (sma_200 / sma_200[21] - 1)",
        "Change of the 200-bar average over 21 sessions.",
        "Average",
    )
    yield Card(
        "golden_cross",
        "Golden cross",
        "flag",
        "crosses_above(sma_50, sma_200)",
        "Whether the 50-bar average rose above the 200-bar one today.",
        "Average",
    )
    yield Card(
        "death_cross",
        "Death cross",
        "flag",
        "crosses_below(sma_50, sma_200)",
        "Whether the 50-bar average fell below the 200-bar one today.",
        "Average",
    )
    yield Card(
        "averages_in_order",
        "Averages in order",
        "flag",
        "close > sma_50 > sma_150 > sma_200",
        "Whether close and averages of 50, 150 and 200 bars stand in falling order.",
        "Average",
    )
