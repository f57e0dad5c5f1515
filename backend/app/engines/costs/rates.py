"""What a trade on the NSE cost on any date: one table of dated rows, each with its source.

A row holds from its date until the next one of the same levy and product. `verified` is False where the figure or its
date rests on general knowledge or on sources that disagree; whoever uses such a row says so.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

FIRST: Final = date(2008, 6, 1)  # since then the tax on options is on the premium; before, figures are not modelled
_CRORE: Final = Decimal(10_000_000)
_HUNDRED: Final = Decimal(100)


class Product(enum.StrEnum):
    """How a position is held, or what it is in."""

    DELIVERY = "delivery"
    INTRADAY = "intraday"
    FUTURES = "futures"
    OPTIONS = "options"


class Levy(enum.StrEnum):
    """A charge that does not depend on the broker."""

    STT = "stt"  # securities transaction tax
    EXCHANGE = "exchange"
    IPFT = "ipft"  # investor protection fund trust, while the exchange billed it as a line of its own
    SEBI = "sebi"  # the regulator's turnover fee
    STAMP = "stamp"
    GST = "gst"  # service tax before July 2017; a fraction of other charges, not of the turnover
    GST_ON_SEBI = "gst_on_sebi"  # whether the tax counts the turnover fee in: 1 or 0


@dataclass(frozen=True, slots=True)
class Rate:
    """One row: the charge as a fraction of the value it is levied on, by side; options by premium."""

    levy: Levy
    product: Product
    since: date
    buy: Decimal
    sell: Decimal
    source: str
    verified: bool

    @property
    def label(self) -> str:
        """For lists of rows that nobody has verified."""
        return f"{self.levy} on {self.product} since {self.since}: {self.source}"


def _percent(text: str) -> Decimal:
    return Decimal(text) / _HUNDRED


def _rows(
    levy: Levy, products: Iterable[Product], since: date, buy: Decimal, sell: Decimal, source: str, verified: bool
) -> list[Rate]:
    return [Rate(levy, product, since, buy, sell, source, verified) for product in products]


_CASH: Final = (Product.DELIVERY, Product.INTRADAY)
_NONE: Final = Decimal(0)


def _stt() -> list[Rate]:
    # since, delivery both sides, intraday sold, futures sold, options sold (on premium), source, verified; in percent
    table = (
        (FIRST, "0.125", "0.025", "0.017", "0.017", "Historical rates, TradingQnA 185139", True),
        (date(2012, 7, 1), "0.10", "0.025", "0.017", "0.017", "Finance Act 2012; from general knowledge", False),
        (date(2013, 6, 1), "0.10", "0.025", "0.01", "0.017", "Historical rates, TradingQnA 185139", True),
        (date(2016, 6, 1), "0.10", "0.025", "0.01", "0.05", "Historical rates, TradingQnA 185139", True),
        (date(2023, 4, 1), "0.10", "0.025", "0.0125", "0.0625", "Zerodha support, STT calculation", True),
        (date(2024, 10, 1), "0.10", "0.025", "0.02", "0.10", "TradingQnA 185139; 5paisa, October 2024", True),
        (date(2026, 4, 1), "0.10", "0.025", "0.05", "0.15", "ClearTax and others on Budget 2026", True),
    )
    found: list[Rate] = []
    for since, delivery, intraday, futures, options, source, verified in table:
        both = _percent(delivery)
        found.append(Rate(Levy.STT, Product.DELIVERY, since, both, both, source, verified))
        for product, sold in ((Product.INTRADAY, intraday), (Product.FUTURES, futures), (Product.OPTIONS, options)):
            found.append(Rate(Levy.STT, product, since, _NONE, _percent(sold), source, verified))
    return found


def _exchange() -> list[Rate]:
    # since, cash, futures, options, and the protection fund's line for each; percent of turnover, both sides
    tiny = "0.0000001"  # one paisa a crore
    table = (
        (FIRST, ("0.00325", "0.0019", "0.05"), (tiny, tiny, tiny), "Zerodha list of 2020; futures and options by slab",
         (True, False, False)),
        (date(2021, 1, 1), ("0.00345", "0.0020", "0.053"), (tiny, tiny, tiny), "Broker API sample; FYERS charges",
         (True, True, True)),
        (date(2023, 4, 1), ("0.00325", "0.0019", "0.05"), ("0.0001", "0.0001", "0.0005"),
         "The Hindu, NDTV Profit, March 2023", (True, True, True)),
        (date(2024, 4, 1), ("0.00322", "0.00188", "0.0495"), ("0.0001", "0.0001", "0.0005"),
         "A cut of 1 %, from general knowledge", (False, False, False)),
        (date(2024, 10, 1), ("0.00297", "0.00173", "0.03503"), ("0.0001", "0.0001", "0.0005"),
         "Flat rates; PTI, 27 September 2024", (True, True, True)),
        (date(2026, 1, 1), ("0.00307", "0.00183", "0.03553"), (tiny, tiny, tiny),
         "Protection fund folded in by early 2026; the day was not found, the sum is the same",
         (False, False, False)),
    )  # fmt: skip
    found: list[Rate] = []
    for since, charges, funds, source, verified in table:
        for n, products in enumerate((_CASH, (Product.FUTURES,), (Product.OPTIONS,))):
            charge, fund = _percent(charges[n]), _percent(funds[n])
            found += _rows(Levy.EXCHANGE, products, since, charge, charge, source, verified[n])
            found += _rows(Levy.IPFT, products, since, fund, fund, source, verified[n])
    return found


def _sebi() -> list[Rate]:
    table = (
        (FIRST, 15, "Broker list of 2020", True),
        (date(2019, 4, 1), 10, "Fee amendment 2019", True),
        (date(2020, 6, 1), 5, "Notification of May 2020, half for ten months", True),
        (date(2021, 4, 1), 10, "Broker charge lists", True),
    )
    found: list[Rate] = []
    for since, rupees_a_crore, source, verified in table:
        fee = Decimal(rupees_a_crore) / _CRORE
        found += _rows(Levy.SEBI, Product, since, fee, fee, source, verified)
    return found


def _stamp() -> list[Rate]:
    found = _rows(
        Levy.STAMP, Product, FIRST, _NONE, _NONE, "Each state had its own until July 2020; taken as nothing", False
    )
    table = (("0.015", Product.DELIVERY), ("0.003", Product.INTRADAY), ("0.002", Product.FUTURES))
    for percent, product in (*table, ("0.003", Product.OPTIONS)):
        found.append(
            Rate(Levy.STAMP, product, date(2020, 7, 1), _percent(percent), _NONE, "Uniform duty, July 2020", True)
        )
    return found


def _gst() -> list[Rate]:
    table = (
        (FIRST, "10.30", "Service tax, from general knowledge", False),
        (date(2012, 4, 1), "12.36", "Service tax, from general knowledge", False),
        (date(2015, 6, 1), "14.00", "Service tax, from general knowledge", False),
        (date(2015, 11, 15), "14.50", "Service tax with Swachh Bharat cess, from general knowledge", False),
        (date(2016, 6, 1), "15.00", "Service tax with Krishi Kalyan cess, from general knowledge", False),
        (date(2017, 7, 1), "18.00", "Broker articles on contract notes", True),
    )
    found: list[Rate] = []
    for since, percent, source, verified in table:
        found += _rows(Levy.GST, Product, since, _percent(percent), _percent(percent), source, verified)
    found += _rows(Levy.GST_ON_SEBI, Product, FIRST, _NONE, _NONE, "Notes before mid-2022", False)
    one = Decimal(1)
    since_2022 = "Since mid-2022; the day from general knowledge"
    return found + _rows(Levy.GST_ON_SEBI, Product, date(2022, 7, 1), one, one, since_2022, False)


RATES: Final[tuple[Rate, ...]] = (*_stt(), *_exchange(), *_sebi(), *_stamp(), *_gst())


CHECKED: Final = date(2026, 8, 3)  # the day up to which the table was looked after: what changed later is not in it


def beyond(day: date) -> str | None:
    """In words that a day lies after the last look at the table; None where it does not."""
    if day <= CHECKED:
        return None
    return f"The rates were last looked at on {CHECKED}; on {day} they may be others, and those of {CHECKED} are taken."


def rate_on(levy: Levy, product: Product, day: date) -> Rate:
    """The row in force on a day.

    Raises
    ------
    ValueError : the day lies before the table begins.
    """
    if day < FIRST:
        raise ValueError(f"date: costs are known from {FIRST} on, not on {day}")
    return max(
        (row for row in RATES if row.levy is levy and row.product is product and row.since <= day),
        key=lambda row: row.since,
    )
