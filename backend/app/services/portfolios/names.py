"""Shares by name: what a symbol or an ISIN meant on a day, and what an instrument is called now."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from difflib import get_close_matches

from sqlalchemy.orm import Session

from app.exceptions import ValidationError
from app.repositories.portfolios import PortfolioRepository
from app.services.panel import Panel
from app.services.panel.panel import InstrumentInfo
from app.services.universe import find_instrument

_NEAR, _NEAR_ENOUGH = 5, 0.6
_SUFFIXES = ("-EQ", "-BE", "-BZ", ".NS", ".BO")  # what brokers and data vendors hang on a symbol


class Names:
    """The instruments of a panel, for one request."""

    def __init__(self, panel: Panel, session: Session) -> None:
        self.panel = panel
        self._session = session
        self._moved: dict[str, str] = {}
        self._near: dict[str, list[str]] = {}
        self._isins: dict[str, str] | None = None

    def find(self, symbol: str, on: date | None, isin: str | None = None) -> str | None:
        """The key of the share that had an ISIN, or had a symbol on a day; None: neither is known."""
        wanted = bare(symbol)
        for code in (isin, wanted):
            found = self._by_isin().get(code.strip().upper()) if code and len(code.strip()) == 12 else None
            if found is not None:
                return found
        return find_instrument(self.panel, wanted, on)

    def need(self, symbol: str, on: date | None, field: str, isin: str | None = None) -> str:
        """As `find`; ValidationError names what is near where nothing is known."""
        key = self.find(symbol, on, isin)
        if key is None:
            raise ValidationError(self.unknown(symbol, field), field, details={"near": self.near(symbol)})
        return key

    def near(self, symbol: str) -> list[str]:
        """Symbols like one that is unknown, the most alike first; of today and of before."""
        if symbol not in self._near:
            known = {name for key in self.panel.keys for _, _, name in self.panel.instruments[key].names}
            self._near[symbol] = get_close_matches(bare(symbol), sorted(known), n=_NEAR, cutoff=_NEAR_ENOUGH)
        return self._near[symbol]

    def unknown(self, symbol: str, field: str) -> str:
        """The sentence about a symbol that is unknown."""
        if not self.panel.keys:
            return f"{field}: no share is known yet, so {symbol[:40]!a} is not: import market data first"
        near = self.near(symbol)
        told = f"; did you mean {', '.join(near)}?" if near else ""
        return f"{field}: no share has or had the symbol {symbol[:40]!a}{told}"

    def resolve(self, keys: Iterable[str]) -> None:
        """Look up, at once, what keys of before have become."""
        missing = {key for key in keys if key not in self.panel.instruments and key not in self._moved}
        if missing:
            self._moved |= PortfolioRepository(self._session).current_keys(missing)

    def current(self, key: str) -> str:
        """A key as it is now; itself where nothing else is known."""
        if key in self.panel.instruments:
            return key
        self.resolve((key,))
        return self._moved.get(key, key)

    def info(self, key: str) -> InstrumentInfo | None:
        """What the panel knows of a share; None where its data went."""
        return self.panel.instruments.get(self.current(key))

    def _by_isin(self) -> dict[str, str]:
        if self._isins is None:
            known = PortfolioRepository(self._session).isins()
            self._isins = {isin: key for isin, key in known.items() if key in self.panel.instruments}
        return self._isins


def bare(symbol: str) -> str:
    """A symbol without what brokers put around it: `NSE:SBIN-EQ` and `SBIN.NS` are SBIN."""
    text = symbol.strip().upper().removeprefix("NSE:").removeprefix("BSE:")
    for suffix in _SUFFIXES:
        if text.endswith(suffix) and len(text) > len(suffix):
            return text.removesuffix(suffix)
    return text
