"""Company figures: annual, quarterly and snapshot files, each figure with its period and the day it was known.

Money is rupees, counts are shares, shares of a hundred are percent and carry `_pct`. Where a file does not say when a
figure became public, the limit for reporting stands for it: `ANNUAL_LAG` after the end of a year, `QUARTER_LAG` after
that of a quarter (SEBI LODR, regulation 33), and the row says LAG. A file of a day says FILE.
"""

from __future__ import annotations

import calendar
import json
import math
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import polars as pl

from app.services.importing.files import Member
from app.services.importing.findings import FileFinding, FileRefusedError, Rule, Severity
from app.services.importing.kinds import Kind, header_key
from app.services.importing.reference import ReferenceFile
from app.services.importing.texts import Text, encoding_note, parse_date, parse_number, rows, whole_text

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


# Yahoo's column → (field, unit, scale). What depends on a price is of the day the file was made, not of the period.
_YAHOO: dict[str, tuple[str, str, float]] = {
    "revenue_growth": ("revenue_growth_pct", "PERCENT", 100.0),
    "operating_profit_growth": ("operating_profit_growth_pct", "PERCENT", 100.0),
    "fcf_growth": ("fcf_growth_pct", "PERCENT", 100.0),
    "ebitda_growth": ("ebitda_growth_pct", "PERCENT", 100.0),
    "eps_growth": ("eps_growth_pct", "PERCENT", 100.0),
    "dividend_growth": ("dividend_growth_pct", "PERCENT", 100.0),
    "roe": ("roe_pct", "PERCENT", 1.0),
    "roce": ("roce_pct", "PERCENT", 1.0),
    "net_margin": ("net_margin_pct", "PERCENT", 1.0),
    "operating_margin": ("operating_margin_pct", "PERCENT", 1.0),
    "gross_margin": ("gross_margin_pct", "PERCENT", 1.0),
    "buyback_yield": ("buyback_yield_pct", "PERCENT", 1.0),
    "promoter_holding_change": ("promoter_holding_change_pct", "PERCENT", 1.0),
    "promoter_pledge_pct": ("promoter_pledge_pct", "PERCENT", 1.0),
    "debt_to_equity": ("debt_to_equity", "RATIO", 1.0),
    "interest_coverage": ("interest_coverage", "RATIO", 1.0),
    "current_ratio": ("current_ratio", "RATIO", 1.0),
    "cash_position": ("cash", "RUPEES", 1.0),
    "net_profit": ("net_income", "RUPEES", 1.0),
    "operating_cash_flow": ("operating_cash_flow", "RUPEES", 1.0),
    "receivables": ("receivables", "RUPEES", 1.0),
    "revenue": ("revenue", "RUPEES", 1.0),
    "shares_outstanding": ("shares_outstanding", "SHARES", 1.0),
    "total_debt": ("total_debt", "RUPEES", 1.0),
    "total_assets": ("total_assets", "RUPEES", 1.0),
    "total_liabilities": ("total_liabilities", "RUPEES", 1.0),
    "current_assets": ("current_assets", "RUPEES", 1.0),
    "current_liabilities": ("current_liabilities", "RUPEES", 1.0),
    "retained_earnings": ("retained_earnings", "RUPEES", 1.0),
    "ebit": ("ebit", "RUPEES", 1.0),
}
_YAHOO_OF_THE_DAY: dict[str, tuple[str, str, float]] = {
    "pe": ("pe_ratio", "RATIO", 1.0),
    "pb": ("pb_ratio", "RATIO", 1.0),
    "ev_ebitda": ("ev_ebitda", "RATIO", 1.0),
    "peg": ("peg_ratio", "RATIO", 1.0),
    "price_sales": ("price_sales", "RATIO", 1.0),
    "market_cap": ("market_cap", "RUPEES", 1.0),
    "dividend_yield": ("dividend_yield_pct", "PERCENT", 1.0),
}
_YAHOO_TEXTS = {"ticker", "date", "sector", "auditor", "insider_net_buy", "related_party_txn_flag"}
_YAHOO_LATER = {"fwd_return", "bench_fwd_return"}  # look ahead of the date: never read


def read_fundamentals(kind: Kind, member: Member) -> ReferenceFile:
    """Read a file of company figures into rows of `fundamental_values`.

    Raises
    ------
    FileRefusedError : a broken line, a bad date or number, or a file whose name does not give the date it needs.
    """
    if kind is Kind.FUNDAMENTALS_BETAS:
        return _betas(member)
    text = whole_text(member.name, member.data)
    result = ReferenceFile(kind, findings=encoding_note(member.name, text))
    figures = _READERS[kind](member.name, text, result)
    store(result, figures)
    return result


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


