"""Factors and unexplained moves, worked out from stored rows: listed, then inferred, then what is left in quarantine.

`worked_out` gives the rows before a person's decisions are laid over them; `update` lays them over and stores.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise
from types import MappingProxyType
from typing import Any

import polars as pl
from sqlalchemy import Connection

from app.repositories import actions, instruments, restated
from app.services.importing import decisions
from app.services.importing.adjustments import (
    JUMP_ABOVE,
    JUMP_BELOW,
    JUMP_REACH,
    Jump,
    Rejected,
    ordinary,
    unexplained,
)
from app.services.importing.inference import (
    SPAN,
    Inferred,
    IsinSeen,
    Move,
    Session,
    facts,
    infer_all,
    moved_to_trade_for_trade,
    nearest,
)
from app.services.importing.listed_actions import judge_stored
from app.services.importing.lookup import Lookup
from app.services.importing.restatements import SHARES, SMALL, WEEK_52, Restated, Told, agreed, tell

LISTED, INFERRED = "LISTED", "INFERRED"
BACK = timedelta(days=20)  # a new session may complete the evidence about moves so many days before
_ISIN_DAYS = 500
FORWARD = timedelta(days=_ISIN_DAYS)  # an older one may be what a later move is compared with
_PROPOSED = 0.05  # log: how near a fraction has to be before it is put to a person
_NAMED = timedelta(days=10)  # a list's date may be off by so much
_GAP_BELOW, _GAP_REACH = 0.90, 0.07  # a gap of a small bonus: close and high against the previous close
_GAP_NEAR = 0.06  # log, at the open
_PAISA = 0.0101  # rupees: a level is rounded to the paisa, up or down
_COUNTED = 0.005  # counts change by options and small issues too: only an exact one tells an action
_SERIES_ORDER = {"EQ": 0, "BE": 1, "BZ": 2}
Row = dict[str, Any]


@dataclass(slots=True)
class WorkedOut:
    """Rows of `adjustment_factors` and `unexplained_jumps` before decisions, and the findings about lists."""

    factors: list[Row] = field(default_factory=list)
    jumps: list[Row] = field(default_factory=list)
    findings: list[Row] = field(default_factory=list)
    window: tuple[date, date] | None = None  # of which days `jumps` tells; all where None
    symbols: tuple[str, ...] = ()  # and of which symbols on every day


def update(
    connection: Connection,
    lookup: Lookup | None,
    window: tuple[date, date] | None,
    symbols: Sequence[str],
    found: list[Row],
) -> bool:
    """Bring factors and unexplained moves up to date; whether either changed. Adds findings about lists.

    Parameters
    ----------
    lookup : with it all listed actions are judged again; without, those stored stand.
    window : the days whose rows are new, all where None; with `symbols` (`looked_at`), which are looked at on every
        day. Listed actions that speak of a day or symbol looked at must be judged again, for what the prices deny of
        them is among its moves.
    """
    result = worked_out(connection, lookup, window, symbols)
    found += result.findings
    factors, jumps = decisions.apply(result.factors, result.jumps, decisions.load(connection))
    changed = actions.replace_factors(connection, factors)
    return actions.replace_jumps(connection, jumps, result.window, result.symbols) or changed


def worked_out(
    connection: Connection, lookup: Lookup | None, window: tuple[date, date] | None, symbols: Sequence[str]
) -> WorkedOut:
    """What the stored rows say, before any decision. Writes nothing."""
    result = WorkedOut(
        window=None if window is None else (window[0] - BACK, window[1] + FORWARD), symbols=tuple(symbols)
    )
    stored = actions.stored_factors(connection)
    rejected: list[Rejected] = []
    if lookup is None:
        listed = [row for row in stored if row["tier"] != INFERRED]
    else:
        listed, rejected, result.findings = judge_stored(connection, lookup)
        before = {(row["instrument_id"], row["ex_date"], row["factor"]) for row in stored if row["tier"] == LISTED}
        if before != {(row["instrument_id"], row["ex_date"], row["factor"]) for row in listed}:
            result.window = None
    moves, previous = large_moves(connection, result.window, symbols)
    by_day = {(row["instrument_id"], row["ex_date"]): float(row["factor"]) for row in listed}
    open_ = unexplained(moves, previous, by_day)
    gaps = small_moves(connection, result.window, symbols)
    other = actions.without_factor(connection)
    inferred, seen = infer_moves(connection, open_, by_day, rejected, gaps, other)
    rows = [factor_row(one) for one in inferred]
    if result.window is not None:
        ids = {identifier for symbol, _, _, identifier in instruments.symbol_spans(connection) if symbol in symbols}
        first, last = result.window
        rows += [
            row
            for row in stored
            if row["tier"] == INFERRED
            and not first <= row["ex_date"] <= last
            and row["instrument_id"] not in ids
            and (row["instrument_id"], row["ex_date"]) not in by_day
        ]
    result.factors = [*listed, *rows]
    by_day |= {(row["instrument_id"], row["ex_date"]): row["factor"] for row in rows}
    left = unexplained(open_, previous, by_day)
    if result.window is not None:  # what lies outside is stored already
        first, last = result.window
        rejected = [one for one in rejected if first <= one.ex_date <= last or one.symbol in symbols]
    left += contradicted(rejected, by_day, {(one.instrument, one.session) for one in left})
    result.jumps = [
        jump_row(one, seen.get((one.instrument, one.session)), _near(other.get(one.symbol, ()), one.session))
        for one in sorted(left, key=lambda one: (one.instrument, one.session))
    ]
    return result


def looked_at(connection: Connection, window: tuple[date, date], symbols: Sequence[str]) -> tuple[str, ...]:
    """The symbols, and all those of instruments that moved near the days of a window or were found to.

    What restated figures say of one move depends on every other of the instrument, whenever it was.
    """
    first, last = around = window[0] - BACK, window[1] + FORWARD
    moved = {one.instrument for one in large_moves(connection, around, symbols)[0]}
    moved |= {one.instrument for one in small_moves(connection, around, symbols)}
    stored = actions.stored_factors(connection)
    moved |= {row["instrument_id"] for row in stored if row["tier"] == INFERRED and first <= row["ex_date"] <= last}
    moved |= actions.with_jumps(connection, first, last)
    spans = instruments.symbol_spans(connection)
    return tuple(sorted({*symbols, *(symbol for symbol, _, _, identifier in spans if identifier in moved)}))


def contradicted(
    rejected: Iterable[Rejected], factors: Mapping[tuple[int, date], float], known: set[tuple[int, date]]
) -> list[Jump]:
    """Days on which a list and the prices contradict each other and neither is plainly right."""
    found = []
    for one in rejected:
        place = (one.instrument, one.ex_date)
        near = any(
            instrument == one.instrument and abs(day - one.ex_date) <= _NAMED for instrument, day in (*factors, *known)
        )
        if not near and not ordinary(one) and one.bar is not None and one.bar.prev_close:
            known.add(place)
            found.append(Jump(*place, one.symbol, one.bar.prev_close, one.bar.open, one.bar.close))
    return found


def large_moves(
    connection: Connection, window: tuple[date, date] | None, symbols: Sequence[str]
) -> tuple[list[Jump], dict[tuple[int, date], date | None]]:
    """Moves of closes that an ordinary day hardly gives, and the session before each."""
    rows = one_a_day(actions.jump_rows(connection, JUMP_BELOW, JUMP_ABOVE, JUMP_REACH, window, symbols))
    previous = actions.previous_sessions(connection, rows) if rows.height else pl.DataFrame()
    moves = [
        Jump(row["instrument_id"], row["date"], row["symbol"], row["prev_close"], row["open"], row["close"])
        for row in rows.iter_rows(named=True)
    ]
    return moves, {(row[1], row[2]): row[3] for row in previous.rows()}


def small_moves(connection: Connection, window: tuple[date, date] | None, symbols: Sequence[str]) -> list[Jump]:
    """Days a bonus of 1:5 to 1:3 may lie behind: far below the previous close from the open to the close.

    Bad days look alike; only a restated figure makes one an action, and none of them is held back.
    """
    rows = one_a_day(actions.jump_rows(connection, _GAP_BELOW, math.inf, _GAP_REACH, window, symbols))
    return [
        Jump(row["instrument_id"], row["date"], row["symbol"], row["prev_close"], row["open"], row["close"])
        for row in rows.iter_rows(named=True)
        if row["close"] >= row["prev_close"] * JUMP_BELOW
    ]


def one_a_day(rows: pl.DataFrame) -> pl.DataFrame:
    """One row an instrument and day, of the series that counts most."""
    return (
        rows.with_columns(
            pl.col("series").replace_strict(_SERIES_ORDER, default=9, return_dtype=pl.Int8).alias("order")
        )
        .sort("instrument_id", "date", "order", "series")
        .unique(["instrument_id", "date"], keep="first", maintain_order=True)
    )


def infer_moves(
    connection: Connection,
    moves: Sequence[Jump],
    factors: Mapping[tuple[int, date], float],
    rejected: Sequence[Rejected] = (),
    gaps: Sequence[Jump] = (),
    other: Mapping[str, Sequence[tuple[date, str]]] = MappingProxyType({}),
) -> tuple[list[Inferred], dict[tuple[int, date], Move]]:
    """What can be inferred of moves, and all of them with what surrounds them, by instrument and session.

    `moves` and `gaps` are all there are of an instrument on any day, since figures tell of all together. Nothing is
    inferred near a day that already has a factor, or for which rights or a demerger are listed (`other`, by symbol).
    Of `gaps` those are looked at that are the only day on which a small factor shows that figures tell of.
    """
    told = _Restated.load(connection, moves, gaps, factors)
    moves = [*moves, *told.small(gaps)]
    if not moves:
        return [], {}
    taken: dict[int, list[date]] = defaultdict(list)
    for instrument, day in factors:
        taken[instrument].append(day)
    seen = {(one.instrument, one.ex.date): one for one in _with_context(connection, moves, told, rejected)}
    candidates = [
        one
        for one in seen.values()
        if not any(abs(day - one.ex.date) <= _NAMED for day in taken[one.instrument])
        and not _near(other.get(one.symbol, ()), one.ex.date)
    ]
    return infer_all(candidates), seen


def _bare(one: Jump) -> Move:
    high, low = max(one.open, one.close), min(one.open, one.close)
    session = Session(one.session, "", one.open, high, low, one.close, one.previous_close, 0)
    return Move(one.instrument, one.symbol, session, (), ())


def _with_context(
    connection: Connection,
    candidates: Sequence[Jump],
    told: _Restated,
    rejected: Sequence[Rejected],
) -> list[Move]:
    frame = pl.DataFrame(
        [(one.symbol, one.instrument, one.session) for one in candidates],
        schema={"symbol": pl.String(), "instrument_id": pl.Int32(), "on": pl.Date()},
        orient="row",
    )
    sessions: dict[int, list[Session]] = defaultdict(list)
    for row in one_a_day(actions.bars_near(connection, frame, SPAN.days)).iter_rows(named=True):
        sessions[row["instrument_id"]].append(
            Session(
                row["date"], row["series"], row["open"], row["high"], row["low"], row["close"], row["prev_close"],
                row["volume"],
            )
        )  # fmt: skip
    market = actions.market_moves(connection, sorted({one.session for one in candidates}))
    isins: dict[tuple[int, date], list[IsinSeen]] = defaultdict(list)
    for identifier, on, isin, first, priced in actions.isins_near(connection, frame, _ISIN_DAYS).rows():
        isins[(identifier, on)].append(IsinSeen(isin, first, priced))
    named: dict[int, list[Rejected]] = defaultdict(list)
    for judged in rejected:
        named[judged.instrument].append(judged)
    moves = []
    for one in candidates:
        own = sessions[one.instrument]
        near = [session for session in own if abs(session.date - one.session) <= SPAN]
        ex = next((session for session in near if session.date == one.session), None)
        if ex is None:
            continue
        words = [r.first.purpose for r in named[one.instrument] if abs(r.first.ex_date - one.session) <= _NAMED]
        moves.append(
            Move(
                one.instrument,
                one.symbol,
                ex,
                tuple(session for session in near if session.date < one.session),
                tuple(session for session in near if session.date > one.session),
                market.get(one.session),
                tuple(isins[(one.instrument, one.session)]),
                words[0] if words else None,
                told.of(one.instrument, one.session),
                told.others(one.instrument, one.session),
            )
        )
    return moves


@dataclass(slots=True)
class _Restated:
    """Restated figures of instruments, with all their large moves and listed factors."""

    pairs: dict[int, list[Restated]]
    moves: dict[int, list[date]]
    factors: dict[int, list[tuple[date, float]]]

    @classmethod
    def load(
        cls,
        connection: Connection,
        unexplained_moves: Sequence[Jump],
        gaps: Sequence[Jump],
        factors: Mapping[tuple[int, date], float],
    ) -> _Restated:
        """All figures of the instruments."""
        ids = sorted({one.instrument for one in (*unexplained_moves, *gaps)})
        own: dict[int, list[tuple[date, float]]] = defaultdict(list)
        for (instrument, day), factor in sorted(factors.items()):
            own[instrument].append((day, factor))
        moves: dict[int, list[date]] = defaultdict(list)
        for one in unexplained_moves:
            moves[one.instrument].append(one.session)
        pairs: dict[int, list[Restated]] = defaultdict(list)
        for row in restated.levels(connection, ids):
            if row.raw and row.stated:
                pairs[row.instrument_id].append(
                    Restated(WEEK_52, row.on, row.date, row.raw / row.stated, _PAISA / row.stated)
                )
        for instrument, counts in restated.share_counts(connection, ids).items():
            pairs[instrument] += [
                Restated(SHARES, old.day, new.day, new.shares / old.shares, _COUNTED, old.firm)
                for old, new in pairwise(counts)
            ]
        return cls(pairs, moves, own)

    def of(self, instrument: int, session: date) -> tuple[Told, ...]:
        """What the figures say of a move."""
        others, own = self.moves.get(instrument, ()), self.factors.get(instrument, ())
        found = (tell(one, session, others, own) for one in self.pairs.get(instrument, ()))
        return tuple(dict.fromkeys(one for one in found if one is not None))

    def small(self, gaps: Sequence[Jump]) -> list[Jump]:
        """Gaps that are the only ones near a factor that figures tell of them: the figures do not name the day."""
        fitting: dict[tuple[int, float], list[Jump]] = defaultdict(list)
        for one in gaps:
            factor = agreed(self.of(one.instrument, one.session))
            if factor in SMALL and abs(math.log(one.previous_close / one.open / factor)) <= _GAP_NEAR:
                fitting[(one.instrument, factor)].append(one)
        return [days[0] for days in fitting.values() if len(days) == 1]

    def others(self, instrument: int, session: date) -> tuple[date, ...]:
        """All other days with a large move or a listed factor."""
        days = {*self.moves.get(instrument, ()), *(day for day, _ in self.factors.get(instrument, ()))}
        return tuple(sorted(days - {session}))


def _near(lines: Sequence[tuple[date, str]], session: date) -> list[str]:
    return [f"{day}: {purpose}" for day, purpose in lines if abs(day - session) <= _NAMED]


def factor_row(one: Inferred) -> Row:
    """A row of `adjustment_factors`."""
    return {
        "instrument_id": one.instrument,
        "ex_date": one.ex_date,
        "factor": one.factor,
        "tier": INFERRED,
        "purpose": f"factor {one.factor:g}, inferred: {'; '.join(one.rules)}",
        "known_at": one.known_at,
        "evidence": one.evidence,
    }


def jump_row(jump: Jump, move: Move | None, other: Sequence[str] = ()) -> Row:
    """A row of `unexplained_jumps` with what there is to see; a simple fraction that open and close hit is proposed.

    Nothing is proposed where the evidence speaks of something else: a rights issue or a demerger is listed near that
    day, restated figures say that the count of shares did not change, or the share moved to trade-for-trade with the
    day. `other` are lines about rights and demergers.
    """
    near = nearest(_bare(jump))
    if near is not None and (other or max(abs(near.at_open), abs(near.at_close)) > _PROPOSED):
        near = None
    if near is not None and move is not None:
        against = moved_to_trade_for_trade(move) or any(one.unchanged for one in move.told)
        near = None if against else near
    evidence = {} if move is None else facts(move)
    return {
        "instrument_id": jump.instrument,
        "session": jump.session,
        "symbol": jump.symbol,
        "previous_close": jump.previous_close,
        "open": jump.open,
        "close": jump.close,
        "ratio": jump.ratio,
        "proposed_factor": None if near is None else near.factor,
        "evidence": evidence | ({"listed_without_factor": list(other)} if other else {}),
    }
