"""What follows from stored rows and evidence: identity, membership, factors, jumps. Worked out once after an import.

A flag in the database says that it is due; it is set with the first file stored and cleared when all is done, so that
the next start or import completes what a killed one left.
"""

from __future__ import annotations

import hashlib
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import polars as pl
from sqlalchemy import Connection, Engine

from app.repositories import actions, evidence, files, findings, instruments
from app.repositories.prices import ONE_ISIN_SERIES
from app.services.importing import decisions, dividends
from app.services.importing.adjustments import (
    JUMP_ABOVE,
    JUMP_BELOW,
    SUSPENSION,
    Bar,
    Judged,
    Jump,
    Listed,
    judge,
    unexplained,
)
from app.services.importing.findings import Rule, Severity
from app.services.importing.identify import TouchedSymbol, irregular_symbols, newest_sectors, update_identity
from app.services.importing.index_members import update_membership
from app.services.importing.lookup import Lookup, name_key

__all__ = ["Touched", "after_import", "everything", "newest_sectors"]

Progress = Callable[[float, str], None]
_DERIVED_FINDINGS = (Rule.FACTOR_CONTRADICTED, Rule.FACTOR_SOURCES_DISAGREE, Rule.MEMBER_NOT_RESOLVED)
_BAR_DAYS = 16
_ENOUGH_ROWS = 100_000
_SERIES_ORDER = {"EQ": 0, "BE": 1, "BZ": 2}


@dataclass(slots=True)
class Touched:
    """What an import brought, as far as it decides what has to be worked out again."""

    identity: bool = False
    membership: bool = False
    actions: bool = False
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
        return self.identity or self.membership or self.actions or bool(self.symbols)


def after_import(engine: Engine, touched: Touched, progress: Progress, seconds: dict[str, float]) -> None:
    """Bring what is derived up to date with an import."""
    with engine.connect() as connection:
        pending = files.is_pending(connection)
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


def _scope(connection: Connection, touched: Touched, symbols: set[str]) -> _Scope:
    """What new rows and changed instruments can have an effect on."""
    changed = sorted(symbols)
    names = {name_key(name) for name, _, _ in evidence.company_symbols(connection, changed)} if changed else set()
    named = bool(names) and any(name_key(name) in names for name in evidence.company_names(connection))
    membership = touched.membership or named or (bool(changed) and evidence.indices_mention(connection, changed))
    actions_ = touched.actions or named or (bool(changed) and evidence.actions_mention(connection, changed))
    if not touched.symbols:
        return _Scope(membership, actions_)
    first = min(seen.first for seen in touched.symbols.values())
    last = max(seen.last for seen in touched.symbols.values())
    actions_ = actions_ or _actions_near(connection, (first, last))
    # a new day may end the pause before a later one
    return _Scope(membership, actions_, (first, last + SUSPENSION + timedelta(days=1)), tuple(changed))


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
        changed = False
        if scope.actions:
            judged: list[dict[str, Any]] = []
            changed = update_actions(connection, lookup, judged)
            rules = [Rule.FACTOR_CONTRADICTED.value, Rule.FACTOR_SOURCES_DISAGREE.value]
            findings.replace_derived(connection, rules, judged)
            new, disagreeing = dividends.update_dividends(connection, lookup)
            changed = changed or new
            _tell_dividends(connection, disagreeing)
        window = None if changed else scope.window
        changed = update_jumps(connection, window, scope.symbols) or changed
        if changed:
            files.bump_versions(connection, ["actions"])
        files.clear_pending(connection)
        seconds["actions"] = time.perf_counter() - began


def _actions_near(connection: Connection, window: tuple[date, date]) -> bool:
    near = timedelta(days=_BAR_DAYS)
    return evidence.has_factors(connection, window[0] - near, window[1] + near)


def _finding(
    rule: Rule,
    subject: str,
    message: str,
    action: str,
    severity: Severity,
    line: int | None = None,
    sha256: str | None = None,
) -> dict[str, Any]:
    return {
        "sha256": sha256 or hashlib.sha256(f"{rule}|{subject}".encode()).hexdigest(),
        "file_name": "derived from all files",
        "file_id": None,
        "line": line,
        "rule": rule.value,
        "severity": severity.value,
        "subject": subject,
        "message": message,
        "action": action,
    }


# --- corporate actions --------------------------------------------------------------------------------------------


def _resolved_actions(connection: Connection, lookup: Lookup) -> list[Listed]:
    listed = []
    for row in evidence.corporate_actions(connection).iter_rows(named=True):
        if row["factor"] is None:
            continue
        symbol, day = row["symbol"], row["ex_date"]
        instrument = lookup.by_symbol(symbol, day) if symbol else lookup.by_name(row["company_name"], date.max)
        if instrument is not None:
            listed.append(
                Listed(
                    instrument,
                    day,
                    row["kind"],
                    row["factor"],
                    row["source"],
                    row["purpose"],
                    row["sha256"],
                    row["line"],
                )
            )
    return listed


