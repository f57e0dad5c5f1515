"""The NSE calendar against the exchange's own files, and the phases of a day worked by hand."""

from __future__ import annotations

import csv
import gzip
import json
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engines import calendar
from app.engines.nse_sessions import CHECKED, CLOSURES, SPECIAL

instants = st.datetimes(datetime(2010, 2, 1), datetime(2028, 1, 1))


def ist(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=calendar.IST)


def test_sessions_equal_the_days_of_the_exchange_files(evidence: Path) -> None:
    with (evidence / "data/calendar/nse_trading_days_2010-06-10_2026-08-21.csv").open(newline="") as file:
        traded = [date.fromisoformat(row["date"]) for row in csv.DictReader(file)]
    assert len(traded) == 4020
    assert (traded[0], traded[-1]) == CHECKED
    assert calendar.sessions(*CHECKED) == traded


def test_closures_and_extra_sessions_equal_the_checked_list(evidence: Path) -> None:
    golden = json.loads((evidence / "golden/calendar_nse.json").read_text())
    for year, closed in golden["weekday_full_closures"].items():
        days = [date(int(year), 1, 1) + timedelta(days=n) for n in range(366)]
        ours = [d for d in days if d.year == int(year) and d.weekday() < 5 and not calendar.is_session(d)]
        assert [d.isoformat() for d in ours] == closed
    extra = {date.fromisoformat(row["date"]): row for row in golden["extra_or_short_sessions"]}
    assert {day for day in SPECIAL if day >= min(extra)} == set(extra)
    for day, row in extra.items():
        session = calendar.session(day)
        assert session is not None
        assert ("muhurat" in row["kind"]) == (session.kind == "muhurat")
        trading = [f"{a:%H:%M}-{b:%H:%M}" for phase, (a, b) in session.phases if phase == "open"]
        assert " and ".join(trading) == (row["hours"] if session.hours_known else "")
        assert session.hours_known == (row["hours"] != "time not found")


def test_the_table_names_only_weekdays_as_closures_and_no_day_twice() -> None:
    closed = [date(year, *map(int, day.split("-"))) for year, days in CLOSURES.items() for day in days.split()]
    assert all(day.weekday() < 5 for day in closed)
    assert closed == sorted(set(closed))
    assert not set(closed) & set(SPECIAL)


@pytest.mark.parametrize(
    ("at", "phase", "next_change"),
    [
        ("2026-07-31 08:59:59", "closed", "2026-07-31 09:00"),
        ("2026-07-31 09:00", "pre_open", "2026-07-31 09:15"),
        ("2026-07-31 09:15", "open", "2026-07-31 15:30"),
        ("2026-07-31 15:20", "open", "2026-07-31 15:30"),  # the last session before closing auctions
        ("2026-07-31 15:30", "closed", "2026-07-31 15:40"),
        ("2026-07-31 15:45", "post_close", "2026-07-31 16:00"),
        ("2026-07-31 16:00", "closed", "2026-08-03 09:00"),  # a Friday: Monday is next
        ("2026-08-03 15:14:59", "open", "2026-08-03 15:15"),
        ("2026-08-03 15:15", "closing_auction", "2026-08-03 15:35"),
        ("2026-08-03 15:35", "closed", "2026-08-03 15:50"),
        ("2026-08-03 15:50", "post_close", "2026-08-03 16:00"),
        ("2024-03-02 10:30", "closed", "2024-03-02 11:30"),  # between the two windows of a drill
        ("2024-03-02 12:00", "open", "2024-03-02 12:30"),
        ("2025-10-21 14:00", "open", "2025-10-21 14:45"),  # Muhurat in the afternoon
        ("2025-10-21 10:00", "closed", "2025-10-21 13:45"),
        ("2025-02-01 09:05", "pre_open", "2025-02-01 09:15"),  # Budget Saturday, a full day
        ("2010-09-01 09:05", "open", "2010-09-01 15:30"),  # before there was a pre-open session
    ],
)
def test_the_phase_of_an_instant_and_what_comes_next(at: str, phase: str, next_change: str) -> None:
    assert calendar.phase(ist(at)) == phase
    assert calendar.next_change(ist(at)) == ist(next_change)


def test_an_instant_in_another_zone_is_taken_to_india() -> None:
    assert calendar.phase(datetime.fromisoformat("2024-06-03T03:45:00+00:00")) == "open"  # 09:15 IST
    assert calendar.phase(datetime.fromisoformat("2024-06-03T03:44:59+00:00")) == "pre_open"


