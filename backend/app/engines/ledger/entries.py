"""What a ledger of shares is made of: dated entries, and what makes one impossible.

Money is `Decimal` rupees, quantities are whole shares, a session is a day in IST. Instruments go by their key, which
no renaming changes, so that a rename needs no entry.
"""

from __future__ import annotations

import enum
from datetime import date
from decimal import Decimal
from typing import Final, NamedTuple

ZERO: Final = Decimal(0)
MOST_SHARES: Final = 2_000_000_000  # of one entry: what the required table's integer holds
MOST_MONEY: Final = Decimal(10) ** 13  # rupees of one entry: ten lakh crore


class Kind(enum.StrEnum):
    """What happened."""

    OPENING = "OPENING"  # shares held when the ledger begins, at their cost
    BUY = "BUY"
    SELL = "SELL"
    RIGHTS = "RIGHTS"  # shares subscribed in a rights issue
    SPLIT = "SPLIT"  # `new` shares for `old`; a consolidation where new < old
    BONUS = "BONUS"  # `new` shares more for every `old` held
    DEMERGER = "DEMERGER"  # `new` shares of `target` for every `old` held, which take `cost_percent` of the cost along
    MERGER = "MERGER"  # `new` shares of `target` in place of every `old` held
    DIVIDEND = "DIVIDEND"
    CHARGES = "CHARGES"  # of no single trade: demat fees, interest, penalties
    DEPOSIT = "DEPOSIT"
    WITHDRAWAL = "WITHDRAWAL"


ACQUIRING: Final = frozenset({Kind.OPENING, Kind.BUY, Kind.RIGHTS})
TRADES: Final = frozenset({Kind.BUY, Kind.SELL})
ACTIONS: Final = frozenset({Kind.SPLIT, Kind.BONUS, Kind.DEMERGER, Kind.MERGER})
MONEY: Final = frozenset({Kind.DIVIDEND, Kind.CHARGES, Kind.DEPOSIT, Kind.WITHDRAWAL})
_OF_NO_SHARE: Final = MONEY - {Kind.DIVIDEND}
_COUNTED: Final = ACQUIRING | {Kind.SELL}

# On one day: what the exchange does before the open, then shares that come in, then trades, then money.
_PLACE: Final = {
    Kind.SPLIT: 0, Kind.BONUS: 1, Kind.DEMERGER: 2, Kind.MERGER: 3, Kind.OPENING: 4, Kind.RIGHTS: 5, Kind.BUY: 6,
    Kind.SELL: 6, Kind.DIVIDEND: 7, Kind.CHARGES: 7, Kind.DEPOSIT: 7, Kind.WITHDRAWAL: 7,
}  # fmt: skip


class LedgerError(ValueError):
    """An entry that cannot be, and the field that says so; `facts` are the numbers of the sentence."""

    def __init__(self, message: str, entry: Entry, field: str, facts: dict[str, str | int] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.entry = entry
        self.field = field
        self.facts = facts or {}


class Entry(NamedTuple):
    """One line of a ledger. Fields that its kind does not use keep their defaults.

    A tuple, as all that a ledger holds by the thousand: quickly made, and no work for the collector of cycles.

    Attributes
    ----------
    instrument : key of the share; None for money that belongs to none
    account : demat account; lots are matched first in, first out within one
    quantity : shares, above zero
    price : rupees a share before charges
    charges : rupees, all but the securities transaction tax
    stt : rupees; apart, because no capital gain is reduced by it
    amount : rupees of a dividend, a charge, a deposit or a withdrawal, above zero
    new, old : the ratio of a corporate action
    target : key of the share a demerger or a merger gives
    cost_percent : of a demerger, percent of the cost that goes to the new share
    acquired : of an opening lot, the day the shares were bought; None where unknown
    """

    id: int
    kind: Kind
    session: date
    instrument: str | None = None
    account: str = ""
    quantity: int = 0
    price: Decimal = ZERO
    charges: Decimal = ZERO
    stt: Decimal = ZERO
    amount: Decimal = ZERO
    new: int = 0
    old: int = 0
    target: str | None = None
    cost_percent: Decimal = ZERO
    acquired: date | None = None

    @property
    def place(self) -> tuple[date, int, int]:
        """Where it stands among the others."""
        return self.session, _PLACE[self.kind], self.id


def check(entry: Entry) -> None:
    """Raise LedgerError where an entry says what its kind cannot mean; what was held is not looked at."""
    kind = entry.kind
    if entry.instrument is None and kind not in _OF_NO_SHARE:
        raise LedgerError(f"A {kind} needs a symbol", entry, "symbol")
    if kind in _COUNTED and not 0 < entry.quantity <= MOST_SHARES:
        raise LedgerError(
            f"quantity: {entry.quantity} is no number of shares; expected a whole number from 1 to {MOST_SHARES}",
            entry,
            "quantity",
        )
    for field, value in (("price", entry.price), ("charges", entry.charges), ("stt", entry.stt)):
        if value and not (value.is_finite() and ZERO < value <= MOST_MONEY):
            raise LedgerError(f"{field}: {value} is no sum; expected rupees from 0 to {MOST_MONEY}", entry, field)
    if entry.price * entry.quantity > MOST_MONEY:
        raise LedgerError(f"price: {entry.quantity} shares at {entry.price} are more than {MOST_MONEY}", entry, "price")
    if kind in MONEY and not (entry.amount.is_finite() and 0 < entry.amount <= MOST_MONEY):
        raise LedgerError(
            f"amount: {entry.amount} is no sum; expected rupees above 0, at most {MOST_MONEY}", entry, "amount"
        )
    if kind in ACTIONS:
        _check_action(entry)
    if entry.acquired is not None and entry.acquired > entry.session:
        raise LedgerError(
            f"acquired: {entry.acquired} lies after the entry's own day {entry.session}", entry, "acquired"
        )


def _check_action(entry: Entry) -> None:
    kind = entry.kind
    if not (0 < entry.new <= 10_000 and 0 < entry.old <= 10_000):
        raise LedgerError(
            f"ratio: {entry.new}:{entry.old} is no ratio; expected two whole numbers from 1 to 10000", entry, "ratio"
        )
    if kind is Kind.SPLIT and entry.new == entry.old:
        raise LedgerError(f"ratio: a split of {entry.new}:{entry.old} changes nothing", entry, "ratio")
    if kind in {Kind.DEMERGER, Kind.MERGER} and entry.target in (None, entry.instrument):
        raise LedgerError(f"target: a {kind} needs the symbol of another share", entry, "target")
    if kind is Kind.DEMERGER and not (entry.cost_percent.is_finite() and 0 <= entry.cost_percent < 100):
        raise LedgerError(
            f"cost_percent: {entry.cost_percent}; expected percent of the cost from 0 to below 100",
            entry,
            "cost_percent",
        )
