"""A ledger of shares: dated entries fold into lots, and lots into positions, realised gains and cash."""

from app.engines.ledger.book import Ledger, Opening, Payment, Realised, Step, Transfer, fold
from app.engines.ledger.entries import ACQUIRING, ACTIONS, MONEY, TRADES, ZERO, Entry, Kind, LedgerError, check
from app.engines.ledger.lots import GRANDFATHERED, Lot
from app.engines.ledger.positions import Position, positions

__all__ = [
    "ACQUIRING",
    "ACTIONS",
    "GRANDFATHERED",
    "MONEY",
    "TRADES",
    "ZERO",
    "Entry",
    "Kind",
    "Ledger",
    "LedgerError",
    "Lot",
    "Opening",
    "Payment",
    "Position",
    "Realised",
    "Step",
    "Transfer",
    "check",
    "fold",
    "positions",
]
