"""Costs of trading on the NSE by date, product and broker: tables with their sources, and the contract note."""

from app.engines.costs.note import LINES, Note, Order, allot, contract_note, estimate, statement
from app.engines.costs.plans import PLANS, Brokerage, Depository, Plan, custom
from app.engines.costs.rates import FIRST, RATES, Levy, Product, Rate, rate_on

__all__ = [
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
    "contract_note",
    "custom",
    "estimate",
    "rate_on",
    "statement",
]
