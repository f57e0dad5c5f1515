"""What a run says of its data: by the data alone, so that tomorrow it says the same."""

from __future__ import annotations

from datetime import date

from app.engines import calendar
from app.services.slice_notes import missing, never_traded

JULY = calendar.sessions(date(2026, 7, 1), date(2026, 7, 31))


def test_an_end_after_the_data_is_told_by_the_data_and_not_by_todays_date():
    # sessions between the data's end and an end that has not come yet would be other ones each day
    told = missing(JULY, JULY[0], date(2026, 12, 31), 0, 0, 0)
    assert told == ("The data end on 2026-07-31, before the end that was asked for, 2026-12-31.",)


def test_an_end_on_the_weekend_after_the_last_session_is_no_gap():
    assert JULY[-1] == date(2026, 7, 31)  # a Friday
    assert missing(JULY, JULY[0], date(2026, 8, 2), 0, 0, 0) == ()


def test_sessions_that_lack_inside_the_data_are_counted():
    [told] = missing([JULY[0], *JULY[2:]], JULY[0], JULY[-1], 0, 0, 0)
    assert told.startswith(f"1 of {len(JULY)} sessions") and str(JULY[1]) in told


def test_symbols_without_a_price_in_the_period_are_named():
    assert list(never_traded([])) == []
    assert list(never_traded(["HDFC"])) == ["Without any price in this period, and never traded: HDFC."]
