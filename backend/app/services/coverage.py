"""Coverage: which sessions are stored, missing, thin or unexpected, and which instruments have holes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal, get_args

import numpy as np

from app.engines import calendar
from app.services.panel import Panel
from app.services.panel.chunk import FIELDS

State = Literal["OK", "MISSING", "PARTIAL", "UNEXPECTED", "OUTSIDE"]
_CLOSE = FIELDS.index("close")
_THIN = 0.6  # of the median of the sessions around it: fewer bars are a file that lacks stocks
_AROUND = 10  # sessions on either side
_WORST = 10
_LISTED = 250


@dataclass(frozen=True)
class Hole:
    """An instrument that has no bar in some sessions between its first and its last."""

    key: str
    symbol: str
    sessions: int
    first: date
    last: date


def year_coverage(panel: Panel, year: int) -> dict[str, Any]:
    """Every day of a year on which the exchange traded or a bar is stored.

    `rows` counts instruments with a bar. MISSING is said only between the first and the last stored session; what
    lies before or after is OUTSIDE. PARTIAL has under 60 % of the median of the ten sessions on either side.
    """
    expected = set(calendar.sessions(date(year, 1, 1), date(year, 12, 31)))
    counts = _counts(panel, year)
    first = panel.sessions[0].astype(object) if len(panel.sessions) else None
    last = panel.sessions[-1].astype(object) if len(panel.sessions) else None
    thin = _thin(panel, year)
    days = []
    for day in sorted(expected | counts.keys()):
        rows = counts.get(day, 0)
        state: State
        if rows == 0:
            state = "MISSING" if first is not None and last is not None and first <= day <= last else "OUTSIDE"
        elif day not in expected:
            state = "UNEXPECTED"
        else:
            state = "PARTIAL" if day in thin else "OK"
        days.append({"date": day, "rows": rows, "expected": day in expected, "state": state})
    warning = calendar.warning(date(year, 12, 31)) or calendar.warning(date(year, 1, 1))
    return {
        "year": year,
        "years": [chunk.year for chunk in panel.chunks],
        "days": days,
        "states": _states(days),
        "calendar_warning": warning,
    }


def all_years(panel: Panel) -> list[dict[str, Any]]:
    """Every stored year with its twelve months: how many days of each are in which state, and the usual market.

    A year: year, sessions (stored), expected, instruments, months. A month: month (1 to 12), states (days by state, as
    `year_coverage` tells them), rows (median of instruments with a bar over its stored sessions; 0 where none is).
    """
    found = []
    for chunk in panel.chunks:
        year = year_coverage(panel, chunk.year)
        months = []
        for month in range(1, 13):
            days = [day for day in year["days"] if day["date"].month == month]
            rows = [day["rows"] for day in days if day["rows"]]
            months.append({"month": month, "states": _states(days), "rows": int(np.median(rows)) if rows else 0})
        found.append(
            {
                "year": chunk.year,
                "sessions": len(chunk.sessions),
                "expected": sum(1 for day in year["days"] if day["expected"]),
                "instruments": len(chunk.keys),
                "months": months,
            }
        )
    return found


def _states(days: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    return {name: sum(1 for day in days if day["state"] == name) for name in get_args(State)}


def missing_sessions(panel: Panel) -> dict[str, Any]:
    """Sessions the calendar expects between the first and the last stored one that have no bar."""
    if not len(panel.sessions):
        return {"expected": 0, "missing": 0, "dates": [], "unexpected": 0}
    held = {day.astype(object) for day in panel.sessions}
    expected = set(calendar.sessions(min(held), max(held)))
    gone = sorted(expected - held)
    return {
        "expected": len(expected),
        "missing": len(gone),
        "dates": gone[:_LISTED],
        "unexpected": len(held - expected),
    }


def holes(panel: Panel) -> tuple[int, list[Hole]]:
    """How many instruments have no bar in some session between their first and last, and the ten with most.

    A hole is a suspension, a stock that did not trade, or a file that lacks it: the panel cannot tell them apart.
    """
    place = {key: n for n, key in enumerate(panel.keys)}
    first = np.full(len(place), -1)
    last = np.full(len(place), -1)
    bars = np.zeros(len(place), dtype=np.int64)
    offset = 0
    for chunk in panel.chunks:
        traded = ~np.isnan(np.asarray(chunk.values[_CLOSE]))
        at = np.array([place[key] for key in chunk.keys])
        any_ = traded.any(axis=1)
        opens = offset + traded.argmax(axis=1)
        closes = offset + traded.shape[1] - 1 - traded[:, ::-1].argmax(axis=1)
        new = any_ & (first[at] < 0)
        first[at[new]] = opens[new]
        last[at[any_]] = closes[any_]
        bars[at] += traded.sum(axis=1)
        offset += len(chunk.sessions)
    lacking = np.where(first >= 0, last - first + 1 - bars, 0)
    worst = sorted((n for n in np.flatnonzero(lacking)), key=lambda n: (-lacking[n], panel.keys[n]))[:_WORST]
    sessions = panel.sessions
    return int(np.count_nonzero(lacking)), [
        Hole(
            panel.keys[n],
            panel.instruments[panel.keys[n]].symbol,
            int(lacking[n]),
            sessions[first[n]].astype(object),
            sessions[last[n]].astype(object),
        )
        for n in worst
    ]


def _counts(panel: Panel, year: int) -> dict[date, int]:
    for chunk in panel.chunks:
        if chunk.year == year:
            rows = np.count_nonzero(~np.isnan(np.asarray(chunk.values[_CLOSE])), axis=0)
            return {day.astype(object): int(n) for day, n in zip(chunk.sessions, rows, strict=True)}
    return {}


def _thin(panel: Panel, year: int) -> set[date]:
    """Sessions with far fewer bars than those around them; neighbours in the years beside are looked at too."""
    counts = {day: n for near in (year - 1, year, year + 1) for day, n in _counts(panel, near).items()}
    days = sorted(counts)
    values = np.array([counts[day] for day in days], dtype=np.float64)
    found = set()
    for n, day in enumerate(days):
        if day.year != year:
            continue
        around = np.concatenate([values[max(0, n - _AROUND) : n], values[n + 1 : n + 1 + _AROUND]])
        near = [*days[max(0, n - _AROUND) : n], *days[n + 1 : n + 1 + _AROUND]]
        close_by = np.array([abs(other - day) <= timedelta(days=60) for other in near], dtype=np.bool_)
        if close_by.sum() >= 3 and values[n] < _THIN * float(np.median(around[close_by])):
            found.add(day)
    return found
