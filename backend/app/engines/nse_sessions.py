"""The NSE cash-market sessions as facts: weekday closures, sessions on days off, and the hours of each era.

Dates. From 2010-06-10 to 2026-08-21 the closures are the weekdays for which the exchange published no daily file, so
they hold unscheduled closures and moved holidays too. Before and after they are the announced holidays, which the
exchange shares with BSE. Weekend sessions before 2010-06-10 are those the index files show. Past `LAST` nothing is
announced yet.

Hours. Dates, trading windows and the closing auction from exchange announcements; what rests on general knowledge
alone says so. A window that could not be found is None, never a guess.
"""

from __future__ import annotations

from datetime import date, time
from typing import Final, NamedTuple

FIRST: Final = date(2010, 1, 1)
LAST: Final = date(2026, 12, 31)  # the horizon: the last day of the last announced year
CHECKED: Final = (date(2010, 6, 10), date(2026, 8, 21))  # equal to the exchange's own daily files, both ways

# Weekdays without a session, month-day.
CLOSURES: Final[dict[int, str]] = {
    2010: "01-01 01-26 02-12 03-01 03-24 04-02 04-14 09-10 11-17 12-17",
    2011: "01-26 03-02 04-12 04-14 04-22 08-15 08-31 09-01 10-06 10-27 11-07 11-10 12-06",
    2012: "01-26 02-20 03-08 04-05 04-06 05-01 08-15 08-20 09-19 10-02 10-24 11-14 11-28 12-25",
    2013: "03-27 03-29 04-19 04-24 05-01 08-09 08-15 09-09 10-02 10-16 11-04 11-15 12-25",
    2014: "02-27 03-17 04-08 04-14 04-18 04-24 05-01 07-29 08-15 08-29 10-02 10-03 10-06 10-15 10-24 11-04 11-06 12-25",
    2015: "01-26 02-17 03-06 04-02 04-03 04-14 05-01 09-17 09-25 10-02 10-22 11-12 11-25 12-25",
    2016: "01-26 03-07 03-24 03-25 04-14 04-15 04-19 07-06 08-15 09-05 09-13 10-11 10-12 10-31 11-14",
    2017: "01-26 02-24 03-13 04-04 04-14 05-01 06-26 08-15 08-25 10-02 10-20 12-25",
    2018: "01-26 02-13 03-02 03-29 03-30 05-01 08-15 08-22 09-13 09-20 10-02 10-18 11-08 11-23 12-25",
    2019: "03-04 03-21 04-17 04-19 04-29 05-01 06-05 08-12 08-15 09-02 09-10 10-02 10-08 10-21 10-28 11-12 12-25",
    2020: "02-21 03-10 04-02 04-06 04-10 04-14 05-01 05-25 10-02 11-16 11-30 12-25",
    2021: "01-26 03-11 03-29 04-02 04-14 04-21 05-13 07-21 08-19 09-10 10-15 11-05 11-19",
    2022: "01-26 03-01 03-18 04-14 04-15 05-03 08-09 08-15 08-31 10-05 10-26 11-08",
    2023: "01-26 03-07 03-30 04-04 04-07 04-14 05-01 06-29 08-15 09-19 10-02 10-24 11-14 11-27 12-25",
    2024: "01-22 01-26 03-08 03-25 03-29 04-11 04-17 05-01 05-20 06-17 07-17 08-15 10-02 11-15 11-20 12-25",
    2025: "02-26 03-14 03-31 04-10 04-14 04-18 05-01 08-15 08-27 10-02 10-22 11-05 12-25",
    2026: "01-15 01-26 03-03 03-26 03-31 04-03 04-14 05-01 05-28 06-26 09-14 10-02 10-20 11-10 11-24 12-25",
}

Window = tuple[time, time]


class Special(NamedTuple):
    """A session on a day off, or one with hours of its own."""

    kind: str  # "muhurat", "budget", "moved" or "drill"
    windows: tuple[Window, ...] | None  # continuous trading; None when the hours were not found
    note: str


def _hours(*windows: str) -> tuple[Window, ...]:
    spans = [window.split("-") for window in windows]
    return tuple((time.fromisoformat(opens), time.fromisoformat(closes)) for opens, closes in spans)


_FULL: Final = _hours("09:15-15:30")
_EVENING: Final = _hours("18:15-19:15")