def update_actions(connection: Connection, lookup: Lookup, found: list[dict[str, Any]]) -> bool:
    """Judge all listed actions by the prices stored; whether factors changed. Adds findings."""
    listed = _resolved_actions(connection, lookup)
    bars = _bars(connection, lookup, listed)
    judged = judge(listed, bars)
    names = {row.id: row.symbol for row in instruments.all_instruments(connection)}
    found += _action_findings(judged, names)
    rows = [
        {
            "instrument_id": one.instrument,
            "ex_date": one.ex_date,
            "factor": one.factor,
            "tier": "LISTED",
            "purpose": one.purpose,
            "known_at": one.ex_date,
            "evidence": {
                "sources": list(one.sources),
                "listed_ex_dates": [day.isoformat() for day in one.listed_on],
                "previous_close_over_open": round(one.ratio, 6),
            },
        }
        for one in judged.accepted
    ]
    rows, _ = decisions.apply(rows, [], decisions.load(connection))
    return actions.replace_factors(connection, rows)


def _bars(connection: Connection, lookup: Lookup, listed: Sequence[Listed]) -> dict[int, list[Bar]]:
    wanted = {
        (symbol, one.instrument, one.ex_date)
        for one in listed
        for day in (one.ex_date - timedelta(days=_BAR_DAYS), one.ex_date + timedelta(days=_BAR_DAYS))
        if (symbol := lookup.symbol_on(one.instrument, day)) is not None
    }
    if not wanted:
        return {}
    frame = pl.DataFrame(
        sorted(wanted), schema={"symbol": pl.String(), "instrument_id": pl.Int32(), "on": pl.Date()}, orient="row"
    )
    rows = actions.bars_near(connection, frame, _BAR_DAYS)
    rows = (
        rows.with_columns(
            pl.col("series").replace_strict(_SERIES_ORDER, default=9, return_dtype=pl.Int8).alias("order")
        )
        .sort("instrument_id", "date", "order", "series")
        .unique(["instrument_id", "date"], keep="first", maintain_order=True)
    )
    bars: dict[int, list[Bar]] = defaultdict(list)
    for row in rows.iter_rows(named=True):
        bars[row["instrument_id"]].append(Bar(row["date"], row["open"], row["close"], row["prev_close"]))
    return bars


def _tell_dividends(connection: Connection, disagreeing: Sequence[dict[str, Any]]) -> None:
    names = {row.id: row.symbol for row in instruments.all_instruments(connection)} if disagreeing else {}
    found = []
    for row in disagreeing:
        symbol, ex_date = names[row["instrument_id"]], row["ex_date"]
        told = "; ".join(f"{one['source']}: {one['amount']}" for one in row["evidence"])
        message = f"{symbol}: the sources differ on the dividend of {ex_date}, in rupees of that day: {told}"
        action = f"{row['source']} is used"
        rule = Rule.DIVIDEND_SOURCES_DISAGREE
        found.append(_finding(rule, f"{symbol} {ex_date}", message, action, Severity.NOTE))
    findings.replace_derived(connection, [Rule.DIVIDEND_SOURCES_DISAGREE.value], found)


def _action_findings(judged: Judged, names: dict[int, str]) -> list[dict[str, Any]]:
    found = []
    for one in judged.rejected:
        factors = ", ".join(f"{factor:g}" for factor in one.factors)
        found.append(
            _finding(
                Rule.FACTOR_CONTRADICTED,
                f"{names[one.instrument]} {one.ex_date}",
                f"{names[one.instrument]}: {one.first.source} lists factor {factors} for {one.first.ex_date} "
                f"({one.first.purpose}); previous close over open was {one.ratio:.4f}, expected within 20 % of the "
                f"factor "
                "and nearer to it than to 1",
                "the factor is not used",
                Severity.WARNING,
                one.first.line,
                one.first.sha256,
            )
        )
    for factor, others in judged.disagreeing:
        told = "; ".join(f"{other.source}: {other.factor:g} on {other.ex_date}" for other in others)
        found.append(
            _finding(
                Rule.FACTOR_SOURCES_DISAGREE,
                f"{names[factor.instrument]} {factor.ex_date}",
                f"{names[factor.instrument]}: factor {factor.factor:g} on {factor.ex_date} is used; {told}",
                "the source that the prices agree with is used",
                Severity.NOTE,
                others[0].line,
                others[0].sha256,
            )
        )
    return found


def update_jumps(connection: Connection, window: tuple[date, date] | None, symbols: Sequence[str]) -> bool:
    """List large moves that no factor explains; whether the list changed.

    Of all days where `window` is None, else of those days and of the symbols at any time.
    """
    moves = actions.jump_rows(connection, JUMP_BELOW, JUMP_ABOVE, window, symbols)
    moves = (
        moves.with_columns(
            pl.col("series").replace_strict(_SERIES_ORDER, default=9, return_dtype=pl.Int8).alias("order")
        )
        .sort("instrument_id", "date", "order", "series")
        .unique(["instrument_id", "date"], keep="first", maintain_order=True)
    )
    previous = actions.previous_sessions(connection, moves) if moves.height else pl.DataFrame()
    before = {(row[1], row[2]): row[3] for row in previous.rows()}
    factors = actions.factors(connection)
    jumps = [
        Jump(row["instrument_id"], row["date"], row["symbol"], row["prev_close"], row["open"], row["close"])
        for row in moves.iter_rows(named=True)
    ]
    rows = [
        {
            "instrument_id": jump.instrument,
            "session": jump.session,
            "symbol": jump.symbol,
            "previous_close": jump.previous_close,
            "open": jump.open,
            "close": jump.close,
            "ratio": jump.ratio,
        }
        for jump in unexplained(jumps, before, factors)
    ]
    _, rows = decisions.apply([], rows, decisions.load(connection))
    return actions.replace_jumps(connection, rows, window, symbols)
