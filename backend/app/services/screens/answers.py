"""What a screen answers: the rows of a session, as plain data or as JSON that is made once a stock and kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from app.engines.screener import FIELDS, Table
from app.engines.screener.cards import CARDS
from app.engines.screener.language import Expression
from app.engines.screener.language.frame import Rows
from app.engines.screener.language.kinds import FALSE, TRUE, UNKNOWN
from app.services.fundamentals import FinancialColumns

FINANCIAL_FIELDS = (
    "market_cap",
    "pe_ratio",
    "roe",
    "eps",
    "revenue",
    "net_income",
    "debt_to_equity",
    "period",
)
ROW_FIELDS = tuple(
    name
    for name in FIELDS
    if name not in {"volume_ratio", "high_252d", "low_252d", "trend_part", "volume_part", "quiet_part"}
)


@dataclass(frozen=True)
class SessionTable:
    """Every instrument that traded in a session, ready to be queried."""

    session: date
    table: Table
    keys: tuple[str, ...]
    ids: NDArray[np.int64]
    types: NDArray[np.str_]
    main_board: NDArray[np.bool_]
    names: tuple[str | None, ...]
    sectors: tuple[str, ...]
    sector_names: tuple[str, ...]  # in order
    sector_codes: NDArray[np.intp]  # of each instrument its place among the names
    open_since: tuple[date | None, ...]  # the first move up to the session that nothing explains
    in_quarantine: NDArray[np.bool_]


class RowsOfSession:
    """The rows of a session with the company figures known then. Safe to share between threads."""

    def __init__(self, found: SessionTable, figures: FinancialColumns) -> None:
        self.found = found
        self.figures = figures
        self._encoded: list[bytes | None] = [None] * len(found.keys)

    def plain(self, i: int) -> dict[str, Any]:
        """A stock's row."""
        return row_of(self.found, i) | _figures(self.figures, i)

    def encoded(self, i: int) -> bytes:
        """A stock's row as JSON."""
        known = self._encoded[i]
        if known is None:
            known = self._encoded[i] = orjson.dumps(self.plain(i))
        return known


@dataclass(frozen=True)
class PickedRows:
    """Rows of a page, in order, and what was asked for beside them, a dictionary a row."""

    of: RowsOfSession
    at: list[int]
    beside: list[dict[str, Any]] | None

    def plain(self) -> list[dict[str, Any]]:
        """As plain data."""
        rows = [self.of.plain(i) for i in self.at]
        return rows if self.beside is None else [row | more for row, more in zip(rows, self.beside, strict=True)]

    def encoded(self) -> list[orjson.Fragment]:
        """As JSON, one piece a row."""
        rows = [self.of.encoded(i) for i in self.at]
        if self.beside is not None:
            rows = [row[:-1] + b"," + orjson.dumps(more)[1:] for row, more in zip(rows, self.beside, strict=True)]
        return [orjson.Fragment(row) for row in rows]


@dataclass(frozen=True)
class ScreenerAnswer:
    """A page of rows and what there is to say about it."""

    picked: PickedRows
    total: int
    asof: date
    snapshot: str
    point_in_time: bool
    note: str | None
    milliseconds: float
    sectors: dict[str, int]
    indices: dict[str, int] | None  # matches by index, before the sector filter
    adjustments: str | None  # hash of what stands beside the prices; a decision changes it
    universe: dict[str, Any]  # how many belong, are shown, have no price, are held back
    quarantined: list[dict[str, Any]]  # stocks of the universe that are left out, and since when
    expression: str | None  # the canonical text of all that was asked for, the preset included
    digest: str | None
    unknown: int  # stocks of the universe for which the expression cannot be told
    columns: list[dict[str, Any]]  # those asked for: name, label, unit

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The rows as plain data."""
        return self.picked.plain()


def row_of(found: SessionTable, i: int) -> dict[str, Any]:
    numbers: Mapping[str, NDArray[np.float64]] = found.table.numbers
    row: dict[str, Any] = {"symbol": found.table.symbols[i], "name": found.names[i], "sector": found.sectors[i]}
    for name in ROW_FIELDS:
        value = float(numbers[name][i])
        row[name] = None if value != value else value
    flag = row["is_20d_breakout"]
    row["is_20d_breakout"] = None if flag is None else flag > 0.5
    return row | dict.fromkeys(FINANCIAL_FIELDS)


def _figures(figures: FinancialColumns, i: int) -> dict[str, Any]:
    row: dict[str, Any] = {"period": figures.period[i]}
    for name, column in figures.numbers.items():
        value = float(column[i])
        row[name] = None if value != value else value
    return row


def plain_values(values: Any, rows: NDArray[np.intp]) -> list[Any]:
    """Values of some rows for the wire: None where unknown."""
    if isinstance(values, list):
        return [values[i] for i in rows.tolist()]
    if values.dtype == np.uint8:
        return [{FALSE: False, UNKNOWN: None, TRUE: True}[one] for one in values[rows].tolist()]
    return [one if one == one and abs(one) != np.inf else None for one in values[rows].tolist()]


def closes_of(whole: Rows, at: NDArray[np.int64], count: int) -> list[list[float]]:
    """The last closes up to each of some rows, oldest first, in rupees of that row's bar."""
    from app.engines.screener.restate import stretches  # brings the compiler

    frame, last = whole.back_from(at, count)
    raw, closes = frame.source.number("close"), np.empty(len(frame))
    first, end = frame.segments[:-1], frame.segments[1:]
    stretches(raw, frame.factor, first, last, end, 1, closes)
    return [closes[a:b].tolist() for a, b in zip(first.tolist(), end.tolist(), strict=True)]


def column_card(expression: Expression) -> dict[str, Any]:
    """Name, label and unit of a column."""
    card = CARDS.get(expression.text)
    unit = {"flag": "flag", "text": "text"}.get(expression.kind.type)
    if card is not None:
        return {"name": card.name, "label": card.label, "unit": card.unit}
    by_degree = {1: "rupees", -1: "shares"}
    return {
        "name": expression.text,
        "label": expression.text,
        "unit": unit or by_degree.get(expression.kind.degree or 0, "ratio"),
    }
