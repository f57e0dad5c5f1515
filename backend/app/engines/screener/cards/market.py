"""Volume and delivery, the stock against the market, and what the exchange says of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from app.engines.screener.cards.card import FLAG, PLAIN, SHARES, TEXT, Card

_LISTS: Final = "Exchange lists"
_MARKS: Final = "Exchange lists and pages of the day"
_ELSE: Final = "Null on days without such a file."
_LOCKED: Final = " or ".join(f"abs(abs(change_pct) - {band}) < 0.2" for band in (2, 5, 10, 20))


def cards() -> Iterator[Card]:
    """The cards of this file."""
    yield from _volume()
    yield from _relative()
    yield from _listing()


def _volume() -> Iterator[Card]:
    yield Card("trades", "Trades", "trades", None, "Number of trades in the session.", "Volume", PLAIN)
    yield Card("delivery", "Delivered", "shares", None, "Shares marked for delivery.", "Volume", SHARES)
    yield Card(
        "volume_ratio",
        "Volume ratio",
        "fraction",
        "volume / sma(volume, 20)[1]",
        "The day's volume against the mean of the previous 20, both in shares of one denomination.",
        "Volume",
    )
    yield Card(
        "vol_percentile",
        "Volume percentile",
        "points",
        "own_percentile(volume, 252)",
        "Rank of the day's volume among its last 252: 0 the lowest, 100 the highest.",
        "Volume",
    )
    for n in (20, 50):
        yield Card(
            f"volume_{n}d", f"Mean volume, {n} days", "shares", f"sma(volume, {n})", f"Mean of {n} sessions.", "Volume"
        )
    for n in (20, 60):
        yield Card(
            f"turnover_{n}d",
            f"Mean turnover, {n} days",
            "rupees",
            f"sma(turnover, {n})",
            f"Mean of {n} sessions.",
            "Volume",
        )
    yield Card(
        "turnover_median_60d",
        "Median turnover, 60 days",
        "rupees",
        "median(turnover, 60)",
        "Median of 60 sessions: what a single day cannot move.",
        "Volume",
    )
    yield Card(
        "turnover_ratio",
        "Turnover ratio",
        "fraction",
        "turnover / turnover_20d[1]",
        "The day's turnover against the mean of the previous 20.",
        "Volume",
    )
    yield Card(
        "highest_volume_1y",
        "Highest volume of a year",
        "flag",
        "volume == highest(volume, 252)",
        "Whether the volume is the highest of 252 sessions.",
        "Volume",
    )
    yield Card(
        "trade_value",
        "Value of a trade",
        "rupees",
        "turnover / trades",
        "Mean value of the session's trades.",
        "Volume",
    )
    yield Card(
        "delivery_pct",
        "Delivery",
        "percent",
        "100 * delivery / volume",
        "Share of the volume marked for delivery.",
        "Volume",
    )
    yield Card(
        "delivery_pct_20d",
        "Delivery, 20 days",
        "percent",
        "100 * sum(delivery, 20) / sum(volume, 20)",
        "Share of 20 sessions' volume marked for delivery.",
        "Volume",
    )
    yield Card(
        "delivery_ratio",
        "Delivery ratio",
        "fraction",
        "delivery / sma(delivery, 20)[1]",
        "The day's delivery against the mean of the previous 20.",
        "Volume",
    )
    yield Card(
        "up_volume_share",
        "Up-day volume",
        "fraction",
        "sum(if(close > close[1], volume, 0), 20) / sum(volume, 20)",
        "Share of 20 sessions' volume traded on days that closed higher.",
        "Volume",
    )
    yield Card(
        "illiquidity",
        "Illiquidity",
        "percent",
        "100 * sma(abs(roc(close, 1)) / (turnover / 1cr), 60)",
        "Mean move a crore of turnover goes with, 60 sessions (Amihud, 2002).",
        "Volume",
    )


def _relative() -> Iterator[Card]:
    yield Card(
        "index_close",
        "NIFTY 50",
        "index points",
        None,
        "Close of the NIFTY 50 that day.",
        "Relative",
        PLAIN,
        "Index files",
    )
    for n, label in ((21, "month"), (63, "quarter"), (126, "half year"), (252, "year")):
        yield Card(
            f"rs_{n}d",
            f"Against NIFTY 50, {label}",
            "percent",
            f"100 * (roc(close, {n}) - roc(index_close, {n}))",
            f"Change over {n} sessions less that of the NIFTY 50.",
            "Relative",
        )
    yield Card(
        "beta_1y",
        "Beta",
        "ratio",
        "beta(roc(close, 1), roc(index_close, 1), 252)",
        "Slope of daily changes on those of the NIFTY 50 over 252 sessions.",
        "Relative",
    )
    yield Card(
        "correlation_1y",
        "Correlation",
        "ratio",
        "corr(roc(close, 1), roc(index_close, 1), 252)",
        "Correlation of daily changes with those of the NIFTY 50 over 252 sessions.",
        "Relative",
    )
    yield Card(
        "rs_rank",
        "Strength rank",
        "points",
        "percentile(roc(close, 252))",
        "Rank of the year's change among the stocks of the screen, 0 to 100.",
        "Relative",
    )
    yield Card(
        "rs_rank_3m",
        "Strength rank, quarter",
        "points",
        "percentile(roc(close, 63))",
        "Rank of the quarter's change among the stocks of the screen, 0 to 100.",
        "Relative",
    )
    yield Card(
        "sector_return_3m",
        "Sector, quarter",
        "percent",
        "100 * sector_median(roc(close, 63))",
        "Median change over 63 sessions of the sector's stocks in the screen.",
        "Relative",
    )
    yield Card(
        "against_sector_3m",
        "Against sector, quarter",
        "percent",
        "return_3m - sector_return_3m",
        "Change over 63 sessions less the sector's median.",
        "Relative",
    )


def _listing() -> Iterator[Card]:
    yield Card("symbol", "Symbol", "text", None, "Symbol of that day.", "Listing", TEXT, _LISTS)
    yield Card("name", "Name", "text", None, "Name of the company, the latest known.", "Listing", TEXT, _LISTS)
    yield Card(
        "sector", "Sector", "text", None, "Sector of the index lists, the latest known.", "Listing", TEXT, _LISTS
    )
    yield Card("series", "Series", "text", None, "Series of the exchange the bar is of.", "Listing", TEXT)
    yield Card(
        "bars_listed",
        "Sessions on file",
        "bars",
        None,
        "Sessions with a price on file so far: since listing, or since the files begin.",
        "Listing",
        PLAIN,
    )
    yield Card(
        "newly_listed",
        "Newly listed",
        "flag",
        "bars_listed <= 63",
        "Whether it has traded for at most 63 sessions on file.",
        "Listing",
    )
    yield Card(
        "trade_for_trade",
        "Trade for trade",
        "flag",
        'series in ("BE", "BZ", "ST", "SZ")',
        "Whether it traded in a series for delivery only: surveillance, or non-compliance.",
        "Listing",
    )
    yield Card(
        "locked_up",
        "Locked at upper band",
        "flag",
        f"high == low and close > prev_close and ({_LOCKED})",
        "Inferred: one price all day at about 2, 5, 10 or 20 % above the previous close.",
        "Listing",
    )
    yield Card(
        "locked_down",
        "Locked at lower band",
        "flag",
        f"high == low and close < prev_close and ({_LOCKED})",
        "Inferred: one price all day at about 2, 5, 10 or 20 % below the previous close.",
        "Listing",
    )
    yield Card(
        "locked_days_20",
        "Locked days of 20",
        "bars",
        "count(locked_up or locked_down, 20)",
        "Sessions of 20 that were locked at a band, as inferred.",
        "Listing",
    )
    for name, label, description in (
        ("hit_upper_band", "Hit upper band", "Whether the day's list of bands hit has it at its upper one."),
        ("hit_lower_band", "Hit lower band", "Whether the day's list of bands hit has it at its lower one."),
        ("has_derivatives", "Has derivatives", "Whether the day's list of underlyings has it."),
        (
            "under_surveillance",
            "Under surveillance",
            "Whether the exchange's page of the day marks it; that a page is silent does not say no.",
        ),
    ):
        yield Card(name, label, "flag", None, f"{description} {_ELSE}", "Listing", FLAG, _MARKS)
    band = f"The band in force, as the exchange's page of the day has it. {_ELSE}"
    yield Card("price_band", "Price band", "percent", None, band, "Listing", PLAIN, _MARKS)
