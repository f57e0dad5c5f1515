"""Indices by the names people and files give them: one id each, that of the membership lists."""

from __future__ import annotations

import re

# id: name as the index owner writes it
_NAMES = {
    "NIFTY50": "NIFTY 50",
    "NIFTYNEXT50": "NIFTY NEXT 50",
    "NIFTY100": "NIFTY 100",
    "NIFTY200": "NIFTY 200",
    "NIFTY500": "NIFTY 500",
    "NIFTYBANK": "NIFTY BANK",
    "NIFTYFINANCIALSERVICES": "NIFTY FINANCIAL SERVICES",
    "NIFTYIT": "NIFTY IT",
    "NIFTYPHARMA": "NIFTY PHARMA",
    "NIFTYAUTO": "NIFTY AUTO",
    "NIFTYFMCG": "NIFTY FMCG",
    "NIFTYMETAL": "NIFTY METAL",
    "NIFTYMEDIA": "NIFTY MEDIA",
    "NIFTYREALTY": "NIFTY REALTY",
    "NIFTYENERGY": "NIFTY ENERGY",
    "NIFTYINFRASTRUCTURE": "NIFTY INFRASTRUCTURE",
    "NIFTYPSUBANK": "NIFTY PSU BANK",
    "NIFTYPRIVATEBANK": "NIFTY PRIVATE BANK",
    "NIFTYMIDCAP50": "NIFTY MIDCAP 50",
    "NIFTYMIDCAP100": "NIFTY MIDCAP 100",
    "NIFTYMIDCAP150": "NIFTY MIDCAP 150",
    "NIFTYMIDCAPSELECT": "NIFTY MIDCAP SELECT",
    "NIFTYSMALLCAP100": "NIFTY SMALLCAP 100",
    "NIFTYSMALLCAP250": "NIFTY SMALLCAP 250",
    "NIFTYTOTALMARKET": "NIFTY TOTAL MARKET",
    "INDIAVIX": "INDIA VIX",
}
_ALIASES = {
    "NIFTY": "NIFTY50",
    "NSEI": "NIFTY50",
    "BANKNIFTY": "NIFTYBANK",
    "NSEBANK": "NIFTYBANK",
    "FINNIFTY": "NIFTYFINANCIALSERVICES",
    "NIFTYFINSERVICE": "NIFTYFINANCIALSERVICES",
    "MIDCPNIFTY": "NIFTYMIDCAPSELECT",
    "VIX": "INDIAVIX",
    "NIFTYJR": "NIFTYNEXT50",
    # until 2013 and until 2015 the index owner wrote these
    "SPCNXNIFTY": "NIFTY50",
    "CNXNIFTY": "NIFTY50",
    "CNXNIFTYJUNIOR": "NIFTYNEXT50",
    "CNX100": "NIFTY100",
    "CNX200": "NIFTY200",
    "SPCNX500": "NIFTY500",
    "CNX500": "NIFTY500",
    "CNXBANK": "NIFTYBANK",
    "CNXIT": "NIFTYIT",
    "CNXPHARMA": "NIFTYPHARMA",
    "CNXAUTO": "NIFTYAUTO",
    "CNXFMCG": "NIFTYFMCG",
    "CNXMETAL": "NIFTYMETAL",
    "CNXREALTY": "NIFTYREALTY",
    "CNXENERGY": "NIFTYENERGY",
    "CNXPSUBANK": "NIFTYPSUBANK",
}


def canonical(name: str) -> str:
    """The id of an index by any of its names; a name that is none of them comes back in capitals without signs."""
    key = re.sub(r"[^A-Z0-9]", "", name.upper())
    return _ALIASES.get(key, key)


def known_index(name: str) -> str | None:
    """The id where the whole of `name` is a name of an index, else None."""
    found = canonical(name)
    return found if found in _NAMES else None


def index_name(index_id: str) -> str:
    """The written name of an id; the id itself where none is known."""
    return _NAMES.get(index_id, index_id)


def written_name(index_id: str, stored: str) -> str:
    """The name of an index as people read it: the one a list gave, unless that gave the id alone."""
    return index_name(index_id) if stored == index_id else stored


def index_in(text: str) -> str | None:
    """The index that a file's or folder's name speaks of: the longest run of its words that is one, or None."""
    words = [word for word in re.split(r"[^A-Za-z0-9]+", text) if word]
    for length in range(min(4, len(words)), 0, -1):
        for start in range(len(words) - length + 1):
            found = known_index("".join(words[start : start + length]))
            if found is not None:
                return found
    return None
