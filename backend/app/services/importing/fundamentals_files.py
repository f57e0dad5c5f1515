"""Company figures: annual, quarterly and snapshot files, each figure with its period and the day it was known.

Money is rupees, counts are shares, shares of a hundred are percent and carry `_pct`. Where a file does not say when a
figure became public, the limit for reporting stands for it: `ANNUAL_LAG` after the end of a year, `QUARTER_LAG` after
that of a quarter (SEBI LODR, regulation 33), and the row says LAG. A file of a day says FILE.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from app.services.importing.files import Member
from app.services.importing.findings import FileFinding, FileRefusedError, Rule, Severity
from app.services.importing.fundamental_figures import CRORE, Figures, header_of, month_end, note, store
from app.services.importing.fundamentals_yahoo import read_annual
from app.services.importing.kinds import Kind
from app.services.importing.reference import ReferenceFile
from app.services.importing.texts import Text, encoding_note, parse_date, rows, whole_text


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


def _screener(columns: Mapping[str, tuple[str, str, float]]) -> Callable[[str, Text, ReferenceFile], Figures]:
    """A reader of screener.in's tables: Symbol, Report Date and the figures of `columns` (name → meaning)."""

    def read(name: str, text: Text, result: ReferenceFile) -> Figures:
        header = header_of(name, text, ("SYMBOL", "REPORT_DATE", *columns))
        symbol, on = header.index("SYMBOL"), header.index("REPORT_DATE")
        lines = [
            (line, cells, month_end(parse_date(name, line, "Report Date", cells[on])))
            for line, cells in rows(name, text.text, columns=len(header))
        ]
        result.data_rows = len(lines)
        figures = Figures(name, "SCREENER_ANNUAL", max((day for _, _, day in lines), default=date.min))
        # a company's balance sheet of the half-year follows that of the year: not the end of its fiscal year
        months: dict[str, Counter[int]] = {}
        for _, cells, day in lines:
            months.setdefault(cells[symbol], Counter())[day.month] += 1
        half_years = 0
        for line, cells, day in lines:
            fiscal = max(months[cells[symbol]].items(), key=lambda item: (item[1], item[0] == 3))[0]
            half_year = day.month != fiscal and day == figures.symbol_on and "ASSETS" in header
            half_years += half_year
            for column, (field_, unit, scale) in columns.items():
                figures.add(
                    line,
                    cells[symbol],
                    field_,
                    cells[header.index(column)],
                    unit,
                    kind="QUARTER" if half_year else "ANNUAL",
                    period_end=day,
                    scale=scale,
                    column=column,
                )
        note(
            result,
            Rule.PERIOD_FROM_MONTH,
            f"{name}: the dates name the first of the month in which a period ends",
            "the last day of that month was taken as the period's end",
            len(lines),
        )
        note(
            result,
            Rule.PERIOD_FROM_MONTH,
            f"{name}: {half_years} balance sheets are of a half-year, not of a fiscal year",
            "stored as of a quarter's end",
            half_years,
        )
        if any(scale == CRORE for _, _, scale in columns.values()):
            note(
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
    note(result, Rule.HEADER_MISSING, f"{name}: no header", "read as symbol, month, year, period's end", 1)
    return figures


_QUARTERLY = {
    "ROE": ("roe_pct", "PERCENT"),
    "REVCAGR": ("revenue_cagr_pct", "PERCENT"),
    "EPSCAGR": ("eps_cagr_pct", "PERCENT"),
    "PE": ("pe_ratio", "RATIO"),
}


def _quarterly(name: str, text: Text, result: ReferenceFile) -> Figures:
    needed = ("TICKER", "REBALANCE_DATE", *_QUARTERLY)
    header = header_of(name, text, needed)
    at = {column: header.index(column) for column in needed}
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
    header = header_of(name, text, ("SYMBOL", "LAST_UPDATED"))
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
    day = month_end(date(year, month, 1))
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
    note(result, Rule.DATE_FROM_NAME, f"{name}: no date inside; {day} was read from its name", "taken as its day", 1)
    return figures


_READERS: dict[Kind, Callable[[str, Text, ReferenceFile], Figures]] = {
    Kind.FUNDAMENTALS_YAHOO: read_annual,
    Kind.FUNDAMENTALS_QUARTERLY: _quarterly,
    Kind.FUNDAMENTALS_GROWTH: _growth,
    Kind.FUNDAMENTALS_EPS: _screener(
        {
            "INTEREST": ("interest_expense", "RUPEES", CRORE),
            "PROFIT_BEFORE_TAX": ("profit_before_tax", "RUPEES", CRORE),
            "NET_PROFIT": ("net_income", "RUPEES", CRORE),
            "EPS": ("eps", "RUPEES", 1.0),
        }
    ),
    Kind.FUNDAMENTALS_ASSETS: _screener({"ASSETS": ("total_assets", "RUPEES", CRORE)}),
    Kind.FUNDAMENTALS_REPORTS: _reports,
    Kind.PRICE_EARNINGS: _price_earnings,
}