def _month_end(day: date) -> date:
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def _yahoo(name: str, text: Text, result: ReferenceFile) -> Figures:
    header = [cell.lower() for cell in header_key(text.text.partition("\n")[0])]
    unknown = [c for c in header if c not in _YAHOO | _YAHOO_OF_THE_DAY and c not in _YAHOO_TEXTS | _YAHOO_LATER]
    lines = [
        (line, cells, parse_date(name, line, "date", cells[1]))
        for line, cells in rows(name, text.text, columns=len(header))
    ]
    result.data_rows = len(lines)
    days = {day for _, _, day in lines}
    taken = max((day for day in days if day != _month_end(day)), default=max(days, default=date.min))
    figures = Figures(name, "YAHOO_ANNUAL", taken)
    filled: set[str] = set()
    snapshots = suffixed = derived = 0
    for line, cells, day in lines:
        symbol = cells[0].removesuffix(".NS")
        suffixed += symbol != cells[0]
        of_the_day = day != _month_end(day)
        snapshots += of_the_day
        found: dict[str, float | None] = {}
        for column, cell in zip(header, cells, strict=True):
            if column in _YAHOO:
                field_, unit, scale = _YAHOO[column]
                found[column] = figures.add(
                    line,
                    symbol,
                    field_,
                    cell,
                    unit,
                    kind="SNAPSHOT" if of_the_day else "ANNUAL",
                    period_end=day,
                    known_at=taken if of_the_day else None,
                    scale=scale,
                    column=column,
                )
            elif column in _YAHOO_OF_THE_DAY:
                field_, unit, scale = _YAHOO_OF_THE_DAY[column]
                found[column] = figures.add(
                    line, symbol, field_, cell, unit, kind="SNAPSHOT", period_end=taken, known_at=taken, column=column
                )
            if cell and column not in _YAHOO_LATER:
                filled.add(column)
        profit, shares = found.get("net_profit"), found.get("shares_outstanding")
        if profit is not None and shares and not of_the_day:
            eps = profit / shares
            figures.add(
                line, symbol, "eps", eps, "RUPEES", kind="ANNUAL", period_end=day, source="YAHOO_DERIVED"
            )  # fmt: skip
            derived += 1
    empty = sorted(column for column in header if column not in filled)
    result.findings += [
        FileFinding(Rule.COLUMN_EMPTY, f"{name}: no value in column {column}", "not stored", subject=column)
        for column in empty
        if column not in _YAHOO_LATER
    ]
    result.findings += [
        FileFinding(
            Rule.COLUMN_NOT_READ,
            f"{name}: column {column} {'looks ahead of its date' if column in _YAHOO_LATER else 'is not known'}",
            "not read",
            subject=column,
        )
        for column in [*unknown, *(c for c in header if c in _YAHOO_LATER)]
    ]
    _note(result, Rule.SYMBOL_SUFFIX, f"{name}: {suffixed} tickers end in .NS", "read without it", suffixed)
    _note(
        result,
        Rule.SNAPSHOT_ROWS,
        f"{name}: {snapshots} rows are dated {taken}, which ends no month: the day the file was made",
        "their figures are of that day, and so are P/E, P/B, yields and market capitalisation of all rows",
        snapshots,
    )
    _note(
        result,
        Rule.UNIT_CONVERTED,
        f"{name}: growth is a fraction (0.1 for 10 %) beside returns and margins in percent",
        "growth was multiplied by 100 and stored as percent",
        1,
    )
    _note(
        result,
        Rule.VALUE_DERIVED,
        f"{name}: earnings a share are missing; {derived} follow from net profit and shares outstanding",
        "stored with the source YAHOO_DERIVED; the vendor restates shares for later splits, so these are too",
        derived,
    )
    return figures


def _note(result: ReferenceFile, rule: Rule, message: str, action: str, count: int) -> None:
    if count:
        result.findings.append(FileFinding(rule, message, action, subject=action))


