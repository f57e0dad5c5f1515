"""Company figures as they were known on the day, and ratios of them with the day's price."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from app.engines.screener.cards.card import PLAIN, PRICE, SHARES, Card, CardUnit

SOURCE: Final = "Company accounts and exchange lists"
_YEAR: Final = "of the newest fiscal year known that day"
_DAY: Final = "as told for a day, at most 400 days old"
_SHARES: Final = (
    "In the shares of the day: splits, bonuses and rights between it and the file are taken back or added, and nothing "
    "else of later is read; unknown where the file may count a split or not, or across a move that nothing explains."
)

_STORED: Final[tuple[tuple[str, str, CardUnit, str], ...]] = (
    ("market_cap", "Market capitalisation", "rupees", f"Market capitalisation, {_DAY}."),
    ("pe_ratio", "P/E", "ratio", f"Price to earnings, {_DAY}."),
    ("pb_ratio", "P/B", "ratio", f"Price to book, {_DAY}."),
    ("price_sales", "P/S", "ratio", f"Price to sales, {_DAY}."),
    ("ev_ebitda", "EV/EBITDA", "ratio", f"Enterprise value to EBITDA, {_DAY}."),
    ("peg_ratio", "PEG", "ratio", f"P/E to growth of earnings, {_DAY}."),
    ("dividend_yield", "Dividend yield", "percent", f"Dividends to price, {_DAY}."),
    ("revenue_cagr", "Revenue growth a year", "percent", f"Yearly growth of revenue over some years, {_DAY}."),
    ("eps_cagr", "EPS growth a year", "percent", f"Yearly growth of earnings a share over some years, {_DAY}."),
    ("beta_3y", "Beta, 3 years (told)", "ratio", f"Against the NIFTY 500, {_DAY}."),
    ("roe", "Return on equity", "percent", f"Profit to shareholders' equity, {_YEAR}, else as told for a day."),
    ("roce", "Return on capital", "percent", f"Operating profit to capital employed, {_YEAR}."),
    ("revenue", "Revenue", "rupees", f"Revenue {_YEAR}."),
    ("net_income", "Net income", "rupees", f"Net income {_YEAR}."),
    ("ebit", "EBIT", "rupees", f"Profit before interest and tax {_YEAR}."),
    ("profit_before_tax", "Profit before tax", "rupees", f"Profit before tax {_YEAR}."),
    ("interest_expense", "Interest paid", "rupees", f"Interest paid {_YEAR}."),
    ("operating_cash_flow", "Operating cash flow", "rupees", f"Cash flow from operations {_YEAR}."),
    ("debt_to_equity", "Debt to equity", "ratio", f"Total debt to equity, {_YEAR}."),
    ("total_debt", "Debt", "rupees", f"Total debt {_YEAR}."),
    ("total_assets", "Assets", "rupees", f"Total assets {_YEAR}."),
    ("total_liabilities", "Liabilities", "rupees", f"Total liabilities {_YEAR}."),
    ("current_assets", "Current assets", "rupees", f"Current assets {_YEAR}."),
    ("current_liabilities", "Current liabilities", "rupees", f"Current liabilities {_YEAR}."),
    ("cash", "Cash", "rupees", f"Cash and equivalents {_YEAR}."),
    ("receivables", "Receivables", "rupees", f"Receivables {_YEAR}."),
    ("retained_earnings", "Retained earnings", "rupees", f"Retained earnings {_YEAR}."),
    ("current_ratio", "Current ratio", "ratio", f"Current assets to current liabilities, {_YEAR}."),
    ("interest_coverage", "Interest coverage", "ratio", f"EBIT to interest, {_YEAR}."),
    ("gross_margin", "Gross margin", "percent", f"Gross profit to revenue, {_YEAR}."),
    ("operating_margin", "Operating margin", "percent", f"Operating profit to revenue, {_YEAR}."),
    ("net_margin", "Net margin", "percent", f"Net income to revenue, {_YEAR}."),
    ("revenue_growth", "Revenue growth", "percent", f"Against the year before, {_YEAR}."),
    ("operating_profit_growth", "Operating profit growth", "percent", f"Against the year before, {_YEAR}."),
    ("ebitda_growth", "EBITDA growth", "percent", f"Against the year before, {_YEAR}."),
    ("fcf_growth", "Free cash flow growth", "percent", f"Against the year before, {_YEAR}."),
)


def cards() -> Iterator[Card]:
    """The cards of this file."""
    for name, label, unit, told in _STORED:
        yield Card(name, label, unit, None, told, "Company", PLAIN, SOURCE)
    yield Card(
        "eps",
        "Earnings a share",
        "rupees",
        None,
        f"Told, else net income / shares, {_YEAR}. {_SHARES}",
        "Company",
        PRICE,
        SOURCE,
    )
    yield Card(
        "shares_outstanding",
        "Shares outstanding",
        "shares",
        None,
        f"Shares issued, {_DAY}. {_SHARES}",
        "Company",
        SHARES,
        SOURCE,
    )
    both = f"{SOURCE}; exchange price files"
    for name, label, unit, expression, told in (
        (
            "pe_now",
            "P/E at the close",
            "ratio",
            "close / eps",
            "Close to earnings a share, both in the shares of the day; below zero where the company loses.",
        ),
        (
            "earnings_yield",
            "Earnings yield",
            "percent",
            "100 * eps / close",
            "Earnings a share to the close, both in the shares of the day.",
        ),
        (
            "market_cap_now",
            "Market value at the close",
            "rupees",
            "close * shares_outstanding",
            "Close times shares outstanding, counted as on the day.",
        ),
        ("sales_yield", "Sales yield", "percent", "100 * revenue / market_cap", "Revenue to market capitalisation."),
        (
            "cash_flow_yield",
            "Cash flow yield",
            "percent",
            "100 * operating_cash_flow / market_cap",
            "Operating cash flow to market capitalisation.",
        ),
        (
            "accruals",
            "Accruals",
            "percent",
            "100 * (net_income - operating_cash_flow) / total_assets",
            "Profit that did not come in as cash, to assets (Sloan, 1996).",
        ),
        ("return_on_assets", "Return on assets", "percent", "100 * net_income / total_assets", "Net income to assets."),
        ("cash_to_debt", "Cash to debt", "ratio", "cash / total_debt", "Cash to total debt."),
        ("asset_turnover", "Asset turnover", "ratio", "revenue / total_assets", "Revenue to assets."),
        (
            "value_traded_share",
            "Turnover to market value",
            "percent",
            "100 * turnover_20d / market_cap",
            "Mean turnover of 20 sessions to market capitalisation.",
        ),
        (
            "sector_pe",
            "Sector P/E",
            "ratio",
            "sector_median(pe_ratio)",
            "Median P/E of the sector's stocks in the screen.",
        ),
    ):
        yield Card(name, label, unit, expression, told, "Company", None, both)
