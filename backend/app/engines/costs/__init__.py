"""Costs of trading on the NSE by date, product and broker: tables with their sources, and the contract note."""

from app.engines.costs.note import LINES, Note, Order, allot, contract_note, estimate, statement
from app.engines.costs.plans import PLANS, Brokerage, Depository, Plan, custom
from app.engines.costs.rates import CHECKED, FIRST, RATES, Levy, Product, Rate, beyond, rate_on

__all__ = [
    "CHECKED",
    "FIRST",
    "LINES",
    "PLANS",
    "RATES",
    "Brokerage",
    "Depository",
    "Levy",
    "Note",
    "Order",
    "Plan",
    "Product",
    "Rate",
    "allot",
    "beyond",
    "contract_note",
    "custom",
    "estimate",
    "rate_on",
    "statement",
]
