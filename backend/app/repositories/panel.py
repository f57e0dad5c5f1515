"""What the panel is built from beside the prices: versions, instruments with their dated symbols, factors."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.models import AdjustmentFactor, DataVersion, Dividend, Instrument, InstrumentSymbol, PriceDay, UnexplainedJump


class InstrumentRow(NamedTuple):
    """An instrument with its dated symbols (first day, last day, symbol), factors (ex-date, factor), dividends
    (ex-date, rupees a share of that day) and the sessions of moves that nothing explains.
    """

    id: int
    key: str
    symbol: str
    name: str | None
    sector: str | None
    isin: str | None
    instrument_type: str
    names: list[tuple[date, date | None, str]]
    factors: list[tuple[date, float]]
    dividends: list[tuple[date, float]]
    jumps: list[date]


class PanelRepository:
    """Reads for the panel; never writes."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def versions(self) -> dict[str, int]:
        """The version of every part of the data: `prices:2014`, `identity`, `actions`, …"""
        return {row.scope: row.version for row in self._session.execute(select(DataVersion.scope, DataVersion.version))}

    def day_versions(self) -> dict[int, dict[date, int]]:
        """By year, the version of every day that has prices or had them."""
        found: dict[int, dict[date, int]] = defaultdict(dict)
        for row in self._session.execute(select(PriceDay.day, PriceDay.version).order_by(PriceDay.day)):
            found[row.day.year][row.day] = row.version
        return found

    def instruments(self) -> list[InstrumentRow]:
        """Every instrument, by ascending key."""
        names: dict[int, list[Any]] = defaultdict(list)
        for row in self._session.execute(
            select(
                InstrumentSymbol.instrument_id,
                InstrumentSymbol.valid_from,
                InstrumentSymbol.valid_to,
                InstrumentSymbol.symbol,
            ).order_by(InstrumentSymbol.instrument_id, InstrumentSymbol.valid_from)
        ):
            names[row.instrument_id].append((row.valid_from, row.valid_to, row.symbol))
        factors: dict[int, list[Any]] = defaultdict(list)
        for action in self._session.execute(
            select(AdjustmentFactor.instrument_id, AdjustmentFactor.ex_date, AdjustmentFactor.factor).order_by(
                AdjustmentFactor.instrument_id, AdjustmentFactor.ex_date
            )
        ):
            factors[action.instrument_id].append((action.ex_date, action.factor))
        dividends: dict[int, list[Any]] = defaultdict(list)
        for paid in self._session.execute(
            select(Dividend.instrument_id, Dividend.ex_date, Dividend.amount)
            .where(Dividend.amount.is_not(None))
            .order_by(Dividend.instrument_id, Dividend.ex_date)
        ):
            dividends[paid.instrument_id].append((paid.ex_date, paid.amount))
        jumps: dict[int, list[date]] = defaultdict(list)
        for move in self._session.execute(
            select(UnexplainedJump.instrument_id, UnexplainedJump.session).order_by(
                UnexplainedJump.instrument_id, UnexplainedJump.session
            )
        ):
            jumps[move.instrument_id].append(move.session)
        query = select(
            Instrument.id,
            Instrument.key,
            Instrument.symbol,
            Instrument.name,
            Instrument.sector,
            Instrument.isin,
            Instrument.instrument_type,
        ).order_by(Instrument.key)
        return [
            InstrumentRow(*row, names[row.id], factors[row.id], dividends[row.id], jumps[row.id])
            for row in self._session.execute(query)
        ]

    def import_running(self, lock_key: int) -> bool:
        """Whether some process holds the import lock of this database."""
        held = self._session.execute(
            text(
                "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1 AND "
                "database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND "
                "((classid::bigint << 32) | objid::bigint) = :key)"
            ),
            {"key": lock_key},
        ).scalar_one()
        return bool(held)