def test_a_session_whose_hours_are_not_known_says_so_and_is_never_open() -> None:
    session = calendar.session(date(2026, 11, 8))
    assert session is not None
    assert not session.hours_known
    assert (session.opens, session.closes) == (None, None)
    status = calendar.status(ist("2026-11-08 18:30"))
    assert (status.is_open, status.session) == (False, date(2026, 11, 8))
    assert "hours are not known" in status.message


def test_past_the_horizon_the_weekday_decides_and_a_warning_says_so() -> None:
    assert calendar.is_session(date(2027, 1, 26))  # Republic Day: not announced, so a plain Tuesday
    assert not calendar.is_session(date(2027, 1, 30))
    assert "2026-12-31" in (calendar.warning(date(2027, 1, 26)) or "")
    assert "2010-01-01" in (calendar.warning(date(2009, 6, 1)) or "")
    assert calendar.warning(calendar.HORIZON) is None
    assert calendar.status(ist("2027-01-26 10:00")).warning is not None
    assert calendar.status(ist("2026-12-31 20:00")).warning is not None  # what opens next is past the horizon


def test_the_status_of_a_closed_evening_names_the_next_session() -> None:
    status = calendar.status(ist("2026-09-11 18:00"))  # Friday; Monday 14 September is Ganesh Chaturthi
    assert (status.phase, status.session, status.warning) == ("closed", date(2026, 9, 15), None)
    assert status.message == "Market closed; pre-open session from Tuesday 15 September 2026, 09:00 IST"


def test_before_the_open_the_session_is_todays() -> None:
    assert calendar.status(ist("2026-09-15 07:00")).session == date(2026, 9, 15)
    assert calendar.status(ist("2026-09-15 15:32")).session == date(2026, 9, 15)
    assert calendar.session(date(2026, 9, 15)).closes == time(15, 35)  # type: ignore[union-attr]


@given(instants)
def test_the_phase_is_constant_until_the_next_change(at: datetime) -> None:
    change = calendar.next_change(at)
    current = calendar.phase(at)
    assert calendar.phase(change) != current
    assert calendar.phase(change - timedelta(microseconds=1)) == current


@given(st.dates(date(2010, 1, 1), date(2028, 1, 1)))
def test_next_and_previous_sessions_are_neighbours(day: date) -> None:
    after = calendar.next_session(day)
    assert calendar.sessions(day + timedelta(days=1), after) == [after]
    before = calendar.previous_session(after)
    assert before == (day if calendar.is_session(day) else calendar.previous_session(day))


def test_bars_lie_in_the_hours_the_files_show(evidence: Path) -> None:
    folder = evidence / "data/intraday/nifty50_1min_2024"
    minutes = set()
    with gzip.open(folder / "nifty50_1min_2024-05.csv.gz", "rt", newline="") as file:
        minutes = {time.fromisoformat(row["Time"]) for row in csv.DictReader(file) if row["Date"] == "20240518"}
    windows = calendar.trading_windows(date(2024, 5, 18))
    assert windows == ((time(9, 15), time(10)), (time(11, 30), time(12, 30)))
    assert len(minutes) == 45 + 60
    assert all(any(opens <= minute < closes for opens, closes in windows) for minute in minutes)
    with gzip.open(evidence / "data/intraday/nifty50_5min_2020_2022.csv.gz", "rt", newline="") as file:
        starts = [row["timestamp"] for row in csv.DictReader(file) if row["timestamp"].startswith("2021-02-24")]
    windows = calendar.trading_windows(date(2021, 2, 24))
    assert windows is not None
    india = [(datetime.fromisoformat(start) + timedelta(hours=5, minutes=30)).time() for start in starts]
    assert len(india) == 29
    assert all(any(opens <= minute < closes for opens, closes in windows) for minute in india)


def test_a_saturday_that_only_index_files_hold_is_a_session_of_unknown_hours(evidence: Path) -> None:
    with (evidence / "data/index/niftyindices_2000_2022/NIFTY_50.csv").open(newline="") as file:
        held = [date.fromisoformat(row["Date"]) for row in csv.DictReader(file) if row["Date"].startswith("2010")]
    assert [day for day in held if day.weekday() > 4 and day < CHECKED[0]] == [date(2010, 2, 6)]
    assert calendar.is_session(date(2010, 2, 6))
    assert calendar.trading_windows(date(2010, 2, 6)) is None


def test_windows_join_the_closing_auction_to_trading_and_a_closed_day_has_none() -> None:
    assert calendar.trading_windows(date(2026, 8, 3)) == ((time(9, 15), time(15, 35)),)
    assert calendar.trading_windows(date(2024, 3, 2)) == ((time(9, 15), time(10)), (time(11, 30), time(12, 30)))
    assert calendar.trading_windows(date(2024, 3, 3)) == ()
