"""What follows from stored rows and evidence: identity, membership, factors, jumps. Worked out once after an import.

A flag in the database says that it is due; it is set with the first file stored and cleared when all is done, so that
the next start or import completes what a killed one left.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import polars as pl
from sqlalchemy import Connection, Engine

from app.repositories import evidence, files, findings, instruments
from app.repositories.prices import ONE_ISIN_SERIES
from app.services.importing import corporate, dividends, exchanged
from app.services.importing.adjustments import SUSPENSION
from app.services.importing.findings import Rule
from app.services.importing.identify import TouchedSymbol, irregular_symbols, newest_sectors, update_identity
from app.services.importing.index_members import update_membership
from app.services.importing.listed_actions import BAR_DAYS
from app.services.importing.lookup import Lookup, name_key
from app.services.importing.readers import DERIVED
from app.services.importing.session_findings import update_sessions

__all__ = ["Touched", "after_import", "everything", "newest_sectors"]

Progress = Callable[[float, str], None]
_ENOUGH_ROWS = 100_000


@dataclass(slots=True)
class Touched:
    """What an import brought, as far as it decides what has to be worked out again."""

    identity: bool = False
    membership: bool = False
    actions: bool = False
    moves: bool = False  # figures that tell of moves of any day: restated levels, counts of shares, ISINs
    _symbols: dict[str, TouchedSymbol] = field(default_factory=dict)
    _waiting: list[pl.DataFrame] = field(default_factory=list)
    _waiting_rows: int = 0

    def add_prices(self, frame: pl.DataFrame) -> None:
        """Note the rows of a stored price file."""
        self._waiting.append(frame[["symbol", "series", "date", "isin"]])
        self._waiting_rows += frame.height
        if self._waiting_rows >= _ENOUGH_ROWS:
            self._note()

    def _note(self) -> None:
        """Work off the rows that wait: many small files together take hardly longer than one."""
        if not self._waiting:
            return
        frame = pl.concat(self._waiting)
        self._waiting, self._waiting_rows = [], 0
        grouped = frame.group_by("symbol").agg(
            pl.col("date").min().alias("first"),
            pl.col("date").max().alias("last"),
            pl.col("isin").filter(pl.col("series").is_in(ONE_ISIN_SERIES)).drop_nulls().unique(),
        )
        for symbol, first, last, isins in grouped.rows():
            seen = self._symbols.get(symbol)
            if seen is None:
                self._symbols[symbol] = TouchedSymbol(first, last, set(isins))
            else:
                seen.first, seen.last = min(seen.first, first), max(seen.last, last)
                seen.isins.update(isins)

    @property
    def symbols(self) -> dict[str, TouchedSymbol]:
        """What came of each symbol."""
        self._note()
        return self._symbols

    @property
    def anything(self) -> bool:
        """Whether a file was stored at all."""
        return self.identity or self.membership or self.actions or self.moves or bool(self.symbols)


def after_import(engine: Engine, touched: Touched, progress: Progress, seconds: dict[str, float]) -> None:
    """Bring what is derived up to date with an import."""
    with engine.connect() as connection:
        pending = files.is_pending(connection, DERIVED)
    if not touched.anything and not pending:
        return
    began = time.perf_counter()
    progress(0.0, "working out who is who")
    with engine.begin() as connection:
        symbols: set[str] = set()
        if touched.identity or touched.membership:  # sectors come from index lists
            symbols = update_identity(connection, None)
        elif touched.symbols:
            irregular = irregular_symbols(connection, touched.symbols)
            isins = set().union(*(touched.symbols[symbol].isins for symbol in irregular))
            symbols = update_identity(connection, irregular, isins) if irregular else set()
        scope = _scope(connection, touched, symbols)
    seconds["identity"] = time.perf_counter() - began
    _derive_rest(engine, progress, seconds, scope)


def everything(engine: Engine, progress: Progress = lambda _fraction, _message: None) -> None:
    """Work out all that is derived."""
    progress(0.0, "working out who is who")
    with engine.begin() as connection:
        update_identity(connection, None)
    _derive_rest(engine, progress, {}, _Scope(membership=True, actions=True))


@dataclass(frozen=True, slots=True)
class _Scope:
    """What has to be worked out again; jumps of all days where `window` is None, else of those days and symbols."""

    membership: bool
    actions: bool
    window: tuple[date, date] | None = None
    symbols: tuple[str, ...] = ()
    prices: bool = True  # whether price files came


def _scope(connection: Connection, touched: Touched, symbols: set[str]) -> _Scope:
    """What new rows and changed instruments can have an effect on."""
    changed = sorted(symbols)
    membership = touched.membership or (bool(changed) and evidence.indices_mention(connection, changed))
    if touched.identity or touched.membership or touched.moves or not touched.symbols:
        # ISINs of lists are evidence about any day
        membership = membership or _named(connection, changed)
        return _Scope(membership, actions=True, prices=bool(touched.symbols))
    first = min(seen.first for seen in touched.symbols.values())
    last = max(seen.last for seen in touched.symbols.values())
    window = first, last + SUSPENSION + timedelta(days=1)  # a new day may end the pause before a later one
    looked_at = corporate.looked_at(connection, window, changed)
    actions_ = touched.actions or _actions_near(connection, (first, last)) or _speak_of(connection, looked_at)
    return _Scope(membership or _named(connection, changed), actions_, window, looked_at)


def _named(connection: Connection, symbols: Sequence[str]) -> bool:
    """Whether a list of members or actions speaks of companies of these symbols by their names."""
    names = {name_key(name) for name, _, _ in evidence.company_symbols(connection, list(symbols))} if symbols else set()
    return bool(names) and any(name_key(name) in names for name in evidence.company_names(connection))


def _speak_of(connection: Connection, symbols: Sequence[str]) -> bool:
    """Whether a listed action speaks of any of these symbols, or of their company."""
    return bool(symbols) and (evidence.actions_mention(connection, symbols) or _named(connection, symbols))


def _derive_rest(engine: Engine, progress: Progress, seconds: dict[str, float], scope: _Scope) -> None:
    began = time.perf_counter()
    with engine.begin() as connection:
        found: list[dict[str, Any]] = []
        lookup = Lookup((), ())
        if scope.membership or scope.actions:
            lookup = Lookup(instruments.symbol_spans(connection), evidence.company_symbols(connection))
        if scope.membership:
            progress(0.5, "working out index membership")
            if update_membership(connection, lookup, found):
                files.bump_versions(connection, ["membership"])
            findings.replace_derived(connection, [Rule.MEMBER_NOT_RESOLVED.value], found)
        seconds["membership"] = time.perf_counter() - began
        began = time.perf_counter()
        progress(0.7, "checking splits and bonuses against prices")
        judged: list[dict[str, Any]] = []
        changed = corporate.update(connection, lookup if scope.actions else None, scope.window, scope.symbols, judged)
        if scope.actions:
            rules = (Rule.FACTOR_CONTRADICTED, Rule.FACTOR_SOURCES_DISAGREE, Rule.RIGHTS_NOT_ADJUSTED)
            findings.replace_derived(connection, [rule.value for rule in rules], judged)
            new, told = dividends.update_dividends(connection, lookup)
            changed = changed or new
            about = (Rule.DIVIDEND_RESTATED, Rule.DIVIDEND_SOURCES_DISAGREE)
            findings.replace_derived(connection, [rule.value for rule in about], told)
        if changed:
            files.bump_versions(connection, ["actions"])
        update_sessions(connection)
        if scope.prices:
            exchanged.update(connection, scope.window)
        files.clear_pending(connection, DERIVED)
        seconds["actions"] = time.perf_counter() - began


def _actions_near(connection: Connection, window: tuple[date, date]) -> bool:
    near = timedelta(days=BAR_DAYS)  # and all that is looked at again
    return evidence.has_factors(connection, window[0] - near - corporate.BACK, window[1] + near + corporate.FORWARD)