def _screener(columns: Mapping[int, tuple[str, str, float]]) -> Callable[[str, Text, ReferenceFile], Figures]:
    """A reader of screener.in's tables: Symbol, Report Date and the figures of `columns` (position → meaning)."""

    def read(name: str, text: Text, result: ReferenceFile) -> Figures:
        header = text.text.partition("\n")[0].split(",")
        lines = [
            (line, cells, _month_end(parse_date(name, line, "Report Date", cells[1])))
            for line, cells in rows(name, text.text, columns=len(header))
        ]
        result.data_rows = len(lines)
        figures = Figures(name, "SCREENER_ANNUAL", max((day for _, _, day in lines), default=date.min))
        # a company's balance sheet of the half-year follows that of the year: not the end of its fiscal year
        months: dict[str, Counter[int]] = {}
        for _, cells, day in lines:
            months.setdefault(cells[0], Counter())[day.month] += 1
        half_years = 0
        for line, cells, day in lines:
            fiscal = max(months[cells[0]].items(), key=lambda item: (item[1], item[0] == 3))[0]
            half_year = day.month != fiscal and day == figures.symbol_on and "Assets" in header
            half_years += half_year
            for position, (field_, unit, scale) in columns.items():
                figures.add(
                    line,
                    cells[0],
                    field_,
                    cells[position],
                    unit,
                    kind="QUARTER" if half_year else "ANNUAL",
                    period_end=day,
                    scale=scale,
                    column=header[position],
                )
        _note(
            result,
            Rule.PERIOD_FROM_MONTH,
            f"{name}: the dates name the first of the month in which a period ends",
            "the last day of that month was taken as the period's end",
            len(lines),
        )
        _note(
            result,
            Rule.PERIOD_FROM_MONTH,
            f"{name}: {half_years} balance sheets are of a half-year, not of a fiscal year",
            "stored as of a quarter's end",
            half_years,
        )
        if any(scale == CRORE for _, _, scale in columns.values()):
            _note(
                result,
                Rule.UNIT_CONVERTED,
                f"{name}: amounts are whole crores of rupees",
                "multiplied by 10,000,000 and stored as rupees; small amounts keep that rounding",
                1,
            )
        return figures

    return read


def _reports(name: str, text: Text, result: ReferenceFile) -> Figures:
    """`reports.csv`: symbol, month, year, last day of the fiscal year, without a header."""
    lines = list(rows(name, text.text, columns=4, header=False))
    ends = [parse_date(name, line, "period end (column 4)", cells[3]) for line, cells in lines]
    result.data_rows = len(lines)
    figures = Figures(name, "SCREENER_ANNUAL", max(ends, default=date.min))
    for (line, cells), day in zip(lines, ends, strict=True):
        figures.add(
            line, cells[0], "fiscal_year", cells[2], "YEAR", kind="ANNUAL", period_end=day, column="year (column 3)"
        )  # fmt: skip
    _note(result, Rule.HEADER_MISSING, f"{name}: no header", "read as symbol, month, year, period's end", 1)
    return figures


_QUARTERLY = {
    "ROE": ("roe_pct", "PERCENT"),
    "REVCAGR": ("revenue_cagr_pct", "PERCENT"),
    "EPSCAGR": ("eps_cagr_pct", "PERCENT"),
    "PE": ("pe_ratio", "RATIO"),
}


def _quarterly(name: str, text: Text, result: ReferenceFile) -> Figures:
    header = header_key(text.text.partition("\n")[0])
    at = {column: header.index(column) for column in ("TICKER", "REBALANCE_DATE", *_QUARTERLY) if column in header}
    lines = [
        (line, cells, parse_date(name, line, "rebalance_date", cells[at["REBALANCE_DATE"]]))
        for line, cells in rows(name, text.text, columns=len(header))
    ]
    result.data_rows = len(lines)
    figures = Figures(name, "SCREEN_QUARTERLY", max((day for _, _, day in lines), default=date.min))
    for line, cells, day in lines:
        for column, (field_, unit) in _QUARTERLY.items():
            figures.add(
                line,
                cells[at["TICKER"]],
                field_,
                cells[at[column]],
                unit,
                kind="SNAPSHOT",
                period_end=day,
                known_at=day,
                column=column,
            )
    result.findings.append(
        FileFinding(
            Rule.LATER_UNIVERSE,
            f"{name}: figures of {figures.symbol_on} for companies chosen later",
            "stored as known on that day; companies that left the index meanwhile are missing",
            Severity.WARNING,
        )
    )
    return figures


_GROWTH = {
    "QTR_PROFIT_VAR_%": "profit_growth_yoy_pct",
    "QOQ_PROFITS_%": "profit_growth_qoq_pct",
    "QOQ_SALES_%": "revenue_growth_qoq_pct",
    "OPM": "operating_margin_quarter_pct",
}


