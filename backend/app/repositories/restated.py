"""Figures that tell of splits and bonuses from outside the day: restated 52-week levels and dated counts of shares."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

_NAMED_THEN = (
    "instrument_symbols n WHERE n.instrument_id = ANY(:ids) AND n.symbol = {symbol} "
    "AND {day} BETWEEN n.valid_from AND coalesce(n.valid_to, '9999-12-31')"
)
# earnings a share have two decimals and profits are whole crores: what that may be off together, as a share
_ROUNDING = "0.005 / nullif(abs(e.value), 0) + 5e6 / nullif(abs(i.value), 0)"
_EXACT = 0.005


class ShareCount(NamedTuple):
    """How many shares there were; not `firm`: on that day, or later."""

    day: date
    shares: float
    firm: bool


def levels(connection: Connection, ids: Sequence[int]) -> list[Any]:
    """The exchange's adjusted 52-week highs and lows beside the raw price of the day they are of.

    Rows of instrument_id, date (of the file), on (the day of the level), stated and raw, in rupees.
    """
    rows = connection.execute(
        text(
            "WITH told AS ("
            "SELECT n.instrument_id, w.date, w.series, w.high_on AS on, w.high AS stated, true AS of_high "
            f"FROM week_52_levels w, {_NAMED_THEN.format(symbol='w.symbol', day='w.date')} AND w.adjusted "
            "UNION ALL SELECT n.instrument_id, w.date, w.series, w.low_on, w.low, false "
            f"FROM week_52_levels w, {_NAMED_THEN.format(symbol='w.symbol', day='w.date')} AND w.adjusted) "
            "SELECT t.instrument_id, t.date, t.on, t.stated, p.raw FROM told t CROSS JOIN LATERAL ("
            "SELECT CASE WHEN t.of_high THEN max(p.high) ELSE min(p.low) END AS raw FROM instrument_symbols s "
            "JOIN historical_prices p ON p.symbol = s.symbol AND p.date = t.on AND p.superseded_at IS NULL "
            "AND p.instrument_id = t.instrument_id AND p.series IN ('EQ', 'BE', 'BZ') "
            "WHERE s.instrument_id = t.instrument_id) p "
            "WHERE t.on IS NOT NULL AND p.raw IS NOT NULL AND t.stated > 0 "
            "ORDER BY t.instrument_id, t.date, t.on, t.stated"
        ),
        {"ids": list(ids)},
    )
    return list(rows)


def share_counts(connection: Connection, ids: Sequence[int]) -> dict[int, list[ShareCount]]:
    """Counts of shares by instrument, oldest first.

    A file of market values tells the count of its day. A vendor's yearly table gives the count of the day it was read,
    whatever the year of the line. Where profit and earnings a share are given, the count follows from the newest year,
    as of its end or later: such a table restates its years and does not say when it was read.
    """
    rows = connection.execute(
        text(
            "SELECT DISTINCT n.instrument_id, f.source, "
            "CASE WHEN f.period_kind = 'ANNUAL' THEN f.symbol_on ELSE f.period_end END AS day, f.value AS shares, "
            "true AS firm "
            f"FROM fundamental_values f, {_NAMED_THEN.format(symbol='f.symbol', day='f.symbol_on')} "
            "AND f.field = 'shares_outstanding' AND f.value > 0 "
            "UNION ALL SELECT instrument_id, source, day, shares, firm FROM ("
            "SELECT DISTINCT ON (n.instrument_id) n.instrument_id, e.source, "
            "e.period_end AS day, i.value / nullif(e.value, 0) AS shares, false AS firm, "
            f"{_ROUNDING} AS off "
            "FROM fundamental_values e JOIN fundamental_values i ON i.file_id = e.file_id AND i.line = e.line "
            f"AND i.field = 'net_income', {_NAMED_THEN.format(symbol='e.symbol', day='e.symbol_on')} "
            "AND e.field = 'eps' AND e.source = 'SCREENER_ANNUAL' "
            "ORDER BY n.instrument_id, e.period_end DESC, i.value) newest "
            "WHERE shares > 0 AND off <= :exact"
        ),
        {"ids": list(ids), "exact": _EXACT},
    )
    found: dict[int, dict[date, ShareCount]] = {}
    for row in sorted(rows, key=lambda row: (row.instrument_id, row.day, row.firm, row.source, row.shares)):
        found.setdefault(row.instrument_id, {})[row.day] = ShareCount(row.day, row.shares, row.firm)
    return {instrument: [counts[day] for day in sorted(counts)] for instrument, counts in found.items()}
