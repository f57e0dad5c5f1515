"""What the panel is built from beside the prices: versions, instruments with their dated symbols, factors."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.models import AdjustmentFactor, DataVersion, Instrument, InstrumentSymbol


class InstrumentRow(NamedTuple):
    """An instrument with its dated symbols (first day, last day, symbol) and factors (ex-date, factor)."""

    id: int
    key: str
    symbol: str
    name: str | None
    sector: str | None
    isin: str | None
    instrument_type: str
    names: list[tuple[date, date | None, str]]
    factors: list[tuple[date, float]]


class PanelRepository:
    """Reads for the panel; never writes."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def versions(self) -> dict[str, int]:
        """The version of every part of the data: `prices:2014`, `identity`, `actions`, …"""
        return {row.scope: row.version for row in self._session.execute(select(DataVersion.scope, DataVersion.version))}

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
        query = select(
            Instrument.id,
            Instrument.key,
            Instrument.symbol,
            Instrument.name,
            Instrument.sector,
            Instrument.isin,
            Instrument.instrument_type,
        ).order_by(Instrument.key)
        return [InstrumentRow(*row, names[row.id], factors[row.id]) for row in self._session.execute(query)]

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
