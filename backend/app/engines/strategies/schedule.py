"""When a strategy acts: the last session of a month, and times of the day, as they are known at the bar itself."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from app.engines import calendar
from app.engines.bars import Bars

B1 = NDArray[np.bool_]

SQUARE_OFF_LEAD = timedelta(minutes=15)  # flat before the end of continuous trading
AUCTION_LEAD = timedelta(minutes=5)  # and before a closing auction, which takes no part in it


def month_ends(bars: Bars) -> B1:
    """Bars at whose close a monthly decision is taken, shape [T].

    That a session is the last of its month is known at its close from the exchange's calendar, which is announced
    beforehand: the next session lies in another month. The bars that follow are not asked. Where no bar of a month was
    such a one (a bar is missing, the calendar does not know the year, foreign bars), the decision is taken at the first
    bar of the next month, when the month is seen to have ended. One decision a month at most.

    An unannounced closure of the last session of a month would be known too early; the calendar holds none.

    Raises
    ------
    ValueError : the bars are not daily.
    """
    daily_only(bars, "a monthly decision")
    days = bars.sessions.astype("datetime64[D]")
    out = np.zeros(len(days), np.bool_)
    decided: np.datetime64 | None = None  # the month whose decision has been taken
    months = days.astype("datetime64[M]")
    for t in range(len(days)):
        if t > 0 and months[t] != months[t - 1] and decided != months[t - 1]:
            out[t] = True
            decided = months[t - 1]
        elif decided != months[t] and _last_of_month(days[t].astype(object)):
            out[t] = True
            decided = months[t]
    return out


@lru_cache(maxsize=65_536)
def _last_of_month(day: date) -> bool:
    if (day + timedelta(days=12)).month == day.month:
        return False  # no closure lasts so long
    return calendar.next_session(day).month != day.month


@lru_cache(maxsize=16_384)
def flat_by(day: date) -> time | None:
    """The time at which an intraday position is closed by its own rule; None where the hours of the day are unknown.

    15 minutes before the end of continuous trading (15:15), or five before the closing auction (15:10) since there is
    one. Days that the exchange is closed on, as foreign bars have them, are taken for regular ones.
    """
    if not calendar.is_session(day):
        return time(15, 15)
    windows = calendar.trading_windows(day)
    today = calendar.session(day)
    if not windows or today is None:
        return None
    auction = next((window[0] for name, window in today.phases if name == "closing_auction"), None)
    end, lead = (auction, AUCTION_LEAD) if auction is not None else (windows[-1][1], SQUARE_OFF_LEAD)
    return (datetime.combine(day, end) - lead).time()


def daily_only(bars: Bars, who: str) -> None:
    """ValueError unless the bars are daily; `who` needs them."""
    if bars.timeframe != "1d":
        raise ValueError(f"timeframe: {who} needs daily bars, got {bars.timeframe}")


def intraday_only(bars: Bars, who: str) -> None:
    """ValueError unless the bars are shorter than a session; `who` needs them."""
    if bars.timeframe in ("1d", "1w", "1mo"):
        raise ValueError(f"timeframe: {who} needs intraday bars, got {bars.timeframe}")
