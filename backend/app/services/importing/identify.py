"""Bringing instruments up to date with the rows: the pure chains of `identity`, written to the database."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import polars as pl
from sqlalchemy import Connection

from app.repositories import evidence, files, findings, fundamentals, identity_decisions, instruments, prices
from app.services.importing.findings import Rule, derived_finding
from app.services.importing.identity import Chain, Run, Segment, chains, cuts_of, runs_of
from app.services.importing.names import Described, Listing, Masters, describe, reused
from app.services.importing.resolver import PROVISIONAL, Change
from app.services.importing.sectors import sector_name
from app.services.importing.succession import (
    Close,
    Judged,
    judged,
    ordinary_issuer,
    shared_issuers,
    successions,
    with_joins,
)

_NEAR = timedelta(days=30)
_QUIET = timedelta(days=20)  # a pause after which rows may begin a new run
_ALL_ABOVE = 0.3  # of symbols: from here on, working out everything costs no more


@dataclass(slots=True)
class TouchedSymbol:
    """What an import brought for one symbol."""

    first: date
    last: date
    isins: set[str] = field(default_factory=set)


def newest_sectors(entries: Iterable[Any]) -> dict[str, str]:
    """Sector by symbol, under its one name, from the newest dated index list that gives one."""
    found: dict[str, tuple[date, str, str]] = {}
    for entry in entries:
        if entry.symbol and entry.sector:
            candidate = (entry.in_force_on, entry.index_id, entry.sector)
            if entry.symbol not in found or candidate > found[entry.symbol]:
                found[entry.symbol] = candidate
    return {symbol: sector_name(sector) for symbol, (_, _, sector) in found.items()}


def read_masters(connection: Connection, symbols: Sequence[str] | None = None) -> Masters:
    """Evidence about names, of all symbols or some."""
    masters = Masters(sectors=newest_sectors(evidence.index_list_entries(connection)))
    for row in evidence.listed_securities(connection, symbols):
        if row.series is None or not row.series.startswith("P"):  # a preference share goes by the ordinary symbol
            masters.listings[row.symbol].append(
                Listing(row.symbol, row.name, row.instrument_type, row.isin, row.listed_on, row.as_of)
            )
    for row in reversed(fundamentals.dated_listings(connection, symbols)):  # after the exchange's lists, newest first
        masters.listings[row.symbol].append(Listing(row.symbol, row.name, "EQUITY", row.isin, row.listed_on, row.as_of))
        masters.dated_isins[row.symbol].insert(0, (row.as_of, row.isin))
    for row in evidence.name_changes(connection, symbols):
        masters.renames[row.symbol].append((row.effective_on, row.old_name, row.new_name))
    for name, symbol, _ in evidence.company_symbols(connection, symbols):
        masters.company_names[symbol].append(name)
    return masters


def irregular_symbols(connection: Connection, touched: dict[str, TouchedSymbol]) -> set[str]:
    """Symbols whose new rows may change who is who; the others only extend what is known.

    Extends the first and last session of the instruments of the others.
    """
    spans: dict[str, list[tuple[date, date | None, int]]] = defaultdict(list)
    for symbol, first, last, identifier in instruments.symbol_spans(connection):
        spans[symbol].append((first, last, identifier))
    known = {row.id: row for row in instruments.all_instruments(connection)}
    isins = {
        (identifier, isin): (first, last or date.max)
        for identifier, isin, first, last in instruments.isin_spans(connection)
    }
    shared = shared_issuers([(identifier, isin) for identifier, isin in isins])
    near: dict[str, list[date]] = defaultdict(list)
    for old, new, on in evidence.symbol_changes(connection):
        if on is not None:
            near[old].append(on)
            near[new].append(on)
    irregular: set[str] = set()
    bounds: dict[int, tuple[date, date]] = {}
    for symbol, seen in touched.items():
        own = spans.get(symbol, [])
        if len(own) != 1 or own[0][1] is not None or own[0][0] > seen.first:
            irregular.add(symbol)
            continue
        instrument = known[own[0][2]]
        changes = any(seen.first - _NEAR <= on <= seen.last + _NEAR for on in near[symbol])
        late = instrument.last_session is None or seen.last - instrument.last_session > _QUIET
        in_force = (isins.get((instrument.id, isin), (date.max, date.max)) for isin in seen.isins)
        # a price after the span of its ISIN contradicts the list that ended the span
        new_isin = any(first > seen.first or last < seen.last for first, last in in_force)
        if changes or new_isin or instrument.id in shared or (late and not seen.isins):
            irregular.add(symbol)
        else:
            bounds[instrument.id] = (seen.first, seen.last)
    instruments.extend_sessions(connection, bounds)
    return irregular


def _closure(connection: Connection, symbols: set[str], changes: Sequence[Change]) -> set[str] | None:
    """The symbols and all whose identity can hang on theirs; None where that is most of the market."""
    linked: dict[str, set[str]] = defaultdict(set)
    for old, new, _ in changes:
        linked[old].add(new)
        linked[new].add(old)
    by_instrument: dict[int, set[str]] = defaultdict(set)
    total = set()
    for symbol, _, _, identifier in instruments.symbol_spans(connection):
        by_instrument[identifier].add(symbol)
        total.add(symbol)
    by_isin: dict[str, set[str]] = defaultdict(set)
    for identifier, isin, _, _ in instruments.isin_spans(connection):
        by_isin[isin] |= by_instrument[identifier]
    by_issuer: dict[str, set[str]] = defaultdict(set)
    for isin, group in by_isin.items():
        issuer = ordinary_issuer(isin)
        if issuer is not None:
            by_issuer[issuer] |= group
    for group in (*by_instrument.values(), *by_isin.values(), *by_issuer.values()):
        for symbol in group:
            linked[symbol] |= group
    found: set[str] = set()
    open_ = set(symbols)
    while open_:
        found |= open_
        open_ = set().union(*(linked[symbol] for symbol in open_)) - found
        if len(found) > max(200, _ALL_ABOVE * len(total)):
            return None
    return found


def update_identity(connection: Connection, symbols: set[str] | None, new_isins: set[str] | None = None) -> set[str]:
    """Work out the chains of all symbols (None) or of some, and write what changed.

    Returns the symbols of the instruments that changed.
    """
    changes = evidence.symbol_changes(connection)
    if symbols is not None:
        wanted = set(symbols)
        if new_isins:
            wanted |= _symbols_of_isins(connection, new_isins)
        symbols = _closure(connection, wanted, changes)
    rows = prices.identity_rows(connection, cuts_of(changes), None if symbols is None else sorted(symbols))
    masters = read_masters(connection, None if symbols is None else sorted(symbols))
    listed = {
        symbol: sorted({one.listed_on for one in lines if one.listed_on is not None})
        for symbol, lines in masters.listings.items()
    }
    listed_isins: dict[tuple[str, date], set[str]] = defaultdict(set)
    for symbol, lines in masters.listings.items():
        for one in lines:
            if one.listed_on is not None and one.isin is not None:
                listed_isins[symbol, one.listed_on].add(one.isin)
    runs, rows = runs_of(rows)
    found = _with_successions(connection, chains(runs, changes, listed, listed_isins), symbols)
    return _Writer(connection, found, runs, masters).write(rows, everything=symbols is None)


def _with_successions(connection: Connection, found: list[Chain], symbols: set[str] | None) -> list[Chain]:
    """The chains with those joined that go on under another symbol and the next ISIN; each is told."""
    pairs = successions(found)
    ends = [end for pair in pairs for end in (pair.old_end, pair.new_begin)]
    closes = {
        (row.symbol, row.date): Close(row.close, row.prev_close, row.open)
        for row in identity_decisions.bars_at(connection, ends)
    }
    separate = {(row.old_symbol, row.new_symbol) for row in identity_decisions.standing(connection, "SEPARATE")}
    verdicts = judged(pairs, closes, separate)
    rules = (Rule.IDENTITY_INFERRED.value, Rule.SUCCESSOR_NOT_JOINED.value)
    told = [_told(one) for one in verdicts]
    if symbols is None:
        findings.replace_derived(connection, rules, told)
    else:
        findings.replace_about(connection, rules, sorted(symbols), told)
    return with_joins(found, verdicts)


def _told(one: Judged) -> dict[str, Any]:
    (old, last), (new, first) = one.pair.old_end, one.pair.new_begin
    company = (
        f"{old} ended on {last}, {new} began on {first}, and both are ordinary shares of the issuer "
        f"{one.pair.old_isin[:7]} ({one.pair.old_isin}, {one.pair.new_isin}); no list names a change of symbol"
    )
    if one.joined:
        return derived_finding(
            Rule.IDENTITY_INFERRED,
            f"{old} {new}",
            f"{company}. Taken for one: {one.why}",
            f"joined into one history; `smarttrader data identity separate {old} {new}` parts them",
        )
    return derived_finding(
        Rule.SUCCESSOR_NOT_JOINED,
        f"{old} {new}",
        f"{company}. Not taken for one: {one.why}",
        f"left as two; `smarttrader data identity join {old} {new}` makes one history of them",
    )


def _symbols_of_isins(connection: Connection, isins: set[str]) -> set[str]:
    issuers = {ordinary_issuer(isin) for isin in isins} - {None}
    holders = {
        identifier
        for identifier, isin, _, _ in instruments.isin_spans(connection)
        if isin in isins or ordinary_issuer(isin) in issuers
    }
    return {symbol for symbol, _, _, identifier in instruments.symbol_spans(connection) if identifier in holders}


class _Writer:
    """Gives chains their instruments with as few rows moved as possible, and writes what changed."""

    def __init__(self, connection: Connection, found: Sequence[Chain], runs: Sequence[Run], masters: Masters) -> None:
        self._connection = connection
        self._chains = found
        self._runs = runs
        self._masters = masters
        self._existing = {row.id: row for row in instruments.all_instruments(connection)}
        self._days: set[date] = set()

    def write(self, rows: pl.DataFrame, *, everything: bool) -> set[str]:
        held = self._held(rows)
        assigned = self._assign(held)
        moved = self._move(held, assigned)
        merged, aliases = self._merged(held, assigned)
        empty = set(self._existing) - set(assigned.values()) - set(merged) if everything else set()
        # gone before keys are written: a chain may take the key that one of them had
        instruments.merge_instruments(self._connection, merged)
        instruments.drop_instruments(self._connection, empty)
        changed = self._describe(assigned, aliases) | moved | {self._existing[n].symbol for n in {*empty, *merged}}
        instruments.add_aliases(self._connection, aliases)
        files.prices_changed(self._connection, self._days)
        if changed:
            files.bump_versions(self._connection, ["identity"])
        return changed

    def _segments(self) -> list[tuple[int, Segment]]:
        return [(n, segment) for n, chain in enumerate(self._chains) for segment in chain.segments]

    def _held(self, rows: pl.DataFrame) -> pl.DataFrame:
        """(chain, segment, instrument_id, rows): whom the rows of each segment belong to now."""
        place = {
            id(run): (n, position) for position, (n, segment) in enumerate(self._segments()) for run in segment.runs
        }
        table = pl.DataFrame(
            [(number, *place[id(run)]) for number, run in enumerate(self._runs)],
            schema={"run": pl.Int32(), "chain": pl.Int32(), "segment": pl.Int32()},
            orient="row",
        )
        return (
            rows.join(table, on="run")
            .group_by("chain", "segment", "instrument_id")
            .agg(pl.col("rows").sum())
            .sort("chain", "segment", "instrument_id")
        )

    def _assign(self, held: pl.DataFrame) -> dict[int, int]:
        """Instrument by chain: the one with the chain's key, else the one with most of its rows, else a new one."""
        totals = held.group_by("chain", "instrument_id").agg(pl.col("rows").sum()).rows()
        ranked = sorted(
            totals,
            key=lambda row: (
                self._existing[row[1]].key != self._chains[row[0]].key,
                -row[2],
                self._chains[row[0]].key,
                row[1],
            ),
        )
        assigned: dict[int, int] = {}
        taken: set[int] = set()
        for chain, identifier, _ in ranked:
            if chain not in assigned and identifier not in taken:
                assigned[chain] = identifier
                taken.add(identifier)
        new = [n for n in range(len(self._chains)) if n not in assigned]
        created = instruments.add_instruments(
            self._connection,
            [
                {
                    "key": PROVISIONAL + self._chains[n].key[:15],
                    "symbol": self._chains[n].segments[-1].symbol,
                    "instrument_type": "OTHER",
                }
                for n in new
            ],
        )
        assigned.update(zip(new, created, strict=True))
        return assigned

    def _move(self, held: pl.DataFrame, assigned: dict[int, int]) -> set[str]:
        pieces = self._segments()
        wrong = {position for chain, position, identifier, _ in held.rows() if assigned[chain] != identifier}
        for position in sorted(wrong):
            chain, segment = pieces[position]
            self._days.update(
                prices.move_rows(self._connection, segment.symbol, segment.first, segment.last, assigned[chain])
            )
        return {pieces[position][1].symbol for position in wrong}

    def _merged(self, held: pl.DataFrame, assigned: dict[int, int]) -> tuple[dict[int, int], dict[str, int]]:
        kept = set(assigned.values())
        merged: dict[int, int] = {}
        totals = held.group_by("chain", "instrument_id").agg(pl.col("rows").sum()).sort("rows", "chain").rows()
        for chain, identifier, _ in totals:  # ascending: the chain with most of its rows comes last
            if identifier not in kept:
                merged[identifier] = assigned[chain]
        aliases = {
            self._existing[old].key: new
            for old, new in merged.items()
            if not self._existing[old].key.startswith(PROVISIONAL)
        }
        return merged, aliases

    def _describe(self, assigned: dict[int, int], aliases: dict[str, int]) -> set[str]:
        """Write rows and dated names that differ from what is stored; the symbols of those."""
        taken_over = reused(self._chains)
        described = {assigned[n]: describe(chain, self._masters, taken_over) for n, chain in enumerate(self._chains)}
        stored = instruments.stored_names(self._connection, list(described))
        changed: list[int] = []
        for identifier, one in described.items():
            before = self._existing.get(identifier)
            row = None if before is None else {name: getattr(before, name) for name in one.row}
            names = {"instrument_symbols": one.symbols, "instrument_names": one.names, "instrument_isins": one.isins}
            if row != one.row or any(stored[table].get(identifier, []) != spans for table, spans in names.items()):
                changed.append(identifier)
                if before is not None and before.key != one.row["key"] and not before.key.startswith(PROVISIONAL):
                    aliases[before.key] = identifier
        instruments.update_instruments(self._connection, [{**described[n].row, "id": n} for n in changed])
        instruments.replace_names(self._connection, changed, _name_rows(described, changed))
        return {symbol for n in changed for _, _, symbol in described[n].symbols}


def _name_rows(described: dict[int, Described], ids: Sequence[int]) -> dict[str, list[dict[str, Any]]]:
    columns = (
        ("instrument_symbols", "symbol", "symbols"),
        ("instrument_names", "name", "names"),
        ("instrument_isins", "isin", "isins"),
    )
    return {
        table: [
            {"instrument_id": n, "valid_from": first, "valid_to": last, column: value}
            for n in ids
            for first, last, value in getattr(described[n], attribute)
        ]
        for table, column, attribute in columns
    }
