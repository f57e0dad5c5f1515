"""Where a bar comes from: every stored row of a day with its file, and the factors of an instrument."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import AdjustmentFactor, HistoricalPrice, ImportFile


class ProvenanceRepository:
    """Reads only."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def rows(self, instrument_id: int, symbols: Sequence[str], day: date) -> list[dict[str, Any]]:
        """The rows of an instrument on a day with their files, those that count first."""
        query = (
            select(
                HistoricalPrice,
                ImportFile.name,
                ImportFile.container,
                ImportFile.kind,
                ImportFile.sha256,
                ImportFile.published_at,
            )
            .join(ImportFile, ImportFile.id == HistoricalPrice.file_id)
            .where(
                HistoricalPrice.symbol.in_(symbols),
                HistoricalPrice.date == day,
                HistoricalPrice.instrument_id == instrument_id,
            )
            .order_by(
                HistoricalPrice.series,
                HistoricalPrice.superseded_at.is_not(None),
                HistoricalPrice.source_rank.desc(),
                ImportFile.published_at.desc().nulls_last(),
                HistoricalPrice.volume.desc(),
                ImportFile.sha256.desc(),
            )
        )
        found = []
        for price, name, container, kind, sha256, published_at in self._session.execute(query):
            values = {column.name: getattr(price, column.name) for column in HistoricalPrice.__table__.columns}
            found.append(
                values
                | {
                    "file_name": name,
                    "container": container,
                    "kind": kind,
                    "sha256": sha256,
                    "published_at": published_at,
                }
            )
        return found

    def factors(self, instrument_id: int) -> Sequence[AdjustmentFactor]:
        """The factors of an instrument, oldest first."""
        query = select(AdjustmentFactor).where(AdjustmentFactor.instrument_id == instrument_id)
        return self._session.scalars(query.order_by(AdjustmentFactor.ex_date)).all()
