"""A day's file beside those of the sessions around it: how many rows it should have.

A file that was cut at the end of a line is whole by every other rule. The main series list nearly the same shares from
day to day, on short evening and Saturday sessions too, so that a day with far fewer is one that lacks some.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from statistics import median

import polars as pl
from sqlalchemy import Connection

from app.repositories import files, findings
from app.repositories.files import DayFile
from app.services.importing.findings import FileFinding, FileRefusedError, Rule, Severity
from app.services.importing.kinds import Kind

MAIN_SERIES = ("EQ", "BE", "BZ")
_FAMILIES = (
    frozenset({Kind.PRICES_LEGACY.value, Kind.PRICES_UDIFF.value}),
    frozenset({Kind.PRICES_DELIVERY.value}),
)
_FAR_BELOW = 0.6
_LIKE = 0.9
_EACH_SIDE = 3
_NEAR = timedelta(days=45)  # the market grows; a session years away says nothing
_ENOUGH_ROWS = 100  # of neighbours: a handful of rows may well halve
_CERTAINLY_LIKE = 0.8  # all rows at once: from here on the main series need not be counted


def compare(connection: Connection) -> int:
    """Replace the findings about day files with far fewer rows than their neighbours; how many there are.

    Worked out from all that is stored, so that neither the order of files nor that of imports matters.
    """
    found = []
    for family in _FAMILIES:
        days = files.day_files(connection, sorted(family))
        suspects = [
            (n, around)
            for n, day in enumerate(days)
            if (around := _around(days, n)) and day.rows < _CERTAINLY_LIKE * median(one.rows for one in around)
        ]
        wanted = {day.id for n, around in suspects for day in (days[n], *around)}
        counts = files.rows_in_series(connection, sorted(wanted), MAIN_SERIES) if wanted else {}
        for n, around in suspects:
            own = counts.get(days[n].id, 0)
            usual = median(counts.get(one.id, 0) for one in around)
            if usual >= _ENOUGH_ROWS and own < _FAR_BELOW * usual:
                found.append(_row(days[n], own, usual, around))
    findings.replace_derived(connection, [Rule.ROWS_FAR_BELOW_NEIGHBOURS.value], found)
    return len(found)


def resolve_doubt(
    connection: Connection, name: str, kind: Kind, frame: pl.DataFrame, doubt: FileRefusedError
) -> FileFinding:
    """What to say of a file without a final line end that has as many rows as its neighbours.

    Raises
    ------
    FileRefusedError : the doubt, where there is no neighbour, or it has more rows.
    """
    day: date = frame["date"][0]
    family = next(one for one in _FAMILIES if kind.value in one)
    days = [one for one in files.day_files(connection, sorted(family)) if one.day != day]
    around = _nearest(days, day)
    if not around:
        raise doubt
    counts = files.rows_in_series(connection, [one.id for one in around], MAIN_SERIES)
    own = frame["series"].is_in(list(MAIN_SERIES)).sum()
    usual = median(counts.get(one.id, 0) for one in around)
    if own < _LIKE * usual:
        raise doubt
    return FileFinding(
        Rule.NO_FINAL_LINE_END,
        f"{name}: the last line does not end; it has all columns, and the file {own} rows of the series "
        f"{', '.join(MAIN_SERIES)} where its neighbours have {usual:.0f}",
        "stored",
        line=int(frame["line"][-1]),
    )


def _around(days: Sequence[DayFile], n: int) -> list[DayFile]:
    near = days[max(0, n - 4 * _EACH_SIDE) : n + 4 * _EACH_SIDE + 1]
    return _nearest([one for one in near if one.day != days[n].day], days[n].day)


def _nearest(days: Sequence[DayFile], day: date) -> list[DayFile]:
    """The files of the nearest days, some before and some after."""
    before = [one for one in days if day - _NEAR <= one.day < day][-_EACH_SIDE:]
    after = [one for one in days if day < one.day <= day + _NEAR][:_EACH_SIDE]
    return before + after


def _row(day: DayFile, own: int, usual: float, around: Sequence[DayFile]) -> dict[str, object]:
    days = ", ".join(str(one.day) for one in around)
    return {
        "sha256": day.sha256,
        "file_name": day.name,
        "file_id": day.id,
        "line": None,
        "rule": Rule.ROWS_FAR_BELOW_NEIGHBOURS.value,
        "severity": Severity.WARNING.value,
        "subject": str(day.day),
        "message": f"{day.name}: {own:,} rows of the series {', '.join(MAIN_SERIES)} on {day.day}, where the files of "
        f"the sessions around it ({days}) have {usual:,.0f}: part of the day seems to be missing",
        "action": "stored; compare it with the exchange's file, and `smarttrader data remove` takes it out",
    }
