"""What readers of company figures share: the figures collected column by column, reporting lags, columns by name."""

from __future__ import annotations

import calendar
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import polars as pl

from app.services.importing.findings import FileFinding, FileRefusedError, Rule
from app.services.importing.kinds import header_key
from app.services.importing.reference import ReferenceFile
from app.services.importing.texts import Text, parse_number

ANNUAL_LAG = timedelta(days=60)
QUARTER_LAG = timedelta(days=45)
CRORE = 1e7
# The larger counts where two sources tell of one figure and both were known on the same day.
SOURCE_RANKS = {
    "NSE_PE": 50,
    "NSE_MCAP": 50,
    "NSE_SITE": 45,
    "SCREENER_ANNUAL": 30,
    "SCREEN_QUARTERLY": 25,
    "YAHOO_ANNUAL": 20,
    "YAHOO_DERIVED": 15,
    "SCREEN_GROWTH": 10,
}
TABLE = "fundamental_values"
_MISSING = {"", "-", "nan", "none", "null", "na", "n/a"}
_SCHEMA: dict[str, pl.DataType] = {
    "line": pl.Int32(),
    "field": pl.String(),
    "symbol": pl.String(),
    "isin": pl.String(),
    "symbol_on": pl.Date(),
    "period_end": pl.Date(),
    "period_kind": pl.String(),
    "value": pl.Float64(),
    "unit": pl.String(),
    "source": pl.String(),
    "source_rank": pl.Int16(),
    "known_at": pl.Date(),
    "known_at_basis": pl.String(),
}


@dataclass(slots=True)
class Figures:
    """Collects a file's figures column by column; values that are no numbers are counted by field."""

    name: str
    source: str
    symbol_on: date
    columns: dict[str, list[Any]] = field(default_factory=lambda: {name: [] for name in _SCHEMA})
    not_finite: Counter[str] = field(default_factory=Counter)

    def add(
        self,
        line: int,
        symbol: str,
        name: str,
        text: str | float | None,
        unit: str,
        *,
        kind: str,
        period_end: date,
        known_at: date | None = None,
        scale: float = 1.0,
        column: str | None = None,
        source: str | None = None,
        isin: str | None = None,
    ) -> float | None:
        """Note a figure unless there is none; the value in `unit`. Without `known_at` the reporting lag gives it.

        Raises
        ------
        FileRefusedError : the text is no number.
        """
        value = self.number(line, column or name, text)
        if value is None:
            return None
        lag = ANNUAL_LAG if kind == "ANNUAL" else QUARTER_LAG
        values = {
            "line": line,
            "field": name,
            "symbol": symbol,
            "isin": isin,
            "symbol_on": self.symbol_on,
            "period_end": period_end,
            "period_kind": kind,
            "value": value * scale,
            "unit": unit,
            "source": source or self.source,
            "source_rank": SOURCE_RANKS[source or self.source],
            "known_at": known_at or period_end + lag,
            "known_at_basis": "LAG" if known_at is None else "FILE",
        }
        for key, one in values.items():
            self.columns[key].append(one)
        return value * scale

    def number(self, line: int, column: str, text: str | float | None) -> float | None:
        """A cell as a number; None where it is empty, or infinite as ratios with nothing below the line are."""
        if text is None:
            return None
        if isinstance(text, str):
            lowered = text.strip().lower()
            if lowered in _MISSING:
                return None
            if lowered.lstrip("+-") in {"inf", "infinity"}:
                self.not_finite[column] += 1
                return None
            return parse_number(self.name, line, column, text)
        if isinstance(text, bool) or not math.isfinite(text):
            self.not_finite[column] += 1
            return None
        return float(text)

    def frame(self) -> pl.DataFrame:
        """The figures as rows of `fundamental_values`."""
        return pl.DataFrame(self.columns, schema=_SCHEMA)

    def findings(self) -> list[FileFinding]:
        """A finding for each column with values that are no finite numbers."""
        return [
            FileFinding(
                Rule.VALUES_LEFT_OUT,
                f"{self.name}: column {column}: {count} values are infinite",
                "left out: unknown",
                subject=column,
            )
            for column, count in sorted(self.not_finite.items())
        ]


def store(result: ReferenceFile, figures: Figures) -> None:
    """Put figures into a file's result.

    Raises
    ------
    FileRefusedError : there are none.
    """
    frame = figures.frame()
    if not frame.height:
        raise FileRefusedError(Rule.EMPTY_FILE, f"{figures.name}: a header and no figures")
    result.frames[TABLE] = frame
    first, last = frame["period_end"].min(), frame["period_end"].max()
    assert isinstance(first, date) and isinstance(last, date)
    result.span = (first, last)
    result.findings += figures.findings()


def month_end(day: date) -> date:
    """The last day of the month of `day`."""
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def note(result: ReferenceFile, rule: Rule, message: str, action: str, count: int) -> None:
    """Add a finding unless `count` is 0."""
    if count:
        result.findings.append(FileFinding(rule, message, action, subject=action))


def header_of(name: str, text: Text, needed: Sequence[str]) -> list[str]:
    """A file's column names, in capitals and with underscores; each of `needed` is among them.

    Raises
    ------
    FileRefusedError : a column of `needed` is missing, by its name, or one name stands twice.
    """
    header = list(header_key(text.text.partition("\n")[0]))
    for column in needed:
        if column not in header:
            raise FileRefusedError(Rule.WRONG_COLUMNS, f"{name}: column {column} is missing", subject=column, line=1)
        if header.count(column) > 1:
            raise FileRefusedError(Rule.WRONG_COLUMNS, f"{name}: column {column} stands twice", subject=column, line=1)
    return header
