"""Which instrument a row belongs to while it is loaded, before identity is worked out as a whole.

Known dated symbols answer first. A symbol not met before is followed through the listed symbol changes to the name it
ends with, so that the parts of a renamed stock meet in one instrument at once and hardly a row has to move afterwards.
"""

from __future__ import annotations

import bisect
import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta

import polars as pl

PROVISIONAL = "~"
LIST_TOLERANCE = timedelta(days=10)  # a listed date and the day the rows change can lie this far apart
_LONGEST_CHAIN = 20
_ANY_ID = 2**62  # after every id

Change = tuple[str, str, date | None]
NewInstruments = Callable[[Sequence[tuple[str, str, date]]], list[int]]


class Resolver:
    """Maps (symbol, date) to instrument ids, making instruments as needed through `create`.

    `create` gets (provisional key, symbol, first session) and returns ids in that order.
    """

    def __init__(
        self, spans: Iterable[tuple[str, date, date | None, int]], changes: Iterable[Change], create: NewInstruments
    ) -> None:
        self._create = create
        self._entries: dict[str, list[tuple[date, int]]] = defaultdict(list)
        for symbol, first, _, identifier in spans:
            bisect.insort(self._entries[symbol], (first, identifier))
        self._changes: dict[str, list[tuple[date, str]]] = defaultdict(list)
        for old, new, on in changes:
            if on is not None:
                bisect.insort(self._changes[old], (on, new))

    def resolve(self, frame: pl.DataFrame, sha256: str) -> pl.Series:
        """Instrument ids of a frame's rows (columns symbol, date)."""
        symbols: list[str] = frame["symbol"].to_list()
        wanted = set(symbols)
        new = [symbol for symbol in wanted if symbol not in self._entries]
        if new:
            rows = frame.filter(pl.col("symbol").is_in(new)).group_by("symbol")
            bounds = rows.agg(pl.col("date").min().alias("first"), pl.col("date").max().alias("last"))
            self._make_entries(sorted(bounds.rows()), sha256)
        first, last = frame["date"].min(), frame["date"].max()
        assert isinstance(first, date) and isinstance(last, date)
        places = {symbol: self._place(symbol, first) for symbol in wanted}
        if all(place == self._place(symbol, last) for symbol, place in places.items()):
            ids = {symbol: self._entries[symbol][place][1] for symbol, place in places.items()}
            return pl.Series("instrument_id", list(map(ids.__getitem__, symbols)), pl.Int32)
        table = pl.DataFrame(
            [
                # rows before the first known day belong to the first instrument
                (symbol, date.min if n == 0 else first, identifier)
                for symbol in sorted(wanted)
                for n, (first, identifier) in enumerate(self._entries[symbol])
            ],
            schema={"symbol": pl.String(), "date": pl.Date(), "instrument_id": pl.Int32()},
            orient="row",
        ).sort("date")
        indexed = frame.select("symbol", "date").with_row_index("n").sort("date")
        joined = indexed.join_asof(table, on="date", by="symbol", strategy="backward", check_sortedness=False)
        return joined.sort("n")["instrument_id"]

    def _make_entries(self, bounds: Sequence[tuple[str, date, date]], sha256: str) -> None:
        """Make entries for the days between its bounds for each symbol; they have none yet."""
        asked: dict[tuple[str, date], list[tuple[str, date]]] = {}
        for symbol, first, last in bounds:
            starts = [first]
            starts += [on + LIST_TOLERANCE for on, _ in self._changes[symbol] if first < on + LIST_TOLERANCE <= last]
            for start in starts:
                asked.setdefault(self._end_of_chain(symbol, start), []).append((symbol, start))
        missing = []
        for (end, since), uses in asked.items():
            known = self._lookup(end, since)
            if known is not None:
                for symbol, start in uses:
                    bisect.insort(self._entries[symbol], (start, known))
            else:
                missing.append(((end, since), uses))
        new = []
        for _, uses in missing:
            symbol, start = uses[0]
            digest = hashlib.sha256(f"{sha256}|{symbol}|{start}".encode()).hexdigest()
            new.append((PROVISIONAL + digest[:15], symbol, start))
        for ((end, since), uses), identifier in zip(missing, self._create(new) if new else [], strict=True):
            for symbol, start in uses:
                bisect.insort(self._entries[symbol], (start, identifier))
            if end not in self._entries:
                bisect.insort(self._entries[end], (since, identifier))

    def _place(self, symbol: str, on: date) -> int:
        """Which of a symbol's entries holds on a day; before the first one, that."""
        entries = self._entries[symbol]
        return max(bisect.bisect_right(entries, (on, _ANY_ID)) - 1, 0) if len(entries) > 1 else 0

    def _lookup(self, symbol: str, since: date) -> int | None:
        return self._entries[symbol][self._place(symbol, since)][1] if symbol in self._entries else None

    def _end_of_chain(self, symbol: str, on: date) -> tuple[str, date]:
        """The last name of what traded as `symbol` on a day, and the day it took that name."""
        seen = {symbol}
        for _ in range(_LONGEST_CHAIN):
            following = next(((day, new) for day, new in self._changes[symbol] if day + LIST_TOLERANCE > on), None)
            if following is None or following[1] in seen:
                return symbol, on
            on, symbol = following
            seen.add(symbol)
        return symbol, on
