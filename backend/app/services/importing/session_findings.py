"""The days of the price files held against the exchange calendar."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection

from app.engines import calendar
from app.repositories import findings
from app.repositories.sessions import price_days
from app.services.importing.findings import Rule, Severity, derived_finding

_SHOWN = 30


def update_sessions(connection: Connection) -> None:
    """Replace the findings about days with prices that are no sessions, and about sessions without prices."""
    rules = [Rule.PRICES_ON_CLOSED_DAY.value, Rule.SESSION_WITHOUT_PRICES.value, Rule.CALENDAR_ENDED.value]
    findings.replace_derived(connection, rules, session_findings(price_days(connection)))


def session_findings(days: Sequence[date]) -> list[dict[str, Any]]:
    """What the calendar says against the days of which prices are stored: one finding for each rule and year.

    A session without prices counts between the first and the last stored day only. Days the calendar does not know are
    not judged; that they exist is a finding of its own.
    """
    if not days:
        return []
    stored = set(days)
    closed: dict[int, list[date]] = defaultdict(list)
    beyond: dict[int, list[date]] = defaultdict(list)
    for day in sorted(stored):
        if not calendar.is_known(day):
            beyond[day.year].append(day)
        elif not calendar.is_session(day):
            closed[day.year].append(day)
    lacking: dict[int, list[date]] = defaultdict(list)
    for day in calendar.sessions(min(stored), max(stored)):
        if day not in stored and calendar.is_known(day):
            lacking[day.year].append(day)
    found = []
    for year, own in sorted(closed.items()):
        message = f"{year}: prices are stored for {len(own)} days on which the exchange was closed: {_listed(own)}"
        found.append(
            derived_finding(
                Rule.PRICES_ON_CLOSED_DAY,
                str(year),
                message,
                "the rows are kept; look at their files",
                Severity.WARNING,
            )
        )
    for year, own in sorted(lacking.items()):
        message = f"{year}: {len(own)} sessions of the exchange have no price file: {_listed(own)}"
        found.append(
            derived_finding(Rule.SESSION_WITHOUT_PRICES, str(year), message, "runs and coverage count them as missing")
        )
    for year, own in sorted(beyond.items()):
        message = f"{year}: {calendar.warning(own[0])} {len(own)} days with prices lie there: {_listed(own)}"
        found.append(
            derived_finding(Rule.CALENDAR_ENDED, str(year), message, "the days are taken as sessions", Severity.WARNING)
        )
    return found


def _listed(days: Sequence[date]) -> str:
    shown = ", ".join(day.isoformat() for day in days[:_SHOWN])
    return shown + (f" and {len(days) - _SHOWN} more" if len(days) > _SHOWN else "")
