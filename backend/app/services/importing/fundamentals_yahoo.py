"""A vendor's annual accounts: a row a company and year, and figures of the day the file was made."""

from __future__ import annotations

from datetime import date

from app.services.importing.findings import FileFinding, Rule
from app.services.importing.fundamental_figures import Figures, header_of, month_end, note
from app.services.importing.reference import ReferenceFile
from app.services.importing.texts import Text, parse_date, rows

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
_AS_READ = {"shares_outstanding"}  # restated for every later split: nobody knew the figure before the file was made
_YAHOO_TEXTS = {"ticker", "date", "sector", "auditor", "insider_net_buy", "related_party_txn_flag"}
_YAHOO_LATER = {"fwd_return", "bench_fwd_return"}  # look ahead of the date: never read


def read_annual(name: str, text: Text, result: ReferenceFile) -> Figures:
    """The figures of a file. Raises FileRefusedError for a column that is missing, a bad date or number."""
    header = [cell.lower() for cell in header_of(name, text, ("TICKER", "DATE"))]
    unknown = [c for c in header if c not in _YAHOO | _YAHOO_OF_THE_DAY and c not in _YAHOO_TEXTS | _YAHOO_LATER]
    lines = [
        (line, cells, parse_date(name, line, "date", cells[1]))
        for line, cells in rows(name, text.text, columns=len(header))
    ]
    result.data_rows = len(lines)
    days = {day for _, _, day in lines}
    taken = max((day for day in days if day != month_end(day)), default=max(days, default=date.min))
    figures = Figures(name, "YAHOO_ANNUAL", taken)
    filled: set[str] = set()
    snapshots = suffixed = derived = 0
    for line, cells, day in lines:
        symbol = cells[0].removesuffix(".NS")
        suffixed += symbol != cells[0]
        of_the_day = day != month_end(day)
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
                    known_at=taken if of_the_day or column in _AS_READ else None,
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
    note(result, Rule.SYMBOL_SUFFIX, f"{name}: {suffixed} tickers end in .NS", "read without it", suffixed)
    note(
        result,
        Rule.SNAPSHOT_ROWS,
        f"{name}: {snapshots} rows are dated {taken}, which ends no month: the day the file was made",
        "their figures are of that day, and so are P/E, P/B, yields and market capitalisation of all rows",
        snapshots,
    )
    note(
        result,
        Rule.UNIT_CONVERTED,
        f"{name}: growth is a fraction (0.1 for 10 %) beside returns and margins in percent",
        "growth was multiplied by 100 and stored as percent",
        1,
    )
    note(
        result,
        Rule.VALUE_DERIVED,
        f"{name}: earnings a share are missing; {derived} follow from net profit and shares outstanding",
        "stored with the source YAHOO_DERIVED; the vendor restates shares for later splits, so these are too",
        derived,
    )
    return figures
