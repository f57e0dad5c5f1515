"""From a symbol or a company's name, and a day, to an instrument. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from datetime import date

_WORDS = {"limited": "ltd", "company": "co", "corporation": "corp", "and": "", "the": ""}


def name_key(name: str) -> str:
    """A company's name as it is compared: small letters, no signs or blanks, the usual abbreviations."""
    words = re.sub(r"[^a-z0-9 ]", " ", name.lower().replace("\xa0", " ").replace("'", "")).split()
    return "".join(_WORDS.get(word, word) for word in words)


class Lookup:
    """Dated symbols of instruments, and names that lists give to symbols."""

    def __init__(
        self,
        spans: Iterable[tuple[str, date, date | None, int]],
        names: Iterable[tuple[str, str, date | None]] = (),
    ) -> None:
        self._spans: dict[str, list[tuple[date, date | None, int]]] = defaultdict(list)
        self._symbols: dict[int, list[tuple[date, date | None, str]]] = defaultdict(list)
        for symbol, first, last, identifier in sorted(spans, key=lambda span: (span[0], span[1])):
            self._spans[symbol].append((first, last, identifier))
            self._symbols[identifier].append((first, last, symbol))
        for own in self._symbols.values():
            own.sort(key=lambda span: span[0])
        self._names: dict[str, list[tuple[date, str]]] = defaultdict(list)
        for name, symbol, as_of in names:
            self._names[name_key(name)].append((as_of or date.min, symbol))
        for entries in self._names.values():
            entries.sort()

    def by_symbol(self, symbol: str, day: date) -> int | None:
        """The instrument that had the symbol on a day, else the one that had it nearest to it."""
        spans = self._spans.get(symbol)
        if not spans:
            return None

        def distance(span: tuple[date, date | None, int]) -> int:
            first, last, _ = span
            if day < first:
                return (first - day).days
            return 0 if last is None or day <= last else (day - last).days

        return min(spans, key=lambda span: (distance(span), span[0]))[2]

    def symbol_of_name(self, name: str, day: date) -> tuple[str, date] | None:
        """(symbol, day of the list) that the first list after a day gives to a name, else the last list before."""
        entries = self._names.get(name_key(name))
        if not entries:
            return None
        as_of, symbol = next((entry for entry in entries if entry[0] >= day), entries[-1])
        return symbol, as_of

    def by_name(self, name: str, day: date) -> int | None:
        """The instrument of a company, by its name as of a day."""
        found = self.symbol_of_name(name, day)
        return None if found is None else self.by_symbol(found[0], found[1])

    def symbol_on(self, identifier: int, day: date) -> str | None:
        """What an instrument was called on a day; before its first, its first name."""
        spans = self._symbols.get(identifier)
        if not spans:
            return None
        name = spans[0][2]
        for first, _, symbol in spans:
            if first <= day:
                name = symbol
        return name