def _growth(name: str, text: Text, result: ReferenceFile) -> Figures:
    header = header_key(text.text.partition("\n")[0])
    at = {column: header.index(column) for column in ("SYMBOL", "LAST_UPDATED", *_GROWTH) if column in header}
    lines = [
        (line, cells, parse_date(name, line, "Last_Updated", cells[at["LAST_UPDATED"]][:10]))
        for line, cells in rows(name, text.text, columns=len(header))
    ]
    result.data_rows = len(lines)
    figures = Figures(name, "SCREEN_GROWTH", max((day for _, _, day in lines), default=date.min))
    for line, cells, day in lines:
        for column, field_ in _GROWTH.items():
            if column in at:
                figures.add(
                    line,
                    cells[at["SYMBOL"]],
                    field_,
                    cells[at[column]],
                    "PERCENT",
                    kind="SNAPSHOT",
                    period_end=day,
                    known_at=day,
                    column=column,
                )
    return figures


_QUARTER_NAME = re.compile(r"((?:19|20)\d{2})Q([1-4])", re.IGNORECASE)


def _betas(member: Member) -> ReferenceFile:
    """`betas_<quarter>.json`: symbol → beta against the NIFTY 500 over three years, null where the history is short."""
    name = member.name
    match = _QUARTER_NAME.search(name)
    if match is None:
        raise FileRefusedError(Rule.DATE_FROM_NAME, f"{name}: no quarter in the name, expected such as 2024Q2")
    year, month = int(match.group(1)), 3 * int(match.group(2))
    day = _month_end(date(year, month, 1))
    result = ReferenceFile(Kind.FUNDAMENTALS_BETAS)
    figures = Figures(name, "SCREEN_QUARTERLY", day)
    values: dict[str, Any] = json.loads(member.data)
    result.data_rows = len(values)
    for line, (symbol, value) in enumerate(values.items(), 1):
        figures.add(line, symbol, "beta_nifty500_3y", value, "RATIO", kind="SNAPSHOT", period_end=day, known_at=day)
    result.findings.append(
        FileFinding(
            Rule.DATE_FROM_NAME,
            f"{name}: no date inside; {day} is the end of the quarter in its name",
            "taken as known on that day",
        )
    )
    store(result, figures)
    return result


_PE_NAME = re.compile(r"(\d{2})(\d{2})(\d{2}|\d{4})(?!\d)")


def _price_earnings(name: str, text: Text, result: ReferenceFile) -> Figures:
    match = _PE_NAME.search(name)
    if match is None:
        raise FileRefusedError(Rule.DATE_FROM_NAME, f"{name}: no date in the name, expected such as PE_161225.csv")
    dd, mm, yy = match.groups()
    try:
        day = date(int(yy) + (2000 if len(yy) == 2 else 0), int(mm), int(dd))
    except ValueError as error:
        raise FileRefusedError(Rule.DATE_FROM_NAME, f"{name}: the name holds no date as PE_161225.csv does") from error
    figures = Figures(name, "NSE_PE", day)
    lines = list(rows(name, text.text, columns=(2, 3)))
    result.data_rows = len(lines)
    for line, cells in lines:
        for position, field_, column in ((1, "pe_ratio", "SYMBOL P/E"), (2, "pe_adjusted", "ADJUSTED P/E")):
            figures.add(
                line,
                cells[0],
                field_,
                cells[position] if position < len(cells) else "",
                "RATIO",
                kind="SNAPSHOT",
                period_end=day,
                known_at=day,
                column=column,
            )
    _note(result, Rule.DATE_FROM_NAME, f"{name}: no date inside; {day} was read from its name", "taken as its day", 1)
    return figures


_READERS: dict[Kind, Callable[[str, Text, ReferenceFile], Figures]] = {
    Kind.FUNDAMENTALS_YAHOO: _yahoo,
    Kind.FUNDAMENTALS_QUARTERLY: _quarterly,
    Kind.FUNDAMENTALS_GROWTH: _growth,
    Kind.FUNDAMENTALS_EPS: _screener(
        {
            2: ("interest_expense", "RUPEES", CRORE),
            3: ("profit_before_tax", "RUPEES", CRORE),
            4: ("net_income", "RUPEES", CRORE),
            5: ("eps", "RUPEES", 1.0),
        }
    ),
    Kind.FUNDAMENTALS_ASSETS: _screener({2: ("total_assets", "RUPEES", CRORE)}),
    Kind.FUNDAMENTALS_REPORTS: _reports,
    Kind.PRICE_EARNINGS: _price_earnings,
}
