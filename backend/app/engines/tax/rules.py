"""Rates of the tax on gains in listed shares, by date, each with its source and whether two sources agree on it.

They hold for resident individuals, for shares on which the securities transaction tax was paid. Sections are not named:
the Income-tax Act 2025 numbers them anew from April 2026 on.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

D = Decimal


@dataclass(frozen=True, slots=True)
class Rate:
    """Percent of short-term and of long-term gains, by the day of the sale."""

    since: date
    short_percent: Decimal
    long_percent: Decimal
    source: str
    verified: bool


@dataclass(frozen=True, slots=True)
class Exemption:
    """Rupees of long-term gains that a financial year leaves untaxed, from the year that begins in `since` on."""

    since: int
    amount: Decimal
    source: str
    verified: bool


RATES: Final = (
    Rate(date(2004, 10, 1), D(10), D(0), "Finance (No. 2) Act 2004: 10 % short, long exempt", False),
    Rate(date(2008, 4, 1), D(15), D(0), "Finance Act 2008: 15 % short, long exempt", False),
    Rate(date(2018, 4, 1), D(15), D(10), "Finance Act 2018: long-term gains taxed at 10 %", True),
    Rate(date(2024, 7, 23), D(20), D("12.5"), "Finance (No. 2) Act 2024: 20 % short, 12.5 % long", True),
)
EXEMPTIONS: Final = (
    Exemption(2004, D(0), "long-term gains are exempt as a whole", False),
    Exemption(2018, D(100_000), "Finance Act 2018", True),
    Exemption(2024, D(125_000), "Finance (No. 2) Act 2024: for the whole of 2024-25 on", True),
)
MOST_SURCHARGE: Final = D(15)  # percent of the tax on gains in listed shares, whatever the income
CESS_PERCENT: Final = D(4)  # health and education cess, since 2018-19
CAPITAL_YEARS: Final = 8  # financial years that a capital loss is carried
SPECULATIVE_YEARS: Final = 4  # and one of speculation

STATED: Final = (
    ("Gains are matched first in, first out within a demat account; a day's purchase and sale of a share are netted "
     "first.", False),
    ("A share held for more than twelve months gives a long-term gain; the rate is that of the day of the sale.", True),
    ("For shares of before February 2018 the cost is the higher of what was paid and the lower of the highest price of "
     "31 January 2018 and the price of the sale.", True),
    ("Bonus shares cost nothing and have their own day; those of a split or a demerger keep day and cost.", False),
    ("Brokerage, exchange charges, GST and stamp duty reduce a capital gain, the securities transaction tax does not; "
     "both are an expense of speculation.", False),
    ("Short-term losses are set off against short-term, then long-term gains, long-term losses against long-term gains "
     "alone; of two rates in a year, against the higher one first. What is left is carried eight years.", False),
    ("Intraday trades are speculation: their loss is set off against their gains alone, and carried four years. Their "
     "gain is taxed at the rate of the person's income, which is not known here.", True),
    ("The exemption is used after all losses are set off, at the higher rate first.", False),
    ("The cess of 4 % on tax and surcharge is included. The surcharge is the percent that was given, none where none "
     "was: on these gains it is 10 or 15 % where the year's income is over 50 lakh or 1 crore. Marginal relief and "
     "rebates are not included.", False),
    ("Losses of earlier years and of other accounts count as far as they were given, from the year after their own; "
     "others are not known here.", False),
)  # fmt: skip


def rate_on(sold: date) -> Rate:
    """The rates of a day. Raises ValueError for one before October 2004."""
    found = [rate for rate in RATES if rate.since <= sold]
    if not found:
        raise ValueError(f"no tax rates are known for {sold}; the first are of {RATES[0].since}")
    return found[-1]


def exemption_of(year: int) -> Exemption:
    """The exemption of the financial year that begins in April of `year`; none before the first that is known."""
    return [EXEMPTIONS[0], *(one for one in EXEMPTIONS if one.since <= year)][-1]


def year_of(day: date) -> int:
    """The calendar year in which the financial year of a day began."""
    return day.year if day.month >= 4 else day.year - 1


def label(year: int) -> str:
    """`2024-25`."""
    return f"{year}-{(year + 1) % 100:02d}"


def long_from(acquired: date) -> date:
    """The first day on which a sale gives a long-term gain: after twelve months."""
    try:
        anniversary = acquired.replace(year=acquired.year + 1)
    except ValueError:  # the 29th of February
        anniversary = date(acquired.year + 1, 2, 28)
    return date.fromordinal(anniversary.toordinal() + 1)