SPECIAL: Final[dict[date, Special]] = {
    date(2010, 2, 6): Special("drill", None, "Saturday; index files hold it, with a tenth of the usual volume"),
    date(2010, 11, 5): Special("muhurat", None, "Diwali"),
    date(2011, 10, 26): Special("muhurat", None, "Diwali"),
    date(2012, 1, 7): Special("drill", None, "Saturday, test of systems"),
    date(2012, 3, 3): Special("drill", None, "Saturday, test of systems"),
    date(2012, 4, 28): Special("drill", None, "Saturday"),
    date(2012, 9, 8): Special("drill", None, "Saturday"),
    date(2012, 11, 13): Special("muhurat", None, "Diwali"),
    date(2013, 5, 11): Special("drill", None, "Saturday"),
    date(2013, 11, 3): Special("muhurat", None, "Diwali, a Sunday"),
    date(2014, 3, 22): Special("drill", None, "Saturday"),
    date(2014, 10, 23): Special("muhurat", None, "Diwali"),
    date(2015, 2, 28): Special("budget", _FULL, "Union Budget on a Saturday; hours from general knowledge"),
    date(2015, 11, 11): Special("muhurat", None, "Diwali"),
    date(2016, 10, 30): Special("muhurat", None, "Diwali, a Sunday"),
    date(2017, 10, 19): Special("muhurat", None, "Diwali"),
    date(2018, 11, 7): Special("muhurat", None, "Diwali"),
    date(2019, 10, 27): Special("muhurat", _EVENING, "Diwali, a Sunday; hours from general knowledge"),
    date(2020, 2, 1): Special("budget", _FULL, "Union Budget on a Saturday"),
    date(2020, 11, 14): Special("muhurat", _EVENING, "Diwali, a Saturday; hours from general knowledge"),
    date(2021, 11, 4): Special("muhurat", _EVENING, "Diwali; hours from general knowledge"),
    date(2022, 10, 24): Special("muhurat", _EVENING, "Diwali; hours from general knowledge"),
    date(2023, 11, 12): Special("muhurat", _EVENING, "Diwali, a Sunday; hours from general knowledge"),
    date(2024, 1, 20): Special("moved", _FULL, "Saturday, because Monday 22 January was closed"),
    date(2024, 3, 2): Special("drill", _hours("09:15-10:00", "11:30-12:30"), "Saturday, recovery site, 5 % bands"),
    date(2024, 5, 18): Special("drill", _hours("09:15-10:00", "11:45-12:40"), "Saturday, recovery site, 5 % bands"),
    date(2024, 11, 1): Special("muhurat", _hours("18:00-19:00"), "Diwali; hours from general knowledge"),
    date(2025, 2, 1): Special("budget", _FULL, "Union Budget on a Saturday"),
    date(2025, 10, 21): Special("muhurat", _hours("13:45-14:45"), "Diwali, in the afternoon that year"),
    date(2026, 2, 1): Special("budget", _FULL, "Union Budget on a Sunday"),
    date(2026, 11, 8): Special("muhurat", None, "Diwali, a Sunday"),
}


class Seen(NamedTuple):
    """The hours in which intraday files hold bars of a day, where they are not the announced ones."""

    windows: tuple[Window, ...]
    note: str


# Announced hours stay those of the session. Bars are sorted by both, so that none that was traded counts as odd.
SEEN: Final[dict[date, Seen]] = {
    date(2021, 2, 24): Seen(
        _hours("09:15-10:10", "13:30-13:35", "15:30-15:40", "15:45-17:00"),
        "outage: bars of the index stop at 10:10, two lone pieces follow, and from 15:45 they run until 17:00",
    ),
    date(2024, 5, 18): Seen(
        _hours("09:15-10:00", "11:30-12:30"), "minute bars of two indices; 11:45-12:40 was announced"
    ),
}


class Hours(NamedTuple):
    """A regular day from `since` on, exchange local time."""

    since: date
    pre_open: Window | None  # order entry and matching before the first trade
    trading: Window  # continuous trading, of shares without derivatives to its end
    closing_auction: Window | None  # of shares with derivatives, which leave continuous trading when it begins
    post_close: Window | None  # trades at the closing price


# The pre-open session (October 2010) and the hours before it rest on general knowledge. The revision of the pre-open
# announced for 2026-09-07 is not confirmed and is left out.
_PRE_OPEN, _TRADING, _POST_CLOSE = _hours("09:00-09:15", "09:15-15:30", "15:40-16:00")
_AUCTION, _POST_AUCTION = _hours("15:15-15:35", "15:50-16:00")
_EARLY: Final = (time(9, 0), time(15, 30))
HOURS: Final = (
    Hours(date(2010, 1, 4), None, _EARLY, None, _POST_CLOSE),
    Hours(date(2010, 10, 18), _PRE_OPEN, _TRADING, None, _POST_CLOSE),
    Hours(date(2026, 8, 3), _PRE_OPEN, _TRADING, _AUCTION, _POST_AUCTION),
)
