"""A tax report as files: CSV for a spreadsheet, PDF to read, keep and hand on."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any, Final

from app.database import Market
from app.services.portfolios.report_tables import Kind, Table, indian
from app.services.spreadsheet_cells import safe_cell

KINDS: Final = {"SHORT": "Short-term", "LONG": "Long-term", "SPECULATIVE": "Intraday", "UNKNOWN": "Day unknown"}
_LINE: Final = (
    "kind", "symbol", "isin", "account", "quantity", "acquired", "sold", "proceeds", "cost", "cost_used", "expenses",
    "gain", "rate_percent", "fair_value", "note",
)  # fmt: skip
_SUMS: Final = (
    "year", "exemption", "exemption_used", "dividends", "tax", "surcharge", "cess", "total", "notice",
)  # fmt: skip


def as_csv(report: Mapping[str, Any], market: Market) -> str:
    """The lines of a report, plain numbers and ISO dates; texts a spreadsheet would run as formulas are quoted.

    Of the generated market each line says SAMPLE in a column `market`.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    sample = market is Market.SAMPLE
    writer.writerow([*_LINE, "market"] if sample else _LINE)
    for line in report["gains"]:
        writer.writerow([*(safe_cell(line[name]) for name in _LINE), *([market.mark] if sample else [])])
    writer.writerow([])
    if sample:
        writer.writerow(["market", market.mark])
    for name in _SUMS:
        writer.writerow([name, safe_cell(report[name])])
    for note in report["notes"]:
        writer.writerow(["note", safe_cell(note)])
    return out.getvalue()


def as_pdf(report: Mapping[str, Any], market: Market) -> bytes:
    """A4 pages on their side: the tax, gains, losses, every sale by lot, and the rules used."""
    from app.services.portfolios.pdf_pages import Pages

    year = report["year"]
    pages = Pages(
        f"{report['name']}, tax {year}", f"{report['name']} · tax of {year}, an estimate · SmartTrader", wide=True
    )
    pages.title(f"{report['name']}, tax of {year}" + (" · SAMPLE" if market is Market.SAMPLE else ""))
    pages.facts(
        [
            ("Estimated tax", f"₹{indian(float(report['total']), 2)}"),
            ("of it surcharge", f"₹{indian(float(report['surcharge']), 2)}"),
            ("cess", f"₹{indian(float(report['cess']), 2)}"),
            ("Exemption used", f"₹{indian(float(report['exemption_used']))} of ₹{indian(float(report['exemption']))}"),
            ("Dividends", f"₹{indian(float(report['dividends']), 2)}"),
        ]
    )
    pages.small(report["notice"])
    for note in report["notes"]:
        pages.small(note)
    for table in tables(report):
        pages.table(table)
    if not report["gains"]:
        pages.small(f"Nothing was sold in {year}.")
    pages.head("Rules used")
    for rule in report["rules"]:
        pages.small(rule["text"] + ("" if rule["verified"] else " Not checked against a second source."))
    return pages.made()


def tables(report: Mapping[str, Any]) -> list[Table]:
    """What a tax report says, as tables."""
    rate: tuple[str, Kind] = ("Rate, %", "number")
    return [
        Table(
            "Tax",
            (("Kind", "text"), rate, ("Left, ₹", "paise"), ("Exempt, ₹", "paise"), ("Taxed, ₹", "paise"),
             ("Tax, ₹", "paise")),
            [
                (KINDS[one["kind"]], one["rate_percent"], *(_sum(one[name]) for name in ("left", "exempt", "amount")),
                 _sum(one["tax"]))
                for one in report["taxed"]
            ],
            f"Left: gains after losses are set off. Surcharge {report['surcharge_percent']:g} %, cess 4 % on both. "
            "Without a rate: taxed at that of the person's income, and not in the sum.",
        ),
        Table(
            "Gains and losses",
            (("Kind", "text"), ("Sales", "count"), ("Gains, ₹", "paise"), ("Losses, ₹", "paise"), ("Net, ₹", "paise")),
            [
                (KINDS[one["kind"]], one["sales"], _sum(one["gains"]), _sum(one["losses"]), _sum(one["net"]))
                for one in report["summary"]
                if one["sales"]
            ],
        ),
        Table(
            "Losses set off",
            (("Loss", "text"), ("Of", "text"), ("Against gains", "text"), rate, ("Amount, ₹", "paise")),
            [
                (KINDS[one["loss"]], one["of_year"], KINDS[one["against"]], one["rate_percent"], _sum(one["amount"]))
                for one in report["set_off"]
            ],
        ),
        Table(
            "Losses brought forward, carried on and lapsed",
            (("What", "text"), ("Kind", "text"), ("Of", "text"), ("Until", "text"), ("Amount, ₹", "paise")),
            [
                (words, KINDS[one["kind"]], one["of_year"], one["until"], _sum(one["amount"]))
                for name, words in (("brought_forward", "Brought forward"), ("carried_forward", "Carried on"),
                                    ("lapsed", "Lapsed"))
                for one in report[name]
            ],
            "" if not report["losses_given"] else "With losses that were given: "
            + "; ".join(f"{KINDS[one['kind']]} {one['of_year']} ₹{indian(float(one['amount']), 2)}"
                        for one in report["losses_given"]) + ".",
        ),
        Table(
            "Sales, lot by lot",
            (("Share", "text"), ("Kind", "text"), ("Bought", "text"), ("Sold", "text"), ("Shares", "count"),
             ("Proceeds, ₹", "paise"), ("Cost used, ₹", "paise"), ("Expenses, ₹", "paise"), ("Gain, ₹", "paise"), rate),
            [
                (one["symbol"], KINDS[one["kind"]], "–" if one["acquired"] is None else str(one["acquired"]),
                 str(one["sold"]), one["quantity"], _sum(one["proceeds"]), _sum(one["cost_used"]),
                 _sum(one["expenses"]), _sum(one["gain"]), one["rate_percent"])
                for one in report["gains"]
            ],
            "Cost used: paid with its charges, or for shares of before February 2018 the grandfathered cost.",
        ),
        Table(
            "Before the year ends",
            (("Share", "text"), ("What", "text")),
            [(one["symbol"], one["text"]) for one in report["hints"]],
            "At the last prices; an estimate, not advice.",
        ),
    ]  # fmt: skip


def _sum(text: str | None) -> float | None:
    return None if text is None else float(text)
