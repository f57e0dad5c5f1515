"""Sectors by the one name each has, whatever list they were read in.

The lists of NSE Indices named sectors by an older classification until 2022, in capitals; since then by the sectors of
the industry classification it shares with the other exchange ("Industry Classification Structure", NSE Indices). An
older name that is wholly within a newer sector is that sector; one that was divided (CONSUMER GOODS: Consumer Durables
and Fast Moving Consumer Goods) stays what it was.
"""

from __future__ import annotations

from typing import Final

SECTORS: Final = (
    "Automobile and Auto Components",
    "Capital Goods",
    "Chemicals",
    "Construction",
    "Construction Materials",
    "Consumer Durables",
    "Consumer Services",
    "Diversified",
    "Fast Moving Consumer Goods",
    "Financial Services",
    "Forest Materials",
    "Healthcare",
    "Information Technology",
    "Media Entertainment & Publication",
    "Metals & Mining",
    "Oil Gas & Consumable Fuels",
    "Power",
    "Realty",
    "Services",
    "Telecommunication",
    "Textiles",
    "Utilities",
)
OLDER: Final = {
    "AUTOMOBILE": "Automobile and Auto Components",
    "CEMENT & CEMENT PRODUCTS": "Construction Materials",
    "FERTILISERS & PESTICIDES": "Chemicals",
    "HEALTHCARE SERVICES": "Healthcare",
    "INDUSTRIAL MANUFACTURING": "Capital Goods",
    "IT": "Information Technology",
    "METALS": "Metals & Mining",
    "OIL & GAS": "Oil Gas & Consumable Fuels",
    "PHARMA": "Healthcare",
    "TELECOM": "Telecommunication",
}
_NAMES: Final = {name.casefold(): name for name in SECTORS} | {old.casefold(): name for old, name in OLDER.items()}


def sector_name(text: str) -> str:
    """The name of a sector by any name lists give it; of one that is not known, the text itself in single spaces."""
    plain = " ".join(text.split())
    return _NAMES.get(plain.casefold(), plain)
