"""What a notification says, and that it always fits."""

from __future__ import annotations

import re
from datetime import date, timedelta

import orjson
from hypothesis import given
from hypothesis import strategies as st

from app.database import Market
from app.models import ScreenEvent
from app.services.push.encryption import MOST_PLAIN
from app.services.push.messages import notification, topic_of

FRIDAY = date(2026, 11, 27)


def event(symbol: str, kind: str = "ENTERED", session: date = FRIDAY, screen_id: int = 7) -> ScreenEvent:
    return ScreenEvent(screen_id=screen_id, session=session, symbol=symbol, kind=kind)


def test_it_says_how_many_came_and_left_and_who_session_by_session() -> None:
    events = [event("TCS"), event("INFY"), event("WIPRO", "LEFT"), event("SBIN", session=date(2026, 11, 26))]
    assert notification(events, "Up days", Market.REAL) == {
        "title": "Up days: 3 came in, 1 left",
        "body": "Fri 27 Nov 2026\nCame in: INFY, TCS\nLeft: WIPRO\nThu 26 Nov 2026\nCame in: SBIN",
        "tag": "real-screen-7",
        "url": "/screener/alerts/",
        "screen_url": "/screener/?screen=7&open=1",
    }


def test_eight_of_a_kind_are_named_and_three_sessions_and_the_rest_is_counted() -> None:
    many = [event(f"S{n:02d}") for n in range(11)]
    assert notification(many, "All", Market.REAL)["body"].endswith("S06, S07 and 3 more")
    days = [event("TCS", session=FRIDAY - timedelta(days=n)) for n in range(5)]
    told = notification(days, "All", Market.REAL)["body"].split("\n")
    assert told[-1] == "and 2 sessions before" and sum("Nov 2026" in line for line in told) == 3


names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=200)
symbols = st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), min_size=1, max_size=60)
sessions = st.dates(date(2026, 1, 1), date(2026, 1, 31))
events = st.lists(
    st.builds(event, symbols, st.sampled_from(["ENTERED", "LEFT"]), sessions, st.just(2**31 - 1)), min_size=1
)


@given(events, names, st.sampled_from(Market))
def test_whatever_happened_fits_into_one_message_with_a_topic_that_services_take(
    found: list[ScreenEvent], name: str, market: Market
) -> None:
    assert len(orjson.dumps(notification(found, name, market))) <= MOST_PLAIN
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,32}", topic_of(market, 2**31 - 1))  # RFC 8030 §5.4


def test_the_largest_notification_there_can_be_fits() -> None:
    # 3 sessions × 2 kinds × 8 symbols of 20 quotation marks, each two octets in JSON, and a name of 80 letters of four
    most = [
        event(f"{n}" + '"' * 60, kind, FRIDAY - timedelta(days=day), 2**31 - 1)
        for day in range(5)
        for kind in ("ENTERED", "LEFT")
        for n in range(20)
    ]
    assert len(orjson.dumps(notification(most, "\U0001f4c8" * 200, Market.SAMPLE))) <= MOST_PLAIN
