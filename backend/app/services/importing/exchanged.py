"""Whether a day's file has its closing and its last price in each other's columns: the next session tells.

Both lie near each other, so that no rule within the file sees it. The next session's files repeat the close as the
previous close.
"""

from __future__ import annotations

from datetime import date

from sqlalchemy import Connection

from app.engines import calendar
from app.repositories import files, findings
from app.services.importing.findings import Rule, Severity
from app.services.importing.kinds import Kind

_KINDS = (Kind.PRICES_LEGACY.value, Kind.PRICES_UDIFF.value, Kind.PRICES_DELIVERY.value)
_ENOUGH_ROWS = 20
_SHARE = 0.8


def update(connection: Connection, window: tuple[date, date] | None) -> None:
    """Replace the findings about the day files of a window and the session before it, of all days where None."""
    days = files.day_files(connection, _KINDS)
    if window is not None:
        first = calendar.previous_session(window[0])
        days = [one for one in days if first <= one.day <= window[1]]
    pairs = [(one.id, one.day, calendar.next_session(one.day)) for one in days if calendar.is_known(one.day)]
    told = {row.file_id: row for row in files.closes_repeated(connection, pairs)}
    found = []
    for one in days:
        row = told.get(one.id)
        if row is not None and row.asked >= _ENOUGH_ROWS and row.as_last >= _SHARE * row.asked:
            found.append(
                {
                    "sha256": one.sha256,
                    "file_name": one.name,
                    "file_id": one.id,
                    "line": None,
                    "rule": Rule.CLOSE_AND_LAST_EXCHANGED.value,
                    "severity": Severity.WARNING.value,
                    "subject": str(one.day),
                    "message": f"{one.name}: the next session repeats the last price as its previous close on "
                    f"{row.as_last:,} of {row.asked:,} rows where the two differ, and the close on {row.as_close:,}; "
                    "close and last price seem to have changed places",
                    "action": "stored as published; look at the file",
                }
            )
    findings.replace_of_files(connection, Rule.CLOSE_AND_LAST_EXCHANGED.value, [one.id for one in days], found)
